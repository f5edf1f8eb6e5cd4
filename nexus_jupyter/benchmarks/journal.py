"""The journal: acknowledged changes per second with one writer and with sixteen, beside a plain SQLite insert.

And what a change of one item of a list costs in memory and in the journal, beside a copy of the list in Python.

PostgreSQL is measured too when ``NEXUS_DATABASE_URL`` names a database, in a workspace of a name that nobody uses.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from nexus_jupyter.benchmarks.kernel import COUNTER
from nexus_jupyter.benchmarks.measure import Row, measured, summary
from nexus_jupyter.nog.sharing import weight
from nexus_jupyter.nog.snapshot import dump, load
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.storage import chained
from nexus_jupyter.workspace import Quotas, WorkspaceKernel, WorkspaceOptions

__all__ = ["journal"]

_SECONDS = 3.0
_PANELS, _CHANGES, _VERSIONS = 100, 900, 10_000
_RECORDS, _EDITS = 500, 200
#: Lengths of lists whose records are changed a few times, and bytes that the longest may take.
_LENGTHS, _FEW, _LIST_BYTES = (10, 500, 50_000), 5, 16 << 20
_LIST = """<panel id="list"><view><text>list</text></view><data><state name="items" type="list"/></data></panel>"""


def journal() -> list[Row]:
    """Measure writing with its parts, opening, and going to versions of the past."""
    plain = "plain SQLite, insert and commit, 1 thread"
    rows = [_plain(plain)]
    databases = {"SQLite": "", "PostgreSQL": os.environ.get("NEXUS_DATABASE_URL", "")}
    for name, url in databases.items():
        if name == "SQLite" or url:
            with _workspace(WorkspaceOptions(database_url=url)) as kernel:
                kernel.put_panel("counter", COUNTER, SYSTEM)
                rows += [_writing(kernel, f"changes, {name}", threads, plain) for threads in (1, 16)]
                if name == "SQLite":
                    rows.append(_digest(kernel))
    return [*rows, *_opening(), *_past(), *_weight()]


def _plain(name: str) -> Row:
    """Insert rows of the journal's bytes as SQLite alone does it, as durably."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder) / "plain.db")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE plain (workspace TEXT, rev INTEGER, body TEXT, PRIMARY KEY (workspace, rev))")
        body = "x" * 700  # a change of one state, with its inverse, actor and cause
        times: list[float] = []
        ends = time.perf_counter() + _SECONDS
        while (started := time.perf_counter()) < ends:
            connection.execute("INSERT INTO plain VALUES ('w', ?, ?)", (len(times), body))
            connection.commit()
            times.append(time.perf_counter() - started)
    return _rate(name, times, _SECONDS)


