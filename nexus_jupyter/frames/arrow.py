"""Tables as panels take them: plain values under different names, in Arrow files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pyarrow as pa
import pyarrow.compute as pc

from nexus_jupyter.arrow import is_far, readable
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.storage.private import replace

__all__ = ["ZONE", "column_kind", "file_bytes", "read", "restored", "type_of", "usable", "write"]


_TYPES = {"int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "date": pa.timestamp("us")}
#: The key in the metadata of a page's column that has the zone of its moments.
ZONE = b"zone"


def column_kind(kind: pa.DataType) -> str:
    """Return what a column of an Arrow type is to a panel: str, int, float, bool or date."""
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return "float"
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return "date"
    return "str"


def type_of(kind: str) -> pa.DataType:
    """Return the Arrow type of a column that a panel declares; what may be anything is text."""
    return _TYPES.get(kind, pa.string())


def usable(name: str, table: pa.Table) -> pa.Table:
    """Return a table with plain columns: text, whole numbers, floats, booleans, dates.

    What only pandas understands is dropped, so that the same rows give the same file. Timestamps keep their zone, and
    categories their order if they have one. What is no number becomes null.

    Raises
    ------
    FrameError
        If a column has values that a panel cannot show, or two have the same name.
    """
    for column in table.column_names:
        if not column or table.column_names.count(column) > 1:
            what = f"has two columns '{column}'" if column else "has a column without a name"
            raise FrameError(f"'{name}' {what}.", hint="Rename one of them." if column else "Give it one.")
    columns = [_plain(name, field.name, table.column(field.name)) for field in table.schema]
    if not columns:
        raise FrameError(f"'{name}' has no columns.", hint="Bind a table that has some.")
    return pa.table(columns, names=table.column_names).unify_dictionaries().combine_chunks()


def _plain(name: str, column: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    try:
        if pa.types.is_dictionary(kind) or isinstance(kind, pa.BaseExtensionType):
            made = readable(values)
            return made if pa.types.is_dictionary(made.type) else _plain(name, column, made)
        if pa.types.is_null(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            return values.cast(pa.string())
        if is_far(values):
            raise FrameError(
                f"The column '{column}' of '{name}' has dates outside of the years 1 to 9999.",
                hint=f"Leave them out, or turn the column into text: df[{column!r}] = df[{column!r}].astype(str).",
            )
        if pa.types.is_timestamp(kind):
            _check_zone(kind.tz)
            return values.cast(pa.timestamp("us", kind.tz), safe=False)
        if pa.types.is_date(kind):
            return values.cast(pa.date32(), safe=False)
        if pa.types.is_uint64(kind):
            return values.cast(pa.int64())
        if pa.types.is_decimal(kind) or pa.types.is_floating(kind):
            floats = values.cast(pa.float64()) if kind not in {pa.float32(), pa.float64()} else values
            return pc.if_else(pc.is_finite(floats), floats, None)
    except (pa.ArrowException, ValueError) as error:
        raise FrameError(
            f"The column '{column}' of '{name}' has values that do not fit: {error}.",
            hint="Convert them to numbers or text before binding.",
        ) from error
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_string(kind):
        return values
    raise FrameError(
        f"The column '{column}' of '{name}' has values of the type {kind}, which a panel cannot show.",
        hint=f"Leave it out, or turn its values into text: df[{column!r}] = df[{column!r}].astype(str).",
    )


def _check_zone(name: str | None) -> None:
    if name is None or re.fullmatch(r"[+-]\d\d(:?\d\d)?", name):
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"Nobody here knows the time zone '{name}'") from error


def restored(rows: pa.Table, column: str, rank: str | None, zone: str | None) -> pa.ChunkedArray:
    """Return a column that a query gave with what it was in its frame: the order of categories, the zone of moments.

    Parameters
    ----------
    rows
        What the query gave.
    column, rank
        Names of the column in it, and of the column with the places of its categories.
    zone
        Whose clocks the moments are read from.
    """
    values = rows.column(column)
    if zone:
        return pc.assume_timezone(values, zone, ambiguous="earliest", nonexistent="latest")
    if rank is None:
        return values
    places = dict(zip(values.to_pylist(), rows.column(rank).to_pylist(), strict=True))
    texts = sorted((text for text in places if text is not None), key=lambda text: int(places[text]))
    categories = pa.array(texts, pa.string())
    indices = pc.index_in(values, value_set=categories).combine_chunks()
    return pa.chunked_array([pa.DictionaryArray.from_arrays(indices, categories, ordered=True)])


def file_bytes(table: pa.Table) -> tuple[bytes, str]:
    """Return a table as Arrow IPC file, and the digest of its content."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue().to_pybytes()
    return data, hashlib.sha256(data).hexdigest()


def write(path: Path, data: bytes) -> None:
    """Put a file in its place as a whole: whoever reads meanwhile sees the old one or the new one."""
    replace(path, data)


def read(path: Path) -> pa.Table:
    """Return the table in a file, mapped into memory."""
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()
