"""Columns of types that libraries made of others, as the values that people see in them."""

from __future__ import annotations

import re
import uuid
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["decoded", "far_texts", "is_far", "local", "readable", "readable_table"]

#: Ticks of a second, by unit; seconds of a day, and of the first moments of the years 1 and 10000.
_TICKS = {"s": Fraction(1), "ms": Fraction(10**3), "us": Fraction(10**6), "ns": Fraction(10**9)}
_DAY, _FIRST, _END = 86_400, -62_135_596_800, 253_402_300_800
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)?")
_FORMS = {"left": "[{}, {})", "right": "({}, {}]", "both": "[{}, {}]", "neither": "({}, {})"}


def readable(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column without types of pandas, and with categories that are texts or other plain values.

    Periods become the moments at which they begin, intervals texts such as ``(0, 5]``. Categories that have an order
    keep it: they are a dictionary of texts that lie in that order.
    """
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _without_extension(values)
    if not pa.types.is_dictionary(kind):
        return values
    chunks = values.unify_dictionaries().chunks
    categories = chunks[0].dictionary if chunks else pa.array([], kind.value_type)
    if pa.types.is_string_view(kind.value_type) or pa.types.is_large_string(kind.value_type):
        categories = categories.cast(pa.string())
    texts = readable(pa.chunked_array([categories]))
    if not kind.ordered:
        return pa.chunked_array([texts.take(chunk.indices).combine_chunks() for chunk in chunks], texts.type)
    plain = texts.cast(pa.string()).combine_chunks()
    made = [pa.DictionaryArray.from_arrays(chunk.indices.cast(pa.int32()), plain, ordered=True) for chunk in chunks]
    return pa.chunked_array(made, pa.dictionary(pa.int32(), pa.string(), ordered=True))


def readable_table(table: pa.Table) -> pa.Table:
    """Return a table of readable columns under the same names."""
    return pa.table([readable(column) for column in table.itercolumns()], names=table.column_names)


def decoded(table: pa.Table) -> pa.Table:
    """Return a table whose categories are plain texts."""
    columns = [
        column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column for column in table.itercolumns()
    ]
    return pa.table(columns, names=table.column_names)


def _without_extension(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    storage = pa.chunked_array([_storage(chunk) for chunk in values.chunks], kind.storage_type)
    match kind.extension_name:
        case "pandas.period":
            import pandas as pd  # the type is there only where pandas is

            moments = [
                None if at is None else pd.Period(ordinal=at, freq=kind.freq).start_time for at in storage.to_pylist()
            ]
            return pa.chunked_array([pa.array(moments, pa.timestamp("us"), from_pandas=True)])
        case "pandas.interval":
            form = _FORMS[kind.closed].format
            texts = [None if at is None else form(_end(at["left"]), _end(at["right"])) for at in storage.to_pylist()]
            return pa.chunked_array([pa.array(texts, pa.string())])
        case "arrow.uuid":
            names = [None if name is None else str(uuid.UUID(bytes=name)) for name in storage.to_pylist()]
            return pa.chunked_array([pa.array(names, pa.string())])
        case _:
            return readable(storage)


def _storage(chunk: pa.Array) -> pa.Array:
    return chunk.storage if isinstance(chunk, pa.ExtensionArray) else chunk


def _end(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def is_far(values: pa.ChunkedArray) -> bool:
    """Tell whether a column has days or moments outside of the years 1 to 9999, which Python's dates do not reach."""
    kind = values.type
    if pa.types.is_timestamp(kind):
        per_second = _TICKS[kind.unit]
    elif pa.types.is_date64(kind):
        per_second = _TICKS["ms"]
    elif pa.types.is_date32(kind):
        per_second = Fraction(1, _DAY)
    else:
        return False
    # Clocks of a zone may be on another day.
    margin = 0 if getattr(kind, "tz", None) in {None, "UTC"} else _DAY
    ends = pc.min_max(values.cast(pa.int32() if pa.types.is_date32(kind) else pa.int64())).as_py()
    if ends["min"] is None:
        return False
    return bool(ends["min"] < (_FIRST + margin) * per_second or ends["max"] >= (_END - margin) * per_second)


def far_texts(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return days or moments as ISO 8601 texts, whatever their years are; moments of a zone are in UTC."""
    zone = "Z" if getattr(values.type, "tz", None) else ""
    texts = np.datetime_as_string(values.to_numpy())
    return pa.chunked_array(
        [pa.array([None if text == "NaT" else f"{text}{zone}" for text in texts.tolist()], pa.string())]
    )


def local(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return moments of a zone as clocks there show them, without a zone; others as they are.

    Where the system has no table of zones, moments are those of UTC.
    """
    if values.type.tz is None:
        return values
    offset = _OFFSET.fullmatch(values.type.tz)
    if offset is not None:
        # Not every version of Arrow knows zones that are offsets.
        sign, hours, minutes = offset.groups("0")
        seconds = (1 if sign == "+" else -1) * (int(hours) * 3600 + int(minutes) * 60)
        span = pa.scalar(seconds, pa.duration("s")).cast(pa.duration(values.type.unit))
        return pc.add(values.cast(pa.timestamp(values.type.unit)), span)
    try:
        return pc.local_timestamp(values)
    except pa.ArrowException:
        return values.cast(pa.timestamp(values.type.unit))
