"""Changes as RFC 6902 patches, for tools that know nothing of Nexus. An export only: patches by place are not taken.

The document that they are for (`to_json`) is an object all the way down, so that every place in it has a name::

    {"rev": 7, "entities": {ID: {"type": ..., "parent": ..., "order": ..., "attrs": {NAME: ...},
                                 "out": {RELATION: {ID: true}}}}}

``contains`` is in ``parent`` and ``order``; *into* follows from *out*.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.protocol.graph import Edge, Entity
from nexus_jupyter.protocol.patch import Change, InsertOp, LinkOp, UnlinkOp

__all__ = ["document", "json_patch", "pointer", "to_json", "tokens"]

Json = dict[str, Any]  # Any: JSON


def pointer(*names: str) -> str:
    """Return the RFC 6901 pointer to a place, by the names on the way.

    Examples
    --------
    >>> pointer("entities", "board/state.a~b")
    '/entities/board~1state.a~0b'
    """
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


def tokens(text: str) -> list[str]:
    """Return the names in a pointer; the opposite of `pointer`."""
    return [name.replace("~1", "/").replace("~0", "~") for name in text.split("/")[1:]]


def to_json(graph: Graph, rev: int) -> Json:
    """Return a graph as the JSON document that `json_patch` is about."""
    return document([record.entity for record in graph.records.values()], graph.edges(), rev)


def document(entities: Iterable[Entity], edges: Iterable[Edge], rev: int) -> Json:
    """Return entities and relations as that document; else as `to_json`."""
    out: dict[str, dict[str, list[str]]] = {}
    for edge in edges:
        out.setdefault(edge.source, {}).setdefault(edge.relation, []).append(edge.target)
    ordered = sorted(entities, key=lambda entity: entity.id)
    return {"rev": rev, "entities": {entity.id: _entity(entity, out.get(entity.id, {})) for entity in ordered}}


def json_patch(before: Graph, after: Graph, change: Change) -> list[Json]:
    """Return a change as an RFC 6902 patch from `to_json` before it to `to_json` after it.

    It begins with a ``test`` of the rev: on any other version than the one it was made for, all of it is refused.

    Parameters
    ----------
    before, after
        The graph without and with the change.
    change
        The change; its rev is that of ``after``.
    """
    ops: list[Json] = [
        {"op": "test", "path": "/rev", "value": change.rev - 1},
        {"op": "replace", "path": "/rev", "value": change.rev},
    ]
    for entity_id in sorted(_concerned(before, after, change)):
        at = pointer("entities", entity_id)
        old, new = before.records.get(entity_id), after.records.get(entity_id)
        if old is None and new is not None:
            ops.append({"op": "add", "path": at, "value": _form(new)})
        elif old is not None and new is None:
            ops.append({"op": "remove", "path": at})
        elif old is not None and new is not None:
            ops += _edits(_form(old), _form(new), at)
    return ops


def _entity(entity: Entity, out: Mapping[Any, Iterable[str]]) -> Json:  # Any: relations, which are texts
    return {
        "type": entity.type,
        "parent": entity.parent,
        "order": entity.order,
        "attrs": dict(entity.attrs),
        "out": {relation: dict.fromkeys(sorted(ends), True) for relation, ends in sorted(out.items())},
    }


def _form(record: Record) -> Json:
    return _entity(record.entity, dict(record.out))


def _concerned(before: Graph, after: Graph, change: Change) -> set[str]:
    """Return the ids of all entities whose form in the document a change may change."""
    found = set[str]()
    for op in change.ops:
        match op:
            case InsertOp():
                found.add(op.entity.id)
            case LinkOp() | UnlinkOp():
                found.add(op.source)
            case _:
                found.add(op.id)
    for gone in [entity_id for entity_id in found if entity_id in before and entity_id not in after]:
        for entity in before.subtree(gone):
            found.add(entity.id)
            for sources in before.records[entity.id].into.values():
                found.update(sources)
    return found


def _edits(old: Json, new: Json, at: str) -> Iterator[Json]:
    """Yield what turns an entity into another of the same id."""
    for name in ("type", "parent", "order"):
        if old[name] != new[name]:
            yield {"op": "replace", "path": at + pointer(name), "value": new[name]}
    yield from _names(old["attrs"], new["attrs"], f"{at}/attrs")
    for relation in sorted({*old["out"], *new["out"]}):
        if relation in old["out"] and relation in new["out"]:
            yield from _names(old["out"][relation], new["out"][relation], at + pointer("out", relation))
        else:
            ends = [{relation: one["out"][relation]} if relation in one["out"] else {} for one in (old, new)]
            yield from _names(ends[0], ends[1], f"{at}/out")


def _names(old: Json, new: Json, at: str) -> Iterator[Json]:
    """Yield what turns an object into another; its values are wholes."""
    for name in sorted({*old, *new}):
        path = at + pointer(name)
        if name not in new:
            yield {"op": "remove", "path": path}
        elif name not in old:
            yield {"op": "add", "path": path, "value": new[name]}
        elif _text(old[name]) != _text(new[name]):
            yield {"op": "replace", "path": path, "value": new[name]}


def _text(value: Any) -> str:  # Any: JSON
    # Python takes 1, 1.0 and true for the same; JSON does not.
    return json.dumps(value, sort_keys=True)
