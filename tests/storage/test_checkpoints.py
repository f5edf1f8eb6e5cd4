"""Opening from checkpoints, any version of the past, and a journal that begins later; on both databases."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from nexus_jupyter.engine import Engine
from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import NotFoundError, StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause
from nexus_jupyter.protocol.upkeep import CompactBody
from nexus_jupyter.storage import open_database, sqlite_url
from nexus_jupyter.storage.schema import HEAD
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, checkpointing, compact, timeline
from nexus_jupyter.workspace.writer import Draft
from tests.workspace.test_session import Client

WITHOUT = {"without_trilog": True}


class Opener:
    """Opens one workspace again and again."""

    def __init__(self, folder: Path, engine: Engine, options: WorkspaceOptions) -> None:
        self.folder, self.engine, self.options = folder, engine, options

    @contextmanager
    def __call__(self) -> Iterator[WorkspaceKernel]:
        kernel = WorkspaceKernel(self.folder, engine=self.engine, options=self.options)
        try:
            yield kernel
        finally:
            kernel.close()

    def sql(self, statement: str) -> None:
        url = self.options.database_url or sqlite_url(self.folder / ".nexus" / "journal.db")
        engine = open_database(url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()


@pytest.fixture
def opened(tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str, ann: Actor) -> Opener:
    """A workspace with 1 + 45 changes, closed."""
    opener = Opener(tmp_path / "ws", engine, options)
    with opener() as kernel:
        kernel.put_panel("counter", counter, ann)
        for value in range(1, 46):
            kernel.set_state("counter", {"count": value}, ann)
    return opener


def replayed(kernel: WorkspaceKernel, upto: int) -> bytes:
    graph = Graph()
    for change in kernel.journal.read():
        if change.rev <= upto:
            graph = apply(graph, change.ops, rev=change.rev).graph
    return dump(graph)


def test_opening_takes_the_newest_checkpoint_and_gives_what_a_replay_gives(opened: Opener) -> None:
    with opened() as kernel:
        assert kernel.head.rev == 46
        assert max(kernel.store.checkpoints.revs()) == 46
        assert kernel.store.timeline.restored(46)[0].rev == 46
        assert dump(kernel.head.graph) == replayed(kernel, 46)
        kernel.set_state("counter", {"count": 7}, Actor(id="ann"))
    opened.sql("DELETE FROM checkpoints WHERE rev = 47")
    with opened() as kernel:
        assert kernel.panel("counter").state == {"count": 7}
        assert dump(kernel.head.graph) == replayed(kernel, 47)


def test_a_damaged_checkpoint_is_passed_over_and_the_log_says_so(
    opened: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    broken = "x'00ff'" if not opened.options.database_url else r"'\x00ff'::bytea"
    opened.sql(f"UPDATE checkpoints SET body = {broken} WHERE rev = 46")
    with caplog.at_level(logging.WARNING), opened() as kernel:
        assert "The checkpoint of rev 46 cannot be used" in caplog.text
        assert dump(kernel.head.graph) == replayed(kernel, 46)
    opened.sql(f"UPDATE checkpoints SET body = {broken}")
    with opened() as kernel:
        assert kernel.store.timeline.restored(46)[0].rev == 0
        assert kernel.panel("counter").state == {"count": 45}


def test_a_checkpoint_of_another_history_is_not_believed(opened: Opener, caplog: pytest.LogCaptureFixture) -> None:
    opened.sql("UPDATE checkpoints SET digest = 'other'")
    with caplog.at_level(logging.WARNING), opened() as kernel:
        assert kernel.panel("counter").state == {"count": 45}
    assert "another history" in caplog.text


def test_changes_that_a_checkpoint_knows_of_and_the_journal_does_not_are_told(opened: Opener) -> None:
    opened.sql("DELETE FROM journal WHERE rev > 40")
    with pytest.raises(StorageError, match="changes are lost") as caught, opened():
        pass
    assert "nexus doctor --verify" in caught.value.hint


def test_every_version_of_the_past_can_be_had(opened: Opener, ann: Actor) -> None:
    with opened() as kernel:
        for rev in (46, 0, 1, 17, 18, 30, 2, 45):
            assert dump(kernel.writer.at(rev)) == replayed(kernel, rev)
        kernel.set_state("counter", {"count": 0}, ann)
        assert kernel.writer.at(46).entity("counter/state.count").attrs["value"] == 45
        assert kernel.writer.at(47) is kernel.head.graph
        for rev in (-1, 48):
            with pytest.raises(NotFoundError, match="the newest is 47"):
                kernel.writer.at(rev)


def test_as_many_of_the_last_versions_as_are_kept_are_at_hand(
    tmp_path: Path, engine: Engine, counter: str, ann: Actor
) -> None:
    options = WorkspaceOptions(checkpoint_every=0)
    with Opener(tmp_path / "ws", engine, options)() as kernel:
        kernel.put_panel("counter", counter, ann)
        kernel.store.timeline._recent.most = 50
        for value in range(1, 100):
            kernel.set_state("counter", {"count": value}, ann)
        held = kernel.store.timeline._recent
        assert set(held) == set(range(51, 101))
        assert all(kernel.writer.at(rev) is held.get(rev) for rev in held)
        assert dump(kernel.writer.at(20)) == replayed(kernel, 20)


def test_checkpoints_are_thinned_once_they_take_much_room(
    opened: Opener, ann: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(kernel: WorkspaceKernel) -> list[int]:
        for value in range(300):
            kernel.set_state("counter", {"count": value}, ann)
            kernel.store.checkpointer._pool.submit(lambda: None).result()
        return kernel.store.checkpoints.revs()

    with opened() as kernel:
        revs = taken(kernel)
        every = kernel.store.checkpointer._every
        late = [rev for rev in revs if rev >= 46]
        assert max(after - before for before, after in pairwise(late)) == every
        monkeypatch.setattr(checkpointing, "_superfluous", partial(checkpointing._superfluous, most=1))
        revs = taken(kernel)
        assert len(revs) <= 12 + 646 // (64 * every) + 2
        assert revs[-1] >= 637


def test_a_version_far_from_all_checkpoints_takes_long_only_once(
    opened: Opener, ann: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "_FAR", 20)
    opened.sql("delete from checkpoints")
    with opened() as kernel:
        kernel.store.timeline._recent.clear()
        for rev in (40, 10, 41, 40):
            assert dump(kernel.writer.at(rev)) == replayed(kernel, rev)
        assert 40 in kernel.store.checkpoints.revs()


def test_compacting_drops_what_is_old_and_changes_nothing_else(opened: Opener, ann: Actor) -> None:
    with opened() as kernel:
        assert compact(kernel.store, kernel.trilog, CompactBody(**WITHOUT)).rows == 0
        done = compact(kernel.store, kernel.trilog, CompactBody(keep_changes=15, **WITHOUT))
        assert (done.rows, done.upto) == (31, 31)
        assert [change.rev for change in kernel.journal.read()] == list(range(32, 47))
        assert compact(kernel.store, kernel.trilog, CompactBody(keep_days=1, keep_changes=3, **WITHOUT)).rows == 0
    with opened() as kernel:
        assert kernel.panel("counter").state == {"count": 45}
        assert kernel.writer.at(31).entity("counter/state.count").attrs["value"] == 30
        with pytest.raises(NotFoundError, match="compacted, and begins at rev 31"):
            kernel.writer.at(30)
        kernel.undo("counter", ann)
        assert kernel.panel("counter").state == {"count": 44}
        for _ in range(14):
            kernel.undo("counter", ann)
        with pytest.raises(NotFoundError, match="nothing of yours to undo"):
            kernel.undo("counter", ann)
        assert kernel.journal.base.rev == 31
        assert min(kernel.store.checkpoints.revs()) == 31
        assert kernel.head.rev == 61


def test_a_compacted_journal_needs_its_first_checkpoint(opened: Opener) -> None:
    with opened() as kernel:
        compact(kernel.store, kernel.trilog, CompactBody(keep_changes=0, **WITHOUT))
        assert list(kernel.journal.read()) == []
    with opened() as kernel:
        assert (kernel.head.rev, kernel.panel("counter").state) == (46, {"count": 45})
        kernel.set_state("counter", {"count": 1}, Actor(id="ann"))
        assert kernel.head.rev == 47
    opened.sql("DELETE FROM checkpoints")
    with pytest.raises(StorageError, match="no checkpoint of it is sound"), opened():
        pass


def test_rows_that_a_crash_kept_from_being_dropped_do_not_come_back(opened: Opener) -> None:
    opened.sql("CREATE TABLE kept AS SELECT * FROM journal WHERE rev = 31")
    with opened() as kernel:
        compact(kernel.store, kernel.trilog, CompactBody(keep_changes=15, **WITHOUT))
    opened.sql("INSERT INTO journal SELECT * FROM kept")
    with opened() as kernel:
        assert next(iter(kernel.journal.read())).rev == 32
        assert kernel.writer.at(31).entity("counter/state.count").attrs["value"] == 30
        compact(kernel.store, kernel.trilog, CompactBody(keep_changes=10, **WITHOUT))
    engine = open_database(opened.options.database_url or sqlite_url(opened.folder / ".nexus" / "journal.db"))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT min(rev) FROM journal")).scalar() == 37
        assert connection.execute(text("SELECT count(*) FROM compactions")).scalar() == 2
    engine.dispose()


def test_a_client_that_was_away_since_before_the_journal_begins_gets_a_snapshot(opened: Opener, ann: Actor) -> None:
    with opened() as kernel:
        compact(kernel.store, kernel.trilog, CompactBody(keep_changes=10, **WITHOUT))
        assert Client(kernel, ann).follow("counter", 20)["type"] == "snapshot"
        near = Client(kernel, ann)
        missed = [near.follow("counter", 40), *(near.next() for _ in range(5))]
        assert [(frame["type"], frame["rev"]) for frame in missed] == [("patch", rev) for rev in range(41, 47)]


def test_trilog_has_read_what_is_dropped_and_can_begin_anew(opened: Opener, ann: Actor) -> None:
    question = "select value from twin_changes where field = 'state.count' and seq <= 31 order by seq desc limit 1"
    with opened() as kernel:
        compact(kernel.store, kernel.trilog, CompactBody(keep_changes=15))
        assert kernel.journal.base.rev == 31
        assert kernel.trilog._exchange(None)[0] == 46
        assert count(kernel) == 46
    with opened() as kernel:
        kernel.set_state("counter", {"count": 99}, ann)
        assert count(kernel) == 47  # the beginning of the journal says nothing that was not known
    import shutil

    shutil.rmtree(opened.folder / ".nexus" / "trilog")
    with opened() as kernel:
        from nexus_jupyter.protocol.trilog import SqlQuestion

        assert kernel.trilog.ask(SqlQuestion(sql=question)).to_pylist() == [{"value": "30"}]
        assert count(kernel) == 17


def count(kernel: WorkspaceKernel) -> int:
    from nexus_jupyter.protocol.trilog import SqlQuestion

    sql = "select count() c from twin_changes where field = 'state.count'"
    return int(kernel.trilog.ask(SqlQuestion(sql=sql)).to_pylist()[0]["c"])


def test_rows_from_before_get_their_digests(
    tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str, ann: Actor
) -> None:
    opener = Opener(tmp_path / "ws", engine, options)
    with opener() as kernel:
        kernel.put_panel("counter", counter, ann)
        for value in range(5):
            kernel.writer.submit(lambda _g, v=value: Draft([_set(v + 1)], ann, Cause(kind="set"), "counter"))
        expected = [row["digest"] for row in kernel.journal.rows()]
    downgrade(opener)
    with opener() as kernel:
        assert [row["digest"] for row in kernel.journal.rows()] == expected
        assert len(set(expected)) == 6
        assert all(len(digest) == 32 for digest in expected)


def _set(value: int) -> object:
    from nexus_jupyter.protocol.patch import SetOp

    return SetOp(id="counter/state.count", attrs={"value": value})


def downgrade(opener: Opener) -> None:
    """Make the database what the version before the digests would have left."""
    from alembic import command
    from alembic.config import Config

    import nexus_jupyter.storage.database as module

    url = opener.options.database_url or sqlite_url(opener.folder / ".nexus" / "journal.db")
    engine = open_database(url)
    config = Config()
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0002")
    engine.dispose()
    assert HEAD == "0005"
