"""The writer: many at once share a commit, and one that fails keeps nobody else from anything."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import event

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions


@pytest.fixture
def opened(tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str, ann: Actor) -> WorkspaceKernel:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("counter", counter, ann)
    return kernel


def test_changes_made_at_the_same_time_share_a_commit(opened: WorkspaceKernel, ann: Actor) -> None:
    commits: list[object] = []
    event.listen(opened.journal.engine, "commit", commits.append)
    opened.store.checkpointer._every = 0
    start = threading.Barrier(16)

    def write(number: int) -> None:
        start.wait()
        for step in range(20):
            opened.set_state("counter", {"count": 1000 + number * 100 + step}, ann)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert opened.head.rev == 1 + 320
    assert len(commits) < 320
    opened.close()


def test_a_listener_that_fails_keeps_nothing_from_the_others(
    opened: WorkspaceKernel, ann: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    def fail(*_args: object) -> None:
        raise ZeroDivisionError

    opened.writer.listen(fail)
    opened.writer.listen(lambda change, _head: told.append(change.rev))
    opened.set_state("counter", {"count": 1}, ann)
    opened.set_state("counter", {"count": 2}, ann)
    assert told == [2, 3]
    assert "A listener could not take rev 2" in caplog.text
    opened.close()


def test_a_commit_that_was_interrupted_is_looked_up_before_the_next(opened: WorkspaceKernel, ann: Actor) -> None:
    """Ctrl-C in a notebook's main thread, at the worst moment."""

    def interrupt(_connection: object) -> None:
        if not cut:
            cut.append(True)
            raise KeyboardInterrupt

    cut: list[bool] = []
    event.listen(opened.journal.engine, "commit", interrupt)
    with pytest.raises(KeyboardInterrupt):
        opened.set_state("counter", {"count": 1}, ann)
    opened.set_state("counter", {"count": 2}, ann)
    assert opened.panel("counter").state == {"count": 2}
    revs = [change.rev for change in opened.journal.read()]
    assert revs == list(range(1, opened.head.rev + 1))
    opened.close()
