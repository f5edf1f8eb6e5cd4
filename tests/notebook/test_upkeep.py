"""Compacting and exporting give the same in this process and through a server."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import NotFoundError
from nexus_jupyter.workspace import WorkspaceOptions, import_journal


def test_a_journal_is_exported_whole_from_anywhere(ws: Workspace, counter: str, tmp_path: Path) -> None:
    panel = ws.panel("counter", counter)
    for value in range(1, 6):
        panel.state["count"] = value
    file = ws.export_journal(tmp_path / "j.jsonl.gz")
    lines = [json.loads(line) for line in gzip.decompress(file.read_bytes()).decode().splitlines()]
    assert lines[0]["last"] == lines[-1]["end"] == ws.journal["rev"].max()
    assert import_journal(file, tmp_path / "other", WorkspaceOptions()) == lines[-1]["end"]
    with Workspace.open(tmp_path / "other") as other:
        assert other["counter"].state["count"] == 5


def test_compacting_keeps_what_was_asked_for(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    for value in range(1, 11):
        panel.state["count"] = value
    newest = int(ws.journal["rev"].max())
    assert ws.compact().rows == 0
    assert ws.compact(keep_days=1, keep_changes=4).rows == 0
    done = ws.compact(keep_changes=4)
    assert done.upto == newest - 4
    assert done.rows > 0
    assert list(ws.journal["rev"]) == list(range(newest - 3, newest + 1))
    assert panel.state["count"] == 10
    for _ in range(4):
        panel.undo()
    assert panel.state["count"] == 6
    with pytest.raises(NotFoundError, match="nothing of yours to undo"):
        panel.undo()
    at = ws.trilog.twin("Panel", "counter").at("now").set_index("field")
    assert at.loc["state.count", "value"] == 6


def test_what_was_dropped_is_not_taken_back_though_it_was_at_hand(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    for value in range(1, 4):
        panel.state["count"] = value
    panel.undo()
    ws.compact(keep_changes=1)
    with pytest.raises(NotFoundError, match="nothing of yours to undo"):
        panel.undo()
    assert panel.state["count"] == 2


def test_more_days_than_there_are_keep_everything(ws: Workspace, counter: str) -> None:
    ws.panel("counter", counter).state["count"] = 1
    for days in (1e6, 9223372036854775808, 1e300):
        assert ws.compact(keep_days=days).rows == 0
