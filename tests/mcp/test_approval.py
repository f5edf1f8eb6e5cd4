"""A person is asked in the client's own window, where the client can, and only what they may decide."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from nexus_jupyter.ai import Router
from nexus_jupyter.assistant import AssistantDesk
from nexus_jupyter.engine import Engine
from nexus_jupyter.mcp import Caller
from nexus_jupyter.mcp.service import McpService
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions
from tests.ai.scripted import Step, scripted
from tests.conftest import ANN, BOB, COUNTER
from tests.mcp.conftest import Server, awaited
from tests.mcp.test_mcp import text

ASKS = """<panel xmlns="urn:nexus:nxml:1" id="asks" title="Asks &quot;nicely&quot;">
  <view><text id="t">t</text></view>
  <logic>
    <uses cap="net.http" target="ORIGIN" why="to greet"/>
    <action name="greet">return (await nx.fetch("ORIGIN/hello")).status;</action>
    <tool name="greet" action="greet">Greet.</tool>
  </logic>
</panel>"""
ALL = ("read", "write", "execute")


class _Hello(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_args: object) -> None:
        pass


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hello)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture
def asking(tmp_path: Path, engine: Engine, origin: str) -> Iterator[WorkspaceKernel]:
    """A workspace with a panel that wants to reach a server."""
    opened = WorkspaceKernel(tmp_path / "ws", engine=engine, options=WorkspaceOptions(private_origins=(origin,)))
    opened.put_panel("asks", ASKS.replace("ORIGIN", origin), ANN)
    yield opened
    opened.close()


class Human:
    """Answers forms, and keeps what it was asked."""

    def __init__(self, answer: str | None) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def __call__(self, _context: Any, params: Any) -> types.ElicitResult:
        self.asked.append(params.message)
        if self.answer is None:
            return types.ElicitResult(action="decline")
        return types.ElicitResult(action="accept", content={"answer": self.answer})


def meet(
    kernel: WorkspaceKernel,
    said: Callable[[Client], Awaitable[None]],
    human: Human | None = None,
    *,
    rights: tuple[str, ...] = ALL,
    mode: str = "auto",
    who: Actor = ANN,
) -> None:
    caller = Caller(kernel, who, frozenset(rights))  # type: ignore[arg-type]  # names of rights

    async def run() -> None:
        async def known(_request: object) -> Caller:
            return caller

        service = McpService(known)
        async with Client(service.server, mode=mode, elicitation_callback=human) as client:
            await said(client)
        service.close()

    awaited(run())


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_person_allows_in_the_clients_form_and_the_tool_goes_on(
    asking: WorkspaceKernel, origin: str, mode: str
) -> None:
    human = Human("for an hour")

    async def said(client: Client) -> None:
        done = await client.call_tool("asks__greet", {})
        assert not done.is_error, text(done)
        assert done.structured_content["value"] == 200
        assert not (await client.call_tool("asks__greet", {})).is_error

    meet(asking, said, human, mode=mode)
    (asked,) = human.asked  # once: it is allowed now
    assert origin in asked
    assert '"to greet"' in asked
    assert '\\"nicely\\"' in asked  # the panel's words are quoted
    (grant,) = asking.permissions.store.all()
    assert (grant.cap, grant.target, grant.granted_by) == ("net.http", origin, ANN.id)
    assert grant.until is not None


@pytest.mark.parametrize("mode", ["auto", "legacy"])
@pytest.mark.parametrize("answer", [None, "no", "surely"])
def test_a_person_who_does_not_allow_it_grants_nothing(asking: WorkspaceKernel, mode: str, answer: str | None) -> None:
    async def said(client: Client) -> None:
        refused = await client.call_tool("asks__greet", {})
        assert refused.is_error
        assert "Only a person can allow it" in text(refused)

    human = Human(answer)
    meet(asking, said, human, mode=mode)
    assert len(human.asked) == 1
    assert asking.permissions.store.all() == []


def test_who_may_not_grant_is_not_asked_and_a_client_without_forms_is_told(asking: WorkspaceKernel) -> None:
    async def said(client: Client) -> None:
        refused = await client.call_tool("asks__greet", {})
        assert refused.is_error
        assert "net.http" in text(refused)

    human = Human("for an hour")
    meet(asking, said, human, rights=("read", "execute"))
    meet(asking, said)
    assert human.asked == []
    assert asking.permissions.store.all() == []


def test_an_answer_that_was_given_to_another_question_or_was_made_up_counts_for_nothing(
    asking: WorkspaceKernel,
) -> None:
    made_up = {"answer": types.ElicitResult(action="accept", content={"answer": "until I take it back"})}

    async def said(client: Client) -> None:
        for state in ("", "9999999999.00", "x"):
            again = await client.session.call_tool(
                "asks__greet", {}, input_responses=made_up, request_state=state, allow_input_required=True
            )
            assert again.result_type == "input_required"
        asked = await client.session.call_tool("asks__greet", {}, allow_input_required=True)
        assert isinstance(asked, types.InputRequiredResult)
        other = await client.session.call_tool(
            "asks__greet",
            {"more": 1},
            input_responses=made_up,
            request_state=asked.request_state,
            allow_input_required=True,
        )
        assert other.result_type == "input_required" or other.is_error

    meet(asking, said, Human(None))
    assert asking.permissions.store.all() == []


def test_a_proposal_is_carried_out_once_the_person_agrees(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("counter", COUNTER, ANN)
    answer = json.dumps({"say": "Done.", "ops": [{"op": "set", "id": "plus", "attr": "label", "value": "More"}]})

    async def run() -> None:
        async with scripted(Step(text=answer)) as models:
            kernel.desk = AssistantDesk(
                kernel, lambda: Router([models.endpoint("model-1", abilities=["json_schema", "usage"])])
            )

            async def known(_request: object) -> Caller:
                return Caller(kernel, BOB, frozenset(ALL))  # type: ignore[arg-type]  # names of rights

            service, human = McpService(known), Human(None)
            async with Client(service.server, elicitation_callback=human) as client:
                asked = await client.call_tool("nexus_ask", {"text": "Say more on the button", "panel": "counter"})
                given = {"proposal": asked.structured_content["proposal"]}
                refused = await client.call_tool("nexus_decide", given)
                assert "did not agree" in text(refused)
                assert "+1" in kernel.panel("counter").nxml
                human.answer = "carry it out"
                done = await client.call_tool("nexus_decide", given)
                assert not done.is_error, text(done)
                assert "More" in kernel.panel("counter").nxml
                assert "More" in human.asked[0]
            service.close()

    awaited(run())


def test_a_jupyter_server_asks_over_http_and_keeps_what_was_allowed(server: Server, origin: str) -> None:
    human = Human("until I take it back")
    headers = {"Authorization": f"token {server.token}"}

    async def run() -> None:
        async with (
            httpx2.AsyncClient(headers=headers, trust_env=False, timeout=60) as http,
            Client(streamable_http_client(server.url, http_client=http), elicitation_callback=human) as client,
        ):
            made = await client.call_tool("nexus_create", {"name": "asks", "nxml": ASKS.replace("ORIGIN", origin)})
            assert not made.is_error, text(made)
            done = await client.call_tool("asks__greet", {})
            assert "Only a person can allow it" not in text(done)  # it was; this server reaches public addresses only
            grants = await http.get(f"{server.url.removesuffix('mcp')}api/grants")
            assert [(one["panel"], one["target"]) for one in grants.json() if one["cap"] == "net.http"] == [
                ("asks", origin)
            ]

    awaited(run())
    assert len(human.asked) == 1
