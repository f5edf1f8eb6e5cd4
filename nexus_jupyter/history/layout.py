"""What a workspace's repository holds, and under which paths."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from nexus_jupyter.history.worktree import WorkTree
from nexus_jupyter.storage.names import hidden

__all__ = [
    "FILES",
    "MERGE_DRIVER",
    "blob_id",
    "first_files",
    "in_panels",
    "keep_out_private",
    "left_out",
    "owned",
    "untouched",
]

#: Where a workspace's files lie that panels read and write.
FILES = "files"
#: What plain git runs for ``merge=nexus`` in ``.gitattributes``, once a person has registered it with ``nexus init``.
MERGE_DRIVER = "nexus merge-file %O %A %B %P"
_ATTRIBUTES = ("panels/*.nxml merge=nexus", "nog/*.json merge=nexus")
#: What belongs to this machine alone: the private folder, and those that were set aside, also where one is a link.
_PRIVATE = (".nexus/", ".nexus.*/", ".nexus.*")
#: Names with a dot that no tool acts on: they keep a folder that would be empty.
_HARMLESS = frozenset({".gitkeep", ".keep"})
_TOML = '# A Nexus workspace. Its panels are in panels/, their state in nog/.\nname = "{name}"\nformat = 1\n'


def owned(path: str) -> bool:
    """Whether a path is the workspace's own; everything else in the folder is the user's."""
    parts = path.split("/")
    if parts[0] == FILES:
        return len(parts) > 1
    named = {"panels": ".nxml", "nog": ".json"}
    return len(parts) == 2 and parts[0] in named and parts[1].endswith(named[parts[0]])  # noqa: PLR2004 - FOLDER/NAME


def in_panels(path: str) -> bool:
    """Whether a path of the workspace's own is part of a panel, and no file below ``files/``."""
    return not path.startswith(f"{FILES}/")


def left_out(path: str) -> str:
    """Say why a path below ``files/`` is in no version and is written by none; empty when it may be.

    A version may come from anybody, and a file that tools look for decides what they run.
    """
    names = path.split("/")
    if names[0] == FILES and any(hidden(name) and name not in _HARMLESS for name in names[1:]):
        return "has a name that tools look for"
    return ""


def keep_out_private(tree: WorkTree) -> None:
    """Make git leave out the private folder and those that were set aside; what else ``.gitignore`` says stays."""
    tree.write(".gitignore", _with_lines(tree.read(".gitignore"), _PRIVATE))


def first_files(tree: WorkTree, held: Collection[str]) -> dict[str, bytes]:
    """Return what belongs to every workspace's repository; nothing when the version that is there has it.

    ``nexus.toml`` names the workspace and the format, ``.gitattributes`` says that panels are merged by ``nexus``, and
    ``.gitignore`` keeps out what belongs to this machine alone. What the user has written in them stays.
    """
    if "nexus.toml" in held:
        return {}
    fresh = _fresh(tree.root.name)
    return {
        "nexus.toml": tree.read("nexus.toml") or fresh["nexus.toml"],
        ".gitattributes": _with_lines(tree.read(".gitattributes"), _ATTRIBUTES),
        ".gitignore": _with_lines(tree.read(".gitignore"), _PRIVATE),
    }


def untouched(tree: WorkTree, path: str) -> bool:
    """Whether a file is one of those that every workspace has, as it was made."""
    return tree.read(path) == _fresh(tree.root.name).get(path, b"")


def _fresh(name: str) -> dict[str, bytes]:
    plain = "".join(char for char in name if char.isprintable() and char not in '"\\')
    return {
        "nexus.toml": _TOML.format(name=plain).encode(),
        ".gitattributes": _with_lines(None, _ATTRIBUTES),
        ".gitignore": _with_lines(None, _PRIVATE),
    }


def _with_lines(text: bytes | None, lines: tuple[str, ...]) -> bytes:
    """Return a file's text with these lines at its end, as far as it lacks them."""
    held = text or b""
    there = {line.strip() for line in held.decode("utf-8", "replace").splitlines()}
    more = "".join(f"{line}\n" for line in lines if line not in there).encode()
    return held + (b"\n" if held and more and not held.endswith(b"\n") else b"") + more


def blob_id(data: bytes, length: int) -> str:
    """Return the id that git gives a content, in a repository whose ids have so many digits."""
    digest = hashlib.sha256 if length == 64 else hashlib.sha1  # noqa: PLR2004 - the digits of SHA-256
    return digest(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
