"""Disks that are full or read-only, clocks that go backwards, locks left behind: a clear error, and nothing is lost."""

from __future__ import annotations

import itertools
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import HistoryError, StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage import open_database
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, read_file, verify
from tests.postgres import Cluster

pytestmark = pytest.mark.faults


class Disk:
    """A small file system of memory, which can be filled, and made read-only."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._ballast = place / "ballast"

    def mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=12m,{options}", "nexus-test", self.place], check=True, capture_output=True)  # fmt: skip

    def remount(self, mode: str) -> None:
        subprocess.run(["mount", "-o", f"remount,{mode}", self.place], check=True, capture_output=True)

    def fill(self) -> None:
        with self._ballast.open("wb", buffering=0) as out:
            size = 1 << 20
            while size:
                try:
                    out.write(b"x" * size)
                except OSError:
                    size //= 2

    def empty(self) -> None:
        self._ballast.unlink()


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    made = Disk(place)
    try:
        made.mount("rw")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("file systems cannot be mounted here")
    yield made
    subprocess.run(["umount", "-l", place], check=True)


def fill_until_refused(kernel: WorkspaceKernel, ann: Actor) -> int:
    """Set ever larger values until one is refused; return the last that was not."""
    for value in itertools.count(1):
        try:
            kernel.set_state("counter", {"count": value}, ann)
        except StorageError as error:
            assert "could not be saved" in error.message  # noqa: PT017 - the loop ends by it
            assert "full" in error.message  # noqa: PT017 - as above
            return value - 1
    raise AssertionError


def sound(folder: Path) -> None:
    assert verify(read_file(folder / ".nexus" / "journal.db")).faults == ()


def test_on_a_full_disk_changes_are_refused_until_there_is_room_again(
    disk: Disk, engine: Engine, counter: str, ann: Actor
) -> None:
    folder = disk.place / "ws"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", counter, ann)
    disk.fill()
    reached = fill_until_refused(kernel, ann)
    assert kernel.panel("counter").state == {"count": reached}
    disk.empty()
    kernel.set_state("counter", {"count": 1000}, ann)
    assert kernel.panel("counter").state == {"count": 1000}
    revs = [change.rev for change in kernel.journal.read()]
    assert revs == list(range(1, reached + 3))
    kernel.close()
    sound(folder)


def test_a_workspace_on_a_full_disk_can_be_closed_and_says_why_it_cannot_be_made(
    disk: Disk, engine: Engine, counter: str, ann: Actor
) -> None:
    folder = disk.place / "ws"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", counter, ann)
    disk.fill()
    reached = fill_until_refused(kernel, ann)
    kernel.close()
    with pytest.raises(StorageError, match=r"written|opened"):
        WorkspaceKernel(disk.place / "other", engine=engine)
    disk.empty()
    again = WorkspaceKernel(folder, engine=engine)
    assert again.panel("counter").state == {"count": reached}
    again.close()
    sound(folder)


def test_a_quota_on_the_size_of_files_is_told_and_nothing_is_lost(tmp_path: Path) -> None:
    code = """
import resource, signal, sys
from pathlib import Path
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.workspace import WorkspaceKernel
from tests.conftest import COUNTER
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
kernel = WorkspaceKernel(Path(sys.argv[1]))
kernel.put_panel("counter", COUNTER, Actor(id="ann"))
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
value = 0
try:
    while True:
        kernel.set_state("counter", {"count": value + 1}, Actor(id="ann"))
        value += 1
