"""The history: recording, and questions at 1M events (``--events 10000000`` for ten), beside DuckDB and SQLite.

Facts are of one workspace of 100 panels with 12 fields each, over 100 days; a tenth as many spans, and a fifth as many
steps. The graph has had NEXUS_BENCH_CHANGES changes.
"""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from nexus_jupyter.benchmarks.measure import Row, measured
from nexus_jupyter.benchmarks.trilogpeers import (
    BY_PANEL,
    BY_PANEL_LITE,
    BY_TIME,
    BY_TIME_LITE,
    FUNNEL,
    OBJECT,
    OBJECT_LITE,
    TRACE,
    WHOLE,
    WHOLE_LITE,
    Peers,
)
from nexus_jupyter.nog import apply
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.protocol.patch import Cause, Change, SetOp
from nexus_jupyter.protocol.trilog import (
    AnomaliesBetween,
    CauseOf,
    StepFunnel,
    StepLatency,
    TwinAt,
    TwinDiff,
    WorkspaceAt,
)
from nexus_jupyter.storage import Journal, open_database
from nexus_jupyter.trilog import Recorder, TriLog
from nexus_jupyter.trilog.checkpoints import EVERY
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.process import Store
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.timeline import Head

__all__ = ["trilog"]

_EVENTS = int(os.environ.get("NEXUS_BENCH_EVENTS", "1000000"))
_CHANGES = int(os.environ.get("NEXUS_BENCH_CHANGES", "20000"))
_DAYS = 100
_BEGAN = 1_750_000_000 * 10**9
_STEP = _DAYS * 86_400 * 10**9 // _EVENTS
_CHECKPOINT = EVERY
_ASKED = 60
_FACTS = """
SELECT 'w' AS workspace_id, 'Panel' AS object_type, concat('p', toString(cityHash64(number, 1) % 100)) AS object_id,
       concat('state.f', toString(cityHash64(number, 2) % 12)) AS field, 'set' AS op,
       toString(cityHash64(number, 3) % 100000) AS value,
       fromUnixTimestamp64Nano(toInt64({began:Int64} + number * {step:Int64}), 'UTC') AS ts, number + 1 AS seq,
       'run' AS event_type, concat('u', toString(number % 9)) AS actor_id, 'run add by click on plus' AS cause,
       lower(hex(sipHash128(intDiv(number, 10)))) AS trace_id, lower(hex(cityHash64(intDiv(number, 10), 7))) AS span_id
FROM numbers({first:UInt64}, {count:UInt64})
"""
_SPANS = """
INSERT INTO otel_traces (Timestamp, TraceId, SpanId, ParentSpanId, SpanName, ServiceName, SpanAttributes, Duration,
                         StatusCode, StatusMessage)
SELECT fromUnixTimestamp64Nano(toInt64({began:Int64} + number * 10 * {step:Int64})) AS Timestamp,
       lower(hex(sipHash128(number))), lower(hex(cityHash64(number, 7))), '', 'action.run', 'nexus',
       map('nexus.workspace', 'w', 'nexus.panel', concat('p', toString(number % 100)), 'nexus.action', 'add'),
       1000000 + cityHash64(number, 5) % 90000000, if(number % 100 = 0, 'ERROR', 'UNSET'),
       if(number % 100 = 0, 'no luck', '')
FROM numbers({first:UInt64}, {count:UInt64})
"""
_STEPS = """
INSERT INTO process_steps (workspace_id, process, instance, step, ts, panel)
SELECT 'w', 'PanelExecution', toString(intDiv(number, 2)), if(number % 2 = 0, 'triggered', 'completed'),
       fromUnixTimestamp64Nano(toInt64({began:Int64} + intDiv(number, 2) * 10 * {step:Int64}
         + (number % 2) * (1000000 + cityHash64(number, 5) % 90000000)), 'UTC'),
       concat('p', toString(intDiv(number, 2) % 100))
FROM numbers({first:UInt64}, {count:UInt64})
"""


_BY_TIME = "SELECT toStartOfFiveMinutes(Timestamp) t, quantiles(0.5, 0.95, 0.99)(Duration) FROM otel_traces GROUP BY t"


def trilog() -> list[Row]:
    """Measure recording, then questions."""
    return [*_recording(), *_questions(), *_graph()]


