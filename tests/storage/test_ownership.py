"""A workspace on a database server has one owner, comes back when the server does, and never shows a password."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from nexus_jupyter.engine import Engine
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import NexusError, StorageError
from nexus_jupyter.protocol.identity import SYSTEM, Actor
from nexus_jupyter.protocol.patch import Cause, Change
from nexus_jupyter.storage import Journal, Ownership, open_database
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions
from tests.postgres import PASSWORD, QUOTED, Cluster, cluster
from tests.proxy import Proxy


@pytest.fixture
def url(postgres: Cluster) -> str:
    return postgres.database()


@pytest.fixture
def restartable() -> Iterator[Cluster]:
    server = cluster()
    yield server
    server.remove()


def cut_all(postgres: Cluster, url: str) -> None:
    """End every connection to a database, and return when they are gone."""
    others = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    postgres.run(f"SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {others}", url)


def change(rev: int) -> Change:
    return Change(workspace="w", rev=rev, ts=rev, actor=SYSTEM, cause=Cause(kind="edit"), panel="p", ops=[], inverse=[])


def test_a_second_server_is_refused_with_the_name_of_the_first(tmp_path: Path, engine: Engine, url: str) -> None:
    options = WorkspaceOptions(database_url=url, workspace_id="w")
    first = WorkspaceKernel(tmp_path / "one" / "ws", engine=engine, options=options)
    with pytest.raises(StorageError, match=r"open in another process .*process id"):
        WorkspaceKernel(tmp_path / "two" / "ws", engine=engine, options=options)
    others = WorkspaceOptions(database_url=url)
    other = WorkspaceKernel(tmp_path / "two" / "other", engine=engine, options=others)
    other.close()
    first.close()
    WorkspaceKernel(tmp_path / "two" / "ws", engine=engine, options=options).close()


def test_the_same_in_another_process(tmp_path: Path, engine: Engine, url: str) -> None:
    options = WorkspaceOptions(database_url=url, workspace_id="w")
    first = WorkspaceKernel(tmp_path / "one" / "ws", engine=engine, options=options)
    code = (
        "import sys; from pathlib import Path; from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions\n"
        f"WorkspaceKernel(Path({str(tmp_path / 'two' / 'ws')!r}), options=WorkspaceOptions(database_url=sys.stdin.read(), workspace_id='w'))"
    )
    said = subprocess.run([sys.executable, "-c", code], input=url, capture_output=True, text=True, check=False)
    assert "is open in another process" in said.stderr
    assert PASSWORD not in said.stderr
    assert QUOTED not in said.stderr
    first.close()


def test_who_has_lost_the_workspace_writes_nothing_more(
    tmp_path: Path, engine: Engine, url: str, postgres: Cluster, counter: str, ann: Actor
) -> None:
    options = WorkspaceOptions(database_url=url, workspace_id="w")
    first = WorkspaceKernel(tmp_path / "one" / "ws", engine=engine, options=options)
    first.put_panel("counter", counter, ann)
    # Its connections die, and before it notices another server takes over.
    cut_all(postgres, url)
    second = WorkspaceKernel(tmp_path / "two" / "ws", engine=engine, options=options)
    for _ in range(2):
        with pytest.raises(StorageError, match="taken over by another process"):
            first.set_state("counter", {"count": 1}, ann)
    with pytest.raises(StorageError, match="taken over"):
        first.permissions.store.add("counter", "net.http", None, "ann")
    second.set_state("counter", {"count": 2}, ann)
    second.close()
    # Nor when the other one has gone: what it wrote is not known here.
    with pytest.raises(StorageError, match="taken over"):
        first.set_state("counter", {"count": 3}, ann)
    assert [c.rev for c in first.journal.read()] == [1, 2]
    first.close()


def test_two_that_both_think_they_own_it_are_told_apart_by_their_tokens(url: str) -> None:
    engine = open_database(url)
    ownership = Ownership(engine, "w")
    old = Journal(engine, "w", ownership)
    old.append([change(1)])
    # As if a network that is split had hidden from the first that its lock is gone: the token alone decides.
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE owners SET token = token + 1, holder = 'elsewhere'")
    with pytest.raises(StorageError, match="elsewhere"):
        old.append([change(2)])
    assert old.last_rev() == 1
    old.close()


def test_a_lost_lock_is_taken_again_when_nobody_else_has(
    tmp_path: Path, engine: Engine, url: str, postgres: Cluster, counter: str, ann: Actor
) -> None:
    options = WorkspaceOptions(database_url=url, workspace_id="w")
    first = WorkspaceKernel(tmp_path / "one" / "ws", engine=engine, options=options)
    first.put_panel("counter", counter, ann)
    cut_all(postgres, url)
    first.set_state("counter", {"count": 1}, ann)
    with pytest.raises(StorageError, match="open in another process"):
        WorkspaceKernel(tmp_path / "two" / "ws", engine=engine, options=options)
    first.close()


def test_writing_goes_on_after_the_server_was_restarted(
    tmp_path: Path, engine: Engine, restartable: Cluster, counter: str, ann: Actor
) -> None:
    options = WorkspaceOptions(database_url=restartable.database())
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("counter", counter, ann)
    restartable.stop()
    late = threading.Thread(target=lambda: kernel.set_state("counter", {"count": 1}, ann))
    late.start()  # waits for the server, and is not refused
    restartable.start()
    late.join()
    kernel.set_state("counter", {"count": 2}, ann)
    assert [c.rev for c in kernel.journal.read()] == [1, 2, 3]
    kernel.close()


@pytest.fixture
def network(postgres: Cluster) -> Iterator[Proxy]:
    proxy = Proxy(postgres.port)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("cut", ["asked", "done"])
def test_an_append_whose_acknowledgement_was_lost_is_there_once(
    url: str, postgres: Cluster, network: Proxy, cut: Literal["asked", "done"]
) -> None:
    engine = open_database(url.replace(str(postgres.port), str(network.port)))
    journal = Journal(engine, "w", Ownership(engine, "w"))
    journal.append([change(1)])
    network.cut = cut
    journal.append([change(2), change(3)])
    assert network.cuts == 1
    journal.append([change(4)])
    assert [c.rev for c in journal.read()] == [1, 2, 3, 4]
    assert len(list(journal.replay(journal.base))) == 4
    journal.close()


@pytest.mark.parametrize("cut", ["asked", "done"])
def test_a_change_in_doubt_is_settled_before_the_next_one(
    tmp_path: Path, engine: Engine, url: str, postgres: Cluster, network: Proxy, counter: str, ann: Actor,
    cut: Literal["asked", "done"], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("nexus_jupyter.storage.journal._PATIENCE", 0.2)
    options = WorkspaceOptions(database_url=url.replace(str(postgres.port), str(network.port)))
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("counter", counter, ann)
    told: list[int] = []
    kernel.writer.listen(lambda c, _head: told.append(c.rev))
    network.cut, network.stays_down = cut, True
    for value in (5, 6):
        with pytest.raises(StorageError, match="not known whether the change was saved"):
            kernel.set_state("counter", {"count": value}, ann)
    assert kernel.panel("counter").state == {"count": 0}
    network.down = False
    kernel.set_state("counter", {"count": 7}, ann)
    assert told == ([2, 3] if cut == "done" else [2])
    assert kernel.panel("counter").state == {"count": 7}
    assert [c.rev for c in kernel.journal.read()] == [1, *told]
    kernel.close()


def test_two_processes_that_open_a_new_database_together_migrate_it_once(url: str) -> None:
    threads, failed = [], list[Exception]()

    def open_it() -> None:
        try:
            open_database(url).dispose()
        except NexusError as error:
            failed.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


@pytest.mark.parametrize(
    "wrong",
    [
        "postgresql://nexus:{secret}x@127.0.0.1:{port}/postgres",
        "postgresql://nexus:{secret}@127.0.0.1:1/postgres",
        "postgresql://nexus:{secret}@127.0.0.1:{port}/nope?password={secret}",
        "postgresql://nexus:{secret}@127.0.0.1:port/{secret}",
        "nonsense:{secret}",
        "oracle://nexus:{secret}@127.0.0.1/x",
    ],
)
def test_no_error_and_no_log_shows_the_password(
    tmp_path: Path, engine: Engine, postgres: Cluster, wrong: str, caplog: pytest.LogCaptureFixture
) -> None:
    options = WorkspaceOptions(database_url=wrong.format(secret=QUOTED, port=postgres.port))
    with caplog.at_level(logging.DEBUG), pytest.raises(NexusError) as caught:
        WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    seen: list[str] = [caplog.text, repr(options)]
    error: BaseException | None = caught.value
    while error is not None:
        seen += [str(error), repr(error)]
        error = error.__cause__
    for text in seen:
        assert PASSWORD not in text
        assert QUOTED not in text


def test_a_workspace_says_where_it_is_without_the_password(tmp_path: Path, url: str) -> None:
    options = WorkspaceOptions(database_url=url, connections={"db": url})
    with Workspace.open(tmp_path / "ws", options=options) as ws:
        assert PASSWORD not in repr(ws) + repr(options) + repr(ws._host.kernel.journal.engine)  # type: ignore[attr-defined]
        assert QUOTED not in repr(ws) + repr(options)


def test_trilog_follows_a_journal_on_a_server_and_its_arguments_show_no_password(
    tmp_path: Path, url: str, counter: str
) -> None:
    with Workspace.open(tmp_path / "ws", options=WorkspaceOptions(database_url=url)) as ws:
        panel = ws.panel("counter", counter)
        panel.state["count"] = 4
        assert ws.trilog.twin("Panel", "counter").at("now").set_index("field").loc["state.count", "value"] == 4
        pid = ws._host.kernel.trilog.process_id  # type: ignore[attr-defined]
        shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert b"postgresql://" not in shown
        assert QUOTED.encode() not in shown


def test_commits_wait_for_the_disk_even_where_the_server_is_set_not_to(url: str, postgres: Cluster) -> None:
    name = url.rpartition("/")[2]
    postgres.run(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with open_database(url).connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"
        assert connection.exec_driver_sql("SHOW transaction_isolation").scalar() == "read committed"
    with pytest.raises(OperationalError):
        create_engine(url.replace(QUOTED, "wrong").replace("postgresql:", "postgresql+psycopg:")).connect()
