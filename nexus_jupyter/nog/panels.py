"""A panel's text and its entities: two forms of the same thing.

`entities` turns the reactor's build into entities and relations; `tree` turns the entities back into the tree that the
reactor prints; `difference` finds the ops that lead from one version of a panel to another, by id.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import get_args

from nexus_jupyter.nog.graph import Graph
from nexus_jupyter.nog.order import spread
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Edge, Entity, EntityType, Relation
from nexus_jupyter.protocol.panel import Build, Fact, Node, Section
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, Op, RemoveOp, SetOp, UnlinkOp, UnsetOp

__all__ = ["DECLARED", "PanelEntities", "difference", "entities", "node_entities", "tree"]

#: What the declarations of a panel are in the graph, by tag.
DECLARED: dict[str, EntityType] = {
    "state": "State",
    "computed": "Computed",
    "link": "Computed",
    "type": "Type",
    "frame": "Frame",
    "query": "Query",
    "action": "Action",
    "effect": "Effect",
    "lifecycle": "Effect",
    "export": "Computed",
    "tool": "Tool",
    "resource": "Resource",
    "uses": "Capability",
}
_COMMENTS = ("comments", "last_comments")
_SECTIONS = ("view", "data", "logic", "doc")
#: Attributes that the text does not hold, so that a new text leaves them alone.
_LIVE = frozenset({"value", "cell"})
#: Relations that follow from the text; others (authors, intents, packages) stay when it changes.
_OF_PANEL = frozenset({"links", "requires"})
_FACTS: frozenset[Relation] = frozenset(get_args(Fact.model_fields["relation"].annotation))


@dataclass(frozen=True, slots=True)
class PanelEntities:
    """What a panel consists of: entities, parents first and siblings in order, and the relations between them.

    ``shared`` are entities outside the panel that its relations end at (capabilities, frames of the kernel).
    """

    own: list[Entity]
    shared: list[Entity]
    edges: list[Edge]


def entities(build: Build, panels: Collection[str] = ()) -> PanelEntities:
    """Return the entities and relations that a build stands for, with ids of the graph.

    ``panels`` are those that there are: links to others are not in the graph.
    """
    packs: dict[str, JsonValue] = {f"xmlns:{use.prefix}": use.pack for use in build.packs}
    own = [Entity(id=build.id, type="Panel", attrs={"title": build.title, **packs, **_comments(build)})]
    for section in build.sections:
        attrs: dict[str, JsonValue] = {"tag": section.name}
        if section.text is not None:
            attrs["text"] = section.text
        attrs |= _comments(section)
        section_id = f"{build.id}/{section.name}"
        own.append(Entity(id=section_id, type="Element", parent=build.id, attrs=attrs))
        own += node_entities(section.children, section_id, build.id, in_view=section.name == "view")
    own += _columns(build)
    known = {entity.id for entity in own} | set(panels)
    shared: dict[str, Entity] = {}
    edges: list[Edge] = []
    for fact in build.facts:
        # Only these begin at the panel itself; elsewhere its name is that of a node.
        source = build.id if fact.relation in _OF_PANEL else _resolve(fact.source, build.id, shared)
        ends = [source, _resolve(fact.target, build.id, shared)]
        if all(end in known or end in shared for end in ends):
            edges.append(Edge(source=ends[0], relation=fact.relation, target=ends[1]))
    return PanelEntities(own, list(shared.values()), edges)


def node_entities(nodes: list[Node], parent: str, panel: str, *, in_view: bool) -> Iterator[Entity]:
    """Yield the entities of nodes of a panel's text, parents first; ``parent`` is the id of the graph they are in."""
    for node in nodes:
        attrs: dict[str, JsonValue] = {"tag": node.tag}
        attrs.update({f"attr:{attr.name}": attr.value for attr in node.attrs if attr.name != "id"})
        if node.generated_id:
            attrs["generated"] = True
        if node.text is not None:
            attrs["text"] = node.text
        attrs |= _comments(node)
        kind: EntityType = "Element" if in_view else DECLARED.get(node.tag, "Element")
        entity_id = f"{panel}/{node.id}"
        yield Entity(id=entity_id, type=kind, parent=parent, attrs=attrs)
        yield from node_entities(node.children, entity_id, panel, in_view=in_view)


