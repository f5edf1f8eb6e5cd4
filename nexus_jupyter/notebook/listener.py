"""A kernel's ear: follows panels over the server's WebSocket and calls back on changes."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from typing import Any

import pyarrow as pa
import websocket

from nexus_jupyter.notebook.callbacks import Callbacks
from nexus_jupyter.notebook.exposed import ExposedFunctions
from nexus_jupyter.notebook.host import ChangeListener
from nexus_jupyter.protocol.errors import NexusError, UnavailableError
from nexus_jupyter.protocol.pages import TableAnswer
from nexus_jupyter.protocol.stream import PROTOCOL_VERSION
from nexus_jupyter.route import Route, hint_of

__all__ = ["RemoteListener"]

_FIRST_WAIT = 0.2
_LONGEST_WAIT = 10.0
#: Seconds to wait for the first answer.
_PATIENCE = 10.0
_OFFER = "expose"


class RemoteListener:
    """Keeps one connection, reconnecting when it breaks, and tells listeners of each change of their panel.

    Parameters
    ----------
    route, path
        The way to the server, and the path of the stream below its base URL.
    token
        Returns a kernel token that is valid now; raises `NexusError` when there is none.
    """

    def __init__(self, route: Route, path: str, token: Callable[[], str]) -> None:
        self._route = route
        self._path = path
        #: Why there is no connection at the moment.
        self._failure: Exception | None = None
        self._token = token
        self._listeners: dict[str, list[ChangeListener]] = {}
        self._followed: dict[str, threading.Event] = {}
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._socket: websocket.WebSocket | None = None
        self._exposed: ExposedFunctions | None = None
        self._offered = threading.Event()
        self._calls: dict[int, Future[Any]] = {}
        self._callbacks = Callbacks()
        threading.Thread(target=self._run, name="nexus-listener", daemon=True).start()

    def add(self, panel: str, listener: ChangeListener) -> Callable[[], None]:
        """Follow a panel; every change acknowledged after this returns is told. Returns what ends it."""
        with self._lock:
            self._listeners[panel] = [*self._listeners.get(panel, []), listener]
            followed = self._followed.setdefault(panel, threading.Event())
            if self._socket is not None and not followed.is_set():
                self._subscribe(self._socket, panel)
        if not followed.wait(timeout=_PATIENCE):
            raise self._silent()

        def remove() -> None:
            with self._lock:
                self._listeners[panel] = [other for other in self._listeners[panel] if other is not listener]

        return remove

    def expose(self, exposed: ExposedFunctions) -> None:
        """Offer functions to panels, now and after each reconnection; they can be called when this returns."""
        offered = threading.Event()
        with self._lock:
            self._exposed, self._offered = exposed, offered
            if self._socket is not None:
                self._offer(self._socket)
        if not offered.wait(timeout=_PATIENCE):
            raise self._silent()

    def close(self) -> None:
        """End the connection."""
        self._callbacks.close()
        self._closing.set()
        if self._socket is not None:
            self._socket.close()

    def _silent(self) -> UnavailableError:
        why = "" if self._failure is None else f": {self._failure}"
        hint = "" if self._failure is None else hint_of(self._failure)
        where = f"{self._route.url}{self._path}"
        return UnavailableError(
            f"The Jupyter server did not answer at {where} within {_PATIENCE:.0f} s{why}.", hint=hint
        )

    def _run(self) -> None:
        wait = _FIRST_WAIT
        while not self._closing.is_set():
            try:
                self._connect()
                wait = _FIRST_WAIT
                self._follow()
            except (OSError, websocket.WebSocketException, NexusError) as error:
                self._failure = error
                self._closing.wait(wait)
                wait = min(wait * 2, _LONGEST_WAIT)

    def _connect(self) -> None:
        connection = self._route.connect(self._path, self._token())
        connection.send(json.dumps({"type": "hello", "version": PROTOCOL_VERSION, "token": None}))
        with self._lock:
            self._socket = connection
            for panel in self._followed:
                self._subscribe(connection, panel)
            if self._exposed is not None:
                self._offer(connection)

    def _offer(self, connection: websocket.WebSocket) -> None:
        assert self._exposed is not None
        functions = [function.model_dump() for function in self._exposed.described()]
        connection.send(json.dumps({"type": "expose", "id": _OFFER, "functions": functions}))

    def _answer(self, connection: websocket.WebSocket, frame: dict[str, Any]) -> None:
        """Call a function and send what it gives, once it has."""
        assert self._exposed is not None

        def send(done: Future[Any]) -> None:
            self._calls.pop(frame["call"], None)
            if done.cancelled():
                return
            error = done.exception()
            if error is None and frame.get("table"):
                with suppress(OSError, websocket.WebSocketException):
                    connection.send_binary(_table_message(frame["call"], done.result()))
                return
            answer: dict[str, Any] = {"type": "answer", "call": frame["call"]}  # Any: JSON
            answer |= {"error": str(error)} if error is not None else {"value": done.result()}
            with suppress(OSError, websocket.WebSocketException):  # the server gave up waiting, and says so itself
                connection.send(json.dumps(answer))

        future = self._exposed.call(frame["function"], frame["args"], table=bool(frame.get("table")))
        self._calls[frame["call"]] = future
        future.add_done_callback(send)

    def _subscribe(self, connection: websocket.WebSocket, panel: str) -> None:
        connection.send(json.dumps({"type": "subscribe", "panel": panel, "rev": None}))

    def _follow(self) -> None:
        assert self._socket is not None
        while not self._closing.is_set():
            message = self._socket.recv()
            if message == "":
                raise websocket.WebSocketConnectionClosedException
            if not isinstance(message, str):
                continue
            frame = json.loads(message)
            panel = frame.get("panel")
            if frame["type"] == "call":
                self._answer(self._socket, frame)
            elif frame["type"] == "call.cancel":
                waiting = self._calls.get(frame["call"])
                if waiting is not None:
                    waiting.cancel()
            elif frame["type"] == "result" and frame["id"] == _OFFER:
                self._offered.set()
            elif frame["type"] in {"snapshot", "gone"} and not self._followed[panel].is_set():
                self._followed[panel].set()
            elif frame["type"] in {"patch", "reset", "gone", "snapshot"}:
                for listener in self._listeners.get(panel, []):
                    # Elsewhere: this thread serves calls of functions, which what people wrote may wait for.
                    self._callbacks.call(partial(listener, panel, frame["rev"]))


def _table_message(call: int, table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    header = TableAnswer(call=call).model_dump_json().encode()
    return struct.pack(">I", len(header)) + header + bytes(sink.getvalue())
