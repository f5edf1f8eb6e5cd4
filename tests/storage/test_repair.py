"""`nexus doctor --verify` finds every kind of damage; `--repair` loses nothing that can still be read anywhere."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from nexus_jupyter.cli import main
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.capability import Grant
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage import sqlite_url
from nexus_jupyter.upkeep import verified
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, read_database, read_file, repair, verify
from tests.storage.test_checkpoints import Opener

NONE = WorkspaceOptions(checkpoint_every=0)


@pytest.fixture
def folder(tmp_path: Path, engine: Engine, counter: str, ann: Actor) -> Path:
    """A workspace with 41 changes and no checkpoint, closed."""
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=NONE)
    kernel.put_panel("counter", counter, ann)
    for value in range(1, 41):
        kernel.set_state("counter", {"count": value}, ann)
    kernel.permissions.store.add("counter", "net.http", "https://example.org", "ann")
    kernel.close()
    return tmp_path / "ws"


def sql(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / ".nexus" / "journal.db")) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def faults(folder: Path) -> list[str]:
    return list(verify(read_file(folder / ".nexus" / "journal.db")).faults)


def checkpoint(folder: Path, engine: Engine, rev: int) -> None:
    kernel = WorkspaceKernel(folder, engine=engine, options=NONE)
    from nexus_jupyter.workspace.writer import Head

    kernel.store.checkpointer.write(Head(kernel.writer.at(rev), rev))
    kernel.close()


def reopened(folder: Path, engine: Engine) -> tuple[int, object, list[Grant]]:
    """The rev, the count, and the grants after opening a journal that must be sound."""
    assert faults(folder) == []
    kernel = WorkspaceKernel(folder, engine=engine, options=NONE)
    try:
        revs = [change.rev for change in kernel.journal.read()]
        assert revs == list(range(revs[0], revs[0] + len(revs)))
        return kernel.head.rev, kernel.panel("counter").state["count"], kernel.permissions.store.active("counter")
    finally:
        kernel.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM journal WHERE rev IN (7, 9, 10)", "lacks rev 7, 9 to 10"),
        ("UPDATE journal SET ops = replace(ops, '12', '13') WHERE rev = 13", "Rev 13 is not what was written"),
        ("UPDATE journal SET ts = ts + 1 WHERE rev = 13", "Rev 13 is not what was written"),
        ("UPDATE journal SET digest = 'x' WHERE rev = 13", "Rev 13 is not what was written"),
        ("UPDATE journal SET cause = '{' WHERE rev = 5", "Rev 5 cannot be read"),
        ("UPDATE checkpoints SET body = x'00' WHERE rev = 20", "checkpoint of rev 20 cannot be used"),
        ("UPDATE checkpoints SET digest = 'x' WHERE rev = 20", "rev 20 shows another history"),
        ("DELETE FROM journal WHERE rev > 15", "ends at rev 15, but there is a checkpoint of rev 20"),
    ],
)
def test_verifying_finds_it(
    folder: Path, engine: Engine, statement: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    checkpoint(folder, engine, 20)
    assert main(["doctor", "--verify", str(folder)]) == 0
    assert "41 rows and 1 checkpoints, up to rev 41" in capsys.readouterr().out
    sql(folder, statement)
    assert main(["doctor", "--verify", str(folder)]) == 1
    told = capsys.readouterr().out
    assert said in told
    assert "nexus doctor --repair" in told


def test_verifying_compares_checkpoints_with_a_replay(folder: Path, engine: Engine) -> None:
    checkpoint(folder, engine, 20)
    checkpoint(folder, engine, 30)
    sql(folder, "UPDATE checkpoints SET body = (SELECT body FROM checkpoints WHERE rev = 20) WHERE rev = 30")
    assert faults(folder) == ["The checkpoint of rev 30 is not what a replay of the journal gives."]


def test_verifying_works_on_a_server_too(
    tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str, ann: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = Opener(tmp_path / "ws", engine, options)
    with opener() as kernel:
        kernel.put_panel("counter", counter, ann)
        for value in range(1, 12):
            kernel.set_state("counter", {"count": value}, ann)
        url = options.database_url or sqlite_url(kernel.folder.journal)
        assert verify(read_database(url, kernel.store.key)).faults == ()  # while it is open
    opener.sql("UPDATE journal SET inverse = '[]' WHERE rev = 4")
    if options.database_url:
        monkeypatch.setenv("NEXUS_DATABASE_URL", options.database_url)
    (found,) = verified(tmp_path / "ws")
    assert found.detail == "Rev 4 is not what was written."


def test_what_is_sound_is_left_alone(folder: Path) -> None:
    before = (folder / ".nexus" / "journal.db").read_bytes()
    assert repair(folder) == ["Nothing is damaged."]
    assert (folder / ".nexus" / "journal.db").read_bytes() == before
    assert list((folder / ".nexus").glob("damaged-*")) == []


def test_a_lost_row_is_made_again_from_the_next_checkpoint(folder: Path, engine: Engine) -> None:
    checkpoint(folder, engine, 30)
    sql(folder, "DELETE FROM journal WHERE rev BETWEEN 11 AND 14")
    told = repair(folder)
    assert any("Rev 11 to 14" in line and "checkpoint of rev 30" in line for line in told)
    rev, count, grants = reopened(folder, engine)
    assert (rev, count, len(grants)) == (41, 40, 1)
    kernel = WorkspaceKernel(folder, engine=engine, options=NONE)
    # The rows around are as they were, and the state after the hole is exactly what it was.
    values = {rev: kernel.writer.at(rev).entity("counter/state.count").attrs["value"] for rev in (10, 14, 15, 30, 41)}
    assert values == {10: 9, 14: 13, 15: 14, 30: 29, 41: 40}
    kernel.close()


def test_changes_at_the_end_that_only_a_checkpoint_knows_are_restored(folder: Path, engine: Engine) -> None:
    checkpoint(folder, engine, 41)
    sql(folder, "DELETE FROM journal WHERE rev > 35")
    repair(folder)
    assert reopened(folder, engine)[:2] == (41, 40)


def test_a_creation_that_is_lost_is_restored_with_all_that_it_made(folder: Path, engine: Engine) -> None:
    checkpoint(folder, engine, 20)
    sql(folder, "DELETE FROM journal WHERE rev = 1")
    told = repair(folder)
    assert any("Rev 1 could not be read" in line for line in told)
    assert reopened(folder, engine)[:2] == (41, 40)


def test_without_a_checkpoint_what_still_fits_is_kept_and_the_loss_is_told(folder: Path, engine: Engine) -> None:
    sql(
        folder, "DELETE FROM journal WHERE rev = 20", "UPDATE journal SET ops = replace(ops, '29', '31') WHERE rev = 30"
    )
    told = repair(folder)
    assert "Lost: rev 20. Nothing tells what was changed there." in told
    assert "Rev 30 is not what was written; it was kept as it is now." in told
    assert reopened(folder, engine)[:2] == (41, 40)


def test_damaged_pages_are_read_around_and_the_original_is_kept(folder: Path, engine: Engine) -> None:
    checkpoint(folder, engine, 41)
    file = folder / ".nexus" / "journal.db"
    sql(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    damaged = bytearray(file.read_bytes())
    page = page_of_row(file, 30)
    damaged[(page - 1) * 4096 : page * 4096] = random.Random(3).randbytes(4096)
    file.write_bytes(damaged)
    assert any("damaged pages" in fault for fault in faults(folder))
    told = repair(folder)
    assert any("could not be read as written" in line for line in told)
    assert reopened(folder, engine)[:2] == (41, 40)
    (aside,) = (folder / ".nexus").glob("damaged-*")
    assert (aside / "journal.db").read_bytes() == bytes(damaged)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_page_is_damaged_everything_that_a_checkpoint_shows_comes_back(
    folder: Path, engine: Engine, seed: int
) -> None:
    """Any page but the first, and but those of the one checkpoint: then there is nothing to restore from."""
    checkpoint(folder, engine, 41)
    file = folder / ".nexus" / "journal.db"
    sql(folder, "PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(file.read_bytes())
    dice = random.Random(seed)
    page = dice.randrange(2, len(data) // 4096 + 1)
    data[(page - 1) * 4096 : page * 4096] = dice.randbytes(4096)
    file.write_bytes(data)
    contents = read_file(file)
    repair(folder)
    rev, count, _ = reopened(folder, engine)
    if contents.checkpoints or 41 in contents.rows:
        assert (rev, count) == (41, 40)


def page_of_row(file: Path, rev: int) -> int:
    """The leaf page that holds a row's ops, found by its contents."""
    needle = f'"value":{rev - 1}}}'.encode()
    data = file.read_bytes()
    return data.index(needle) // 4096 + 1


def test_opening_a_corrupt_journal_names_the_command(folder: Path, engine: Engine) -> None:
    file = folder / ".nexus" / "journal.db"
    data = bytearray(file.read_bytes())
    page = page_of_row(file, 30)
    data[(page - 1) * 4096 : page * 4096] = random.Random(4).randbytes(4096)
    file.write_bytes(data)
    with pytest.raises(StorageError) as caught:
        WorkspaceKernel(folder, engine=engine, options=NONE)
    assert f"nexus doctor --repair {folder}" in caught.value.hint
    repair(folder)
    WorkspaceKernel(folder, engine=engine, options=NONE).close()


def test_recordings_that_are_damaged_are_put_aside(folder: Path, engine: Engine) -> None:
    (folder / ".nexus" / "runs.db").write_bytes(b"no database" * 500)
    with pytest.raises(StorageError, match="cannot be opened"):
        WorkspaceKernel(folder, engine=engine, options=NONE)
    assert "recordings of runs are damaged" in repair(folder)[0]
    assert reopened(folder, engine)[:2] == (41, 40)


def test_an_open_workspace_is_not_repaired(folder: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(folder, engine=engine, options=NONE)
    with pytest.raises(StorageError, match="is open already in this process"):
        repair(folder)
    kernel.close()
