"""Answering requests for rows, at once or when the notebook has given them."""

from __future__ import annotations

import struct
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from nexus_jupyter.frames import Page
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError, NexusError
from nexus_jupyter.protocol.pages import PageHeader
from nexus_jupyter.protocol.stream import FramePage
from nexus_jupyter.workspace.lane import Lane

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["Paging"]


class Paging:
    """The requests for rows of one connection.

    Parameters
    ----------
    kernel
        The workspace.
    user
        Whose values of states the rows depend on.
    lane
        Where requests of the connection are answered, one after the other.
    send, fail
        Give the client a binary message, or the error of a request.
    """

    def __init__(
        self,
        kernel: WorkspaceKernel,
        user: str,
        lane: Lane,
        *,
        send: Callable[[bytes], None],
        fail: Callable[[str, NexusError], None],
    ) -> None:
        self._kernel = kernel
        self._user = user
        self._lane = lane
        self._send = send
        self._fail = fail
        self._waiting: dict[str, Future[None]] = {}

    def answer(self, frame: FramePage) -> None:
        """Answer a request; one that needs the notebook is answered later, and nothing waits for it meanwhile."""
        if frame.at is not None:
            self._put(frame, self._kernel.past.page(frame, frame.at, self._user), frame.at)
            return
        state = self._kernel.page_state(frame.panel, frame.state, self._user)
        with self._kernel.graphs.turn(frame.panel):
            waiting = self._kernel.await_rows(frame.panel, frame.query, state)
            if waiting is None:
                self._page(frame, state)
                return
        self._waiting[frame.id] = waiting
        waiting.add_done_callback(lambda done: self._lane.put(lambda: self._finish(frame, state, done)))

    def cancel(self, request: str) -> None:
        """Wait for the notebook no longer."""
        waiting = self._waiting.get(request)
        if waiting is not None:
            waiting.cancel()

    def close(self) -> None:
        """Cancel all that wait."""
        for request in list(self._waiting):
            self.cancel(request)

    def _finish(self, frame: FramePage, state: dict[str, JsonValue], done: Future[None]) -> None:
        self._waiting.pop(frame.id, None)
        error = FrameError("The rows are not wanted any more.") if done.cancelled() else done.exception()
        try:
            if error is not None:
                raise error
            self._page(frame, state)
        except NexusError as refused:
            self._fail(frame.id, refused)

    def _page(self, frame: FramePage, state: dict[str, JsonValue]) -> None:
        page, rev = self._kernel.page(
            frame.panel,
            frame.query,
            state,
            offset=frame.offset,
            limit=frame.limit,
            order=frame.order,
            aggregates=frame.aggregates,
            marks=frame.marks,
        )
        self._put(frame, page, rev)

    def _put(self, frame: FramePage, page: Page, rev: int) -> None:
        header = PageHeader(
            id=frame.id,
            panel=frame.panel,
            query=frame.query,
            rev=rev,
            offset=frame.offset,
            total=page.total,
            aggregates=page.aggregates,
            marks=page.marks,
        )
        head = header.model_dump_json().encode()
        self._send(struct.pack(">I", len(head)) + head + page.arrow())
