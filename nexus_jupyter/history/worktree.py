"""The files of a workspace's folder, written and read without ever leaving it.

Paths come from versions that anybody may have made: one that climbs out of the folder, reaches into ``.git`` under any
spelling that some file system takes for it, or passes through a link, is refused.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.storage.names import portable, tools_own

__all__ = ["Found", "WorkTree", "safe"]

_LONGEST = 4096
#: Control characters, and what stands for bytes that are no UTF-8.
_UNWRITTEN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
#: Names whose safety is remembered: the same ones are asked for several times by each commit and checkout.
_NAMES = 16_384
#: What the system says of a path where something was a moment ago: other programs write in the folder at any time.
_GONE = (FileNotFoundError, NotADirectoryError)
_UNSAFE = "has a name that git or this system cannot keep"


def safe(path: str, *, windows: bool = os.name == "nt") -> bool:
    """Whether a path of a version may be written below a workspace's folder.

    What git or the workspace has for itself is refused in every spelling, on any system; names that only Windows has
    other uses for are refused there.

    Examples
    --------
    >>> safe("files/data.csv"), safe("../x"), safe("panels/.GIT/config"), safe("files/git~1/x")
    (True, False, False, False)
    """
    if not path or len(path) > _LONGEST or _UNWRITTEN.search(path):
        return False
    return all(_safe_name(name, windows=windows) for name in path.split("/"))


@lru_cache(_NAMES)
def _safe_name(name: str, *, windows: bool) -> bool:
    if not name.strip(". ") or ".." in name.split("\\") or tools_own(name):
        return False
    return portable(name) or not windows


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the folder; without ``stat`` it is none of a version, and ``refusal`` is the reason."""

    path: str
    stat: os.stat_result | None
    refusal: str = ""


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
        with suppress(*_GONE):
            return target.read_bytes()
        return None

    def modified(self, paths: Iterable[str]) -> int | None:
        """Return when the newest of some files was changed, in seconds since the epoch; now at the latest."""
        times: list[float] = []
        for path in paths:
            with suppress(OSError):
                times.append(self._inside(path).lstat().st_mtime)
        return min(max(1, int(max(times))), int(time.time())) if times else None

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
            if str(folder) == ".":
                return
            try:
                (self.root / folder).rmdir()
            except _GONE:
                continue  # git removes empty folders too
            except OSError:
                return  # something is in it

    def walk(self, folder: str, refusal: Callable[[str], str] = lambda _path: "") -> Iterator[Found]:
        """Yield what is below a folder of the root: regular files, and what is no file of a version, with the reason.

        What goes while one looks is as if it had not been there.

        Parameters
        ----------
        folder
            A name in the root.
        refusal
            Says why a path is left out, empty when it is not; folders that are left out are not looked into.

        Raises
        ------
        HistoryError
            If the folder itself is a link.
        """
        top = self.root / folder
        self._refuse_links(top / "x")
        stack = [top] if top.is_dir() else []
        while stack:
            entries: list[os.DirEntry[str]] = []
            with suppress(*_GONE), os.scandir(stack.pop()) as there:
                entries += sorted(there, key=lambda entry: entry.name)
            for entry in entries:
                path = Path(entry.path).relative_to(self.root).as_posix()
                why = "is a link" if entry.is_symlink() else _UNSAFE if not safe(path) else refusal(path)
                if why:
                    yield Found(path, None, why)
                elif entry.is_dir():
                    stack.append(Path(entry.path))
                elif entry.is_file():
                    stat = None
                    with suppress(*_GONE):
                        stat = entry.stat(follow_symlinks=False)
                    if stat is not None:
                        yield Found(path, stat)

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
