"""Statements that a panel asks of a database it was granted (``db.query``).

Who attacks: the author of a panel with a grant to read. With what: any statement, and answers of any size. What must
hold: nothing is written, no file of the server is reached, no lock or setting outlives the statement, and an answer is
bounded before it is all fetched. The database enforces it: a transaction that is read-only, SQLite's authorizer, a user
without mighty rights.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.sandbox import databases
from nexus_jupyter.sandbox.databases import Databases


class Granted:
    """A token that allows one target."""

    def __init__(self, target: str) -> None:
        self._target = target

    def allows(self, _capability: str, target: str) -> bool:
        return target == self._target

    def require(self, capability: str, target: str) -> None:
        assert self.allows(capability, target)


class Asking:
    """A panel with a grant."""

    def __init__(self, url: str, target: str = "shop", answer_bytes: int = 1 << 20) -> None:
        self.databases = Databases({"shop": url})
        self.token: Any = Granted(target)
        self.answer_bytes = answer_bytes

    def ask(self, sql: str, **params: Any) -> list[dict[str, Any]]:
        args = {"connection": "shop", "sql": sql, "params": params}
        answer: Any = asyncio.run(self.databases.query(self, args))  # type: ignore[arg-type]  # has what is asked of it
        rows: list[dict[str, Any]] = answer["rows"]
        return rows


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a user without rights beyond its tables."""
    cluster = request.getfixturevalue("postgres")
    mighty = cluster.database()
    engine = create_engine(mighty.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE sales AS SELECT 'tea' AS item, 3.5 AS price"))
        connection.execute(text("DROP ROLE IF EXISTS humble"))
        connection.execute(text("CREATE ROLE humble LOGIN PASSWORD 'humble'"))
        connection.execute(text("GRANT ALL ON sales TO humble"))
        connection.execute(text("GRANT ALL ON SCHEMA public TO humble"))
    yield f"postgresql+psycopg://humble:humble@{mighty.rpartition('@')[2]}"
    with engine.begin() as connection:
        connection.execute(text("DROP OWNED BY humble"))
        connection.execute(text("DROP ROLE humble"))
    engine.dispose()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE sales (item, price)")
        connection.execute("INSERT INTO sales VALUES ('tea', 3.5)")
    connection.close()
    return path


WRITES = [
    "WITH x AS (INSERT INTO sales VALUES ('x', 1) RETURNING item) SELECT * FROM x",
    "WITH x AS (DELETE FROM sales RETURNING item) SELECT * FROM x",
    "SELECT set_config('transaction_read_only', 'off', true)",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_ls_dir('/')",
    "SELECT * INTO stolen FROM sales",
    "SELECT nextval('pg_catalog.nothing')",
]


@pytest.mark.parametrize("sql", WRITES)
def test_postgresql_refuses_what_is_more_than_reading(url: str, sql: str) -> None:
    panel = Asking(url)
    with pytest.raises(NexusError):
        panel.ask(sql)
    assert panel.ask("SELECT item FROM sales") == [{"item": "tea"}]


def test_nothing_of_a_session_meets_the_next_statement(url: str) -> None:
    panel = Asking(url)
    panel.ask("SELECT pg_advisory_lock(7), set_config('search_path', 'nowhere', false)")
    assert panel.ask("SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'") == [{"n": 0}]
    assert panel.ask("SELECT item FROM sales") == [{"item": "tea"}]
    writer = Asking(url, "shop:write")
    writer.ask("CREATE TEMP TABLE mine AS SELECT 1 AS a")
    with pytest.raises(NexusError, match="mine"):
        writer.ask("SELECT * FROM mine")


@pytest.mark.parametrize("target", ["shop", "shop:write"])
def test_a_superuser_is_no_connection_for_panels(request: pytest.FixtureRequest, target: str) -> None:
    mighty = request.getfixturevalue("postgres").database().replace("postgresql://", "postgresql+psycopg://")
    with pytest.raises(NexusError, match="server's own files") as caught:
        Asking(mighty, target).ask("SELECT pg_read_file('/etc/passwd')")
    assert "NexusApp.connections" in caught.value.hint


def test_rows_are_measured_while_they_come(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A billion rows: the server keeps them, and the answer is refused after the first few thousand."""
    seen = 0
    plain = databases.plain_value

    def counted(value: object) -> object:
        nonlocal seen
        seen += 1
        return plain(value)

    monkeypatch.setattr(databases, "plain_value", counted)
    with pytest.raises(NexusError, match="More than 10000 rows"):
        Asking(url).ask("SELECT generate_series(1, 1000000000) AS n")
    assert seen <= 10_400
    seen = 0
    with pytest.raises(NexusError, match="take more than 1 MB"):
        Asking(url).ask("SELECT repeat('x', 10000) AS a, generate_series(1, 1000000000) AS n")
    assert seen <= 400


def test_rows_of_sqlite_are_measured_while_they_come(file: Path) -> None:
    panel = Asking(f"sqlite:///{file}")
    endless = "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n) SELECT a{} FROM n"
    with pytest.raises(NexusError, match="More than 10000 rows"):
        panel.ask(endless.format(""))
    with pytest.raises(NexusError, match="take more than 1 MB"):
        panel.ask(endless.format(", zeroblob(10000) AS b"))
    with pytest.raises(NexusError, match="too big"):
        panel.ask("SELECT length(zeroblob(900000000)) AS a")
    assert len(panel.ask(endless.format("") + " LIMIT 10000")) == 10_000


@pytest.mark.parametrize(
    "sql",
    [
        "WITH x AS (SELECT 1) DELETE FROM sales", "WITH x AS (SELECT 1) INSERT INTO sales SELECT 1, 2",
        "WITH x AS (SELECT 1) UPDATE sales SET price = 1", "PRAGMA query_only = OFF", "PRAGMA journal_mode = DELETE",
        "PRAGMA user_version = 5", "SELECT load_extension('x')", "VALUES (1) UNION SELECT load_extension('x')",
    ],
)  # fmt: skip
@pytest.mark.parametrize("query_only", [True, False], ids=["as it is", "the authorizer alone"])
def test_sqlite_refuses_what_is_more_than_reading(
    file: Path, sql: str, query_only: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not query_only:
        monkeypatch.setattr(
            databases, "_guard_sqlite", lambda connection, _record: databases._guard(connection, databases._READING.__contains__)
        )  # fmt: skip
    before = file.read_bytes()
    with pytest.raises(NexusError):
        Asking(f"sqlite:///{file}").ask(sql)
    assert file.read_bytes() == before


@pytest.mark.parametrize("sql", ["ATTACH DATABASE '{0}' AS x", "VACUUM INTO '{0}'", "PRAGMA writable_schema = ON"])
def test_a_grant_to_write_leads_to_no_other_file(file: Path, sql: str) -> None:
    other = file.with_name("other.db")
    with pytest.raises(NexusError):
        Asking(f"sqlite:///{file}", "shop:write").ask(sql.format(other))
    assert not other.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM sales INTO OUTFILE '/tmp/x'", "SELECT * FROM sales INTO/**/OUTFILE '/tmp/x'",
        "SELECT * FROM sales INTO -- x\n DUMPFILE '/tmp/x'", "SELECT 1 /*!50000INTO OUTFILE '/tmp/x'*/", "SELECT load_file('/etc/passwd')",
        "SELECT 1; SELECT 2",
    ],
)  # fmt: skip
def test_files_of_a_mysql_server_are_not_named(file: Path, sql: str) -> None:
    with pytest.raises(NexusError, match=r"are not run|One statement"):
        Asking(f"sqlite:///{file}", "shop:write").ask(sql)
