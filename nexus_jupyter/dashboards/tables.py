"""Any table as one that a panel can read: plain values, names that expressions take, and what had to be left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from nexus_jupyter.arrow import far_texts, is_far, is_pandas, pandas_columns, readable, series_array
from nexus_jupyter.dashboards.names import Names, identifier
from nexus_jupyter.protocol.errors import FrameError

__all__ = ["Prepared", "frame_name", "prepare"]

#: Ticks of a second, by unit; and units of time with their length in seconds, longest first.
_TICKS = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}
_SPANS = (("d", 86400.0), ("h", 3600.0), ("min", 60.0), ("s", 1.0), ("ms", 0.001))


@dataclass(frozen=True, slots=True)
class Prepared:
    """A table for a panel.

    ``called`` has what people call a column, by its name in the table; ``omitted`` has what is not in it, and why.
    """

    table: pa.Table
    called: dict[str, str]
    omitted: dict[str, str]


def frame_name(panel: str) -> str:
    """Return the name of the frame that a panel's own table is bound under."""
    return f"{'_' if panel[:1].isdigit() else ''}{re.sub(r'[^A-Za-z0-9_]', '_', panel)[:90]}_panel"


def prepare(name: str, frame: object) -> Prepared:
    """Return a table of plain columns with usable names.

    Parameters
    ----------
    name
        What the table is called, for messages.
    frame
        A pandas DataFrame or Series, or anything with the Arrow C stream interface. An index with values or names
        becomes columns, timedeltas become numbers with a unit, nested values become text.

    Raises
    ------
    FrameError
        If it is no table, or has no column that a panel can show.
    """
    called: dict[str, str] = {}
    omitted: dict[str, str] = {}
    columns: list[pa.ChunkedArray] = []
    names = Names()
    for position, (said, values) in enumerate(_columns(name, frame), start=1):
        plain, unit = _plain(values)
        if plain is None:
            omitted[said] = "its values are bytes"
            continue
        whole = f"{said} ({unit})" if unit else said
        called[_fresh(names, identifier(whole, f"column_{position}"))] = whole
        columns.append(plain)
    if not columns:
        raise FrameError(
            f"'{name}' has no columns that a dashboard could show.",
            hint="Give a DataFrame with at least one column of numbers, texts, dates or truth values.",
        )
    return Prepared(pa.table(columns, names=list(called)), called, omitted)


def _fresh(names: Names, wanted: str) -> str:
    """Take a name that also differs from the others when case is ignored: DuckDB does."""
    made, count = wanted, 1
    while made.lower() in names.taken:
        count += 1
        made = f"{wanted}_{count}"
    names.taken.add(made.lower())
    return made


def _columns(name: str, frame: object) -> Iterator[tuple[str, pa.ChunkedArray]]:
    if is_pandas(frame):
        yield from ((said, series_array(series)) for said, series in pandas_columns(name, frame))
        return
    if not hasattr(frame, "__arrow_c_stream__"):
        raise FrameError(
            f"'{name}' is a {type(frame).__name__}: neither the text of a panel nor a table.",
            hint="Give NXML text, a DataFrame (pandas, polars, ...; a lazy one after .collect()), or a pyarrow table.",
        )
    try:
        table = pa.table(frame)
    except pa.ArrowException as error:
        raise FrameError(f"'{name}' cannot be read as a table: {error}.") from error
    for position, field in enumerate(table.schema):
        yield field.name, table.column(position)


def _plain(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray | None, str]:
    """Return a column of plain values, or nothing, and its unit if that is not in its name."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType) or pa.types.is_dictionary(kind):
        made = readable(values)
        return (made, "") if pa.types.is_dictionary(made.type) else _plain(made)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return None, ""
    if pa.types.is_duration(kind):
        return _spans(values)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string()), ""
    if pa.types.is_uint64(kind) or pa.types.is_decimal(kind):
        return values.cast(pa.float64(), safe=False), ""
    if is_far(values):
        return far_texts(values), ""
    if _is_plain(kind):
        return values, ""
    return pa.chunked_array([pa.array([_text(value) for value in values.to_pylist()], pa.string())]), ""


def _is_plain(kind: pa.DataType) -> bool:
    tests = (
        pa.types.is_null, pa.types.is_boolean, pa.types.is_integer, pa.types.is_floating, pa.types.is_string,
        pa.types.is_timestamp, pa.types.is_date,
    )  # fmt: skip
    return any(test(kind) for test in tests)


def _text(value: object) -> str | None:
    """Return a nested value as JSON, and what JSON does not know as Python writes it."""
    if value is None:
        return None
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (list, dict)) else str(value)


def _spans(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, str]:
    """Return spans of time as numbers in the unit that suits the longest."""
    ticks = values.cast(pa.int64()).cast(pa.float64(), safe=False)
    seconds = pc.divide(ticks, _TICKS[values.type.unit])
    longest = pc.max(pc.abs(seconds)).as_py() or 0.0
    unit, length = next((span for span in _SPANS if longest >= span[1]), _SPANS[-2])
    return pc.divide(seconds, length), unit
