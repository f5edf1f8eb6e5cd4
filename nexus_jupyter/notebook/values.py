"""Values of Python as panels have them: exactly, or refused in a sentence that says what to give instead.

One rule for what functions return, for arguments of actions and for states. Values of numpy and pandas are taken as
what they are. Moments are ISO 8601, spans of time are seconds, what is missing or no number is null.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import decimal
import enum
import inspect
import io
import math
import pathlib
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pydantic import BaseModel

from nexus_jupyter.arrow import is_pandas, pandas_columns, readable, series_array, tabular
from nexus_jupyter.protocol.base import JsonValue, well_formed
from nexus_jupyter.protocol.errors import NexusError, RequestError
from nexus_jupyter.protocol.types import MAX_SAFE_INTEGER

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["as_json", "as_pandas", "words_of"]

#: Lists and dicts in each other; handlers take as many.
_DEEPEST = 100
#: Types of pandas for columns with missing values, by those of Arrow.
_NULLABLE = {
    **{f"int{bits}": f"Int{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"UInt{bits}" for bits in (8, 16, 32, 64)},
    "bool": "boolean",
}
#: Characters of a path that a message shows.
_SHOWN = 100
_TAKEN = "Panels take text, numbers, booleans, dates, lists, dicts, tables, and figures of matplotlib."
_STREAM = "Give a list of what there is; or set a state as each piece comes: panel.state['NAME'] = piece."
_BYTES = "Give text: base64.b64encode(data).decode(), for a picture with 'data:image/png;base64,' in front of it."
_FIGURE = "Give its rows, and draw them with <chart> or <vega>; or give a figure of matplotlib."
_WAITED = "Make the function `async def` and await it there."


def as_json(value: object, what: str, *, error: type[NexusError] = RequestError, digits: bool = False) -> JsonValue:
    """Return a value as JSON has it.

    Parameters
    ----------
    value
        Anything. A table becomes a list of records; a figure of matplotlib, or an image of Pillow, the ``data:`` URL of
        a PNG, which ``<image>`` shows.
    what
        The beginning of the sentence that refuses it, such as ``state.count``.
    error
        The error to raise.
    digits
        Whether whole numbers that JavaScript would round become the text of their digits, as in tables; else they are
        left to whoever knows the type that is wanted.

    Raises
    ------
    NexusError
        If JSON has no such value, or it cannot be read.
    """
    walk = _Walk(what, error, digits=digits)
    try:
        return walk.value(value, "", 0)
    except NexusError:
        raise
    except RecursionError as deep:
        raise error(f"{what} is nested too deeply.", hint=_TAKEN) from deep
    except Exception as failed:
        raise error(f"{what} cannot be read: {words_of(failed)}.", hint=_TAKEN) from failed


def words_of(error: BaseException) -> str:
    """Return what an error says; one of a person's own class may fail even at that."""
    try:
        said = str(error)
    except Exception:  # noqa: BLE001 - whatever that is, the error itself is what matters
        said = "it cannot be put into words"
    return well_formed(f"{type(error).__name__}: {said}")


def as_pandas(table: pa.Table) -> pd.DataFrame:
    """Return a table as a DataFrame, in which whole numbers and booleans stay what they are beside missing ones."""
    import pandas as pd

    columns = {}
    for name, values in zip(table.column_names, table.itercolumns(), strict=True):
        kind = _NULLABLE.get(str(values.type)) if values.null_count else None
        columns[name] = values.to_pandas() if kind is None else pd.array(values.to_pylist(), dtype=kind)
    return pd.DataFrame(columns, columns=table.column_names)


