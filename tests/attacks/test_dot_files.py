"""A handler with the right to write files, an upload, or a version from a stranger plants a file that a tool acts on.

``files/.git/config`` decides what git runs when a person works in that folder, and so do ``.envrc``, ``.vscode`` and
others for other tools; a file ``HEAD`` beside ``objects`` and ``refs`` makes any folder a repository. What must hold: no
program writes such a name, in any spelling that a file system of Linux, macOS or Windows takes for it.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nexus_jupyter.history.worktree import WorkTree, safe
from nexus_jupyter.protocol.errors import HistoryError, NexusError, RequestError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.stream import Upload
from nexus_jupyter.sandbox import Files
from nexus_jupyter.storage.names import for_programs, tools_own
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.uploads import Uploads

ANN = Actor(id="ann", name="Ann")
PANEL = '<panel id="p"><view><text id="t">hello</text></view></panel>'
#: Git's own list of spellings (t/t1014, t/t0060, verify_dotfile), and ours.
OF_GIT = [
    ".git", ".GIT", ".Git", ".giT", "git~1", "GIT~1", "Git~2", ".git ", ".git.", ".git. .", ".git...", ".git::$INDEX_ALLOCATION",
    ".git:x", ".gi\u200ct", ".g\u200dit", "\u200e.git", ".git\u202e", "\ufeff.git", ".\u206agit", ".git\u00ad", ".g\ufe0fit",
    ".\u034fgit", "\uff0egit", ".\uff47\uff49\uff54", ".g\u24d8t", ".git\\x", "x\\.git", ".git~1", ".nexus", ".NEXUS", "nexus~1",
    ".nexus.foreign-1", ".nexus.replaced-1", "gi7eba~1",
]  # fmt: skip
OTHERS = [
    ".gitattributes", ".gitmodules", ".envrc", ".env", ".vscode", ".idea", ".bashrc", ".direnv", ".hg", ".svn", ".pre-commit-config.yaml",
    ".jupyter", ".ipython", ".nexus-x", "HEAD", "head", "H\u200bEAD", "aux", "CON.txt", "com1", "nul .x", "a.", "a ", "a:b", "a?b", "a|b",
    "LONGNA~1.TXT", "e\u0301", "..", "a\\b", "a\x00b", "a\nb", "\u2024git", "a\u200bb",
]  # fmt: skip


@pytest.mark.parametrize("name", OF_GIT)
def test_a_folder_of_git_is_refused_to_versions_in_every_spelling(tmp_path: Path, name: str) -> None:
    assert tools_own(name)
    for path in (name, f"files/{name}", f"files/{name}/config", f"{name}/x"):
        assert not safe(path)
        with pytest.raises(HistoryError):
            WorkTree(tmp_path).write(path, b"x")


@pytest.mark.parametrize("name", [*OF_GIT, *OTHERS])
def test_a_program_writes_no_name_that_a_tool_looks_for(tmp_path: Path, name: str) -> None:
    files = Files(tmp_path / "files")
    for path in (name, f"{name}/config", f"deep/{name}"):
        with pytest.raises(RequestError):
            files.keep(path, b"x")
    assert not (tmp_path / "files").exists() or not any((tmp_path / "files").iterdir())


@pytest.mark.parametrize(
    "name", ["data.csv", "sales 2026", "Ünïcode name (1).csv", "a~b", "x..y", "日本語.txt", "a-b_c+d=e,f.gz"]
)
def test_ordinary_names_are_written(tmp_path: Path, name: str) -> None:
    name = unicodedata.normalize("NFC", name)
    Files(tmp_path).keep(f"deep/{name}", b"x")
    assert (tmp_path / "deep" / name).read_bytes() == b"x"


@given(st.text(min_size=1, max_size=12) | st.sampled_from([*OF_GIT, *OTHERS]).map(str.upper))
def test_an_uploaded_file_has_a_name_that_no_tool_looks_for(name: str) -> None:
    kept: list[str] = []

    class Noted(Files):
        def keep(self, path: str, content: bytes) -> None:
            assert content == b"x"
            kept.append(path)

    frame = Upload(id="1", panel="p", file="1", name=name, data=base64.b64encode(b"x").decode(), last=True)
    Uploads(Noted(Path("nowhere"))).take(frame)
    assert all(for_programs(part) for part in kept[0].split("/"))


def handler(name: str) -> str:
    return f"""<panel id="evil"><logic><uses cap="fs.write" why="a test"/>
      <action name="go">await nx.files.write({json.dumps(name)}, "x");</action></logic></panel>"""


@pytest.mark.parametrize("path", [".git/config", "GIT~1/config", "deep/.envrc", "HEAD", ".GIT /hooks/post-commit"])
def test_a_handler_plants_nothing(kernel: WorkspaceKernel, path: str) -> None:
    kernel.put_panel("evil", handler(path), ANN)
    kernel.permissions.grant("evil", "fs.write", None, ANN)
    with pytest.raises(NexusError, match="no path below the workspace's files"):
        kernel.execution.start("evil", "go", [], ANN).result(timeout=60)
    assert not kernel.folder.files.exists() or not any(kernel.folder.files.iterdir())


def test_a_version_from_a_stranger_writes_no_file_that_tools_look_for_below_files(kernel: WorkspaceKernel) -> None:
    folder = kernel.folder.root
    kernel.put_panel("p", PANEL, ANN)
    kernel.versions.commit(None, ANN)

    def git(*args: str, stdin: bytes = b"") -> str:
        who = {f"GIT_{role}_{part}": "e" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
        command = ["git", "-c", "core.protectNTFS=false", "-c", "core.protectHFS=false", *args]
        done = subprocess.run(
            command, cwd=folder, input=stdin, capture_output=True, check=True, env={**os.environ, **who}
        )
        return done.stdout.decode().strip()

    names = [
        ".envrc",
        ".vscode/tasks.json",
        "deep/.gitattributes",
        "bare/HEAD",
        ".git\u200c/config",
        "ok.txt",
        ".gitkeep",
    ]
    stream = "commit refs/heads/evil\ncommitter e <e> 1 +0000\ndata 0\nfrom refs/heads/main\n"
    stream += "".join(f'M 100644 inline "files/{name}"\ndata 1\nx\n' for name in names)
    git("fast-import", "--quiet", stdin=stream.encode())
    before = git("rev-parse", "evil")
    found = {".gitkeep", "ok.txt"}
    for go in (kernel.versions.checkout, kernel.versions.merge, kernel.versions.switch):
        go("evil", ANN)
        assert {path.name for path in kernel.folder.files.rglob("*") if path.is_file()} == found
    assert git("rev-parse", "evil") == before
    kernel.versions.commit(None, ANN)
    assert ".envrc" in git("ls-tree", "-r", "--name-only", "evil"), "what a version has and is not written stays in it"