def _comments(part: Build | Section | Node) -> dict[str, JsonValue]:
    """Return the comments of a part as attributes of its entity, with which they move, are merged, and go."""
    kept = {"comments": part.comments, "last_comments": part.last_comments}
    return {name: list[JsonValue](comments) for name, comments in kept.items() if comments}


def _columns(build: Build) -> Iterator[Entity]:
    for frame in build.frames:
        parent = f"{build.id}/frame.{frame.name}"
        for column in frame.columns:
            attrs: dict[str, JsonValue] = {"name": column.name, "type": column.type.kind}
            yield Entity(id=f"{parent}.{column.name}", type="Column", parent=parent, attrs=attrs)


def _resolve(end: str, panel: str, shared: dict[str, Entity]) -> str:
    """Return the graph id of an end of a fact, noting entities that lie outside the panel."""
    if end.startswith("capability:"):
        shared[end] = Entity(id=end, type="Capability", attrs={"name": end.removeprefix("capability:")})
        return end
    if end.startswith("kernel:"):
        frame = "frame:" + end.removeprefix("kernel:")
        shared[frame] = Entity(id=frame, type="Frame", attrs={"name": end.removeprefix("kernel:")})
        return frame
    if end.startswith("panel:"):
        return end.removeprefix("panel:")
    return f"{panel}/{end}"


def tree(graph: Graph, panel: str) -> dict[str, JsonValue]:
    """Return a panel as the tree ``{id, title, packs, sections}`` that the reactor's ``assemble`` takes."""
    root = graph.entity(panel)
    by_name = {str(part.attrs["tag"]): part for part in graph.children(panel) if part.type == "Element"}
    sections: list[JsonValue] = [
        {
            "name": name,
            "text": by_name[name].attrs.get("text"),
            "children": _children(graph, by_name[name], panel),
            **_written(by_name[name]),
        }
        for name in _SECTIONS
        if name in by_name
    ]
    packs: list[JsonValue] = [
        {"prefix": key.removeprefix("xmlns:"), "pack": pack}
        for key, pack in root.attrs.items()
        if key.startswith("xmlns:")
    ]
    title = root.attrs.get("title", panel)
    return {"id": panel, "title": title, "packs": packs, "sections": sections, **_written(root)}


def _written(entity: Entity) -> dict[str, JsonValue]:
    """Return an entity's comments for the printer."""
    return {name: entity.attrs[name] for name in _COMMENTS if name in entity.attrs}


def _children(graph: Graph, entity: Entity, panel: str) -> list[JsonValue]:
    return [_node(graph, child, panel) for child in graph.children(entity.id) if child.type != "Column"]


def _node(graph: Graph, entity: Entity, panel: str) -> dict[str, JsonValue]:
    attrs: list[JsonValue] = [
        {"name": key.removeprefix("attr:"), "value": value}
        for key, value in entity.attrs.items()
        if key.startswith("attr:")
    ]
    return {
        "id": entity.id.removeprefix(f"{panel}/"),
        "tag": entity.attrs["tag"],
        "generated_id": bool(entity.attrs.get("generated", False)),
        "attrs": attrs,
        "text": entity.attrs.get("text"),
        "children": _children(graph, entity, panel),
        **_written(entity),
    }


def difference(graph: Graph, new: PanelEntities) -> list[Op]:
    """Return the ops that turn the panel in the graph (or its absence) into the given one.

    Live attributes, such as a state's value, stay as they are in entities that stay.
    """
    panel = new.own[0].id
    # Conflicts are questions about the panel and not part of its text: they stay until they are answered.
    subtree = graph.subtree(panel) if panel in graph else ()
    old = {entity.id: entity for entity in subtree if entity.type != "Conflict"}
    kept = {entity.id for entity in new.own}
    ops: list[Op] = [
        RemoveOp(id=entity_id)
        for entity_id, entity in old.items()
        if entity_id not in kept and (entity.parent is None or entity.parent in kept)
    ]
    ops += [InsertOp(entity=entity) for entity in new.shared if entity.id not in graph]
    ops += _structure(old, new.own)
    for entity in new.own:
        if entity.id in old:
            ops += _attributes(old[entity.id], entity)
    ops += _relations(graph, old, new)
    return ops


