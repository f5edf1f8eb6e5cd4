"""States of the whole workspace, kept at moments, so that the state at any later one need not start from nothing."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from nexus_jupyter.trilog.database import Database

__all__ = ["Checkpoints"]

_STATE = """
SELECT object_type, object_id, field, argMax((op, value, ts, seq, actor), (ts, seq)) AS last
FROM (
  SELECT object_type, object_id, name AS field, one.op AS op, one.value AS value, one.ts AS ts, one.seq AS seq,
         one.actor AS actor
  FROM twin_checkpoint ARRAY JOIN mapKeys(state) AS name, mapValues(state) AS one
  WHERE workspace_id = {w:String} AND ck_ts = fromUnixTimestamp64Nano({k:Int64}, 'UTC')
    AND made_at = fromUnixTimestamp64Milli({m:Int64}, 'UTC')
    AND ({t:String} = '' OR object_type = {t:String})
  UNION ALL
  SELECT object_type, object_id, field, op, value, ts, seq, actor_id
  FROM twin_timeline
  WHERE workspace_id = {w:String} AND ts > fromUnixTimestamp64Nano({k:Int64}, 'UTC')
    AND ts <= fromUnixTimestamp64Nano({ts:Int64}, 'UTC') AND ({t:String} = '' OR object_type = {t:String})
  UNION ALL
  SELECT object_type, object_id, field, op, value, ts, seq, actor_id
  FROM twin_timeline
  WHERE workspace_id = {w:String} AND ts <= fromUnixTimestamp64Nano({k:Int64}, 'UTC')
    AND recorded_at >= fromUnixTimestamp64Milli({m:Int64}, 'UTC') AND {m:Int64} > 0
    AND ({t:String} = '' OR object_type = {t:String})
)
GROUP BY object_type, object_id, field
"""
_BUILD = f"""
INSERT INTO twin_checkpoint
SELECT {{w:String}}, fromUnixTimestamp64Nano({{ts:Int64}}, 'UTC'), fromUnixTimestamp64Milli({{now:Int64}}, 'UTC'),
       object_type, object_id,
       CAST((groupArray(field), groupArray(last)),
            'Map(LowCardinality(String),
                 Tuple(op String, value String, ts DateTime64(9, ''UTC''), seq UInt64, actor String))')
FROM ({_STATE}) GROUP BY object_type, object_id
"""  # noqa: S608 - put together from constants


class Checkpoints:
    """Keeps states and answers what everything was at a moment.

    What arrives late, after a checkpoint of a later moment was made, is found by when it was recorded, and counts.

    Parameters
    ----------
    database
        Where they are kept.
    workspace
        Whose state it is.
    """

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._workspace = workspace

    def state(self, ts: int, kind: str | None = None) -> pa.Table:
        """Return all fields of all objects at a moment: type, id, field, value, since, rev, actor."""
        sql = f"""
        SELECT object_type AS type, object_id AS id, field, last.2 AS value, last.3 AS since,
               if(last.4 < 4294967296, last.4, 0) AS rev,
               last.5 AS actor
        FROM ({_STATE}) WHERE last.1 = 'set' ORDER BY type, id, field
        """  # noqa: S608 - put together from constants
        return self._database.table(sql, self._parameters(ts, kind))

    def write(self, ts: int) -> None:
        """Keep the state at a moment."""
        now = int(self._database.rows("SELECT toUnixTimestamp64Milli(now64(3))")[0][0])
        self._database.command(_BUILD, {**self._parameters(ts, None), "now": now})
        facts = self._database.rows(
            "SELECT count() FROM twin_checkpoint WHERE workspace_id = {w:String} "
            "AND ck_ts = fromUnixTimestamp64Nano({ts:Int64}, 'UTC')",
            {"w": self._workspace, "ts": ts},
        )[0][0]
        self._database.command(
            "INSERT INTO twin_checkpoints SELECT {w:String}, fromUnixTimestamp64Nano({ts:Int64}, 'UTC'), "
            "fromUnixTimestamp64Milli({now:Int64}, 'UTC'), {n:UInt64}",
            {"w": self._workspace, "ts": ts, "now": now, "n": int(facts)},
        )

    def newest(self) -> int:
        """Return the moment of the newest one, 0 when there is none."""
        return self._before(2**63 - 1)[0]

    def _before(self, ts: int) -> tuple[int, int]:
        """Return the moment of the newest checkpoint up to a time, and when it was made; zeros when there is none."""
        rows = self._database.rows(
            """
            SELECT toUnixTimestamp64Nano(ck_ts), toUnixTimestamp64Milli(made_at) FROM twin_checkpoints
            WHERE workspace_id = {w:String} AND ck_ts <= fromUnixTimestamp64Nano({ts:Int64}, 'UTC')
            ORDER BY ck_ts DESC, made_at DESC LIMIT 1
            """,
            {"w": self._workspace, "ts": ts},
        )
        return (int(rows[0][0]), int(rows[0][1])) if rows else (0, 0)

    def _parameters(self, ts: int, kind: str | None) -> dict[str, Any]:  # Any: values of SQL types
        moment, made = self._before(ts)
        return {"w": self._workspace, "ts": ts, "k": moment, "m": made, "t": kind or ""}
