"""What goes on in a workspace as tables for panels: ``<frame from="trilog:latency(24)">`` and its like.

They are read from the journal and from the recordings of runs, which are there at once and need no kernel.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from sqlalchemy import select

from nexus_jupyter.nog.explain import told
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError, UnavailableError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause
from nexus_jupyter.protocol.trilog import SqlQuestion
from nexus_jupyter.storage.database import reading
from nexus_jupyter.storage.schema import journal as table
from nexus_jupyter.workspace.graphframes import graph_table
from nexus_jupyter.workspace.graphs import GraphReader
from nexus_jupyter.workspace.options import WorkspaceOptions

if TYPE_CHECKING:
    from nexus_jupyter.workspace.kernel import WorkspaceKernel

__all__ = ["ActivityTables", "own_tables"]

Arguments = Sequence[tuple[str | None, JsonValue]]
#: Changes and runs that are looked at: the newest.
_CHANGES, _RUNS = 50_000, 10_000
#: Rows of a list.
_LISTED = 100
_HOUR = 3_600_000_000_000
_VERSIONING = frozenset({"checkout", "merge", "revert", "resolve"})
_TIME = pa.timestamp("ms")
_SCHEMAS: Mapping[str, pa.Schema] = {
    "changes": pa.schema([("hour", pa.string()), ("kind", pa.string()), ("changes", pa.int64())]),
    "users": pa.schema([("user", pa.string()), ("changes", pa.int64()), ("last", _TIME)]),
    "latency": pa.schema(
        [("panel", pa.string()), ("runs", pa.int64())] + [(f"p{q}_ms", pa.float64()) for q in (50, 95, 99)]
    ),
    "failures": pa.schema(
        [("time", _TIME)] + [(name, pa.string()) for name in ("panel", "action", "outcome", "actor")]
    ),
    "versions": pa.schema([("time", _TIME), ("what", pa.string())]),
    "quotas": pa.schema(
        [("quota", pa.string()), ("used", pa.float64()), ("limit", pa.float64()), ("percent", pa.float64())]
    ),
    "alerts": pa.schema([("time", _TIME), ("kind", pa.string()), ("what", pa.string()), ("cause", pa.string())]),
    "models": pa.schema(
        [
            ("hour", pa.string()),
            ("model", pa.string()),
            ("asked", pa.int64()),
            ("tokens", pa.int64()),
            ("cost", pa.float64()),
        ]
    ),
    "viewers": pa.schema([("panel", pa.string()), ("people", pa.int64())]),
    "machines": pa.schema([("what", pa.string()), ("count", pa.int64())]),
    "graph": pa.schema([("type", pa.string()), ("entities", pa.int64())]),
}


_MODELS = """
SELECT formatDateTime(toStartOfHour(at), '%d %b %H:%i', 'UTC') AS hour, model, toInt64(count()) AS asked,
       toInt64(sum(tokens)) AS tokens, sum(cost) AS cost
