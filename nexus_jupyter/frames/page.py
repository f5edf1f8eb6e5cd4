"""A part of a query's rows."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from dataclasses import dataclass

import pyarrow as pa

from nexus_jupyter.frames.arrow import ZONE, column_kind
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.pages import Drawn
from nexus_jupyter.protocol.types import MAX_SAFE_INTEGER

__all__ = ["FrameColumn", "Page", "plain"]


@dataclass(frozen=True, slots=True)
class FrameColumn:
    """A column: its name, one of str, int, float, bool, date, and the zone whose clocks its moments are read from."""

    name: str
    type: str
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, how many there are in all, the numbers asked for, in that order, and what a chart draws."""

    table: pa.Table
    total: int
    aggregates: list[JsonValue]
    marks: Drawn | None = None

    def columns(self) -> list[FrameColumn]:
        """Return the columns."""
        return [FrameColumn(field.name, column_kind(field.type), _zone(field)) for field in self.table.schema]

    def rows(self) -> list[JsonValue]:
        """Return the rows as JSON records; dates as ISO text, what is no number as null."""
        return [{name: plain(value) for name, value in row.items()} for row in self.table.to_pylist()]

    def arrow(self) -> bytes:
        """Return the rows as an Arrow IPC stream."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as writer:
            writer.write_table(self.table)
        return bytes(sink.getvalue())


def _zone(field: pa.Field) -> str | None:
    found = (field.metadata or {}).get(ZONE)
    return None if found is None else found.decode()


def plain(value: object) -> JsonValue:
    """Return a database value as JSON."""
    match value:
        case None | bool() | str():
            return value
        case int():
            # As in the browser's rows: a number that JavaScript would round is its digits.
            return value if abs(value) <= MAX_SAFE_INTEGER else str(value)
        case float():
            return value if math.isfinite(value) else None
        case decimal.Decimal():
            return float(value)
        case dt.datetime():
            return _moment(value)
        case dt.date():
            return value.isoformat()
        case _:
            return str(value)


def _moment(value: dt.datetime) -> str:
    """Return a moment as the browser writes it: the day alone at midnight, else UTC with milliseconds if there are."""
    if value.tzinfo is not None:
        value = value.astimezone(dt.UTC).replace(tzinfo=None)
    if value.hour == value.minute == value.second == 0 and value.microsecond < 1000:  # noqa: PLR2004 - microseconds
        return value.date().isoformat()
    milliseconds = value.microsecond // 1000
    return value.isoformat(timespec="milliseconds" if milliseconds else "seconds") + "Z"
