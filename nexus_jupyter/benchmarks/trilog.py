"""The history: recording, and questions at 1M events (NEXUS_BENCH_EVENTS=10000000 for ten), beside DuckDB and SQLite.

Facts are of one workspace of 100 panels with 12 fields each, over 100 days; a tenth as many spans. The
peers have the same facts, sorted (DuckDB) or indexed (SQLite, up to two million) by object, field and time.
"""

from __future__ import annotations

import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from nexus_jupyter.benchmarks.measure import Row, measured
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.protocol.patch import Cause, SetOp
from nexus_jupyter.protocol.trilog import CauseOf, StepLatency, TwinAt, TwinDiff, WorkspaceAt
from nexus_jupyter.storage import Journal, open_database
from nexus_jupyter.trilog import Recorder, TriLog
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.process import Store
from nexus_jupyter.workspace import WorkspaceKernel
from nexus_jupyter.workspace.writer import Draft

__all__ = ["trilog"]

_EVENTS = int(os.environ.get("NEXUS_BENCH_EVENTS", "1000000"))
_CHANGES = int(os.environ.get("NEXUS_BENCH_CHANGES", "8000"))
_DAYS = 100
_BEGAN = 1_750_000_000 * 10**9
_STEP = _DAYS * 86_400 * 10**9 // _EVENTS
_CHECKPOINT = 50_000
_SQLITE = 2_000_000
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
        log.close()


def _questions() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as base:
        database = Database.embedded(Path(base) / "ch")
        journal = Journal(open_database(f"sqlite:///{base}/journal.db"), "w")
        store = Store(database, journal, Path(base) / "spool", "w")
        yield _filled(database, store)
        dice = random.Random(5)
        peers = _Peers(database, Path(base))

        def when() -> int:
            return _BEGAN + dice.randrange(_DAYS * 86_400) * 10**9

        def name() -> str:
            return f"p{dice.randrange(100)}"

        size = f"{_EVENTS:,} events"
        sql = "select field, arg_max(value, (ts, seq)) v from f where object_id = ? and ts <= ? group by field"
        lite = "select field, value, max(ts) from f where object_id = ? and ts <= ? group by field"
        duck = f"object at T, DuckDB, {size}"
        yield measured(duck, lambda: peers.duck(sql, name(), when()), count=_ASKED)
        if peers.lite is not None:
            yield measured(f"object at T, SQLite, {size}", lambda: peers.ask_lite(lite, name(), when()), count=_ASKED)
        asked = f"object at T, {size}"
        point = lambda: store.ask(TwinAt(type="Panel", id=name(), ts=when()))  # noqa: E731 - as those below
        yield measured(asked, point, count=_ASKED, peer=duck, target="P95 15")
        sql = "select object_id, field, arg_max(value, (ts, seq)) v from f where ts <= ? group by all"
        duck = f"100 panels at T, DuckDB, {size}"
        yield measured(duck, lambda: peers.duck(sql, when()), count=12, warm_up=1)
        if peers.lite is not None:
            lite = "select object_id, field, value, max(ts) from f where ts <= ? group by object_id, field"
            yield measured(f"100 panels at T, SQLite, {size}", lambda: peers.ask_lite(lite, when()), count=4, warm_up=1)
        whole = lambda: store.ask(WorkspaceAt(ts=when()))  # noqa: E731
        yield measured(f"100 panels at T, {size}", whole, count=_ASKED, peer=duck, target="P95 60")
        diff = lambda: store.ask(TwinDiff(id=name(), start=when() - 10**15, end=when()))  # noqa: E731
        yield measured(f"difference of a panel, {size}", diff, count=30)
        traces = [str(row[0]) for row in database.rows("SELECT TraceId FROM otel_traces ORDER BY rand() LIMIT 200")]
        cause = lambda: store.ask(CauseOf(trace_id=dice.choice(traces)))  # noqa: E731
        yield measured(f"cause by trace, {size}", cause, count=_ASKED, target="20")
        board = lambda: store.ask(StepLatency(process="PanelExecution", by="panel"))  # noqa: E731
        yield measured(f"dashboard: quantiles by panel, {_EVENTS // 10:,} runs", board, count=6, warm_up=1)
        five = (
            "SELECT toStartOfFiveMinutes(Timestamp) t, quantiles(0.5, 0.95, 0.99)(Duration) FROM otel_traces GROUP BY t"
        )
        yield measured(
            f"dashboard: quantiles by 5 minutes, {_EVENTS // 10:,} spans", lambda: database.rows(five), count=6
        )
        database.close()


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


class _Peers:
    """The same facts in DuckDB and, if they are not too many, in SQLite."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._duck = duckdb.connect(str(folder / "facts.duckdb"))
        self.lite: sqlite3.Connection | None = None
        # Not through the limits of questions that people ask.
        step = 1_000_000
        for first in range(0, _EVENTS, step):
            facts = database.table(
                "SELECT object_id, field, value, toUnixTimestamp64Nano(ts) AS ts, seq FROM twin_timeline "
                "WHERE seq > {a:UInt64} AND seq <= {b:UInt64} ORDER BY object_id, field, ts",
                {"a": first, "b": first + step},
            )
            self._duck.register("facts", facts)
            self._duck.execute("create table g as from facts" if first == 0 else "insert into g from facts")
            self._duck.unregister("facts")
            if _EVENTS <= _SQLITE:
                self._insert(folder, facts)
        self._duck.execute("create table f as select * from g order by object_id, field, ts; drop table g")
        if self.lite is not None:
            self.lite.execute("create index by_object on f (object_id, field, ts)")

    def duck(self, sql: str, *values: object) -> Any:  # Any: an Arrow table
        """Ask DuckDB."""
        return self._duck.execute(sql, values).fetchall()

    def ask_lite(self, sql: str, *values: object) -> list[Any]:  # Any: rows
        """Ask SQLite."""
        assert self.lite is not None
        return self.lite.execute(sql, values).fetchall()

    def _insert(self, folder: Path, facts: Any) -> None:  # Any: an Arrow table
        if self.lite is None:
            self.lite = sqlite3.connect(folder / "facts.sqlite")
            self.lite.execute("create table f (object_id text, field text, value text, ts integer, seq integer)")
        rows = zip(*(column.to_pylist() for column in facts.columns), strict=True)
        self.lite.executemany("insert into f values (?, ?, ?, ?, ?)", rows)
        self.lite.commit()


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
        for number in range(_CHANGES):
            op = SetOp(id=f"p{number % 100}/state.n", attrs={"value": number + 1})
            kernel.writer.submit(lambda _graph, op=op: Draft([op], SYSTEM, Cause(kind="set")))  # type: ignore[misc]  # a default binds it
        nodes = len(kernel.head.graph.records)
        kernel.close()
        # Opened anew: the versions of before are not at hand.
        kernel = WorkspaceKernel(folder)
        # Far from each other: what is made for one is kept for those near it.
        revs = list(range(1500, kernel.head.rev, 1100))
        rows = iter(revs)
        name = f"graph of {nodes:,} nodes at T, {_CHANGES:,} changes"
        yield measured(name, lambda: kernel.writer.at(next(rows)), count=len(revs), target="350", warm_up=0)
        kernel.close()


def _row(name: str, values: list[float], unit: str, target: str = "") -> Row:
    ordered = sorted(values)
    worst = ordered[0] if unit == "1/s" else ordered[-1]
    return Row(name, ordered[len(ordered) // 2], worst, len(values), target=target, unit=unit)
