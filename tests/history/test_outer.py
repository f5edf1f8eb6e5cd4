"""A workspace below a git repository is left out of that one, which is said once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nexus_jupyter.doctor import examine
from nexus_jupyter.history.outer import leave_out
from nexus_jupyter.notebook import Workspace


def git(folder: Path, *args: str) -> str:
    done = subprocess.run(["git", *args], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.mark.parametrize("path", ["nexus-workspace", "a b/[x]*?/nexus-workspace", "#y/ümlaut !"])
def test_the_outer_repository_leaves_the_workspace_out(tmp_path: Path, counter: str, path: str) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".git" / "info" / "exclude").write_text("mine")
    folder = tmp_path / path
    with Workspace.open(folder) as ws:
        ws.panel("counter", counter)
        first = ws.history.commit("first")
        assert f"The workspace lies in the git repository {tmp_path}, which leaves it out now" in "\n".join(first.notes)
        ws["counter"].state["count"] = 1
        assert ws.history.commit("second").notes == []
    (tmp_path / "notes.txt").write_text("x")
    git(tmp_path, "add", "-A")
    assert git(tmp_path, "diff", "--cached", "--name-only").split() == ["notes.txt"]
    assert (tmp_path / ".git" / "info" / "exclude").read_text().startswith("mine\n/")
    assert leave_out(folder) is None
    found = {one.name: one for one in examine(folder)}
    assert found["repository"].state == "ok"
    (tmp_path / ".git" / "info" / "exclude").write_text("")
    found = {one.name: one for one in examine(folder)}
    assert found["repository"].state == "warning"
    assert str(tmp_path) in found["repository"].detail


def test_nothing_is_written_through_a_link_or_without_a_repository(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("")
    (tmp_path / "repo" / ".git" / "info").mkdir(parents=True)
    (tmp_path / "repo" / ".git" / "info" / "exclude").symlink_to(tmp_path / "outside")
    (tmp_path / "repo" / "ws").mkdir()
    assert leave_out(tmp_path / "repo" / "ws") is None
    assert (tmp_path / "outside").read_text() == ""
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / ".git").write_text("gitdir: elsewhere")
    assert leave_out(tmp_path / "file" / "ws") is None
