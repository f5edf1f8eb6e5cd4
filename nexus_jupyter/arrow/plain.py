"""Columns of types that libraries made of others, as the values that people see in them."""

from __future__ import annotations

import re
import uuid

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["cells", "decoded", "local", "readable", "readable_table", "records"]

_MIDNIGHT = re.compile(r"T00:00:00(\.0+)?$")
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


def local(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return moments of a zone as clocks there show them, without a zone; others as they are.

    Where the system has no table of zones, moments are those of UTC.
    """
    if values.type.tz is None:
        return values
    try:
        return pc.local_timestamp(values)
    except pa.ArrowException:
        return values.cast(pa.timestamp(values.type.unit))


def records(table: pa.Table) -> list[dict[str, object]]:
    """Return a table's rows as Python values, whatever is in them: see `cells`."""
    columns = [cells(column) for column in table.itercolumns()]
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def cells(values: pa.ChunkedArray) -> list[object]:
    """Return a column as Python values.

    Moments, days, times and spans that Python has no value for, such as the year 20000, are texts, and so is all of a
    column whose zone nobody knows.
    """
    try:
        return list(values.to_pylist())
    except (OverflowError, ValueError, UnicodeDecodeError, pa.ArrowException):
        return [_cell(values.slice(at, 1)) for at in range(len(values))]


def _cell(value: pa.ChunkedArray) -> object:
    try:
        return value.to_pylist()[0]
    except (OverflowError, ValueError, UnicodeDecodeError, pa.ArrowException):
        pass
    if pa.types.is_timestamp(value.type) or pa.types.is_date(value.type):
        # numpy has more years than Python.
        return _MIDNIGHT.sub("", str(np.datetime_as_string(value.to_numpy()[0])))
    # Arrow writes whatever it holds, in brackets.
    return value.combine_chunks().to_string(skip_new_lines=True)[1:-1]
