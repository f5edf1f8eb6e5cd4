"""What was recorded and is not in the database yet: lines in files, which outlive the process that wrote them.

The workspace's process appends, the database's process reads on from the position that it noted. A line that is written
survives the end of either process; only a power cut may lose what the system had not put on disk.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nexus_jupyter.protocol.base import well_formed
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.private import append_new

__all__ = ["Position", "Spool", "SpoolReader", "spool_of"]

_log = logging.getLogger(__name__)
#: Bytes of a segment, and of all together.
_SEGMENT, _MOST = 8 << 20, 64 << 20
_CHUNK = 4 << 20

Event = dict[str, Any]  # Any: JSON
_written = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the spool: a segment's number, and bytes from its beginning."""

    segment: int = 0
    offset: int = 0


class Spool:
    """The writing side; safe to use from any thread.

    Parameters
    ----------
    folder
        Where the segments lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._file: int | None = None
        self._segment = 0
        self._size = 0

    def append(self, events: Iterable[Event]) -> None:
        """Write all of the events down, or raise `OSError` and leave none of them there."""
        data = b"".join(well_formed(_written(event)).encode() + b"\n" for event in events)
        with self._lock:
            file = self._open()
            view = memoryview(data)
            try:
                while view:
                    view = view[os.write(file, view) :]
            except OSError:
                self._take_back(file, data[: len(data) - len(view)])
                raise
            self._size += len(data)

    def _take_back(self, file: int, part: bytes) -> None:
        """Take back what a full disk took of some events, since all of them are written again."""
        try:
            os.ftruncate(file, self._size)
        except OSError:
            self._close()  # nothing may follow half a line
        else:
            if b"\n" in part:
                self._close()  # whoever read on meanwhile is further than the end, where nothing may be written again

    @property
    def size(self) -> int:
        """Bytes that are in the spool; those that the database has are among them until their segment is full."""
        return sum(path.stat().st_size for path in _segments(self._folder).values())

    @property
    def crowded(self) -> bool:
        """Whether there is so much that the database should take it in now."""
        return self.size >= _SEGMENT

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self) -> int:
        if self._file is not None and self._size < _SEGMENT:
            return self._file
        if self._file is not None:
            self._close()
        else:
            self._segment = max(_segments(self._folder), default=0)
        # Always a new segment: the end of the last one may be half a line, from a process that was killed.
        self._segment += 1
        self._size = 0
        try:
            self._file = append_new(self._folder / f"{self._segment:08d}.jsonl")
        except StorageError as error:
            # Who records goes on with what it does, as on a full disk.
            raise OSError(errno.ELOOP, error.message) from error
        self._bound()
        return self._file

    def _bound(self) -> None:
        """Give up the oldest when nobody takes them in, such as where the database is not installed."""
        segments = _segments(self._folder)
        left = self.size
        for number in sorted(segments)[:-1]:
            if left <= _MOST:
                break
            left -= segments[number].stat().st_size
            segments[number].unlink(missing_ok=True)
            _log.warning(
                "TriLog's database takes nothing in: what was recorded first is given up (%s).", segments[number]
            )


class SpoolReader:
    """The reading side.

    Parameters
    ----------
    folder
        Where the segments lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, start: Position, end: Position | None = None) -> tuple[list[tuple[Position, Event]], Position]:
        """Return events after a position, up to another or to what there is, some megabytes at most.

        Returns
        -------
        events, position
            Each event with its place, and the position after the last.
        """
        found: list[tuple[Position, Event]] = []
        position, size = start, 0
        for number, path in sorted(_segments(self._folder).items()):
            if number < start.segment or (end is not None and number > end.segment):
                continue
            offset = start.offset if number == start.segment else 0
            limit = end.offset - offset if end is not None and number == end.segment else _CHUNK
            with path.open("rb") as file:
                file.seek(offset)
                data = file.read(limit)
                # A line that is longer than what is read at once is read to its end.
                while b"\n" not in data and (more := file.read(_CHUNK)):
                    data += more
            # Half a line is being written, or its writer was killed; then a new segment follows.
            data = data[: data.rfind(b"\n") + 1]
            for line in data.splitlines(keepends=True):
                found.append((Position(number, offset), _event(line)))
                offset += len(line)
            position, size = Position(number, offset), size + len(data)
            if size >= _CHUNK:
                break
        return found, position

    def drop(self, upto: Position) -> None:
        """Delete segments that are read; the newest stays, for it may still be written to."""
        segments = _segments(self._folder)
        for number in sorted(segments)[:-1]:
            if number < upto.segment:
                segments[number].unlink(missing_ok=True)


def _event(line: bytes) -> Event:
    """Return what a line says; one that a power cut has spoiled is of no kind."""
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) and isinstance(found.get("is"), str) else {"is": ""}


def spool_of(database: Path) -> Path:
    """Return where the spool of a database's folder lies: beside it, so that it stays when the database is deleted."""
    return database.with_name(f"{database.name}-spool")


def _segments(folder: Path) -> dict[int, Path]:
    return {int(path.stem): path for path in folder.glob("*.jsonl")} if folder.exists() else {}
