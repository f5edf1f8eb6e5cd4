"""Answers about objects: what they were, how they became it, and what is different."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.trilog import ReplayBetween, RevAt, TwinAt, TwinDiff, TwinHistory, WorkspaceAt
from nexus_jupyter.storage import Journal
from nexus_jupyter.trilog.checkpoints import Checkpoints
from nexus_jupyter.trilog.database import Database

__all__ = ["Answers"]

#: Facts of a hot object, and how many each row of its rollup stands for.
_HOT, _DENSE = 20_000, 20
_TIME = pa.timestamp("ns", "UTC")
_OBJECT = "workspace_id = {w:String} AND object_type = {t:String} AND object_id = {i:String}"
_UNTIL = "ts <= fromUnixTimestamp64Nano({ts:Int64}, 'UTC')"
#: What was recorded beside the journal has no rev.
_REV = "if(seq < 4294967296, seq, 0) AS rev"
_LAST = "(toString(op), value, toString(actor_id), cause, ts, seq, schema_ver), (ts, seq)"
#: The hours that are over before a moment from their rollup, the hour that it is in from the facts.
_AT = f"""
SELECT field, last.2 AS value, last.5 AS since,
       if(last.6 < 4294967296, last.6, 0) AS rev, last.3 AS actor, last.4 AS cause, last.7 AS version
FROM (
  SELECT field, argMaxMerge(state) AS last FROM (
    SELECT field, last AS state FROM twin_hourly
    WHERE {_OBJECT} AND hour < toStartOfHour(toDateTime(fromUnixTimestamp64Nano({{ts:Int64}}, 'UTC'), 'UTC'))
    UNION ALL
    SELECT field, argMaxState({_LAST}) AS state FROM twin_changes
    WHERE {_OBJECT} AND {_UNTIL}
      AND ts >= toStartOfHour(toDateTime(fromUnixTimestamp64Nano({{ts:Int64}}, 'UTC'), 'UTC'))
    GROUP BY field
  ) GROUP BY field
) WHERE last.1 = 'set' ORDER BY field
"""  # noqa: S608 - put together from constants, as those below
_KNOWN_AT = f"""
SELECT field, last.2 AS value, last.5 AS since,
       if(last.6 < 4294967296, last.6, 0) AS rev, last.3 AS actor, last.4 AS cause, last.7 AS version
