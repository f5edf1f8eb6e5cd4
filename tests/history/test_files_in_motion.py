"""Files that come and go while a version is made or compared, as tools that write beside it make them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from nexus_jupyter.history import VersionStore
from nexus_jupyter.history.worktree import WorkTree
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import ANN, COUNTER

GONE: dict[str, Callable[[Path], object]] = {
    "a file": lambda folder: (folder / "b.txt").unlink(),
    "a folder": lambda folder: shutil.rmtree(folder / "c"),
    "a folder that is a file now": lambda folder: (shutil.rmtree(folder / "c"), (folder / "c").write_text("x")),
    "everything": shutil.rmtree,
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "files"
    (folder / "c").mkdir(parents=True)
    for name in ("a.txt", "b.txt", "c/d.txt", "e.txt"):
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize("gone", GONE.values(), ids=GONE)
def test_what_goes_while_one_looks_is_as_if_it_had_not_been_there(files: Path, gone: Callable[[Path], object]) -> None:
    walk = WorkTree(files.parent).walk("files")
    found = [next(walk).path]
    gone(files)
    found += [one.path for one in walk]
    assert found[0] == "files/a.txt"
    assert {"files/c/d.txt", "files/b.txt"} - set(found)


def test_a_file_that_goes_before_it_is_read_is_in_no_version(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = VersionStore(files.parent)
    read = Path.read_bytes

    def late(path: Path) -> bytes:
        if path.name == "b.txt":
            path.unlink()
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", late)
    assert set(store.own_files()) == {"files/a.txt", "files/c/d.txt", "files/e.txt"}


def test_versions_are_made_and_compared_while_files_come_and_go(kernel: WorkspaceKernel) -> None:
    kernel.put_panel("counter", COUNTER, ANN)
    folder = kernel.folder.root / "files"
    over = threading.Event()

    def move() -> None:
        number = 0
        while not over.is_set():
            number += 1
            (folder / "deep" / "er").mkdir(parents=True, exist_ok=True)
            (folder / "deep" / "er" / "note.part").write_text(str(number))
            (folder / "deep" / "er" / "note.part").replace(folder / "deep" / "note.txt")
            shutil.rmtree(folder / "deep")

    moving = threading.Thread(target=move)
    moving.start()
    try:
        for number in range(30):
            for _ in range(20):
                kernel.versions.store.own_files()
            kernel.versions.diff()
            kernel.set_state("counter", {"count": number}, ANN)
            kernel.versions.commit(None, ANN)
    finally:
        over.set()
        moving.join()
    kernel.versions.commit(None, ANN)
    assert set(kernel.versions.store.own_files()) == set()
