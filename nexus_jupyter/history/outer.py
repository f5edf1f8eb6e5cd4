"""A workspace below a folder that is a git repository itself, which leaves the workspace out.

Else git would take it for an embedded repository: ``git add`` there would add a link to a commit that nobody else has.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

__all__ = ["is_left_out", "leave_out", "outer_repository"]

_FORMS = ("/{}/", "/{}", "{}/", "{}")

#: What a pattern of git means by more than itself.
_SPECIAL = re.compile(r"([\\*?\[\] ])")


def outer_repository(root: Path) -> Path | None:
    """Return the nearest folder above that is a repository; ``None`` if there is none."""
    return next((folder for folder in root.resolve().parents if os.path.lexists(folder / ".git")), None)


def is_left_out(root: Path, outer: Path) -> bool:
    """Tell whether a repository's lists of what it ignores name a folder in it, as itself and not by a wildcard."""
    path = root.resolve().relative_to(outer).as_posix()
    lines: set[str] = set()
    for file in (outer / ".git" / "info" / "exclude", outer / ".gitignore"):
        with suppress(OSError):
            lines |= set(file.read_text(encoding="utf-8", errors="replace").splitlines())
    return not lines.isdisjoint({form.format(name) for name in (path, _escaped(path), root.name) for form in _FORMS})


def leave_out(root: Path) -> str | None:
    """Name a workspace in the outer repository's ``info/exclude``, and return a sentence about it.

    Nothing is done where there is no such repository, it does so already, or what it has for ``.git`` is not a folder
    of this account.
    """
    outer = outer_repository(root)
    path = "" if outer is None else root.resolve().relative_to(outer).as_posix()
    if (
        outer is None
        or "\n" in path
        or not _is_own_folder(outer / ".git")
        or not _is_own_folder(outer / ".git" / "info")
    ):
        return None
    line, file = f"/{_escaped(path)}/", outer / ".git" / "info" / "exclude"
    try:
        # As the file's owner wrote it; a link in its place is not followed.
        with os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o644), "r+b") as held:
            text = held.read()
            if line.encode() in text.splitlines():
                return None
            held.write((b"" if not text or text.endswith(b"\n") else b"\n") + line.encode() + b"\n")
    except OSError:
        return None
    return f"The workspace lies in the git repository {outer}, which leaves it out now ({file} names it)."


def _escaped(path: str) -> str:
    return _SPECIAL.sub(r"\\\1", path)


def _is_own_folder(folder: Path) -> bool:
    if folder.is_symlink() or not folder.is_dir():
        return False
    return not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
