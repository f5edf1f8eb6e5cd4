"""The author of a folder, or whoever may write to it for a moment, puts links where the workspace is about to write.

A link in ``.nexus`` that leads to a file of the person would overwrite that file when it is followed. Two layers keep
it: opening refuses a private folder that holds links, and the one writer of private files follows none. Each is tried
without the other, at every file and folder that is written below ``.nexus``. A last test reads the source: nobody
writes there by other means.
"""

from __future__ import annotations

import ast
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pyarrow as pa
import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.protocol.alerts import AlertRule
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.storage import private
from nexus_jupyter.workspace import WorkspaceKernel, repair
from nexus_jupyter.workspace import folder as workspace_folder
from tests.amount import SLOW
from tests.conftest import ANN, COUNTER

#: Three tests walk the places; each goes to a third of them, and to all with ``SLOW=1``.
WALKS = 1 if SLOW else 3
PACKAGE = Path(__file__).parents[2] / "nexus_jupyter"
SECRET = b"what the person has written here"


@contextmanager
def opened(folder: Path, engine: Engine) -> Iterator[WorkspaceKernel]:
    kernel = WorkspaceKernel(folder, engine=engine)
    try:
        yield kernel
    finally:
        kernel.close()


def use(folder: Path, engine: Engine) -> None:
    """Do everything that writes below the private folder, as far as it is not refused."""

    def tables(kernel: WorkspaceKernel) -> object:
        return kernel.bind_frame("sales", pa.table({"a": [1, 2]}), ANN)

    steps: list[Callable[[WorkspaceKernel], object]] = [
        lambda kernel: kernel.put_panel("counter", COUNTER, ANN),
        lambda kernel: kernel.execution.start("counter", "add", [], ANN).result(60),
        tables,
        lambda kernel: kernel.versions.commit(None, ANN),
        lambda kernel: kernel.versions.remote("origin", "https://example.org/x.git"),
        lambda kernel: kernel.alerts.watch(AlertRule(log=False)),
        lambda kernel: kernel.trilog.flush(),
    ]
    with suppress(NexusError), opened(folder, engine) as kernel:
        for step in steps:
            with suppress(NexusError):
                step(kernel)


def written(folder: Path) -> list[Path]:
    """Return every file and folder below the private one that is written by us, and not by the history's database."""
    root = folder / ".nexus"
    found = [path.relative_to(root) for path in sorted(root.rglob("*"))]
    return [path for path in found if path.parts[0] != "trilog" or len(path.parts) <= 2]


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory, engine: Engine) -> Path:
    """A workspace in which everything was done once; the tests work on copies of it."""
    folder = tmp_path_factory.mktemp("links") / "ws"
    use(folder, engine)
    return folder