FROM (
  SELECT field, argMax({_LAST}) AS last FROM twin_changes
  WHERE {_OBJECT} AND {_UNTIL} AND recorded_at <= fromUnixTimestamp64Milli({{by:Int64}}, 'UTC') GROUP BY field
) WHERE last.1 = 'set' ORDER BY field
"""  # noqa: S608


class Answers:
    """Asks the database.

    Parameters
    ----------
    database, checkpoints
        What is asked.
    journal
        Says which rev a moment had.
    workspace
        Whose history it is.
    """

    def __init__(self, database: Database, checkpoints: Checkpoints, journal: Journal, workspace: str) -> None:
        self._database = database
        self._checkpoints = checkpoints
        self._journal = journal
        self._workspace = workspace
        self.hot: set[tuple[str, str]] = set()
        self._looked_at = 0
        self.look_for_hot()

    def look_for_hot(self) -> None:
        """Find the objects whose fields change so often within an hour that their rollup is much the shorter way.

        All facts are looked at, so it is done again only when there are half as many more.
        """
        counted = "SELECT count() FROM twin_changes WHERE workspace_id = {w:String}"
        facts = int(self._database.rows(counted, {"w": self._workspace})[0][0])
        if facts < 1.5 * self._looked_at:
            return
        self._looked_at = facts
        rows = self._database.rows(
            """
            SELECT object_type, object_id FROM twin_changes WHERE workspace_id = {w:String}
            GROUP BY object_type, object_id
            HAVING count() >= {n:UInt64} AND count() >= {d:UInt64} * uniq(toStartOfHour(toDateTime(ts, 'UTC')), field)
            """,
            {"w": self._workspace, "n": _HOT, "d": _DENSE},
        )
        self.hot = {(str(row[0]), str(row[1])) for row in rows}

    def at(self, question: TwinAt) -> pa.Table:
        """Return an object's fields at a moment."""
        values = {"w": self._workspace, "t": question.type, "i": question.id, "ts": question.ts}
        if question.recorded_by is None:
            if (question.type, question.id) in self.hot:
                return self._database.table(_AT, values)
            return self._checkpoints.object(question.type, question.id, question.ts)
        return self._database.table(_KNOWN_AT, {**values, "by": question.recorded_by // 1_000_000})

    def history(self, question: TwinHistory) -> pa.Table:
        """Return the intervals of an object's fields."""
        rows = self._database.table(
            f"""
            SELECT field, op, value, ts AS valid_from, {_REV}, actor_id AS actor, cause, recorded_at
            FROM twin_changes
            WHERE {_OBJECT}
              AND ({{f:String}} = '' OR field = {{f:String}} OR startsWith(field, concat({{f:String}}, '.')))
              AND ({{b:Int64}} = 0 OR ts <= fromUnixTimestamp64Nano({{b:Int64}}, 'UTC'))
            ORDER BY field, ts, seq, recorded_at LIMIT 1 BY field, ts, seq
            """,  # noqa: S608
            {
                "w": self._workspace,
                "t": question.type,
                "i": question.id,
                "f": question.field or "",
                "b": question.end or 0,
            },
        ).to_pylist()
        intervals = []
        for row, following in zip(rows, [*rows[1:], None] if rows else [], strict=True):
            ends = following is not None and following["field"] == row["field"]
            row["valid_to"] = following["valid_from"] if ends and following is not None else None
            over = row["valid_to"] is not None and question.start is not None and _ns(row["valid_to"]) <= question.start
            if row.pop("op") == "set" and not over:
                intervals.append(row)
        types = {"field": pa.string(), "value": pa.string(), "valid_from": _TIME, "valid_to": _TIME}
        types |= {"rev": pa.uint64(), "actor": pa.string(), "cause": pa.string()}
        types |= {"recorded_at": pa.timestamp("ms", "UTC")}
        return pa.table({name: pa.array([row[name] for row in intervals], kind) for name, kind in types.items()})

    def workspace_at(self, question: WorkspaceAt) -> pa.Table:
        """Return all fields of all objects at a moment."""
        return self._checkpoints.state(question.ts, question.type)

    def rev_at(self, question: RevAt) -> pa.Table:
        """Return the newest rev of the journal at a moment, and its time; the times grow with the revs."""
        low, high = self._journal.base.rev, self._journal.last_rev()
        ts = self._journal.base.ts
        while low < high:
            middle = (low + high + 1) // 2
            mark = self._journal.mark(middle)
            if mark is not None and mark.ts <= question.ts:
                low, ts = middle, mark.ts
            else:
                high = middle - 1
        return pa.table({"rev": pa.array([low], pa.uint64()), "ts": pa.array([ts], _TIME)})

    def diff(self, question: TwinDiff) -> pa.Table:
        """Return what is different between two moments, field by field, with the last change of each."""
        before, after = (self._state(question, ts) for ts in (question.start, question.end))
        changed = self._changed(question)
        columns: dict[str, list[Any]] = {name: [] for name in _DIFF}  # Any: values of several types
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) == after.get(key):
                continue
            last = changed.get(key, {})
            row = {"id": key[0], "field": key[1], "before": before.get(key), "after": after.get(key)}
            row |= {name: last.get(name) for name in ("changes", "ts", "rev", "actor", "cause", "trace_id")}
            for name, value in row.items():
                columns[name].append(value)
        return pa.table({name: pa.array(columns[name], kind) for name, kind in _DIFF.items()})

    def replay(self, question: ReplayBetween) -> pa.Table:
        """Return the facts between two moments, in order."""
        return self._database.table(
            """
            SELECT ts, if(seq < 4294967296, seq, 0) AS rev, object_type AS type, object_id AS id, field, op, value,
                   actor_id AS actor
            FROM twin_timeline
            WHERE workspace_id = {w:String} AND ts > fromUnixTimestamp64Nano({a:Int64}, 'UTC')
              AND ts <= fromUnixTimestamp64Nano({b:Int64}, 'UTC')
              AND ({t:String} = '' OR object_type = {t:String}) AND ({i:String} = '' OR object_id = {i:String})
            ORDER BY ts, seq, type, id, field LIMIT 1 BY ts, seq, type, id, field
            """,
            {
                "w": self._workspace,
                "a": question.start,
                "b": question.end,
                "t": question.type or "",
                "i": question.id or "",
            },
        )

    def _state(self, question: TwinDiff, ts: int) -> dict[tuple[str, str], str]:
        if question.id is None:
            rows = self._checkpoints.state(ts, question.type).to_pylist()
            return {(row["id"], row["field"]): row["value"] for row in rows}
        table = self.at(TwinAt(type=question.type, id=question.id, ts=ts))
        return {(question.id, row["field"]): row["value"] for row in table.to_pylist()}

    def _changed(self, question: TwinDiff) -> dict[tuple[str, str], dict[str, Any]]:  # Any: values of several types
        rows = self._database.table(
            """
            SELECT object_id AS id, field, uniqExact(ts, seq) AS changes, max(ts) AS last_ts,
                   if(argMax(seq, (ts, seq)) < 4294967296, argMax(seq, (ts, seq)), 0) AS rev,
                   argMax(actor_id, (ts, seq)) AS actor,
                   argMax(cause, (ts, seq)) AS cause, argMax(trace_id, (ts, seq)) AS trace_id
            FROM twin_changes
            WHERE workspace_id = {w:String} AND object_type = {t:String} AND ({i:String} = '' OR object_id = {i:String})
              AND ts > fromUnixTimestamp64Nano({a:Int64}, 'UTC') AND ts <= fromUnixTimestamp64Nano({b:Int64}, 'UTC')
            GROUP BY id, field
            """,
            {
                "w": self._workspace,
                "t": question.type,
                "i": question.id or "",
                "a": question.start,
                "b": question.end,
            },
        ).to_pylist()
        return {(row["id"], row["field"]): {**row, "ts": row["last_ts"]} for row in rows}


_DIFF = {"id": pa.string(), "field": pa.string(), "before": pa.string(), "after": pa.string()}
_DIFF |= {"changes": pa.uint64(), "ts": _TIME, "rev": pa.uint64(), "actor": pa.string(), "cause": pa.string()}
_DIFF |= {"trace_id": pa.string()}


def _ns(moment: Any) -> int:  # Any: pandas' time, or datetime's
    value = getattr(moment, "value", None)
    return int(value) if value is not None else int(moment.timestamp() * 1e9)
