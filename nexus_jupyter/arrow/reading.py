"""Arrow streams from outside of the process, checked before anything reads their values.

An Arrow stream says itself where its values lie. Offsets that point elsewhere would make this process read its own
memory as rows, so each value of each column is checked against the buffers before the table is used.
"""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from nexus_jupyter.protocol.errors import FrameError

__all__ = ["read_table"]

#: Types of columns that are taken; everything else in the format is refused before its values are looked at.
_PLAIN: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_null,
    pa.types.is_boolean,
    pa.types.is_integer,
    pa.types.is_floating,
    pa.types.is_decimal,
    pa.types.is_string,
    pa.types.is_large_string,
    pa.types.is_string_view,
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_fixed_size_binary,
    pa.types.is_date,
    pa.types.is_time,
    pa.types.is_timestamp,
    pa.types.is_duration,
)
_NESTED: tuple[Callable[[pa.DataType], bool], ...] = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_struct,
    pa.types.is_map,
)
#: Levels of lists and structures in each other.
_DEPTH = 8
#: Columns of a table.
_COLUMNS = 10_000


def read_table(stream: bytes | memoryview) -> pa.Table:
    """Return the table of an Arrow IPC stream, all of its values checked.

    Raises
    ------
    FrameError
        If it is no Arrow stream, has columns of other types, or values that do not lie within it.
    """
    try:
        reader = pa.ipc.open_stream(pa.py_buffer(stream))
        if len(reader.schema) > _COLUMNS:
            raise FrameError(f"The table has {len(reader.schema)} columns; a frame has at most {_COLUMNS}.")
        for field in reader.schema:
            if not _taken(field.type):
                raise FrameError(
                    f"The column '{field.name}' has the type {field.type}, which is not taken.",
                    hint="Convert it to numbers, text, dates or booleans.",
                )
        table = reader.read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FrameError(f"The rows are not a sound Arrow stream: {_first_line(error)}.") from error
    return table


def _taken(kind: pa.DataType, depth: int = 0) -> bool:
    if depth > _DEPTH:
        return False
    if pa.types.is_dictionary(kind):
        return _taken(kind.value_type, depth + 1)
    if any(test(kind) for test in _NESTED):
        return all(_taken(kind.field(index).type, depth + 1) for index in range(kind.num_fields))
    return any(test(kind) for test in _PLAIN)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
