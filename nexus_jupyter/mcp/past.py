"""Tools that ask TriLog: what was, since when, what is different, and why. All of them read; rows are bounded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime

import pyarrow as pa
from pydantic import Field

from nexus_jupyter.mcp.caller import Caller
from nexus_jupyter.mcp.tool import WorkspaceTool
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.trilog import PRESENT, CauseOf, TriLogQuestion, TwinAt, TwinDiff, TwinHistory

__all__ = ["PAST"]

#: Rows that one answer has at most.
_MOST = 200
_MOMENT = "A time as 2026-11-23T14:30, local without a time zone; or 'now'."
_ROWS = Field(default=50, ge=1, le=_MOST, description="How many rows at most.")


class _Object(Contract):
    id: str = Field(description="The object's id: for a panel, its name.")
    type: str = Field(default="Panel", description="The kind of twin: Panel, Frame, or one that was registered.")


class _At(_Object):
    at: str = Field(default="now", description=_MOMENT)
    rows: int = _ROWS


class _History(_Object):
    field: str | None = Field(default=None, description="Such as state.count, title or value.label; all when left out.")
    start: str | None = Field(default=None, description=_MOMENT)
    end: str | None = Field(default=None, description=_MOMENT)
    rows: int = _ROWS


class _Diff(Contract):
    start: str = Field(description=_MOMENT)
    end: str = Field(default="now", description=_MOMENT)
    id: str | None = Field(default=None, description="The object's id; all of the type when left out.")
    type: str = "Panel"
    rows: int = _ROWS


class _Cause(Contract):
    rev: int | None = Field(default=None, description="Of a change; see nexus_journal.")
    id: str | None = Field(default=None, description="Of a run or a trace.")
    rows: int = _ROWS


def nanoseconds(moment: str) -> int:
    """Return a time in nanoseconds since the epoch.

    Raises
    ------
    RequestError
        If it is no time.

    Examples
    --------
    >>> nanoseconds("2026-01-01T00:00+00:00")
    1767225600000000000
    """
    if moment == "now":
        return PRESENT
    try:
        counted = int(datetime.fromisoformat(moment).timestamp() * 1_000_000) * 1000
    except (ValueError, OverflowError) as error:
        raise RequestError(f"'{moment[:40]}' is no time.", hint="Write it like 2026-11-23T14:30.") from error
    # Nothing was before the one, and all is as it is now after the other.
    return max(-PRESENT, min(counted, PRESENT))


def _at(caller: Caller, wish: _At) -> tuple[str, JsonValue]:
    question = TwinAt(type=wish.type, id=wish.id, ts=nanoseconds(wish.at))
    return f"'{wish.id}' as it was", _answer(caller, question, wish.rows)


def _history(caller: Caller, wish: _History) -> tuple[str, JsonValue]:
    start, end = (nanoseconds(one) if one is not None else None for one in (wish.start, wish.end))
    question = TwinHistory(type=wish.type, id=wish.id, field=wish.field, start=start, end=end)
    return f"What '{wish.id}' was, and when", _answer(caller, question, wish.rows, newest=True)


def _diff(caller: Caller, wish: _Diff) -> tuple[str, JsonValue]:
    question = TwinDiff(type=wish.type, id=wish.id, start=nanoseconds(wish.start), end=nanoseconds(wish.end))
    return "What is different", _answer(caller, question, wish.rows)


def _cause(caller: Caller, wish: _Cause) -> tuple[str, JsonValue]:
    if (wish.rev is None) == (wish.id is None):
        raise RequestError("Give either a rev, or the id of a run or a trace.")
    question = CauseOf(rev=wish.rev) if wish.rev is not None else CauseOf(trace_id=wish.id, run=wish.id)
    found = _answer(caller, question, wish.rows)
    return "What began it, and what came of it; each names its parent", found


def _answer(caller: Caller, question: TriLogQuestion, rows: int, *, newest: bool = False) -> dict[str, JsonValue]:
    table = caller.kernel.trilog.ask(question)
    shown = table.slice(max(0, table.num_rows - rows)) if newest else table.slice(0, rows)
    return {"rows": _rows(shown), "total": table.num_rows}


def _rows(table: pa.Table) -> list[JsonValue]:
    return [{name: _value(name, value) for name, value in row.items() if value is not None} for row in _read(table)]


def _read(table: pa.Table) -> list[Mapping[str, object]]:
    # Arrow's nanoseconds are more than Python's times hold.
    columns = [
        column.cast(pa.timestamp("us", "UTC"), safe=False) if pa.types.is_timestamp(column.type) else column
        for column in table.columns
    ]
    found: list[Mapping[str, object]] = pa.table(columns, names=table.column_names).to_pylist()
    return found


def _value(name: str, value: object) -> JsonValue:
    if isinstance(value, datetime):
        return value.isoformat()
    if name in {"value", "before", "after"} and isinstance(value, str) and value:
        decoded: JsonValue = json.loads(value)
        return decoded
    return value if isinstance(value, str | int | float | bool) else str(value)


#: Tools about the past, by name.
PAST: Mapping[str, WorkspaceTool] = {
    "nexus_twin_at": WorkspaceTool(
        "history.ask", "Tell the state of a panel, or of another object, at a moment, field by field.", _At, _at
    ),
    "nexus_history": WorkspaceTool(
        "history.ask",
        "Tell which values a field had, from when to when, set by whom; the newest rows.",
        _History,
        _history,
    ),
    "nexus_diff": WorkspaceTool(
        "history.ask", "Tell what is different between two moments: before, after, by whom, through what.", _Diff, _diff
    ),
    "nexus_cause": WorkspaceTool(
        "history.ask", "Tell what led to a change, a run or an error, and all that came of it.", _Cause, _cause
    ),
}
