"""Git runs programs that its configuration, its environment or a repository names; none of them is a stranger's choice.

The attacker has written a repository below ``files/`` through a handler, or has put variables or configuration where git
would find them. What must hold: git reads and writes objects and references, and starts nothing. Each test has one
layer alone against the attack.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from nexus_jupyter.history import KEPT, Remotes, VersionStore
from nexus_jupyter.history.git import NO_PROGRAMS, Git, git_path
from nexus_jupyter.protocol.errors import HistoryError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel, set_aside

ANN = Actor(id="ann", name="Ann")
PANEL = '<panel id="p" title="{title}"><view><text id="t">hello</text></view></panel>'


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A program that leaves a file behind when it is run."""
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\ncat >/dev/null 2>&1\nexit 0\n")
    program.chmod(0o755)
    return program


@pytest.fixture
def store(tmp_path: Path) -> VersionStore:
    made = VersionStore(tmp_path / "ws")
    made.root.mkdir()
    made.commit({"panels/p.nxml": b"x"}, "m", ANN)
    return made


def test_a_repository_inside_the_workspace_is_no_remote(store: VersionStore, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    remotes = Remotes(store, private)
    inside = store.root / "files" / "deep" / "evil"
    subprocess.run(["git", "init", "-q", "--bare", str(inside)], check=True)
    (tmp_path / "link").symlink_to(inside)
    for address in (
        str(inside),
        f"file://{inside}",
        str(inside / ".." / "evil"),
        str(tmp_path / "link"),
        str(store.root),
    ):
        with pytest.raises(HistoryError, match="inside the workspace"):
            remotes.set("origin", address)
    assert remotes.all() == {}
    # One that came to lie there after it was confirmed, or that the file was changed for, is refused when it is used.
    (private / "remotes.json").write_text(f'{{"origin": "{tmp_path / "link"}"}}')
    with pytest.raises(HistoryError, match="inside the workspace"):
        remotes.fetch("origin")
    with pytest.raises(HistoryError, match="inside the workspace"):
        remotes.push("origin", "main", str(store.head()))


@pytest.mark.parametrize(
    "name",
    ["GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_PROXY_COMMAND", "GIT_ASKPASS", "GIT_SSH_COMMAND", "GIT_TRACE",
     "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "LD_PRELOAD", "BASH_ENV"],
)  # fmt: skip
def test_the_servers_environment_decides_nothing(
    tmp_path: Path, store: VersionStore, trap: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, str(trap))
    store.commit({"panels/p.nxml": b"y"}, "m", ANN)
    assert store.log()
    assert not (tmp_path / "sprung").exists()
    assert trap.read_text().startswith("#!/bin/sh\ntouch"), "git wrote to where the variable said"


def test_configuration_given_by_variables_is_not_read(
    tmp_path: Path, store: VersionStore, trap: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "alias.trap")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", f"!{trap}")
    git = Git(store.root, {"GIT_DIR": str(store.root / ".git")})
    with pytest.raises(HistoryError):
        git.run("trap")
    assert not (tmp_path / "sprung").exists()


def test_a_repository_that_git_would_find_by_itself_is_not_used(store: VersionStore) -> None:
    bare = store.root / "files" / "bare"
    subprocess.run(["git", "init", "-q", "--bare", str(bare)], check=True)
    with pytest.raises(HistoryError, match=r"safe\.bareRepository"):
        Git(bare, {}).run("rev-parse", "--git-dir")


def test_the_programs_that_serve_a_transfer_are_fixed(store: VersionStore, tmp_path: Path, trap: Path) -> None:
    bare, private = tmp_path / "bare.git", tmp_path / "private"
    private.mkdir()
    subprocess.run(["git", "init", "-q", "--bare", "--initial-branch=main", str(bare)], check=True)
    for key in ("remote.origin.uploadpack", "remote.origin.receivepack", f"remote.{bare}.uploadpack"):
        subprocess.run(["git", "config", key, str(trap)], cwd=store.root, check=True)
    remotes = Remotes(store, private)
    remotes.set("origin", str(bare))
    remotes.push("origin", "main", str(store.head()))
    assert remotes.fetch("origin") == {"main": store.head()}
    assert not (tmp_path / "sprung").exists()


def test_files_that_git_is_asked_about_run_no_filter_and_no_monitor(
    tmp_path: Path, kernel: WorkspaceKernel, trap: Path
) -> None:
    folder = kernel.folder.root
    kernel.put_panel("p", PANEL.format(title="one"), ANN)
    kernel.versions.commit(None, ANN)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "core.alternateRefsCommand"):
        subprocess.run(["git", "config", key, str(trap)], cwd=folder, check=True)
    (folder / ".gitattributes").write_text("* filter=evil\n")
    (folder / ".gitignore").write_text("*.log\n")
    kernel.folder.files.mkdir(exist_ok=True)
    (kernel.folder.files / "a.log").write_text("x")
    (kernel.folder.panels / "p.nxml").write_text(PANEL.format(title="by hand"))
    kernel.versions.commit(None, ANN)
    kernel.versions.store.keep_aside({"panels/x.nxml": b"x"}, "why")
    assert KEPT in kernel.versions.store.branches()
    assert not (tmp_path / "sprung").exists()


def test_the_fixed_options_are_ones_that_this_git_knows(store: VersionStore) -> None:
    options = [option for option in NO_PROGRAMS if option != "-c"]
    listed = subprocess.run([git_path(), "help", "--config"], capture_output=True, text=True, check=True).stdout
    known = {line.strip().lower() for line in listed.splitlines()}
    for option in options:
        assert option.partition("=")[0].lower() in known, option


@pytest.mark.parametrize("commits", [False, True], ids=["before", "after"])
def test_the_persons_git_takes_in_no_private_folder(tmp_path: Path, kernel: WorkspaceKernel, commits: bool) -> None:
    folder = kernel.folder.root
    kernel.put_panel("p", PANEL.format(title="one"), ANN)
    if commits:
        kernel.versions.commit(None, ANN)
        (folder / ".gitignore").write_text("!.nexus/\n!.nexus.*/\n")
    engine = kernel.engine
    kernel.close()
    (folder / ".nexus" / "identity.json").unlink()
    (folder / ".nexus" / ".gitignore").unlink()
    again = WorkspaceKernel(folder, engine=engine)
    assert set_aside(folder), "the private folder was to be set aside"
    again.close()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run(["git", "add", "--all"], cwd=folder, check=True)
    staged = subprocess.run(["git", "ls-files"], cwd=folder, capture_output=True, text=True, check=True).stdout
    assert ".nexus" not in staged
