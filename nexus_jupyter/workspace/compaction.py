"""Dropping the old part of a journal, never before all that depends on it is safe elsewhere."""

from __future__ import annotations

import logging
import time

from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.errors import NexusError, StorageError, UnavailableError
from nexus_jupyter.protocol.upkeep import CompactBody, Compaction
from nexus_jupyter.storage.space import can_shrink, rebuild, shrink
from nexus_jupyter.trilog import TriLog
from nexus_jupyter.workspace.store import WorkspaceStore
from nexus_jupyter.workspace.timeline import Head

__all__ = ["compact"]

_log = logging.getLogger(__name__)
_DAY = 86_400 * 1_000_000_000
_DAYS = 36_500


def compact(store: WorkspaceStore, trilog: TriLog, wish: CompactBody) -> Compaction:
    """Drop rows of the journal that are older than what is to be kept, and give their space back to the disk.

    Before, a checkpoint of the newest dropped rev is written, read back, and compared with a replay. The journal notes
    what was dropped, and why.

    Raises
    ------
    StorageError
        If TriLog cannot be asked what it has read, or the checkpoint cannot be verified; then nothing was dropped. If
        the file was to be written anew and there is too little free space, rows may have been dropped.
    """
    done = _dropped(store, trilog, wish)
    engine = store.journal.engine
    if engine.dialect.name != "sqlite":
        return done
    if can_shrink(engine):
        return done.model_copy(update={"freed": shrink(engine)})
    if wish.rebuild:
        with store.writer.paused():  # whoever writes waits for it, instead of failing
            return done.model_copy(update={"freed": rebuild(engine)})
    told = f"{done.reason} The file keeps its size until it is written anew once: compact(rebuild=True)."
    return done.model_copy(update={"reason": told})


def _dropped(store: WorkspaceStore, trilog: TriLog, wish: CompactBody) -> Compaction:
    head, base = store.writer.head, store.journal.base.rev
    limits = []
    if wish.keep_changes is not None:
        limits.append(head.rev - wish.keep_changes)
    if wish.keep_days is not None:
        # Databases have no moments further back; whoever wants to keep more keeps all.
        days = min(_DAYS, wish.keep_days)
        limits.append(store.journal.older_than(time.time_ns() - int(days * _DAY)))
    upto = min(limits, default=0)
    if upto <= base:
        return Compaction(rows=0, upto=base, reason="Nothing is older than what is to be kept.")
    if not wish.without_trilog:
        upto = min(upto, _read_by(trilog))
        if upto <= base:
            return Compaction(rows=0, upto=base, reason="TriLog has not read the older rows yet.")
    _secure(store, Head(store.writer.at(upto), upto))
    if head.rev > upto:
        # A second one, nearer to the end: should the first be damaged, the present at least is safe.
        store.checkpointer.write(head)
    mark = store.journal.mark(upto)
    assert mark is not None
    kept = [f"the last {wish.keep_changes} changes"] if wish.keep_changes is not None else []
    kept += [f"the last {wish.keep_days:g} days"] if wish.keep_days is not None else []
    reason = f"Kept were {' and '.join(kept)}."
    rows = store.journal.compact(mark, reason)
    store.checkpoints.drop([rev for rev in store.checkpoints.revs() if rev < upto])
    _log.warning("%d rows of the journal were dropped, up to rev %d. %s", rows, upto, reason)
    return Compaction(rows=rows, upto=upto, reason=reason)


def _read_by(trilog: TriLog) -> int:
    try:
        return trilog.flush()
    except UnavailableError as error:
        raise StorageError(
            f"Nothing was dropped, since TriLog cannot read what would be: {error.message}",
            hint="Install it, or compact with without_trilog=True, after which TriLog will never know these changes.",
        ) from error


def _secure(store: WorkspaceStore, version: Head) -> None:
    """Write a checkpoint, and make sure that what is on disk is what a replay gives."""
    store.checkpointer.write(version)
    kept = store.checkpoints.get(version.rev)
    start, graph = store.timeline.restored(version.rev - 1)
    for change in store.journal.replay(start):
        graph = store.timeline.applied(graph, change).graph
        if change.rev == version.rev:
            break
    expected = dump(graph)
    try:
        if kept is not None and dump(load(kept.body)) == expected:
            return
    except NexusError as error:
        raise StorageError("Nothing was dropped: the checkpoint could not be read back.") from error
    raise StorageError(
        "Nothing was dropped: the checkpoint is not what a replay of the journal gives.",
        hint="Run `nexus doctor --verify` on the workspace's folder.",
    )
