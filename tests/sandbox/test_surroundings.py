"""What a handler finds around it, beyond the language: arguments, what authors know from the browser, and limits."""

from __future__ import annotations

from typing import Any

import pytest

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import ActionDeclaration, Parameter
from nexus_jupyter.sandbox import Job, RunLimits, Sandbox, SandboxResult, timers
from nexus_jupyter.workspace import WorkspaceKernel

SPAN = Span(start=0, end=0, line=1, col=1)


def run(engine: Engine, body: str, seed: int = 1, **args: Any) -> SandboxResult:
    params = [
        Parameter.model_validate({"name": name, "type": {"kind": "any"}, "required": True, "default": None})
        for name in args
    ]
    action = ActionDeclaration(name="a", body=body, span=SPAN, params=params)
    box = Sandbox(engine, RunLimits(Limits(cpu_seconds=20)), timers())
    return box.run(Job("p", [action], action, {"n": 1}, list(args.values()), None, seed))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return [args.by, by]", [2, 2]),
        ("return args", {"by": 2, "to": "x"}),
        ("const args = [by]; return args", [2]),
        ("function args() { return by } return args()", 2),
        ("let { by: other } = args; return other", 2),
        ("try { args.by = 3 } catch (error) { return [error.name, args.by] }", ["TypeError", 2]),
    ],
)
def test_arguments_are_there_by_name_and_as_an_object(engine: Engine, body: str, expected: Any) -> None:
    assert run(engine, body, by=2, to="x").value == expected


def test_a_parameter_may_be_called_args(engine: Engine) -> None:
    assert run(engine, "return args", args=[1, 2]).value == [1, 2]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("return structuredClone({ a: [1, new Date(0)], b: null })", {"a": [1, "1970-01-01T00:00:00.000Z"], "b": None}),
        ("const m = new Map([[1, new Set([2])]]); const c = structuredClone(m); return [c !== m, [...c.get(1)]]", [True, [2]]),
        ("const a = {}; a.a = a; const c = structuredClone(a); return [c !== a, c.a === c]", [True, True]),
        ("const b = new Float32Array([1.5, 2]); const c = structuredClone(b.subarray(1)); b[1] = 9; return [...c]", [2]),
        ("try { structuredClone(() => 1) } catch (error) { return error.name }", "TypeError"),
        ("return [...new TextEncoder().encode('aé€😀\\ud800')]", [*"aé€😀\ufffd".encode()]),
        ("return new TextDecoder().decode(new TextEncoder().encode('aé€😀'))", "aé€😀"),
        ("return new TextDecoder().decode(new Uint8Array([0xef, 0xbb, 0xbf, 97]).buffer)", "a"),
        ("try { new TextDecoder('latin1') } catch (error) { return error.name }", "RangeError"),
        ("try { new TextDecoder('utf-8', { fatal: true }).decode(new Uint8Array([255])) } catch (e) { return e.name }", "TypeError"),
        ("return await new Promise((done) => queueMicrotask(() => done(1)))", 1),
        ("return await new Promise((done) => setTimeout(done, 1, 'later'))", "later"),
        ("setTimeout(() => { state.n = 2 }, 1); return 1", 1),
        ("const t = setTimeout(() => { state.n = 9 }, 1e9); clearTimeout(t); return 1", 1),
        ("const o = []; setTimeout(() => o.push(1)); o.push(0); await new Promise((d) => setTimeout(d, 50)); return o", [0, 1]),
        ("return [typeof URL, typeof Intl, typeof fetch]", ["undefined"] * 3),
    ],
)  # fmt: skip
def test_what_authors_know_from_the_browser(engine: Engine, body: str, expected: Any) -> None:
    assert run(engine, body).value == expected


@pytest.mark.parametrize("bytes_", [b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"a\xc0\xafb", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1", b"\xf0\x28\x8c\xbc", b"\x80\x80", b"\xc3\xc3\xa9"])  # fmt: skip
def test_bytes_that_are_no_text_are_decoded_as_the_standard_says(engine: Engine, bytes_: bytes) -> None:
    assert run(engine, f"return new TextDecoder().decode(new Uint8Array({list(bytes_)}))").value == bytes_.decode(
        "utf-8", "replace"
    )


def test_the_console_is_the_runs_log(engine: Engine) -> None:
    result = run(engine, "console.log('a', { b: 1 }); console.warn(2); console.error('c'); nx.log('d')")
    assert result.logs == ['a {"b":1}', "2", "c", "d"]


def test_names_and_bytes_by_chance_follow_the_seed(engine: Engine) -> None:
    body = "return [crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))], Math.random(), nx.random()]"
    first = run(engine, body, seed=1).value
    assert first == run(engine, body, seed=1).value
    assert first != run(engine, body, seed=2).value
    assert isinstance(first, list)
    assert str(first[0])[14] == "4"


def test_an_error_in_a_timer_is_the_runs(engine: Engine) -> None:
    with pytest.raises(HandlerError, match="late"):
        run(engine, "setTimeout(() => { throw new Error('late') }, 1); await new Promise((d) => setTimeout(d, 50))")


@pytest.mark.parametrize(
    "call",
    ["nx.files.write(undefined, 'x')", "nx.files.read()", "nx.files.remove(null)", "nx.fetch()", "nx.socket()", "nx.kernel.call()",
     "nx.send('p')", "nx.panel()", "nx.frame()", "nx.db.query('c')", "nx.ai()", "nx.emit()"],
)  # fmt: skip
def test_a_name_that_is_missing_does_not_become_the_name_undefined(engine: Engine, call: str) -> None:
    body = f"try {{ await {call} }} catch (error) {{ return [error.name, error.message] }}"
    name, message = run(engine, body).value  # type: ignore[misc, str-unpack] # a list of two
    assert name == "TypeError"
    assert "must be a text, not " in str(message)


def test_what_is_written_may_be_longer_than_what_is_returned(kernel: WorkspaceKernel, ann: Actor) -> None:
    body = """
      const said = [];
      for (const size of [2 ** 20, 5e6, 6e6]) {
        try { said.push(await nx.files.write('a', new Uint8Array(size))); } catch (error) { said.push(error.name); }
      }
      try { await nx.files.write('b', '€'.repeat(5e6)); } catch (error) { said.push(error.name); }
      return said;
    """
    text = f'<panel id="p"><logic><uses cap="fs.write" why="a test"/><action name="a">{body}</action></logic></panel>'
    kernel.put_panel("p", text, ann)
    kernel.permissions.grant("p", "fs.write", None, ann)
    assert kernel.execution.start("p", "a", [], ann).result().value == [1 << 20, 5_000_000, "RangeError"]
    assert (kernel.folder.files / "a").stat().st_size == 5_000_000
    assert (kernel.folder.files / "b").stat().st_size == 15_000_000


def test_what_is_returned_keeps_its_own_limit(engine: Engine) -> None:
    assert run(engine, "return 'x'.repeat(1e6)").value == "x" * 10**6
    with pytest.raises(HandlerError, match="more than the 1,048,576 bytes") as caught:
        run(engine, "return 'x'.repeat(1.1e6)")
    assert caught.value.kind == "output"
