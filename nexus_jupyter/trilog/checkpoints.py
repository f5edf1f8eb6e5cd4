"""States of the whole workspace, kept at moments, so that the state at any later one need not start from nothing."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from nexus_jupyter.trilog.database import Database

__all__ = ["Checkpoints"]


_FACT = "object_type, object_id, field, op, value, ts, seq, actor_id, cause, schema_ver"
_LATE = f"""
  UNION ALL
  SELECT {_FACT} FROM twin_timeline
  PREWHERE workspace_id = {{w:String}} AND ts <= fromUnixTimestamp64Nano({{k:Int64}}, 'UTC')
    AND recorded_at >= fromUnixTimestamp64Milli({{m:Int64}}, 'UTC')
"""  # noqa: S608 - put together from constants, as those below
#: Facts between two checkpoints; if the state itself is larger, as many as it has fields, so that keeping costs little.
EVERY = 20_000


def _known(facts: str, objects: str, *, late: bool) -> str:
    """Return the query for what a state is made of: a checkpoint, what came since, and what came late.

    The other columns are read where the conditions hold, and the engine need not find out which ones to read first.
    """
    return f"""
  SELECT {_FACT} FROM twin_checkpoint
  PREWHERE workspace_id = {{w:String}} AND ck_ts = fromUnixTimestamp64Nano({{k:Int64}}, 'UTC')
    AND made_at = fromUnixTimestamp64Milli({{m:Int64}}, 'UTC') {objects}
  UNION ALL
  SELECT {_FACT} FROM {facts}
  PREWHERE workspace_id = {{w:String}} AND ts > fromUnixTimestamp64Nano({{k:Int64}}, 'UTC')
    AND ts <= fromUnixTimestamp64Nano({{ts:Int64}}, 'UTC') {objects}
  {f"{_LATE} {objects}" if late else ""}
"""  # noqa: S608


def _state(objects: str, *, late: bool) -> str:
    """Return the query for what every field was last."""
    return f"""
