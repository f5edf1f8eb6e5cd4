"""Closed is closed, one workspace has one owner, and whoever lost it writes nothing.

A workspace that was closed refuses every call in a sentence; so does a forked process. A cell that opens a folder twice
gets the same workspace. Databases that several open at once are made whole, and a half-made one is seen and repaired.
"""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import nexus_jupyter as nexus
from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import NexusError, StorageError
from nexus_jupyter.storage import open_database, sqlite_url
from nexus_jupyter.upkeep import repaired, verified
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions
from tests.conftest import ANN, COUNTER


def doubled(by: int) -> int:
    """Something that panels may call."""
    return 2 * by


Use = Callable[[nexus.Workspace, nexus.Panel], object]

USES: dict[str, Use] = {
    "panels": lambda ws, _: ws.panels,
    "panel": lambda ws, _: ws.panel("other", COUNTER.replace("counter", "other")),
    "getitem": lambda ws, _: ws["counter"],
    "delete": lambda ws, _: ws.delete("counter"),
    "bind": lambda ws, _: ws.bind(sales=__import__("pandas").DataFrame({"a": [1]})),
    "grant": lambda ws, _: ws.grant("counter", "net.http"),
    "revoke": lambda ws, _: ws.revoke("counter"),
    "grants": lambda ws, _: ws.grants,
    "runs": lambda ws, _: ws.runs,
    "journal": lambda ws, _: ws.journal,
    "compact": lambda ws, _: ws.compact(keep_changes=1),
    "commit": lambda ws, _: ws.commit(),
    "log": lambda ws, _: ws.history.log(),
    "branches": lambda ws, _: ws.history.branches(),
    "export": lambda ws, _: ws.export_html("counter"),
    "adoption": lambda ws, _: ws.adoption.state,
    "jsonld": lambda ws, _: ws.nog.to_jsonld(),
    "history": lambda ws, _: ws.trilog.sql("SELECT 1"),
    "expose": lambda ws, _: ws.expose(doubled),
    "state": lambda _, panel: panel.state["count"],
    "set": lambda _, panel: panel.state.__setitem__("count", 3),
    "run": lambda _, panel: panel.run("add"),
    "undo": lambda _, panel: panel.undo(),
    "text": lambda _, panel: panel.nxml,
    "picture": lambda _, panel: panel.html,
    "follow": lambda _, panel: panel.on_change(print),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ws"


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_every_call_after_closing_is_refused(folder: Path, use: Use) -> None:
    ws = nexus.Workspace.open(folder)
    panel = ws.panel("counter", COUNTER)
    ws.close()
    with pytest.raises(StorageError, match="has been closed"):
        use(ws, panel)
    with nexus.Workspace.open(folder) as again:
        assert again.panels == ["counter"]
        assert again["counter"].state["count"] == 0
        again["counter"].state["count"] = 1


def test_what_a_closed_workspace_is_made_of_writes_nothing(folder: Path, engine: Engine) -> None:
    """Each layer by itself: the writer, the databases, and the token in the journal."""
    old = WorkspaceKernel(folder, engine=engine)
    old.put_panel("counter", COUNTER, ANN)
    old.close()
    new = WorkspaceKernel(folder, engine=engine)
    try:
        for write in (
            lambda: old.set_state("counter", {"count": 1}, ANN),
            lambda: old.execution.start("counter", "add", [], ANN),
            lambda: old.permissions.store.add("counter", "net.http", None, "ann"),
            lambda: old.store.checkpoints.drop([1]),
            lambda: list(old.journal.read()),
        ):
            with pytest.raises(StorageError, match="has been closed"):
                write()
        new.set_state("counter", {"count": 2}, ANN)
        assert [change.rev for change in new.journal.read()] == [1, 2]
    finally:
        new.close()


def test_the_journal_refuses_a_writer_that_lost_its_lock(folder: Path, engine: Engine) -> None:
    """The lock file was deleted by hand, so two have the folder open: the token decides."""
    old = WorkspaceKernel(folder, engine=engine)
    old.put_panel("counter", COUNTER, ANN)
    (folder / ".nexus" / "lock").unlink()
    new = WorkspaceKernel(folder, engine=engine)
    try:
        for write in (
            lambda: old.set_state("counter", {"count": 1}, ANN),
            lambda: old.permissions.store.add("counter", "net.http", None, "ann"),
        ):
            with pytest.raises(StorageError, match="has been opened again elsewhere"):
                write()
        new.set_state("counter", {"count": 2}, ANN)
        assert new.permissions.store.all() == []
    finally:
        new.close()
        old.close()
    assert [finding.state for finding in verified(folder)] == ["ok"]


def _in_child(ws: nexus.Workspace, panel: nexus.Panel, folder: Path, said: multiprocessing.SimpleQueue) -> None:  # type: ignore[type-arg]  # generic in stubs alone
    found: dict[str, str] = {}
    for name, use in {**USES, "open": lambda *_: nexus.Workspace.open(folder)}.items():
        try:
            use(ws, panel)
        except StorageError as error:
            found[name] = str(error)
    ws.close()
    said.put(found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_is_refused_and_the_parent_goes_on(folder: Path) -> None:
    ws = nexus.Workspace.open(folder)
    panel = ws.panel("counter", COUNTER)
    fork = multiprocessing.get_context("fork")
    said = fork.SimpleQueue()
    child = fork.Process(target=_in_child, args=(ws, panel, folder, said))
    child.start()
    child.join()
    assert child.exitcode == 0
    found = said.get()
    assert found.pop("open").startswith(f"The workspace {folder.resolve()} is open in a Python program (process id")
    assert found.keys() == USES.keys()
    assert all("forked from" in sentence and '"spawn"' in sentence for sentence in found.values())
    panel.state["count"] = 4
    assert panel.run("add").value == 5
    ws.close()
    with nexus.Workspace.open(folder) as again:
        assert again["counter"].state["count"] == 5


def test_a_cell_that_is_run_twice_gets_the_same_workspace(folder: Path) -> None:
    first = nexus.Workspace.open(folder)
    panel = first.panel("counter", COUNTER)
    again = nexus.Workspace.open(folder)
    assert again is first
    with nexus.Workspace.open(folder) as third:
        third["counter"].state["count"] = 2
    assert panel.state["count"] == 2
    with pytest.raises(StorageError, match="with other options"):
        nexus.Workspace.open(folder, options=WorkspaceOptions(checkpoint_every=3))
    first.close()
    with nexus.Workspace.open(folder, options=WorkspaceOptions(checkpoint_every=3)) as other:
        assert other is not first
        assert other["counter"].state["count"] == 2
    with pytest.raises(StorageError, match="has been closed"):
        _ = other.panels


def test_another_process_is_told_who_has_it(folder: Path) -> None:
    code = "import sys, nexus_jupyter as n; n.Workspace.open(sys.argv[1])"
    with nexus.Workspace.open(folder):
        said = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=False)
    assert f"is open in a Python program (process id {os.getpid()})" in said.stderr
    assert "Close it there" in said.stderr


def test_a_callback_may_change_the_workspace(folder: Path) -> None:
    """It would wait for itself, were it called by the writer."""
    found: list[object] = []
    done = threading.Event()
    with nexus.Workspace.open(folder) as ws:
        panel = ws.panel("counter", COUNTER)

        def add(_change: nexus.Change) -> None:
            if len(found) < 2:
                found.append(panel.run("add").value)
            else:
                done.set()

        panel.on_change(add)
        panel.state["count"] = 5
        assert done.wait(60)
    assert found == [6, 7]


def test_a_mistake_in_a_callback_does_not_end_the_others(folder: Path) -> None:
    revs: list[int] = []
    with nexus.Workspace.open(folder) as ws:
        panel = ws.panel("counter", COUNTER)

        def fail(change: nexus.Change) -> None:
            revs.append(change.rev)
            raise ValueError

        panel.on_change(fail)
        for value in (1, 2, 3):
            panel.state["count"] = value
    assert revs == [2, 3, 4]


def test_threads_open_new_folders_at_once(tmp_path: Path, engine: Engine) -> None:
    errors: list[BaseException] = []
    start = threading.Barrier(8)

    def one(number: int) -> None:
        try:
            start.wait()
            WorkspaceKernel(tmp_path / f"ws{number}", engine=engine).close()
        except BaseException as error:  # noqa: BLE001 - told below
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_threads_and_processes_open_one_new_folder_at_once(folder: Path, engine: Engine) -> None:
    """One has it, the others are told so, and it is whole."""
    code = (
        "import sys; from pathlib import Path\n"
        "from nexus_jupyter.protocol.errors import StorageError\n"
        "from nexus_jupyter.workspace import WorkspaceKernel\n"
        "sys.stdin.readline()\n"
        "try: WorkspaceKernel(Path(sys.argv[1])).close()\n"
        "except StorageError as error: assert 'is open' in str(error), error\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    others = [subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    told: list[BaseException] = []

    def one() -> None:
        try:
            WorkspaceKernel(folder, engine=engine).close()
        except BaseException as error:  # noqa: BLE001 - told below
            told.append(error)

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    said = [process.communicate("go\n")[1] for process in others]
    for thread in threads:
        thread.join()
    assert [process.returncode for process in others] == [0, 0, 0], said
    assert all(isinstance(error, NexusError) and "is open" in error.message for error in told)
    WorkspaceKernel(folder, engine=engine).close()
    assert [finding.state for finding in verified(folder)] == ["ok"]


def forget_the_revision(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE alembic_version")
        connection.commit()


def lose_a_table(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DROP TABLE checkpoints")
        connection.commit()


@pytest.mark.parametrize("harm", [forget_the_revision, lose_a_table])
def test_a_half_made_database_is_seen_and_repaired(folder: Path, engine: Engine, harm: Callable[[Path], None]) -> None:
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", COUNTER, ANN)
    kernel.set_state("counter", {"count": 3}, ANN)
    kernel.close()
    harm(folder / ".nexus" / "journal.db")
    with pytest.raises(StorageError):
        WorkspaceKernel(folder, engine=engine)
    assert any("half made" in finding.detail for finding in verified(folder) if finding.state == "error")
    repaired(folder)
    assert [finding.state for finding in verified(folder)] == ["ok"]
    kernel = WorkspaceKernel(folder, engine=engine)
    assert kernel.panel("counter").state["count"] == 3
    kernel.close()


def test_a_migration_that_is_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from alembic import op

    real = op.create_table
    made = list[str]()

    def interrupted(name: str, *given: Any, **named: Any) -> object:  # Any: passed on as it came
        made.append(name)
        if name == "runs":
            raise KeyboardInterrupt
        return real(name, *given, **named)

    file = tmp_path / "j.db"
    with monkeypatch.context() as broken:
        broken.setattr(op, "create_table", interrupted)
        with pytest.raises(KeyboardInterrupt):
            open_database(sqlite_url(file))
    assert made[0] == "journal"
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    open_database(sqlite_url(file)).dispose()
