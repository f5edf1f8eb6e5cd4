"""Hostile and friendly programs at random, side by side: no crash, no leak, and the friendly ones get through.

Ten seconds by default; ``make soak`` takes ten minutes.
"""

from __future__ import annotations

import gc
import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import psutil

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox import Job, RunLimits
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions
from tests.sandbox.test_hostile import PROGRAMS

SECONDS = float(os.environ.get("NEXUS_SOAK_SECONDS", "10"))
_LEAST = 10
SPAN = Span(start=0, end=0, line=1, col=1)
ANN = Actor(id="ann", name="Ann")


def test_hostile_and_friendly_programs_side_by_side(tmp_path: Path, engine: Engine) -> None:
    options = WorkspaceOptions(limits=RunLimits(Limits(cpu_seconds=0.3), wall_seconds=5))
    kernel = WorkspaceKernel(tmp_path / "ws", engine=engine, options=options)
    process = psutil.Process()
    until = time.monotonic() + SECONDS
    kernel.put_panel("friendly", FRIENDLY, ANN)
    counts = {"friendly": 0, "hostile": 0}
    waits: list[float] = []

    def friendly() -> None:
        # At least a few, however slow the machine is.
        while time.monotonic() < until or counts["friendly"] < _LEAST:
            started = time.perf_counter()
            record = kernel.execution.start("friendly", "add", [], ANN).result(timeout=60)
            waits.append(time.perf_counter() - started)
            counts["friendly"] += 1
            assert record.value == counts["friendly"]

    def hostile(seed: int) -> None:
        chance = random.Random(seed)
        while time.monotonic() < until:
            with suppress(HandlerError):
                run_hostile(kernel, chance.choice(PROGRAMS))
            counts["hostile"] += 1

    for program in PROGRAMS[::20]:
        with suppress(HandlerError):
            run_hostile(kernel, program)
    gc.collect()
    memory, files, threads = process.memory_info().rss, process.num_fds(), threading.active_count()
    with ThreadPoolExecutor(3) as pool:
        for future in [pool.submit(friendly), pool.submit(hostile, 1), pool.submit(hostile, 2)]:
            future.result()
    gc.collect()
    grown = process.memory_info().rss - memory
    waits.sort()
    print(  # noqa: T201 - what `make soak` is run for
        f"\n{counts['hostile']} hostile and {counts['friendly']} friendly runs in {SECONDS:.0f} s; a friendly one took "
        f"{waits[len(waits) // 2] * 1e3:.1f} ms, P95 {waits[int(len(waits) * 0.95)] * 1e3:.1f}, at most {waits[-1] * 1e3:.1f}; "
        f"memory {grown / 2**20:+.0f} MB, files {process.num_fds() - files:+d}"
    )
    kernel.close()
    assert counts["friendly"] >= _LEAST
    assert grown < 150 << 20
    assert process.num_fds() <= files + 250  # images keep a file each, and 200 images are kept
    assert threading.active_count() <= threads + 8


FRIENDLY = """<panel id="friendly">
  <data><state name="n" type="int" default="0"/></data>
  <logic><action name="add">state.n += 1; return state.n;</action></logic>
</panel>"""


def run_hostile(kernel: WorkspaceKernel, program: Path) -> None:
    action = ActionDeclaration(name="a", body=program.read_text(encoding="utf-8"), span=SPAN)
    kernel.sandbox.run(Job("p", [action], action, {"n": 1, "list": [1]}, [], None, random.getrandbits(30)))
