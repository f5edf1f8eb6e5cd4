"""Where a workspace stands in its versions; kept beside the journal, and mended from git and the journal when lost."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.private import read, replace

__all__ = ["Position", "read_position", "write_position"]


@dataclass(frozen=True, slots=True)
class Position:
    """What the workspace's panels are based on.

    Attributes
    ----------
    head
        The commit that the panels were last brought together with; another one at the branch's end was made by git
        from outside.
    loaded
        The commit that the panels were last equal to.
    merging
        The commit of a merge whose questions are not all answered.
    message
        The message of that merge's commit.
    other
        Files that are no panels and belong to that commit, by path: mode and id in git, or nothing when it went.
    """

    head: str | None = None
    loaded: str | None = None
    merging: str | None = None
    message: str = ""
    other: dict[str, tuple[str, str] | None] = field(default_factory=dict)


def read_position(file: Path) -> Position:
    """Read a position; one that is missing or damaged is that of a workspace that was never committed."""
    try:
        found = json.loads(read(file))
        other = {str(path): (str(one[0]), str(one[1])) if one else None for path, one in found.pop("other").items()}
        return Position(**found, other=other)
    except (StorageError, OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return Position()


def write_position(file: Path, position: Position) -> None:
    """Store a position, whole or not at all."""
    replace(file, json.dumps(asdict(position)))
