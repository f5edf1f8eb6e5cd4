"""Files in a workspace's private folder, ``.nexus``: written whole, readable by their owner only, never through a link.

A folder that came from somewhere else may hold links where the workspace is about to write, and a link that is followed
overwrites a file of the person. So every component of a path from ``.nexus`` on is opened with ``O_NOFOLLOW`` relative
to the one before it, new files are created exclusively under a name of their own with mode 0600, and take their place
by a rename, which replaces a link instead of following it. What is above ``.nexus`` is the person's own path and may
have links. Where the system has no ``O_NOFOLLOW`` (Windows), the components are looked at before they are used.
"""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nexus_jupyter.protocol.errors import StorageError

__all__ = [
    "PRIVATE",
    "append_new",
    "check_own",
    "check_tree",
    "entries",
    "make_folder",
    "read",
    "replace",
    "special",
    "writing",
]

#: The name of a workspace's private folder.
PRIVATE = ".nexus"

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)
_RELATIVE = bool(_NO_FOLLOW) and os.open in os.supports_dir_fd
_FOLDER_FLAGS = os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
#: For folders on the way, which a confined process may pass but not read.
_WAY_FLAGS = _FOLDER_FLAGS | getattr(os, "O_PATH", 0)
_READ = (
    os.O_RDONLY | _NO_FOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


@contextmanager
def writing(file: Path) -> Iterator[BinaryIO]:
    """Give a new file to write to, which takes the place of ``file`` when the block ends without an error.

    Whoever reads meanwhile, and whoever reads after a crash, finds the old content or the new one, whole.

    Raises
    ------
    StorageError
        If a folder on the way is a link.
    OSError
        If it cannot be written.
    """
    with _folder(file.parent) as (inside, prefix):
        part = f".{file.name}.{secrets.token_hex(8)}"
        handle = os.open(prefix + part, _NEW, 0o600, dir_fd=inside)
        try:
            with os.fdopen(handle, "wb") as out:
                yield out
                out.flush()
                os.fsync(out.fileno())
            os.replace(prefix + part, prefix + file.name, src_dir_fd=inside, dst_dir_fd=inside)
        except BaseException:
            with suppress(OSError):
                os.unlink(prefix + part, dir_fd=inside)
            raise
        if inside is not None:
            os.fsync(inside)


def replace(file: Path, data: bytes | str) -> None:
    """Write a file whole, or not at all; raises as `writing` does."""
    with writing(file) as out:
        out.write(data.encode() if isinstance(data, str) else data)


def read(file: Path, most: int = -1) -> bytes:
    """Return the content of a private file, or its first bytes.

    Raises
    ------
    StorageError
        If it is a link or no plain file; a pipe would keep its reader waiting.
    OSError
        If it cannot be read.
    """
    try:
        handle = os.open(file, _READ)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link(file) from error
        raise
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _link(file)
        return opened.read(most)


def append_new(file: Path) -> int:
    """Create a file to append to, and return its descriptor; raises as `writing`, and when there is one of the name."""
    with _folder(file.parent) as (inside, prefix):
        return os.open(prefix + file.name, _NEW | os.O_APPEND, 0o600, dir_fd=inside)


def make_folder(folder: Path) -> None:
    """Make a private folder, with mode 0700, and those that it lies in, where they are missing.

    Raises
    ------
    StorageError
        If one of them is a link.
    OSError
        If they cannot be made.
    """
    with _folder(folder):
        pass


def check_own(file: Path) -> None:
    """Make sure that a file which a library opens by its path is a plain one, or not there yet.

    Raises
    ------
    StorageError
        If it is a link, has a second name, or is no file at all.
    """
    try:
        found = file.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        raise _link(file)


def check_tree(folder: Path, *, but: Callable[[str], bool] = lambda _name: False) -> None:
    """Make sure that a private folder holds plain files and folders only.

    Parameters
    ----------
    folder
        The folder.
    but
        Tells by name which folders directly in it are not looked into, since a database keeps links of its own there.

    Raises
    ------
    StorageError
        That names the first link.
    """
    waiting = [folder]
    while waiting:
        inside = waiting.pop()
        with os.scandir(inside) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if inside != folder or not but(entry.name):
                        waiting.append(Path(entry.path))
                else:
                    check_own(Path(entry.path))


def entries(folder: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Yield all that is below a folder, by its path in it with ``/`` between; links are not followed."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        try:
            found = os.scandir(folder / inside)
        except FileNotFoundError:
            continue  # gone meanwhile
        with found:
            for entry in found:
                yield inside + entry.name, entry
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{inside}{entry.name}/")


def special(entry: os.DirEntry[str]) -> bool:
    """Tell whether it is a pipe or a device, which keeps who opens it waiting, or worse. Sockets cannot be opened."""
    if entry.is_symlink() or entry.is_file() or entry.is_dir():
        return False
    with suppress(FileNotFoundError):
        return not stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)
    return False


@contextmanager
def _folder(folder: Path) -> Iterator[tuple[int | None, str]]:
    """Open a folder, made where it is missing; give a descriptor and what names in it begin with."""
    outside, inside = _parts(folder)
    if not _RELATIVE:
        yield None, f"{_checked(outside, inside)}{os.sep}"
        return
    if not inside:
        # A folder that is not below a private one, such as that of a test: its own last component is checked.
        outside, inside = folder.parent, (folder.name,)
    if not outside.is_dir():
        outside.mkdir(parents=True, exist_ok=True)
    handle = os.open(outside, _WAY_FLAGS & ~_NO_FOLLOW)
    try:
        for depth, name in enumerate(inside, 1):
            flags = _FOLDER_FLAGS if depth == len(inside) else _WAY_FLAGS
            try:
                inner = _opened(name, flags, handle, folder)
            except FileNotFoundError:
                with suppress(FileExistsError):
                    os.mkdir(name, 0o700, dir_fd=handle)
                inner = _opened(name, flags, handle, folder)
            os.close(handle)
            handle = inner
        yield handle, ""
    finally:
        os.close(handle)


def _opened(name: str, flags: int, handle: int, folder: Path) -> int:
    try:
        return os.open(name, flags, dir_fd=handle)
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            raise _link(folder) from error
        raise


def _checked(outside: Path, inside: tuple[str, ...]) -> Path:
    outside.mkdir(parents=True, exist_ok=True)
    folder = outside
    for name in inside:
        folder = folder / name
        if folder.is_symlink() or (hasattr(folder, "is_junction") and folder.is_junction()):
            raise _link(folder)
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _parts(folder: Path) -> tuple[Path, tuple[str, ...]]:
    """Split a path before the private folder, the last one of the name."""
    parts = folder.parts
    if PRIVATE not in parts:
        return folder, ()
    at = len(parts) - 1 - parts[::-1].index(PRIVATE)
    return Path(*parts[:at]), parts[at:]


def _link(path: Path) -> StorageError:
    return StorageError(
        f"{path} is a link or no plain file, and nothing is written through links in a workspace's private folder.",
        hint="Put what it leads to in its place, or remove it.",
    )
