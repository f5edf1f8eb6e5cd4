"""Patches to a panel: from the ids of its nodes to those of the graph, and the text that follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nexus_jupyter.nog import Graph, apply, tree
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import PatchError
from nexus_jupyter.protocol.graph import Entity, EntityType
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, Op, Patch, SetOp, UnlinkOp, UnsetOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.replacement import replacement

__all__ = ["edit_ops", "graph_ops", "with_text"]

_SECTIONS = ("view", "data", "logic", "doc")


def edit_ops(
    graph: Graph, panel: str, patch: Patch, reactor: Reactor, *, author: Actor | None = None
) -> tuple[list[Op], Build]:
    """Return the ops of the graph that carry out a patch to a panel, and the panel's build after it.

    They are the patch's own ops and those that follow: the new text, and the relations that the checker finds in it.

    Raises
    ------
    PatchError
        If an op does not apply, or the panel would have errors; ``diagnostics`` says which.
    ConflictError
        If an op is based on a version that was edited since.
    """
    sections, wanted = graph_ops(graph, panel, patch)
    # In two steps, so that the number of an op that does not apply is its number in the patch.
    ops, build = with_text(apply(graph, sections, rev=0).graph, panel, wanted, reactor, author=author)
    return [*sections, *ops], build


def graph_ops(graph: Graph, panel: str, patch: Patch) -> tuple[list[Op], list[Op]]:
    """Return a patch's ops with ids of the graph, and before them those that make the sections it puts something into.

    Raises
    ------
    PatchError
        If it is a patch for another panel.
    """
    if patch.panel not in (None, panel):
        raise PatchError(f"This is a patch for the panel '{patch.panel}', not for '{panel}'.")
    sections = list(_missing_sections(graph, panel, patch))
    return sections, [_qualify(graph, panel, op, patch.rev) for op in patch.ops]


def with_text(
    graph: Graph, panel: str, ops: Sequence[Op], reactor: Reactor, *, author: Actor | None = None
) -> tuple[list[Op], Build]:
    """Return ops on a panel's entities with what follows from them, the text and the relations, and the build.

    Raises
    ------
    PatchError
        If an op does not apply, or the panel would have errors.
    """
    draft = apply(graph, ops, rev=0).graph
    nxml, build = reactor.assemble(tree(draft, panel))
    errors = [str(diagnostic) for diagnostic in build.diagnostics if diagnostic.severity == "error"]
    if errors:
        raise PatchError(
            "The panel would have errors after this patch:\n  " + "\n  ".join(errors[:10]),
            diagnostics=build.diagnostics,
        )
    return [*ops, *replacement(draft, build, nxml, author=author)], build


def _missing_sections(graph: Graph, panel: str, patch: Patch) -> Iterator[Op]:
    wanted = {op.entity.parent for op in patch.ops if isinstance(op, InsertOp)}
    for name in _SECTIONS:
        section = f"{panel}/{name}"
        if name in wanted and section not in graph:
            yield InsertOp(entity=Entity(id=section, type="Element", parent=panel, attrs={"tag": name}))


def _qualify(graph: Graph, panel: str, op: Op, rev: int | None) -> Op:
    def full(local: str | None) -> str | None:
        if local is None or local == panel or local.startswith((f"{panel}/", "capability:", "frame:")):
            return local
        return f"{panel}/{local}"

    seen = op.seen if op.seen is not None else rev
    match op:
        case InsertOp():
            attrs = _attributes(op.entity.type, op.entity.attrs)
            parent = full(op.entity.parent) if op.entity.parent else _parent_of(graph, full(op.before or op.after))
            entity = op.entity.model_copy(update={"id": full(op.entity.id), "parent": parent, "attrs": attrs})
            return op.model_copy(update={"entity": entity, "before": full(op.before), "after": full(op.after)})
        case MoveOp():
            parent = full(op.parent) if op.parent else _parent_of(graph, full(op.before or op.after))
            places = {"parent": parent, "before": full(op.before), "after": full(op.after)}
            return op.model_copy(update={"id": full(op.id), "seen": seen, **places})
        case LinkOp() | UnlinkOp():
            return op.model_copy(update={"source": full(op.source), "target": full(op.target), "seen": seen})
        case SetOp():
            entity_id = str(full(op.id))
            attrs = _attributes(_type_of(graph, entity_id), op.attrs)
            return op.model_copy(update={"id": entity_id, "attrs": attrs, "seen": seen})
        case UnsetOp():
            entity_id = str(full(op.id))
            names = list(_attributes(_type_of(graph, entity_id), dict.fromkeys(op.names)))
            return op.model_copy(update={"id": entity_id, "names": names, "seen": seen})
        case _:
            return op.model_copy(update={"id": full(op.id), "seen": seen})


def _parent_of(graph: Graph, anchor: str | None) -> str:
    """Return what an anchor is inside of, for an op that says before or after what, but not into what."""
    if anchor is None or anchor not in graph:
        raise PatchError("An insert or move needs to say where: into, before or after an element that is there.")
    return graph.entity(anchor).parent or ""


def _type_of(graph: Graph, entity_id: str) -> EntityType:
    return graph.entity(entity_id).type if entity_id in graph else "Element"


def _attributes(kind: EntityType, attrs: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """Name NXML attributes as the graph does (``attr:NAME``); text, tag and a state's live value have plain names."""
    plain = {
        "tag",
        "text",
        "generated",
        "comments",
        "last_comments",
        *(("value",) if kind == "State" else ()),
        *(("title",) if kind == "Panel" else ()),
    }
    return {key if key in plain or key.startswith("attr:") else f"attr:{key}": value for key, value in attrs.items()}