@pytest.fixture
def without_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Switch off what refuses a private folder with links when it is opened."""
    monkeypatch.setattr(workspace_folder, "check_tree", lambda *_given, **_named: None)


def attack(folder: Path, path: Path, outside: Path) -> Callable[[], bytes]:
    """Put a link in the place of a file or folder; return what reads what lies at its end."""
    place = folder / ".nexus" / path
    if place.is_dir():
        moved = outside / path.name
        place.rename(moved)
        for inner in sorted(moved.rglob("*")):
            if inner.is_file():
                inner.write_bytes(SECRET)
        place.symlink_to(moved)
        return lambda: b"".join(
            f"{inner.relative_to(moved)}={inner.read_bytes() if inner.is_file() else b'/'!r}".encode()
            for inner in sorted(moved.rglob("*"))
        )
    witness = outside / path.name
    witness.write_bytes(SECRET)
    place.unlink(missing_ok=True)
    place.symlink_to(witness)
    return witness.read_bytes


def walk(places: list[Path], used: Path, tmp_path: Path, engine: Engine) -> None:
    for number, path in enumerate(places):
        folder, outside = tmp_path / f"ws{number}", tmp_path / f"outside{number}"
        shutil.copytree(used, folder, symlinks=True)
        outside.mkdir()
        witness = attack(folder, path, outside)
        before = witness()
        use(folder, engine)
        with suppress(NexusError):
            repair(folder)
        assert witness() == before, path


def test_the_table_has_what_is_known(used: Path) -> None:
    names = {str(path) for path in written(used)}
    known = {"lock", "owner", "identity.json", ".gitignore", "frames", "frames/sales.arrow", "journal.db", "runs.db"}
    assert known | {"versions.json", "remotes.json", "alert-rule.json", "trilog"} <= names


def test_no_link_is_followed(used: Path, tmp_path: Path, engine: Engine) -> None:
    walk(written(used)[::WALKS], used, tmp_path, engine)


@pytest.mark.usefixtures("without_looking")
def test_the_writer_alone_follows_no_link(used: Path, tmp_path: Path, engine: Engine) -> None:
    walk(written(used)[1 % WALKS :: WALKS], used, tmp_path, engine)


#: Files of a repository that git reads, the last three of them folders away.
GIT = ("HEAD", "config", "index", "info/exclude", "refs/heads/main", "objects/info/alternates")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_no_pipe_is_waited_for(used: Path, tmp_path: Path, engine: Engine) -> None:
    """Who opens a pipe that nobody writes to waits for good."""
    places = [Path(".nexus", path) for path in written(used)] + [Path(".git", name) for name in GIT]
    for number, place in enumerate(places[2 % WALKS :: WALKS]):
        folder = tmp_path / f"ws{number}"
        shutil.copytree(used, folder, symlinks=True)
        if (folder / place).is_dir():
            continue
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).unlink(missing_ok=True)
        os.mkfifo(folder / place)
        using = threading.Thread(target=use, args=(folder, engine), daemon=True)
        using.start()
        using.join(120)
        assert not using.is_alive(), place


def test_a_repository_with_a_pipe_is_refused_in_a_sentence(used: Path, tmp_path: Path, engine: Engine) -> None:
    folder = tmp_path / "ws"
    shutil.copytree(used, folder, symlinks=True)
    (folder / ".git" / "config").unlink()
    os.mkfifo(folder / ".git" / "config")
    with opened(folder, engine) as kernel, pytest.raises(NexusError, match="config is neither a file nor a folder"):
        kernel.versions.commit(None, ANN)


def test_a_file_with_a_second_name_is_left_alone(tmp_path: Path, engine: Engine) -> None:
    folder, witness = tmp_path / "ws", tmp_path / "witness"
    use(folder, engine)
    for name in ("owner", "journal.db", "versions.json"):
        witness.write_bytes(SECRET)
        kept = (folder / ".nexus" / name).read_bytes()
        (folder / ".nexus" / name).unlink()
        os.link(witness, folder / ".nexus" / name)
        with pytest.raises(NexusError, match="is a link or no plain file"), opened(folder, engine):
            pass
        assert witness.read_bytes() == SECRET
        (folder / ".nexus" / name).unlink()
        (folder / ".nexus" / name).write_bytes(kept)
    with opened(folder, engine) as kernel:
        assert kernel.panels() == ["counter"]


def test_a_file_is_whole_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / ".nexus" / "inner" / "file"
    private.replace(file, "old")
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700

    def interrupted() -> None:
        with private.writing(file) as out:
            out.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert file.read_text(encoding="utf-8") == "old"
    assert [path.name for path in file.parent.iterdir()] == ["file"]


def test_many_threads_write_one_file(tmp_path: Path) -> None:
    file = tmp_path / ".nexus" / "file"
    texts = [str(number) * 10_000 for number in range(8)]
    threads = [threading.Thread(target=private.replace, args=(file, text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert file.read_text(encoding="utf-8") in texts
    assert len(list(file.parent.iterdir())) == 1


#: Modules that write files elsewhere: where the person says, in the cache, or in the working tree with its own guard.
ELSEWHERE = {
    "ai/transcripts.py",
    "benchmarks",
    "cli.py",
    "demo.py",
    "engine",
    "history/outer.py",  # what a repository around the workspace leaves out; it follows no link
    "history/remotes.py",  # an empty repository below the folder for temporary files
    "history/worktree.py",
    "notebook/parquet.py",
    "notebook/workspace.py",  # exported pages
    "protocol/schema.py",
    "reference.py",
    "limits.py",
    "sandbox/files.py",
    "storage/private.py",
    "trilog/ocel.py",
    "workspace/portable.py",
}
WRITES = {
    "write_text",
    "write_bytes",
    "NamedTemporaryFile",
    "mkstemp",
    "copy",
    "copy2",
    "copyfile",
    "copytree",
    "touch",
}


def test_nobody_else_writes_private_files() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if name in ELSEWHERE or name.partition("/")[0] in ELSEWHERE:
            continue
        calls = (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        found += [f"{name}:{call.lineno}" for call in calls if writes(call)]
    assert found == []


def writes(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute):
        return isinstance(call.func, ast.Name) and call.func.id == "open" and mode(call.args[1:2]) != "r"
    module = call.func.value.id if isinstance(call.func.value, ast.Name) else ""
    if call.func.attr == "open" and module == "os":
        flags = {node.attr for node in ast.walk(call) if isinstance(node, ast.Attribute)}
        return bool(flags & {"O_CREAT", "O_WRONLY", "O_RDWR"})
    if call.func.attr == "open":
        return bool(set(mode(call.args[:1])) & set("wax+"))
    return call.func.attr in WRITES and (call.func.attr != "copy" or module == "shutil")


def mode(arguments: list[ast.expr]) -> str:
    given = arguments[0] if arguments else None
    return str(given.value) if isinstance(given, ast.Constant) and isinstance(given.value, str) else "r"
