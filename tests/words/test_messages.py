"""`nx.error` shows a message and goes on, `nx.fail` ends a handler and takes back what it changed; `finally` runs either way."""

from __future__ import annotations

from typing import Any

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.sandbox import Operations
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN
from tests.sandbox.test_hostile import run
from tests.workspace.test_session import Client

#: Rows: what a handler does, what is told, what it returns (or fails with), and what becomes of `n` and `busy`.
ROWS: list[tuple[str, list[str], Any, int, bool]] = [
    ("state.n = 5; nx.error('No ink.'); return state.n", ["No ink."], 5, 5, False),
    ("state.n = 5; const got = nx.error('a'); nx.error('b'); return [typeof got]", ["a", "b"], ["undefined"], 5, False),
    ("state.n = 5; nx.fail('No ink.'); state.n = 6", [], "No ink.", 1, False),
    ("try { nx.fail('x') } catch (error) { nx.error(error.message); return 7 } finally { state.n = 3 }", ["x"], 7, 3, False),
    ("state.busy = true; try { null.x } catch { nx.error('c') } finally { state.busy = false } return 8", ["c"], 8, 1, False),
    ("state.busy = true; try { nx.fail('d') } finally { state.busy = false }", [], "d", 1, False),
    ("state.busy = true; try { nx.error('e'); await null } finally { state.n = 4 } return 9", ["e"], 9, 4, True),
    ("Promise.prototype.then = 1; Array.prototype.push = 1; nx.error({}); state.n = 2; return 1", ["[object Object]"], 1, 2, False),
]  # fmt: skip
PANEL = """<panel id="p" title="P"><view><button id="b" label="B" on:press="a()"/></view>
<data><state name="n" type="int" default="1"/><state name="busy" type="bool" default="false"/></data>
<logic><action name="a">{}</action></logic></panel>"""


@pytest.mark.parametrize(("body", "told", "ending", "n", "busy"), ROWS)
def test_a_message_is_told_and_the_handler_goes_on_or_ends(
    kernel: WorkspaceKernel, body: str, told: list[str], ending: object, n: int, busy: bool
) -> None:
    kernel.put_panel("p", PANEL.format(body), ANN)
    client = Client(kernel, ANN)
    client.follow("p")
    client.send(type="trigger", id="1", panel="p", action="a", args=[], event=None)
    seen: list[str] = []

    def is_result(frame: Any) -> bool:
        if frame["type"] == "effect":
            assert (frame["kind"], frame["name"]) == ("notify", "error")
            seen.append(frame["data"])
        return bool(frame["type"] in {"result", "error"} and frame["id"] == "1")

    answer = client.until(is_result)
    problem = answer.get("problem")
    assert (problem["detail"] if problem else answer["value"]) == ending
    assert seen == told
    assert kernel.panel("p").state == {"n": n, "busy": busy}


async def _refuses(*_: object) -> None:
    raise ValueError("nobody is there")


@pytest.mark.parametrize("operations", [{}, {"error": _refuses}], ids=["no host for it", "nobody to show it to"])
def test_a_message_that_nobody_can_be_shown_is_no_failure(engine: Engine, operations: Operations) -> None:
    result = run(engine, "for (let i = 0; i < 3; i++) nx.error('e' + i); return 1", operations=operations)
    assert (result.value, result.logs) == (1, ["error: e0", "error: e1", "error: e2"])


def test_more_messages_than_people_can_bear_are_not_shown_and_do_no_harm(kernel: WorkspaceKernel) -> None:
    told: list[object] = []
    kernel.effects.listen(lambda effect: told.append(effect.data))
    kernel.put_panel("p", PANEL.format("for (let i = 0; i < 200; i++) nx.error(i); return 1"), ANN)
    assert kernel.execution.start("p", "a", {}, ANN).result(60).value == 1
    assert 20 <= len(told) <= 64


def test_an_error_of_a_message_itself_is_the_handlers(engine: Engine) -> None:
    with pytest.raises(HandlerError, match="mine"):
        run(engine, "nx.error({ toString() { throw new Error('mine') } })")
