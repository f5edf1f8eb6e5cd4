"""Pictures of rows: which columns are drawn against which, how finely, and the queries behind them."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field

from nexus_jupyter.dashboards.filters import number, step_of
from nexus_jupyter.dashboards.names import Names
from nexus_jupyter.dashboards.profile import Column
from nexus_jupyter.dashboards.tree import Element

__all__ = ["Charts", "charts", "measures_of"]

#: Bars of categories and of a histogram.
_BARS, _BINS = 12, 24
#: Decimals that rounding knows.
_PLACES = 20
#: The grain of a time series by the days that it spans at least.
_GRAINS = ((365.25 * 12, "year"), (300, "month"), (75, "week"), (2.5, "day"), (0, "hour"))


@dataclass
class Charts:
    """Charts of a query's rows, the queries that they draw, and the columns that they show.

    Parameters
    ----------
    view
        The query of the filtered rows.
    names
        Names that are taken.
    """

    view: str
    names: Names
    shown: list[Element] = field(default_factory=list)
    queries: list[Element] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)


def measures_of(columns: list[Column]) -> list[Column]:
    """Return the columns that are measured, the most telling first: sums before means, complete before patchy."""
    found = [column for column in columns if column.role == "measure" and column.low is not None]
    return sorted(found, key=lambda column: (not column.additive, column.nulls))


def charts(columns: list[Column], view: str, names: Names) -> Charts:
    """Return the charts for a table's columns: over time, by category, a distribution, and one number against another.

    Parameters
    ----------
    columns
        What the columns are.
    view
        The query of the filtered rows.
    names
        Names that are taken.
    """
    found = Charts(view, names)
    measures = measures_of(columns)
    times = [column for column in columns if column.role in {"time", "period"}]
    categories = [column for column in columns if column.role == "category"]
    for column in sorted(times, key=lambda column: column.role)[::-1][:1]:
        _over_time(found, column, measures)
    for column in sorted(categories, key=lambda column: column.kind == "bool")[:1]:
        _by_category(found, column, measures)
    for column in sorted(measures, key=lambda column: column.kind == "int")[:1]:
        _distribution(found, column)
    if len(measures) > 1:
        _against(found, measures[0], measures[1])
    return found


def _value(measures: list[Column]) -> tuple[str, str, str, str]:
    """Return what is counted or measured: its name, aggregate, title, and the label of its axis."""
    if not measures:
        return "rows", "len() as rows", "Rows", "rows"
    column = measures[0]
    if column.additive:
        return column.name, f"sum(row.{column.name}) as {column.name}", column.label, column.unit or column.label
    return (
        column.name,
        f"mean(row.{column.name}) as {column.name}",
        f"Mean {_lower(column)}",
        column.unit or column.label,
    )


def _over_time(found: Charts, column: Column, measures: list[Column]) -> None:
    value, aggregate, title, axis = _value(measures)
    if column.role == "period":
        key, grain, kind = f"row.{column.name}", column.label.lower(), "bar"
    else:
        grain = _grain(column)
        key, kind = f"{grain}(row.{column.name})", "line"
    across = grain if column.role == "time" and grain != value else column.name
    across = across if across != value else f"{across}_"
    query = found.names.take(f"by_{grain}" if column.role == "time" else f"by_{column.name}")
    given = {"name": query, "frame": found.view}
    if column.nulls:
        given["where"] = f"row.{column.name} != null"
    found.queries.append(Element("query", given | {"group": f"{key} as {across}", "agg": aggregate, "order": across}))
    found.shown.append(
        _chart(
            id="over_time",
            kind=kind,
            title=f"{title} by {grain}",
            data=query,
            x=across,
            y=value,
            x_label="" if kind == "line" else column.titled,
            y_label=axis,
        )
    )
    found.columns += [column.name, *([measures[0].name] if measures else [])]


def _grain(column: Column) -> str:
    if not isinstance(column.low, dt.datetime) or not isinstance(column.high, dt.datetime):
        return "year"
    days = (column.high - column.low).total_seconds() / 86400
    grain = next(name for least, name in _GRAINS if days >= least)
    return "day" if grain == "hour" and not column.timed else grain


def _by_category(found: Charts, column: Column, measures: list[Column]) -> None:
    value, aggregate, title, axis = _value(measures)
    across = column.name if column.name != value else f"{column.name}_"
    query = found.names.take(f"by_{column.name}")
    given = {"name": query, "frame": found.view, "group": f"{_category(column)} as {across}", "agg": aggregate}
    given["order"] = f"{value} desc"
    most = ""
    if column.distinct > _BARS:
        given["limit"], most = str(_BARS), f", top {_BARS}"
    found.queries.append(Element("query", given))
    found.shown.append(
        _chart(
            id="by_category",
            kind="bar",
            title=f"{title} by {_lower(column)}{most}",
            data=query,
            x=across,
            y=value,
            x_label=column.titled,
            y_label=axis,
        )
    )
    found.columns.append(column.name)


def _category(column: Column) -> str:
    value = f"row.{column.name}"
    if column.kind == "bool":
        said = f"({value} ? 'yes' : 'no')"
        return f"({value} == null ? 'none' : {said})" if column.nulls else said
    return f"({value} ?? '(none)')" if column.nulls else value


def _distribution(found: Charts, column: Column) -> None:
    assert isinstance(column.low, float)
    assert isinstance(column.high, float)
    step = step_of(column.low, column.high, _BINS, whole=column.kind == "int")
    query = found.names.take(f"{column.name}_bins")
    counted = "rows" if column.name != "rows" else "count"
    given = {"name": query, "frame": found.view}
    if column.nulls:
        given["where"] = f"row.{column.name} != null"
    given |= {"group": f"{_binned(column, step)} as {column.name}", "agg": f"len() as {counted}", "order": column.name}
    found.queries.append(Element("query", given))
    title = f"Distribution of {_lower(column)}"
    found.shown.append(
        _chart(
            id="distribution",
            kind="bar",
            title=title,
            data=query,
            x=column.name,
            y=counted,
            x_label=column.titled,
            y_label="rows",
        )
    )
    found.columns.append(column.name)


def _binned(column: Column, step: float) -> str:
    value = f"row.{column.name}"
    if step == 1:
        return value if column.kind == "int" else f"floor({value})"
    places = max(0, -math.floor(math.log10(step)))
    lower = f"floor({value} / {number(step)}) * {number(step)}"
    return f"round({lower}, {places})" if 0 < places <= _PLACES else lower


def _against(found: Charts, one: Column, other: Column) -> None:
    """Draw one number against another, each row a point; the chart says when it draws a sample of them."""
    title = f"{one.label} against {_lower(other)}"
    found.shown.append(
        _chart(
            id="against",
            kind="scatter",
            title=title,
            data=found.view,
            x=other.name,
            y=one.name,
            x_label=other.titled,
            y_label=one.titled,
        )
    )
    found.columns += [one.name, other.name]


def _chart(**given: str) -> Element:
    return Element("chart", {name.replace("_", "-"): value for name, value in given.items() if value})


def _lower(column: Column) -> str:
    """Return a label within a sentence; what is written in capitals stays so."""
    first = column.label.partition(" ")[0]
    return column.label if len(first) > 1 and first.isupper() else column.label[0].lower() + column.label[1:]
