"""What was unusual: found beside a robust baseline of the same process, panel or object, within the database.

A value is unusual when it is more than ``sensitivity`` robust standard deviations (1.4826 times the median of the
distances from the median, Rousseeuw and Croux 1993) from its median. Times and counts are compared as logarithms,
since they are skewed. Half of a baseline may be unusual itself without moving it, so it includes what is judged.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.telemetry import TwinSchema
from nexus_jupyter.protocol.trilog import AnomaliesBetween
from nexus_jupyter.trilog.database import Database

__all__ = ["anomalies"]

Row = dict[str, Any]  # Any: cells
#: How many of something make a baseline; an hour of the day has one of its own from as many, on so many days.
_ENOUGH, _DAYS = 20, 3
#: The least spread that a baseline is taken to have: of logarithms, and as a part of a plain value.
_LOG_SPREAD, _SPREAD = 0.15, 0.02
#: Milliseconds more than usual that are worth a word, how many are listed of a kind, and a bucket of time in seconds.
_WORTH_MS, _LISTED, _BUCKET = 10.0, 200, 600
_SCALE = 1.4826

_WINDOW = "ts >= fromUnixTimestamp64Nano({a:Int64}, 'UTC') AND ts <= fromUnixTimestamp64Nano({b:Int64}, 'UTC')"
_SINCE = "ts >= fromUnixTimestamp64Nano({z:Int64}, 'UTC') AND ts <= fromUnixTimestamp64Nano({b:Int64}, 'UTC')"
_COURSES = """
SELECT process, instance, min(ts) AS began, argMax(step, ts) AS ending, max(panel) AS what, max(trace_id) AS trace,
       dateDiff('microsecond', min(ts), max(ts)) / 1000 AS amount, 0 AS rev
FROM process_steps WHERE workspace_id = {w:String} AND WHEN
GROUP BY process, instance HAVING count() > 1
"""
_BURSTS = f"""
SELECT toString(object_type) AS process, object_id AS what, '' AS trace, toFloat64(uniq(ts, seq, field)) AS amount,
       toDateTime(intDiv(toUnixTimestamp(ts), {_BUCKET}) * {_BUCKET}, 'UTC') AS began,
       max(if(seq < 4294967296, seq, 0)) AS rev
FROM twin_timeline WHERE workspace_id = {{w:String}} AND WHEN
GROUP BY object_type, object_id, began
"""  # noqa: S608 - put together from constants, as those below
_VALUES = """
SELECT concat(object_type, '\\n', object_id) AS process, toString(field) AS what, ts AS began,
       assumeNotNull(toFloat64OrNull(value)) AS amount, '' AS trace, if(seq < 4294967296, seq, 0) AS rev
FROM twin_timeline
WHERE workspace_id = {w:String} AND op = 'set' AND isNotNull(toFloat64OrNull(value)) AND WHEN
"""


_ENDINGS = """
SELECT process, what, ending, toStartOfHour(toDateTime(began, 'UTC')) AS hour, count() AS courses, max(trace) AS trace,
       max(began) AS last
