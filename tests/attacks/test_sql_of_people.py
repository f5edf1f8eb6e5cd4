"""SQL that a reader of a workspace asks of its history.

Who attacks: a person who may only read, through ``ws.trilog.sql`` and every carrier of it. With what: any text. What
must hold: no file is read or written, no address is connected to, no program runs, nothing is changed, no setting of
the session is undone, and no rows of another workspace are seen. Three walls stand around it: the engine's own parse of
the text with a list of what it may have, a session that only reads and is filtered, and a confined process. Each is
tried with the others taken away.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("chdb")

SECRET = "the secret of somebody else"
ALL = ("statements", "session", "confinement")


@dataclass
class Listener:
    """A listener on loopback that counts who comes."""

    port: int
    came: list[object] = field(default_factory=list)


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Listener(server.getsockname()[1])

        def accept() -> None:
            while True:
                try:
                    connection, address = server.accept()
                except OSError:
                    return
                found.came.append(address)
                connection.close()

        threading.Thread(target=accept, daemon=True).start()
        yield found


@dataclass
class Place:
    """Where a question is asked, with a secret beside the database."""

    root: Path

    @property
    def secret(self) -> Path:
        return self.root / "secret.txt"

    @property
    def target(self) -> Path:
        return self.root / "written.txt"

    def ask(self, questions: list[str], *walls: str, **options: Any) -> dict[str, Any]:
        neutral = self.root / "neutral"
        for folder in (neutral, self.root / "trilog"):
            folder.mkdir(exist_ok=True)
        given = {"folder": str(self.root / "trilog"), "walls": walls, "neutral": str(neutral), **options}
        program = Path(__file__).with_name("reader_program.py")
        done = subprocess.run(
            [sys.executable, str(program), json.dumps(given)],
            input=json.dumps(questions), capture_output=True, text=True, check=False, cwd=self.root,
            env={**os.environ, "TMPDIR": str(neutral), "HOME": str(neutral)},
        )  # fmt: skip
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture
def place(tmp_path: Path) -> Place:
    found = Place(tmp_path)
    found.secret.write_text(f"{SECRET}\n")
    return found


def reaching(place: Place, port: int) -> list[str]:
    """Questions that read or write a file, run a program, or connect."""
    secret, target, url = place.secret, place.target, f"http://127.0.0.1:{port}/x.csv"
    sources = [
        f"file('{secret}', 'LineAsString')", f"`file`('{secret}', 'LineAsString')", f"'{secret}'", f'"{secret}"', f"`{secret}`",
        f"fileCluster('default', '{secret}', 'LineAsString')", f"filesystem('{secret.parent}')", f"sqlite('{secret}', 't')",
        "executable('sh', 'TSV', 'a String')", f"url('{url}', 'LineAsString')", f"'{url}'",
        f"urlCluster('default', '{url}', 'LineAsString')", f"remote('127.0.0.1:{port}', system.one)",
        f"s3('{url}', 'a', 'b', 'LineAsString')", f"hdfs('hdfs://127.0.0.1:{port}/x', 'TSV', 'a String')",
        f"mysql('127.0.0.1:{port}', 'd', 't', 'u', 'p')", f"postgresql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
        f"mongodb('127.0.0.1:{port}', 'd', 't', 'u', 'p', 'a String')", f"redis('127.0.0.1:{port}', 'k', 'k String')",
        f"jdbc('http://127.0.0.1:{port}', 's', 't')", "odbc('DSN=x', 's', 't')", "python('x')", "Python(x)",
        f"icebergLocal('{secret.parent}')", f"deltaLakeLocal('{secret.parent}')", f"url('file://{secret}', 'LineAsString')",
    ]  # fmt: skip
    questions = [f"SELECT * FROM {source}" for source in sources]
    questions += [f"SELECT/* */*/**/FROM {source} -- x" for source in sources]
    questions += [f"DESCRIBE {sources[0]}", f"WITH a AS (SELECT * FROM {sources[0]}) SELECT * FROM a"]
    functions = [f"file('{secret}')", f"`file`('{secret}')", f"FILE('{secret}')"]
    questions += [f"SELECT {one}" for one in functions]
    questions += [
        f"SELECT * APPLY(file) FROM (SELECT '{secret}' AS p)",
        f"SELECT arrayMap(x -> file(x), ['{secret}'])",
        f"SELECT 1 ORDER BY file('{secret}')",
        f"SELECT $h$ ; $h$, file('{secret}')",
        f"SELECT 1 # ' \n , file('{secret}') -- '",
        f"SELECT 1 INTO OUTFILE '{target}'",
        f"SELECT 1 INTO /* */ OUTFILE '{target}' FORMAT CSV",
        f"INSERT INTO FUNCTION file('{target}', 'CSV', 'a String') VALUES ('x')",
        f"SELECT 1; INSERT INTO FUNCTION file('{target}', 'CSV', 'a String') VALUES ('x')",
        f"CREATE TABLE written (a String) ENGINE = File(CSV, '{target}')",
        f"BACKUP TABLE twin_changes TO File('{target}')",
        f"SELECT aiGenerate('http://127.0.0.1:{port}', 'x')",
    ]
    return questions


#: Statements that change what is there, or the session; each kind that the engine's grammar has.
CHANGING = [
    "INSERT INTO twin_changes (workspace_id) VALUES ('mine')", "INSERT INTO twin_changes SELECT * FROM twin_changes",
    "DROP TABLE twin_changes", "TRUNCATE TABLE twin_changes", "ALTER TABLE twin_changes DELETE WHERE 1",
    "DELETE FROM twin_changes WHERE 1", "UPDATE twin_changes SET value = 'x' WHERE 1", "RENAME TABLE twin_changes TO x",
    "EXCHANGE TABLES twin_changes AND twin_timeline", "OPTIMIZE TABLE twin_changes FINAL", "DETACH TABLE twin_changes",
    "ATTACH TABLE x", "CREATE TABLE made (a Int8) ENGINE = Memory", "CREATE VIEW made AS SELECT 1",
    "CREATE TEMPORARY TABLE made (a Int8)", "CREATE DATABASE made", "CREATE FUNCTION made AS x -> x",
    "CREATE DICTIONARY made (a UInt64) PRIMARY KEY a SOURCE(EXECUTABLE(COMMAND 'id' FORMAT 'TSV')) LAYOUT(FLAT()) LIFETIME(1)",
    "CREATE USER made", "CREATE ROLE made", "GRANT SELECT ON *.* TO default", "REVOKE SELECT ON *.* FROM default",
    "CREATE NAMED COLLECTION made AS a = 1", "SET readonly = 0", "SET max_execution_time = 0", "SYSTEM SHUTDOWN",
    "SYSTEM FLUSH LOGS", "SYSTEM DROP MARK CACHE", "KILL MUTATION WHERE 1", "MOVE x TO y", "UNDROP TABLE x",
    "SELECT 1; DROP TABLE twin_changes", "SELECT 1;DROP TABLE twin_changes;--", "EXPLAIN AST SELECT 1; DROP TABLE twin_changes",
    "SELECT 1 SETTINGS readonly = 0", "SELECT 1 SETTINGS additional_table_filters = {}", "SELECT 1 sEtTiNgS max_threads = 1",
    "EXECUTE AS default SELECT 1", "PARALLEL WITH DROP TABLE twin_changes",
]  # fmt: skip
#: What shows the rows of others, or what the server does, if nothing stops it.
LOOKING = [
    "SELECT * FROM twin_changes", "SELECT * FROM default.twin_changes", "SELECT * FROM `default`.`twin_changes` AS t",
    "SELECT * FROM twin_timeline", "SELECT * FROM twin_timeline_mv", "SELECT * FROM twin_hourly_mv",
    "SELECT * FROM trace_index", "SELECT * FROM trace_index_of_changes", "SELECT * FROM twin_from_logs",
    "SELECT * FROM twin_changes FINAL PREWHERE workspace_id = 'theirs'",
    "WITH x AS (SELECT * FROM twin_changes) SELECT * FROM x", "SELECT * FROM view(SELECT * FROM twin_changes)",
    "SELECT (SELECT groupArray(value) FROM twin_changes)", "SELECT a.value FROM twin_changes a JOIN twin_timeline b USING (seq)",
    "SELECT value FROM twin_changes WHERE seq IN (SELECT seq FROM twin_timeline)", "SELECT 1 UNION ALL SELECT seq FROM twin_changes",
]  # fmt: skip
AROUND = [
    "SELECT * FROM merge('default', '.*')", "SELECT * FROM merge(currentDatabase(), 'twin_changes')",
    "SELECT * FROM loop(twin_changes) LIMIT 5", "SELECT * FROM remote('localhost', default.twin_changes)",
    "SELECT * FROM cluster('default', default.twin_changes)", "SELECT * FROM system.processes", "SELECT * FROM `system`.`tables`",
    "SELECT * FROM system . query_log", "SELECT * FROM INFORMATION_SCHEMA.tables", "SELECT * FROM information_schema.columns",
    "SELECT 1 IN system.one", "SELECT * FROM mergeTreeIndex('default', 'twin_changes')", "SHOW PROCESSLIST", "SHOW GRANTS",
    "SHOW DATABASES", "SHOW TABLES FROM system", "SHOW CREATE TABLE twin_changes", "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('t', 'a', 1)", "SELECT hostName()", "SELECT getSetting('additional_table_filters')", "SELECT sleep(3)",
    "SELECT currentUser()", "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))", "USE system", "KILL QUERY WHERE 1",
]  # fmt: skip


def refused(found: dict[str, Any], questions: list[str]) -> None:
    for question, (answer, error) in zip(questions, found["answers"], strict=True):
        assert error, f"answered {question!r} with {answer[:200]}"


@pytest.mark.parametrize("walls", [ALL, ("statements",)], ids=["all walls", "the list of statements alone"])
def test_nothing_but_the_history_can_be_asked(place: Place, listener: Listener, walls: tuple[str, ...]) -> None:
    questions = [*reaching(place, listener.port), *CHANGING, *AROUND]
    found = place.ask(questions, *walls)
    refused(found, questions)
    assert not place.target.exists()
    assert not listener.came
    assert found["tables"]["twin_changes"] == 2


def test_a_session_that_reads_changes_nothing_though_every_statement_is_let_through(
    place: Place, listener: Listener
) -> None:
    found = place.ask([*CHANGING, *reaching(place, listener.port)], "session")
    assert found["tables"]["twin_changes"] == 2
    assert "made" not in found["tables"]
    assert "written" not in found["tables"]
    assert not listener.came


def test_a_confined_process_reaches_nothing_though_every_statement_is_let_through(
    place: Place, listener: Listener
) -> None:
    # Those that retry for minutes whatever they are told are left to the other walls.
    patient = ("s3(", "mongodb(", "hdfs(", "redis(", "jdbc(", "mysql(", "odbc(", "postgresql(")
    questions = [one for one in reaching(place, listener.port) if not any(name in one for name in patient)]
    for only in ({}, {"seccomp": False}):
        found = place.ask(questions, "confinement", **only)
        assert SECRET not in json.dumps(found["answers"]), only
        assert not listener.came, only
        assert not place.target.exists(), only


def test_without_any_wall_the_secret_is_read(place: Place) -> None:
    """The attacks above are real ones: with nothing in their way they do what they are meant to."""
    found = place.ask([f"SELECT file('{place.secret}')", f"SELECT * FROM '{place.secret}'"])
    assert SECRET in found["answers"][0][0]


@pytest.mark.parametrize("walls", [ALL, ("session",)], ids=["all walls", "the session alone"])
def test_rows_of_other_workspaces_are_not_seen(place: Place, walls: tuple[str, ...]) -> None:
    found = place.ask(LOOKING, *walls)
    for question, (answer, _error) in zip(LOOKING, found["answers"], strict=True):
        assert "theirs" not in answer, question
    assert "mine" in found["answers"][0][0]


def test_every_table_function_and_kind_of_statement_of_the_engine_is_on_a_list(place: Place) -> None:
    """A newer engine with another function is refused it, until somebody has decided."""
    from nexus_jupyter.trilog.statements import _ROWS, _listed

    code = "import chdb; print(chdb.connect(':memory:').query('SELECT name FROM system.table_functions', 'CSV'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    names = [line.strip('"') for line in done.stdout.split()]
    assert len(names) > 50
    questions = [f"SELECT * FROM {name}('x', 'y')" for name in names if name.lower() not in _ROWS]
    refused(place.ask(questions, "statements"), questions)
    dangerous = {"file", "dictget", "joinget", "sleep", "getsetting", "hostname", "catboostevaluate", "aigenerate"}
    assert not dangerous & _listed()[0]


def test_what_people_ask_is_answered(place: Place) -> None:
    """The walls leave room: windows, combinators, WITH, maps, casts, joins, EXPLAIN and DESCRIBE."""
    questions = [
        "select 1;", "show tables", "describe twin_changes", "explain select * from twin_changes",
        "with a as (select ts from twin_changes) select count() from a -- done",
        "select sumIf(seq, seq > 1), argMax(value, ts), quantile(0.9)(seq), count(distinct seq) from twin_changes final",
        "select row_number() over (order by ts), lagInFrame(seq) over (order by ts) from twin_changes",
        "select arrayMap(x -> x + 1, [1, 2]), map('a', 1)['a'], cast('1' as Int8), '2'::Int8, interval 1 day + now()",
        "select case when seq > 1 then 'a; drop' else 'b' end, extract(year from ts) from twin_changes",
        "select * from numbers(3) union all select 5 intersect select 5",
        "select value from twin_changes where object_id in ('p', 'q') and value like '%f%' and seq between 0 and 2",
        "select `a b`, 'it''s -- fine' from (select 1 as `a b`)", "select * except (ts) from twin_changes order by 1 limit 1 by seq",
        "select toStartOfInterval(ts, interval 5 minute) t, uniqExact(object_id) from twin_changes group by t with totals",
    ]  # fmt: skip
    found = place.ask(questions, *ALL)
    for question, (_answer, error) in zip(questions, found["answers"], strict=True):
        assert not error, (question, error)