except StorageError as error:
    assert "could not be saved" in error.message, error
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
kernel.set_state("counter", {"count": value + 1}, Actor(id="ann"))
print(value + 1)
kernel.close()
"""
    root = Path(__file__).parent.parent.parent
    said = subprocess.run([sys.executable, "-c", code, str(tmp_path / "ws")], cwd=root, capture_output=True, text=True, check=False)  # fmt: skip
    assert said.returncode == 0, said.stderr
    kernel = WorkspaceKernel(tmp_path / "ws")
    assert kernel.panel("counter").state == {"count": int(said.stdout)}
    kernel.close()
    sound(tmp_path / "ws")


def test_a_folder_that_becomes_read_only_is_told_and_writing_goes_on_when_it_is_not(
    disk: Disk, engine: Engine, counter: str, ann: Actor
) -> None:
    folder = disk.place / "ws"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", counter, ann)
    kernel.close()
    disk.remount("ro")
    with pytest.raises(StorageError, match="cannot be written"):
        WorkspaceKernel(folder, engine=engine)
    disk.remount("rw")
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.set_state("counter", {"count": 3}, ann)
    kernel.close()


def test_a_clock_that_goes_backwards_does_not_turn_time_around(
    tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str, ann: Actor
) -> None:
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("counter", counter, ann)
    times = iter([2_000_000_000 * 10**9, 1_000 * 10**9, 5])
    kernel.writer._clock = lambda: next(times)
    for value in (1, 2, 3):
        kernel.set_state("counter", {"count": value}, ann)
    kernel.close()
    again = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    again.set_state("counter", {"count": 4}, ann)
    stamps = [change.ts for change in again.journal.read()]
    assert stamps == sorted(set(stamps))
    assert len(stamps) == 5
    again.close()


def test_an_index_lock_left_by_a_git_that_was_killed_is_told(kernel: WorkspaceKernel, counter: str, ann: Actor) -> None:
    kernel.put_panel("counter", counter, ann)
    first = kernel.versions.commit("one", ann)
    lock = kernel.folder.root / ".git" / "index.lock"
    lock.touch()
    kernel.set_state("counter", {"count": 1}, ann)
    with pytest.raises(HistoryError) as caught:
        kernel.versions.commit("two", ann)
    assert "lock" in str(caught.value)
    assert kernel.panel("counter").state == {"count": 1}
    lock.unlink()
    assert kernel.versions.commit("two", ann).id != first.id
    assert [version.message for version in kernel.versions.log()] == ["two", "one"]


def test_one_folder_has_one_owner_in_this_process_in_others_and_over_links(
    tmp_path: Path, engine: Engine, counter: str, ann: Actor
) -> None:
    folder = tmp_path / "ws"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", counter, ann)
    link = tmp_path / "link"
    link.symlink_to(folder)
    for path in (folder, link, folder / ".." / "ws"):
        with pytest.raises(StorageError, match="is open already in this process"):
            WorkspaceKernel(path, engine=engine)
        code = f"from pathlib import Path; from nexus_jupyter.workspace import WorkspaceKernel; WorkspaceKernel(Path({str(path)!r}))"
        said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        assert f"is open in a Python program (process id {os.getpid()})" in said.stderr
    kernel.set_state("counter", {"count": 1}, ann)
    kernel.close()
    again = WorkspaceKernel(link, engine=engine)
    assert again.name == "ws"
    assert again.panel("counter").state == {"count": 1}
    again.close()


def newer_file(folder: Path, _options: WorkspaceOptions) -> None:
    with closing(sqlite3.connect(folder / ".nexus" / "journal.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()


def newer_server(_folder: Path, options: WorkspaceOptions) -> None:
    engine = open_database(options.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    engine.dispose()


@pytest.mark.parametrize("age", [newer_file, newer_server])
def test_a_journal_of_a_newer_version_is_left_alone(
    tmp_path: Path, engine: Engine, postgres: Cluster, counter: str, ann: Actor,
    age: Callable[[Path, WorkspaceOptions], None],
) -> None:  # fmt: skip
    options = WorkspaceOptions(database_url=postgres.database() if age is newer_server else "")
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    kernel.put_panel("counter", counter, ann)
    expected = dump(kernel.head.graph)
    kernel.close()
    age(tmp_path / "ws", options)
    for _ in range(2):  # the first try has let go of everything
        with pytest.raises(StorageError, match="newer Nexus"):
            WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    assert expected
