"""What a workspace stores in its database, opened together and closed together."""

from __future__ import annotations

from contextlib import ExitStack

from nexus_jupyter.storage import CheckpointStore, GrantStore, Journal, Ownership, RunStore, open_database, sqlite_url
from nexus_jupyter.workspace.checkpointing import Checkpointer
from nexus_jupyter.workspace.folder import WorkspaceFolder
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
        with ExitStack() as undo:
            engine = open_database(self.url)
            undo.callback(engine.dispose)
            ownership = None
            if engine.dialect.name == "postgresql":
                ownership = Ownership(engine, folder.name)
                undo.callback(ownership.release)
            self.journal = Journal(engine, folder.name, ownership)
            self.checkpoints = CheckpointStore(engine, folder.name, self.journal.guard)
            self.timeline = Timeline(self.journal, self.checkpoints)
            guard = QuotaGuard(options.quotas).check
            self.writer = Writer(self.journal, self.timeline, folder.name, guard=guard)
            self.checkpointer = Checkpointer(self.journal, self.checkpoints, options.checkpoint_every)
            self.writer.listen(self.checkpointer.on_change)
            self.grants = GrantStore(engine, folder.name, self.journal.guard)
            self.runs = RunStore(open_database(options.database_url or sqlite_url(folder.runs)), folder.name)
            undo.pop_all()

    def close(self) -> None:
        """Write a last checkpoint and the recordings that wait, and close all connections."""
        self.runs.close()
        self.checkpointer.close(self.writer.head)
        self.journal.close()