SELECT {_FACT} FROM ({_known("twin_timeline", objects, late=late)})
ORDER BY ts DESC, seq DESC LIMIT 1 BY object_type, object_id, field
"""  # noqa: S608


_KIND = "AND object_type = {t:String}"
_ONE = "AND object_type = {t:String} AND object_id = {i:String}"
#: What was recorded beside the journal has no rev.
_COLUMNS = "value, ts AS since, if(seq < 4294967296, seq, 0) AS rev, actor_id AS actor"


@dataclass(slots=True)
class _Made:
    """A checkpoint: its moment, when it was made, and whether this process took in anything older since."""

    ts: int
    at: int = 0
    late: bool = False


class Checkpoints:
    """Keeps states and answers what everything was at a moment.

    What arrives late, after a checkpoint of a later moment was made, is found by when it was recorded, and counts.

    Parameters
    ----------
    database
        Where they are kept.
    workspace
        Whose state it is.
    shared
        Whether others write to the database, too, so that something late may be there at any time.
    least
        Facts between two, at least.
    """

    def __init__(self, database: Database, workspace: str, *, shared: bool, least: int = EVERY) -> None:
        self._database = database
        self._workspace = workspace
        self._shared = shared
        self._least = least
        #: Facts until the next one is due.
        self.every = least
        self._made: list[_Made] = []
        self.look_again()

    def look_again(self) -> None:
        """Take note of the checkpoints that there are."""
        rows = self._database.rows(
            """
            SELECT toUnixTimestamp64Nano(ck_ts), toUnixTimestamp64Milli(max(made_at)) FROM twin_checkpoints
            WHERE workspace_id = {w:String} GROUP BY ck_ts ORDER BY ck_ts
            """,
            {"w": self._workspace},
        )
        self._made = [_Made(int(ts), int(at)) for ts, at in rows]
        self._find_late()
        self._count()

    def arrived(self, oldest: int) -> None:
        """Take note that facts from a time on were taken in."""
        for made in self._made:
            if made.ts >= oldest:
                made.late = True

    def state(self, ts: int, kind: str | None = None) -> pa.Table:
        """Return all fields of all objects at a moment: type, id, field, value, since, rev, actor."""
        values, late = self._from(ts)
        sql = f"""
        SELECT object_type AS type, object_id AS id, field, {_COLUMNS}
        FROM ({_state(_KIND if kind else "", late=late)}) WHERE op = 'set'
        ORDER BY type, id, field
        """  # noqa: S608
        return self._database.table(sql, {**values, "t": kind or ""})

    def object(self, kind: str, name: str, ts: int) -> pa.Table:
        """Return the fields of one object at a moment: field, value, since, rev, actor, cause, version."""
        values, late = self._from(ts)
        # The fewer the steps, the sooner the engine has planned them, which takes longer here than carrying them out.
        sql = f"""
        SELECT field, {_COLUMNS}, cause, schema_ver AS version, op FROM ({_known("twin_changes", _ONE, late=late)})
        ORDER BY ts DESC, seq DESC LIMIT 1 BY field
        """  # noqa: S608
        table = self._database.table(sql, {**values, "t": kind, "i": name}, short=True)
        return table.filter(pc.equal(table["op"], "set")).drop_columns(["op"]).sort_by("field")

    def write(self, ts: int) -> None:
        """Keep the state at a moment, and count its fields."""
        now = int(self._database.rows("SELECT toUnixTimestamp64Milli(now64(3))")[0][0])
        values, late = self._from(ts)
        build = f"""
        INSERT INTO twin_checkpoint
        SELECT {{w:String}}, fromUnixTimestamp64Nano({{ts:Int64}}, 'UTC'),
               fromUnixTimestamp64Milli({{now:Int64}}, 'UTC'), {_FACT}
        FROM ({_state("", late=late)})
        """  # noqa: S608
        self._database.command(build, {**values, "now": now})
        self._database.command(
            """
            INSERT INTO twin_checkpoints
            SELECT {w:String}, fromUnixTimestamp64Nano({ts:Int64}, 'UTC'), fromUnixTimestamp64Milli({now:Int64}, 'UTC'),
                   count() FROM twin_checkpoint
            WHERE workspace_id = {w:String} AND ck_ts = fromUnixTimestamp64Nano({ts:Int64}, 'UTC')
            """,
            {"w": self._workspace, "ts": ts, "now": now},
        )
        self._made = [*(made for made in self._made if made.ts != ts), _Made(ts, now)]
        self._made.sort(key=lambda made: made.ts)
        self._count()

    def fill(self) -> None:
        """Make checkpoints all along a history that has none, such as after erasure."""
        if self._made:
            return
        minutes = self._database.rows(
            """
            SELECT count(), toUnixTimestamp64Nano(max(ts)) AS last FROM twin_timeline
            WHERE workspace_id = {w:String} AND ts <= now64(9) GROUP BY toStartOfMinute(ts) ORDER BY last
            """,
            {"w": self._workspace},
        )
        facts = 0
        for count, last in minutes:
            facts += int(count)
            if facts >= self.every:
                self.write(int(last))
                facts = 0

    def _count(self) -> None:
        fields = "SELECT argMax(facts, made_at) FROM twin_checkpoints WHERE workspace_id = {w:String} GROUP BY ck_ts "
        found = self._database.rows(f"{fields} ORDER BY ck_ts DESC LIMIT 1", {"w": self._workspace})
        self.every = max(self._least, int(found[0][0])) if found else self._least

    def _from(self, ts: int) -> tuple[dict[str, Any], bool]:  # Any: values of SQL types
        """Return what the queries take, the newest checkpoint up to a time with it, and whether any came late."""
        after = bisect_right(self._made, ts, key=lambda made: made.ts)
        made = self._made[after - 1] if after else _Made(0)
        return {"w": self._workspace, "ts": ts, "k": made.ts, "m": made.at}, made.late or (self._shared and made.ts > 0)

    def _find_late(self) -> None:
        """Find out of which checkpoints something older was recorded after they were made."""
        if self._shared or not self._made:
            return
        newest = self._database.rows(
            """
            SELECT roundDown(toUnixTimestamp64Nano(ts) - 1, {k:Array(Int64)}) AS after,
                   toUnixTimestamp64Milli(max(recorded_at))
            FROM twin_timeline WHERE workspace_id = {w:String} GROUP BY after
            """,
            {"w": self._workspace, "k": [0, *(made.ts for made in self._made)]},
        )
        recorded = {int(after): int(at) for after, at in newest}
        seen, before = 0, 0
        for made in self._made:
            seen = max(seen, recorded.get(before, 0))
            made.late = seen >= made.at
            before = made.ts