FROM (
  SELECT instance, toDateTime(min(ts), 'UTC') AS at, max(attributes['model']) AS model,
         max(toUInt64OrZero(attributes['prompt_tokens']) + toUInt64OrZero(attributes['completion_tokens'])) AS tokens,
         max(toFloat64OrZero(attributes['cost'])) AS cost
  FROM process_steps WHERE process = 'ModelExchange'
    AND ts >= fromUnixTimestamp64Nano(toInt64({since})) GROUP BY instance HAVING model != ''
) GROUP BY toStartOfHour(at), model ORDER BY toStartOfHour(at), model
"""
#: Words, the metric, and which of its values.
_MACHINES = (
    ("runs going on", "nexus.instances", "running"),
    ("runs that wait", "nexus.instances", "parked"),
    ("machines ready", "nexus.instances", "ready"),
    ("runs with a machine ready", "nexus.pool", "hits"),
    ("runs without one", "nexus.pool", "misses"),
    ("images kept", "nexus.images", "kept"),
)


class ActivityTables:
    """The tables of one workspace.

    ``changes(hours)`` by hour (UTC) and kind; ``users(hours)`` who changed something; ``latency(hours)`` of runs by
    panel, in milliseconds; ``failures(hours)`` of runs; ``versions(hours)`` that were made or gone to; ``quotas()`` and
    what of them is used; ``graph()``, the entities by type; ``alerts(hours)`` and what
    began each; ``models(hours)`` that were asked, by hour, with tokens and cost; ``viewers()`` by panel; ``machines()``
    and what they do. Each looks at the last 24 hours when none are given.

    Parameters
    ----------
    kernel
        The workspace.
    options
        Its limits.
    """

    def __init__(self, kernel: WorkspaceKernel, options: WorkspaceOptions) -> None:
        self._kernel = kernel
        self._options = options
        self._lock = threading.Lock()
        self._seen = deque[tuple[int, Actor, Cause, str | None]](maxlen=_CHANGES)
        self._upto = -1

    def table(self, name: str, args: Arguments) -> pa.Table:
        """Return one of the tables.

        Raises
        ------
        FrameError
            If there is no such table, or it takes no such argument.
        """
        makers: dict[str, Callable[[int], list[dict[str, Any]]]] = {  # Any: cells
            "changes": self._changes,
            "users": self._users,
            "latency": self._latency,
            "failures": self._failures,
            "versions": self._versions,
            "quotas": self._quotas,
            "graph": self._graph,
            "alerts": self._alerts,
            "models": self._models,
            "viewers": self._viewers,
            "machines": self._machines,
        }
        if name not in makers:
            raise FrameError(f"There is no table 'trilog:{name}'.", hint=f"There are: {', '.join(makers)}.")
        hours: JsonValue = 24
        if len(args) > 1 or any(key not in (None, "hours") for key, _ in args):
            raise FrameError(f"The table 'trilog:{name}' takes hours, and nothing else.")
        if args:
            hours = args[0][1]
        if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not hours > 0:
            raise FrameError(f"The table 'trilog:{name}' takes a number of hours, such as 24.")
        since = time.time_ns() - int(hours * _HOUR)
        return pa.Table.from_pylist(makers[name](since), schema=_SCHEMAS[name])

    def _changes(self, since: int) -> list[dict[str, Any]]:  # Any: cells, here and below
        counts = Counter((ts // _HOUR, cause.kind) for ts, _, cause, _ in self._since(since))
        return [
            {"hour": f"{_moment(hour * _HOUR):%d %b %H:%M}", "kind": kind, "changes": count}
            for (hour, kind), count in sorted(counts.items())
        ]

    def _users(self, since: int) -> list[dict[str, Any]]:
        people: dict[str, dict[str, Any]] = {}
        for ts, actor, _, _ in self._since(since):
            if actor.kind != "system":
                row = people.setdefault(actor.name or actor.id, {"changes": 0})
                row |= {"changes": row["changes"] + 1, "last": _moment(ts)}
        return [{"user": name, **row} for name, row in people.items()]

    def _latency(self, since: int) -> list[dict[str, Any]]:
        took: dict[str, list[float]] = {}
        for run in self._runs(since):
            took.setdefault(str(run["panel"]), []).append(float(run["wall_ms"]))
        rows = []
        for panel, times in sorted(took.items()):
            p50, p95, p99 = (float(number) for number in np.percentile(times, (50, 95, 99)))
            rows.append({"panel": panel, "runs": len(times), "p50_ms": p50, "p95_ms": p95, "p99_ms": p99})
        return rows

    def _failures(self, since: int) -> list[dict[str, Any]]:
        failed = [run for run in self._runs(since) if run["outcome"] != "done"]
        names = ("panel", "action", "outcome", "actor")
        return [{"time": _moment(run["ts"]), **{name: run[name] for name in names}} for run in failed[:_LISTED]]

    def _versions(self, since: int) -> list[dict[str, Any]]:
        rows = [
            {"time": _moment(ts), "what": told(actor, cause, panel)}
            for ts, actor, cause, panel in self._since(since)
            if cause.kind in _VERSIONING
        ]
        for version in self._kernel.versions.log(_LISTED):
            if version.time.timestamp() * 1e9 >= since:
                when = version.time.astimezone(UTC).replace(tzinfo=None)
                rows.append({"time": when, "what": f"{version.author} committed: {version.message}"})
        return sorted(rows, key=lambda row: str(row["time"]), reverse=True)[:_LISTED]

    def _quotas(self, _since: int) -> list[dict[str, Any]]:
        quotas, graph = self._options.quotas, self._kernel.head.graph
        size, files = self._kernel.files.used()
        minute = len(self._since(time.time_ns() - 60_000_000_000))
        used = [
            ("panels", len(graph.types.get("Panel", ())), quotas.panels),
            ("files", files, quotas.files),
            ("file megabytes", size / 1e6, self._options.files_quota / 1e6),
            ("changes in the last minute", minute, quotas.changes_per_minute),
        ]
        return [
            {"quota": name, "used": there, "limit": limit, "percent": 100 * there / limit if limit else None}
            for name, there, limit in used
        ]

    def _graph(self, _since: int) -> list[dict[str, Any]]:
        types = self._kernel.head.graph.types
        return [{"type": kind, "entities": len(ids)} for kind, ids in sorted(types.items()) if ids]

    def _alerts(self, since: int) -> list[dict[str, Any]]:
        return [
            {
                "time": _moment(alert.ts),
                "kind": alert.kind,
                "what": alert.words,
                "cause": alert.cause[0].text if alert.cause else "",
            }
            for alert in self._kernel.alerts.state().alerts
            if alert.ts >= since
        ]

    def _models(self, since: int) -> list[dict[str, Any]]:
        try:
            answer = self._kernel.trilog.ask(SqlQuestion(sql=_MODELS.format(since=since)))
        except UnavailableError:
            return []  # what models cost is in the database alone, which may not be installed
        return list(answer.to_pylist())

    def _viewers(self, _since: int) -> list[dict[str, Any]]:
        seen = [(name, self._kernel.presence.of(name).count) for name in self._kernel.panels()]
        return [{"panel": name, "people": count} for name, count in seen if count]

    def _machines(self, _since: int) -> list[dict[str, Any]]:
        found = self._kernel.sandbox.metrics.read()
        return [{"what": words, "count": _counted(found.get(name), kind)} for words, name, kind in _MACHINES]

    def _since(self, ts: int) -> list[tuple[int, Actor, Cause, str | None]]:
        """Return the changes since a time; what was read before is not read again."""
        journal = self._kernel.journal
        with self._lock:
            newest = self._kernel.head.rev
            self._upto = max(self._upto, newest - _CHANGES, journal.base.rev)
            if newest > self._upto:
                mine = (table.c.workspace == self._kernel.store.key, table.c.rev > self._upto, table.c.rev <= newest)
                query = select(table.c.ts, table.c.actor, table.c.cause, table.c.panel).where(*mine)
                with reading(journal.engine) as connection:
                    for row in connection.execute(query.order_by(table.c.rev)):
                        actor = Actor.model_validate_json(row.actor)
                        self._seen.append((row.ts, actor, Cause.model_validate_json(row.cause), row.panel))
                self._upto = newest
            return [one for one in self._seen if one[0] >= ts]

    def _runs(self, since: int) -> list[dict[str, Any]]:
        return [run for run in self._kernel.runs.newest(_RUNS) if _nanoseconds(run["ts"]) >= since]


def own_tables(
    kernel: WorkspaceKernel, graphs: GraphReader, options: WorkspaceOptions
) -> dict[str, Callable[[str, Arguments], pa.Table]]:
    """Return what gives the tables that a workspace has of itself, by how their sources begin."""
    return {"nog": partial(graph_table, graphs.seen_by(None)), "trilog": ActivityTables(kernel, options).table}


def _nanoseconds(value: object) -> int:
    return int(str(value))


def _moment(ts: object) -> datetime:
    return datetime.fromtimestamp(_nanoseconds(ts) / 1e9, UTC).replace(tzinfo=None)


def _counted(points: Any, kind: str) -> int:  # Any: a metric's points
    return sum(int(point["value"]) for point in points or [] if kind in point.values())
