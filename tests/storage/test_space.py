"""A compacted journal's file becomes smaller, also one from before files could shrink, and nothing is lost."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.upkeep import CompactBody
from nexus_jupyter.workspace import WorkspaceKernel, compact, read_file, verify

ANN = Actor(id="ann")
NOTE = """<panel id="note"><view><text>{text}</text></view><data><state name="text" type="str" default=""/></data></panel>"""
Usage = namedtuple("Usage", "total used free")  # noqa: PYI024 - as shutil's own


def filled(folder: Path, engine: Engine) -> WorkspaceKernel:
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("note", NOTE, ANN)
    for number in range(40):
        kernel.set_state("note", {"text": f"{number:5}" * 10_000}, ANN)
    return kernel


def file(folder: Path) -> Path:
    return folder / ".nexus" / "journal.db"


def as_older(folder: Path) -> None:
    """Make the file one whose pages are not given back, as all were."""
    connection = sqlite3.connect(file(folder))
    connection.execute("PRAGMA journal_mode=DELETE")
    connection.execute("PRAGMA auto_vacuum=NONE")
    connection.execute("VACUUM")
    connection.close()


def test_compacting_gives_the_space_back(tmp_path: Path, engine: Engine) -> None:
    kernel = filled(tmp_path / "ws", engine)
    before = dump(kernel.head.graph)
    done = compact(kernel.store, kernel.trilog, CompactBody(keep_changes=2, without_trilog=True))
    assert done.rows == 39
    assert done.freed > 2_000_000
    assert file(tmp_path / "ws").stat().st_size < 1_000_000
    assert dump(kernel.head.graph) == before
    kernel.set_state("note", {"text": "after"}, ANN)
    kernel.close()
    assert verify(read_file(file(tmp_path / "ws"))).faults == ()
    again = WorkspaceKernel(tmp_path / "ws", engine=engine)
    assert again.panel("note").state == {"text": "after"}
    again.close()


def test_an_older_file_is_written_anew_when_that_is_asked_for(
    tmp_path: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path / "ws", engine).close()
    as_older(tmp_path / "ws")
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    done = compact(kernel.store, kernel.trilog, CompactBody(keep_changes=2, without_trilog=True))
    assert (done.rows, done.freed) == (39, 0)
    assert "compact(rebuild=True)" in done.reason
    with monkeypatch.context() as full:
        full.setattr(shutil, "disk_usage", lambda _folder: Usage(10**9, 10**9 - 1000, 1000))
        with pytest.raises(StorageError, match="0 MB are free"):
            compact(kernel.store, kernel.trilog, CompactBody(rebuild=True))
    kernel.set_state("note", {"text": "still works"}, ANN)
    assert compact(kernel.store, kernel.trilog, CompactBody(rebuild=True)).freed > 2_000_000
    kernel.set_state("note", {"text": "y" * 3_000_000}, ANN)
    kernel.set_state("note", {"text": ""}, ANN)
    # From now on it shrinks by itself.
    assert compact(kernel.store, kernel.trilog, CompactBody(keep_changes=0, without_trilog=True)).freed > 2_000_000
    kernel.close()
    assert verify(read_file(file(tmp_path / "ws"))).faults == ()
