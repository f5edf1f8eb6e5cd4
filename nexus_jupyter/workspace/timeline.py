"""The versions of the graph: the newest, those before it at hand, older ones made again from checkpoints.

Versions share what did not change, down to the items of a state's list. How many are at hand is bounded by their number
and by the bytes that keeping them takes.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.sharing import weight
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, StorageError
from nexus_jupyter.storage import Checkpoint, CheckpointStore, Entry, Journal, Mark, examine_advice

__all__ = ["Head", "Timeline"]

_log = logging.getLogger(__name__)
#: Versions kept as they are made, and as many older ones once they were asked for.
_KEPT = 10_000
#: Bytes that these and those may take beyond the newest version, and what one takes that changes a number.
_KEPT_BYTES, _VERSION = 64 << 20, 2 << 10
#: A version that took the replay of more changes is kept as a checkpoint, so that those near it take few.
_FAR = 2000


@dataclass(frozen=True, slots=True)
class Head:
    """The graph as of a rev; ``replaced`` as in `Applied`."""

    graph: Graph
    rev: int
    replaced: int = 0


class _Versions:
    """Versions at hand, the first ones let go when they are too many or take too many bytes.

    A version is charged with what it replaced, since that is what keeping the one before it takes.

    Parameters
    ----------
    most, most_bytes
        How many may be kept, and what they may take; one is always kept.
    """

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most = most
        self._most_bytes = most_bytes
        self._graphs: OrderedDict[int, Graph] = OrderedDict()
        self._charges: dict[int, int] = {}
        self._bytes = 0

    def __contains__(self, rev: int) -> bool:
        return rev in self._graphs

    def __iter__(self) -> Iterator[int]:
        return iter(self._graphs)

    def get(self, rev: int) -> Graph | None:
        return self._graphs.get(rev)

    def put(self, rev: int, graph: Graph, replaced: int) -> None:
        """Keep a version, which is the last to be let go."""
        self._bytes += _VERSION + replaced - self._charges.get(rev, 0)
        self._charges[rev] = _VERSION + replaced
        self._graphs[rev] = graph
        self.used(rev)
        while len(self._graphs) > 1 and (len(self._graphs) > self.most or self._bytes > self._most_bytes):
            gone, _ = self._graphs.popitem(last=False)
            self._bytes -= self._charges.pop(gone)

    def used(self, rev: int) -> None:
        """Let go of a version after all others."""
        self._graphs.move_to_end(rev)

    def clear(self) -> None:
        """Let go of all."""
        self._graphs.clear()
        self._charges.clear()
        self._bytes = 0


class Timeline:
    """Every version of a workspace's graph that its journal can tell of.

    Parameters
    ----------
    journal, checkpoints
        What they are made from.
    kept_bytes
        Bytes of memory that versions of the past may take.
    """

    def __init__(self, journal: Journal, checkpoints: CheckpointStore, kept_bytes: int = _KEPT_BYTES) -> None:
        self._journal = journal
        self._checkpoints = checkpoints
        # Written by the one writer only; looking one up needs no lock.
        self._recent = _Versions(_KEPT, kept_bytes // 2)
        self._older = _Versions(_KEPT, kept_bytes // 2)
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
        head = Head(graph, rev)
        for entry in self._journal.replay(start):
            head, ts = self.applied(head.graph, entry), entry.ts
            self.add(head)
        return head, ts

    def add(self, head: Head) -> None:
        """Keep a version, which follows the one that was added before."""
        self._recent.put(head.rev, head.graph, head.replaced)
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
            older = self._older.get(rev)
            if older is None:
                return self._replayed(rev)
            self._older.used(rev)
            return older

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

    def applied(self, graph: Graph, entry: Entry) -> Head:
        """Return the version after a change that the journal has; raises `StorageError` when it does not apply."""
        try:
            applied = apply(graph, entry.redo(graph), rev=entry.rev)
        except NexusError as error:
            raise StorageError(
                f"The journal is damaged: rev {entry.rev} does not follow from what was before it. {error.message}",
                hint=examine_advice(self._journal.engine),
            ) from error
        return Head(applied.graph, entry.rev, applied.replaced)

    def _loaded(self, rev: int) -> tuple[Mark, Graph]:
        checkpoint = self._checkpoints.get(rev)
        mark = self._journal.mark(rev)
        if checkpoint is None or mark is None or checkpoint.digest != mark.digest:
            raise StorageError("It shows another history than the journal does.")
        return mark, load(checkpoint.body, near=self._recent.get(self._newest))

    def _replayed(self, rev: int) -> Graph:
        """Make a version again, and keep those on the way to it that there is room for."""
        start, graph = self._nearest(rev)
        if start.rev not in self._older:
            self._older.put(start.rev, graph, self._apart(graph))
        for entry in self._journal.replay(start, rev):
            head = self.applied(graph, entry)
            graph = head.graph
            self._older.put(entry.rev, graph, head.replaced)
        if rev - start.rev > _FAR:
            self._keep(rev, graph)
        return graph

    def _apart(self, graph: Graph) -> int:
        """Return about how many bytes of a version that was loaded are not in the newest one."""
        newest = self._recent.get(self._newest) or Graph()
        known = newest.records
        return sum(
            weight(*record.entity.attrs.values())
            for entity_id, record in graph.records.items()
            if known.get(entity_id) is not record
        )

    def _nearest(self, rev: int) -> tuple[Mark, Graph]:
        """Return the newest version up to a rev that is at hand, or a checkpoint's if that is newer."""
        shown = max((found for found in self._checkpoints.revs() if found <= rev), default=0)
        near = next((found for found in range(rev, shown - 1, -1) if found in self._older), None)
        graph = self._older.get(near) if near is not None else None
        mark = self._journal.mark(near) if near is not None else None
        return (mark, graph) if mark is not None and graph is not None else self.restored(rev)

    def _keep(self, rev: int, graph: Graph) -> None:
        mark = self._journal.mark(rev)
        try:
            if mark is not None:
                self._checkpoints.put(Checkpoint(rev, mark.ts, mark.digest, dump(graph)))
        except StorageError as error:  # such as of a workspace that is another process's now
            _log.info("The version of rev %d is not kept as a checkpoint. %s", rev, error)
