"""What a handler does to the language, it does to itself: the sandbox's own program goes on, and hands over nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.panel import ActionDeclaration, Parameter
from nexus_jupyter.sandbox import Job, Operations, RunLimits, Sandbox, timers

POISON = (Path(__file__).parent / "poison.js").read_text(encoding="utf-8")
PARAMETERS = [
    Parameter.model_validate({"name": name, "type": {"kind": "any"}, "required": True, "default": None})
    for name in ("which", "size", "junk")
]
ACTION = ActionDeclaration(name="a", body=POISON, span=Span(start=0, end=0, line=1, col=1), params=PARAMETERS)
#: So many neighbours are replaced together; NEXUS_POISONED=1 takes them one at a time, which lasts minutes.
TOGETHER = int(os.environ.get("NEXUS_POISONED", "16"))


def _operations() -> Operations:
    async def fetch(_caller: object, args: dict[str, Any]) -> Any:
        return {"status": 200, "url": args["url"], "headers": {"x": "y"}, "text": "{}"}

    async def number(_caller: object, _args: dict[str, Any]) -> Any:
        return 7

    async def echo(_caller: object, args: dict[str, Any]) -> Any:
        return {"got": sorted(args), "list": [{"a": 1}]}

    echoing = ("kernel.call", "panel.send", "panel.read", "frame.read", "fs.read", "fs.list", "fs.write", "fs.remove",
               "db.query", "agent.emit", "notify")  # fmt: skip
    return {**timers(), "net.fetch": fetch, "net.open": number, **dict.fromkeys(echoing, echo)}


@pytest.fixture(scope="module")
def sandbox(engine: Engine) -> Sandbox:
    return Sandbox(engine, RunLimits(Limits(cpu_seconds=60)), _operations())


def poisoned(sandbox: Sandbox, which: int, *, junk: bool = False) -> Any:
    result = sandbox.run(Job("p", [ACTION], ACTION, {"n": 1, "list": [1]}, [which, TOGETHER, junk], None, 1))
    return result.value if which == COUNT else (result.value, result.changes, result.logs)


#: Nothing is replaced; all is; how many there are.
NONE, ALL, COUNT = -3, -1, -2


def test_the_calls_do_what_they_are_for(sandbox: Sandbox) -> None:
    """What the others are compared with is what was meant."""
    value, changes, logs = poisoned(sandbox, NONE)
    assert value["leaks"] == []
    assert changes == {"n": {"a": [1, None, "b"], "d": "1970-01-01T00:00:00.000Z"}, "list": [3]}
    assert logs == ["a true 1", "b null", "error: x"]
    outcomes = " ".join(value["outcomes"])
    for part in ("status:200", "did you mean 'list'", "cannot be deleted", "PanelError", "is a function", "got:["):
        assert part in outcomes


@pytest.mark.parametrize("junk", [False, True], ids=["as before", "of no use"])
def test_everything_replaced_at_once(sandbox: Sandbox, junk: bool) -> None:
    value, changes, logs = poisoned(sandbox, ALL, junk=junk)
    assert value["leaks"] == []
    assert (value["outcomes"], changes, logs) == (poisoned(sandbox, NONE)[0]["outcomes"], *poisoned(sandbox, NONE)[1:])


def test_each_property_replaced_with_its_neighbours(sandbox: Sandbox) -> None:
    expected = poisoned(sandbox, NONE)
    count = poisoned(sandbox, COUNT)
    assert count > 900
    for which in range(0, count, TOGETHER):
        assert poisoned(sandbox, which) == expected, which


def test_what_is_under_way_cannot_be_asked_for(sandbox: Sandbox) -> None:
    """`Error.prepareStackTrace` was given the functions of everything on the stack."""
    body = """
      const found = [];
      Error.prepareStackTrace = (_error, frames) => { found.push(frames); return frames; };
      try { nx.files.read() } catch (error) { String(error.stack) }
      try { nx.fail('x') } catch (error) { String(error.stack) }
      return [found.length, typeof new Error('y').stack];
    """
    action = ActionDeclaration(name="b", body=body, span=ACTION.span)
    assert sandbox.run(Job("q", [action], action, {}, [], None, 1)).value == [0, "string"]
