"""The machine's clock is put back: time goes on in the journal, which says so, and "now" is the newest state."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

import pytest

import nexus_jupyter as nexus
from nexus_jupyter.engine import Engine
from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

DAY = 86_400 * 1_000_000_000


class Clock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0

    def __call__(self) -> int:
        return time.time_ns() + self.ahead


def test_times_grow_with_each_change_and_tell_how_far_they_are_ahead(
    tmp_path: Path, engine: Engine, counter: str, ann: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.writer._clock = clock
    kernel.put_panel("counter", counter, ann)
    clock.ahead = DAY
    kernel.set_state("counter", {"count": 1}, ann)
    clock.ahead = 0
    with caplog.at_level(logging.WARNING):
        kernel.set_state("counter", {"count": 2}, ann)
        kernel.set_state("counter", {"count": 3}, ann)
    told = [record.message for record in caplog.records if "clock was put back" in record.message]
    assert len(told) == 1
    clock.ahead = 2 * DAY
    kernel.set_state("counter", {"count": 4}, ann)
    changes = list(kernel.journal.read())
    stamps = [change.ts for change in changes]
    assert stamps == sorted(set(stamps))
    assert [change.cause.ahead_ms is not None for change in changes] == [False, False, True, True, False]
    assert DAY / 1e6 - 60_000 < (changes[2].cause.ahead_ms or 0) <= DAY / 1e6
    kernel.close()


def test_what_says_nothing_of_the_clock_is_stored_as_before(
    tmp_path: Path, engine: Engine, counter: str, ann: Actor
) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine)
    kernel.put_panel("counter", counter, ann)
    assert all("ahead_ms" not in row["cause"] for row in kernel.journal.rows())
    kernel.close()


def test_now_is_the_newest_state_after_the_clock_was_put_back(tmp_path: Path, counter: str) -> None:
    pytest.importorskip("chdb")
    with nexus.Workspace.open(tmp_path / "ws") as ws:
        clock = Clock()
        ws._host.kernel.writer._clock = clock  # type: ignore[attr-defined] # the host of this process
        clock.ahead = DAY
        panel: Any = ws.panel("counter", counter)
        panel.state["count"] = 1
        clock.ahead = 0
        panel.state["count"] = 2
        log = ws.trilog
        assert log.twin("Panel", "counter").at("now").set_index("field").loc["state.count", "value"] == 2
        found = log.workspace_at("now", "Panel").set_index("field")
        assert found.loc["state.count", "value"] == 2
        assert log.nog_at("now").rev == ws._host.kernel.head.rev  # type: ignore[attr-defined]
        changed = log.diff("counter", "2020-01-01").set_index("field")
        assert changed.loc["state.count", "after"] == 2
        assert ws.journal["ahead"].notna().tolist() == [False, False, True]
        assert isinstance(ws._host.kernel.head.graph, Graph)  # type: ignore[attr-defined]
