"""Taking a person out of the history, and dropping what is too old to be asked for."""

from __future__ import annotations

from typing import Any

from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.intake import FORGOTTEN, Intake, digest_of

__all__ = ["forget", "retain"]

#: Deletions are done when they return.
_NOW = " SETTINGS mutations_sync = 2"
_HOURLY = """
INSERT INTO twin_hourly
SELECT workspace_id, object_type, object_id, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, field,
       argMaxState((toString(op), value, toString(actor_id), cause, ts, seq, schema_ver), (ts, seq))
FROM twin_changes WHERE workspace_id = {w:String} GROUP BY workspace_id, object_type, object_id, hour, field
"""
_MINE = "workspace_id = {w:String}"


def forget(database: Database, intake: Intake, workspace: str, user: str) -> None:
    """Take a person out of every table: what they did stays, without who they were.

    Their own object goes with its history; where their id was a field or an attribute, it is replaced. What the journal
    brings later is treated the same. The journal itself is not changed.
    """
    values = {"w": workspace, "u": user, "f": FORGOTTEN, "q": f'"{user}"', "g": f'"{FORGOTTEN}"'}
    note = "INSERT INTO trilog_erased (workspace_id, digest) VALUES ({w:String}, {d:String})"
    database.command(note, {"w": workspace, "d": digest_of(user)})
    intake.forget(user)
    own = f"{_MINE} AND object_type = 'User' AND object_id = {{u:String}}"
    for table in ("twin_changes", "twin_timeline"):
        database.command(f"ALTER TABLE {table} DELETE WHERE {own}{_NOW}", values)
        _update(database, table, "actor_id = {f:String}", "actor_id = {u:String}", values)
        _update(database, table, "value = {g:String}", "object_type != 'Panel' AND value = {q:String}", values)
    database.command(f"ALTER TABLE trace_index DELETE WHERE {own}{_NOW}", values)
    _update(database, "process_steps", "actor_id = {f:String}", "actor_id = {u:String}", values)
    inside = "has(mapValues(attributes), {u:String})"
    _update(database, "process_steps", f"attributes = {_masked('attributes')}", inside, values)
    for table, column, key in (
        ("otel_traces", "SpanAttributes", "nexus.workspace"),
        ("otel_logs", "LogAttributes", "nexus.workspace.id"),
    ):
        named = f"hasAny(mapValues({column}), [{{u:String}}, {{q:String}}])"
        mine = f"{column}['{key}'] = {{w:String}} AND {named}"
        database.command(f"ALTER TABLE {table} UPDATE {column} = {_masked(column)} WHERE {mine}{_NOW}", values)
    quoted = "position(event, {u:String}) > 0 OR name = {u:String}"
    database.command(f"ALTER TABLE twin_quarantine DELETE WHERE {_MINE} AND ({quoted}){_NOW}", values)
    _remake(database, workspace)


def retain(database: Database, workspace: str, rev: int, ts: int) -> None:
    """Drop what was over before a time. The state at any moment from then on stays what it is.

    Parameters
    ----------
    database, workspace
        Whose history it is.
    rev
        How far the journal is taken in, so that dropped rows are not read again.
    ts
        The time.
    """
    values = {"w": workspace, "ts": ts, "r": rev}
    database.command("INSERT INTO trilog_cursor (workspace_id, rev) VALUES ({w:String}, {r:UInt64})", values)
    old = f"{_MINE} AND ts < fromUnixTimestamp64Nano({{ts:Int64}}, 'UTC')"
    for table in ("twin_changes", "twin_timeline"):
        last = f"""
        SELECT object_type, object_id, field, max((ts, seq)) FROM {table} WHERE {old}
        GROUP BY object_type, object_id, field
        """  # noqa: S608 - constants
        over = f"(object_type, object_id, field, (ts, seq)) NOT IN ({last})"
        database.command(f"ALTER TABLE {table} DELETE WHERE {old} AND {over}{_NOW}", values)
    for table in ("trace_index", "process_steps", "twin_quarantine"):
        database.command(f"ALTER TABLE {table} DELETE WHERE {old}{_NOW}", values)
    for table, column, key in (
        ("otel_traces", "SpanAttributes", "nexus.workspace"),
        ("otel_logs", "LogAttributes", "nexus.workspace.id"),
    ):
        before = f"Timestamp < fromUnixTimestamp64Nano({{ts:Int64}}) AND {column}['{key}'] = {{w:String}}"
        database.command(f"ALTER TABLE {table} DELETE WHERE {before}{_NOW}", values)
    _remake(database, workspace)


def _remake(database: Database, workspace: str) -> None:
    """Make the rollup again from the facts, and let go of all checkpoints; the next intake makes new ones."""
    for table in ("twin_hourly", "twin_checkpoints", "twin_checkpoint"):
        database.command(f"ALTER TABLE {table} DELETE WHERE {_MINE}{_NOW}", {"w": workspace})
    database.command(_HOURLY, {"w": workspace})


def _update(database: Database, table: str, what: str, where: str, values: dict[str, Any]) -> None:  # Any: SQL types
    database.command(f"ALTER TABLE {table} UPDATE {what} WHERE {_MINE} AND {where}{_NOW}", values)


def _masked(column: str) -> str:
    return (
        f"mapApply((k, v) -> (k, multiIf(v = {{u:String}}, {{f:String}}, v = {{q:String}}, {{g:String}}, v)), {column})"
    )