class _Walk:
    """One value on its way; knows where it is, for messages."""

    def __init__(self, what: str, error: type[NexusError], *, digits: bool) -> None:
        self._what = what
        self._error = error
        self._digits = digits
        self._above: set[int] = set()

    def value(self, value: Any, path: str, depth: int) -> JsonValue:  # Any: whatever people have
        match value:
            case None | bool():
                return value
            case enum.Enum():
                return self.value(value.value, path, depth)
            case str():
                return self._text(str(value), path)
            case int():
                large = self._digits and abs(value) > MAX_SAFE_INTEGER
                return str(int(value)) if large else int(value)
            case float():
                return float(value) if math.isfinite(value) else None
            case decimal.Decimal():
                return _decimal(value)
        if _is_missing(value):
            return None
        match value:
            case dt.datetime() | dt.date() | dt.time():
                return value.isoformat()
            case dt.timedelta():
                return value.total_seconds()
            case uuid.UUID() | pathlib.PurePath():
                return self._text(str(value), path)
            case bytes() | bytearray() | memoryview():
                raise self._refused(value, path, _BYTES)
        return self._composed(value, path, depth)

    def _composed(self, value: Any, path: str, depth: int) -> JsonValue:  # Any: as above
        """Return what consists of other values, each of which may be refused."""
        if depth > _DEEPEST:
            raise self._error(f"{self._place(path)} is nested more than {_DEEPEST} levels deep.")
        if id(value) in self._above:
            raise self._error(f"{self._place(path)} contains itself.", hint="Give a copy without the circle.")
        self._above.add(id(value))
        try:
            if isinstance(value, Mapping):
                return self._record(value.items(), path, depth + 1)
            if isinstance(value, (list, tuple)):
                return self._items(value, path, depth + 1)
            return self._foreign(value, path, depth + 1)
        finally:
            self._above.discard(id(value))

    def _foreign(self, value: Any, path: str, depth: int) -> JsonValue:  # Any: as above
        """Return a value of a library, or of a class of the person's own."""
        if isinstance(value, type):
            raise self._refused(value, path, _TAKEN)
        library = {kind.__module__.partition(".")[0] for kind in type(value).__mro__}
        if "numpy" in library:
            return self._of_numpy(value, path, depth)
        if "pandas" in library:
            return self._of_pandas(value, path, depth)
        if library & {"plotly", "bokeh"}:
            raise self._refused(value, path, _FIGURE)
        if (picture := _picture(value)) is not None:
            return f"data:image/png;base64,{base64.b64encode(picture).decode()}"
        if hasattr(value, "column_names") or (hasattr(value, "columns") and hasattr(value, "__arrow_c_stream__")):
            rows: list[dict[str, Any]] = tabular(self._place(path), value).to_pylist()
            return [self._record(row.items(), f"{path}[{i}]", depth) for i, row in enumerate(rows)]
        if (convert := _conversion(value)) is not None:
            return self.value(convert(), path, depth)
        if isinstance(value, Collection):
            return self._items(value, path, depth)
        hint = _WAITED if inspect.isawaitable(value) else _TAKEN
        if isinstance(value, Iterator) or hasattr(value, "__anext__"):
            hint = _STREAM
        raise self._refused(value, path, hint)

    def _of_numpy(self, value: Any, path: str, depth: int) -> JsonValue:  # Any: numpy is loaded by whoever has it
        kind = value.dtype.kind
        if kind in "Mm":  # Python's own have no nanoseconds, so that numpy gives numbers in their place
            import pandas as pd

            convert: Callable[[Any], Any] = pd.Timestamp if kind == "M" else pd.Timedelta
            return self._items(value, path, depth) if value.ndim else self.value(convert(value[()]), path, depth)
        if kind == "O" and value.ndim:
            return self._items(value, path, depth)
        return self.value(value.tolist(), path, depth)

    def _of_pandas(self, value: Any, path: str, depth: int) -> JsonValue:  # Any: as above
        import pandas as pd

        match value:
            case pd.DataFrame():
                names, columns = [], []
                for name, series in pandas_columns(self._place(path), value):
                    if name in names:
                        raise self._error(f"{self._place(path)} has two columns '{name}'.", hint="Rename one of them.")
                    names.append(name)
                    columns.append(self._column(series, f"{path}['{name}']", depth))
                return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
            case pd.Series():
                items = self._column(value, path, depth)
                if isinstance(value.index, pd.RangeIndex):
                    return items
                return self._record(zip(value.index, items, strict=True), path, depth)
            case pd.Interval():
                return str(value)
            case pd.Period():
                return value.start_time.isoformat()
        if isinstance(value, Iterable):
            return self._column(pd.Series(value), path, depth)
        raise self._refused(value, path, _TAKEN)

    def _column(self, series: Any, path: str, depth: int) -> list[JsonValue]:  # Any: as above
        """Return the values of a column; those of type object each as it is, others as Arrow reads the column."""
        values = series if series.dtype == object else readable(series_array(series)).to_pylist()
        return self._items(values, path, depth)

    def _items(self, items: Iterable[Any], path: str, depth: int) -> list[JsonValue]:  # Any: as above
        return [self.value(item, f"{path}[{i}]", depth) for i, item in enumerate(items)]

    def _record(self, items: Iterable[tuple[Any, Any]], path: str, depth: int) -> dict[str, JsonValue]:  # Any: as above
        made: dict[str, JsonValue] = {}
        for key, item in items:
            name = self._key(key, path)
            if name in made:
                raise self._error(f"{self._place(path)} has two keys that read '{name}'.", hint="Rename one.")
            made[name] = self.value(item, f"{path}[{name!r}]", depth)
        return made

    def _key(self, key: Any, path: str) -> str:  # Any: as above
        found = key if isinstance(key, str) else None if isinstance(key, tuple) else self.value(key, path, 0)
        match found:
            case str():
                return self._text(found, path)
            case bool() | int() | float():
                return str(found).lower()
        raise self._error(f"{self._place(path)} has the key {key!r}, and keys are text.", hint="Make a text of it.")

    def _text(self, text: str, path: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError as half:
            raise self._error(
                f"{self._place(path)} holds half of a character (U+{ord(text[half.start]):04X}).",
                hint="A text was cut within a character. Cut it before or after the character.",
            ) from half
        return text

    def _place(self, path: str) -> str:
        return f"{self._what} at {path[:_SHOWN]}" if path else self._what

    def _refused(self, value: object, path: str, hint: str) -> NexusError:
        return self._error(f"{self._place(path)} is a {type(value).__name__}, which panels cannot take.", hint=hint)


def _decimal(value: decimal.Decimal) -> float | str | None:
    """Return a number, or its digits where the number would be another."""
    if not value.is_finite():
        return None
    number = float(value)
    return number if math.isfinite(number) and decimal.Decimal(repr(number)) == value else str(value)


def _is_missing(value: Any) -> bool:  # Any: as above
    return type(value).__name__ in {"NaTType", "NAType"} and is_pandas(value)


def _conversion(value: Any) -> Callable[[], Any] | None:  # Any: as above
    """Return what gives the plain values that an object consists of, if it is known."""
    if isinstance(value, BaseModel):
        return value.model_dump
    if dataclasses.is_dataclass(value):
        return lambda: {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    methods = (getattr(value, name, None) for name in ("to_list", "to_pylist", "as_py", "to_dict", "tolist"))
    return next((method for method in methods if callable(method)), None)


def _picture(value: Any) -> bytes | None:  # Any: as above
    """Return a figure as a PNG, if it is one: of matplotlib, of what stands on it, or of whatever is shown as one."""
    figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
    if callable(save := getattr(figure, "savefig", None)):
        out = io.BytesIO()
        save(out, format="png", bbox_inches="tight")
        return out.getvalue()
    made = getattr(value, "_repr_png_", None)
    found = made() if callable(made) else None
    return found if isinstance(found, bytes) else None