def _recording() -> Iterator[Row]:
    """What is recorded on the way of a click, and how much a second goes from there into the tables."""
    with tempfile.TemporaryDirectory() as base:
        log = TriLog(f"sqlite:///{base}/journal.db", Path(base) / "trilog", workspace="w")
        recorder = Recorder("w", store=log)
        log.flush()
        count = 20_000
        cpu, times = [], []
        for _ in range(5):
            started, spent = time.perf_counter(), time.thread_time_ns()
            for number in range(count):
                recorder.step("PanelExecution", f"{number}", "triggered", "p", actor="ann")
            cpu.append((time.thread_time_ns() - spent) / count / 1e3)
            log.flush()
            times.append(count / (time.perf_counter() - started))
        yield _row("CPU of recording a step", cpu, "us", "10")
        yield _row("steps a second, from the click to the table", times, "1/s", "20000")
        cpu = []
        for _ in range(5):
            spent = time.thread_time_ns()
            for _ in range(2000):
                recorder.begin("action.run", panel="p", action="add").end()
            cpu.append((time.thread_time_ns() - spent) / 2000 / 1e3)
        yield _row("CPU of recording a span", cpu, "us")
        nothing = TwinAt(type="Panel", id="p", ts=1)
        yield measured(
            "a question that finds nothing, through the database's process", lambda: log.ask(nothing), count=60
        )
        log.close()


def _questions() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as base:
        database = Database.embedded(Path(base) / "ch")
        journal = Journal(open_database(f"sqlite:///{base}/journal.db"), "w")
        store = Store(database, journal, Path(base) / "spool", "w")
        yield _filled(database, store)
        _rest(database)
        peers = Peers(database, Path(base))
        dice = random.Random(5)
        yield from _states(store, peers, dice)
        yield from _causes(database, store, peers, dice)
        yield from _boards(database, store, peers)
        database.close()


def _states(store: Store, peers: Peers, dice: random.Random) -> Iterator[Row]:
    """What objects were."""

    def when() -> int:
        return _BEGAN + dice.randrange(_DAYS * 86_400) * 10**9

    def name() -> str:
        return f"p{dice.randrange(100)}"

    yield from _beside(
        "object at T",
        lambda: store.ask(TwinAt(type="Panel", id=name(), ts=when())),
        lambda: peers.duck(OBJECT, name(), when()),
        lambda: peers.lite(OBJECT_LITE, name(), when()),
        target="P95 15",
    )
    yield from _beside(
        "100 panels at T",
        lambda: store.ask(WorkspaceAt(ts=when())),
        lambda: peers.duck(WHOLE, when()),
        lambda: peers.lite(WHOLE_LITE, when()),
        target="P95 60",
    )

    def asked() -> TwinDiff:
        end = when()
        return TwinDiff(id=name(), start=end - 10**15, end=end)

    def both(ask: Callable[[str, str, int], object], sql: str) -> None:
        question = asked()
        for ts in (question.start, question.end):
            ask(sql, str(question.id), ts)

    yield from _beside(
        "difference of a panel",
        lambda: store.ask(asked()),
        lambda: both(peers.duck, OBJECT),
        lambda: both(peers.lite, OBJECT_LITE),
    )


def _causes(database: Database, store: Store, peers: Peers, dice: random.Random) -> Iterator[Row]:
    """What led to something."""
    failed = "SELECT TraceId FROM otel_traces WHERE StatusCode = 'ERROR' ORDER BY rand() LIMIT 200"
    traces = [str(row[0]) for row in database.rows(failed)]
    yield from _beside(
        "cause of an error",
        lambda: store.ask(CauseOf(trace_id=dice.choice(traces))),
        lambda: peers.duck(TRACE, dice.choice(traces)),
        lambda: peers.lite(TRACE, dice.choice(traces)),
        target="20",
    )
    end = _BEGAN + _DAYS * 86_400 * 10**9
    unusual = AnomaliesBetween(start=end - 86_400 * 10**9, end=end)
    yield measured(f"anomalies of a day, {_size()}", lambda: store.ask(unusual), count=5, warm_up=1)


def _boards(database: Database, store: Store, peers: Peers) -> Iterator[Row]:
    """What dashboards ask for; a tenth as many runs and spans as there are facts."""
    yield from _beside(
        "dashboard: quantiles by panel",
        lambda: store.ask(StepLatency(process="PanelExecution", by="panel")),
        lambda: peers.duck(BY_PANEL),
        lambda: peers.lite(BY_PANEL_LITE),
        count=5,
    )
    yield from _beside(
        "dashboard: funnel",
        lambda: store.ask(StepFunnel(process="PanelExecution")),
        lambda: peers.duck(FUNNEL),
        lambda: peers.lite(FUNNEL),
        count=5,
    )
    yield from _beside(
        "dashboard: quantiles by 5 minutes",
        lambda: database.rows(_BY_TIME),
        lambda: peers.duck(BY_TIME),
        lambda: peers.lite(BY_TIME_LITE),
        count=5,
    )


