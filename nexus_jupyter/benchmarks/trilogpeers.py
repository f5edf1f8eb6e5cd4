"""What TriLog is measured beside: the same facts, spans and steps in DuckDB, sorted, and in SQLite, indexed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import duckdb

from nexus_jupyter.trilog.database import Database

__all__ = [
    "BY_PANEL",
    "BY_PANEL_LITE",
    "BY_TIME",
    "BY_TIME_LITE",
    "FUNNEL",
    "OBJECT",
    "OBJECT_LITE",
    "TRACE",
    "WHOLE",
    "WHOLE_LITE",
    "Peers",
]

OBJECT = "select field, arg_max(value, (ts, seq)) v from f where object_id = ? and ts <= ? group by field"
OBJECT_LITE = "select field, value, max(ts) from f where object_id = ? and ts <= ? group by field"
WHOLE = "select object_id, field, arg_max(value, (ts, seq)) v from f where ts <= ? group by all"
WHOLE_LITE = "select object_id, field, value, max(ts) from f where ts <= ? group by object_id, field"
TRACE = "select * from s where trace_id = ? order by start"
BY_PANEL = """
select panel, count(*), quantile_disc(d, [0.5, 0.95, 0.99])
from (select max(panel) panel, max(ts) - min(ts) d from p group by instance) group by panel
"""
FUNNEL = "select step, count(*) from (select distinct instance, step from p) as reached group by step"
BY_TIME = "select start // 300000000000 t, quantile_disc(duration, [0.5, 0.95, 0.99]) from s group by t"
#: SQLite has no quantiles: rows are numbered in order.
_LITE = """
select what, min(case when n >= c * 0.5 then d end), min(case when n >= c * 0.95 then d end),
       min(case when n >= c * 0.99 then d end)
from (select what, d, row_number() over (partition by what order by d) n, count(*) over (partition by what) c
      from ({})) group by what
"""
BY_PANEL_LITE = _LITE.format("select max(panel) what, max(ts) - min(ts) d from p group by instance")
BY_TIME_LITE = _LITE.format("select start / 300000000000 what, duration d from s")
_FACTS = "SELECT object_id, field, value, toUnixTimestamp64Nano(ts) AS ts, seq FROM twin_timeline"
_SPANS = """
SELECT TraceId AS trace_id, SpanId AS span_id, ParentSpanId AS parent_id, SpanName AS name,
       toUnixTimestamp64Nano(Timestamp) AS start, Duration AS duration, StatusCode AS status,
       StatusMessage AS message, SpanAttributes['nexus.panel'] AS panel FROM otel_traces"""
_STEPS = "SELECT instance, step, toUnixTimestamp64Nano(ts) AS ts, panel FROM process_steps"
#: By name: where the rows come from, the column of their times there, and what they are sorted and indexed by.
_TABLES = {
    "f": (_FACTS, "twin_timeline.ts", "object_id, field, ts"),
    "s": (_SPANS, "Timestamp", "trace_id"),
    "p": (_STEPS, "process_steps.ts", "instance"),
}
#: Parts of the time in which rows are carried over, so that they fit into memory.
_PARTS = 20


class Peers:
    """The peers, filled from TriLog's tables.

    Parameters
    ----------
    database
        Where the rows are.
    folder
        Where the peers' files go.
    """

    def __init__(self, database: Database, folder: Path) -> None:
        self._duck = duckdb.connect(str(folder / "facts.duckdb"))
        self._lite = sqlite3.connect(folder / "facts.sqlite")
        for name, (sql, time, order) in _TABLES.items():
            self._fill(database, name, sql, time)
            self._duck.execute(f"create table {name} as from g order by {order}; drop table g")
            self._lite.execute(f"create index {name}_by_key on {name} ({order})")
        self._lite.commit()

    def duck(self, sql: str, *values: object) -> Any:  # Any: rows
        """Ask DuckDB."""
        return self._duck.execute(sql, values).fetchall()

    def lite(self, sql: str, *values: object) -> list[Any]:  # Any: rows
        """Ask SQLite."""
        return self._lite.execute(sql, values).fetchall()

    def _fill(self, database: Database, name: str, sql: str, time: str) -> None:
        source, time = sql.rpartition(" ")[2], f"toUnixTimestamp64Nano({time})"
        first, last = database.rows(f"SELECT min({time}), max({time}) FROM {source}")[0]
        step = (last - first) // _PARTS + 1
        for part in range(_PARTS):
            values = {"a": first + part * step, "b": first + (part + 1) * step}
            rows = database.table(f"{sql} WHERE {time} >= {{a:Int64}} AND {time} < {{b:Int64}}", values)
            self._duck.register("rows", rows)
            self._duck.execute("create table g as from rows" if part == 0 else "insert into g from rows")
            self._duck.unregister("rows")
            names = ", ".join(rows.column_names)
            if part == 0:
                self._lite.execute(f"create table {name} ({names})")
            places = ", ".join("?" * rows.num_columns)
            cells = zip(*(column.to_pylist() for column in rows.columns), strict=True)
            self._lite.executemany(f"insert into {name} values ({places})", cells)
        self._lite.commit()
