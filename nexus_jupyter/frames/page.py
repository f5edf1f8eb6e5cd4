"""A part of a query's rows."""

from __future__ import annotations

import datetime as dt
import decimal
import math
from dataclasses import dataclass

import pyarrow as pa

from nexus_jupyter.protocol.base import JsonValue

__all__ = ["FrameColumn", "Page", "column_kind", "plain"]


@dataclass(frozen=True, slots=True)
class FrameColumn:
    """A column: its name, and one of str, int, float, bool, date."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Page:
    """Rows, how many there are in all, and the numbers that were asked for, in that order."""

    table: pa.Table
    total: int
    aggregates: list[JsonValue]

    def columns(self) -> list[FrameColumn]:
        """Return the columns."""
        return [FrameColumn(field.name, column_kind(field.type)) for field in self.table.schema]

    def rows(self) -> list[JsonValue]:
        """Return the rows as JSON records; dates as ISO text, what is no number as null."""
        return [{name: plain(value) for name, value in row.items()} for row in self.table.to_pylist()]

    def arrow(self) -> bytes:
        """Return the rows as an Arrow IPC stream."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self.table.schema) as writer:
            writer.write_table(self.table)
        return bytes(sink.getvalue())


def column_kind(kind: pa.DataType) -> str:
    """Return what a column of an Arrow type is to a panel."""
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "float"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "date"
    return "str"


def plain(value: object) -> JsonValue:
    """Return a database value as JSON."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case decimal.Decimal():
            return float(value)
        case dt.datetime():
            midnight = value.time() == dt.time(0)
            return value.date().isoformat() if midnight else value.isoformat()
        case dt.date():
            return value.isoformat()
        case _:
            return str(value)
