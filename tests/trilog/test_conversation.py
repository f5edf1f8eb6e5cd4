"""Several who ask at a time: answers are not mixed up, a long question holds up nobody, an interrupted one is stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.protocol.trilog import SqlQuestion
from nexus_jupyter.storage import Journal, open_database, sqlite_url
from nexus_jupyter.trilog import TriLog
from nexus_jupyter.trilog.conversation import Conversation

pytest.importorskip("chdb")
#: Counts for longer than any test takes; the engine's own limit of time ends it at last.
LONG = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) % 7 = 3"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[TriLog]:
    url = sqlite_url(tmp_path / "journal.db")
    Journal(open_database(url), "w")
    found = TriLog(url, tmp_path / "trilog", workspace="w")
    yield found
    found.close()


def one(log: TriLog, sql: str) -> object:
    return log.ask(SqlQuestion(sql=sql)).to_pylist()[0]["a"]


def talk(log: TriLog) -> Conversation:
    assert log._talk is not None
    return log._talk


def test_answers_of_many_who_ask_at_a_time_are_their_own(log: TriLog) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: one(log, f"SELECT {number} AS a"), range(64)))
    assert found == list(range(64))


def test_the_process_ends_when_nobody_asks_any_more_and_starts_again(tmp_path: Path) -> None:
    url = sqlite_url(tmp_path / "journal.db")
    Journal(open_database(url), "w")
    log = TriLog(url, tmp_path / "trilog", workspace="w", idle=0.5)
    try:
        assert one(log, "SELECT 1 AS a") == 1
        with ThreadPoolExecutor(1) as pool:
            long = pool.submit(log.ask, SqlQuestion(sql=LONG.replace("1000000000000", "400000000")))
            first = log.process_id
            assert first is not None
            assert long.result().num_rows == 1
            process = psutil.Process(first)
            process.wait(60)
        assert log.process_id is None
        # What is recorded meanwhile starts none, and is there when somebody asks.
        log.keep(lambda: {"is": "nothing"})
        assert one(log, "SELECT 2 AS a") == 2
        assert log.process_id not in {None, first}
    finally:
        log.close()


def test_a_long_question_holds_up_nobody(log: TriLog) -> None:
    one(log, "SELECT 1 AS a")
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(log.ask, SqlQuestion(sql=LONG))
        for number in range(5):
            assert one(log, f"SELECT {number} AS a") == number
            assert log.flush() == 0
        assert not long.done()
        old = talk(log)
        old.child.process.kill()
        # It is asked once more of a new process, which is killed, too.
        _kill_next(log, old)
        with pytest.raises(TriLogError, match="stopped while it answered"):
            long.result()


def _kill_next(log: TriLog, old: Conversation) -> None:
    done = threading.Event()
    while log._talk is old or log._talk is None or not log._talk._waiting:
        done.wait(0.01)
    log._talk.child.process.kill()


def test_an_interrupted_question_is_stopped_and_its_answer_is_nobodys(
    log: TriLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert one(log, "SELECT 1 AS a") == 1
    from concurrent.futures import Future

    waits = Future.result

    def interrupted(self: Future[object], timeout: float | None = None) -> object:
        monkeypatch.setattr(Future, "result", waits)
        raise KeyboardInterrupt

    # As a notebook's interrupt does, while the answer is awaited.
    for sql in (LONG, LONG, LONG, "SELECT 5 AS a"):
        monkeypatch.setattr(Future, "result", interrupted)
        with pytest.raises(KeyboardInterrupt):
            log.ask(SqlQuestion(sql=sql))
    process = talk(log).child.process.pid
    # Both threads for SQL would be taken by the long ones, if they went on.
    for number in range(6):
        assert one(log, f"SELECT {number} AS a") == number
    assert talk(log).child.process.pid == process


def test_questions_beyond_the_limits_of_the_engine_are_told(log: TriLog) -> None:
    for sql, word in (
        ("SELECT number AS a FROM numbers(1000001)", "(?i)limit|rows"),
        ("SELECT groupArray(number) AS a FROM numbers(10000000000)", "(?i)memory"),
    ):
        with pytest.raises(TriLogError, match=word):
            log.ask(SqlQuestion(sql=sql))
    assert len(log.ask(SqlQuestion(sql="SELECT number AS a FROM numbers(1000000)"))) == 1_000_000


def test_the_columns_and_time_zone_of_the_machine_do_not_matter(log: TriLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "JST-9")
    assert one(log, "SELECT 1 AS a") == 1
