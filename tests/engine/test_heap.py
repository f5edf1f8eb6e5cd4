"""The engine's memory: how much of it programs can use, what they are told when it ends, and the heap by itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine, EngineFailure, Limits

TALK = "const run = eval; let r; globalThis.engine = { receive: (x) => { r = run(x); }, report: () => r };"
SOURCES = Path(__file__).parent.parent.parent / "engine"
LIMITS = Limits(cpu_seconds=120)
MEGABYTE = 1 << 20

#: What is kept until memory ends: an expression for the next thing, whose size in bytes is `size`.
KEPT = {
    "bytes": "new Uint8Array(size = 1 << 20)",
    "lists of numbers": "new Array((size = 1 << 20) / 8).fill(1.5)",
    "texts": "String(i % 10).repeat(size = 1 << 20)",
    "wide texts": "'\\u20ac'.repeat((size = 1 << 20) / 2)",
    "large and small": "new Uint8Array(size = i % 3 ? 3000 : 300000)",
    "of all sizes": "new Uint8Array(size = 1000 + (i * 7919) % 100000)",
    "pages": "new Uint8Array(size = 4096)",
    "just above a power of two": "new Uint8Array(size = (1 << 20) + 1)",
    "numbers that grow": "new Uint8Array(size = 100 * (i + 1))",
}
FILL = "(() => {{ const kept = []; let used = 0, size = 0; try {{ for (let i = 0; ; i++) {{ kept.push({next}); used += size; }} }} catch (error) {{ kept.length = 0; return [used, error.name, error.message]; }} }})()"


@pytest.mark.parametrize("kind", KEPT)
def test_programs_can_use_most_of_their_memory(engine: Engine, kind: str) -> None:
    used, name, message = engine.image("talk", TALK).call(FILL.format(next=KEPT[kind]), limits=LIMITS)  # type: ignore[misc]
    assert used > 110 * MEGABYTE  # type: ignore[operator]
    assert used < LIMITS.memory_bytes  # type: ignore[operator]
    assert (name, message) == ("InternalError", "out of memory")


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("new Uint8Array(64 << 20).length", 64 << 20),
        ("const b = new Uint8Array(100 << 20); b[b.length - 1] + b[50 << 20]", 0),
        ("/^[ab]*$/.test('ab'.repeat(2e6))", True),
        ("/^(?:a|b)*$/.test('ab'.repeat(1e6))", True),
        ("/x.*y/s.test('x' + 'a'.repeat(4e6))", False),
        ("'ab '.repeat(1e6).split(/\\s+/).length", 1_000_001),
        # What grows by itself takes the place behind it, and needs no second one for a copy.
        ("const l = []; for (let i = 0; i < 7e6; i++) l.push(i); l.length", 7_000_000),
        # Large things that come and go leave no holes that cannot be used.
        ("let n = 0; for (let i = 1; i < 60; i++) n += new Uint8Array(i << 20).length; n >> 20", 1770),
        # A hole that is made of many small things is one.
        ("let l = []; for (let i = 0; i < 2e5; i++) l.push(new Uint8Array(300)); l = null; new Uint8Array(90 << 20).length", 90 << 20),
    ],
)  # fmt: skip
def test_what_needs_much_memory_at_once_has_it(engine: Engine, script: str, expected: object) -> None:
    assert engine.image("talk", TALK).call(script, limits=LIMITS) == expected


def test_memory_can_run_out_again_and_again(engine: Engine) -> None:
    """Each time the program is told so, by an error that can be caught, and has all of it back."""
    fill = FILL.format(next=KEPT["lists of numbers"])
    outcomes = engine.image("talk", TALK).call(f"[{fill}, {fill}, {fill}, {fill}]", limits=LIMITS)
    assert isinstance(outcomes, list)
    assert {tuple(outcome[1:]) for outcome in outcomes} == {("InternalError", "out of memory")}  # type: ignore[index]
    assert min(outcome[0] for outcome in outcomes) > 110 * MEGABYTE  # type: ignore[index, operator, type-var]


@pytest.mark.parametrize("megabytes", [16, 24, 64, 128, 256])
def test_the_limit_is_kept_at_any_size(engine: Engine, megabytes: int) -> None:
    limits = Limits(memory_bytes=megabytes * MEGABYTE, cpu_seconds=120)

    def ends() -> tuple[str, int]:
        machine = engine.image("talk", TALK).start(limits)
        try:
            machine.send("const l = []; for (;;) l.push(new Uint8Array(1e5))")
        except EngineFailure as failure:
            return failure.kind, machine.memory_bytes
        finally:
            machine.close()
        return "", 0

    kind, size = engine.on_thread(ends)
    assert kind == "memory"
    assert (megabytes - 12) * MEGABYTE < size <= megabytes * MEGABYTE


def test_large_memory_that_is_not_used_is_not_touched(engine: Engine) -> None:
    """Pages that nobody has written cost nothing, so an array of zeros is given without writing any."""

    def touched() -> int:
        machine = engine.image("talk", TALK).start(LIMITS)
        try:
            machine.send("globalThis.a = new Uint8Array(64 << 20); a[0] = a[a.length - 1] = 1; a.length")
            return _resident(machine._instance._base(), machine.memory_bytes)
        finally:
            machine.close()

    assert engine.on_thread(touched) < 16 * MEGABYTE


def _resident(address: int, size: int) -> int:
    """Return how many bytes of a range of this process are in memory."""
    if not sys.platform.startswith("linux"):
        pytest.skip("Only Linux tells which pages are in memory.")
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        first, _, rest = line.partition(" ")
        if "-" in first and not first.endswith(":"):
            start, end = (int(number, 16) for number in first.split("-"))
            inside = start < address + size and end > address
        elif inside and first == "Rss:":
            found += int(rest.split()[0]) << 10
    return found


@pytest.fixture(scope="module")
def heap_alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the heap and its model natively, by the compiler of the engine, which traps on undefined behaviour."""
    pytest.importorskip("ziglang", reason="The compiler is there where the engine is built.")
    out = tmp_path_factory.mktemp("heap") / "heap"
    sources = [str(SOURCES / name) for name in ("heap.c", "fuzz_heap.c")]
    options = ["-g", "-O1", "-DALONE", "-Wall", "-Wextra", "-Werror", "-fsanitize=undefined"]
    subprocess.run([sys.executable, "-m", "ziglang", "cc", *options, *sources, "-o", str(out)], check=True)
    return out


def test_the_heap_does_what_its_model_says(heap_alone: Path) -> None:
    done = subprocess.run([str(heap_alone), "100", "1"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
