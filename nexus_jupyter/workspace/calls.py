"""Frames that are functions of state: the notebook is called, or the graph asked, when what they depend on changes."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import pyarrow as pa

from nexus_jupyter.frames import FrameStore
from nexus_jupyter.frames.query import chain
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError, NexusError
from nexus_jupyter.protocol.panel import Build, FrameDeclaration
from nexus_jupyter.sandbox import Token
from nexus_jupyter.workspace.functions import Functions
from nexus_jupyter.workspace.permissions import Permissions
from nexus_jupyter.workspace.rendering import Renderer

__all__ = ["FrameCalls"]

_REMEMBERED = 256
#: Gives a table of the workspace's own, by its name and arguments.
Own = Callable[[str, Sequence[tuple[str | None, JsonValue]]], pa.Table]


@dataclass
class _Running:
    """A call under way, and who waits for it."""

    arguments: str
    future: Future[pa.Table]
    waiting: list[Future[None]] = field(default_factory=list)


class FrameCalls:
    """Calls functions of the notebook for frames, once per change of their arguments; the newest arguments win.

    Parameters
    ----------
    functions, frames, renderer, grants
        Those of the workspace.
    own
        Tables that the workspace itself gives rows of, by how their sources begin.
    """

    def __init__(
        self, functions: Functions, frames: FrameStore, renderer: Renderer, grants: Permissions, own: Mapping[str, Own]
    ) -> None:
        self._functions = functions
        self._own = own
        self._frames = frames
        self._renderer = renderer
        self._grants = grants
        self._lock = threading.Lock()
        self._running: dict[tuple[str, str], _Running] = {}
        self._done = OrderedDict[tuple[str, str], str]()  # the arguments of the rows that a frame has now

    def ensure(self, build: Build, nxml: str, query: str, state: dict[str, JsonValue]) -> Future[None] | None:
        """See to it that the rows below a query are those of a state.

        Returns
        -------
        future
            Done when they are; cancelling it ends the call, if nobody else waits for it. ``None`` when there is nothing
            to wait for.

        Raises
        ------
        PermissionDeniedError
            If the panel may not call the function.
        NotFoundError
            If no notebook exposes it.
        """
        frame, _ = chain(build, query)
        if frame.call is None:
            return None
        token = Token(build.id, build.uses, self._grants.active(build.id), self._grants.valid)
        own = self._own.get(frame.source.partition(":")[0])
        if own is not None:
            token.require("panel.read", "*")
        else:
            token.require("kernel.call", frame.call.function)
        values = self._renderer.values(nxml, "calls", state)[frame.name] if frame.call.args else []
        given = [(arg.name, value) for arg, value in zip(frame.call.args, _list(values), strict=True)]
        if own is not None:
            self._frames.hold(build.id, frame.name, own(frame.call.function, given))
            return None
        key, arguments = (build.id, frame.name), json.dumps([frame.call.function, given])
        with self._lock:
            running = self._running.get(key)
            if running is None and self._done.get(key) == arguments:
                return None
            if running is not None and running.arguments == arguments:
                return _wait(running)
        call = self._functions.call_table(frame.call.function, given)
        with self._lock:
            older = self._running.get(key)
            running = self._running[key] = _Running(arguments, call)
            waiting = _wait(running)
        if older is not None:
            older.future.cancel()
        call.add_done_callback(lambda _done: self._finish(key, frame, running))
        return waiting

    def forget(self, panel: str) -> None:
        """Let a panel's functions be called again, whatever they gave."""
        with self._lock:
            for key in [key for key in self._done if key[0] == panel]:
                del self._done[key]

    def _finish(self, key: tuple[str, str], frame: FrameDeclaration, running: _Running) -> None:
        error: BaseException | None = None
        with self._lock:
            newest = self._running.get(key) is running
            if newest:
                del self._running[key]
        if running.future.cancelled():
            error = FrameError(f"The rows of '{frame.name}' were not fetched: something newer is wanted.")
        elif (error := running.future.exception()) is None and newest:
            try:
                self._frames.hold(*key, running.future.result(), declared=frame.columns)
            except NexusError as refused:
                error = refused
            else:
                with self._lock:
                    self._done[key] = running.arguments
                    while len(self._done) > _REMEMBERED:
                        self._done.popitem(last=False)
        for waiting in running.waiting:
            if not waiting.set_running_or_notify_cancel():
                continue
            if error is not None:
                waiting.set_exception(error)
            else:
                waiting.set_result(None)


def _wait(running: _Running) -> Future[None]:
    """Join those who wait for a call; when the last of them has cancelled, it is cancelled."""
    waiting: Future[None] = Future()
    running.waiting.append(waiting)

    def left(done: Future[None]) -> None:
        if done.cancelled() and all(other.cancelled() for other in running.waiting):
            running.future.cancel()

    waiting.add_done_callback(left)
    return waiting


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
