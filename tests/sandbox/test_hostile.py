"""Programs that mean no good: each ends in the stated way, nothing leaks, the next one runs."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import psutil
import pytest

from nexus_jupyter.engine import Engine, EngineFailure, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError, UnavailableError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox import Sandbox, SandboxResult

SPAN = Span(start=0, end=0, line=1, col=1)


def run(engine: Engine, body: str, seed: int = 1, cpu: float = 0.3) -> SandboxResult:
    sandbox = Sandbox(engine, Limits(cpu_seconds=cpu))
    action = ActionDeclaration(name="a", body=body, span=SPAN)
    return sandbox.run(action, {"n": 1, "list": [1]}, {}, None, panel="p", now=1.5e9, seed=seed)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("for (;;) {}", "timeout"),
        ("for (;;) { try { for (;;) {} } catch {} finally { continue } }", "timeout"),
        ("function f() { Promise.resolve().then(f) } f(); await new Promise(() => {})", "timeout"),
        ("for (;;) await 0", "timeout"),
        ("/^(a+)+$/.test('a'.repeat(40) + 'b')", "timeout"),
        ("/(?=(a+)+b)x/.test('a'.repeat(60))", "timeout"),
        ("[3, 2, 1].sort(() => { for (;;) {} })", "timeout"),
        ("return { toJSON() { for (;;) {} } }", "threw"),
        ("return { get a() { for (;;) {} } }", "timeout"),
        ("state.list = new Proxy([], { get() { for (;;) {} } })", "timeout"),
        ("const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))", "memory"),
        ("const a = []; for (;;) a.push({ x: [1, 2, 3], y: 'z' + a.length })", "memory"),
        ("let s = 'xy'; for (;;) { s = s + s; s.charCodeAt(3) }", "memory"),
        ("new Array(1e9).fill(0)", "memory"),
        ("function f() { return f() + 1 } f()", "stack"),
        ("JSON.parse('['.repeat(1e6))", "stack"),
        ("let o = {}; let c = o; for (let i = 0; i < 1e5; i++) { c.a = {}; c = c.a } JSON.stringify(o)", "stack"),
        ("let o = { toString() { return '' + [o, o].sort() + o } }; '' + o", "stack"),
        ("function m() {} const X = new Proxy(m, {}); X.__proto__ = X; X++", "stack"),
        ("new RegExp('('.repeat(1e5) + ')'.repeat(1e5))", "threw"),
        ("new ArrayBuffer(2 ** 31)", "threw"),
        ("'abc'.repeat(2 ** 29)", "threw"),
        ("return 'x'.repeat(2e6)", "output"),
        ("await new Promise(() => {})", "threw"),
        ("return eval('1')", "threw"),
        ("return new Function('return 1')()", "threw"),
        ("return (() => {}).constructor('return 1')()", "threw"),
        ("return (async () => {}).constructor('return 1')()", "threw"),
        ("return (function* () {}).constructor('yield 1')().next().value", "threw"),
        ("return import('fs')", "threw"),
        ("state.__proto__ = {}", "threw"),
        ("delete state.n", "threw"),
        ("Object.defineProperty(state, 'x', { value: 1 })", "threw"),
        ("state.n = () => 1", "threw"),
        ("state.n = 10n", "threw"),
        ("state.n = new Map()", "threw"),
        ("const o = {}; o.o = o; state.n = o", "threw"),
        ("state.n = JSON.parse('{\"__proto__\": 1}')", "threw"),
        ("throw null", "threw"),
        ("throw undefined", "threw"),
        ("throw { message: { toString() { for (;;) {} } } }", "threw"),
        ("throw new Proxy({}, { get() { for (;;) {} } })", "timeout"),
        ("JSON.stringify = () => 'forged'; return 1", None),
        ("globalThis.__finish = () => '{\"value\":1}'; return 1", "threw"),
        ("Object.prototype.polluted = 1; state.n = {}", None),
        ("return process.exit()", "threw"),
        ("return require('fs')", "threw"),
        ("nx.now = 1", "threw"),
    ],
)  # fmt: skip
def test_a_hostile_program_ends_and_the_next_one_runs(engine: Engine, body: str, kind: str | None) -> None:
    cpu = 5.0 if kind == "memory" else 0.3
    if kind is None:
        run(engine, body)
    else:
        with pytest.raises(HandlerError) as caught:
            run(engine, body, cpu=cpu)
        # What recurses through slow code may meet the clock first, and a huge request the memory.
        assert caught.value.kind in {"stack": {kind, "timeout"}, "threw": {kind, "memory"}}.get(kind, {kind}) | (
            {"timeout"} if "for (;;)" in body else set()
        )
    assert run(engine, "state.n += 1; return state.n").value == 2


def test_nothing_is_left_from_one_run_to_the_next(engine: Engine) -> None:
    run(engine, "globalThis.left = 1; Object.prototype.left = 2; Array.prototype.push = null; Math.max = null")
    assert run(engine, "return [typeof globalThis.left, typeof ({}).left, typeof [].push, Math.max(1, 2)]").value == [
        "undefined",
        "undefined",
        "function",
        2,
    ]


def test_time_and_chance_are_given_from_outside(engine: Engine) -> None:
    body = "return [Math.random(), nx.random(), nx.id(), nx.now()]"
    assert run(engine, body, seed=5).value == run(engine, body, seed=5).value
    assert run(engine, body, seed=5).value != run(engine, body, seed=6).value


def test_only_what_changed_comes_back(engine: Engine) -> None:
    assert run(engine, "state.n = 1; state.list.push(2)").changes == {"list": [1, 2]}
    assert run(engine, "state.list.push(2); state.list.pop()").changes == {}
    assert run(engine, "nx.log('a', { b: 1 })").logs == ['a {"b":1}']


def test_memory_and_files_return_to_where_they_were(engine: Engine) -> None:
    process = psutil.Process()
    bombs = (
        "const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1))",
        "function f() { return f() + 1 } f()",
        "return 1",
    )

    def round_() -> None:
        for body in bombs:
            try:
                run(engine, body)
            except HandlerError:
                continue

    round_()
    memory, files = process.memory_info().rss, process.num_fds()
    for _ in range(15):
        round_()
    assert process.memory_info().rss - memory < 60 << 20
    assert process.num_fds() <= files + 1


def test_two_programs_run_at_the_same_time(engine: Engine) -> None:
    results: list[object] = []
    body = "let x = 0; for (let i = 0; i < 300000; i++) x += i; return x"
    threads = [threading.Thread(target=lambda: results.append(run(engine, body, cpu=5).value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [44999850000] * 4


def test_compiled_code_is_only_loaded_from_a_folder_of_our_own(tmp_path: Path) -> None:
    private = tmp_path / "cache"
    source = "globalThis.f = (x) => x"
    assert Engine(cache=private, threads=1).image("t", source).call("f", 1).value == 1
    assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert list(private.glob("*.cwasm"))
    for path in private.glob("*.cwasm"):
        path.write_bytes(b"damaged")
    assert Engine(cache=private, threads=1).image("t", source).call("f", 2).value == 2
    private.chmod(0o777)
    engine = Engine(cache=private, threads=1)
    assert engine.status()["cache"] is None
    assert engine.image("t", source).call("f", 3).value == 3


def test_an_image_that_throws_says_so(engine: Engine) -> None:
    with pytest.raises(EngineFailure, match="boo"):
        engine.image("bad", "throw new Error('boo')")


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
