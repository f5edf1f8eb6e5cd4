"""Whether a folder is a history database that may be opened, told from its files before the engine reads them.

The engine attaches whatever the folder defines: a view over a program, a dictionary of another server, a view that is
refreshed by a timer. And where a disk was full when a table was made, it leaves an empty definition and never opens
again. The history's own tables are all of one kind, so anything else is not ours, or is damaged. Such a folder is set
aside by another name, and the history begins anew from the journal.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from nexus_jupyter.storage.private import entries, special

__all__ = ["set_aside", "unsound"]

_log = logging.getLogger(__name__)
#: What the engine writes for the history's own tables.
_DEFINITION = re.compile(
    rb"""ATTACH[ ](?:
        DATABASE[ ].*ENGINE[ ]?=[ ]?(?:Atomic|Memory|Overlay|Ordinary|Filesystem)\b.*
      | TABLE[ ].*\nENGINE[ ]?=[ ]?(?:Shared|Replicated)?(?:Replacing|Aggregating|Summing|Collapsing)?MergeTree\b.*
      | MATERIALIZED[ ]VIEW[ ](?:(?!\bREFRESH\b|\bEXECUTABLE\b).)*
    )""",
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
#: Folders in which the engine keeps definitions, and those of functions, which the history has none of.
_DEFINITIONS = ("metadata", "metadata_dropped", "store")
_FOREIGN = ("user_defined", "user_scripts", "user_files", "named_collections")
_LARGEST = 1 << 20


def unsound(folder: Path) -> str:
    """Return why a folder is no history database of ours, as the end of a sentence; nothing when it is one."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        return "it is not a folder"
    for name in _FOREIGN:
        if (folder / name).is_symlink() or ((folder / name).is_dir() and any((folder / name).iterdir())):
            return f"it has definitions or programs of its own in '{name}'"
    for name, entry in entries(folder) if folder.is_dir() else ():
        if special(entry):
            return f"'{name}' is neither a file nor a folder"
    for path in _definitions(folder):
        if path.is_symlink():
            return f"'{path.relative_to(folder)}' is a link"
        data = path.read_bytes() if path.stat().st_size <= _LARGEST else b""
        if not data.strip():
            return f"'{path.relative_to(folder)}' has no definition, as when a disk was full"
        if not _DEFINITION.fullmatch(data.strip()):
            return f"'{path.relative_to(folder)}' defines something that the history never has"
    return ""


def _definitions(folder: Path) -> Iterator[Path]:
    """Yield files of definitions, and links, which the engine would follow."""
    for name in _DEFINITIONS:
        start = folder / name
        if start.is_symlink():
            yield start
            continue
        for place, folders, files in os.walk(start):
            inside = Path(place)
            # The engine links metadata/NAME to the database's folder in the store; other links are nobody's.
            yield from (
                inside / one for one in folders if (inside / one).is_symlink() and not _own(inside / one, folder)
            )
            yield from (inside / one for one in files if one.endswith(".sql"))


def _own(link: Path, folder: Path) -> bool:
    return link.resolve().is_relative_to(folder.resolve())


def set_aside(folder: Path) -> Path | None:
    """Rename a folder that is no sound database, and return where it is now; nothing of it is deleted."""
    why = unsound(folder)
    if not why:
        return None
    number = 1
    while os.path.lexists(other := folder.with_name(f"{folder.name}-aside-{number}")):
        number += 1
    folder.rename(other)
    _log.warning(
        "TriLog's database %s cannot be used: %s. It is now %s, and the history is made again from the journal, "
        "without the spans and twins that were recorded beside it.", folder, why, other
    )  # fmt: skip
    return other