def _structure(old: dict[str, Entity], own: list[Entity]) -> Iterator[Op]:
    """Insert what is new and move what has another place, parents first.

    Entities that stay in sequence keep their order keys; the others get keys in the gaps between them.
    """
    siblings: dict[str | None, list[Entity]] = {}
    for entity in own:
        siblings.setdefault(entity.parent, []).append(entity)
    keys: dict[str, str] = {}
    for parent, entities_ in siblings.items():
        staying = [e.id for e in entities_ if e.id in old and old[e.id].parent == parent]
        fixed = _longest_increasing(staying, {entity_id: old[entity_id].order for entity_id in staying})
        keys |= _order_keys([entity.id for entity in entities_], fixed, old)
    for entity in own:
        order = keys[entity.id] if entity.parent is not None else ""
        if entity.id not in old:
            yield InsertOp(entity=entity.model_copy(update={"order": order}))
        elif entity.parent is not None and (old[entity.id].parent, old[entity.id].order) != (entity.parent, order):
            yield MoveOp(id=entity.id, parent=entity.parent, order=order)


def _order_keys(ids: list[str], fixed: set[str], old: dict[str, Entity]) -> dict[str, str]:
    keys: dict[str, str] = {}
    low, gap = "", list[str]()
    for entity_id in [*ids, None]:
        if entity_id is not None and entity_id not in fixed:
            gap.append(entity_id)
            continue
        high = old[entity_id].order if entity_id is not None else None
        keys |= dict(zip(gap, spread(low, high, len(gap)), strict=True))
        gap = []
        if entity_id is not None and high is not None:
            keys[entity_id] = low = high
    return keys


def _longest_increasing(ids: list[str], order: dict[str, str]) -> set[str]:
    """Return the largest set of ids whose order keys already increase in the given sequence."""
    best: list[tuple[int, str | None]] = []
    for i, entity_id in enumerate(ids):
        length, previous = 1, None
        for j in range(i):
            if order[ids[j]] < order[entity_id] and best[j][0] + 1 > length:
                length, previous = best[j][0] + 1, ids[j]
        best.append((length, previous))
    if not best:
        return set()
    at: str | None = ids[max(range(len(ids)), key=lambda i: best[i][0])]
    chain: set[str] = set()
    positions = {entity_id: i for i, entity_id in enumerate(ids)}
    while at is not None:
        chain.add(at)
        at = best[positions[at]][1]
    return chain


def _attributes(old: Entity, new: Entity) -> Iterator[Op]:
    changed = {key: value for key, value in new.attrs.items() if key not in old.attrs or old.attrs[key] != value}
    gone = [key for key in old.attrs if key not in new.attrs and key not in _LIVE]
    if changed:
        yield SetOp(id=new.id, attrs=changed)
    if gone:
        yield UnsetOp(id=new.id, names=gone)


def _relations(graph: Graph, old: dict[str, Entity], new: PanelEntities) -> Iterator[Op]:
    kept = {entity.id for entity in new.own}
    before = {
        (edge.source, edge.relation, edge.target)
        for entity_id in old
        if entity_id in kept
        for edge in graph.edges_of(entity_id)
        if edge.source == entity_id and edge.relation in _FACTS and (edge.target in kept or edge.target not in old)
    }
    after = {(edge.source, edge.relation, edge.target) for edge in new.edges}
    for source, relation, target in sorted(before - after):
        yield UnlinkOp(source=source, relation=relation, target=target)
    for source, relation, target in sorted(after - before):
        yield LinkOp(source=source, relation=relation, target=target)
