"""What one client asks about the past, and wants done from there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.past import BranchFrom, HistoryMoved, HistoryRequest, PastFrame, PastRequest, RevertRequest
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.workspace.writer import Head

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["PastRequests"]


class PastRequests:
    """Answers the requests of one client that are about the past.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who asks.
    send
        Tells the client that its history has grown.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor, send: Callable[[HistoryMoved], None]) -> None:
        self._kernel = kernel
        self._actor = actor
        self._send = send
        self._lock = threading.Lock()
        self._told = -1  # what the client knows of, once it has asked
        self._stop: Callable[[], None] | None = None
        self._closed = False

    def close(self) -> None:
        """Tell of nothing any more."""
        with self._lock:
            self._closed, stop = True, self._stop
        if stop is not None:
            stop()

    def done(self, frame: PastFrame) -> tuple[int | None, JsonValue]:
        """Do what is asked; return the rev of the change, if there was one, and the answer."""
        kernel, actor = self._kernel, self._actor
        match frame:
            case HistoryRequest():
                return None, self._history(frame)
            case PastRequest():
                return None, kernel.past.panel(frame.panel, actor.id, rev=frame.rev, ts=frame.ts).model_dump()
            case RevertRequest():
                done = kernel.versions.revert(actor, rev=frame.rev, ops=frame.ops)
                return done.rev, {"outcome": done.outcome, "notes": list[JsonValue](done.notes)}
            case BranchFrom():
                return None, kernel.versions.branch_from(frame.name, frame.rev, actor).model_dump()

    def _history(self, frame: HistoryRequest) -> JsonValue:
        # Listening begins before the journal is read, so that no change falls between the two.
        with self._lock:
            if self._stop is None and not self._closed:
                _, self._stop = self._kernel.writer.listen(self._on_change)
        found = self._kernel.past.history(frame, self._actor.id)
        with self._lock:
            self._told = found.newest
        newest = self._kernel.head.rev
        if newest > found.newest:
            self._tell(newest)
        return found.model_dump()

    def _on_change(self, change: Change, _head: Head) -> None:
        self._tell(change.rev)

    def _tell(self, rev: int) -> None:
        """Tell of the first change since the last answer; the client asks for the rest."""
        with self._lock:
            news = not self._closed and 0 <= self._told < rev
            if news:
                self._told = -1
        if news:
            self._send(HistoryMoved(rev=rev))
