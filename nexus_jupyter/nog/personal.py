"""What people have for themselves: each one's value of a state of scope ``user`` is an attribute of its own."""

from __future__ import annotations

from collections.abc import Sequence

from immutables import Map

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import AppendOp, Change, InsertOp, Op, ReplaceTextOp, SetOp, UnsetOp

__all__ = ["change_seen_by", "is_personal", "own_attr", "seen_by", "shared"]

#: Begins the names of such attributes; the person's id follows.
_PERSONAL = "user:"


def own_attr(user: str) -> str:
    """Return the name of the attribute that holds a person's value."""
    return f"{_PERSONAL}{user}"


def is_personal(attr: str) -> bool:
    """Tell whether an attribute is one person's."""
    return attr.startswith(_PERSONAL)


def shared(entity: Entity) -> Entity:
    """Return an entity without what people have for themselves."""
    return _seen(entity, None)


def seen_by(graph: Graph, user: str | None) -> Graph:
    """Return a graph as one person may see it, or as everybody may: without the values that others have.

    Nothing can be found out about them then, neither by a condition nor by when they were changed.
    """
    own = own_attr(user) if user is not None else None
    records: dict[str, Record] = {}
    for entity_id in graph.types.get("State", Map()):
        record = graph.records[entity_id]
        if any(_others(name, own) for names in (record.touched, record.entity.attrs) for name in names):
            touched = Map({name: rev for name, rev in record.touched.items() if not _others(name, own)})
            records[entity_id] = Record(_seen(record.entity, own), record.children, record.out, record.into, touched)
    return Graph(graph.records.update(records), graph.types) if records else graph


def _seen(entity: Entity, own: str | None) -> Entity:
    if not any(_others(name, own) for name in entity.attrs):
        return entity
    attrs = {name: value for name, value in entity.attrs.items() if not _others(name, own)}
    return entity.model_copy(update={"attrs": attrs})


def _others(attr: str, own: str | None) -> bool:
    return is_personal(attr) and attr != own


def change_seen_by(change: Change, user: str | None) -> Change:
    """Return a change as one person may see it: without the values that others set for themselves."""
    own = own_attr(user) if user is not None else None
    return change.model_copy(
        update={"ops": _ops_seen(change.ops, own), "inverse": _ops_seen(change.inverse, own)},
    )


def _ops_seen(ops: Sequence[Op], own: str | None) -> list[Op]:
    return [seen for op in ops if (seen := _op_seen(op, own)) is not None]


def _op_seen(op: Op, own: str | None) -> Op | None:
    match op:
        case SetOp():
            attrs = {name: value for name, value in op.attrs.items() if not _others(name, own)}
            return op.model_copy(update={"attrs": attrs}) if attrs else None
        case UnsetOp():
            names = [name for name in op.names if not _others(name, own)]
            return op.model_copy(update={"names": names}) if names else None
        case InsertOp():
            return op.model_copy(update={"entity": _seen(op.entity, own)})
        case ReplaceTextOp() | AppendOp():
            return None if _others(op.attr, own) else op
    return op
