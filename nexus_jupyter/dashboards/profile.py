"""What a table's columns are: kinds, ranges, how many different values, and what their names say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from nexus_jupyter.arrow import local
from nexus_jupyter.dashboards.names import label, unit_of, words

__all__ = ["Column", "Role", "profile"]

#: What a column is good for in a dashboard.
Role = Literal["measure", "category", "period", "time", "text", "identifier", "constant", "empty"]
#: Most different values of a category; a list of more is a search.
CATEGORY_MOST = 50
#: Rows whose values are looked at to tell whether there are many different ones.
_SAMPLE = 100_000
#: Rows so few that each may be a category of its own; most years, weeks or hours of a column.
_FEW, _PERIODS_MOST = 12, 400
#: Numbers so large that a span, or a step beyond it, may be none any more have no ends.
_LARGEST = 1e300
_IDENTIFIERS = frozenset(
    {"id", "ids", "uuid", "guid", "key", "code", "zip", "zipcode", "postcode", "postal", "phone", "isbn", "index"}
)
_POSITIONS = frozenset({"lat", "latitude", "lon", "lng", "longitude"})
_PERIODS = frozenset({"year", "month", "quarter", "week", "weekday", "day", "hour", "decade"})
_ADDITIVE = frozenset(
    {
        "amount", "cost", "costs", "count", "downloads", "expenses", "hits", "income", "orders", "passengers", "paid",
        "precipitation", "profit", "quantity", "qty", "rain", "rainfall", "revenue", "sales", "sold", "spend", "sum",
        "total", "turnover", "units", "views", "visits", "visitors", "volume",
    }
)  # fmt: skip
_AVERAGED = frozenset({"average", "avg", "mean", "median", "per", "rate", "ratio", "share", "pct", "percent", "score"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table. ``low`` and ``high`` are null where there is nothing to compare.

    ``kind`` is what the column is to a panel: str, int, float, bool or date. ``distinct`` counts values, null not
    included; it is exact up to `CATEGORY_MOST`. ``values`` are those of a category, ``timed`` says that dates have a
    time of day.
    """

    name: str
    called: str
    kind: str
    role: Role
    nulls: int
    distinct: int
    low: float | dt.datetime | None = None
    high: float | dt.datetime | None = None
    values: frozenset[str] = frozenset()
    timed: bool = False

    @property
    def label(self) -> str:
        """What people read."""
        return label(self.called)

    @property
    def unit(self) -> str:
        """The unit that the name says, or nothing."""
        return unit_of(self.called)

    @property
    def titled(self) -> str:
        """Label and unit."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def additive(self) -> bool:
        """Whether a sum of its values means something, as far as the name tells."""
        said = set(words(self.called))
        return bool(said & _ADDITIVE) and not said & _AVERAGED and self.unit != "%"


def profile(table: pa.Table, called: dict[str, str]) -> list[Column]:
    """Return what a table's columns are, in their order.

    Parameters
    ----------
    table
        A table of plain columns; see `nexus_jupyter.dashboards.prepare`.
    called
        What people call a column, by name.
    """
    return [_column(name, called.get(name, name), table.column(name), table.num_rows) for name in table.column_names]


def _column(name: str, called: str, values: pa.ChunkedArray, rows: int) -> Column:
    kind = _kind(values.type)
    if pa.types.is_timestamp(values.type):
        values = local(values)
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    if kind == "float":
        values = pc.if_else(
            pc.is_finite(values.cast(pa.float64(), safe=False)), values.cast(pa.float64(), safe=False), None
        )
    nulls = rows if pa.types.is_null(values.type) else values.null_count
    if nulls == rows:
        return Column(name, called, kind, "empty", nulls, 0)
    distinct = _distinct(values)
    low, high = _ends(values) if kind in {"int", "float", "date"} else (None, None)
    role = _role(called, kind, distinct, rows - nulls)
    texts = frozenset(str(value) for value in pc.unique(values).to_pylist()) if role == "category" else frozenset()
    return Column(name, called, kind, role, nulls, distinct, low, high, texts, timed=kind == "date" and _timed(values))


def _kind(kind: pa.DataType) -> str:
    if pa.types.is_boolean(kind):
        return "bool"
    if pa.types.is_integer(kind):
        return "int"
    if pa.types.is_floating(kind):
        return "float"
    return "date" if pa.types.is_temporal(kind) else "str"


def _distinct(values: pa.ChunkedArray) -> int:
    found = int(pc.count_distinct(values.slice(0, _SAMPLE)).as_py())
    if found > CATEGORY_MOST or len(values) <= _SAMPLE:
        return found
    return int(pc.count_distinct(values).as_py())


def _ends(values: pa.ChunkedArray) -> tuple[float | dt.datetime | None, float | dt.datetime | None]:
    ends = pc.min_max(values)
    low, high = _end(ends["min"]), _end(ends["max"])
    return (None, None) if low is None or high is None else (low, high)


def _timed(values: pa.ChunkedArray) -> bool:
    if pa.types.is_date(values.type):
        return False
    days = pc.floor_temporal(values.cast(pa.timestamp("us"), safe=False), unit="day")
    return not pc.all(pc.equal(days, values.cast(pa.timestamp("us"), safe=False))).as_py()


def _end(scalar: pa.Scalar) -> float | dt.datetime | None:
    kind = scalar.type
    try:
        if pa.types.is_temporal(kind):
            micros = scalar.cast(pa.timestamp("us"), safe=False).cast(pa.int64()).as_py()
            return dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=micros)  # noqa: DTZ001 - zoneless, as panels show it
        number = float(scalar.as_py())
        return number if abs(number) <= _LARGEST else None
    except (OverflowError, pa.ArrowException):
        return None  # beyond the years that a calendar has


def _role(called: str, kind: str, distinct: int, values: int) -> Role:
    said = set(words(called))
    if distinct <= 1:
        return "constant"
    if kind == "date":
        return "time"
    if kind == "bool":
        return "category"
    if kind == "str":
        # As many values as rows are names of the rows, however few there are.
        return "category" if distinct <= CATEGORY_MOST and (distinct < values or values <= _FEW) else "text"
    if said & _POSITIONS:
        return "identifier"
    if said & _IDENTIFIERS:
        return "identifier"
    if kind == "int" and said & _PERIODS and distinct <= _PERIODS_MOST and not said & _ADDITIVE:
        return "period"
    return "measure"
