"""How far the database has got: what is in it for certain, and what it was taking in when it was stopped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.private import read, replace
from nexus_jupyter.trilog.spool import Position

__all__ = ["Progress"]


@dataclass(slots=True)
class Progress:
    """A small file, replaced as a whole.

    An insert is noted before it begins, with exactly what it takes in. If the process is killed meanwhile, the same
    rows are inserted again with the same token, and the database leaves out what it has.

    Attributes
    ----------
    read
        The spool is taken in up to here.
    reading
        An insert up to here had begun.
    writing
        An insert of these revs of the journal, first and last, had begun.
    """

    path: Path
    read: Position
    reading: Position | None = None
    writing: tuple[int, int] | None = None

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file, if it is there."""
        try:
            kept: dict[str, Any] = json.loads(read(path))  # Any: JSON
        except (StorageError, OSError, ValueError):
            return cls(path, Position())
        reading, writing = kept["reading"], kept["writing"]
        return cls(
            path,
            Position(**kept["read"]),
            Position(**reading) if reading else None,
            (writing[0], writing[1]) if writing else None,
        )

    def save(self) -> None:
        """Write the file."""
        kept = {
            "read": asdict(self.read),
            "reading": asdict(self.reading) if self.reading else None,
            "writing": self.writing,
        }
        replace(self.path, json.dumps(kept))
