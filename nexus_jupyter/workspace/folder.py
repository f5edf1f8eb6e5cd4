"""The folder of a workspace: where things lie, whose they are, and the lock that makes one process its owner."""

from __future__ import annotations

import json
import os
import socket
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from nexus_jupyter.history import WorkTree, keep_out_private
from nexus_jupyter.protocol.errors import NexusError, NotFoundError, StorageError
from nexus_jupyter.storage.private import PRIVATE, check_own, check_tree, make_folder, read, replace
from nexus_jupyter.workspace.account import Account
from nexus_jupyter.workspace.identity import (
    Identity,
    former_key,
    mark_of,
    read_identity,
    settle_place,
    write_identity,
)

__all__ = ["WorkspaceFolder", "is_own", "known_id", "set_aside", "trust"]

_FOREIGN, _REPLACED = f"{PRIVATE}.foreign", f"{PRIVATE}.replaced"


class WorkspaceFolder:
    """A workspace on disk.

    ``panels/`` and ``nog/`` are what git keeps; ``files/`` is what panels may read and write; ``.nexus/`` holds
    the journal, frames and caches of this machine. A ``.nexus`` that this account on this machine did not make is set
    aside before anything in it is read, and a new one takes its place.

    Parameters
    ----------
    root
        The folder; made when it is missing.

    Raises
    ------
    StorageError
        If the folder cannot be written, another process has the workspace open, or ``.nexus`` holds links.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self.private = self.root / PRIVATE
        self.panels = self.root / "panels"
        self.nog = self.root / "nog"
        self.frames = self.private / "frames"
        self.journal = self.private / "journal.db"
        self.runs = self.private / "runs.db"
        self.trilog = self.private / "trilog"
        self.files = self.root / "files"
        #: Where a private folder that was not this account's has been put, when this opening did so.
        self.foreign: Path | None = None
        #: Whether the private folder was made by this opening.
        self.new = False
        #: Whether the private folder is this account's own and is not where it was left.
        self.arrived = False
        #: The workspace's id, and the key of its rows.
        self.identity: Identity
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            account = Account()
            with account.opening():
                self._open(account)
            make_folder(self.frames)
            ignored = self.private / ".gitignore"
            # Only when it is missing: on a full disk, writing it again would leave it empty.
            if not ignored.exists() or not ignored.stat().st_size:
                replace(ignored, "*\n")
        except OSError as error:
            self.release()
            raise StorageError(
                f"The workspace folder {self.root} cannot be written: {error.strerror or error}.",
                hint="Choose a folder that you may write to, or free some disk space.",
            ) from error
        except StorageError:
            self.release()
            raise

    @property
    def name(self) -> str:
        """The workspace's name: that of its folder."""
        return self.root.name

    def release(self) -> None:
        """Let other processes open the workspace."""
        if hasattr(self, "_lock"):
            self._lock.release()

    def _open(self, account: Account) -> None:
        own = _own(self.private, account)
        if own is None:
            if os.path.lexists(self.private) and not _empty(self.private):
                with _unused(self.private):
                    self.foreign = _renamed(self.private, _FOREIGN)
                _keep_from_git(self.root, self.foreign)
            make_folder(self.private)
            own, self.new = Identity.fresh(), True
            write_identity(self.private, own, account)
        elif account.folder is not None:
            self.arrived = not account.left(own.id, mark_of(self.private))
        self.private.chmod(0o700)
        check_tree(self.private, but=_is_database)
        self._acquire()
        self.identity = settle_place(self.root, own, account)

    def _acquire(self) -> None:
        lock = self.private / "lock"
        check_own(lock)
        # Not thread-local: a server opens the workspace on one thread and closes it on another.
        self._lock = FileLock(lock, thread_local=False)
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise _in_use(self.private) from error
        owner = {"process": os.getpid(), "host": socket.gethostname(), "program": _program()}
        replace(self.private / "owner", json.dumps({**owner, "since": datetime.now(UTC).isoformat()}))


def trust(root: Path) -> str:
    """Take the private folder of a workspace for this account's own, on the word of the person; return a sentence.

    The folder that was set aside last comes back, and the one that took its place is kept beside it. Everything in it
    holds again: history, grants, remotes and alerts.

    Raises
    ------
    NotFoundError
        If there is nothing that is not this account's own.
    StorageError
        If the workspace is open, or the folder holds links.
    """
    root = root.expanduser().resolve()
    private, account = root / PRIVATE, Account()
    with account.opening():
        aside = set_aside(root)
        if private.is_dir() and _own(private, account) is None and not _empty(private):
            chosen = private
        elif aside:
            chosen = aside[-1]
        else:
            raise NotFoundError(f"Nothing in {root} was made by another account or on another machine.")
        check_tree(chosen, but=_is_database)
        with _unused(chosen):
            known = read_identity(chosen, None)
            identity = Identity.fresh(former_key(chosen / "journal.db"), root.name) if known is None else known
            if chosen != private and os.path.lexists(private):
                with _unused(private):
                    _keep_from_git(root, _renamed(private, _REPLACED))
            if chosen != private:
                chosen.rename(private)
            write_identity(private, identity, account)
            account.note(identity.id, str(root), mark_of(private))
    return f"The workspace {root} is trusted now, with all that is in {PRIVATE}."


