"""A repository from a stranger: whatever it brings, opening and using it runs nothing and writes nothing outside."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.history import VersionStore
from nexus_jupyter.history.git import open_repository
from nexus_jupyter.history.worktree import WorkTree, safe
from nexus_jupyter.protocol.errors import HistoryError, NexusError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage.private import entries
from nexus_jupyter.workspace import WorkspaceKernel

ANN = Actor(id="ann", name="Ann <x>\n")
PANEL = '<panel id="p" title="{title}"><view><text id="t">hello</text></view></panel>'
HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-checkout", "post-commit", "post-index-change",
    "post-merge", "post-update", "pre-commit", "pre-merge-commit", "pre-push", "pre-receive", "prepare-commit-msg",
    "post-rewrite", "reference-transaction", "update",
)  # fmt: skip


def git(folder: Path, *args: str, stdin: bytes = b"", **env: str) -> bytes:
    done = subprocess.run(
        ["git", "-c", "protocol.allow=always", *args],
        cwd=folder, input=stdin, capture_output=True, check=True,
        env={**os.environ, "GIT_AUTHOR_NAME": "e", "GIT_AUTHOR_EMAIL": "e", "GIT_COMMITTER_NAME": "e",
             "GIT_COMMITTER_EMAIL": "e", **env},
    )  # fmt: skip
    return done.stdout


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file behind when it is run."""
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat 2>/dev/null\nexit 0\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def outside(tmp_path: Path, trap: Path) -> Iterator[Path]:
    """A folder that must stay empty, beside a trap that must not spring."""
    folder = tmp_path / "outside"
    folder.mkdir()
    yield folder
    assert list(folder.iterdir()) == [], "something was written outside of the workspace"
    assert not (tmp_path / "sprung").exists(), "a program of the repository was run"


def workspace(folder: Path, engine: Engine) -> WorkspaceKernel:
    return WorkspaceKernel(folder, engine=engine)


def armed(folder: Path, trap: Path, outside: Path) -> None:
    """Arm a repository with whatever its own configuration can make git run."""
    for hook in HOOKS:
        (folder / ".git" / "hooks").mkdir(exist_ok=True)
        path = folder / ".git" / "hooks" / hook
        path.write_text(trap.read_text())
        path.chmod(0o755)
    (folder / ".git" / "more").write_text(f"[core]\n\tsshCommand = {trap}\n[alias]\n\tlog = !{trap}\n")
    for name, value in {
        "core.fsmonitor": str(trap), "core.pager": str(trap), "core.editor": str(trap), "core.askPass": str(trap),
        "core.gitProxy": str(trap), "core.alternateRefsCommand": str(trap), "core.worktree": str(outside),
        "core.hooksPath": str(folder / ".git" / "hooks"), "include.path": "more",
        "filter.evil.clean": str(trap), "filter.evil.smudge": str(trap), "filter.evil.process": str(trap),
        "filter.evil.required": "true", "diff.evil.textconv": str(trap), "diff.evil.command": str(trap),
        "diff.external": str(trap), "merge.nexus.driver": str(trap), "merge.evil.driver": str(trap),
        "gpg.program": str(trap), "commit.gpgSign": "true", "log.showSignature": "true", "tag.gpgSign": "true",
        "credential.helper": f"!{trap}", "sequence.editor": str(trap), "uploadpack.packObjectsHook": str(trap),
        "remote.origin.url": f"ext::{trap}", "remote.origin.uploadpack": str(trap), "remote.origin.vcs": "evil",
        "remote.origin.receivepack": str(trap), "remote.origin.promisor": "true", "extensions.partialClone": "origin",
        "protocol.ext.allow": "always", "protocol.allow": "always", f"url.ext::{trap}.insteadOf": "/",
        f"url.{outside}/.pushInsteadOf": str(folder.parent), "submodule.recurse": "true", "gc.auto": "1",
        "core.splitIndex": "true", "core.untrackedCache": "true", "push.recurseSubmodules": "on-demand",
    }.items():  # fmt: skip
        git(folder, "config", name, value)
    (folder / ".git" / "info").mkdir(exist_ok=True)
    (folder / ".git" / "info" / "attributes").write_text("* filter=evil diff=evil merge=evil\n")


