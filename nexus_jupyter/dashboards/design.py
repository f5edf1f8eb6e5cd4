"""From a table to the text of a dashboard: numbers, filters, charts and rows, chosen by rules alone."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from nexus_jupyter.dashboards.charts import charts, measures_of
from nexus_jupyter.dashboards.filters import filters
from nexus_jupyter.dashboards.names import Names, label
from nexus_jupyter.dashboards.profile import Column, profile
from nexus_jupyter.dashboards.tree import Element, panel
from nexus_jupyter.protocol.base import JsonValue

__all__ = ["dashboard"]

#: Columns that a table shows; of more, those that matter most.
_COLUMNS = 12
_METRICS = 3
_PAGE = 10
#: Named among those left out; the rest is counted.
_NAMED = 8


def dashboard(
    name: str, frame: str, table: pa.Table, *, called: Mapping[str, str], omitted: Mapping[str, str]
) -> dict[str, JsonValue]:
    """Return a dashboard as a tree that `Reactor.assemble` prints.

    Parameters
    ----------
    name
        The panel's name; its title is made from it.
    frame
        The name that the table is bound under.
    table
        The table, of plain columns; see `prepare`.
    called
        What people call a column, by its name in the table.
    omitted
        What was not taken into the table, and why.
    """
    columns = profile(table, dict(called))
    names = Names({"rows", "view"})
    used = [column for column in columns if column.role not in {"empty", "constant"}]
    chosen = filters(used, "rows", names)
    drawn = charts(used, "view", names)
    listed = _listed(columns, drawn.columns)
    view = [
        *_choices(chosen.controls),
        Element("grid", {"id": "numbers"}, children=_metrics(used)),
        *([Element("grid", {"id": "charts"}, children=drawn.shown)] if drawn.shown else []),
        _rows(columns, listed),
        *_note(columns, listed, omitted),
    ]
    declared = [
        column for column in columns if len(columns) <= _COLUMNS or column in listed or column.name in chosen.where
    ]
    declared += [column for column in columns if column.name in drawn.columns and column not in declared]
    given = {
        "name": "rows",
        "from": f"kernel:{frame}",
        "columns": ", ".join(f"{one.name}: {one.kind}" for one in declared),
    }
    query = {"name": "view", "frame": "rows"} | ({"where": chosen.where} if chosen.where else {})
    data = [Element("frame", given), *chosen.states, Element("query", query), *drawn.queries, *chosen.options]
    sections: dict[str, list[Element] | str] = {
        "view": view,
        "data": data,
        "logic": _logic(used, chosen.tools, chosen.resets),
        "doc": _doc(label(name), columns, omitted),
    }
    return panel(name, label(name), sections)


def _choices(controls: list[Element]) -> list[Element]:
    if not controls:
        return []
    button = Element("button", {"id": "reset", "label": "Reset filters", "on:press": "reset()", "slot": "header"})
    grid = Element("grid", {"id": "choices"}, children=controls)
    return [Element("card", {"id": "filters", "title": "Filters"}, children=[button, grid])]


def _metrics(columns: list[Column]) -> list[Element]:
    found = [Element("metric", {"id": "count", "label": "Rows", "value": "{view | len}"})]
    for column in measures_of(columns)[:_METRICS]:
        function, said = (
            ("sum", column.label) if column.additive else ("mean", f"Mean {column.label[0].lower()}{column.label[1:]}")
        )
        given = {"id": f"metric_{column.name}", "label": said, "value": f"{{view | {function}('{column.name}')}}"}
        found.append(Element("metric", given | ({"unit": column.unit} if column.unit else {})))
    return found


def _listed(columns: list[Column], drawn: list[str]) -> list[Column]:
    """Return the columns that the table shows, in their own order: what is drawn, then what says which row it is."""
    if len(columns) <= _COLUMNS:
        return columns
    rank = {"text": 1, "identifier": 1, "category": 2, "time": 2, "period": 2, "measure": 3, "constant": 4, "empty": 5}
    best = sorted(columns, key=lambda column: (column.name not in drawn, rank[column.role]))[:_COLUMNS]
    return [column for column in columns if column in best]


def _rows(columns: list[Column], listed: list[Column]) -> Element:
    given = {"id": "table", "data": "view", "page": str(_PAGE)}
    if len(listed) < len(columns):
        given["columns"] = ", ".join(column.name for column in listed)
    # A heading is the column's name, unless people call it something that a name cannot be.
    called = {
        one.name: one.called
        for one in listed
        if one.called.strip() and one.called.replace("_", " ") != one.name.replace("_", " ")
    }
    if called:
        given["labels"] = f"{{ {', '.join(f'{name}: {_text(said)}' for name, said in called.items())} }}"
    return Element("table", given)


def _text(said: str) -> str:
    """Return a text as expressions write it, of one line."""
    plain = " ".join(said.split())[:80].replace("\\", "\\\\").replace("'", "\\'")
    return f"'{plain}'"


def _note(columns: list[Column], listed: list[Column], omitted: Mapping[str, str]) -> list[Element]:
    hidden = [column for column in columns if column not in listed]
    said = []
    if hidden:
        said.append(f"The table shows {len(listed)} of {len(columns)} columns; the others can be named in its source.")
    if omitted:
        said.append(f"Left out: {_named([f'{name} ({why})' for name, why in omitted.items()])}.")
    return [Element("text", {"id": "left_out", "size": "s", "muted": "true"}, _literal(" ".join(said)))] if said else []


def _named(names: list[str]) -> str:
    rest = len(names) - _NAMED
    first = ", ".join(" ".join(name.split())[:40] for name in names[:_NAMED])
    return f"{first} and {rest} more" if rest > 0 else first


def _literal(text: str) -> str:
    """Return a text in which braces are braces."""
    return text.replace("{", "{{").replace("}", "}}")


def _logic(used: list[Column], tools: list[Element], resets: dict[str, str]) -> list[Element]:
    measured = measures_of(used)[:_METRICS]
    keys = Names({column.name for column in measured})
    totals = {keys.take("rows"): "view | len"}
    totals |= {column.name: f"view | {'sum' if column.additive else 'mean'}('{column.name}')" for column in measured}
    facts = ", ".join(f"{name}: {expr}" for name, expr in totals.items())
    reset = [
        Element("action", {"name": "reset"}, "\n".join(f"state.{state} = {value};" for state, value in resets.items()))
    ]
    return [
        *(reset if resets else []),
        *tools,
        Element("resource", {"name": "summary", "expr": f"{{ {facts} }}"}, "What the filters leave, in numbers."),
    ]


def _doc(title: str, columns: list[Column], omitted: Mapping[str, str]) -> str:
    lines = [f"{title}, made from a DataFrame by rules: the first text, to be edited like any other."]
    for role, why in (("empty", "no values"), ("constant", "one value only"), ("identifier", "says which row it is")):
        named = [column.called for column in columns if column.role == role]
        if named:
            lines.append(f"In no chart ({why}): {_named(named)}.")
    if omitted:
        lines.append(f"Not taken over: {_named([f'{name} ({why})' for name, why in omitted.items()])}.")
    return "\n".join(lines)
