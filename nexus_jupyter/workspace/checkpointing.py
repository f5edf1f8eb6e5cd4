"""Writing checkpoints in the background, and deciding which ones stay."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor

from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.storage import Checkpoint, CheckpointStore, Journal
from nexus_jupyter.workspace.timeline import Head

__all__ = ["Checkpointer"]

_log = logging.getLogger(__name__)
#: The newest checkpoints all stay; of older ones, one in so many.
_NEWEST, _ONE_IN = 12, 10


class Checkpointer:
    """Writes a checkpoint every so many changes, and one at the end.

    A checkpoint that cannot be written costs a longer opening and nothing else, so it is told in the log alone.

    Parameters
    ----------
    journal, store
        Whose checkpoints, and where they go.
    every
        Changes between two; 0 for none at all.
    """

    def __init__(self, journal: Journal, store: CheckpointStore, every: int) -> None:
        self._journal = journal
        self._store = store
        self._every = every
        self._newest = max(store.revs(), default=0)
        self._busy = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nexus-checkpoints")

    def on_change(self, _change: Change, head: Head) -> None:
        """Take note of a change; costs nothing until a checkpoint is due."""
        if not self._every or head.rev - self._newest < self._every:
            return
        if self._busy.acquire(blocking=False):
            self._pool.submit(self._soon, head)

    def write(self, head: Head) -> None:
        """Write a checkpoint of a version now.

        Raises
        ------
        StorageError
            If it could not be written.
        """
        mark = self._journal.mark(head.rev)
        if mark is None or not mark.rev:
            return
        self._store.put(Checkpoint(mark.rev, mark.ts, mark.digest, dump(head.graph)))
        self._newest = max(self._newest, head.rev)
        self._store.drop(_superfluous(self._store.revs(), self._every, self._journal.base.rev))

    def close(self, head: Head) -> None:
        """Write what has changed since the last checkpoint, so that the workspace opens fast again."""
        self._pool.shutdown()
        if self._every and head.rev > self._newest:
            self._try(head)

    def _soon(self, head: Head) -> None:
        try:
            self._try(head)
        finally:
            self._busy.release()

    def _try(self, head: Head) -> None:
        try:
            self.write(head)
        except NexusError as error:
            _log.warning("No checkpoint of rev %d was written; opening will take longer. %s", head.rev, error)


def _superfluous(revs: list[int], every: int, base: int) -> Collection[int]:
    """Return the checkpoints that may go: old ones near to the next, but not the one that the journal begins with."""
    dropped: set[int] = set()
    newer = revs[-_NEWEST:]
    next_kept = newer[0] if newer else 0
    for rev in reversed(revs[:-_NEWEST]):
        if rev != base and next_kept - rev < every * _ONE_IN:
            dropped.add(rev)
        else:
            next_kept = rev
    return dropped
