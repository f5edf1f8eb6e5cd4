"""Kill -9 at random moments, again and again, under writers that write at the same time: nothing acknowledged is lost.

``NEXUS_KILLS`` says how often; `make faults` does it 500 times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from nexus_jupyter.engine import Engine
from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import dump
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.storage import sqlite_url
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions, known_id, read_database, read_file, verify
from tests.postgres import Cluster, cluster

KILLS = int(os.environ.get("NEXUS_KILLS", "30"))
WRITERS = 4
ROOT = Path(__file__).parent.parent.parent


class Writers:
    """Starts and kills the processes of `writers.py`, and remembers what they have acknowledged."""

    def __init__(self, process: subprocess.Popen[str], task: dict[str, str]) -> None:
        self._process = process
        self._task = task
        self.acknowledged = {f"p{index}": 0 for index in range(WRITERS)}
        self.total = 0

    def kill_one(self, after: int, delay: float) -> None:
        """Start a process, check what it finds, and kill it some time after so many acknowledgements."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(self._task) + "\n")
        self._process.stdin.flush()
        victim, heard = 0, 0
        while True:
            assert self._process.stdout is not None
            word, _, rest = self._process.stdout.readline().strip().partition(" ")
            match word:
                case "process":
                    victim = int(rest)
                case "open":
                    self._compare(json.loads(rest))
                case "ack":
                    name, _, value = rest.partition(" ")
                    self.acknowledged[name] = int(value)
                    self.total += 1
                    heard += 1
                    if heard == after:
                        time.sleep(delay)  # the moment of the kill is meant to be any
                        os.kill(victim, signal.SIGKILL)
                case "gone":
                    assert heard >= after
                    return
                case _:
                    raise AssertionError(f"{word} {rest}")

    def _compare(self, found: dict[str, int]) -> None:
        for name, value in found.items():
            # One more than acknowledged may be there: it was on disk, and the word of it was on its way.
            assert value in (self.acknowledged[name], self.acknowledged[name] + 1), name
            self.acknowledged[name] = value


@contextmanager
def writers(folder: Path, options: WorkspaceOptions, counter: str) -> Iterator[Writers]:
    task = {"folder": str(folder), "url": options.database_url, "text": counter}
    command = [sys.executable, "-m", "tests.faults.writers", str(WRITERS)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Writers(process, task)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(300)


def check(folder: Path, engine: Engine, options: WorkspaceOptions) -> None:
    """No gap, every digest right, every checkpoint what a replay gives, and so is the graph after opening."""
    url = options.database_url
    verdict = verify(read_database(url, known_id(folder)) if url else read_file(folder / ".nexus" / "journal.db"))
    assert verdict.faults == ()
    kernel = WorkspaceKernel(folder, engine=engine, options=options)
    graph, revs = Graph(), []
    for change in kernel.journal.read():
        revs.append(change.rev)
        graph = apply(graph, change.ops, rev=change.rev).graph
    assert revs == list(range(1, kernel.head.rev + 1))
    assert dump(graph) == dump(kernel.head.graph)
    kernel.close()


@pytest.mark.faults
@pytest.mark.timeout(60 + 4 * KILLS)
def test_kill_dash_nine_loses_nothing_that_was_acknowledged(
    tmp_path: Path, engine: Engine, options: WorkspaceOptions, counter: str
) -> None:
    dice = random.Random(11)
    with writers(tmp_path / "ws", options, counter) as running:
        for _ in range(KILLS):
            running.kill_one(dice.randrange(1, 60), dice.random() / 200)
    assert running.total >= KILLS
    check(tmp_path / "ws", engine, options)


@pytest.fixture
def own_server() -> Iterator[Cluster]:
    server = cluster()
    yield server
    server.remove()


@pytest.mark.faults
@pytest.mark.timeout(120 + 4 * KILLS)
def test_kill_dash_nine_of_the_database_server_loses_and_doubles_nothing(
    tmp_path: Path, engine: Engine, own_server: Cluster, counter: str
) -> None:
    options = WorkspaceOptions(database_url=own_server.database(), checkpoint_every=25)
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    ann = Actor(id="ann")
    made: dict[str, list[int]] = {f"p{index}": [] for index in range(WRITERS)}
    for name in made:
        kernel.put_panel(name, counter.replace("counter", name), ann)
    over = threading.Event()

    def write(name: str) -> None:
        value = 0
        while not over.is_set():
            value += 1
            try:
                kernel.set_state(name, {"count": value}, ann)
            except StorageError:
                continue
            made[name].append(value)

    threads = [threading.Thread(target=write, args=(name,)) for name in made]
    for thread in threads:
        thread.start()
    dice = random.Random(5)
    for _ in range(max(3, KILLS // 25)):
        goal = sum(map(len, made.values())) + dice.randrange(20, 200)
        while sum(map(len, made.values())) < goal:
            time.sleep(dice.random() / 100)  # the moment of the kill is meant to be any
        own_server.kill()
        own_server.start()
    goal = sum(map(len, made.values())) + 20
    while sum(map(len, made.values())) < goal:  # writing goes on by itself, without opening anything anew
        time.sleep(0.01)
    over.set()
    for thread in threads:
        thread.join()
    stored: dict[str, list[int]] = {name: [] for name in made}
    for change in kernel.journal.read():
        for op in change.ops:
            if op.op == "set" and change.panel is not None:
                stored[change.panel].append(int(str(op.attrs["value"])))
    for name, values in made.items():
        assert sorted(set(stored[name])) == stored[name]
        assert set(values) <= set(stored[name])
    kernel.close()
    check(tmp_path / "ws", engine, options)


def test_urls_of_files_may_have_any_name(tmp_path: Path, engine: Engine, counter: str) -> None:
    folder = tmp_path / "a b%20?ü#"
    kernel = WorkspaceKernel(folder, engine=engine)
    kernel.put_panel("counter", counter, Actor(id="ann"))
    kernel.close()
    assert (folder / ".nexus" / "journal.db").exists()
    assert verify(read_file(folder / ".nexus" / "journal.db", folder.name)).faults == ()
    assert verify(read_database(sqlite_url(folder / ".nexus" / "journal.db"), known_id(folder))).rows == 1
