"""The files of a workspace's folder, written and read without ever leaving it.

Paths come from versions that anybody may have made: one that climbs out of the folder, reaches into ``.git`` under any
spelling that some file system takes for it, or passes through a link, is refused.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from nexus_jupyter.protocol.errors import HistoryError

__all__ = ["WorkTree", "safe"]

_LONGEST = 4096
#: Characters that some file systems leave out of names.
_IGNORED = frozenset("\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206b\u206c\u206d\u206e\u206f\ufeff")
_RESERVED = frozenset({"con", "prn", "aux", "nul", *(f"{name}{i}" for name in ("com", "lpt") for i in range(1, 10))})


def safe(path: str) -> bool:
    """Whether a path of a version may be written below a workspace's folder, on any system.

    Examples
    --------
    >>> safe("files/data.csv"), safe("../x"), safe("panels/.GIT/config"), safe("files/git~1/x")
    (True, False, False, False)
    """
    if not path or len(path) > _LONGEST or any(ord(char) < ord(" ") or char in "\\:\x7f" for char in path):
        return False
    if any("\ud800" <= char <= "\udfff" for char in path):  # bytes that are no UTF-8
        return False
    return all(_safe_name(name) for name in path.split("/"))


def _safe_name(name: str) -> bool:
    plain = "".join(char for char in unicodedata.normalize("NFKC", name) if char not in _IGNORED).casefold()
    plain = plain.rstrip(". ")
    if not plain or plain in (".git", ".nexus") or (plain.startswith((".git", "git~")) and "~" in plain):
        return False
    return plain.split(".")[0] not in _RESERVED and name == name.rstrip(". ")


class WorkTree:
    """Reads and writes files below a folder.

    Parameters
    ----------
    root
        The folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes | None:
        """Return a file's content; ``None`` when there is no such regular file."""
        target = self._inside(path)
        if target.is_symlink() or not target.is_file() or self._linked(target):
            return None
        return target.read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """Write a file, unless it has that content already; a link in its place is replaced, never followed.

        Raises
        ------
        HistoryError
            If the path leads outside, or the disk refuses.
        """
        target = self._inside(path)
        self._refuse_links(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.is_symlink() and target.is_file() and target.read_bytes() == data:
                return
            part = target.with_name(f".{target.name[:80]}.nexus-part")
            part.unlink(missing_ok=True)
            with part.open("xb") as file:
                file.write(data)
            part.replace(target)
        except OSError as error:
            raise HistoryError(
                f"The file {target} cannot be written: {error.strerror or error}.",
                hint="Check the free space of the disk and the rights of the workspace's folder.",
            ) from error

    def remove(self, path: str) -> None:
        """Remove a file, and the folders that are empty without it."""
        target = self._inside(path)
        self._refuse_links(target)
        if target.is_dir() and not target.is_symlink():
            return
        target.unlink(missing_ok=True)
        for folder in target.relative_to(self.root).parents:
            if str(folder) == "." or any((self.root / folder).iterdir()):
                return
            (self.root / folder).rmdir()

    def walk(self, folder: str) -> Iterator[tuple[str, os.stat_result]]:
        """Yield all regular files below a folder of the root, by path; links are left out, whatever they lead to.

        Raises
        ------
        HistoryError
            If the folder itself is a link.
        """
        top = self.root / folder
        self._refuse_links(top / "x")
        stack = [top] if top.is_dir() else []
        while stack:
            with os.scandir(stack.pop()) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    path = Path(entry.path).relative_to(self.root).as_posix()
                    if entry.is_symlink() or not safe(path):
                        continue
                    if entry.is_dir():
                        stack.append(Path(entry.path))
                    elif entry.is_file():
                        yield path, entry.stat(follow_symlinks=False)

    def _inside(self, path: str) -> Path:
        if not safe(path):
            raise HistoryError(f"The path {path!r} of that version cannot be written here.")
        return self.root / path

    def _linked(self, target: Path) -> bool:
        return any((self.root / folder).is_symlink() for folder in target.relative_to(self.root).parents)

    def _refuse_links(self, target: Path) -> None:
        for folder in target.relative_to(self.root).parents:
            if str(folder) != "." and (self.root / folder).is_symlink():
                raise HistoryError(
                    f"{self.root / folder} is a link, and the workspace does not write through links.",
                    hint="Remove the link.",
                )
