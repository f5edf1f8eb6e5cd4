"""Writing checkpoints in the background, and deciding which ones stay."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor

from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.storage import Checkpoint, CheckpointStore, Journal
from nexus_jupyter.workspace.timeline import Head

__all__ = ["Checkpointer"]

_log = logging.getLogger(__name__)
#: The newest checkpoints all stay; older ones are thinned once all have more bytes than this, but never further apart
#: than so many times what they were made at.
_NEWEST, _BYTES, _SPARSEST = 12, 256 << 20, 64
#: Bytes of the journal between two, if not told otherwise, and how many times its own bytes a checkpoint has to save.
_EVERY_BYTES, _WORTH = 32 << 20, 8


class Checkpointer:
    """Writes a checkpoint every so many changes or bytes of the journal, and one at the end.

    A checkpoint that cannot be written costs a longer opening and nothing else, so it is told in the log alone.

    Parameters
    ----------
    journal, store
        Whose checkpoints, and where they go.
    every
        Changes between two; 0 for none at all.
    every_bytes
        Bytes of the journal between two. Few large changes take as long to replay as many small ones.
    """

    def __init__(self, journal: Journal, store: CheckpointStore, every: int, every_bytes: int = _EVERY_BYTES) -> None:
        self._journal = journal
        self._store = store
        self._every = every
        self._every_bytes = every_bytes
        sizes = store.sizes()
        self._newest = max(sizes, default=0)
        self._newest_size = sizes.get(self._newest, 0)
        #: What the journal had appended when the newest checkpoint was made; less than nothing if that was long ago.
        self._newest_at = journal.appended_bytes - (journal.bytes_after(self._newest) if every else 0)
        self._busy = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="nexus-checkpoints")

    def on_change(self, _change: Change, head: Head) -> None:
        """Take note of a change; costs nothing until a checkpoint is due."""
        self.look(head)

    def look(self, head: Head) -> None:
        """Write a checkpoint soon, if one is due: also after an opening that had to replay that much."""
        if self._is_due(head) and self._busy.acquire(blocking=False):
            self._pool.submit(self._soon, head)

    def _is_due(self, head: Head) -> bool:
        if not self._every or head.rev <= self._newest:
            return False
        passed = self._journal.appended_bytes - self._newest_at
        return head.rev - self._newest >= self._every or passed >= max(self._every_bytes, _WORTH * self._newest_size)

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
        appended, body = self._journal.appended_bytes, dump(head.graph)
        self._store.put(Checkpoint(mark.rev, mark.ts, mark.digest, body))
        if head.rev >= self._newest:
            self._newest, self._newest_size, self._newest_at = head.rev, len(body), appended
        self._store.drop(_superfluous(self._store.sizes(), self._every, self._journal.base.rev))

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


def _superfluous(sizes: Mapping[int, int], every: int, base: int, most: int = _BYTES) -> Collection[int]:
    """Return the checkpoints that may go: old ones near to the next, the nearer ones first.

    As many stay as there is room for, since what is replayed from one to a version is what looking at the past costs.
    The one that the journal begins with stays, whatever there is.
    """
    total, apart = sum(sizes.values()), every
    while True:
        dropped = _near(list(sizes), apart, base)
        if total - sum(sizes[rev] for rev in dropped) <= most or apart >= every * _SPARSEST:
            return dropped
        apart *= 2


def _near(revs: list[int], apart: int, base: int) -> Collection[int]:
    dropped: set[int] = set()
    newer = revs[-_NEWEST:]
    next_kept = newer[0] if newer else 0
    for rev in reversed(revs[:-_NEWEST]):
        if rev != base and next_kept - rev < apart:
            dropped.add(rev)
        else:
            next_kept = rev
    return dropped
