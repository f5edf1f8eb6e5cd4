"""The ops that lead from one graph to another, for the places where a damaged journal has lost what did."""

from __future__ import annotations

from collections.abc import Iterator

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.protocol.errors import NexusError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, Op, RemoveOp, SetOp, UnlinkOp, UnsetOp

__all__ = ["bridge", "same"]


def bridge(before: Graph, after: Graph) -> list[Op]:
    """Return ops that make one graph of another: what differs, or everything anew where that does not do."""
    ops = [*_structure(before, after), *_attributes(before, after), *_relations(before, after)]
    try:
        if same(apply(before, ops, rev=1).graph, after):
            return ops
    except NexusError:
        pass  # entities that have swapped places or changed their type
    roots = [RemoveOp(id=entity.id) for entity in _parents_first(before) if entity.parent is None]
    inserts = [InsertOp(entity=entity) for entity in _parents_first(after)]
    links = [LinkOp(source=edge.source, relation=edge.relation, target=edge.target) for edge in after.edges()]
    return [*roots, *inserts, *links]


def same(one: Graph, other: Graph) -> bool:
    """Tell whether two graphs have the same entities and relations, whenever they came to have them."""
    if set(one.records) != set(other.records):
        return False
    if any(record.entity != other.records[entity_id].entity for entity_id, record in one.records.items()):
        return False
    return _edges(one) == _edges(other)


def _edges(graph: Graph) -> set[tuple[str, str, str]]:
    return {(edge.source, edge.relation, edge.target) for edge in graph.edges()}


def _parents_first(graph: Graph) -> Iterator[Entity]:
    for entity_id in sorted(graph.records):
        if graph.entity(entity_id).parent is None:
            yield from graph.subtree(entity_id)


def _structure(before: Graph, after: Graph) -> Iterator[Op]:
    for entity in _parents_first(after):
        old = before.records.get(entity.id)
        if old is None:
            yield InsertOp(entity=entity)
        elif entity.parent is not None and (old.entity.parent, old.entity.order) != (entity.parent, entity.order):
            yield MoveOp(id=entity.id, parent=entity.parent, order=entity.order)
    for entity in _parents_first(before):
        if entity.id not in after and (entity.parent is None or entity.parent in after):
            yield RemoveOp(id=entity.id)


def _attributes(before: Graph, after: Graph) -> Iterator[Op]:
    for entity in _parents_first(after):
        old = before.records.get(entity.id)
        if old is None:
            continue
        had = old.entity.attrs
        changed = {name: value for name, value in entity.attrs.items() if name not in had or had[name] != value}
        if changed:
            yield SetOp(id=entity.id, attrs=changed)
        if gone := [name for name in had if name not in entity.attrs]:
            yield UnsetOp(id=entity.id, names=gone)


def _relations(before: Graph, after: Graph) -> Iterator[Op]:
    for edge in before.edges():
        stays = edge.source in after and edge.target in after
        if stays and edge.target not in after.record(edge.source).out.get(edge.relation, ()):
            yield UnlinkOp(source=edge.source, relation=edge.relation, target=edge.target)
    for edge in after.edges():
        yield LinkOp(source=edge.source, relation=edge.relation, target=edge.target)