def test_the_traps_of_these_tests_spring_in_plain_git(tmp_path: Path, trap: Path) -> None:
    folder = tmp_path / "ws"
    folder.mkdir()
    git(folder, "init", "-q")
    armed(folder, trap, folder)
    git(folder, "status")
    assert (tmp_path / "sprung").exists()


def test_nothing_of_a_repositorys_own_is_run_through_a_whole_life(
    tmp_path: Path, engine: Engine, trap: Path, outside: Path
) -> None:
    bare = tmp_path / "bare.git"
    git(tmp_path, "init", "-q", "--bare", "--initial-branch=main", str(bare))
    folder = tmp_path / "ws"
    first = workspace(folder, engine)
    first.put_panel("p", PANEL.format(title="one"), ANN)
    (folder / "files").mkdir()
    (folder / "files" / "data.txt").write_text("data")
    first.versions.commit(None, ANN)
    first.close()
    armed(folder, trap, outside)
    kernel = workspace(folder, engine)
    versions = kernel.versions
    kernel.put_panel("p", PANEL.format(title="two"), ANN)
    one = versions.commit(None, ANN)
    versions.branch("other", ANN)
    versions.tag("v1", ANN)
    kernel.put_panel("p", PANEL.format(title="three"), ANN)
    (folder / "files" / "data.txt").write_text("newer")
    versions.commit(None, ANN)
    versions.switch("other", ANN)
    kernel.put_panel("q", PANEL.format(title="q").replace('id="p"', 'id="q"'), ANN)
    versions.commit(None, ANN)
    assert versions.merge("main", ANN).outcome == "merged"
    versions.checkout(one.id, ANN)
    versions.checkout("HEAD", ANN)
    versions.revert(ANN, ref="HEAD~1")
    assert versions.log(everything=True)
    assert versions.diff("v1", "main")
    with pytest.raises(NexusError, match="nobody has confirmed"):
        versions.push()
    versions.remote("origin", str(bare))
    versions.push()
    assert versions.pull(ANN).outcome == "nothing"
    assert (folder / "files" / "data.txt").read_text() == "newer"
    kernel.close()
    author = git(bare, "log", "-1", "--format=%an|%ae", "other").decode().strip()
    assert author == "Ann x|ann@nexus.invalid"


