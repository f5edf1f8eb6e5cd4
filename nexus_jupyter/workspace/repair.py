"""`nexus doctor --repair`: a sound database in place of a damaged one, which is kept aside."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage import Checkpoint, CheckpointStore, Journal, open_database, sqlite_url
from nexus_jupyter.storage.database import schema_fault
from nexus_jupyter.storage.private import make_folder, replace, writing
from nexus_jupyter.storage.salvage import integrity, salvage
from nexus_jupyter.storage.schema import checkpoints, compactions, grants
from nexus_jupyter.workspace.folder import WorkspaceFolder
from nexus_jupyter.workspace.recovery import Recovery, recover
from nexus_jupyter.workspace.verification import read_file, verify

__all__ = ["repair"]

_SUFFIXES = ("", "-wal", "-shm")
_BATCH = 1000


def repair(root: Path) -> list[str]:
    """Repair the files of a workspace, if they are damaged; return what was done and lost, a sentence each.

    Parameters
    ----------
    root
        The workspace's folder. Nobody may have it open.

    Raises
    ------
    StorageError
        If the workspace is open, or nothing could be recovered. The files are as they were then.
    """
    folder = WorkspaceFolder(root)
    try:
        aside = folder.private / f"damaged-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        return [*_journal(folder, aside), *_runs(folder, aside)] or ["Nothing is damaged."]
    finally:
        folder.release()


def _journal(folder: WorkspaceFolder, aside: Path) -> list[str]:
    if not folder.journal.exists() or not verify(read_file(folder.journal)).faults:
        return []
    copy = _keep(folder.journal, aside)
    contents = read_file(copy)
    key = contents.workspace or folder.identity.key
    recovery = recover(contents, key)
    made = folder.private / "journal.repaired"
    for suffix in _SUFFIXES:
        made.with_name(made.name + suffix).unlink(missing_ok=True)
    told = _write(made, key, recovery, copy)
    faults = verify(read_file(made)).faults
    if faults:
        raise StorageError(
            f"The journal could not be repaired: {faults[0]}",
            hint=f"The files are as they were; a copy is in {aside}. Restore them from a backup.",
        )
    if recovery.aside:
        lines = [json.dumps(dict(row), default=str) for row in recovery.aside]
        replace(aside / "unused.jsonl", "\n".join(lines) + "\n")
        told.append(f"{len(lines)} rows could be read but not used; they are in {aside / 'unused.jsonl'}.")
    made.replace(folder.journal)
    for suffix in _SUFFIXES[1:]:
        folder.journal.with_name(folder.journal.name + suffix).unlink(missing_ok=True)
    _sync(folder.private)
    told.append(f"The damaged files are kept in {aside}.")
    return told


def _write(file: Path, name: str, recovery: Recovery, damaged: Path) -> list[str]:
    engine = open_database(sqlite_url(file))
    try:
        base, first = recovery.base, recovery.first
        saved = salvage(damaged, "grants")
        with engine.begin() as connection:
            if first is not None:
                row = {"workspace": name, "rev": first.rev, "ts": first.ts, "digest": first.digest, "body": first.body}
                connection.execute(insert(checkpoints), [row])
                note = {"workspace": name, "last_rev": base.rev, "first_rev": 1, "ts": base.ts, "digest": base.digest}
                note |= {"at": datetime.now(UTC).isoformat(), "reason": "The journal was repaired."}
                connection.execute(insert(compactions), [note])
            if saved.rows:
                connection.execute(insert(grants), saved.rows)
        journal = Journal(engine, name)
        for start in range(0, len(recovery.changes), _BATCH):
            journal.append(recovery.changes[start : start + _BATCH])
        newest = journal.mark(journal.last_rev())
        if newest is not None and newest.rev > base.rev:
            body = dump(recovery.graph)
            CheckpointStore(engine, name).put(Checkpoint(newest.rev, newest.ts, newest.digest, body))
    finally:
        engine.dispose()
    told = [f"The journal is whole again, up to rev {base.rev + len(recovery.changes)}.", *recovery.told]
    if saved.errors:
        told.append(f"Of the grants, {len(saved.rows)} could be read; panels may have to be allowed things again.")
    return told


def _runs(folder: WorkspaceFolder, aside: Path) -> list[str]:
    if not folder.runs.exists() or not (integrity(folder.runs) or schema_fault(folder.runs)):
        return []
    _keep(folder.runs, aside)
    for suffix in _SUFFIXES:
        folder.runs.with_name(folder.runs.name + suffix).unlink(missing_ok=True)
    return [f"The recordings of runs are damaged; a new file takes their place, and the old one is in {aside}."]


def _keep(file: Path, aside: Path) -> Path:
    """Copy a database with what belongs to it, durably, and return the copy."""
    make_folder(aside)
    for suffix in _SUFFIXES:
        source = file.with_name(file.name + suffix)
        # What SQLite shares between processes (-shm) holds no data, and would be taken for that of the copy.
        if source.exists() and suffix != "-shm":
            with source.open("rb") as found, writing(aside / source.name) as copy:
                shutil.copyfileobj(found, copy)
    _sync(aside)
    return aside / file.name


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
