"""Wishes over the stream, as pages make them: what becomes of one, its decision, and the way back of one op."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import AssistantDesk
from nexus_jupyter.workspace import WorkspaceKernel
from tests.ai.scripted import Models, Step
from tests.assistant.conftest import ANN, BOARD, change, insert, set_
from tests.workspace.test_session import Client

TWO = change(set_("go", "label", "Start"), insert("note", "<text id='low'>Few left</text>", "after"))
BODY = {"text": "Improve it", "panel": "board", "create": None, "frames": []}


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Iterator[Models]:
    served = Models()
    monkeypatch.setenv("NEXUS_AI_URL", served.url)
    monkeypatch.setenv("NEXUS_AI_MODEL", "script-1")
    yield served
    served.close()


@pytest.fixture
def client(kernel: WorkspaceKernel, models: Models) -> Client:
    kernel.put_panel("board", BOARD, ANN)
    kernel.desk = AssistantDesk(kernel, Router.from_environment)
    return Client(kernel, ANN)


def answer(client: Client, request: str, **frame: Any) -> Any:
    client.send(id=request, **frame)
    return client.until(lambda one: one["type"] == "result" and one["id"] == request)


def nxml(kernel: WorkspaceKernel) -> str:
    return kernel.panel("board").nxml


def test_a_wish_is_told_of_accepted_and_one_op_taken_back(
    client: Client, kernel: WorkspaceKernel, models: Models
) -> None:
    models.will(TWO)
    client.send(type="ask", id="1", body=BODY, traceparent=None)
    events = []
    while (frame := client.next())["type"] != "result":
        assert (frame["type"], frame["request"]) == ("ask.event", "1")
        events.append(frame["event"])
    assert [events[0]["kind"], events[-1]["kind"]] == ["context", "proposal"]
    proposal = events[-1]["id"]
    choices = answer(client, "2", type="assistant", proposal=proposal)["value"]
    assert choices["info"]["configured"]
    assert choices["panels"] == [{"name": "board", "title": "Board"}]
    assert choices["waiting"]
    decision = {"accept": None, "reject": False}
    decided = answer(client, "3", type="decide", proposal=proposal, decision=decision)["value"]
    assert "Few left" in nxml(kernel)
    assert not answer(client, "4", type="assistant", proposal=proposal)["value"]["waiting"]
    again = answer(client, "5", type="decide", proposal=proposal, decision=decision)
    assert again["problem"]["code"] == "not-found"
    answer(client, "6", type="revert", rev=decided["rev"], ops=decided["positions"][0])
    assert 'label="Go"' in nxml(kernel)
    assert "Few left" in nxml(kernel)
    missing = answer(client, "7", type="revert", rev=decided["rev"], ops=[99])
    assert "there is no op 99" in missing["problem"]["detail"]


def test_a_wish_that_is_given_up_is_answered_and_changes_nothing(
    client: Client, kernel: WorkspaceKernel, models: Models
) -> None:
    before = nxml(kernel)
    models.will(Step(text=TWO, hold_after=3))
    client.send(type="ask", id="1", body=BODY, traceparent=None)
    client.until(lambda one: one["type"] == "ask.event" and one["event"]["kind"] == "text")
    client.send(type="cancel", id="1")
    result = client.until(lambda one: one["type"] == "result")
    assert (result["id"], result["problem"], result["value"]) == ("1", None, None)
    assert nxml(kernel) == before
    # The next one is taken as ever.
    models.will(json.dumps({"say": "x", "ops": [set_("go", "label", "Start")]}))
    assert answer(client, "2", type="ask", body=BODY, traceparent=None)["problem"] is None


def test_without_an_assistant_a_sentence_says_so(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("board", BOARD, ANN)
    client = Client(kernel, ANN)
    for request, frame in enumerate(({"type": "assistant", "proposal": None}, {"type": "ask", "body": BODY})):
        problem = answer(client, str(request), **frame)["problem"]
        assert problem["detail"] == "This workspace was opened without an assistant."