def test_a_repository_that_lies_elsewhere_is_refused_and_the_workspace_works_without(
    tmp_path: Path, engine: Engine, outside: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    before = sorted(path.relative_to(other) for path in other.rglob("*"))
    tricks: dict[str, Callable[[Path], object]] = {
        "file": lambda git_: git_.write_text(f"gitdir: {other / '.git'}\n"),
        "link": lambda git_: git_.symlink_to(other / ".git"),
        "refs": lambda git_: linked(git_, "refs", other),
        "objects": lambda git_: linked(git_, "objects", other),
        "index": lambda git_: linked(git_, "index", other),
        "head": lambda git_: linked(git_, "HEAD", other),
        "heads": lambda git_: linked(git_, "refs/heads", other),
        "logs": lambda git_: linked(git_, "logs/refs", other),
        "fan-out": lambda git_: linked(git_, "objects/ab", outside),
    }
    for name, trick in tricks.items():
        folder = tmp_path / name
        folder.mkdir()
        trick(folder / ".git")
        kernel = workspace(folder, engine)
        kernel.put_panel("p", PANEL.format(title="one"), ANN)
        with pytest.raises(HistoryError, match=r"leads elsewhere|is a link"):
            kernel.versions.commit(None, ANN)
        kernel.close()
    assert sorted(path.relative_to(other) for path in other.rglob("*")) == before


def linked(folder: Path, name: str, to: Path) -> None:
    folder.mkdir()
    git(folder.parent, "init", "-q")
    target = folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        for path in sorted(target.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        target.rmdir()
    target.unlink(missing_ok=True)
    target.symlink_to(to)


def test_a_common_folder_leads_no_write_elsewhere(tmp_path: Path, engine: Engine, outside: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    folder = tmp_path / "ws"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / ".git" / "commondir").write_text(f"{other / '.git'}\n")
    before = sorted(path.relative_to(other) for path in other.rglob("*"))
    kernel = workspace(folder, engine)
    kernel.put_panel("p", PANEL.format(title="one"), ANN)
    with pytest.raises(HistoryError, match="leads elsewhere"):
        kernel.versions.commit(None, ANN)
    kernel.close()
    assert sorted(path.relative_to(other) for path in other.rglob("*")) == before


def tree(folder: Path, entries: dict[str, tuple[str, str]]) -> str:
    """Write a tree of any shape, as only plumbing lets one: path -> (mode, id)."""
    here = [(mode, blob, path) for path, (mode, blob) in entries.items() if "/" not in path]
    below: dict[str, dict[str, tuple[str, str]]] = {}
    for path, entry in entries.items():
        if "/" in path:
            top, _, rest = path.partition("/")
            below.setdefault(top, {})[rest] = entry
    here += [("40000", tree(folder, inner), top) for top, inner in below.items()]
    raw = b"".join(
        f"{mode} {path}".encode() + b"\0" + bytes.fromhex(blob)
        for mode, blob, path in sorted(here, key=lambda one: one[2] + ("/" if one[0] == "40000" else ""))
    )
    return git(folder, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=raw).decode().strip()


def blob(folder: Path, data: bytes) -> str:
    return git(folder, "hash-object", "-w", "--stdin", stdin=data).decode().strip()


def test_odd_paths_links_and_submodules_of_a_version_are_left_alone(
    tmp_path: Path, engine: Engine, trap: Path, outside: Path
) -> None:
    folder = tmp_path / "ws"
    kernel = workspace(folder, engine)
    kernel.put_panel("p", PANEL.format(title="one"), ANN)
    main = kernel.versions.commit(None, ANN)
    text = blob(folder, PANEL.format(title="evil").encode())
    hook = blob(folder, trap.read_bytes())
    link = blob(folder, str(outside).encode())
    entries = {
        "panels/p.nxml": ("100644", text),
        "files/../../outside/x": ("100644", text),
        "files/.git/hooks/post-checkout": ("100755", hook),
        "files/.GIT/config": ("100644", hook),
        "files/.g\u200cit/config": ("100644", hook),
        "files/git~1/config": ("100644", hook),
        "files/link": ("120000", link),
        "files/a:b": ("100644", text),
        "files/back\\slash": ("100644", text),
        "files/ok.txt": ("100644", text),
        "files/" + "x" * 30 + "/" + ("y" * 15 + "/") * 270 + "deep": ("100644", text),
        ".git/hooks/post-commit": ("100755", hook),
        ".gitmodules": ("100644", blob(folder, f'[submodule "s"]\n\tpath = s\n\turl = ext::{trap}\n\tupdate = !{trap}\n'.encode())),
        ".gitattributes": ("100644", blob(folder, b"* filter=evil\n")),
        "s": ("160000", main.id),
    }  # fmt: skip
    for name, path in (("links", "panels"), ("linked", "files")):
        odd = tree(folder, {path: ("120000", link), "nog/p.json": ("100644", blob(folder, b"[]"))})
        commit = git(folder, "commit-tree", odd, "-p", main.id, "-m", name).decode().strip()
        git(folder, "update-ref", f"refs/heads/{name}", commit)
    commit = git(folder, "commit-tree", tree(folder, entries), "-p", main.id, "-m", "evil").decode().strip()
    git(folder, "update-ref", "refs/heads/evil", commit)
    versions = kernel.versions
    versions.switch("evil", ANN)
    assert kernel.panel("p").title == "evil"
    assert sorted(path.name for path in (folder / "files").iterdir()) == ["a:b", "back\\slash", "ok.txt"]
    assert not (folder / "s").exists()
    assert not (folder / ".git" / "hooks" / "post-commit").exists()
    versions.switch("main", ANN)
    assert versions.merge("evil", ANN).outcome in {"merged", "conflicts"}
    for conflict in versions.conflicts():
        versions.resolve("p", conflict.id, "theirs", ANN)
    versions.checkout("evil", ANN)
    versions.commit(None, ANN)
    for name in ("links", "linked"):
        versions.switch(name, ANN)
        assert kernel.panels() == []
        versions.switch("main", ANN)
    kernel.close()


def test_links_in_the_folder_itself_are_never_written_through(tmp_path: Path, engine: Engine, outside: Path) -> None:
    for name in ("panels", "nog", "files"):
        folder = tmp_path / name
        kernel = workspace(folder, engine)
        kernel.put_panel("p", PANEL.format(title="one"), ANN)
        (folder / name).symlink_to(outside)
        with pytest.raises(HistoryError, match="does not write through links"):
            kernel.versions.commit(None, ANN)
        kernel.close()
    folder = tmp_path / "single"
    kernel = workspace(folder, engine)
    kernel.put_panel("p", PANEL.format(title="one"), ANN)
    (folder / "panels").mkdir()
    (folder / "panels" / "p.nxml").symlink_to(outside / "made")
    kernel.versions.commit(None, ANN)
    assert not (folder / "panels" / "p.nxml").is_symlink()
    kernel.close()


def test_odd_references_are_listed_or_left_out_and_never_become_options(tmp_path: Path, outside: Path) -> None:
    store = VersionStore(tmp_path / "ws")
    store.root.mkdir()
    made = store.commit({"panels/p.nxml": b"x"}, "m", ANN)
    for ref in ("--upload-pack=x", "a..b", "-x", "HEAD", "@", "x.lock", "x@{1}"):
        packed = store.root / ".git" / "packed-refs"
        packed.write_text(f"{made.id} refs/heads/{ref}\n")
        with suppress(HistoryError):
            store.branches()
        with pytest.raises(NexusError):
            store.resolve(ref if ref != "HEAD" else "HEAD~9")
        packed.unlink()
    (store.root / ".git" / "HEAD").write_text("ref: refs/heads/../../../outside/x\n")
    with pytest.raises(HistoryError, match="no branch that can be used"):
        store.commit({"panels/p.nxml": b"y"}, "m", ANN)
    (store.root / ".git" / "HEAD").write_text(f"{made.id}\n")
    with pytest.raises(HistoryError, match="on no branch"):
        store.commit({"panels/p.nxml": b"y"}, "m", ANN)


def test_a_pull_from_a_strange_repository_runs_and_writes_nothing_there_or_here(
    tmp_path: Path, engine: Engine, trap: Path, outside: Path
) -> None:
    strange = tmp_path / "strange"
    other = workspace(strange, engine)
    other.put_panel("p", PANEL.format(title="theirs"), ANN)
    other.versions.commit(None, ANN)
    other.close()
    armed(strange, trap, outside)
    kernel = workspace(tmp_path / "ws", engine)
    kernel.versions.store.set_up()
    kernel.versions.remote("origin", str(strange))
    kernel.versions.pull(ANN)
    assert kernel.panel("p").title == "theirs"
    kernel.close()


def test_a_lock_that_was_left_behind_is_told_with_what_to_do(tmp_path: Path, engine: Engine) -> None:
    kernel = workspace(tmp_path / "ws", engine)
    kernel.put_panel("p", PANEL.format(title="one"), ANN)
    kernel.versions.commit(None, ANN)
    kernel.put_panel("p", PANEL.format(title="two"), ANN)
    (tmp_path / "ws" / ".git" / "index.lock").touch()
    with pytest.raises(HistoryError, match=r"remove the file index\.lock"):
        kernel.versions.commit(None, ANN)
    (tmp_path / "ws" / ".git" / "index.lock").unlink()
    assert kernel.versions.commit(None, ANN).message == "p: title one -> two"
    (tmp_path / "ws" / ".git" / "MERGE_HEAD").touch()
    with pytest.raises(HistoryError, match="git merge --abort"):
        kernel.versions.commit(None, ANN)
    kernel.close()


@pytest.mark.parametrize(
    "path",
    ["", "..", "../x", "a/../b", "/etc/passwd", ".git/config", "a/.Git/x", "a/.git /x", "a/.git./x", "git~1/x", ".gi\u200dt/x",
     "a//b", "./a", "a/.", "a\nb", ".nexus/journal.db", "a" * 5000, "x\ud800", ".git:x/y", "a/.git\\x", "a\\..\\x",
     "gi7eba~1", ".nexus.foreign-1/x", "\uff0egit/x"],
)  # fmt: skip
def test_paths_that_some_system_would_take_elsewhere_are_refused(tmp_path: Path, path: str) -> None:
    assert not safe(path)
    with pytest.raises(HistoryError):
        WorkTree(tmp_path).write(path, b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "path", ["a", "panels/sales.nxml", ".gitignore", "files/Ünïcode name (1).csv", "files/.hidden/x", "a~b"]
)
def test_ordinary_paths_are_written(tmp_path: Path, path: str) -> None:
    assert safe(path)
    tree_ = WorkTree(tmp_path)
    tree_.write(path, b"x")
    assert tree_.read(path) == b"x"
    tree_.remove(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["a:b", "a\\b", "con", "a/NUL.txt", "a ", "files/run_12:00:00.csv", "files/x."])
def test_names_that_only_windows_refuses_are_refused_only_there(tmp_path: Path, path: str) -> None:
    assert not safe(path, windows=True)
    assert safe(path, windows=False)


HEADS: dict[str, Callable[[Path], object]] = {
    "missing": lambda _head: None,
    "a folder": lambda head: head.mkdir(),
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_repository_without_a_head_is_refused_in_a_sentence(
    tmp_path: Path, engine: Engine, head: Callable[[Path], object]
) -> None:
    (tmp_path / "ws" / ".git" / "hooks").mkdir(parents=True)
    head(tmp_path / "ws" / ".git" / "HEAD")
    kernel = workspace(tmp_path / "ws", engine)
    try:
        with pytest.raises(HistoryError, match="no file HEAD"):
            kernel.versions.commit("first", ANN)
    finally:
        kernel.close()


def test_a_repository_that_git_watches_or_packs_meanwhile_can_be_used(tmp_path: Path, engine: Engine) -> None:
    """Git's monitor of the file system leaves a socket, and ``git gc`` takes folders away while they are looked at."""
    kernel = workspace(tmp_path / "ws", engine)
    try:
        kernel.versions.commit("first", ANN)
        with socket.socket(socket.AF_UNIX) as monitor:
            # By a short way: addresses of sockets are cut at a hundred characters.
            here = Path.cwd()
            os.chdir(tmp_path / "ws" / ".git")
            try:
                monitor.bind("fsmonitor--daemon.ipc")
            finally:
                os.chdir(here)
            open_repository(tmp_path / "ws")
        seen = []
        for name, entry in entries(tmp_path / "ws" / ".git" / "objects"):
            seen.append(name)
            if entry.is_dir() and len(entry.name) == 2:
                shutil.rmtree(entry.path)
        assert seen
    finally:
        kernel.close()
