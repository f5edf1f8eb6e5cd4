"""How far the database has got: what is in it for certain, and what it was taking in when it was stopped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import TypeAdapter

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.private import read, replace
from nexus_jupyter.trilog.spool import Position

__all__ = ["Progress"]


@dataclass(slots=True)
class _Kept:
    """The file's contents."""

    read: Position
    reading: Position | None
    writing: tuple[int, int] | None


_KEPT = TypeAdapter(_Kept)


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
        """Read the file; a damaged one is as none, and the spool is read from its beginning."""
        try:
            kept = _KEPT.validate_json(read(path))
        except (StorageError, OSError, ValueError):
            return cls(path, Position())
        return cls(path, kept.read, kept.reading, kept.writing)

    def save(self) -> None:
        """Write the file."""
        replace(self.path, _KEPT.dump_json(_Kept(self.read, self.reading, self.writing)).decode())
