"""What Python is told when something does not work as it was meant: what is so, and what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pandas as pd
import pytest

import nexus_jupyter as nexus
from nexus_jupyter.notebook import Workspace
from nexus_jupyter.protocol.errors import HistoryError, RequestError

ASKING = """<panel id="asking"><data><state name="n" type="int" default="0"/></data><logic>
  <uses cap="net.http" target="https://*.example.org" why="to fetch"/><uses cap="notify" why="to tell"/>
  <uses cap="kernel.call" target="predict" why="to predict"/></logic></panel>"""


def test_only_what_a_panel_asks_for_is_granted(ws: Workspace, counter: str) -> None:
    ws.panel("asking", ASKING)
    ws.panel("counter", counter)
    for cap, target in (
        ("net.http", "https://api.example.org"), ("net.http", "https://*.example.org"), ("net.http", None),
        ("notify", None), ("notify", "asking"), ("kernel.call", "predict"), ("kernel.call", None),
    ):  # fmt: skip
        ws.grant("asking", cap, target=target)
    asked = r"It asks for net\.http of 'https://\*\.example\.org', notify, kernel\.call of 'predict'\."
    for cap, target in (
        ("net.http", "https://other.org"),
        ("fs.read", None),
        ("kernel.call", "other"),
        ("panel.read", "*"),
    ):
        with pytest.raises(RequestError, match=rf"'asking' does not ask for {cap}.*{asked}"):
            ws.grant("asking", cap, target=target)
    with pytest.raises(RequestError, match="It asks for nothing"):
        ws.grant("counter", "net.http", target="https://example.org")
    assert set(ws.grants.loc[ws.grants["holds"], "panel"]) == {"asking"}


def test_ones_own_checkout_is_not_somebody_elses(ws: Workspace, counter: str) -> None:
    panel = ws.panel("counter", counter)
    version = ws.history.commit("zero")
    panel.state["count"] = 5
    panel.state["count"] = 6
    ws.history.checkout(version)
    with pytest.raises(nexus.ConflictError, match="'count' was left as it is: your own checkout has changed it since"):
        panel.undo()


def test_a_text_that_is_too_long_is_a_finding() -> None:
    (found,) = nexus.check("x" * 1_000_001)
    assert (found.code, found.severity) == ("NX1001", "error")
    assert "1000000 are allowed" in found.message


@pytest.mark.parametrize("name", ["feature/#123-fix", "ümlaut", "日本/x", "a+b=c,d@e", "_x"])
def test_branches_have_the_names_that_people_give_them(ws: Workspace, counter: str, name: str) -> None:
    panel = ws.panel("counter", counter)
    ws.history.commit("first")
    here = next(branch.name for branch in ws.history.branches() if branch.current)
    ws.history.branch(name)
    ws.history.switch(name)
    panel.state["count"] = 3
    ws.history.commit("three")
    ws.history.switch(here)
    assert panel.state["count"] == 0
    ws.history.merge(name)
    assert panel.state["count"] == 3


@pytest.mark.parametrize(
    "name", ["-x", "a..b", "a b", "x.lock", "a/", ".x", "a//b", "x~1", "a:b", "a@{1}", "ü" * 101, "", "\ud800"]
)
def test_names_that_git_does_not_take_are_told_with_those_that_it_does(tmp_path: Path, counter: str, name: str) -> None:
    with Workspace.open(tmp_path / "ws") as ws:
        ws.panel("counter", counter)
        ws.history.commit("first")
        with pytest.raises(HistoryError, match="Use letters, digits"):
            ws.history.branch(name)


def test_a_repository_on_no_branch_is_left_by_the_way_that_is_named(tmp_path: Path, counter: str) -> None:
    with Workspace.open(tmp_path / "ws") as ws:
        panel = ws.panel("counter", counter)
        ws.history.commit("first")
        panel.state["count"] = 1
        ws.history.commit("second")
        subprocess.run(["git", "checkout", "-q", "--detach", "HEAD~1"], cwd=tmp_path / "ws", check=True)
        panel.state["count"] = 7
        with pytest.raises(HistoryError, match=r"ws\.history\.switch\('main'\)"):
            ws.history.commit("third")
        ws.history.switch("main")
        assert panel.state["count"] == 1
        kept = [branch.name for branch in ws.history.branches() if branch.name.startswith("detached-")]
        assert len(kept) == 1
        ws.history.switch(kept[0])
        assert panel.state["count"] == 7


def test_status_and_large_states_are_short(ws: Workspace) -> None:
    ws.panel("many", '<panel id="many"><data><state name="rows" type="any"/></data></panel>')
    ws["many"].state["rows"] = [{"n": n, "text": "x" * 50} for n in range(5000)]
    data, _ = ws["many"]._repr_mimebundle_()
    assert len(data["text/plain"]) < 2000
    assert len(repr(ws["many"].state)) < 2000
    assert len(repr(ws["many"].values)) < 2000
    assert isinstance(ws["many"].state["rows"], list)
    assert len(pd.DataFrame(ws["many"].state["rows"])) == 5000
