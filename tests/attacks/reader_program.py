"""Asks SQL of a history database with some of the walls around it taken away; a program of `test_sql_of_people.py`.

Its argument is JSON: the folder, and which walls stand. It reads questions from standard input, a JSON list of texts,
and writes a JSON list of [answer, error].
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.trilog import database as engine
from nexus_jupyter.trilog import reading
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.migrate import migrate

#: Rows of two workspaces; only those of the first may be seen.
FACTS = "INSERT INTO twin_changes (workspace_id, object_type, object_id, field, op, value, ts, seq, trace_id) VALUES "


def main() -> None:
    given: dict[str, Any] = json.loads(sys.argv[1])
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    folder, walls = Path(given["folder"]), set(given["walls"])
    if "statements" not in walls:
        reading.checked = lambda _database, sql, _tables: sql
    if "session" not in walls:
        # One try each, so that what is refused is refused at once.
        engine._READS_ONLY = {"http_max_tries": 1, "s3_retry_attempts": 0, "connections_with_failover_max_tries": 1}
    if "confinement" in walls:
        from nexus_jupyter.processes.bootstrap import with_own
        from nexus_jupyter.processes.confinement import Confinement, confine

        os.chdir(given["neutral"])
        confinement = with_own(Confinement(write=(str(folder),)))
        confine(confinement, landlock=given.get("landlock", True), seccomp=given.get("seccomp", True))
    database = Database.embedded(folder)
    migrate(database)
    for number, workspace in enumerate(("mine", "theirs")):
        database.command(
            f"{FACTS} ('{workspace}', 'Panel', 'p', 'f', 'set', 'of {workspace}', now64(9), {number}, 't')"
        )
    asked = reading.Reading(database, "mine")
    answers: list[list[str]] = []
    for sql in json.loads(sys.stdin.read()):
        try:
            answers.append([json.dumps(asked.answer(sql).to_pylist(), default=str), ""])
        except NexusError as error:
            answers.append(["", error.message])
        except Exception as error:  # noqa: BLE001 - what a table cannot show is no answer either
            answers.append(["", f"{type(error).__name__}: {error}"])
    out.write(json.dumps({"answers": answers, "tables": _tables(database)}))
    out.flush()
    os._exit(0)


def _tables(database: Database) -> dict[str, int]:
    """Return how many rows each table has after all was asked."""
    rows = database.rows("SELECT name, engine FROM system.tables WHERE database = currentDatabase()")
    own = {str(name) for name, engine in rows if "MergeTree" in str(engine)}
    counts = {name: int(database.rows(f"SELECT count() FROM `{name}`")[0][0]) for name in own}
    return {str(name): counts.get(str(name), -1) for name, _engine in rows}


if __name__ == "__main__":
    main()