def set_aside(root: Path) -> list[Path]:
    """Return the private folders that were set aside since this account did not make them, oldest first."""
    found = [path for path in root.glob(f"{_FOREIGN}-*") if path.suffix.removeprefix(".foreign-").isdigit()]
    return sorted(found, key=lambda path: int(path.suffix.removeprefix(".foreign-")))


def is_own(root: Path) -> bool:
    """Tell whether a workspace's private folder was made by this account, or there is none yet."""
    private = root / PRIVATE
    return not os.path.lexists(private) or _empty(private) or _own(private, Account()) is not None


def known_id(root: Path) -> str:
    """Return the id in a workspace's folder, whoever signed it; empty when there is none."""
    found = read_identity(root / PRIVATE, None)
    return found.id if found is not None else ""


def _is_database(name: str) -> bool:
    """Tell whether a folder in the private one is or was the history database's, which has links of its own."""
    return name == "trilog" or name.startswith("trilog-aside-")


def _keep_from_git(root: Path, aside: Path) -> None:
    """Make a person's git leave out a folder that was set aside, whatever ``.gitignore`` a version brings later."""
    with suppress(NexusError, OSError):  # the folder may be another account's, and ``.gitignore`` may be none
        if not aside.is_symlink():
            replace(aside / ".gitignore", "*\n")
    with suppress(NexusError, OSError):
        keep_out_private(WorkTree(root))


def _own(private: Path, account: Account) -> Identity | None:
    """Return the identity of a private folder that this account made; ``None`` for any other."""
    try:
        found = private.lstat()
    except OSError:
        return None
    if not stat.S_ISDIR(found.st_mode) or (hasattr(os, "getuid") and found.st_uid != os.getuid()):
        return None
    return read_identity(private, account)


def _empty(private: Path) -> bool:
    return private.is_dir() and not private.is_symlink() and not any(private.iterdir())


def _renamed(private: Path, stem: str) -> Path:
    """Give a private folder the next free name; a link is renamed, not what it leads to."""
    number = 1
    while os.path.lexists(private.with_name(f"{stem}-{number}")):
        number += 1
    return private.rename(private.with_name(f"{stem}-{number}"))


@contextmanager
def _unused(private: Path) -> Iterator[None]:
    """Make sure that no process has a private folder open, without writing to it; raises `StorageError`."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(private / "lock", flags)
    except OSError:
        yield  # never opened, or a link
        return
    try:
        if os.name == "posix":
            import fcntl

            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise _in_use(private) from error
        yield
    finally:
        os.close(handle)


def _program() -> str:
    # Asked of what runs here, without importing it: a program may import the server without being one.
    server = sys.modules.get("jupyter_server.serverapp")
    if server is not None and server.ServerApp.initialized():
        return "a Jupyter server"
    if "ipykernel.kernelapp" in sys.modules:
        return "a notebook's kernel"
    return "a Python program"


_ADVICE = {
    "a Jupyter server": "In a notebook of that server, nexus.connect() reaches it; elsewhere, stop the server first.",
    "a notebook's kernel": "Close it there with ws.close(), or shut that kernel down.",
}


def _in_use(private: Path) -> StorageError:
    """Return the error that says who has a workspace open, and what can be done about it."""
    try:
        owner: dict[str, Any] = json.loads(read(private / "owner", 4096))  # Any: JSON
        process, program, host = int(owner["process"]), str(owner["program"]), str(owner["host"])
    except (StorageError, OSError, ValueError, TypeError, KeyError):
        process, program, host = 0, "another process", ""
    opened = f"The workspace {private.parent} is open"
    if process == os.getpid() and host == socket.gethostname():
        return StorageError(
            f"{opened} already in this process.", hint="Use the workspace that is open, or close it first."
        )
    number = f" (process id {process})" if process else ""
    where = f" on {host}" if host not in {"", socket.gethostname()} else ""
    return StorageError(
        f"{opened} in {program}{where}{number}.", hint=_ADVICE.get(program, "Close it there, or end that process.")
    )
