"""The versions of the graph: the newest, the ten thousand before it at hand, older ones made again from checkpoints."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, StorageError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.storage import Checkpoint, CheckpointStore, Journal, Mark, examine_advice

__all__ = ["Head", "Timeline"]

_log = logging.getLogger(__name__)
#: Versions kept as they are made, and as many older ones once they were asked for. They share what did not change.
_KEPT = 10_000
#: A version that took the replay of more changes is kept as a checkpoint, so that those near it take few.
_FAR = 2000


@dataclass(frozen=True, slots=True)
class Head:
    """The graph as of a rev."""

    graph: Graph
    rev: int


class Timeline:
    """Every version of a workspace's graph that its journal can tell of.

    Parameters
    ----------
    journal, checkpoints
        What they are made from.
    kept
        How many of the newest are kept.
    """

    def __init__(self, journal: Journal, checkpoints: CheckpointStore, kept: int = _KEPT) -> None:
        self._journal = journal
        self._checkpoints = checkpoints
        self._kept = kept
        # By rev, written by the one writer only; looking one up needs no lock.
        self._recent: dict[int, Graph] = {}
        self._older: OrderedDict[int, Graph] = OrderedDict()
        self._lock = threading.Lock()
        self._newest = 0

    def open(self) -> tuple[Head, int]:
        """Return the newest version, from the newest checkpoint that is sound and the changes since, and its time.

        Raises
        ------
        StorageError
            If the journal is damaged.
        """
        self._journal.check_dense()
        last = self._journal.last_rev()
        shown = max(self._checkpoints.revs(), default=0)
        if shown > last:
            raise StorageError(
                f"The journal ends at rev {last}, but there is a checkpoint of rev {shown}: changes are lost.",
                hint=examine_advice(self._journal.engine),
            )
        start, graph = self.restored(last)
        rev, ts = start.rev, start.ts
        self.add(Head(graph, rev))
        for change in self._journal.replay(start):
            graph, rev, ts = self.applied(graph, change), change.rev, change.ts
            self.add(Head(graph, rev))
        return Head(graph, rev), ts

    def add(self, head: Head) -> None:
        """Keep a version, which follows the one that was added before."""
        self._recent[head.rev] = head.graph
        self._recent.pop(head.rev - self._kept, None)
        self._newest = head.rev

    def at(self, rev: int) -> Graph:
        """Return the graph as it was after a rev.

        Raises
        ------
        NotFoundError
            If the rev is still to come, or was dropped when the journal was compacted.
        StorageError
            If the journal is damaged there.
        """
        found = self._recent.get(rev)
        if found is not None:
            return found
        if not 0 <= rev <= self._newest:
            raise NotFoundError(f"There is no rev {rev}: the newest is {self._newest}.")
        if rev < self._journal.base.rev:
            raise NotFoundError(
                f"Rev {rev} is gone: the journal was compacted, and begins at rev {self._journal.base.rev}.",
                hint="A commit from that time can be checked out, and an exported journal imported elsewhere.",
            )
        with self._lock:
            if rev not in self._older:
                self._replay_around(rev)
            self._older.move_to_end(rev)
            return self._older[rev]

    def restored(self, upto: int) -> tuple[Mark, Graph]:
        """Return the newest version up to a rev that can be had without a replay: a checkpoint's, or the empty graph.

        A checkpoint that is damaged, or that does not belong to this journal, is passed over, which the log tells.

        Raises
        ------
        StorageError
            If the journal has no beginning (it was compacted) and no checkpoint is sound.
        """
        for rev in reversed(self._checkpoints.revs()):
            if rev > upto:
                continue
            try:
                return self._loaded(rev)
            except StorageError as error:
                _log.warning(
                    "The checkpoint of rev %d cannot be used: %s The one before it is used instead, or the journal "
                    "from its beginning.",
                    rev,
                    error.message,
                )
        if self._journal.base.rev:
            raise StorageError(
                f"The journal begins after rev {self._journal.base.rev}, and no checkpoint of it is sound.",
                hint=examine_advice(self._journal.engine),
            )
        return Mark(), Graph()

    def applied(self, graph: Graph, change: Change) -> Graph:
        """Return the graph after a change that the journal has; raises `StorageError` when it does not apply."""
        try:
            return apply(graph, change.ops, rev=change.rev).graph
        except NexusError as error:
            raise StorageError(
                f"The journal is damaged: rev {change.rev} does not follow from what was before it. {error.message}",
                hint=examine_advice(self._journal.engine),
            ) from error

    def _loaded(self, rev: int) -> tuple[Mark, Graph]:
        checkpoint = self._checkpoints.get(rev)
        mark = self._journal.mark(rev)
        if checkpoint is None or mark is None or checkpoint.digest != mark.digest:
            raise StorageError("It shows another history than the journal does.")
        return mark, load(checkpoint.body, near=self._recent.get(self._newest))

    def _replay_around(self, rev: int) -> None:
        start, graph = self._nearest(rev)
        self._older[start.rev] = graph
        for change in self._journal.replay(start, rev):
            graph = self.applied(graph, change)
            self._older[change.rev] = graph
        if rev - start.rev > _FAR:
            self._keep(rev, graph)
        while len(self._older) > self._kept:
            oldest, forgotten = self._older.popitem(last=False)
            if oldest == rev:
                self._older[oldest] = forgotten

    def _nearest(self, rev: int) -> tuple[Mark, Graph]:
        """Return the newest version up to a rev that is at hand, or a checkpoint's if that is newer."""
        shown = max((found for found in self._checkpoints.revs() if found <= rev), default=0)
        near = next((found for found in range(rev, shown - 1, -1) if found in self._older), None)
        mark = self._journal.mark(near) if near is not None else None
        if near is not None and mark is not None:
            return mark, self._older[near]
        return self.restored(rev)

    def _keep(self, rev: int, graph: Graph) -> None:
        mark = self._journal.mark(rev)
        try:
            if mark is not None:
                self._checkpoints.put(Checkpoint(rev, mark.ts, mark.digest, dump(graph)))
        except StorageError as error:  # such as of a workspace that is another process's now
            _log.info("The version of rev %d is not kept as a checkpoint. %s", rev, error)
