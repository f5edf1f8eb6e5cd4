"""Commits of a workspace of 1 and of 100 panels, all of which changed, beside plain git with the same files."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from nexus_jupyter.benchmarks.measure import Row, summary
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.workspace import WorkspaceKernel

__all__ = ["commit"]

_GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.org", "-c", "core.hooksPath=/dev/null")


def commit() -> list[Row]:
    """Time commits; texts are new each time, so nothing comes from memory."""
    return [
        row
        for count, rounds, target in ((1, 40, "P95 150"), (100, 12, "P95 600"))
        for row in _rows(count, rounds, target)
    ]


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
