"""Panels merge by id in plain git too, once `nexus init` has registered the merge driver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Patch, SetOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace import WorkspaceKernel, merge_file

PANEL = """<panel xmlns="urn:nexus:nxml:1" id="sales" title="Sales">
  <view>
    <metric id="kpi" label="Sales" value="{n}"/>
    <text id="rows">{n} rows</text>
  </view>
  <data>
    <state name="n" type="int" default="0"/>
  </data>
</panel>
"""
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "GIT_AUTHOR_NAME": "x", "GIT_AUTHOR_EMAIL": "x@example.org",
    "GIT_COMMITTER_NAME": "x", "GIT_COMMITTER_EMAIL": "x@example.org",
}  # fmt: skip


def git(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *args], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


@pytest.fixture
def reactor(engine: Engine) -> Reactor:
    return Reactor(engine)


@pytest.fixture
def diverged(tmp_path: Path, engine: Engine, ann: Actor) -> Callable[[dict[str, str], dict[str, str]], Path]:
    """A workspace whose branches `main` and `other` have edited one element each."""

    def make(ours: dict[str, str], theirs: dict[str, str]) -> Path:
        folder = tmp_path / "ws"
        subprocess.run(
            [sys.executable, "-m", "nexus_jupyter.cli", "init", str(folder)], check=True, capture_output=True
        )
        kernel = WorkspaceKernel(folder, engine=engine)
        kernel.put_panel("sales", PANEL, ann)
        kernel.versions.commit(None, ann)
        kernel.versions.branch("other", ann)
        kernel.edit("sales", Patch(ops=[SetOp(id="kpi", attrs=dict(ours))]), ann)
        kernel.set_state("sales", {"n": 3}, ann)
        kernel.versions.commit(None, ann)
        kernel.versions.switch("other", ann)
        kernel.edit("sales", Patch(ops=[SetOp(id="kpi", attrs=dict(theirs))]), ann)
        kernel.versions.commit(None, ann)
        kernel.versions.switch("main", ann)
        kernel.close()
        return folder

    return make


def test_plain_git_merges_one_line_that_both_edited(
    diverged: Callable[[dict[str, str], dict[str, str]], Path], engine: Engine
) -> None:
    folder = diverged({"label": "Turnover"}, {"value": "{n + 1}"})
    assert git(folder, "status", "--porcelain").stdout == ""
    texts = [git(folder, "show", f"{ref}:panels/sales.nxml").stdout for ref in ("main", "main~1", "other")]
    for name, text in zip(("a", "o", "b"), texts, strict=True):
        (folder / ".nexus" / name).write_text(text)
    assert git(folder, "merge-file", "-p", ".nexus/a", ".nexus/o", ".nexus/b").returncode == 1, "git sees a conflict"
    merged = git(folder, "merge", "--no-edit", "other")
    assert merged.returncode == 0, merged.stdout + merged.stderr
    assert 'label="Turnover" value="{n + 1}"' in (folder / "panels" / "sales.nxml").read_text()
    entities = json.loads((folder / "nog" / "sales.json").read_text())
    attrs = {row["id"]: row["attrs"] for row in entities}
    assert attrs["sales/kpi"] == {"tag": "metric", "attr:label": "Turnover", "attr:value": "{n + 1}"}
    assert attrs["sales/state.n"]["value"] == 3
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.versions.commit(None, Actor(id="x", name="x"))
    assert 'label="Turnover" value="{n + 1}"' in kernel.panel("sales").nxml
    assert len(kernel.versions.log()) == 4, "what git merged is taken in, and needs no commit of its own"
    kernel.close()


def test_a_true_conflict_stops_plain_git_with_both_sides_in_words(
    diverged: Callable[[dict[str, str], dict[str, str]], Path],
) -> None:
    folder = diverged({"label": "Ours"}, {"label": "Theirs"})
    merged = git(folder, "merge", "--no-edit", "other")
    assert merged.returncode == 1
    text = (folder / "panels" / "sales.nxml").read_text()
    assert text.startswith("<!-- CONFLICT 'label' of 'kpi' was changed on both sides. ours: Ours; theirs: Theirs -->")
    assert 'label="Ours"' in text
    assert "<<<<" not in text
    assert git(folder, "status", "--porcelain").stdout.splitlines() == ["UU panels/sales.nxml"]


def test_a_text_that_is_no_panel_is_merged_by_lines(reactor: Reactor) -> None:
    broken = PANEL.replace("<metric", "<metrik")
    text, conflicts = merge_file("panels/sales.nxml", PANEL, PANEL.replace("rows", "lines"), broken, reactor)
    assert conflicts
    assert "lines" in text
    text, _ = merge_file("panels/sales.nxml", "a\n", "b\n", "c\n", reactor)
    assert text == "<<<<<<< ours\nb\n=======\nc\n>>>>>>> theirs\n"


def test_two_edits_that_are_well_alone_and_not_together_are_shown_by_lines(reactor: Reactor) -> None:
    ours = PANEL.replace(
        '<state name="n" type="int" default="0"/>', '<state name="m" type="int" default="0"/>'
    ).replace("{n", "{m")
    theirs = PANEL.replace("</view>", '<text id="more">{n} more</text></view>')
    text, conflicts = merge_file("panels/sales.nxml", PANEL, ours, theirs, reactor)
    assert "together" in conflicts[0] or "errors" in conflicts[0]
    assert "{n} more" in text
