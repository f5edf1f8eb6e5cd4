"""Files of the workspace edited with an editor: the edit is in a version before anything takes its place.

A text that a person has written into ``panels/``, ``nog/`` or ``files/`` and not committed is noticed by whatever would
write over it, committed as it is, and merged like a commit that was made outside.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.history import KEPT
from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

ANN = Actor(id="ann", name="Ann")
PANEL = '<panel id="c" title="{title}"><view><text id="a">{a}</text><text id="b">{b}</text></view></panel>'


def git(folder: Path, *args: str) -> str:
    identity = ["-c", "user.name=p", "-c", "user.email=p@example.org"]
    done = subprocess.run(["git", *identity, *args], cwd=folder, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def texts(folder: Path) -> str:
    """Return every text of every file of every version that a branch or tag leads to."""
    return git(folder, "log", "--branches", "--tags", "--full-history", "-m", "-p", "--text", "--format=%s")


@pytest.fixture
def edited(kernel: WorkspaceKernel) -> WorkspaceKernel:
    """A workspace with two branches, and a panel that was committed and then changed in Nexus and in its file."""
    kernel.put_panel("c", PANEL.format(title="one", a="a", b="b"), ANN)
    kernel.versions.commit("start", ANN)
    kernel.versions.branch("other", ANN)
    kernel.versions.switch("other", ANN)
    kernel.put_panel("q", '<panel id="q" title="q"/>', ANN)
    kernel.versions.commit("q", ANN)
    kernel.versions.switch("main", ANN)
    file = kernel.folder.panels / "c.nxml"
    file.write_text(file.read_text().replace(">b<", ">by hand<"))
    kernel.put_panel("c", PANEL.format(title="one", a="in Nexus", b="b"), ANN)
    return kernel


WAYS: dict[str, Callable[[WorkspaceKernel], object]] = {
    "commit": lambda kernel: kernel.versions.commit(None, ANN),
    "switch": lambda kernel: kernel.versions.switch("other", ANN),
    "checkout": lambda kernel: kernel.versions.checkout("other", ANN),
    "merge": lambda kernel: kernel.versions.merge("other", ANN),
    "pull": lambda kernel: kernel.versions.pull(ANN),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_edit_by_hand_is_merged_before_anything_takes_its_place(
    tmp_path: Path, edited: WorkspaceKernel, way: str
) -> None:
    folder = edited.folder.root
    if way == "pull":
        git(tmp_path, "clone", "-q", "--bare", str(folder), "bare.git")
        edited.versions.remote("origin", str(tmp_path / "bare.git"))
    WAYS[way](edited)
    assert ">by hand<" in texts(folder)
    assert ">in Nexus<" in texts(folder)
    edited.versions.switch("main", ANN)
    edited.versions.checkout("main", ANN)
    text = edited.panel("c").nxml
    assert ">by hand<" in text
    assert ">in Nexus<" in text
    assert git(folder, "status", "--porcelain") == ""


def test_two_edits_of_the_same_thing_are_a_question_by_file(edited: WorkspaceKernel) -> None:
    edited.put_panel("c", PANEL.format(title="one", a="in Nexus", b="mine"), ANN)
    edited.versions.commit(None, ANN)
    (question,) = edited.versions.conflicts("c")
    assert (question.ours.by, question.theirs.by) == ("Ann", "file")
    assert "by hand" in str(question.theirs.value)
    edited.versions.resolve("c", question.id, "theirs", ANN)
    assert ">by hand<" in edited.panel("c").nxml


def test_a_panel_that_was_deleted_in_nexus_and_edited_by_hand_is_asked_about(edited: WorkspaceKernel) -> None:
    edited.delete("c", ANN)
    edited.versions.commit(None, ANN, without_panels=True)
    (question,) = edited.versions.conflicts()
    assert question.kind == "removed"
    assert ">by hand<" in edited.panel("c").nxml


@pytest.mark.parametrize(
    "data", [b"<panel", b"\xff\xfe", b"", b'<panel id="other"/>', b"<<<<<<< HEAD\n=======\n>>>>>>> x\n"]
)
def test_a_text_that_cannot_be_read_is_kept_and_blocks_nothing(edited: WorkspaceKernel, data: bytes) -> None:
    (edited.folder.panels / "c.nxml").write_bytes(data)
    (edited.folder.panels / "new.nxml").write_bytes(data)
    version = edited.versions.commit(None, ANN)
    asked = [str(one.theirs.value).encode() for one in edited.versions.conflicts("c")]
    store = edited.versions.store
    kept = store.read(store.blobs(store.branches().get(KEPT)))
    assert data in [*asked, kept.get("panels/c.nxml")]
    assert (edited.folder.panels / "new.nxml").read_bytes() == data
    assert any("panels/new.nxml" in note and "stays" in note for note in version.notes)
    assert ">in Nexus<" in (edited.folder.panels / "c.nxml").read_text()
    edited.versions.switch("other", ANN)
    assert (edited.folder.panels / "new.nxml").read_bytes() == data


def test_a_damaged_file_of_entities_is_kept_aside_and_written_again(edited: WorkspaceKernel) -> None:
    file = edited.folder.nog / "c.json"
    file.write_text("[{damaged by hand")
    version = edited.versions.commit(None, ANN)
    assert any(KEPT in note for note in version.notes)
    assert "damaged by hand" in texts(edited.folder.root)
    assert file.read_text().startswith("[\n")


def test_a_text_that_is_only_staged_is_in_a_version(edited: WorkspaceKernel) -> None:
    folder = edited.folder.root
    git(folder, "add", "panels/c.nxml")
    file = edited.folder.panels / "c.nxml"
    file.write_text(file.read_text().replace(">by hand<", ">later by hand<"))
    edited.versions.commit(None, ANN)
    assert ">by hand<" in texts(folder)
    assert ">later by hand<" in edited.panel("c").nxml
    assert git(folder, "status", "--porcelain") == ""


def test_a_new_file_is_a_new_panel_and_a_deleted_one_is_written_again(edited: WorkspaceKernel) -> None:
    (edited.folder.panels / "new.nxml").write_text('<panel id="new" title="by hand"/>')
    (edited.folder.panels / "c.nxml").unlink()
    edited.versions.commit(None, ANN)
    assert edited.panel("new").title == "by hand"
    assert ">in Nexus<" in (edited.folder.panels / "c.nxml").read_text()


def test_a_file_written_before_the_first_version_is_merged(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("c", PANEL.format(title="one", a="a", b="b"), ANN)
    kernel.folder.panels.mkdir()
    (kernel.folder.panels / "c.nxml").write_text(PANEL.format(title="one", a="a", b="by hand"))
    kernel.versions.commit(None, ANN)
    assert "by hand" in texts(kernel.folder.root)
    assert "by hand" in kernel.panel("c").nxml or kernel.versions.conflicts("c")


def test_ends_of_lines_that_git_has_changed_are_no_edit(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("c", PANEL.format(title="one", a="a", b="b"), ANN)
    first = kernel.versions.commit(None, ANN)
    for path in (kernel.folder.panels / "c.nxml", kernel.folder.nog / "c.json"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert kernel.versions.commit(None, ANN).id == first.id


def test_an_edit_of_the_same_length_within_one_tick_is_noticed(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("c", PANEL.format(title="one", a="a", b="b"), ANN)
    kernel.versions.commit(None, ANN)
    for letter in "xyz":
        file = kernel.folder.panels / "c.nxml"
        file.write_text(file.read_text().replace('title="one"', f'title="on{letter}"'))
        kernel.versions.commit(None, ANN)
        assert kernel.panel("c").title == f"on{letter}"
        kernel.put_panel("c", PANEL.format(title="one", a="a", b="b"), ANN)
        kernel.versions.commit(None, ANN)


def test_a_file_that_git_ignores_is_not_written_over_by_another_version(edited: WorkspaceKernel) -> None:
    folder = edited.folder.root
    edited.versions.switch("other", ANN)
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / "x.log").write_text("theirs")
    edited.versions.commit(None, ANN)
    edited.versions.switch("main", ANN)
    (folder / ".gitignore").write_text("*.log\n")
    (folder / "files").mkdir(exist_ok=True)
    (folder / "files" / "x.log").write_text("mine")
    for go in (edited.versions.switch, edited.versions.checkout, edited.versions.merge):
        with pytest.raises(HistoryError, match="in no version"):
            go("other", ANN)
        assert (folder / "files" / "x.log").read_text() == "mine"


def test_what_is_written_while_a_version_is_made_is_kept_aside(edited: WorkspaceKernel) -> None:
    store = edited.versions.store
    head = store.head()
    assert head is not None
    (edited.folder.panels / "c.nxml").write_text("written meanwhile")
    notes = store.put({"panels/c.nxml": b"ours"}, [head])
    assert any(KEPT in note for note in notes)
    assert "written meanwhile" in texts(edited.folder.root)
    assert (edited.folder.panels / "c.nxml").read_text() == "ours"


def test_a_version_whose_files_were_not_written_before_a_kill_is_no_edit(tmp_path: Path, engine: Engine) -> None:
    kernel = WorkspaceKernel(tmp_path / "killed", engine=engine)
    kernel.put_panel("c", PANEL.format(title="one", a="a", b="b"), ANN)
    kernel.versions.commit(None, ANN)
    kernel.put_panel("c", PANEL.format(title="two", a="a", b="b"), ANN)
    files = kernel.versions.files(kernel.head.graph)
    kernel.versions.store.record(files, "killed after this", ANN)
    kernel.close()
    again = WorkspaceKernel(tmp_path / "killed", engine=engine)
    again.versions.commit(None, ANN)
    assert again.panel("c").title == "two"
    assert again.versions.conflicts() == []
    assert 'title="two"' in (again.folder.panels / "c.nxml").read_text()
    assert git(tmp_path / "killed", "status", "--porcelain") == ""
    again.close()


def test_a_folder_that_git_has_removed_keeps_nobody_from_going_elsewhere(edited: WorkspaceKernel) -> None:
    edited.versions.commit(None, ANN)
    for folder in (edited.folder.panels, edited.folder.nog):
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
    edited.versions.switch("other", ANN)
    edited.versions.switch("main", ANN)
    assert ">in Nexus<" in (edited.folder.panels / "c.nxml").read_text()
