"""The journal: durable, in order, and clear when it cannot be."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.patch import Cause, Change, SetOp, UnsetOp
from nexus_jupyter.storage import Journal, open_database, sqlite_url
from nexus_jupyter.storage import journal as storage_journal
from nexus_jupyter.storage.schema import metadata
from nexus_jupyter.workspace import WorkspaceKernel


def change(rev: int) -> Change:
    return Change(workspace="w", rev=rev, ts=rev, actor=SYSTEM, cause=Cause(kind="edit"), panel="p", ops=[], inverse=[])


def test_what_is_written_is_read_in_order(database: str) -> None:
    journal = Journal(open_database(database), "w")
    journal.append([change(1), change(2)])
    journal.append([change(3)])
    assert [c.rev for c in journal.read()] == [1, 2, 3]
    assert [c.rev for c in journal.read(after=2)] == [3]
    assert journal.last_rev() == 3
    assert list(Journal(open_database(database), "other").read()) == []


def test_the_table_tells_of_all_changes_page_by_page(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_journal, "_PAGE", 3)
    journal = Journal(open_database(database), "w")
    ann = Actor(id="ann", name='"Ann" \u00e9')
    ops = [SetOp(id="p", attrs={"value": ["[", "\u2028", {"a": 1}]}), UnsetOp(id="p", names=["x"])]
    given = [change(rev) for rev in range(1, 8)]
    given[2] = given[2].model_copy(update={"actor": ann, "panel": None, "ops": ops})
    given[6] = given[6].model_copy(update={"cause": Cause(kind="undo", of=3, ahead_ms=1500), "ts": 10**18 + 1})
    journal.append(given)
    table = journal.table()
    assert table["rev"].to_pylist() == [one.rev for one in given]
    assert table["ts"].cast("int64").to_pylist() == [one.ts for one in given]
    assert table["actor"].to_pylist() == [one.actor.id for one in given]
    assert table["cause"].to_pylist() == [one.cause.kind for one in given]
    assert table["panel"].to_pylist() == [one.panel for one in given]
    assert table["ops"].to_pylist() == [len(one.ops) for one in given]
    assert table["ahead"].cast("int64").to_pylist() == [None] * 6 + [1_500_000_000]
    assert Journal(open_database(database), "other").table().num_rows == 0


def test_rows_are_read_in_batches_of_few_bytes(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_journal, "_BATCH_BYTES", 5000)
    monkeypatch.setattr(storage_journal, "_BATCH", 4)
    engine = open_database(database)
    journal = Journal(engine, "w")
    sizes = [10, 20_000, 10, 10, 10, 10, 10, 3000, 3000, 10, 20_000]
    values = [SetOp(id="p", attrs={"value": "x" * size}) for size in sizes]
    journal.append([change(rev).model_copy(update={"ops": [op]}) for rev, op in enumerate(values, 1)])
    read: list[int] = []

    def note(_connection: object, _cursor: object, statement: str, *_given: object) -> None:
        if "inverse" in statement and "digest" in statement:
            read.append(0)

    event.listen(engine, "before_cursor_execute", note)
    revs = []
    for row in journal.rows():
        revs.append(row["rev"])
        read[-1] += len(row["ops"])
    assert revs == list(range(1, len(sizes) + 1))
    assert len(read) > len(sizes) // 4
    assert all(size < 6000 for size in read if size < 20_000)
    assert all(size < 21_000 for size in read)
    assert [row["rev"] for row in journal.rows(after=3, upto=8, panel="p")] == [4, 5, 6, 7, 8]


def test_a_batch_is_stored_whole_or_not_at_all(database: str) -> None:
    journal = Journal(open_database(database), "w")
    journal.append([change(1)])
    with pytest.raises(StorageError, match="could not be saved"):
        journal.append([change(2), change(1)])
    assert [c.rev for c in journal.read()] == [1]


def test_commits_are_synchronous(tmp_path: Path) -> None:
    engine = open_database(sqlite_url(tmp_path / "j.db"))
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_the_migrations_make_the_schema_that_the_code_uses(database: str) -> None:
    engine = open_database(database)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    open_database(sqlite_url(path)).dispose()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StorageError, match="newer Nexus"):
        open_database(sqlite_url(path))


def test_a_gap_in_the_journal_is_told_and_nothing_is_guessed(tmp_path: Path, engine: Engine, counter: str) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("counter", counter, SYSTEM)
    for value in (1, 2, 3):
        kernel.set_state("counter", {"count": value}, SYSTEM)
    kernel.close()
    with sqlite3.connect(tmp_path / "ws" / ".nexus" / "journal.db") as connection:
        connection.execute("DELETE FROM journal WHERE rev = 2")
    with pytest.raises(StorageError, match="lacks rev 2"):
        WorkspaceKernel(tmp_path / "ws", engine=engine)


def test_a_change_that_cannot_be_saved_is_not_made(tmp_path: Path, engine: Engine, counter: str) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("counter", counter, SYSTEM)
    told: list[int] = []
    kernel.writer.listen(lambda c, _head: told.append(c.rev))
    with sqlite3.connect(tmp_path / "ws" / ".nexus" / "journal.db") as connection:
        connection.execute("CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'disk full'); END")
    with pytest.raises(StorageError, match="disk full"):
        kernel.set_state("counter", {"count": 9}, SYSTEM)
    assert kernel.panel("counter").state == {"count": 0}
    assert told == []
    with sqlite3.connect(tmp_path / "ws" / ".nexus" / "journal.db") as connection:
        connection.execute("DROP TRIGGER full")
    kernel.set_state("counter", {"count": 9}, SYSTEM)
    assert kernel.panel("counter").state == {"count": 9}
    kernel.close()


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path, engine: Engine) -> None:
    WorkspaceKernel(tmp_path / "ws", engine=engine).close()
    folder = tmp_path / "ws" / ".nexus"
    (folder / "journal.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="cannot be opened"):
        WorkspaceKernel(tmp_path / "ws", engine=engine)
