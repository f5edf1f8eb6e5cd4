"""The object graph as tables for panels: ``<frame from="nog:nodes(...)">`` and its like. The workspace serves them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from nexus_jupyter.nog import Graph
from nexus_jupyter.nog.query import value_of
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.workspace.graphs import GraphReader

__all__ = ["graph_table"]

Arguments = Sequence[tuple[str | None, JsonValue]]
#: Entities that are drawn if nobody says how many.
_DRAWN = 150
#: Characters of a value that are shown.
_LONGEST = 300
_NODES = pa.schema(
    [("id", pa.string()), ("title", pa.string()), ("type", pa.string()), ("panel", pa.string()), ("hidden", pa.int64())]
)
_EDGES = pa.schema([("from", pa.string()), ("to", pa.string()), ("relation", pa.string())])
_ATTRIBUTES = pa.schema([("name", pa.string()), ("value", pa.string()), ("rev", pa.int64()), ("by", pa.string())])
_CAUSES = pa.schema(
    [("time", pa.string()), ("title", pa.string()), ("detail", pa.string()), ("rev", pa.int64()), ("step", pa.int64())]
)
#: Parameters of each table, in order.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "nodes": ("around", "types", "most"),
    "edges": ("around", "types", "most"),
    "attributes": ("id",),
    "causes": ("id",),
}


def graph_table(reader: GraphReader, name: str, args: Arguments) -> pa.Table:
    """Return one of the graph's tables.

    Parameters
    ----------
    reader
        The graph.
    name
        ``nodes(around, types, most)``: id, title, type, panel and hidden, the number of entities of those types that
        are left out; ``edges`` between the same: from, to, relation; ``attributes(id)`` of an entity: name, value, rev
        and by whom; ``causes(id)``: time, title, detail, rev, and step in the chain.
    args
        By position or by name. Without ``around``, the panels; with the id of an entity, what its panel consists of,
        what that is linked to, and what is related to the entity itself.

    Raises
    ------
    FrameError
        If there is no such table, or it takes no such argument.
    """
    given = _bound(name, args)
    tables: dict[str, Callable[[], pa.Table]] = {
        "nodes": lambda: _nodes(reader.at().graph, given),
        "edges": lambda: _edges(reader.at().graph, given),
        "attributes": lambda: _attributes(reader, _text(given.get("id"))),
        "causes": lambda: _causes(reader, _text(given.get("id"))),
    }
    return tables[name]()


def _bound(name: str, args: Arguments) -> dict[str, JsonValue]:
    if name not in _PARAMETERS:
        raise FrameError(f"There is no table 'nog:{name}'.", hint=f"There are: {', '.join(_PARAMETERS)}.")
    takes = _PARAMETERS[name]
    given: dict[str, JsonValue] = {}
    for position, (key, value) in enumerate(args):
        if (key is None and position >= len(takes)) or (key is not None and key not in takes):
            raise FrameError(f"The table 'nog:{name}' takes {', '.join(takes)}.")
        given[takes[position] if key is None else key] = value
    return given


def _drawn(graph: Graph, given: dict[str, JsonValue]) -> tuple[list[Entity], int]:
    """Return the entities to draw, and how many more there would be."""
    around, types, most = _text(given.get("around")), given.get("types"), given.get("most")
    wanted = frozenset(types) if isinstance(types, list) else None
    most = most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else _DRAWN
    found = dict.fromkeys([around] if around in graph else ())
    if around in graph:
        panel = _panel_of(graph, around)
        # What is chosen comes first, then what it is related to, the rest of its panel, and what that is linked to.
        found |= dict.fromkeys(other for _, others in graph.record(around).around for other in others)
        if panel is not None:
            found |= dict.fromkeys(entity.id for entity in graph.subtree(panel))
            found |= dict.fromkeys(other for _, others in graph.record(panel).around for other in others)
    else:
        found = dict.fromkeys(entity.id for entity in graph.of_type("Panel"))
    shown = [graph.entity(entity_id) for entity_id in found]
    if wanted is not None:
        shown = [entity for entity in shown if entity.type in wanted or entity.id == around]
    return shown[:most], len(shown[most:])


def _nodes(graph: Graph, given: dict[str, JsonValue]) -> pa.Table:
    shown, hidden = _drawn(graph, given)
    rows = [
        {
            "id": entity.id,
            "title": _title(entity),
            "type": entity.type,
            "panel": _panel_of(graph, entity.id),
            "hidden": hidden,
        }
        for entity in shown
    ]
    return pa.Table.from_pylist(rows, schema=_NODES)


def _edges(graph: Graph, given: dict[str, JsonValue]) -> pa.Table:
    shown, _ = _drawn(graph, given)
    ids = {entity.id for entity in shown}
    rows: list[dict[str, str]] = []
    for entity in shown:
        parent = entity.parent
        # What lies between, and is not drawn, is bridged.
        while parent is not None and parent not in ids:
            parent = graph.entity(parent).parent
        if parent is not None:
            rows.append({"from": parent, "to": entity.id, "relation": "contains"})
        for relation, ends in sorted(graph.record(entity.id).out.items()):
            rows += [{"from": entity.id, "to": end, "relation": relation} for end in sorted(ends) if end in ids]
    return pa.Table.from_pylist(rows, schema=_EDGES)


def _attributes(reader: GraphReader, entity_id: str) -> pa.Table:
    head = reader.at()
    if entity_id not in head.graph:
        return _ATTRIBUTES.empty_table()
    record = head.graph.record(entity_id)
    changes = reader.changes({record.touched[name] for name in record.entity.attrs if name in record.touched})
    rows = []
    for name in sorted(record.entity.attrs):
        rev = record.touched.get(name)
        change = changes.get(rev) if rev is not None else None
        by = (change.actor.name or change.actor.id) if change is not None else None
        value = _shown(record.entity.attrs[name])
        rows.append({"name": name.removeprefix("attr:"), "value": value, "rev": rev, "by": by})
    return pa.Table.from_pylist(rows, schema=_ATTRIBUTES)


def _causes(reader: GraphReader, entity_id: str) -> pa.Table:
    if entity_id not in reader.at().graph:
        return _CAUSES.empty_table()
    rows = []
    for cause in reader.explain(entity_id).causes:
        what = ", ".join(name.removeprefix("attr:").replace("@place", "its place") for name in cause.attrs)
        for step, link in enumerate(cause.chain):
            when = datetime.fromtimestamp((link.ts or 0) // 10**9, UTC).isoformat().replace("+00:00", "Z")
            row = {"title": link.text, "rev": link.rev, "step": step}
            rows.append({**row, "time": when if link.ts else "", "detail": what if step == 0 else "which caused that"})
    return pa.Table.from_pylist(rows, schema=_CAUSES)


def _panel_of(graph: Graph, entity_id: str) -> str | None:
    at: str | None = entity_id
    while at is not None:
        entity = graph.entity(at)
        if entity.type == "Panel":
            return entity.id
        at = entity.parent
    return None


def _title(entity: Entity) -> str:
    for name in ("title", "label", "name"):
        found = value_of(entity, name)
        if isinstance(found, str) and found:
            return found
    return entity.id.rpartition("/")[2]


def _shown(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "\u2026"


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else ""
