"""One request of a client that keeps no connection: answered as a session would, with what there is to know by then."""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING

from nexus_jupyter.protocol.errors import UnavailableError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.stream import FramePage, SetState, Subscribe, Trigger, Undo
from nexus_jupyter.workspace.following import Following
from nexus_jupyter.workspace.lane import Lane
from nexus_jupyter.workspace.outbox import Message, Outbox
from nexus_jupyter.workspace.requests import Requests

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["Visit"]

#: Seconds that an answer may take: a minute's run, waiting included, and what stands before it in its panel's queue.
_PATIENCE = 90.0
#: What a visitor may ask for.
Wish = Trigger | SetState | Undo | FramePage


class Visit:
    """A look at a panel, and at most one request to it.

    Parameters
    ----------
    kernel
        The workspace.
    actor
        Who visits.
    """

    def __init__(self, kernel: WorkspaceKernel, actor: Actor) -> None:
        self._kernel = kernel
        self._news = threading.Event()
        self._outbox = Outbox(self._news.set)
        self._lane = Lane(kernel.submit)
        self._requests = Requests(kernel, actor, uuid.uuid4().hex[:16], self._lane, self._outbox)
        self._following = Following(kernel, actor, None, self._lane, self._outbox)

    def look(self, panel: str, rev: int | None, wish: Wish | None = None) -> list[Message]:
        """Return what has changed of a panel since a rev, or all of it when null, and the answer to a wish.

        Messages are those of the stream, in their order: text is JSON, bytes are a page of rows.

        Raises
        ------
        UnavailableError
            If no answer comes.
        """
        known = self._kernel.head.rev if rev is None else rev
        try:
            self._see(panel, rev)
            messages = self._drained()
            if wish is not None:
                self._requests.take(wish)
                messages += self._answered(wish.id)
                # The change that the wish has made may be told of after its answer: nothing is told of twice.
                self._see(panel, known)
                messages += self._drained()
            return messages
        finally:
            self._following.close()
            self._requests.close()

    def cancel(self, request: str) -> None:
        """Cancel what a request has started."""
        self._requests.cancel(request)

    def _see(self, panel: str, rev: int | None) -> None:
        self._lane.put(lambda: self._following.subscribe(Subscribe(panel=panel, rev=rev))).result()

    def _drained(self) -> list[Message]:
        found: list[Message] = []
        while (message := self._outbox.take()) is not None:
            found.append(message)
        return found

    def _answered(self, request: str) -> list[Message]:
        found: list[Message] = []
        while self._news.wait(_PATIENCE):
            self._news.clear()
            found += self._drained()
            if any(_answers(message, request) for message in found):
                return found
        raise UnavailableError("The workspace did not answer.", hint="Look whether it was done before doing it again.")


def _answers(message: Message, request: str) -> bool:
    if isinstance(message, bytes):
        return True  # the only rows that anybody asked for
    frame = json.loads(message)
    return bool(frame["type"] == "result" and frame["id"] == request)
