"""Programs that mean no good: each ends in the stated way, the next request is answered, nothing is left over.

The programs are the files of ``tests/hostile``. Their first line says how they may end: with which kinds of error
(``threw TypeError`` names the error's class), or with which value.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox import Job, Operations, RunLimits, Sandbox, SandboxResult
from nexus_jupyter.workspace import WorkspaceKernel

SPAN = Span(start=0, end=0, line=1, col=1)
PROGRAMS = sorted((Path(__file__).parent.parent / "hostile").glob("*.js"))


def run(
    engine: Engine, body: str, seed: int = 1, cpu: float = 60, operations: Operations | None = None
) -> SandboxResult:
    sandbox = Sandbox(engine, RunLimits(Limits(cpu_seconds=cpu)), operations or {})
    action = ActionDeclaration(name="a", body=body, span=SPAN)
    return sandbox.run(Job("p", [action], action, {"n": 1, "list": [1]}, [], None, seed))


def outcome(engine: Engine, program: Path, operations: Operations) -> tuple[str, str]:
    body = program.read_text(encoding="utf-8")
    # Little time only for what may end by running out of it: the others must get to their end on any machine.
    cpu = 0.3 if "timeout" in body.splitlines()[0] else 60
    try:
        value = run(engine, body, cpu=cpu, operations=operations).value
    except HandlerError as error:
        return error.kind, error.message
    return f"value {json.dumps(value, separators=(',', ':'))}", ""


def expected(program: Path) -> list[str]:
    text = program.read_text(encoding="utf-8").splitlines()[0].removeprefix("// expect: ")
    return [text] if "value [" in text else text.split(",")


@pytest.fixture(scope="module")
def operations(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Iterator[Operations]:
    kernel = WorkspaceKernel(tmp_path_factory.mktemp("hostile") / "ws", engine=engine)
    yield kernel.sandbox.operations
    kernel.close()


def test_the_corpus_is_large() -> None:
    assert len(PROGRAMS) >= 300


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_a_hostile_program_ends_as_stated(engine: Engine, operations: Operations, program: Path) -> None:
    kind, message = outcome(engine, program, operations)
    matching = [
        want
        for want in expected(program)
        if kind == want or (want.startswith("threw ") and kind == "threw" and message.startswith(want[6:]))
    ]
    assert matching, f"{program.stem} ended with {kind}: {message}"
    assert run(engine, "state.n += 1; return state.n").value == 2


def test_memory_and_files_return_to_where_they_were(engine: Engine, operations: Operations) -> None:
    process = psutil.Process()
    quick = [program for program in PROGRAMS if program.stem.startswith(("bomb-", "recursion-", "host-", "result-"))]

    def all_of_them() -> None:
        for program in quick:
            outcome(engine, program, operations)
        gc.collect()

    all_of_them()
    memory, files = process.memory_info().rss, process.num_fds()
    all_of_them()
    assert process.memory_info().rss - memory < 60 << 20
    assert process.num_fds() <= files + 2


def test_nothing_is_left_from_one_run_to_the_next(engine: Engine) -> None:
    with suppress(HandlerError):  # what it breaks, it breaks for itself
        run(engine, "globalThis.left = 1; Object.prototype.left = 2; Array.prototype.push = null; Math.max = null")
    assert run(engine, "return [typeof globalThis.left, typeof ({}).left, typeof [].push, Math.max(1, 2)]").value == [
        "undefined",
        "undefined",
        "function",
        2,
    ]


def test_time_and_chance_are_given_from_outside(engine: Engine) -> None:
    body = "return [Math.random(), nx.random()]"
    assert run(engine, body, seed=5).value == run(engine, body, seed=5).value
    assert run(engine, body, seed=5).value != run(engine, body, seed=6).value
    # The clock stands still while JavaScript runs: there is nothing to measure others with.
    still = "const start = Date.now(); for (let i = 0; i < 1e6; i++); return Date.now() - start + nx.now() - start"
    assert run(engine, still).value == 0


def test_only_what_changed_comes_back(engine: Engine) -> None:
    assert run(engine, "state.n = 1; state.list.push(2)").changes == {"list": [1, 2]}
    assert run(engine, "state.list.push(2); state.list.pop()").changes == {}
    assert run(engine, "nx.log('a', { b: 1 })").logs == ['a {"b":1}']


def test_values_come_back_as_json_has_them(engine: Engine) -> None:
    body = "return ['é\\ud800', -0, 1e300, 2 ** 53, -5, 1.5, true, null, undefined, { a: [{}] }, new Date(0)]"
    back = ["é\ufffd", 0, 1e300, 2**53, -5, 1.5, True, None, None, {"a": [{}]}, "1970-01-01T00:00:00.000Z"]
    assert run(engine, body).value == back


def test_two_programs_run_at_the_same_time(engine: Engine) -> None:
    results: list[object] = []
    body = "let x = 0; for (let i = 0; i < 300000; i++) x += i; return x"
    threads = [threading.Thread(target=lambda: results.append(run(engine, body).value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [44999850000] * 4


def test_the_engine_has_no_files_no_environment_and_no_network(engine: Engine) -> None:
    names = "return Object.getOwnPropertyNames(globalThis).sort()"
    found = run(engine, names).value
    assert isinstance(found, list)
    assert not {"process", "require", "fetch", "XMLHttpRequest", "WebSocket", "Deno", "__define"} & set(map(str, found))
