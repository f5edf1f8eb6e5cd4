"""Tables as people have them, as Arrow tables of columns that panels can read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nexus_jupyter.arrow.plain import readable, readable_table
from nexus_jupyter.protocol.errors import FrameError

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["is_pandas", "pandas_columns", "series_array", "tabular"]


def tabular(name: str, value: object) -> pa.Table:
    """Return a table of readable columns.

    Parameters
    ----------
    name
        What the table is called, for messages.
    value
        A pandas DataFrame or Series, anything with the Arrow C stream interface, or a sequence of dicts, whose columns
        are those of all rows. An index with values or a name becomes columns.

    Raises
    ------
    FrameError
        If it is no table, two of its columns have the same name, or Arrow cannot hold its values.
    """
    try:
        if is_pandas(value):
            columns = [(column, series_array(series)) for column, series in pandas_columns(name, value)]
            _refuse_twice(name, [column for column, _ in columns])
            return readable_table(pa.table([array for _, array in columns], names=[column for column, _ in columns]))
        if hasattr(value, "__arrow_c_stream__") and not isinstance(value, type):
            found = pa.table(value)
            _refuse_twice(name, found.column_names)
            return readable_table(found)
        if isinstance(value, Sequence) and all(isinstance(row, Mapping) for row in value):
            return _of_rows(name, value)
    except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
        raise FrameError(
            f"'{name}' cannot be turned into an Arrow table: {error}.", hint="Give each column values of one type."
        ) from error
    raise FrameError(
        f"'{name}' is a {type(value).__name__}, which is no table.",
        hint="Give a DataFrame (pandas 2.2 or newer, polars, ...) or a pyarrow table.",
    )


def is_pandas(value: object) -> bool:
    """Tell whether a value is an object of pandas."""
    return any(kind.__module__.partition(".")[0] == "pandas" for kind in type(value).__mro__)


def pandas_columns(name: str, frame: Any) -> Iterator[tuple[str, pd.Series]]:  # Any: pandas is loaded here only
    """Yield the columns of a DataFrame or Series with their names as text, those of an index first.

    Raises
    ------
    FrameError
        If it is something else of pandas.
    """
    import pandas as pd

    if isinstance(frame, pd.Series):
        frame = frame.to_frame(frame.name if frame.name is not None else "value")
    if not isinstance(frame, pd.DataFrame):
        raise FrameError(
            f"'{name}' is a {type(frame).__name__}, which is no table.", hint="Give a DataFrame, or call .to_frame()."
        )
    index = frame.index
    if not (isinstance(index, pd.RangeIndex) and index.name is None):
        for level in range(index.nlevels):
            said = index.names[level]
            fallback = "index" if index.nlevels == 1 else f"level {level}"
            yield _said(said if said is not None else fallback), index.get_level_values(level).to_series()
    for position, said in enumerate(frame.columns):
        yield _said(said), frame.iloc[:, position]


def series_array(series: pd.Series) -> pa.ChunkedArray:
    """Return a column as Arrow has it; values of several kinds, or of a kind of their own, as their texts."""
    import pandas as pd

    if isinstance(series.dtype, pd.SparseDtype):
        series = pd.Series(series.array.to_dense(), index=series.index)
    try:
        found = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        found = pa.array([_text(value) for value in series], pa.string())
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _of_rows(name: str, rows: Sequence[Mapping[Any, Any]]) -> pa.Table:  # Any: what people put into dicts
    names = list(dict.fromkeys(key for row in rows for key in row))
    said = [_said(key) for key in names]
    _refuse_twice(name, said)
    columns = [readable(_values_array([row.get(key) for row in rows])) for key in names]
    return pa.table(columns, names=said)


def _values_array(values: list[Any]) -> pa.ChunkedArray:  # Any: as above
    try:
        found = pa.array(values, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        found = pa.array([_text(value) for value in values], pa.string())
    return found if isinstance(found, pa.ChunkedArray) else pa.chunked_array([found])


def _refuse_twice(name: str, columns: Sequence[str]) -> None:
    for column, count in Counter(columns).items():
        if count > 1:
            raise FrameError(f"'{name}' has two columns '{column}'.", hint="Rename one of them.")


def _said(name: object) -> str:
    """Return a column's name as text; a tuple, of several rows of headings, as its parts."""
    parts = name if isinstance(name, tuple) else (name,)
    return " ".join(str(part) for part in parts if str(part)).strip()


def _text(value: Any) -> str | None:  # Any: whatever a cell holds
    """Return what people would see of a value; arrays as JSON."""
    if hasattr(value, "tolist") and getattr(value, "ndim", None):
        return json.dumps(value.tolist(), ensure_ascii=False, default=str)
    return None if value is None or _is_missing(value) else str(value)


def _is_missing(value: Any) -> bool:  # Any: as above
    try:
        return bool(value != value)  # noqa: PLR0124 - not a number, nor a time, is what differs from itself
    except (TypeError, ValueError):
        return type(value).__name__ == "NAType"
