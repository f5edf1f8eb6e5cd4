"""People with fewer rights on the same server send what they may not.

Attacker: a person whom Jupyter's authorizer allows to read, or to read and run, or nothing. Way in: the WebSocket, which
is opened once and then carries every kind of request; and a connection that stays open after the person's rights or the
kernel's token have ended.

What must hold: each message is judged by the right that it needs at the moment it arrives, from the one table in
`protocol.rights`. A refused message changes nothing, starts nothing, and is answered in a sentence. A connection ends
soon after its person may no longer look.
"""

from __future__ import annotations

import asyncio
import json
import struct
from typing import Any, get_args

import pytest
from jupyter_server.auth import Authorizer
from tornado.httpclient import HTTPClientError
from tornado.websocket import websocket_connect

from nexus_jupyter.mcp.authoring import AUTHORING
from nexus_jupyter.mcp.past import PAST
from nexus_jupyter.protocol.rights import FRAMES, REQUESTS, RequestName
from nexus_jupyter.protocol.stream import ClientFrame
from nexus_jupyter.workspace import WorkspaceKernel

MOUNTED = """<panel xmlns="urn:nexus:nxml:1" id="till">
  <view><button id="sell" label="Sell" on:press="add()"/></view>
  <data><state name="count" type="int" default="0"/></data>
  <logic>
    <action name="add">state.count += 1; return state.count;</action>
    <lifecycle on="mount" run="add()"/>
    <uses cap="fs.read" target="notes" why="to read notes"/>
  </logic>
</panel>
"""
P = {"panel": "till"}
#: One frame of each type that a client can send; ``id`` is added to those that are answered by a result.
EXAMPLES: dict[str, dict[str, Any]] = {
    "hello": {"version": 1},
    "ping": {"id": "q"},
    "subscribe": P,
    "unsubscribe": P,
    "focus": {**P, "element": "sell"},
    "trigger": {"id": "q", **P, "action": "add"},
    "cancel": {"id": "other"},
    "set": {"id": "q", **P, "name": "count", "value": 7},
    "frame.page": {"id": "q", **P, "query": "rows"},
    "undo": {"id": "q", **P},
    "grant": {"id": "q", **P, "cap": "fs.read", "target": "notes"},
    "revoke": {"id": "q", **P},
    "expose": {"id": "q", "functions": []},
    "answer": {"call": 1, "value": 1},
    "upload": {"id": "q", **P, "file": "f", "name": "notes.txt", "data": "aGk=", "last": True},
    "code.open": {"id": "q", **P, "node": "action.add"},
    "code.update": {**P, "node": "action.add", "epoch": "e", "update": ""},
    "code.close": {**P, "node": "action.add"},
    "resolve": {"id": "q", **P, "conflict": "c", "pick": "ours"},
    "history": {"id": "q"},
    "past": {"id": "q", **P, "rev": 1},
    "revert": {"id": "q", "rev": 1},
    "branch": {"id": "q", "name": "other", "rev": 1},
    "ask": {"id": "q", "body": {"text": "change it", "panel": "till"}},
    "decide": {"id": "q", "proposal": "abc", "decision": {"accept": [0]}},
    "assistant": {"id": "q"},
    "adoption": {"id": "q"},
    "adoption.allow": {"id": "q", "number": 1},
}


class Roles(Authorizer):
    """Allows the actions that a test has set."""

    allowed: frozenset[str] = frozenset()

    def is_authorized(self, _handler: Any, _user: Any, action: str, _resource: str) -> bool:
        return action in self.allowed


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    extension = {"jpserver_extensions": {"nexus_jupyter": True}}
    return {"ServerApp": extension, "NexusApp": {"recheck_seconds": 0.1}}


@pytest.fixture
def roles(jp_serverapp: Any, jp_fetch: Any, jp_asyncio_loop: Any) -> Any:
    """A server with one panel, and the authorizer of its people."""
    body = json.dumps({"nxml": MOUNTED})
    jp_asyncio_loop.run_until_complete(jp_fetch("nexus", "api", "panels", "till", method="PUT", body=body))
    made = Roles(parent=jp_serverapp, identity_provider=jp_serverapp.identity_provider)
    jp_serverapp.web_app.settings["authorizer"] = made
    yield made
    jp_serverapp.web_app.settings["nexus"].close()
    for task in (left := asyncio.all_tasks(jp_asyncio_loop)):
        task.cancel()
    jp_asyncio_loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))


@pytest.fixture
def kernel(jp_serverapp: Any, roles: Roles) -> WorkspaceKernel:
    opened = jp_serverapp.web_app.settings["nexus"]._kernel
    assert isinstance(opened, WorkspaceKernel)
    return opened


def _traces(kernel: WorkspaceKernel) -> tuple[object, ...]:
    """Return all that a message may change."""
    files = sorted(str(path) for path in (kernel.folder.root / "files").rglob("*"))
    grants = [grant.model_dump_json() for grant in kernel.permissions.store.all()]
    branches = [one.name for one in kernel.versions.branches()]
    return kernel.head.rev, grants, files, branches, kernel.functions.all(), len(kernel.runs.newest())


async def _answer(socket: Any, request: str = "q") -> dict[str, Any]:
    """Return the result of a request, or the notice that refuses a message without an id."""
    while True:
        message = await socket.read_message()
        assert message is not None, "the connection was closed"
        frame = json.loads(message) if isinstance(message, str) else {"type": "page"}
        if frame["type"] in {"page", "notice", "pong", "welcome", "code"} or frame.get("id") == request:
            return frame


