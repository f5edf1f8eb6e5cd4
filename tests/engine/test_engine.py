"""The engine: programs, images, machines, and values across the border."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nexus_jupyter.assets import asset
from nexus_jupyter.engine import Engine, EngineFailure, Limits
from nexus_jupyter.engine.memory import MemoryImage
from nexus_jupyter.protocol.errors import UnavailableError

ECHO = "let r; globalThis.engine = { receive: (x) => { r = x; }, report: () => r };"
#: Evaluates what it is sent.
TALK = "const run = eval; let r; globalThis.engine = { receive: (x) => { r = run(x); }, report: () => r };"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=20) | st.dictionaries(st.text(max_size=40), inner, max_size=20),
    max_leaves=60,
)


@given(value=JSON)
@settings(max_examples=300, deadline=None)
def test_values_survive_the_way_there_and_back(engine: Engine, value: object) -> None:
    assert engine.image("echo", ECHO).call(value) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("[undefined, () => 1, Symbol('x'), NaN, Infinity, -0]", [None, None, None, None, None, 0]),
        ("({ a: undefined, b() {}, c: 1 })", {"c": 1}),
        ("Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, i % 2 ? undefined : i]))", None),
        ("new Uint8Array([1, 2])", b"\1\2"),
        ("'\\ud800'", "\ufffd"),
        ("JSON.parse('{\"__proto__\": 1}')", {"__proto__": 1}),
    ],
)
def test_values_are_written_as_json_would(engine: Engine, script: str, expected: object) -> None:
    if expected is None:
        expected = {str(i): i for i in range(0, 20, 2)}
    assert engine.image("talk", TALK).call(script) == expected


@pytest.mark.parametrize(
    ("script", "kind", "name"),
    [
        ("1n", "threw", "TypeError"),
        ("const a = []; a.push(a); a", "threw", "RangeError"),
        ("throw new SyntaxError('x')", "threw", "SyntaxError"),
        ("for (;;);", "timeout", ""),
        ("'x'.repeat(2e6)", "output", ""),
    ],
)
def test_what_goes_wrong_is_told_apart(engine: Engine, script: str, kind: str, name: str) -> None:
    with pytest.raises(EngineFailure) as caught:
        engine.image("talk", TALK).call(script, limits=Limits(cpu_seconds=0.2 if kind == "timeout" else 60))
    assert (caught.value.kind, caught.value.name) == (kind, name)


def test_integers_beyond_64_bits_become_numbers(engine: Engine) -> None:
    assert engine.image("echo", ECHO).call([2**64, -(2**70)]) == [float(2**64), -float(2**70)]


def test_a_machine_keeps_its_state_and_shares_it_with_none(engine: Engine) -> None:
    source = "let n = 0; globalThis.engine = { receive: () => { n++; }, report: () => n };"

    def talk() -> list[object]:
        first, second = engine.image("n", source).start(), engine.image("n", source).start()
        try:
            return [first.send(None), first.send(None), second.send(None)]
        finally:
            first.close()
            second.close()

    assert engine.on_thread(talk) == [1, 2, 1]


@pytest.mark.parametrize("mapped", [True, False])
def test_an_image_can_be_extended(engine: Engine, monkeypatch: pytest.MonkeyPatch, mapped: bool) -> None:
    original = MemoryImage.__init__
    monkeypatch.setattr(MemoryImage, "__init__", lambda *args: original(*args, mapped=mapped))
    talk = engine.image("talk", TALK)
    programs = [("a", "globalThis.a = 1"), ("b", "throw new Error('no')"), ("c", "globalThis.c = 'c'.repeat(5e6)")]
    extended, failures = talk.extend("more", programs, trial="1")
    assert extended.call("[a, c.length]") == [1, 5_000_000]
    assert str(failures["b"]) == "no"
    assert talk.call("typeof a") == "undefined"


def test_a_program_that_uses_too_much_leaves_the_others_as_they_are(engine: Engine) -> None:
    programs = [("a", "globalThis.a = 1"), ("x", "for (;;);"), ("c", "globalThis.c = 3")]
    extended, failures = engine.image("talk", TALK).extend("loop", programs, limits=Limits(cpu_seconds=0.1))
    assert failures["x"].kind == "timeout"
    assert extended.call("[a, c]") == [1, 3]


def test_a_program_that_does_not_compile_as_its_check_is_not_evaluated(engine: Engine) -> None:
    programs = [("a", "globalThis.a = 1"), ("b", "globalThis.b = 2")]
    extended, failures = engine.image("talk", TALK).extend(
        "checked", programs, checks={"a": "1 1", "b": "globalThis.a = 3"}
    )
    assert set(failures) == {"a"}
    assert extended.call("[typeof a, b]") == ["undefined", 2]


def test_a_running_machine_can_be_cancelled_from_another_thread(engine: Engine) -> None:
    def endless() -> str:
        machine = engine.image("talk", TALK).start(Limits(cpu_seconds=600))
        threading.Timer(0.1, machine.cancel).start()
        try:
            machine.send("for (;;);")
        except EngineFailure as failure:
            return failure.kind
        finally:
            machine.close()
        return ""

    assert engine.on_thread(endless) == "cancelled"


def test_processor_time_is_charged_not_waiting_for_the_processor(engine: Engine) -> None:
    """Four busy threads on few cores take longer by the clock, but none uses more than it may."""
    source = "let x = 0; for (let i = 0; i < 3e6; i++) x += i; x"
    futures = [
        engine.submit(lambda: engine.image("talk", TALK).call(source, limits=Limits(cpu_seconds=2))) for _ in range(8)
    ]
    assert len({str(future.result()) for future in futures}) == 1


def test_compiled_code_is_only_loaded_from_a_folder_of_our_own(tmp_path: Path) -> None:
    private = tmp_path / "cache"
    assert Engine(cache=private, threads=1).image("t", ECHO).call(1) == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert list(private.glob("*.cwasm"))
    for path in private.glob("*.cwasm"):
        path.write_bytes(b"damaged")
    assert Engine(cache=private, threads=1).image("t", ECHO).call(2) == 2
    private.chmod(0o777)
    engine = Engine(cache=private, threads=1)
    assert engine.status()["cache"] is None
    assert engine.image("t", ECHO).call(3) == 3


def test_an_image_that_throws_says_so(engine: Engine) -> None:
    with pytest.raises(EngineFailure, match="boo"):
        engine.image("bad", "throw new Error('boo')")
    with pytest.raises(EngineFailure, match=r"engine\.receive"):
        engine.image("empty", "1")


def test_the_artefact_asks_its_host_for_nothing_but_a_clock() -> None:
    import wasmtime

    module = wasmtime.Module(wasmtime.Engine(), asset("engine.wasm"))
    assert {found.name for found in module.imports} == {
        "clock_time_get",
        "fd_close",
        "fd_fdstat_get",
        "fd_seek",
        "fd_write",
    }
    assert all(found.name == "memory" or found.name.startswith(("nx_", "_initialize")) for found in module.exports)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_process_is_told_to_spawn_instead_of_hanging() -> None:
    Engine.shared()
    child = os.fork()
    if child == 0:
        try:
            Engine.shared()
        except UnavailableError as error:
            os._exit(7 if "spawn" in error.hint else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


def test_a_new_process_runs_from_the_cache(engine: Engine) -> None:
    engine.image("echo", ECHO)
    program = f"from nexus_jupyter.engine import Engine; print(Engine.shared().image('echo', {ECHO!r}).call([1]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[1]\n"
