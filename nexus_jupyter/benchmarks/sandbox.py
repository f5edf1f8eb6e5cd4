"""The sandbox: runs, memory, context, limits and start-up, beside other engines."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from nexus_jupyter.benchmarks.measure import Row, measured, summary
from nexus_jupyter.benchmarks.peers import PEERS, peer_times
from nexus_jupyter.engine import Engine, Image, Limits, Machine
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox import Caller, Job, ParkingLimits, Program, RunLimits, Sandbox, Started, Token

__all__ = ["sandbox"]

_RUN = "run, fresh machine, on its thread"
_RIVAL = PEERS[0][0]
_SPAN = Span(start=0, end=0, line=1, col=1)
_START = """
import time
started = time.perf_counter()
from nexus_jupyter.benchmarks.sandbox import first_run
imported = time.perf_counter()
first_run({cache!r})
print((imported - started) * 1e3, (time.perf_counter() - imported) * 1e3)
"""

#: For runs that are parked by the thousand to be weighed.
_UNBOUNDED = ParkingLimits(*[1 << 40] * 7)


def sandbox() -> list[Row]:
    """Measure all that the sandbox promises."""
    box = Sandbox(Engine.shared(), pooled=0)
    rows = [
        summary(name, times)
        for name, module, count, setup in PEERS
        if (times := peer_times(module, count, setup)) is not None
    ]
    rival = _RIVAL if any(row.name == _RIVAL for row in rows) else ""
    job = _job("state.n += 1; return state.n")
    on_thread = box.engine.on_thread(lambda: measured(_RUN, lambda: _once(box, job), count=2000, warm_up=200))
    rows += [
        Row(_RUN, on_thread.p50, on_thread.p95, on_thread.count, rival, "0.5 / 1"),
        measured("run, from another thread and back", lambda: box.run(job), count=1000, peer=rival, target="0.5 / 1"),
        _after_pauses("run after a pause, no machine ready", job, 0),
        _after_pauses("run after a pause, machine ready", job, 4),
        _throughput(box, job),
        *_context(box),
        *_memory(box),
        _overshoot(box.engine),
        *_start_up(),
    ]
    return rows


def first_run(cache: str) -> None:
    """Make an engine and run an action once, as a new process does."""
    Sandbox(Engine(cache=Path(cache)), pooled=0).run(_job("return 1"))


def _job(body: str, state: dict[str, JsonValue] | None = None) -> Job:
    action = ActionDeclaration(name="a", body=body, span=_SPAN)
    return Job("p", [action], action, {"n": 1} if state is None else state, [], None, 1)


def _once(box: Sandbox, job: Job) -> None:
    box.start(job, Caller(Token("p"))).future.result()


def _after_pauses(name: str, job: Job, pooled: int) -> Row:
    """Time runs that come one by one, as clicks do, with so many machines kept ready."""
    box = Sandbox(Engine.shared(), pooled=pooled)
    times = []
    for _ in range(60):
        time.sleep(0.1)
        started = time.perf_counter()
        box.run(job)
        times.append((time.perf_counter() - started) * 1e3)
    box.close()
    return summary(name, times)


def _throughput(box: Sandbox, job: Job) -> Row:
    def second() -> float:
        runs, until = 0, time.thread_time() + 1
        while time.thread_time() < until:
            _once(box, job)
            runs += 1
        return float(runs)

    rates = sorted(box.engine.on_thread(second) for _ in range(3))
    return Row("runs a second on one core", rates[1], rates[0], 3, target="2500", unit="runs/s")


def _context(box: Sandbox) -> list[Row]:
    """Time what a context costs beyond a run with a small one."""
    rows = []
    for size, count, target in ((10, 300, "0.25"), (1000, 30, "25")):
        rows_of_table: list[JsonValue] = [
            {"id": i, "name": f"row number {i}", "value": i * 1.5, "tags": ["a", "b"]} for i in range(size * 14)
        ]
        machine_for = box.images.get(_program(box)).image
        times = box.engine.on_thread(lambda: _sends(machine_for, rows_of_table, count))  # noqa: B023 - called at once
        rows.append(summary(f"{size} kB context in", times, target=target))
    return rows


def _sends(image: Image, context: JsonValue, count: int) -> list[float]:
    def send(state: JsonValue) -> float:
        machine = image.start(Limits(output_bytes=4 << 20))
        started = time.perf_counter()
        machine.send({"run": {"action": "a", "state": {}, "args": [], "event": state, "seed": 1}})
        spent = (time.perf_counter() - started) * 1e3
        machine.close()
        return spent

    small = sorted(send(None) for _ in range(count))[count // 2]
    return [max(0.0, send(context) - small) for _ in range(count)]


def _program(box: Sandbox) -> Program:
    job = _job("return event === null")
    box.run(job)
    return Program.of(job.panel, job.actions)


def _memory(box: Sandbox) -> list[Row]:
    """Measure private memory of machines that wait for a run, and of runs that wait for their host."""
    count = 300
    image = box.images.get(_program(box)).image

    def idle() -> float:
        for machine in [image.start() for _ in range(20)]:
            machine.close()
        before = _private()
        machines: list[Machine] = [image.start() for _ in range(count)]
        each = (_private() - before) / count
        for machine in machines:
            machine.close()
        return each

    async def wait(_caller: Caller, _args: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    waiting = Sandbox(box.engine, RunLimits(parking=_UNBOUNDED), {"kernel.call": wait}, pooled=0)
    job = _job("await nx.kernel.call('f')")

    def park() -> list[Started]:
        return [waiting.start(job, Caller(Token("p"))) for _ in range(count)]

    for run in box.engine.on_thread(park):
        run.cancel()
    before = _private()
    runs = box.engine.on_thread(park)
    parked = (_private() - before) / count
    for run in runs:
        run.cancel()
    resting = box.engine.on_thread(idle)
    return [
        Row("idle machine, private memory", resting, resting, count, target="50", unit="kB"),
        Row("parked run, private memory", parked, parked, count, target="600", unit="kB"),
    ]


def _private() -> float:
    """Return this process's private memory in kilobytes."""
    import psutil

    return float(psutil.Process().memory_full_info().uss) / 1024


def _overshoot(engine: Engine) -> Row:
    """Time how long a loop runs beyond what it may."""
    budget, times = 0.1, []
    box = Sandbox(engine, RunLimits(Limits(cpu_seconds=budget)), pooled=0)
    for body in ("for (;;) {}", "/^(a+)+$/.test('a'.repeat(40) + 'b')", "for (;;) await 0") * 7:
        started = time.perf_counter()
        try:
            box.run(_job(body))
        except HandlerError:
            times.append((time.perf_counter() - started - budget) * 1e3)
    return summary("stopped after the deadline", times, target="25")


def _start_up() -> list[Row]:
    """Time a new process's imports and its first run, without and with the cache of compiled code."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, "-c", _START.format(cache=cache)]
        said = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(8)]
    imports, runs = ([float(numbers[part]) for numbers in said] for part in (0, 1))
    return [
        summary("imports of a new process", imports[1:]),
        summary("engine and first run in a new process, first ever", runs[:1], target="3000"),
        summary("engine and first run in a new process, cached", runs[1:], target="30"),
    ]