FROM (COURSES) WHERE has({ends:Array(String)}, concat(process, '.', ending)) GROUP BY process, what, ending, hour
"""
_REFUSED = """
SELECT kind, count() AS refused, countIf(WINDOW) AS now, argMax(reason, ts) AS why, max(ts) AS last
FROM twin_quarantine WHERE workspace_id = {w:String} AND WHEN GROUP BY kind HAVING now > 0
"""
_TAKEN = """
SELECT kind, count() AS taken, countIf(WINDOW) AS now FROM (
  SELECT toString(object_type) AS kind, ts FROM twin_timeline WHERE workspace_id = {w:String} AND WHEN
  UNION ALL SELECT toString(process), ts FROM process_steps WHERE workspace_id = {w:String} AND WHEN
) GROUP BY kind
"""
_VIOLATIONS = """
SELECT kind, name, reason, event, ts FROM twin_quarantine
WHERE workspace_id = {w:String} AND WHEN AND (reason LIKE '%cannot follow%' OR reason LIKE '%cannot begin%')
ORDER BY ts DESC LIMIT LISTED
"""


def anomalies(database: Database, workspace: str, question: AnomaliesBetween, processes: list[TwinSchema]) -> pa.Table:
    """Return what was unusual between two moments, the most unusual first."""
    values = {"w": workspace, "a": question.start, "b": question.end, "k": question.sensitivity}
    values["z"] = min(question.start, question.end - question.baseline)
    search = _Search(database, values, question.sensitivity, processes)
    searches = {
        "latency": search.latency,
        "burst": search.bursts,
        "value": search.values,
        "outcome": search.outcomes,
        "transition": search.transitions,
        "schema": search.refusals,
    }
    rows = [row for kind, found in searches.items() if kind in question.kinds for row in found()]
    rows.sort(key=lambda row: row["score"], reverse=True)
    return pa.Table.from_pylist(rows, schema=_SCHEMA)


_SCHEMA = pa.schema(
    [("ts", pa.timestamp("ns", "UTC"))]
    + [(name, pa.string()) for name in ("kind", "type", "id", "field", "words")]
    + [(name, pa.float64()) for name in ("value", "baseline", "threshold", "score")]
    + [("known", pa.uint64()), ("seasonal", pa.bool_()), ("rev", pa.uint64()), ("trace_id", pa.string())]
)


def _baseline(source: str, keys: str, scale: str, spread: str) -> str:
    return f"""
      SELECT {keys}, count() AS known, uniq(toDate(began)) AS days, groupArraySample(20000, 1)({scale}) AS sample,
             arrayReduce('median', sample) AS median,
             greatest({_SCALE} * arrayReduce('median', arrayMap(x -> abs(x - median), sample)), {spread}) AS deviation
      FROM ({source}) GROUP BY {keys}
    """  # noqa: S608


def _unusual(source: str, scale: str, spread: str, also: str) -> str:
    """Return the query for rows of the window that are far from the baseline of their process and what it is about.

    ``source`` gives process, what, began, amount, trace and rev, and its ``WHEN`` is the time that is looked at;
    ``scale`` of ``amount`` is what distances are measured on; ``spread`` of ``median`` is the least deviation.
    """
    past = source.replace("WHEN", _SINCE)
    hourly = f"(SELECT *, toHour(began) AS hour FROM ({past}))"  # noqa: S608
    return f"""
    SELECT now.process AS process, now.what AS what, now.began AS ts, now.amount AS amount, now.trace AS trace,
           now.rev AS rev, season.known >= {_ENOUGH} AND season.days >= {_DAYS} AS seasonal,
           if(seasonal, season.median, whole.median) AS median,
           if(seasonal, season.deviation, whole.deviation) AS deviation,
           if(seasonal, season.known, whole.known) AS known,
           abs({scale.replace("amount", "now.amount")} - median) / deviation AS score
    FROM (SELECT *, toHour(began) AS hour FROM ({source.replace("WHEN", _WINDOW)})) AS now
    INNER JOIN ({_baseline(past, "process, what", scale, spread)}) AS whole
      ON whole.process = now.process AND whole.what = now.what
    LEFT JOIN ({_baseline(hourly, "process, what, hour", scale, spread)}) AS season
      ON season.process = now.process AND season.what = now.what AND season.hour = now.hour
    WHERE known >= {_ENOUGH} AND score > {{k:Float64}} AND {also} ORDER BY score DESC LIMIT {_LISTED}
    """  # noqa: S608


class _Search:
    """Looks for each kind. Only `anomalies` sees it."""

    def __init__(self, database: Database, values: Row, sensitivity: float, processes: list[TwinSchema]) -> None:
        self._database = database
        self._values = values
        self._sensitivity = sensitivity
        self._processes = processes

    def _ask(self, sql: str, **more: object) -> list[Row]:
        used = {name: value for name, value in {**self._values, **more}.items() if f"{{{name}:" in sql}
        rows: list[Row] = self._database.table(sql, used).to_pylist()
        return rows

    def _far(self, kind: str, source: str, also: str, *, spread: str, logarithmic: bool = True) -> Iterator[Row]:
        scale = "log(greatest(amount, 0.001))" if logarithmic else "amount"
        for row in self._ask(_unusual(source, scale, spread, also)):
            middle, reach = row["median"], self._sensitivity * row["deviation"]
            sign = 1 if (math.log(max(row["amount"], 0.001)) if logarithmic else row["amount"]) > middle else -1
            limit = middle + sign * reach
            usual, threshold = (math.exp(middle), math.exp(limit)) if logarithmic else (middle, limit)
            found = {"kind": kind, "type": row["process"], "id": row["what"], "field": "", "value": row["amount"]}
            found |= {"ts": row["ts"], "baseline": usual, "threshold": threshold, "score": row["score"]}
            found |= {"known": row["known"], "seasonal": bool(row["seasonal"]), "rev": row["rev"]}
            yield found | {"trace_id": row["trace"]}

    def latency(self) -> Iterator[Row]:
        """Courses of processes that took much longer than those of the same process and panel."""
        also = f"now.amount > exp(median) + {_WORTH_MS}"
        for row in self._far("latency", _COURSES, also, spread=str(_LOG_SPREAD)):
            of = f" of '{row['id']}'" if row["id"] else ""
            words = f"{row['type']}{of} took {row['value']:.0f} ms; {row['baseline']:.0f} ms is usual"
            yield row | {"words": words}

    def bursts(self) -> Iterator[Row]:
        """Objects that changed much more often within ten minutes than they do when they change."""
        for row in self._far("burst", _BURSTS, "now.amount > exp(median)", spread=str(2 * _LOG_SPREAD)):
            words = f"{row['type']} '{row['id']}' changed {row['value']:.0f} times within ten minutes"
            yield row | {"words": f"{words}; {row['baseline']:.0f} times is usual"}

    def values(self) -> Iterator[Row]:
        """Numbers far from what the same field of the same object mostly is."""
        spread = f"greatest({_SPREAD} * abs(median), 0.000001)"
        for row in self._far("value", _VALUES, "1", spread=spread, logarithmic=False):
            (kind, name), field = row["type"].split("\n", 1), row["id"]
            words = f"{field} of {kind} '{name}' became {row['value']:g}; {row['baseline']:g} is usual"
            yield row | {"type": kind, "id": name, "field": field, "words": words}

    def outcomes(self) -> Iterator[Row]:
        """Endings that were much more frequent in an hour than they are; never the most frequent one."""
        ends = [
            f"{schema.kind}.{name}"
            for schema in self._processes
            for name, after in schema.transitions.items()
            if name and not after
        ]
        sql = _ENDINGS.replace("COURSES", _COURSES).replace("WHEN", _SINCE)
        groups: dict[tuple[str, str], list[Row]] = {}
        for row in self._ask(sql, ends=ends):
            groups.setdefault((row["process"], row["what"]), []).append(row)
        for (process, what), rows in groups.items():
            yield from self._endings(process, what, rows)

    def _endings(self, process: str, what: str, rows: list[Row]) -> Iterator[Row]:
        totals: dict[str, int] = {}
        by_hour: dict[Any, int] = {}  # Any: a moment
        for row in rows:
            totals[row["ending"]] = totals.get(row["ending"], 0) + row["courses"]
            by_hour[row["hour"]] = by_hour.get(row["hour"], 0) + row["courses"]
        everything, most = sum(totals.values()), max(totals, key=lambda name: totals[name])
        for row in rows:
            count, hour = row["courses"], by_hour[row["hour"]]
            other = everything - hour
            start = self._values["a"]
            if row["ending"] == most or other < _ENOUGH or int(row["last"].value) < start:
                continue
            share = (totals[row["ending"]] - count + 0.5) / (other + 1)
            score = _more_often(count, hour, share)
            if score <= self._sensitivity:
                continue
            of = f" of '{what}'" if what else ""
            words = f"{count} of {hour} courses of {process}{of} ended as {row['ending']} within an hour"
            found = {"ts": row["last"], "kind": "outcome", "type": process, "id": what, "field": row["ending"]}
            found |= {"value": count / hour, "baseline": share, "threshold": share, "score": score, "known": other}
            found |= {"seasonal": False, "rev": 0, "trace_id": row["trace"]}
            yield found | {"words": f"{words}; {share:.1%} is usual"}

    def transitions(self) -> Iterator[Row]:
        """Courses of processes that went a way which their state machine does not have."""
        sql = _VIOLATIONS.replace("WHEN", _WINDOW).replace("LISTED", str(_LISTED))
        for row in self._ask(sql):
            event = json.loads(row["event"])
            found = {"ts": row["ts"], "kind": "transition", "type": row["kind"], "id": str(event.get("panel", ""))}
            found |= {"field": row["name"], "value": 1.0, "baseline": 0.0, "threshold": 0.0, "score": math.inf}
            found |= {"known": 0, "seasonal": False, "rev": 0, "trace_id": str(event.get("trace_id", ""))}
            yield found | {"words": f"{row['kind']} '{row['name']}': {row['reason']}"}

    def refusals(self) -> Iterator[Row]:
        """Kinds of which much more did not fit the schema than usual."""
        taken = {row["kind"]: row for row in self._ask(_placed(_TAKEN))}
        for row in self._ask(_placed(_REFUSED)):
            known = taken.get(row["kind"], {"taken": 0, "now": 0})
            before = row["refused"] - row["now"] + known["taken"] - known["now"]
            share = (row["refused"] - row["now"] + 0.5) / (before + 1) if before >= _ENOUGH else 0.01
            all_now = row["now"] + known["now"]
            score = _more_often(row["now"], all_now, min(share, 0.99))
            if score <= self._sensitivity:
                continue
            words = f"{row['now']} of {all_now} records of '{row['kind']}' did not fit: {row['why']}"
            found = {"ts": row["last"], "kind": "schema", "type": row["kind"], "id": "", "field": ""}
            found |= {"value": row["now"] / all_now, "baseline": share, "threshold": share, "score": score}
            yield found | {"known": before, "seasonal": False, "rev": 0, "trace_id": "", "words": words}


def _placed(sql: str) -> str:
    return sql.replace("WHEN", _SINCE).replace("WINDOW", _WINDOW)


def _more_often(count: int, of: int, share: float) -> float:
    """Return how far a count is above what a share lets expect: the signed root of the deviance, about normal."""
    expected = of * share
    if count <= expected or of == 0:
        return 0.0
    rest = of - count
    deviance = count * math.log(count / expected) + (rest * math.log(rest / (of - expected)) if rest else 0.0)
    return math.sqrt(2 * deviance)
