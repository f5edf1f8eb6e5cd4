"""Commits of 1 and of 100 panels that all changed, and checkouts of 1,000 of which ten did, beside plain git."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from pathlib import Path

from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["checkout", "commit"]

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "core.hooksPath=/dev/null")


def commit() -> list[Row]:
    """Time commits; texts are new each time, so nothing comes from memory."""
    return [
        row
        for count, rounds, target in ((1, 40, "P95 150"), (100, 12, "P95 600"))
        for row in _rows(count, rounds, target)
    ]


def checkout() -> list[Row]:
    """Time going to and fro between two versions of 1,000 panels that differ in ten, and a click meanwhile."""
    ours: list[float] = []
    plain: list[float] = []
    clicks: list[float] = []
    with tempfile.TemporaryDirectory() as base:
        kernel = WorkspaceKernel(Path(base) / "bench")
        try:
            _edit(kernel, 1000, 0)
            kernel.versions.commit(None, SYSTEM)
            kernel.versions.branch("other", SYSTEM)
            _edit(kernel, 10, 1)
            kernel.versions.commit(None, SYSTEM)
            peer = Path(base) / "plain"
            subprocess.run([*_GIT, "clone", "-q", str(Path(base) / "bench"), str(peer)], check=True)
            for number in range(6):
                ref = ("other", "main")[number % 2]
                ours.append(_switch(kernel, ref, clicks))
                started = time.perf_counter()
                subprocess.run([*_GIT, "checkout", "-q", f"origin/{ref}"], cwd=peer, check=True)
                plain.append((time.perf_counter() - started) * 1e3)
        finally:
            kernel.close()
    name = "git checkout, 10 of 1,000 panels differ"
    return [
        summary(name, plain),
        summary("switch, 10 of 1,000 panels differ", ours, peer=name),
        summary("click while that switch runs", clicks, target="P95 500"),
    ]


def _switch(kernel: WorkspaceKernel, ref: str, clicks: list[float]) -> float:
    """Switch, and set a state again and again meanwhile; return the milliseconds that the switch took."""
    over = threading.Event()

    def click() -> None:
        value = 0
        while not over.is_set():
            value += 1
            started = time.perf_counter()
            kernel.set_state("p999", {"n": value}, SYSTEM)
            clicks.append((time.perf_counter() - started) * 1e3)

    person = threading.Thread(target=click)
    person.start()
    started = time.perf_counter()
    kernel.versions.switch(ref, SYSTEM)
    took = (time.perf_counter() - started) * 1e3
    over.set()
    person.join()
    return took


def _rows(count: int, rounds: int, target: str) -> list[Row]:
    ours: list[float] = []
    plain: list[float] = []
    with tempfile.TemporaryDirectory() as base:
        kernel = WorkspaceKernel(Path(base) / "bench")
        peer = Path(base) / "plain"
        subprocess.run([*_GIT, "init", "-q", str(peer)], check=True)
        try:
            for number in range(rounds + 1):
                _edit(kernel, count, number)
                started = time.perf_counter()
                kernel.versions.commit(None, SYSTEM)
                ours.append((time.perf_counter() - started) * 1e3)
                plain.append(_plain(peer, kernel.versions.store.files(kernel.versions.store.head())))
        finally:
            kernel.close()
    name = f"git add and commit, {count} panels"
    return [summary(name, plain[1:]), summary(f"commit, {count} panels", ours[1:], peer=name, target=target)]


def _edit(kernel: WorkspaceKernel, count: int, number: int) -> None:
    items = "".join(f'<text id="t{i}">Text {i} of {number}: {{n}}</text>' for i in range(28))
    for panel in range(count):
        text = (
            f'<panel id="p{panel}"><view><column id="c">{items}</column></view>'
            '<data><state name="n" type="int" default="0"/></data></panel>'
        )
        kernel.put_panel(f"p{panel}", text, SYSTEM)


def _plain(folder: Path, files: dict[str, bytes]) -> float:
    for path, data in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(data)
    started = time.perf_counter()
    subprocess.run([*_GIT, "add", "."], cwd=folder, check=True)
    subprocess.run([*_GIT, "commit", "-q", "-m", "bench"], cwd=folder, check=True)
    return (time.perf_counter() - started) * 1e3
