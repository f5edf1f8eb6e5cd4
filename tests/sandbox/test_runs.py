"""Runs that wait: parked, resumed, cancelled, limited, counted."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from concurrent.futures import wait
from typing import Any

import psutil
import pytest

from nexus_jupyter.engine import Engine, Limits
from nexus_jupyter.protocol.diagnostics import Span
from nexus_jupyter.protocol.errors import HandlerError, PermissionDeniedError
from nexus_jupyter.protocol.panel import ActionDeclaration
from nexus_jupyter.sandbox import Caller, Job, ParkingLimits, RunLimits, Sandbox, Started, Token
from nexus_jupyter.sandbox.images import PanelImages

SPAN = Span(start=0, end=0, line=1, col=1)


def job(body: str) -> Job:
    action = ActionDeclaration(name="a", body=body, span=SPAN)
    return Job("p", [action], action, {"n": 1}, [], None, 1)


def start(sandbox: Sandbox, body: str, **kwargs: Any) -> Started:
    return sandbox.engine.on_thread(lambda: sandbox.start(job(body), Caller(Token("p")), **kwargs))


async def slow(_caller: Caller, args: dict[str, Any]) -> Any:
    await asyncio.sleep(0.05)
    return {"got": args["args"]}


async def never(_caller: Caller, _args: dict[str, Any]) -> Any:
    await asyncio.Event().wait()


async def denied(_caller: Caller, _args: dict[str, Any]) -> Any:
    raise PermissionDeniedError("not you")


async def broken(_caller: Caller, _args: dict[str, Any]) -> Any:
    raise ZeroDivisionError


async def large(_caller: Caller, _args: dict[str, Any]) -> Any:
    return "x" * (9 << 20)


def sandbox(engine: Engine, operation: Any, **limits: Any) -> Sandbox:
    return Sandbox(engine, RunLimits(**limits), {"kernel.call": operation})


def test_a_run_waits_without_a_thread_and_goes_on(engine: Engine) -> None:
    started = start(sandbox(engine, slow), "return (await nx.kernel.call('f', { a: 1 })).got.a + state.n")
    assert not started.future.done()
    result = started.future.result(timeout=60)
    assert result.value == 2
    assert [call.op for call in result.profile.host_calls] == ["kernel.call"]
    assert result.profile.host_calls[0].ms >= 40
    assert result.profile.cpu_ms < result.profile.wall_ms


def test_calls_wait_at_the_same_time(engine: Engine) -> None:
    body = "const all = await Promise.all(Array.from({ length: 50 }, (_, i) => nx.kernel.call('f', { i }))); return all.map((x) => x.got.i)"
    assert start(sandbox(engine, slow), body).future.result(timeout=60).value == list(range(50))


def test_a_thousand_parked_runs_finish(engine: Engine) -> None:
    box = sandbox(engine, slow, parking=ParkingLimits(*[1 << 40] * 7))
    threads = threading.active_count()
    runs = [
        start(box, "let x = 0; for (let i = 0; i < 3; i++) x += (await nx.kernel.call('f', { i })).got.i; return x")
        for _ in range(1000)
    ]
    assert threading.active_count() <= threads + 3
    done, waiting = wait([run.future for run in runs], timeout=60)
    assert not waiting
    assert {future.result().value for future in done} == {3}


@pytest.mark.parametrize(
    ("operation", "body", "kind", "message"),
    [
        (denied, "await nx.kernel.call('f')", "denied", "not you"),
        (broken, "await nx.kernel.call('f')", "threw", "ZeroDivisionError"),
        (large, "await nx.kernel.call('f')", "threw", "bytes"),
        (never, "await nx.kernel.call('f')", "timeout", "waited longer than 0.3 s"),
        (slow, "await nx.kernel.call('f'); for (;;);", "timeout", "ran longer"),
        (slow, "for (let i = 0; ; i++) await nx.kernel.call('f')", "threw", "Too many host calls"),
    ],
)  # fmt: skip
def test_what_a_host_call_can_end_in(engine: Engine, operation: Any, body: str, kind: str, message: str) -> None:
    cpu = 0.2 if "ran longer" in message else 60
    box = sandbox(
        engine, operation, machine=Limits(cpu_seconds=cpu), wall_seconds=0.3 if operation is never else 300, calls=5
    )
    with pytest.raises(HandlerError, match=message) as caught:
        start(box, body).future.result(timeout=60)
    assert caught.value.kind == kind


def test_errors_of_the_host_can_be_caught(engine: Engine) -> None:
    body = (
        "try { await nx.kernel.call('f') } catch (error) { return [error.name, error.message, error instanceof Error] }"
    )
    assert start(sandbox(engine, denied), body).future.result(timeout=60).value == ["PermissionError", "not you", True]


def test_a_parked_run_can_be_cancelled(engine: Engine) -> None:
    reached, stopped = threading.Event(), threading.Event()

    async def waiting(_caller: Caller, _args: dict[str, Any]) -> Any:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()

    started = start(sandbox(engine, waiting), "await nx.kernel.call('f')")
    assert reached.wait(60)
    started.cancel()
    with pytest.raises(HandlerError) as caught:
        started.future.result(timeout=60)
    assert caught.value.kind == "cancelled"
    assert stopped.wait(60)


def test_a_busy_run_can_be_cancelled(engine: Engine) -> None:
    started = start(sandbox(engine, slow), "await nx.kernel.call('f'); for (;;);")
    while not (started.profile and started.profile.host_calls):
        threading.Event().wait(0.005)
    threading.Event().wait(0.1)  # by now it loops; were it not, it would be cancelled all the same
    started.cancel()
    with pytest.raises(HandlerError) as caught:
        started.future.result(timeout=60)
    assert caught.value.kind == "cancelled"


def test_a_resumed_run_sees_what_others_changed_but_keeps_its_own(engine: Engine) -> None:
    box = sandbox(engine, slow)
    read = "await nx.kernel.call('f'); state.n += 1; return state.n"
    assert start(box, read, refresh=lambda: {"n": 10}).future.result(timeout=60).value == 11
    own = "state.n = 5; await nx.kernel.call('f'); state.n += 1; return state.n"
    result = start(box, own, refresh=lambda: {"n": 10}).future.result(timeout=60)
    assert (result.value, result.changes) == (6, {"n": 6})


def test_processor_time_is_summed_over_steps(engine: Engine) -> None:
    body = "for (let i = 0; i < 100; i++) { for (let j = 0; j < 3e5; j++); await nx.kernel.call('f'); }"
    with pytest.raises(HandlerError) as caught:
        start(sandbox(engine, slow, machine=Limits(cpu_seconds=0.1)), body).future.result(timeout=60)
    assert caught.value.kind == "timeout"


def test_errors_point_into_the_panels_text(engine: Engine) -> None:
    action = ActionDeclaration(
        name="a", body="\n  const x = 1;\n  x.y.z;\n", span=Span(start=100, end=130, line=20, col=30)
    )
    with pytest.raises(HandlerError) as caught:
        Sandbox(engine).run(Job("p", [action], action, {}, [], None, 1))
    assert caught.value.span is not None
    assert caught.value.span.line == 22


def test_one_broken_action_leaves_the_others_alone(engine: Engine) -> None:
    good = ActionDeclaration(name="good", body="return 1", span=SPAN)
    bad = ActionDeclaration(name="bad", body="return {", span=SPAN)
    box = Sandbox(engine)
    assert box.run(Job("p", [good, bad], good, {}, [], None, 1)).value == 1
    with pytest.raises(HandlerError, match="SyntaxError"):
        box.run(Job("p", [good, bad], bad, {}, [], None, 1))


def test_runs_are_counted(engine: Engine) -> None:
    box = sandbox(engine, slow)
    box.run(job("return 1"))
    box.run(job("return 1"))
    with pytest.raises(HandlerError):
        box.run(job("throw 1"))
    parked = start(box, "await nx.kernel.call('f')")
    numbers: Any = box.metrics.read()
    assert {"state": "parked", "value": 1} in numbers["nexus.instances"]
    parked.future.result(timeout=60)
    numbers = box.metrics.read()
    assert {"outcome": "done", "value": 3} in numbers["nexus.runs"]
    assert {"outcome": "threw", "value": 1} in numbers["nexus.runs"]
    assert {"kind": "hits", "value": 1} in numbers["nexus.images"]
    assert numbers["nexus.run.cpu"][0]["count"] == 4


def test_machines_are_kept_ready_for_quiet_times(engine: Engine) -> None:
    box = Sandbox(engine, pooled=3)
    assert [box.run(job("return state.n")).value for _ in range(3)] == [1, 1, 1]
    for _ in range(200):
        if box.pool.ready() == 3:
            break
        time.sleep(0.02)
    assert box.pool.ready() == 3
    assert [box.run(job("return state.n")).value for _ in range(2)] == [1, 1]
    assert box.pool.hits >= 2
    box.close()
    assert box.pool.ready() == 0


@pytest.mark.parametrize("pooled", [0, 1])
def test_images_that_are_no_longer_used_are_let_go_with_their_files(engine: Engine, pooled: int) -> None:
    box = Sandbox(engine, pooled=pooled)
    box.images = PanelImages(engine, box.limits.machine, kept=3)
    process = psutil.Process()
    box.run(job("return 0"))
    gc.collect()
    before = process.num_fds()
    for number in range(60):
        assert box.run(job(f"return {number}")).value == number
    gc.collect()
    assert process.num_fds() - before <= 3 + 8 * pooled
    box.close()
