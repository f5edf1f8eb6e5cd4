"""Files below ``files/`` that are in no version: ignored ones, likely secrets, and names that cannot be kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from nexus_jupyter.protocol.errors import ConflictError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel

ANN = Actor(id="ann", name="Ann")
PANEL = '<panel id="{name}"><view><text id="t">hello</text></view></panel>'


def listed(kernel: WorkspaceKernel, ref: str = "main") -> set[str]:
    command = ["git", "ls-tree", "-r", "-z", "--name-only", ref, "files/"]
    done = subprocess.run(command, cwd=kernel.folder.root, capture_output=True, check=True)
    return {path for path in done.stdout.decode("utf-8", "surrogateescape").split("\0") if path}


def write(kernel: WorkspaceKernel, name: str, text: str = "x") -> Path:
    file = kernel.folder.files / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


@pytest.fixture
def opened(kernel: WorkspaceKernel) -> WorkspaceKernel:
    kernel.put_panel("p", PANEL.format(name="p"), ANN)
    return kernel


def test_files_that_git_ignores_are_in_no_version_and_stay_through_a_checkout(opened: WorkspaceKernel) -> None:
    root = opened.folder.root
    (root / ".gitignore").write_text("*.env\n/files/deep/*\n!/files/deep/kept.txt\n")
    write(opened, "data.csv")
    write(opened, "prod.env", "PASSWORD=secret")
    write(opened, "deep/left.txt")
    write(opened, "deep/kept.txt")
    write(opened, "own/.gitkeep", "")
    (root / "files" / "own" / "x.local").write_text("x")
    first = opened.versions.commit(None, ANN)
    assert listed(opened) == {"files/data.csv", "files/deep/kept.txt", "files/own/.gitkeep", "files/own/x.local"}
    assert ".nexus/" in (root / ".gitignore").read_text().splitlines()
    (root / "files" / "data.csv").unlink()
    opened.versions.commit(None, ANN)
    opened.versions.checkout(first.id, ANN)
    opened.versions.checkout("main", ANN)
    assert (root / "files" / "prod.env").read_text() == "PASSWORD=secret"
    assert (root / "files" / "deep" / "left.txt").exists()


def test_what_a_version_made_on_the_way_left_out_is_told_once_by_the_next_that_is_asked_for(
    opened: WorkspaceKernel,
) -> None:
    first = opened.versions.commit(None, ANN)
    write(opened, "key.pem", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n")
    opened.put_panel("q", PANEL.format(name="q"), ANN)
    opened.versions.checkout(first.id, ANN)
    assert "files/key.pem" not in listed(opened)
    (opened.folder.files / "key.pem").unlink()
    told = opened.versions.commit(None, ANN).notes
    assert [note for note in told if "files/key.pem" in note and "left out of the version" in note] == list(told)
    assert len(told) == 1
    assert opened.versions.commit("again", ANN).notes == ()


def test_an_ignored_file_that_a_person_has_added_stays_in_versions(opened: WorkspaceKernel) -> None:
    root = opened.folder.root
    write(opened, "a.log", "one")
    opened.versions.commit(None, ANN)
    (root / ".gitignore").write_text("*.log\n")
    write(opened, "a.log", "two")
    opened.versions.commit(None, ANN)
    shown = subprocess.run(["git", "show", "main:files/a.log"], cwd=root, capture_output=True, check=True)
    assert shown.stdout == b"two"


SECRETS = {
    "prod.env": "x", ".envx/id_rsa": "", "id_ed25519": "x", "server.pem": "x", "keys/a.P12": "x", "credentials.json": "{}",
    "notes.txt": "-----BEGIN OPENSSH PRIVATE KEY-----\nx", "a.py": "key = 'AKIAIOSFODNN7EXAMPLE'",
    "b.py": "token = 'ghp_" + "a1B2" * 9 + "'", "c.csv": "x,xoxb-1234567890-abcdef", "d.txt": "AIza" + "x" * 35,
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in SECRETS if not name.startswith(".")])
def test_what_looks_like_a_secret_is_asked_about_and_taken_on_demand(opened: WorkspaceKernel, name: str) -> None:
    write(opened, "data.csv")
    write(opened, name, SECRETS[name])
    with pytest.raises(ConflictError, match="Nothing was committed") as caught:
        opened.versions.commit(None, ANN)
    assert f"files/{name}" in caught.value.message
    assert f"include=['files/{name}']" in caught.value.hint
    assert opened.versions.store.head() is None
    opened.versions.commit(None, ANN, include=[f"files/{name}"])
    assert listed(opened) == {"files/data.csv", f"files/{name}"}
    write(opened, name, SECRETS[name] + "\nchanged")
    opened.versions.commit(None, ANN)  # it has been asked about


@pytest.mark.parametrize("name", ["environment.yml", "prod.env.example", "public.key.md", "keynote.txt", "data.csv"])
def test_ordinary_files_are_not_asked_about(opened: WorkspaceKernel, name: str) -> None:
    write(opened, name, "sha: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    assert opened.versions.commit(None, ANN).notes == ()


def test_going_elsewhere_leaves_a_likely_secret_in_the_folder_and_in_no_version(opened: WorkspaceKernel) -> None:
    opened.versions.commit(None, ANN)
    opened.versions.branch("other", ANN)
    file = write(opened, "prod.env", "PASSWORD=secret")
    write(opened, "data.csv")
    opened.versions.switch("other", ANN)
    opened.versions.checkout("main", ANN)
    assert file.read_text() == "PASSWORD=secret"
    assert listed(opened) == {"files/data.csv"}
    (opened.folder.root / ".gitignore").write_text("*.env\n")
    opened.versions.commit(None, ANN)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize(
    "name", ["run_12:00:00.csv", "ends.", "aux.csv", "deep/CON", "a b .txt", "back\\slash", "a?*.txt"]
)
def test_names_that_another_system_refuses_are_kept_where_this_one_has_them(opened: WorkspaceKernel, name: str) -> None:
    write(opened, name, "one")
    first = opened.versions.commit(None, ANN)
    assert first.notes == ()
    assert listed(opened) == {f"files/{name}"}
    write(opened, name, "two")
    opened.versions.commit(None, ANN)
    opened.versions.checkout(first.id, ANN)
    assert (opened.folder.files / name).read_text() == "one"


@pytest.mark.parametrize("name", [".hidden", ".vscode/tasks.json", "HEAD", "clone/.git/config", "GIT~1"])
def test_names_that_cannot_be_kept_are_told_and_block_nothing(opened: WorkspaceKernel, name: str) -> None:
    write(opened, name)
    write(opened, "data.csv")
    version = opened.versions.commit(None, ANN)
    (note,) = version.notes
    assert note.startswith("files/")
    assert note.endswith("so it is in no version.")
    assert listed(opened) == {"files/data.csv"}
    opened.versions.checkout(version.id, ANN)
    assert (opened.folder.files / name).exists()


def test_a_name_that_is_no_text_is_told(opened: WorkspaceKernel) -> None:
    opened.folder.files.mkdir(exist_ok=True)
    (opened.folder.files / os.fsdecode(b"\xff.csv")).write_text("x")
    version = opened.versions.commit(None, ANN)
    assert len(version.notes) == 1
    version.notes[0].encode()


@pytest.mark.parametrize("name", ["CON", "aux", "nul"])
def test_a_panel_may_have_any_name(opened: WorkspaceKernel, name: str) -> None:
    opened.put_panel(name, PANEL.format(name=name), ANN)
    first = opened.versions.commit(None, ANN)
    opened.put_panel(name, PANEL.format(name=name).replace("hello", "changed"), ANN)
    opened.versions.commit(None, ANN)
    opened.versions.checkout(first.id, ANN)
    assert "hello" in opened.panel(name).nxml