async def _barrier(socket: Any) -> None:
    """Return when all that was sent before has been handled."""
    await socket.write_message(json.dumps({"type": "history", "id": "barrier"}))
    while json.loads(await socket.read_message()).get("id") != "barrier":
        pass


def test_the_table_names_every_frame_and_every_request_of_it_is_known() -> None:
    types: set[str] = set()

    def walk(kind: Any) -> None:
        if (fields := getattr(kind, "model_fields", None)) is not None:
            types.add(fields["type"].default)
        for part in get_args(kind):
            walk(part)

    walk(ClientFrame)
    assert types == set(FRAMES) == set(EXAMPLES)
    assert set(get_args(RequestName)) == set(REQUESTS)
    assert {tool.request for tool in (*AUTHORING.values(), *PAST.values())} <= set(REQUESTS)


#: Each frame with each set of rights that does not suffice for it, of people who may look.
REFUSED = [
    (frame, allowed)
    for frame, (first, *_) in sorted(FRAMES.items())
    for allowed in (("read",), ("read", "execute"), ("read", "write"))
    if REQUESTS[first] not in allowed
]


@pytest.mark.parametrize(("frame", "allowed"), REFUSED)
async def test_a_message_is_refused_without_its_right(
    jp_ws_fetch: Any, roles: Roles, kernel: WorkspaceKernel, frame: str, allowed: tuple[str, ...]
) -> None:
    roles.allowed = frozenset(allowed)
    before = _traces(kernel)
    socket = await jp_ws_fetch("nexus", "api", "stream")
    await socket.write_message(json.dumps({"type": frame, **EXAMPLES[frame]}))
    answer = await _answer(socket)
    problem = answer.get("problem") or answer
    said = problem if isinstance(problem, str) else problem.get("detail") or problem.get("message")
    assert "You may not" in said, answer
    await _barrier(socket)
    assert _traces(kernel) == before
    socket.close()


async def test_a_table_of_a_function_needs_the_right_to_answer(
    jp_ws_fetch: Any, roles: Roles, kernel: WorkspaceKernel
) -> None:
    roles.allowed = frozenset({"read", "write"})
    socket = await jp_ws_fetch("nexus", "api", "stream")
    header = b'{"call":1}'
    await socket.write_message(struct.pack(">I", len(header)) + header + b"no arrow", binary=True)
    assert (await _answer(socket))["code"] == "denied"
    socket.close()


async def test_who_may_only_read_sees_a_panel_and_its_lifecycle_does_not_run(
    jp_ws_fetch: Any, roles: Roles, kernel: WorkspaceKernel
) -> None:
    roles.allowed = frozenset({"read"})
    before = _traces(kernel)
    socket = await jp_ws_fetch("nexus", "api", "stream")
    await socket.write_message(json.dumps({"type": "subscribe", **P}))
    assert json.loads(await socket.read_message())["type"] == "snapshot"
    await _barrier(socket)
    assert _traces(kernel) == before
    roles.allowed = frozenset({"read", "execute"})
    other = await jp_ws_fetch("nexus", "api", "stream")
    await other.write_message(json.dumps({"type": "subscribe", **P}))
    while json.loads(await other.read_message())["type"] != "patch":
        pass
    assert kernel.panel("till").state["count"] == 1
    socket.close()
    other.close()


async def test_without_the_right_to_read_no_stream_opens(jp_ws_fetch: Any, roles: Roles) -> None:
    roles.allowed = frozenset({"execute", "write"})
    with pytest.raises(HTTPClientError) as refused:
        await jp_ws_fetch("nexus", "api", "stream")
    assert refused.value.code == 403


async def test_rights_that_end_while_a_stream_is_open_count_at_once_and_then_end_it(
    jp_ws_fetch: Any, roles: Roles, kernel: WorkspaceKernel
) -> None:
    roles.allowed = frozenset({"read", "write"})
    socket = await jp_ws_fetch("nexus", "api", "stream")
    await socket.write_message(json.dumps({"type": "set", **EXAMPLES["set"]}))
    assert (await _answer(socket))["problem"] is None
    roles.allowed = frozenset({"read"})
    await socket.write_message(json.dumps({"type": "set", **EXAMPLES["set"], "value": 8}))
    assert (await _answer(socket))["problem"]["code"] == "denied"
    assert kernel.panel("till").state["count"] == 7
    roles.allowed = frozenset()
    while await socket.read_message() is not None:
        pass
    assert socket.close_code == 4403


async def test_a_stream_ends_when_its_person_is_signed_out(jp_ws_fetch: Any, jp_serverapp: Any, roles: Roles) -> None:
    roles.allowed = frozenset({"read"})
    socket = await jp_ws_fetch("nexus", "api", "stream")
    jp_serverapp.identity_provider.token = "another-token"
    while await socket.read_message() is not None:
        pass
    assert socket.close_code == 4403


async def test_a_kernels_stream_ends_with_its_token(
    jp_serverapp: Any, jp_http_port: int, jp_base_url: str, roles: Roles
) -> None:
    tokens = jp_serverapp.web_app.settings["nexus"].tokens
    tokens._lifetime = 1
    token = tokens.mint("ann")
    url = f"ws://127.0.0.1:{jp_http_port}{jp_base_url}nexus/api/stream"
    from tornado.httpclient import HTTPRequest

    socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"Bearer {token}"}))
    while await socket.read_message() is not None:
        pass
    assert socket.close_code == 4403
