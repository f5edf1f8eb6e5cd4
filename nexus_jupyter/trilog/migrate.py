"""Brings a history database to this version's tables: SQL files in order, each noted when it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.trilog.database import Database

__all__ = ["migrate"]

_FOLDER = Path(__file__).parent / "migrations"
_NOTES = """
CREATE TABLE IF NOT EXISTS trilog_migrations (
  version UInt32, name String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = ReplacingMergeTree ORDER BY version
"""


def migrate(database: Database, folder: Path = _FOLDER) -> list[str]:
    """Apply what is not applied yet, and return the names of those files.

    Each statement may be carried out twice, so a process that is killed half-way goes on with the file it was at.

    Raises
    ------
    TriLogError
        If the database is of a newer version of Nexus.
    """
    database.command(_NOTES)
    files = sorted(folder.glob("*.sql"))
    done = {int(row[0]) for row in database.rows("SELECT version FROM trilog_migrations")}
    newest = max((_version(path) for path in files), default=0)
    if max(done, default=0) > newest:
        raise TriLogError(
            f"The history database has tables of version {max(done)}; this Nexus knows up to {newest}.",
            hint="Use the version of nexus-jupyter that made it, or a newer one.",
        )
    applied = []
    for path in files:
        if _version(path) in done:
            continue
        for statement in _statements(path.read_text(encoding="utf-8")):
            database.command(statement)
        note = "INSERT INTO trilog_migrations (version, name) VALUES ({v:UInt32}, {n:String})"
        database.command(note, {"v": _version(path), "n": path.stem})
        applied.append(path.stem)
    return applied


def _version(path: Path) -> int:
    return int(path.stem.split("_")[0])


def _statements(text: str) -> Iterator[str]:
    plain = re.sub(r"^\s*--.*$", "", text, flags=re.MULTILINE)
    yield from (statement for statement in plain.split(";") if statement.strip())
