"""Controls that choose rows: which columns get one, of which kind, and the condition that it adds."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field

from nexus_jupyter.dashboards.names import Names
from nexus_jupyter.dashboards.profile import Column
from nexus_jupyter.dashboards.tree import Element

__all__ = ["Filters", "filters", "number", "step_of"]

_SELECTS, _RANGES, _SEARCHED = 3, 1, 3
#: From this year on, strftime writes dates as the control takes them; below this, a span is none.
_FOUR_DIGITS, _LEAST_SPAN = 1000, 1e-300
#: What a select says for no choice: the first of them that no value is.
_WORDS = ("all", "(all)", "(any)", "(no choice)")


@dataclass
class Filters:
    """Controls, the states that they are bound to, the queries of their options, and the conditions on rows."""

    controls: list[Element] = field(default_factory=list)
    states: list[Element] = field(default_factory=list)
    options: list[Element] = field(default_factory=list)
    conditions: list[str] = field(default_factory=list)
    tools: list[Element] = field(default_factory=list)
    resets: dict[str, str] = field(default_factory=dict)

    @property
    def where(self) -> str:
        """The condition that all of them come to."""
        return " and ".join(self.conditions)


def filters(columns: list[Column], frame: str, names: Names) -> Filters:
    """Return the filters for a table's columns: selects first, then dates, a range, and a search over texts."""
    found = Filters()
    categories = [column for column in columns if column.role == "category"]
    for column in categories[:_SELECTS]:
        _select(found, column, frame, names)
    for column in [column for column in columns if column.role == "time"][:1]:
        _dates(found, column, names)
    for column in [column for column in columns if column.role == "measure" and column.low is not None][:_RANGES]:
        _range(found, column, names)
    texts = [column for column in columns if column.role == "text" and column.kind == "str"][:_SEARCHED]
    if texts:
        _search(found, texts, names)
    return found


def _select(found: Filters, column: Column, frame: str, names: Names) -> None:
    state = names.take(column.name)
    everything = next((word for word in _WORDS if word not in column.values), _WORDS[-1])
    control = {"id": f"choose_{state}", "label": column.label, "bind:value": state}
    if column.kind == "bool":
        control["options"] = f"['{everything}', 'yes', 'no']"
        found.conditions.append(f"({state} == '{everything}' or row.{column.name} == ({state} == 'yes'))")
    else:
        options = names.take(f"{state}_options")
        control["options"] = options
        given = {"name": options, "frame": frame}
        if column.nulls:
            given["where"] = f"row.{column.name} != null"
        found.options.append(Element("query", given | {"distinct": column.name, "prepend": everything}))
        found.conditions.append(f"({state} == '{everything}' or row.{column.name} == {state})")
    found.controls.append(Element("select", control))
    found.states.append(Element("state", {"name": state, "type": "str", "default": everything}))
    found.resets[state] = f"'{everything}'"
    one = "'yes' or 'no'" if column.kind == "bool" else "one value"
    told = f"Show only rows with {one} as {column.label}, or '{everything}' of them."
    found.tools.append(Element("tool", {"name": names.take(f"filter_{state}"), "set": state}, told))


def _dates(found: Filters, column: Column, names: Names) -> None:
    ends = {}
    if isinstance(column.low, dt.datetime) and isinstance(column.high, dt.datetime):
        ends = {"min": f"{column.low:%Y-%m-%d}", "max": f"{column.high:%Y-%m-%d}"}
        if column.low.year < _FOUR_DIGITS:
            ends = {}
    start, end = names.take(f"{column.name}_from"), names.take(f"{column.name}_to")
    both = []
    for state, word in ((start, "from"), (end, "to")):
        given = {"id": f"choose_{state}", "label": f"{column.label} {word}", "bind:value": state, **ends}
        both.append(Element("date", given))
        found.states.append(Element("state", {"name": state, "type": "str", "default": ""}))
        found.resets[state] = "''"
    found.controls.append(Element("row", {"id": f"dates_{column.name}"}, children=both))
    last = f"{end} + 'T23:59:59.999Z'" if column.timed else end
    found.conditions.append(f"(not {start} or row.{column.name} >= {start})")
    found.conditions.append(f"(not {end} or row.{column.name} <= {last})")


def _range(found: Filters, column: Column, names: Names) -> None:
    assert isinstance(column.low, float)
    assert isinstance(column.high, float)
    step = step_of(column.low, column.high, 100, whole=column.kind == "int")
    low, high = math.floor(column.low / step) * step, math.ceil(column.high / step) * step
    state = names.take(f"{column.name}_range")
    given = {
        "id": f"choose_{state}",
        "label": column.label,
        "bind:value": state,
        "min": number(low),
        "max": number(high),
        "step": number(step),
    }
    if column.unit:
        given["unit"] = column.unit
    found.controls.append(Element("range", given))
    found.states.append(Element("state", {"name": state, "type": "list[float]", "default": "[]"}))
    value = f"row.{column.name}"
    found.conditions.append(f"(not {state} or ({value} >= {state}[0] and {value} <= {state}[1]))")
    found.resets[state] = "[]"


def _search(found: Filters, columns: list[Column], names: Names) -> None:
    state = names.take("search")
    named = ", ".join(column.label for column in columns)
    given = {"id": "find", "label": "Search", "bind:value": state, "placeholder": f"in {named}"[:60]}
    found.controls.append(Element("search", given))
    found.states.append(Element("state", {"name": state, "type": "str", "default": ""}))
    anywhere = " or ".join(f"contains(row.{column.name}, {state})" for column in columns)
    found.conditions.append(f"(not {state} or {anywhere})")
    found.resets[state] = "''"
    told = f"Show only rows with a text in {named}; '' shows all."
    found.tools.append(Element("tool", {"name": names.take("search_rows"), "set": state}, told))


def step_of(low: float, high: float, parts: int, *, whole: bool = False) -> float:
    """Return a round step, 1, 2 or 5 times a power of ten, of which a span has about so many.

    Examples
    --------
    >>> step_of(0, 98, 20), step_of(0.01, 0.99, 100), step_of(0, 3, 20, whole=True)
    (5.0, 0.01, 1.0)
    """
    span = (high - low) / parts
    if span <= _LEAST_SPAN:
        return 1.0
    power = 10.0 ** math.floor(math.log10(span))
    step = float(next((power * by for by in (1, 2, 5) if power * by >= span * 0.999), power * 10))
    return max(1.0, step) if whole else float(f"{step:.12g}")


def number(value: float) -> str:
    """Return a number as attributes and expressions take it: plain digits, as few as it needs.

    Examples
    --------
    >>> number(20.0), number(0.30000000000000004), number(1e-7)
    ('20', '0.3', '1e-7')
    """
    text = f"{value:.12g}"
    return text.replace("e-0", "e-").replace("e+", "e")
