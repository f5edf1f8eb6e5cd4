"""The key by which an account on a machine knows the workspaces that it made.

The key is 32 random bytes in a file of mode 0600 in the user's data folder. It signs the identity of each workspace,
so a private folder that came from somewhere else, with its grants, remotes, alerts and databases, is told from one's
own. It leaves the machine only if the person copies it.

Where the data folder cannot be written (a container with a read-only home), the key is kept in a folder of this user
only, below the folder for temporary files: it then lasts as long as that folder, which is the session of a container,
so that people keep their workspace between two processes of one session. Where not even that is possible, the key
lasts as long as the process. File ownership is no substitute: what is unpacked belongs to whoever unpacked it.
"""

from __future__ import annotations

import hmac
import os
import secrets
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from platformdirs import user_data_path

from nexus_jupyter.storage.private import check_own, replace

__all__ = ["Account"]

_SIZE = 32
#: Seconds to wait for another process that opens a workspace, which takes milliseconds.
_PATIENCE = 60.0
_in_process = threading.RLock()
_of_process = secrets.token_bytes(_SIZE)


class Account:
    """The account that this process runs under, on this machine.

    Attributes
    ----------
    folder
        Where its key is kept; ``None`` when the key lasts no longer than the process.
    """

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._key = _of_process
        for folder in _places():
            try:
                if _prepared(folder):
                    self._key = _kept_key(folder)
                    self.folder = folder
                    return
            except OSError:
                continue

    def sign(self, text: str) -> str:
        """Return the signature of a text, as 64 hexadecimal digits."""
        return hmac.new(self._key, text.encode(), "sha256").hexdigest()

    def signed(self, text: str, signature: str) -> bool:
        """Tell whether this account signed a text."""
        return hmac.compare_digest(self.sign(text).encode(), signature.encode("utf-8", "replace"))

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Keep the other threads and processes of the account from opening a workspace meanwhile."""
        with _in_process:
            if self.folder is None:
                yield
                return
            with FileLock(self.folder / "opening.lock", timeout=_PATIENCE):
                yield

    def place(self, identity: str) -> str:
        """Return the path at which the workspace of an id was opened last; empty when that is not known."""
        if self.folder is None:
            return ""
        return self._noted(identity)[0]

    def left(self, identity: str, mark: str) -> bool:
        """Tell whether the workspace of an id was left with this mark, so that nobody has put another in its place."""
        return self._noted(identity)[1] == mark

    def note(self, identity: str, path: str, mark: str) -> None:
        """Keep in mind where a workspace is, and its mark there."""
        if self.folder is None or self._noted(identity) == (path, mark):
            return
        try:
            replace(self.folder / "places" / identity, f"{mark}\n{path}")
        except OSError:
            return  # the identity file in the workspace has the path as well

    def _noted(self, identity: str) -> tuple[str, str]:
        if self.folder is None:
            return "", ""
        try:
            mark, _, path = (self.folder / "places" / identity).read_text(encoding="utf-8").partition("\n")
        except (OSError, ValueError):
            return "", ""
        return path, mark


def _places() -> Iterator[Path]:
    yield user_data_path("nexus_jupyter", appauthor=False)
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    yield Path(tempfile.gettempdir()) / f"nexus-jupyter-{user}"


def _prepared(folder: Path) -> bool:
    """Make a folder that only this user can use, and tell whether it is one."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or not os.access(folder, os.W_OK):
        return False
    if not hasattr(os, "getuid"):
        return True
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _kept_key(folder: Path) -> bytes:
    file = folder / "account.key"
    with _in_process, FileLock(folder / "opening.lock", timeout=_PATIENCE):
        check_own(file)
        try:
            key = bytes.fromhex(file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            key = b""
        if len(key) != _SIZE:
            key = secrets.token_bytes(_SIZE)
            replace(file, key.hex())
        file.chmod(0o600)
        return key
