"""A workspace is found by its own id: its folder may be renamed, moved, copied, packed and unpacked.

The rows in the databases are not kept under the folder's name, so whatever people do with a folder in a file manager,
its panels and its history stay. A copy becomes a workspace of its own, with the history that it was copied with.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.errors import ConflictError
from nexus_jupyter.storage import open_database, sqlite_url
from nexus_jupyter.upkeep import verified
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, known_id, trust
from tests.conftest import ANN, COUNTER

Put = Callable[[Path, Path], object]


@contextmanager
def opened(folder: Path, engine: Engine, options: WorkspaceOptions | None = None) -> Iterator[WorkspaceKernel]:
    kernel = WorkspaceKernel(folder, engine=engine, options=options)
    try:
        yield kernel
    finally:
        kernel.close()


def made(folder: Path, engine: Engine, options: WorkspaceOptions | None = None, *, count: int = 7) -> str:
    """Make a workspace with a panel, a grant and a version; return its id."""
    with opened(folder, engine, options) as kernel:
        kernel.put_panel("counter", COUNTER, ANN)
        kernel.set_state("counter", {"count": count}, ANN)
        kernel.permissions.grant("counter", "net.http", "https://example.org", ANN)
        kernel.versions.commit("first", ANN)
        return kernel.folder.identity.id


def holds(folder: Path, engine: Engine, options: WorkspaceOptions | None = None, *, count: int = 7) -> str:
    """Make sure that everything is there, that a commit deletes nothing, and that `doctor` agrees; return the id."""
    with opened(folder, engine, options) as kernel:
        assert kernel.name == folder.name
        assert kernel.panel("counter").state["count"] == count
        assert [change.rev for change in kernel.journal.read()] == list(range(1, kernel.head.rev + 1))
        assert [grant.target for grant in kernel.permissions.store.active("counter")] == ["https://example.org"]
        assert kernel.adoption.state() is None
        kernel.versions.commit("again", ANN)
        assert (folder / "panels" / "counter.nxml").exists()
        identity = kernel.folder.identity.id
    if options is None:
        assert [finding.state for finding in verified(folder)] == ["ok"]
    return identity


def zipped(old: Path, new: Path) -> None:
    archive = shutil.make_archive(str(old.parent / "packed"), "zip", old)
    shutil.rmtree(old)
    shutil.unpack_archive(archive, new)


def tarred(old: Path, new: Path) -> None:
    archive = shutil.make_archive(str(old.parent / "packed"), "tar", old)
    shutil.rmtree(old)
    shutil.unpack_archive(archive, new, filter="data")


def moved_between_disks(old: Path, new: Path) -> None:
    shutil.copytree(old, new, symlinks=True)
    shutil.rmtree(old)


MOVES: dict[str, Put] = {
    "mv": lambda old, new: old.rename(new),
    "mv to another disk": moved_between_disks,
    "zip and unzip": zipped,
    "tar and untar": tarred,
}
COPIES: dict[str, Put] = {
    "cp -r": lambda old, new: shutil.copytree(old, new, symlinks=True),
    "cp -r, times kept": lambda old, new: subprocess.run(["cp", "-a", old, new], check=True),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_a_moved_folder_is_the_same_workspace(tmp_path: Path, engine: Engine, move: Put) -> None:
    before = made(tmp_path / "sales", engine)
    move(tmp_path / "sales", tmp_path / "sales 2026")
    assert holds(tmp_path / "sales 2026", engine) == before


@pytest.mark.parametrize("copy", COPIES.values(), ids=COPIES)
def test_a_copy_keeps_the_history_and_is_a_workspace_of_its_own(tmp_path: Path, engine: Engine, copy: Put) -> None:
    before = made(tmp_path / "sales", engine)
    copy(tmp_path / "sales", tmp_path / "copy")
    after = holds(tmp_path / "copy", engine)
    assert after != before
    with opened(tmp_path / "copy", engine) as kernel:
        kernel.set_state("counter", {"count": 8}, ANN)
    assert holds(tmp_path / "copy", engine, count=8) == after
    assert holds(tmp_path / "sales", engine) == before


def test_a_copy_is_told_when_the_first_folder_was_moved_afterwards(tmp_path: Path, engine: Engine) -> None:
    before = made(tmp_path / "sales", engine)
    shutil.copytree(tmp_path / "sales", tmp_path / "backup", symlinks=True)
    (tmp_path / "sales").rename(tmp_path / "moved")
    assert holds(tmp_path / "moved", engine) == before
    assert holds(tmp_path / "backup", engine) != before


def test_a_folder_reached_by_a_link_is_the_same_workspace(tmp_path: Path, engine: Engine) -> None:
    before = made(tmp_path / "sales", engine)
    (tmp_path / "link").symlink_to(tmp_path / "sales")
    with opened(tmp_path / "link", engine) as kernel:
        assert kernel.folder.identity.id == before
        assert kernel.panels() == ["counter"]


def test_two_workspaces_of_one_name_share_a_database_server(
    tmp_path: Path, engine: Engine, request: pytest.FixtureRequest
) -> None:
    options = WorkspaceOptions(database_url=request.getfixturevalue("postgres").database())
    made(tmp_path / "ann" / "sales", engine, options, count=1)
    made(tmp_path / "bob" / "sales", engine, options, count=2)
    holds(tmp_path / "ann" / "sales", engine, options, count=1)
    (tmp_path / "bob" / "sales").rename(tmp_path / "bob" / "other")
    holds(tmp_path / "bob" / "other", engine, options, count=2)


def test_a_copy_on_a_database_server_gets_rows_of_its_own(
    tmp_path: Path, engine: Engine, request: pytest.FixtureRequest
) -> None:
    options = WorkspaceOptions(database_url=request.getfixturevalue("postgres").database())
    made(tmp_path / "sales", engine, options)
    shutil.copytree(tmp_path / "sales", tmp_path / "copy", symlinks=True)
    with opened(tmp_path / "sales", engine, options) as first:
        holds(tmp_path / "copy", engine, options)
        with opened(tmp_path / "copy", engine, options) as second:
            second.set_state("counter", {"count": 8}, ANN)
        assert first.panel("counter").state["count"] == 7
    holds(tmp_path / "copy", engine, options, count=8)


def as_before_there_were_ids(folder: Path, name: str, url: str = "") -> None:
    """Make a workspace what it was when its rows were kept under its folder's name."""
    private = folder / ".nexus"
    for database in {url or sqlite_url(private / "journal.db"), url or sqlite_url(private / "runs.db")}:
        engine = open_database(database)
        with engine.begin() as connection:
            for table in ("journal", "checkpoints", "compactions", "grants", "runs", "owners"):
                connection.execute(text(f"UPDATE {table} SET workspace = :name"), {"name": name})
        engine.dispose()
    (private / "identity.json").unlink()


