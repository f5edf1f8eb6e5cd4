"""The one writer of a workspace: orders changes, makes them durable, then shows them.

Threads that write at the same time are served by whichever of them holds the lock: it applies all waiting changes one
after the other, stores them in one transaction (group commit), and only then makes the new graph visible and tells the
listeners. So nobody ever sees, or is told of, a change that a crash could take back.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from nexus_jupyter.nog import Applied, Graph, apply
from nexus_jupyter.protocol.errors import NexusError, StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, Op
from nexus_jupyter.storage import Journal
from nexus_jupyter.storage.entries import value_in
from nexus_jupyter.trilog import current_ids
from nexus_jupyter.workspace.opening import Opening
from nexus_jupyter.workspace.timeline import Head, Timeline

__all__ = ["Draft", "Guard", "Head", "Writer"]

_log = logging.getLogger(__name__)
#: Nanoseconds that the journal's time may be ahead of the clock without a word: clocks are set by as much all the time.
_NOTABLE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that somebody wants to make."""

    ops: Sequence[Op]
    actor: Actor
    cause: Cause
    panel: str | None = None
    trace_id: str = ""
    span_id: str = ""


Listener = Callable[[Change, Head], None]
#: Raises if somebody may not make a change of a panel, or of all, that leads from a graph to what was applied.
Guard = Callable[[Actor, str | None, Graph, Applied], None]


class _Request:
    def __init__(self, draw: Callable[[Graph], Draft]) -> None:
        self.draw = draw
        # Whoever serves the request is on another thread, in a trace of its own.
        self.ids = current_ids()
        self.done = False
        self.change: Change | None = None
        self.error: BaseException | None = None


