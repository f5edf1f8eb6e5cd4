"""What a workspace stores in its database, opened together and closed together."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import Engine

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage import (
    CheckpointStore,
    Fence,
    GrantStore,
    Journal,
    Ownership,
    RunStore,
    open_database,
    sqlite_url,
)
from nexus_jupyter.storage.database import schema_fault
from nexus_jupyter.storage.rows import copy_rows, move_rows
from nexus_jupyter.workspace.checkpointing import Checkpointer
from nexus_jupyter.workspace.folder import WorkspaceFolder
from nexus_jupyter.workspace.identity import Identity
from nexus_jupyter.workspace.opening import Opening
from nexus_jupyter.workspace.options import WorkspaceOptions
from nexus_jupyter.workspace.quotas import QuotaGuard
from nexus_jupyter.workspace.timeline import Timeline
from nexus_jupyter.workspace.writer import Writer

__all__ = ["WorkspaceStore"]


class WorkspaceStore:
    """The journal with its writer, the checkpoints, the grants and the recordings of a workspace.

    Parameters
    ----------
    folder
        The workspace's folder, which has the databases unless the options name another.
    options
        Where the database is, and how often a checkpoint is written.

    Raises
    ------
    StorageError
        If the database cannot be opened, is another process's, or its journal is damaged.
    """

    def __init__(self, folder: WorkspaceFolder, options: WorkspaceOptions) -> None:
        #: The database of the journal; it may hold a password, so it is for opening and not for showing.
        self.url = options.database_url or sqlite_url(folder.journal)
        #: Whether the databases are files in the folder.
        self.in_folder = not options.database_url
        #: What the workspace's rows are found by, in its databases and in TriLog.
        self.key = _key(folder.identity, options)
        self.opening = Opening(folder.name)
        if folder.arrived:
            _refuse_programs(folder)
        with ExitStack() as undo:
            engine = open_database(self.url)
            undo.callback(engine.dispose)
            ownership = self._owned(engine, folder.identity)
            undo.callback(ownership.release)
            self.journal = Journal(engine, self.key, ownership)
            self.checkpoints = CheckpointStore(engine, self.key, self.journal.guard)
            self.timeline = Timeline(self.journal, self.checkpoints, options.versions_bytes)
            self.journal.graph_at = self.timeline.at
            guard = QuotaGuard(options.quotas).check
            self.writer = Writer(self.journal, self.timeline, self.key, guard=guard, opening=self.opening)
            self.checkpointer = Checkpointer(
                self.journal, self.checkpoints, options.checkpoint_every, options.checkpoint_bytes
            )
            self.writer.listen(self.checkpointer.on_change)
            self.checkpointer.look(self.writer.head)
            self.grants = GrantStore(engine, self.key, self.journal.guard)
            self.runs = RunStore(self._opened_runs(folder, options), self.key)
            undo.pop_all()

    def close(self) -> None:
        """Write a last checkpoint and the recordings that wait, and close all connections."""
        self.opening.close()
        self.runs.close()
        self.checkpointer.close(self.writer.head)
        self.journal.close()

    def _owned(self, engine: Engine, identity: Identity) -> Ownership | Fence:
        """Become the owner of the rows, after those under a former key were brought along."""
        if engine.dialect.name == "sqlite":
            fence = Fence(engine, self.key)
            for former in _former(identity):
                move_rows(engine, former, self.key, fence.check)
            return fence
        ownership = Ownership(engine, self.key)
        try:
            if self.key != identity.id:
                return ownership  # an id that was given has its own rows
            if identity.copied:
                copy_rows(engine, identity.before, self.key, ownership.check)
            elif identity.before:
                # Whoever has the rows open under their former key must not lose them meanwhile.
                other = Ownership(engine, identity.before)
                try:
                    move_rows(engine, identity.before, self.key, ownership.check)
                finally:
                    other.release()
        except BaseException:
            ownership.release()
            raise
        return ownership

    def _opened_runs(self, folder: WorkspaceFolder, options: WorkspaceOptions) -> Engine:
        if options.database_url:
            return open_database(options.database_url)
        engine = open_database(sqlite_url(folder.runs))
        for former in _former(folder.identity):
            move_rows(engine, former, self.key)
        return engine


def _refuse_programs(folder: WorkspaceFolder) -> None:
    """Refuse databases that would act by themselves, in a folder that was out of this account's hands."""
    for file in (folder.journal, folder.runs):
        fault = schema_fault(file) if file.exists() else ""
        if fault:
            raise StorageError(fault, hint=f"Run: nexus doctor --repair {folder.root}")


def _key(identity: Identity, options: WorkspaceOptions) -> str:
    if options.database_url and options.workspace_id:
        return options.workspace_id
    return identity.id if options.database_url or options.trilog_url else identity.key


def _former(identity: Identity) -> tuple[str, ...]:
    """Return the keys under which the folder's own databases may have the rows, the most likely first."""
    return identity.key, identity.id, identity.before