def _writing(kernel: WorkspaceKernel, name: str, threads: int, peer: str) -> Row:
    times: list[list[float]] = [[] for _ in range(threads)]
    ends = time.perf_counter() + _SECONDS

    def write(mine: list[float], thread: int) -> None:
        value = thread
        while (started := time.perf_counter()) < ends:
            value += threads
            kernel.set_state("counter", {"count": value}, SYSTEM)
            mine.append(time.perf_counter() - started)

    workers = [threading.Thread(target=write, args=(mine, thread)) for thread, mine in enumerate(times)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return _rate(
        f"{name}, {threads} thread{'s' if threads > 1 else ''}",
        [took for mine in times for took in mine],
        _SECONDS,
        peer,
    )


def _rate(name: str, times: list[float], seconds: float, peer: str = "") -> Row:
    """Return changes per second as P50; as P95 the rate that the slow ones among them would give one thread."""
    slow = sorted(times)[int(len(times) * 0.95)]
    return Row(name, len(times) / seconds, 1 / slow, len(times), peer, unit="/s")


def _digest(kernel: WorkspaceKernel) -> Row:
    row = next(iter(kernel.journal.rows(after=1)))
    took = measured("digest of a row", lambda: chained("0" * 32, row), count=10_000)
    return replace(took, p50=took.p50 * 1e3, p95=took.p95 * 1e3, unit="us")


def _opening() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "bench"
        kernel = WorkspaceKernel(root)
        for index in range(_PANELS):
            items = "".join(f'<text id="t{i}">{{count}} {i}</text>' for i in range(28))
            text = COUNTER.replace('id="counter"', f'id="p{index}"').replace("</row>", f"{items}</row>")
            kernel.put_panel(f"p{index}", text, SYSTEM)
        for index in range(_CHANGES):
            kernel.set_state(f"p{index % _PANELS}", {"count": index}, SYSTEM)
        kernel.close()
        times, closing_times = [], []
        for _ in range(15):
            started = time.perf_counter()
            kernel = WorkspaceKernel(root)
            opened = time.perf_counter()
            kernel.close()
            times.append((opened - started) * 1e3)
            closing_times.append((time.perf_counter() - opened) * 1e3)
        kernel = WorkspaceKernel(root)
        graph = kernel.head.graph
        data = dump(graph)
        rows = [
            summary(f"open, {_PANELS} panels, {len(graph)} entities", times, target="300"),
            summary("close", closing_times),
            measured("snapshot, dump", lambda: dump(graph), count=30),
            measured(f"snapshot, load ({len(data) // 1024} kB)", lambda: load(data), count=30),
            measured("snapshot, dump as JSON (peer)", lambda: _as_json(kernel), count=10),
        ]
        kernel.close()
        return rows


def _as_json(kernel: WorkspaceKernel) -> str:
    return json.dumps([record.entity.model_dump() for record in kernel.head.graph.records.values()])


def _past() -> list[Row]:
    with _workspace(WorkspaceOptions()) as kernel:
        kernel.put_panel("counter", COUNTER, SYSTEM)
        for value in range(1, _VERSIONS + 1):
            kernel.set_state("counter", {"count": value}, SYSTEM)
        dice = random.Random(1)
        newest = kernel.head.rev
        at_hand = measured(
            f"any of the last {_VERSIONS} versions",
            lambda: kernel.writer.at(newest - dice.randrange(_VERSIONS)),
            count=10_000,
            target="1",
        )
        options, root = WorkspaceOptions(), kernel.folder.root
        kernel.close()
        again = WorkspaceKernel(root, options=options)
        first = [_timed(again, rev) for rev in range(500, newest, 1000)]
        cached = measured(
            "the same after that", lambda: again.writer.at(dice.randrange(501, 1500)), count=1000, target="1"
        )
        again.close()
    return [at_hand, summary("first look after opening, replayed from a checkpoint", first), cached]


def _weight() -> list[Row]:
    """Change one record of a list again and again, and tell what each change costs."""
    items: list[JsonValue] = [{"id": i, "title": f"Item {i}", "done": False} for i in range(_RECORDS)]
    copies: list[JsonValue] = []
    with _workspace(WorkspaceOptions()) as kernel:
        kernel.put_panel("list", _LIST, SYSTEM)
        kernel.set_state("list", {"items": items}, SYSTEM)
        first = kernel.head.rev
        for edit in range(_EDITS):
            items = [*items]
            items[edit % _RECORDS] = {"id": edit, "title": f"Edit {edit}", "done": True}
            copies.append(json.loads(json.dumps(items)))
            kernel.set_state("list", {"items": items}, SYSTEM)
        revs = range(first, kernel.head.rev + 1)
        versions = [kernel.writer.at(rev).entity("list/state.items").attrs["value"] for rev in revs]
        shared = (weight(*versions) - weight(versions[0])) / _EDITS / 1e3
        stored = kernel.journal.bytes_after(first) / _EDITS / 1e3
    whole = weight(*copies) / _EDITS / 1e3
    peer = f"a list of {_RECORDS} records, copied"
    return [
        Row(peer, whole, whole, _EDITS, unit="kB"),
        Row("one record changed, kept in memory", shared, shared, _EDITS, peer, unit="kB"),
        Row("one record changed, ops and inverse in the journal", stored, stored, _EDITS, peer, unit="kB"),
        *(_stored(records) for records in _LENGTHS),
    ]


def _stored(records: int) -> Row:
    """Change one record of a list of some length a few times, and tell what each change costs in the journal."""
    items: list[JsonValue] = [{"id": i, "title": f"Item {i:6}", "done": False} for i in range(records)]
    with _workspace(WorkspaceOptions(quotas=Quotas(state_value_bytes=_LIST_BYTES))) as kernel:
        kernel.put_panel("list", _LIST, SYSTEM)
        kernel.set_state("list", {"items": items}, SYSTEM)
        first = kernel.head.rev
        for edit in range(_FEW):
            items = [*items]
            items[edit] = {"id": edit, "title": f"Edit {edit:6}", "done": True}
            kernel.set_state("list", {"items": items}, SYSTEM)
        stored = kernel.journal.bytes_after(first) / _FEW / 1e3
    return Row(f"one record of {records:,} changed, in the journal", stored, stored, _FEW, unit="kB")


def _timed(kernel: WorkspaceKernel, rev: int) -> float:
    started = time.perf_counter()
    kernel.writer.at(rev)
    return (time.perf_counter() - started) * 1e3


@contextmanager
def _workspace(options: WorkspaceOptions) -> Iterator[WorkspaceKernel]:
    with tempfile.TemporaryDirectory() as folder:
        kernel = WorkspaceKernel(Path(folder) / f"bench-{uuid4().hex}", options=options)
        try:
            yield kernel
        finally:
            kernel.close()
