"""Reading a damaged SQLite file row by row, as far as that goes. It is opened for reading only."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nexus_jupyter.storage.database import DAMAGED

__all__ = ["Salvage", "integrity", "salvage"]

_BATCH = 500
#: Rows that are tried beyond the last readable one when no index tells how many there were.
_BEYOND = 4096
#: Every index of the journal has the numbers of all its rows.
_INDEXES = {"journal": ("journal_by_panel", "sqlite_autoindex_journal_1")}


@dataclass
class Salvage:
    """What could be read of a table: ``rows`` by column, and what SQLite said where it could not."""

    rows: list[dict[str, Any]] = field(default_factory=list)  # Any: columns of several types
    errors: list[str] = field(default_factory=list)


def integrity(file: Path) -> list[str]:
    """Return what is wrong with the pages of a SQLite file, at most twenty things; nothing when it is sound."""
    try:
        with closing(_open(file)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
    except DAMAGED as error:
        return [str(error)]
    return [line for said in found if said != "ok" for line in said.splitlines()]


def salvage(file: Path, table: str) -> Salvage:
    """Return every row of a table that can still be read, in the order in which they were written."""
    found = Salvage()
    try:
        with closing(_open(file)) as connection:
            connection.row_factory = sqlite3.Row
            columns = {str(row["name"]) for row in connection.execute(f"PRAGMA table_info({table})")}
            if columns:
                found.rows += _rows(connection, table, found.errors)
    except DAMAGED as error:
        found.errors.append(str(error))
    return found


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)


def _rows(connection: sqlite3.Connection, table: str, errors: list[str]) -> Iterator[dict[str, Any]]:  # Any: as above
    after, last = 0, None
    while True:
        batch: list[sqlite3.Row] = []
        try:
            # One after the other, so that those before a damaged page are not lost with it.
            for row in connection.execute(_SCAN.format(table), (after, _BATCH)):
                batch.append(row)  # noqa: PERF402 - what was read before an error must stay
            failed = False
        except DAMAGED as error:
            failed = True
            if str(error) not in errors:
                errors.append(str(error))
        for row in batch:
            after = int(row["@row"])
            yield {name: row[name] for name in row.keys() if name != "@row"}  # noqa: SIM118 - a row iterates its values
        if not failed and len(batch) < _BATCH:
            return
        if failed:
            last = last if last is not None else _last(connection, table, after)
            found = _next(connection, table, after, last)
            if found is None:
                return
            # Given here and not left to the next scan, which the same damaged page may be in the way of.
            after, row = found
            yield dict(row)


_SCAN = 'SELECT rowid AS "@row", * FROM {} WHERE rowid > ? ORDER BY rowid LIMIT ?'


def _next(connection: sqlite3.Connection, table: str, after: int, last: int) -> tuple[int, sqlite3.Row] | None:
    """Return the first readable row beyond a damaged place, with its number."""
    for number in range(after + 1, last + 1):
        try:
            row = connection.execute(f"SELECT * FROM {table} WHERE rowid = ?", (number,)).fetchone()  # noqa: S608 - as above
        except DAMAGED:
            continue
        if row is not None:
            return number, row
    return None


def _last(connection: sqlite3.Connection, table: str, after: int) -> int:
    sources = ("", *(f"INDEXED BY {name}" for name in _INDEXES.get(table, ())))
    numbers = [after + _BEYOND]
    for source in sources:
        try:
            row = connection.execute(f"SELECT max(+rowid) FROM {table} {source}").fetchone()  # noqa: S608 - as above
        except DAMAGED:
            continue
        numbers.append(int(row[0] or 0))
    return max(numbers)