def _beside(
    name: str,
    ours: Callable[[], object],
    duck: Callable[[], object],
    lite: Callable[[], object],
    *,
    count: int = _ASKED,
    target: str = "",
) -> Iterator[Row]:
    """Measure a question and the same of the peers, which are asked less often where they take long."""
    name = f"{name}, {_size()}"
    beside = f"{name}, DuckDB"
    fewer = min(count, 10)
    yield measured(beside, duck, count=fewer, warm_up=1)
    yield measured(name, ours, count=count, peer=beside, target=target, warm_up=min(count, 5))
    yield measured(f"{name}, SQLite", lite, count=min(fewer, 4), peer=name, warm_up=1)


def _size() -> str:
    return f"{_EVENTS:,} events"


def _filled(database: Database, store: Store) -> Row:
    """Insert the facts, with a checkpoint every so many as the store makes them; return the rate of both."""
    started = time.perf_counter()
    columns = "workspace_id, object_type, object_id, field, op, value, ts, seq, event_type, actor_id, cause, trace_id"
    columns += ", span_id"
    for first in range(0, _EVENTS, _CHECKPOINT):
        values = {"began": _BEGAN, "step": _STEP, "first": first, "count": min(_CHECKPOINT, _EVENTS - first)}
        database.command(f"INSERT INTO twin_changes ({columns}) {_FACTS}", values)
        store.checkpoint()
    rate = _EVENTS / (time.perf_counter() - started)
    for sql, count in ((_SPANS, _EVENTS // 10), (_STEPS, _EVENTS // 5)):
        for first in range(0, count, 500_000):
            values = {"began": _BEGAN, "step": _STEP, "first": first, "count": min(500_000, count - first)}
            database.command(f"{sql} SETTINGS max_partitions_per_insert_block = 1000", values)
    return Row("facts a second into all tables and views, checkpoints included", rate, rate, 1, unit="1/s")


def _rest(database: Database) -> None:
    """Merge parts as the engine does by itself after ten quiet minutes, so that each run measures the same store."""
    for name in ("twin_changes", "twin_timeline", "twin_hourly", "twin_checkpoint", "trace_index", "process_steps"):
        database.command(f"OPTIMIZE TABLE {name} FINAL")


def _graph() -> Iterator[Row]:
    """The graph of 10k nodes at any rev, beyond those kept at hand."""
    with tempfile.TemporaryDirectory() as base:
        folder = Path(base) / "graph"
        kernel = WorkspaceKernel(folder)
        items = "".join(f'<text id="t{i}">Text {i}</text>' for i in range(96))
        data = '<data><state name="n" type="int" default="0"/></data>'
        for panel in range(100):
            view = f'<view><column id="c">{items}</column></view>'
            kernel.put_panel(f"p{panel}", f'<panel id="p{panel}">{view}{data}</panel>', SYSTEM)
        nodes = len(kernel.head.graph.records)
        _changed(kernel)
        kernel.close()
        # Opened anew: the versions of before are not at hand.
        kernel = WorkspaceKernel(folder)
        timeline = kernel.store.timeline
        dice = random.Random(6)

        def ask() -> None:
            timeline._older.clear()  # noqa: SLF001 - each question as if it were the first
            timeline.at(dice.randrange(1100, max(1200, kernel.head.rev - 10_000)))

        name = f"graph of {nodes:,} nodes at T, {_CHANGES:,} changes"
        yield measured(name, ask, count=_ASKED, target="350", warm_up=1)
        kernel.close()


def _changed(kernel: WorkspaceKernel) -> None:
    """Make changes as the writer does, though not one by one, with the checkpoints of so many."""
    graph, rev, ts = kernel.head.graph, kernel.head.rev, time.time_ns()
    for first in range(0, _CHANGES, 1000):
        changes = []
        for number in range(first, min(first + 1000, _CHANGES)):
            rev += 1
            applied = apply(graph, [SetOp(id=f"p{number % 100}/state.n", attrs={"value": number + 1})], rev=rev)
            graph = applied.graph
            told = {"actor": SYSTEM, "cause": Cause(kind="set"), "panel": f"p{number % 100}"}
            changes.append(
                Change(
                    workspace=kernel.store.key, rev=rev, ts=ts + rev, ops=applied.ops, inverse=applied.inverse, **told
                )
            )
        kernel.journal.append(changes)
        kernel.store.checkpointer.write(Head(graph, rev))


def _row(name: str, values: list[float], unit: str, target: str = "") -> Row:
    ordered = sorted(values)
    worst = ordered[0] if unit == "1/s" else ordered[-1]
    return Row(name, ordered[len(ordered) // 2], worst, len(values), target=target, unit=unit)
