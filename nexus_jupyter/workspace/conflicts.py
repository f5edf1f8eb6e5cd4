"""Open conflicts in the graph: what they ask, and what an answer changes.

A conflict is an entity of type *Conflict* inside its panel. It stays through edits, undo, commits and checkouts until
somebody answers it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from nexus_jupyter.nog import Graph, apply, tree
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.conflict import Conflict, Pick
from nexus_jupyter.protocol.errors import NotFoundError, NXMLError, PatchError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import Change, InsertOp, LinkOp, MoveOp, Op, RemoveOp, SetOp, UnlinkOp, UnsetOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.panels import panel_names, panel_view
from nexus_jupyter.workspace.replacement import replacement

__all__ = ["conflict_entity", "new_conflicts", "open_conflicts", "refuse", "resolve_ops", "retext", "touches_conflicts"]

_STATE = frozenset({"value", "default"})


def open_conflicts(graph: Graph, panel: str | None = None) -> list[Conflict]:
    """Return the conflicts that wait for an answer, of one panel or of all; oldest first."""
    names = panel_names(graph) if panel is None else [panel]
    found = [entity for name in names if name in graph for entity in graph.children(name) if entity.type == "Conflict"]
    ordered = sorted(found, key=lambda entity: (entity.parent or "", _number(entity.id)))
    return [conflict for entity in ordered if (conflict := _conflict(entity)) is not None]


def touches_conflicts(change: Change) -> bool:
    """Tell whether a change may have asked or answered something."""
    own = (op for op in change.ops if not isinstance(op, (LinkOp, UnlinkOp)))
    return any("/conflict." in (op.entity.id if isinstance(op, InsertOp) else op.id) for op in own)


def conflict_entity(conflict: Conflict) -> Entity:
    """Return the entity that holds a conflict."""
    attrs = conflict.model_dump(mode="json", exclude={"id", "panel"})
    return Entity(id=conflict.id, type="Conflict", parent=conflict.panel, attrs=attrs)


def new_conflicts(held: Iterable[Conflict], found: Iterable[Conflict]) -> Iterator[Conflict]:
    """Yield conflicts with ids of their own, without those that are asked already."""
    asked = [_question(one) for one in held]
    number = max((_number(one.id) for one in held), default=0)
    for one in found:
        if _question(one) not in asked:
            number += 1
            asked.append(_question(one))
            yield one.model_copy(update={"id": f"{one.panel}/conflict.{number}"})


def resolve_ops(graph: Graph, panel: str, conflict_id: str, pick: Pick, reactor: Reactor) -> list[Op]:
    """Return the ops that answer a conflict, and take it away.

    Raises
    ------
    NotFoundError
        If there is no such open conflict.
    PatchError
        If what was picked no longer fits; ``diagnostics`` has the errors that the panel would have.
    """
    panel_view(graph, panel)
    full = conflict_id if conflict_id.startswith(f"{panel}/") else f"{panel}/{conflict_id}"
    found = next((one for one in open_conflicts(graph, panel) if one.id == full), None)
    if found is None:
        names = ", ".join(one.id.removeprefix(f"{panel}/") for one in open_conflicts(graph, panel)) or "none"
        raise NotFoundError(f"There is no open conflict '{conflict_id}' in '{panel}'.", hint=f"Open: {names}.")
    done: list[Op] = [RemoveOp(id=full)]
    side = found.ours if pick == "ours" else found.theirs
    if found.entity == panel and found.kind == "removed":
        return [RemoveOp(id=panel)] if side.removed else done
    if pick == "ours":
        return done
    if found.kind == "panel":
        return [*done, *_take_text(graph, panel, str(side.value), reactor)]
    try:
        ops = [*done, *_taken(graph, found)]
        return [*ops, *retext(apply(graph, ops, rev=0).graph, panel, reactor)]
    except (PatchError, NotFoundError) as error:
        raise PatchError(
            f"Theirs cannot be taken any more: {error.message}",
            diagnostics=error.diagnostics if isinstance(error, PatchError) else (),
            hint="The panel has changed since. Pick ours, and make the edit by hand.",
        ) from error


def retext(draft: Graph, panel: str, reactor: Reactor) -> list[Op]:
    """Return the ops that follow from edits of a panel's entities: its new text, and the relations found in it.

    Raises
    ------
    PatchError
        If the panel has errors now; ``diagnostics`` says which.
    """
    nxml, build = reactor.assemble(tree(draft, panel))
    refuse(build)
    return replacement(draft, build, nxml)


def refuse(build: Build) -> None:
    """Raise `PatchError` if a panel that was put together has errors."""
    errors = [str(diagnostic) for diagnostic in build.diagnostics if diagnostic.severity == "error"]
    if errors:
        lines = "\n  ".join(errors[:10])
        raise PatchError(f"The panel would have errors:\n  {lines}", diagnostics=build.diagnostics)


def _take_text(graph: Graph, panel: str, nxml: str, reactor: Reactor) -> list[Op]:
    try:
        build = reactor.check(nxml)
    except NXMLError as error:
        raise PatchError(error.message, diagnostics=error.diagnostics) from error
    refuse(build)
    if build.id != panel:
        raise PatchError(f"The other text is that of the panel '{build.id}'.")
    return replacement(graph, build, nxml)


def _taken(graph: Graph, conflict: Conflict) -> Iterator[Op]:
    """Yield the ops that make theirs hold, before the text is made anew."""
    entity, side = conflict.entity, conflict.theirs
    if conflict.kind == "attribute" and conflict.attr is not None:
        if side.removed:
            yield UnsetOp(id=entity, names=[conflict.attr])
        else:
            yield SetOp(id=entity, attrs={conflict.attr: side.value})
    elif conflict.kind == "place":
        yield _move(graph, entity, _dict(side.value))
    elif conflict.kind == "inserted":
        yield from _become(graph, entity, _dict(_dict(side.value)["attrs"]))
    elif side.removed:
        yield RemoveOp(id=entity)
    else:
        yield from _brought_back(graph, side.value)


def _become(graph: Graph, entity: str, attrs: Mapping[str, JsonValue]) -> Iterator[Op]:
    old = graph.entity(entity).attrs
    gone = [name for name in old if name not in attrs and name not in _STATE]
    if gone:
        yield UnsetOp(id=entity, names=gone)
    yield SetOp(id=entity, attrs=dict(attrs))


def _brought_back(graph: Graph, value: JsonValue) -> Iterator[Op]:
    """Yield what puts entities back that one side has removed, and puts those back into them that live on elsewhere."""
    rows = [_dict(row) for row in value] if isinstance(value, list) else []
    draft = graph
    for row in rows:
        fresh = Entity.model_validate({key: row[key] for key in ("id", "type", "parent", "attrs")})
        if fresh.id in draft:
            ops: list[Op] = [_move(draft, fresh.id, row)]
        else:
            if fresh.parent is None or fresh.parent not in draft:
                raise PatchError(f"'{fresh.parent}', which '{fresh.id}' was inside of, is not there any more.")
            ops = [_placed_insert(draft, fresh, row.get("after"))]
        draft = apply(draft, ops, rev=0).graph
        yield from ops


def _placed_insert(draft: Graph, entity: Entity, after: JsonValue) -> Op:
    siblings = draft.record(entity.parent or "").children
    if isinstance(after, str) and after in siblings:
        return InsertOp(entity=entity, after=after)
    return InsertOp(entity=entity, before=siblings[0] if siblings and after is None else None)


def _move(graph: Graph, entity: str, place: Mapping[str, JsonValue]) -> MoveOp:
    parent, after = str(place["parent"]), place.get("after")
    graph.entity(entity)
    siblings = [child for child in graph.record(parent).children if child != entity]
    if isinstance(after, str) and after in siblings:
        return MoveOp(id=entity, parent=parent, after=after)
    first = siblings[0] if siblings and after is None else None
    return MoveOp(id=entity, parent=parent, before=first)


def _dict(value: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(value, dict):
        raise PatchError("The conflict does not say what theirs is.")
    return value


def _conflict(entity: Entity) -> Conflict | None:
    """Return what an entity asks; one that does not have the form of a conflict asks nothing."""
    given: dict[str, Any] = {**entity.attrs, "id": entity.id, "panel": entity.parent or ""}  # Any: validated here
    try:
        return Conflict.model_validate(given)
    except ValidationError:
        return None


def _question(one: Conflict) -> object:
    return one.kind, one.entity, one.attr, one.ours.value, one.theirs.value, one.theirs.removed


def _number(conflict_id: str) -> int:
    last = conflict_id.rpartition(".")[2]
    return int(last) if last.isdigit() else 0
