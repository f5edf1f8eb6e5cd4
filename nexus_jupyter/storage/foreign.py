"""Reads the grants in a database that somebody else made, in a process of its own that may die of it.

A SQLite file from elsewhere may be damaged on purpose. It is opened read-only and immutable, its schema is not
trusted, only plain tables are read, values, steps, memory and time are bounded, and the answer is JSON. Run as a
script with the file as its argument, so that nothing but the standard library is loaded.
"""

from __future__ import annotations

import json
import sqlite3
import sys
from pathlib import Path
from urllib.parse import quote

__all__ = ["MOST", "main"]

#: Grants that are read at most.
MOST = 200
_LONGEST, _STEPS, _MEMORY, _SECONDS = 1000, 2_000_000, 512 << 20, 5
#: Bytes of the answer; grants beyond are left out.
_OUTPUT = 48 << 10
_TABLE = "SELECT count(*) FROM sqlite_master WHERE name = 'grants' AND type = 'table'"
_GRANTS = "SELECT panel, cap, target FROM grants WHERE revoked_at IS NULL LIMIT ?"


def main(path: str) -> None:
    """Write the grants that were not revoked to standard output, as JSON: lists of panel, capability and target."""
    _bound()
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro&immutable=1", uri=True)
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA cell_size_check=ON")
    connection.execute("PRAGMA mmap_size=0")
    for limit, most in ((sqlite3.SQLITE_LIMIT_LENGTH, 1 << 20), (sqlite3.SQLITE_LIMIT_ATTACHED, 0)):
        connection.setlimit(limit, most)
    connection.set_progress_handler(lambda: 1, _STEPS)
    rows: list[list[str | None]] = []
    if connection.execute(_TABLE).fetchone()[0] == 1:
        size = 0
        for row in connection.execute(_GRANTS, (MOST,)):
            texts = [one if one is None else str(one) for one in row]
            size += len(json.dumps(texts)) + 2
            if size > _OUTPUT:
                break
            # A target that was cut would be another target.
            if all(len(one or "") <= _LONGEST for one in texts):
                rows.append(texts)
    json.dump(rows, sys.stdout)


def _bound() -> None:
    if sys.platform == "win32":
        return
    import resource

    for kind, most in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_FSIZE, 2 * _OUTPUT),
    ):
        resource.setrlimit(kind, (most, most))


if __name__ == "__main__":
    main(str(Path(sys.argv[1])))
