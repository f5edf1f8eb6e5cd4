"""A panel or a person takes the threads, the memory or the queue that the others need.

Attacker: the author of panels whose handlers loop, or fill their memory and then wait; a person who presses faster than
runs end.

What must hold: while some panels loop, another panel's run begins and ends; nobody's tasks can hold all threads that
there may be; runs that wait count, by number and by memory, for the panel, the person and the workspace; what is too
much is refused in a sentence, and the runs of others go on.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from nexus_jupyter.engine import Engine, Limits, Share
from nexus_jupyter.engine.threads import FairPool
from nexus_jupyter.protocol.errors import HandlerError
from nexus_jupyter.protocol.function import ExposedFunction
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.sandbox import ParkingLimits, RunLimits
from nexus_jupyter.workspace import WorkspaceKernel, WorkspaceOptions

ANN = Actor(id="ann", name="Ann")
BOB = Actor(id="bob", name="Bob")
UNBOUNDED = {field.name: 1 << 40 for field in fields(ParkingLimits)}


@pytest.fixture
def make(tmp_path: Path, engine: Engine) -> Iterator[Any]:
    opened: list[WorkspaceKernel] = []

    def kernel(cpu_seconds: float = 5.0, **parking: int) -> WorkspaceKernel:
        limits = RunLimits(Limits(cpu_seconds=cpu_seconds), parking=ParkingLimits(**{**UNBOUNDED, **parking}))
        opened.append(WorkspaceKernel(tmp_path / str(len(opened)), engine=engine, options=WorkspaceOptions(limits)))
        return opened[-1]

    yield kernel
    for each in opened:
        for run in list(each.execution.tasks):
            each.execution.cancel(run)
        each.close()


def panel(kernel: WorkspaceKernel, name: str, body: str) -> None:
    uses = '<uses cap="kernel.call" target="never" why="a test"/>'
    kernel.put_panel(name, f'<panel id="{name}"><logic>{uses}<action name="a">{body}</action></logic></panel>', ANN)
    kernel.permissions.grant(name, "kernel.call", "never", ANN)


def never_answer(kernel: WorkspaceKernel) -> threading.Semaphore:
    """Expose a function that never returns; the semaphore counts its calls."""
    called = threading.Semaphore(0)

    def call(_name: str, _args: dict[str, Any]) -> Future[Any]:
        called.release()
        return Future()

    kernel.functions.expose(call, [ExposedFunction(name="never")], call)
    return called


# Threads


@pytest.mark.parametrize("other", [ANN, BOB], ids=["the same person", "another person"])
def test_panels_that_loop_do_not_keep_another_panel_from_running(make: Any, engine: Engine, other: Actor) -> None:
    kernel = make(cpu_seconds=600)
    for number in range(engine.threads):
        panel(kernel, f"loop{number}", "for (;;);")
    panel(kernel, "good", "return 1")
    loops = [
        kernel.execution.start(f"loop{number}", "a", [], ANN, run=f"r{number}") for number in range(engine.threads)
    ]
    assert kernel.execution.start("good", "a", [], other).result().value == 1
    assert not any(loop.done() for loop in loops)


def test_a_person_who_queues_runs_of_a_panel_lets_another_one_have_a_turn(make: Any) -> None:
    kernel = make(cpu_seconds=600)
    panel(kernel, "p", "for (let i = 0; i !== 3e6; i++); return 1")
    mine = [kernel.execution.start("p", "a", [], ANN) for _ in range(20)]
    assert kernel.execution.start("p", "a", [], BOB).result().value == 1
    assert not mine[-1].done()


class _Crowd:
    """A pool, and tasks in it that hold their threads until they are let go."""

    def __init__(self, threads: int, most: int) -> None:
        self.pool = FairPool(threads, most, patience=0.01)
        self.over = threading.Event()
        self.begun = threading.Semaphore(0)
        self.running = 0

    def hold(self, share: Share, count: int) -> None:
        for _ in range(count):
            self.pool.submit(self._hold, share)

    def _hold(self) -> None:
        self.running += 1
        self.begun.release()
        self.over.wait()


@pytest.fixture
def crowd() -> Iterator[_Crowd]:
    crowd = _Crowd(threads=2, most=12)
    yield crowd
    crowd.over.set()


def test_nobody_can_hold_all_threads_that_there_may_be(crowd: _Crowd) -> None:
    for number, person in enumerate(["ann", "bob", "cyd"]):
        crowd.hold(Share(person, "p"), 50)
        # Half of what the others leave, and one at least.
        for _ in range([6, 3, 1][number]):
            crowd.begun.acquire()
        assert not crowd.begun.acquire(timeout=0.3)
        assert crowd.pool.submit(lambda: "answered", Share(f"{person}'s neighbour", "q")).result() == "answered"
    assert crowd.running == 10


def test_people_and_their_panels_take_turns() -> None:
    pool = FairPool(1, 1)
    gate, order = threading.Event(), list[str]()
    pool.submit(gate.wait, Share("someone", "else"))
    asked = [*["ann/p"] * 3, *["ann/q"] * 2, *["bob/p"] * 2, "cyd/p"]
    done = [pool.submit(lambda name=name: order.append(name), Share(*name.split("/"))) for name in asked]
    gate.set()
    for future in done:
        future.result()
    assert order == ["ann/p", "bob/p", "cyd/p", "ann/q", "bob/p", "ann/p", "ann/q", "ann/p"]


def test_a_task_that_is_cancelled_before_its_turn_is_not_run() -> None:
    pool = FairPool(1, 1)
    gate, ran = threading.Event(), list[int]()
    held = pool.submit(gate.wait)
    cancelled = pool.submit(lambda: ran.append(1))
    assert cancelled.cancel()
    gate.set()
    assert held.result()
    assert pool.submit(lambda: 2).result() == 2
    assert ran == []


# Runs that wait


@pytest.mark.parametrize(
    ("bound", "panels", "people", "who"),
    [
        ("runs_per_panel", 1, 2, "The panel 'p0'"),
        ("runs_per_person", 4, 1, "The person 'ann'"),
        ("runs_per_workspace", 4, 2, "The workspace"),
    ],
)
def test_runs_that_wait_count(make: Any, bound: str, panels: int, people: int, who: str) -> None:
    kernel = make(**{bound: 3})
    called = never_answer(kernel)
    for number in range(panels):
        panel(kernel, f"p{number}", "await nx.kernel.call('never')")
    actors = [ANN, BOB][:people]
    waiting = [kernel.execution.start(f"p{n % panels}", "a", [], actors[n % people], run=f"r{n}") for n in range(3)]
    for _ in waiting:
        called.acquire()
    with pytest.raises(HandlerError, match=f"{who} has 3 runs under way") as caught:
        kernel.execution.start("p0", "a", [], ANN).result()
    assert caught.value.kind == "busy"
    kernel.execution.cancel("r0")
    with pytest.raises(HandlerError, match="cancelled"):
        waiting[0].result()
    kernel.execution.start("p0", "a", [], ANN)
    called.acquire()  # a place that was given back can be had


@pytest.mark.parametrize(
    ("bound", "panels", "who"),
    [
        ("bytes_per_panel", 1, "The panel 'p0'"),
        ("bytes_per_person", 9, "The person 'ann'"),
        ("bytes_per_workspace", 9, "The workspace"),
    ],
)
def test_the_memory_of_runs_that_wait_counts(make: Any, bound: str, panels: int, who: str) -> None:
    kernel = make(**{bound: 100 << 20})
    called = never_answer(kernel)
    for number in range(panels):
        fill = "const kept = []; for (let i = 0; i !== 20; i++) kept.push(new Uint8Array(1e6).fill(i));"
        panel(kernel, f"p{number}", f"{fill} await nx.kernel.call('never'); return kept.length")
    runs = [kernel.execution.start(f"p{n % panels}", "a", [], ANN) for n in range(9)]
    for run in runs:
        run.add_done_callback(lambda _run: called.release())
    for _ in runs:
        called.acquire()  # each run waits, or has ended
    refused = [run for run in runs if run.done()]
    assert 4 <= len(refused) <= 8
    for run in refused:
        with pytest.raises(HandlerError, match=f"{who} has runs that wait and keep") as caught:
            run.result()
        assert caught.value.kind == "memory"


def test_a_person_who_asks_faster_than_runs_end_is_refused(make: Any) -> None:
    kernel = make(cpu_seconds=600, queued_per_person=5)
    panel(kernel, "loop", "for (;;);")
    panel(kernel, "good", "return 1")
    for number in range(5):
        kernel.execution.start("loop", "a", [], ANN, run=f"r{number}")
    with pytest.raises(HandlerError, match="5 runs that you asked for") as caught:
        kernel.execution.start("good", "a", [], ANN).result()
    assert caught.value.kind == "busy"
    assert kernel.execution.start("good", "a", [], BOB).result().value == 1


def test_a_parked_run_gives_its_thread_back(make: Any, engine: Engine) -> None:
    kernel = make()
    called = never_answer(kernel)
    panel(kernel, "p", "await nx.kernel.call('never')")
    panel(kernel, "good", "return 1")
    for number in range(3 * engine.threads):
        kernel.execution.start("p", "a", [], ANN, run=f"r{number}")
    for _ in range(3 * engine.threads):
        called.acquire()
    assert asyncio.run(_answer(kernel)) == 1


async def _answer(kernel: WorkspaceKernel) -> Any:
    return (await asyncio.wrap_future(kernel.execution.start("good", "a", [], ANN))).value
