"""Answers about processes: how far their courses got, and how long they took."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.errors import TriLogError
from nexus_jupyter.protocol.telemetry import TwinSchema
from nexus_jupyter.protocol.trilog import StepFunnel, StepLatency
from nexus_jupyter.trilog.database import Database

__all__ = ["funnel", "latency"]

_STEPS = """
process_steps
WHERE workspace_id = {w:String} AND process = {p:String}
  AND ({a:Int64} = 0 OR ts >= fromUnixTimestamp64Nano({a:Int64}, 'UTC'))
  AND ({b:Int64} = 0 OR ts <= fromUnixTimestamp64Nano({b:Int64}, 'UTC'))
"""
_BY = {
    "panel": "panel",
    "actor": "actor",
    "step": "last_step",
    "hour": "toString(toStartOfHour(toDateTime(began, 'UTC')))",
    "": "''",
}


def funnel(database: Database, workspace: str, question: StepFunnel, schema: TwinSchema | None) -> pa.Table:
    """Return, for each step in order: courses that reached it, their share, and milliseconds since the step before."""
    order = _order(question.process, schema)
    sql = f"""
    SELECT reached.2 AS step, count() AS courses,
           quantileExact(0.5)(dateDiff('microsecond', before.1, reached.1) / 1000) AS p50_ms
    FROM (
      -- Each step of a course where it was reached first, whatever arrived twice.
      SELECT arraySort(groupUniqArray((ts, toString(step)))) AS every,
             arrayFilter((one, place) -> indexOf(every.2, one.2) = place, every, arrayEnumerate(every)) AS firsts
      FROM {_STEPS} GROUP BY instance
    ) ARRAY JOIN firsts AS reached, arrayPushFront(arrayPopBack(firsts), firsts[1]) AS before
    GROUP BY step
    """  # noqa: S608 - put together from constants
    found = {row["step"]: row for row in database.table(sql, _values(workspace, question)).to_pylist()}
    first = sum(found[name]["courses"] for name in schema.transitions[""] if name in found) if schema else 0
    rows = [(name, found.get(name, {"courses": 0, "p50_ms": None})) for name in order]
    return pa.table(
        {
            "step": pa.array([name for name, _ in rows], pa.string()),
            "courses": pa.array([int(row["courses"]) for _, row in rows], pa.uint64()),
            "share": pa.array([row["courses"] / first if first else 0.0 for _, row in rows], pa.float64()),
            "p50_ms": pa.array([row["p50_ms"] for _, row in rows], pa.float64()),
        }
    )


def latency(database: Database, workspace: str, question: StepLatency, schema: TwinSchema | None) -> pa.Table:
    """Return quantiles of the milliseconds from a course's first step to its last, of those that have ended."""
    _order(question.process, schema)
    assert schema is not None
    ends = [name for name, after in schema.transitions.items() if name and not after]
    chosen = ", ".join(str(float(q)) for q in question.quantiles)
    sql = f"""
    SELECT {_BY[question.by]} AS what, count() AS courses,
           quantilesExact({chosen})(dateDiff('microsecond', began, ended) / 1000) AS ms
    FROM (
      SELECT min(ts) AS began, max(ts) AS ended, argMax(step, ts) AS last_step, max(panel) AS panel,
             max(actor_id) AS actor
      FROM {_STEPS} GROUP BY instance HAVING has({{ends:Array(String)}}, last_step)
    ) GROUP BY what ORDER BY what
    """  # noqa: S608 - put together from constants and numbers
    rows = database.table(sql, {**_values(workspace, question), "ends": ends}).to_pylist()
    columns: dict[str, pa.Array] = {question.by or "process": pa.array([row["what"] for row in rows], pa.string())}
    if not question.by:
        columns["process"] = pa.array([question.process] * len(rows), pa.string())
    columns["courses"] = pa.array([row["courses"] for row in rows], pa.uint64())
    for number, q in enumerate(question.quantiles):
        columns[f"p{q * 100:g}_ms"] = pa.array([row["ms"][number] for row in rows], pa.float64())
    return pa.table(columns)


def _order(process: str, schema: TwinSchema | None) -> list[str]:
    if schema is None or schema.role != "process":
        raise TriLogError(f"There is no process named '{process}'.", hint="ws.trilog.schemas() lists all.")
    return [name for name in schema.transitions if name]


def _values(workspace: str, question: StepFunnel | StepLatency) -> dict[str, Any]:  # Any: values of SQL types
    return {"w": workspace, "p": question.process, "a": question.start or 0, "b": question.end or 0}