class Writer:
    """Serialises changes of one workspace.

    Parameters
    ----------
    journal
        Where changes are stored.
    timeline
        The graph's versions; opened on construction.
    workspace
        The key of the workspace's rows.
    clock
        Nanoseconds since the epoch.
    guard
        Raises if a change may not be made, such as for a quota; with the writer's lock held, so it must be quick.
    opening
        The time in which changes may be made; without an end when left out.
    """

    def __init__(
        self,
        journal: Journal,
        timeline: Timeline,
        workspace: str,
        clock: Callable[[], int] = time.time_ns,
        *,
        guard: Guard = lambda *_change: None,
        opening: Opening | None = None,
    ) -> None:
        self._guard = guard
        #: Refuses changes once the workspace was closed, and in forked processes.
        self.opening = opening or Opening(workspace)
        self._journal = journal
        self._timeline = timeline
        self._workspace = workspace
        self._clock = clock
        self._lock = threading.RLock()
        self._waiting = deque[_Request]()
        self._listeners: list[Listener] = []
        self._is_ahead = False
        self.head, self._last_ts = timeline.open()

    def submit(self, draw: Callable[[Graph], Draft]) -> Change | None:
        """Make a change and return it once it is durable; ``None`` when there was nothing to change.

        Parameters
        ----------
        draw
            Gets the newest graph and returns what to change; called with the writer's lock held, so it must be quick.

        Raises
        ------
        NexusError
            From ``draw``, from a patch that does not apply, or from the journal. Then nothing was changed.
        """
        self.opening.check()
        request = _Request(draw)
        self._waiting.append(request)
        with self._lock:
            if not request.done:
                self._serve()
        if request.error is not None:
            raise request.error
        return request.change

    def at(self, rev: int) -> Graph:
        """Return the graph as it was after a rev; the newest ones are at hand, older ones are made again.

        Raises
        ------
        NotFoundError
            If the rev is still to come, or was dropped when the journal was compacted.
        """
        return self._timeline.at(rev)

    def listen(self, listener: Listener) -> tuple[Head, Callable[[], None]]:
        """Be told of every change from now on.

        Returns
        -------
        head, stop
            The head that the first change told will follow, and a function that ends the listening.
        """
        with self._lock:
            self._listeners = [*self._listeners, listener]
            return self.head, lambda: self._stop(listener)

    @contextmanager
    def paused(self) -> Iterator[Head]:
        """Keep changes from being made for a moment, to read what must not change meanwhile."""
        with self._lock:
            yield self.head

    def _stop(self, listener: Listener) -> None:
        with self._lock:
            self._listeners = [other for other in self._listeners if other is not listener]

    def _serve(self) -> None:
        batch: list[_Request] = []
        heads: list[Head] = []
        try:
            head = self._settled()
        except NexusError as error:
            self._refuse(error)
            return
        while self._waiting:
            request = self._waiting.popleft()
            request.done = True
            try:
                change, after = self._apply(head, request.draw(head.graph), request.ids)
            except Exception as error:  # noqa: BLE001 - raised again in the thread that asked
                request.error = error
                continue
            if change is not None:
                head = after
                request.change = change
                batch.append(request)
                heads.append(head)
        if batch:
            self._commit(batch, heads)

    def _settled(self) -> Head:
        """Return the head, after what an interrupted commit had stored all the same, if one was."""
        for entry in self._journal.settle():
            head = self._timeline.applied(self.head.graph, entry)
            self._show(entry.whole(value_in(self.head.graph)), head)
        return self.head

    def _refuse(self, error: NexusError) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            request.done, request.error = True, error

    def _apply(self, head: Head, draft: Draft, ids: tuple[str, str]) -> tuple[Change | None, Head]:
        rev = head.rev + 1
        applied = apply(head.graph, draft.ops, rev=rev)
        if not applied.ops:
            return None, head
        self._guard(draft.actor, draft.panel, head.graph, applied)
        cause = self._timed(draft.cause)
        change = Change(
            workspace=self._workspace,
            rev=rev,
            ts=self._last_ts,
            actor=draft.actor,
            cause=cause,
            panel=draft.panel,
            trace_id=draft.trace_id or ids[0],
            span_id=draft.span_id or ids[1],
            ops=applied.ops,
            inverse=applied.inverse,
        )
        return change, Head(applied.graph, rev, applied.replaced)

    def _timed(self, cause: Cause) -> Cause:
        """Take the time of the next change, and note in its cause when that is not the clock's.

        Time never runs backwards in the journal. After the clock was put back, its time goes on from where it was, a
        nanosecond a change, until the clock has caught up (a hybrid logical clock, Kulkarni and others, 2014).
        """
        now = self._clock()
        self._last_ts = max(self._last_ts + 1, now)
        ahead = self._last_ts - now
        if ahead < _NOTABLE:
            self._is_ahead = False
            return cause
        if not self._is_ahead:
            self._is_ahead = True
            _log.warning(
                "The clock was put back: the newest change is %s ahead of it. Until it has caught up, changes get "
                "times right after that one, in their order. The column `ahead` of ws.journal says which.",
                timedelta(seconds=ahead // 1_000_000_000),
            )
        return cause.model_copy(update={"ahead_ms": ahead // 1_000_000})

    def _commit(self, batch: list[_Request], heads: list[Head]) -> None:
        changes = [request.change for request in batch if request.change is not None]
        try:
            self._journal.append(changes)
        except NexusError as error:
            for request in batch:
                request.change, request.error = None, error
            return
        except BaseException:
            # Ctrl-C in the thread that serves: `settle` finds out before the next change, the others must not believe.
            for request in batch:
                request.change, request.error = None, StorageError("It is not known whether the change was saved.")
            raise
        for change, head in zip(changes, heads, strict=True):
            self._show(change, head)

    def _show(self, change: Change, head: Head) -> None:
        self.head = head
        self._timeline.add(head)
        for listener in self._listeners:
            try:
                listener(change, head)
            except Exception:  # noqa: BLE001 - told in the log
                # The change is made; whoever cannot take the news must not keep it from the others.
                _log.exception("A listener could not take rev %d", change.rev)
