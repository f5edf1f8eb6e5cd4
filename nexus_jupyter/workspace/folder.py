"""The folder of a workspace: where things lie, and the lock that makes one process its owner."""

from __future__ import annotations

import os
from pathlib import Path

from filelock import FileLock, Timeout

from nexus_jupyter.protocol.errors import StorageError

__all__ = ["WorkspaceFolder"]


class WorkspaceFolder:
    """A workspace on disk.

    ``panels/`` and ``nog/`` are what git keeps; ``files/`` is what panels may read and write; ``.nexus/`` holds
    the journal, frames and caches of this machine.

    Parameters
    ----------
    root
        The folder; made when it is missing.

    Raises
    ------
    StorageError
        If the folder cannot be written, or another process has the workspace open.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.private = self.root / ".nexus"
        self.panels = self.root / "panels"
        self.nog = self.root / "nog"
        self.frames = self.private / "frames"
        self.journal = self.private / "journal.db"
        self.runs = self.private / "runs.db"
        self.trilog = self.private / "trilog"
        self.files = self.root / "files"
        try:
            for path in (self.root, self.private, self.frames):
                path.mkdir(parents=True, exist_ok=True)
            self.private.chmod(0o700)
            # Not thread-local: a server opens the workspace on one thread and closes it on another.
            self._lock = FileLock(self.private / "lock", thread_local=False)
            self._acquire()
            ignored = self.private / ".gitignore"
            # Only when it is missing: on a full disk, writing it again would leave it empty.
            if not ignored.exists() or not ignored.stat().st_size:
                ignored.write_text("*\n", encoding="utf-8")
        except OSError as error:
            if hasattr(self, "_lock"):
                self._lock.release()
            raise StorageError(
                f"The workspace folder {self.root} cannot be written: {error.strerror or error}.",
                hint="Choose a folder that you may write to, or free some disk space.",
            ) from error

    @property
    def name(self) -> str:
        """The workspace's name: that of its folder."""
        return self.root.name

    def release(self) -> None:
        """Let other processes open the workspace."""
        self._lock.release()

    def _acquire(self) -> None:
        owner = self.private / "owner"
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            pid = owner.read_text(encoding="utf-8") if owner.exists() else "unknown"
            raise StorageError(
                f"The workspace {self.root} is open in another process (process id {pid}).",
                hint="Use nexus.connect() to reach it through its server, or close it there first.",
            ) from error
        owner.write_text(str(os.getpid()), encoding="utf-8")