def test_rows_under_a_former_name_are_adopted(tmp_path: Path, engine: Engine) -> None:
    made(tmp_path / "sales", engine)
    as_before_there_were_ids(tmp_path / "sales", "sales")
    (tmp_path / "sales").rename(tmp_path / "sales 2026")
    trust(tmp_path / "sales 2026")
    holds(tmp_path / "sales 2026", engine)


def test_rows_under_a_former_name_are_adopted_from_a_database_server_once(
    tmp_path: Path, engine: Engine, request: pytest.FixtureRequest
) -> None:
    options = WorkspaceOptions(database_url=request.getfixturevalue("postgres").database())
    made(tmp_path / "sales", engine, options)
    as_before_there_were_ids(tmp_path / "sales", "sales", options.database_url)
    trust(tmp_path / "sales")
    holds(tmp_path / "sales", engine, options)
    # Another folder of the name finds nothing of it.
    with opened(tmp_path / "other" / "sales", engine, options) as kernel:
        assert kernel.panels() == []


def test_a_commit_that_would_delete_every_panel_asks(tmp_path: Path, engine: Engine) -> None:
    made(tmp_path / "sales", engine)
    with opened(tmp_path / "sales", engine) as kernel:
        kernel.delete("counter", ANN)
        with pytest.raises(ConflictError, match="would delete every panel of the newest one: 'counter'"):
            kernel.versions.commit(None, ANN)
        assert (tmp_path / "sales" / "panels" / "counter.nxml").exists()
        kernel.versions.commit(None, ANN, without_panels=True)
        assert not (tmp_path / "sales" / "panels" / "counter.nxml").exists()


def test_doctor_sees_panels_that_the_journal_does_not_know(tmp_path: Path, engine: Engine) -> None:
    made(tmp_path / "sales", engine)
    (tmp_path / "sales" / "panels" / "lost.nxml").write_text(COUNTER, encoding="utf-8")
    found = [finding for finding in verified(tmp_path / "sales") if finding.state == "error"]
    assert "lost.nxml" in found[0].detail


def test_another_process_finds_the_same_workspace(tmp_path: Path, engine: Engine) -> None:
    before = made(tmp_path / "sales", engine)
    (tmp_path / "sales").rename(tmp_path / "sales 2026")
    code = "import sys, nexus_jupyter as n; print(n.Workspace.open(sys.argv[1]).panels)"
    said = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "sales 2026"],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
    )
    assert said.stdout.strip() == "['counter']"
    assert known_id(tmp_path / "sales 2026") == before
