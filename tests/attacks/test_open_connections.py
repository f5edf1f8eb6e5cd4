"""A panel goes on with what it opened while it was allowed to.

Attacker: the author of a panel that was granted an origin, and whose grant was taken back or is over.

What must hold: a revocation, and the end of a grant's time, close the panel's open sockets at once; each operation of a
socket, and each piece of an answer, is allowed at the moment when it is delivered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.function import ExposedFunction
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions

ANN = Actor(id="ann", name="Ann")


class _Server:
    """A WebSocket server that notes what it hears, and how connections end."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.opened, self.ended = threading.Event(), threading.Event()
        self.connection: ServerConnection | None = None

    def answer(self, connection: ServerConnection) -> None:
        self.connection = connection
        try:
            while True:
                self.heard.append(str(connection.recv()))
                self.opened.set()
        except ConnectionClosed:
            self.ended.set()


@pytest.fixture
def server() -> _Server:
    return _Server()


@pytest.fixture
def address(server: _Server) -> Iterator[str]:
    with serve(server.answer, "127.0.0.1", 0) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"ws://127.0.0.1:{listening.socket.getsockname()[1]}"
        listening.shutdown()


@pytest.fixture
def kernel(tmp_path: Path, engine: Engine, address: str) -> Iterator[WorkspaceKernel]:
    opened = WorkspaceKernel(tmp_path / "ws", engine=engine, options=WorkspaceOptions(private_origins=(address,)))
    yield opened
    opened.close()


def panel(kernel: WorkspaceKernel, body: str, *caps: str) -> None:
    uses = "".join(f'<uses cap="{cap}" why="a test"/>' for cap in caps)
    kernel.put_panel("p", f'<panel id="p"><logic>{uses}<action name="a">{body}</action></logic></panel>', ANN)
    for cap in caps:
        kernel.permissions.grant("p", cap, None, ANN)


def test_a_revocation_closes_a_socket_that_waits(kernel: WorkspaceKernel, server: _Server, address: str) -> None:
    panel(kernel, f"const s = await nx.socket('{address}'); await s.send('hello'); return await s.receive()", "net.ws")
    run = kernel.execution.start("p", "a", [], ANN)
    assert server.opened.wait(60)
    kernel.permissions.revoke("p", "net.ws", None, ANN)
    assert server.ended.wait(60)
    with pytest.raises(HandlerError, match=r"needs the capability net\.ws") as caught:
        run.result()
    assert caught.value.kind == "denied"


def test_the_end_of_a_grants_time_closes_a_socket(kernel: WorkspaceKernel, server: _Server, address: str) -> None:
    panel(kernel, f"const s = await nx.socket('{address}'); await s.send('hello'); return await s.receive()", "net.ws")
    kernel.permissions.grant("p", "net.ws", None, ANN, seconds=3)
    run = kernel.execution.start("p", "a", [], ANN)
    with pytest.raises(HandlerError, match=r"needs the capability net\.ws"):
        run.result()
    assert server.ended.wait(60) or not server.heard


def test_nothing_is_sent_or_received_after_a_revocation_even_if_the_socket_is_open(
    kernel: WorkspaceKernel, server: _Server, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The watch is switched off: each operation must hold by itself.
    monkeypatch.setattr("nexus_jupyter.sandbox.network._Socket.end_with_grant", _nothing)
    waiting, called = Future[Any](), threading.Event()

    def call(_name: str, _args: dict[str, Any]) -> Future[Any]:
        called.set()
        return waiting

    kernel.functions.expose(call, [ExposedFunction(name="f")], call)
    body = f"""
      const s = await nx.socket('{address}');
      await s.send('hello');
      await nx.kernel.call('f');
      const said = [];
      for (const attempt of [() => s.send('secret'), () => s.receive()]) {{
        try {{ await attempt(); said.push('done'); }} catch (error) {{ said.push(error.name); }}
      }}
      await s.close();
      return said;
    """
    panel(kernel, body, "net.ws", "kernel.call")
    run = kernel.execution.start("p", "a", [], ANN)
    assert called.wait(60)
    kernel.permissions.revoke("p", "net.ws", None, ANN)
    assert server.connection is not None
    server.connection.send("for the panel")
    waiting.set_result(None)
    assert run.result().value == ["PermissionError", "PermissionError"]
    assert server.heard == ["hello"]


async def _nothing(*_args: object) -> None:
    """Watch nothing."""


def test_a_message_that_comes_after_a_revocation_is_not_delivered(
    kernel: WorkspaceKernel, server: _Server, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nexus_jupyter.sandbox.network._Socket.end_with_grant", _nothing)
    panel(kernel, f"const s = await nx.socket('{address}'); await s.send('hello'); return await s.receive()", "net.ws")
    run = kernel.execution.start("p", "a", [], ANN)
    assert server.opened.wait(60)
    kernel.permissions.revoke("p", "net.ws", None, ANN)
    assert server.connection is not None
    with suppress(ConnectionClosed):  # the run may have been refused its receiving already
        server.connection.send("for the panel")
    with pytest.raises(HandlerError, match=r"needs the capability net\.ws"):
        run.result()


def test_an_answer_that_still_comes_after_a_revocation_is_not_delivered(tmp_path: Path, engine: Engine) -> None:
    asked, go_on = threading.Event(), threading.Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-length", "10")
            self.end_headers()
            self.wfile.write(b"first")
            self.wfile.flush()
            asked.set()
            go_on.wait()
            self.wfile.write(b" last")

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=WorkspaceOptions(private_origins=(origin,)))
    try:
        panel(kernel, f"return (await nx.fetch('{origin}/')).text()", "net.http")
        run = kernel.execution.start("p", "a", [], ANN)
        assert asked.wait(60)
        kernel.permissions.revoke("p", "net.http", None, ANN)
        go_on.set()
        with pytest.raises(HandlerError, match=r"needs the capability net\.http"):
            run.result()
    finally:
        go_on.set()
        kernel.close()
        server.shutdown()
        server.server_close()


def test_other_code_of_the_panel_closes_its_sockets(kernel: WorkspaceKernel, server: _Server, address: str) -> None:
    panel(kernel, f"const s = await nx.socket('{address}'); await s.send('hello'); return await s.receive()", "net.ws")
    run = kernel.execution.start("p", "a", [], ANN)
    assert server.opened.wait(60)
    text = '<panel id="p"><logic><uses cap="net.ws" why="a test"/><action name="a">return 2</action></logic></panel>'
    kernel.put_panel("p", text, Actor(id="bob", name="Bob"))
    assert server.ended.wait(60)
    with pytest.raises(HandlerError):
        run.result()
