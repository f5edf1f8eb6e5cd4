"""Answers as pictures: in this process and behind a server."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from nexus_jupyter.notebook import Workspace
from nexus_jupyter.notebook.plots import Plot, bars, steps, tree
from tests.conftest import COUNTER


def drawn(plot: Plot) -> ET.Element:
    """Return a plot's picture, which must be well-formed, with its words."""
    root = ET.fromstring(plot.svg)
    assert root.get("aria-label") == plot.title
    return root


def words(plot: Plot) -> str:
    return " ".join("".join(element.itertext()) for element in drawn(plot).iter() if element.tag.endswith("text"))


def test_a_field_over_time_is_a_line_with_a_step_for_each_change(ws: Workspace) -> None:
    pytest.importorskip("chdb")
    counter = ws.panel("counter", COUNTER)
    for value in (5, 3, 8):
        counter.state["count"] = value
    plot = ws.trilog.twin("Panel", "counter").history("state.count").plot()
    path = next(element for element in drawn(plot).iter() if element.tag.endswith("path"))
    assert re.fullmatch(r"M[\d.]+,[\d.]+H[\d.]+(V[\d.]+H[\d.]+){3}", path.get("d") or "")
    html = plot._repr_html_()
    assert "<summary>The numbers</summary>" in html
    assert "<td>8</td>" in html
    assert "8 since" in plot.svg


def test_how_far_and_how_fast_runs_went_and_what_caused_a_change_are_drawn(ws: Workspace) -> None:
    pytest.importorskip("chdb")
    counter = ws.panel("counter", COUNTER)
    run = counter.run("add")
    process = ws.trilog.process("PanelExecution")
    assert "started" in words(process.funnel().plot())
    latency = process.latency(by="panel").plot()
    assert "counter" in words(latency)
    assert "p99_ms" in words(latency)
    assert "ms" in words(process.latency().plot())
    cause = ws.trilog.cause(run).plot()
    assert "action.run" in words(cause)


def test_words_are_levels_and_what_people_wrote_stays_text() -> None:
    import pandas as pd

    times = pd.to_datetime(["2026-11-23 10:00", "2026-11-23 11:00", "2026-11-23 12:00"], utc=True)
    frame = pd.DataFrame({"valid_from": times, "value": ["north", "<b>&", None]})
    plot = steps(frame, "region <script>", until=pd.Timestamp("2026-11-23 13:00", tz="UTC"))
    assert "north" in words(plot)
    assert "<script>" not in plot._repr_html_()
    assert "<b>" not in plot.svg


def test_nothing_to_show_says_so() -> None:
    import pandas as pd

    empty = pd.DataFrame(columns=["valid_from", "value", "step", "text"])
    for plot in (steps(empty, "a"), bars(empty, "b", "step", ["value"]), tree(empty, "c")):
        assert "nothing to show" in words(plot)
