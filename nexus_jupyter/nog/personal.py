"""What people have for themselves: each one's value of a state of scope ``user`` is an attribute of its own."""

from __future__ import annotations

from immutables import Map

from nexus_jupyter.nog.graph import Graph, Record
from nexus_jupyter.protocol.graph import Entity

__all__ = ["is_personal", "own_attr", "seen_by", "shared"]

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
