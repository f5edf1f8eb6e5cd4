"""Build the engine: QuickJS-NG and the interface beside this file, compiled to WebAssembly by ``zig cc``.

The same sources give the same bytes in any folder: sources and compiler are pinned, and no path gets into the result.

    python engine/build.py OUT.wasm        the artefact
    python engine/build.py --fuzz OUT      the same natively for libFuzzer, with sanitizers, and its heap alone as
                                           OUT-heap (needs clang)
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
#: The compiler, a wheel on the package registry.
ZIG = "0.17.1"
QUICKJS = ("quickjs.c", "dtoa.c", "libregexp.c", "libunicode.c")
OURS = ("interface.c", "msgpack.c", "heap.c")
HEADERS = ("msgpack.h", "heap.h")
DEFINES = ("-D_GNU_SOURCE", "-DQJS_BUILD_LIBC=0")
WASM = (
    "--target=wasm32-wasi",
    "-mexec-model=reactor",
    "-O2",
    "-flto",
    "-fvisibility=hidden",
    "-D_WASI_EMULATED_PROCESS_CLOCKS",
    "-D_WASI_EMULATED_SIGNAL",
    "-lwasi-emulated-process-clocks",
    "-lwasi-emulated-signal",
    "-Wl,--strip-all",
    "-Wl,-z,stack-size=2097152",
)
#: Warnings are for our files; those of others are not ours to mend. The native build reports them.
STRICT = ("-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter")


def fetch_sources(folder: Path) -> Path:
    """Download QuickJS-NG's source distribution, checked against its hash, and return the folder of its C files."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    chosen = ["--no-binary", ":all:", "--require-hashes", "--requirement", str(HERE / "sources.txt")]
    subprocess.run([*pip, *chosen, "--dest", str(folder)], check=True)
    archive = next(folder.glob("quickjs_ng-*.tar.gz"))
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    return next(folder.glob("quickjs_ng-*/upstream-quickjs"))


def compile_wasm(sources: Path, out: Path) -> None:
    """Compile to WebAssembly, in a folder of its own with relative paths only."""
    zig = [sys.executable, "-m", "ziglang", "cc"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in (*sources.glob("*.[ch]"), *(HERE / ours for ours in (*OURS, *HEADERS))):
            shutil.copy(file, folder)
        subprocess.run([*zig, *WASM, *DEFINES, "-w", *QUICKJS, *OURS, "-o", "engine.wasm"], cwd=folder, check=True)
        out.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "engine.wasm", out)


def compile_fuzzers(sources: Path, out: Path) -> None:
    """Compile the interface and the heap natively with libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer."""
    clang = shutil.which("clang")
    if clang is None:
        sys.exit("clang was not found. Install it: apt-get install clang libclang-rt-14-dev")
    sanitizers = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined")
    base = [clang, "-g", "-O1", *DEFINES, f"-isystem{sources}", f"-I{HERE}"]
    # QuickJS's own undefined behaviour (unaligned reads, shifts) is its authors' choice; ours is ours.
    objects = out.parent / f"{out.name}.objects"
    objects.mkdir(parents=True, exist_ok=True)
    for name in QUICKJS:
        command = [*base, "-w", "-fsanitize=fuzzer-no-link,address", "-c", str(sources / name)]
        subprocess.run(command, cwd=objects, check=True)
    theirs = [str(objects / name).replace(".c", ".o") for name in QUICKJS]
    # Blocks of the C library instead of the heap's: AddressSanitizer knows where each of them ends.
    ours = [str(HERE / name) for name in (*OURS, "fuzz.c") if name != "heap.c"]
    subprocess.run([*base, *STRICT, *sanitizers, *ours, *theirs, "-lm", "-lpthread", "-o", str(out)], check=True)
    heap = [str(HERE / name) for name in ("heap.c", "fuzz_heap.c")]
    subprocess.run([*base, *STRICT, *sanitizers, *heap, "-o", f"{out}-heap"], check=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--fuzz", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        sources = fetch_sources(Path(name))
        (compile_fuzzers if options.fuzz else compile_wasm)(sources, options.out.absolute())
    print(f"{hashlib.sha256(options.out.read_bytes()).hexdigest()}  {options.out}")


if __name__ == "__main__":
    main()
