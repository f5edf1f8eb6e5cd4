"""What a checked answer would do, for the person who decides: each op in words, what it touches, what it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from nexus_jupyter.ai import Edit
from nexus_jupyter.assistant.checking import Checked, applied, patch_of
from nexus_jupyter.nog import Graph, apply, impact, shared
from nexus_jupyter.nog.diff import diff
from nexus_jupyter.protocol.ai import ProposedOp, ProposedUse
from nexus_jupyter.protocol.errors import PatchError
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.panel import Build
from nexus_jupyter.protocol.patch import InsertOp, MoveOp, Op, RemoveOp
from nexus_jupyter.protocol.query import Touched
from nexus_jupyter.protocol.versions import EntityChange
from nexus_jupyter.workspace import WorkspaceKernel, graph_ops
from nexus_jupyter.workspace.writer import Head

__all__ = ["asks", "changes", "described", "effective", "impact_of"]

#: Things touched that a proposal names.
_MOST = 200
#: Ops up to which their dependencies are worked out one by one; of more, none is taken without the others.
_APART = 12


def effective(head: Head, panel: str, edits: Sequence[Edit]) -> tuple[list[Edit], list[str]]:
    """Return those edits that change something, and what each changes, in words."""
    graph, kept, words = head.graph, list[Edit](), list[str]()
    for edit in edits:
        sections, ops = graph_ops(graph, panel, patch_of(panel, head.rev, [edit]))
        after = apply(graph, [*sections, *ops], rev=0).graph
        found = diff(panel, _own(graph, panel), _own(after, panel))
        graph = after
        if found:
            kept.append(edit)
            words.append("; ".join(one.words for one in found))
    return kept, words


def described(
    kernel: WorkspaceKernel, head: Head, panel: str, edits: Sequence[Edit], words: Sequence[str]
) -> list[ProposedOp]:
    """Return the ops of a proposal; what they need of each other is found by trying."""
    needs = _needs(kernel, head, panel, edits)
    made: list[ProposedOp] = []
    at = 0
    for index, (edit, said) in enumerate(zip(edits, words, strict=True)):
        touched = [one.entity.id.removeprefix(f"{panel}/") for one in impact_of(head.graph, edit.ops)]
        parts = list(range(at, at + len(edit.ops)))
        at += len(edit.ops)
        made.append(ProposedOp(index=index, words=said, touched=touched[:_MOST], needs=needs[index], parts=parts))
    return made


def impact_of(graph: Graph, ops: Iterable[Op]) -> list[Touched]:
    """Return what ops touch beside what they name, nearest first, without what people have for themselves."""
    found: dict[str, Touched] = {}
    for entity_id, whole in dict.fromkeys((_named(op), isinstance(op, RemoveOp | MoveOp)) for op in ops):
        if entity_id in graph:
            for one in impact(graph, entity_id, contents=whole)[0]:
                found.setdefault(one.entity.id, one)
    return [one.model_copy(update={"entity": shared(one.entity)}) for one in list(found.values())[:_MOST]]


def changes(head: Head, panel: str, checked: Checked) -> list[EntityChange]:
    """Return the difference that a change of a panel makes."""
    after = apply(head.graph, checked.ops, rev=0).graph
    return diff(panel, _own(head.graph, panel), _own(after, panel))


def asks(kernel: WorkspaceKernel, panel: str, before: Build | None, after: Build) -> list[ProposedUse]:
    """Return what a panel would newly ask for. Nothing of it is granted by that; what was granted earlier is marked."""
    known = {(use.cap, use.target) for use in before.uses} if before is not None else set()
    granted = {(grant.cap, grant.target) for grant in kernel.permissions.active(panel)}
    return [
        ProposedUse(
            cap=use.cap,
            target=use.target,
            why=use.why,
            allowed=(use.cap, use.target) in granted or (use.cap, None) in granted,
        )
        for use in after.uses
        if (use.cap, use.target) not in known
    ]


def _needs(kernel: WorkspaceKernel, head: Head, panel: str, edits: Sequence[Edit]) -> list[list[int]]:
    """Return, for each edit, the fewest others found without which it does not apply or leaves errors."""
    everything = list(range(len(edits)))
    if len(edits) > _APART:
        return [[other for other in everything if other != index] for index in everything]
    tried: dict[frozenset[int], bool] = {frozenset(everything): True}

    def holds(chosen: frozenset[int]) -> bool:
        if chosen not in tried:
            try:
                applied(kernel, head, panel, [edits[index] for index in sorted(chosen)])
            except PatchError:
                tried[chosen] = False
            else:
                tried[chosen] = True
        return tried[chosen]

    found: list[list[int]] = []
    for index in everything:
        needed = frozenset({index}) if holds(frozenset({index})) else frozenset(everything)
        for other in reversed(everything):
            if other != index and other in needed and holds(needed - {other}):
                needed -= {other}
        found.append(sorted(needed - {index}))
    return found


def _named(op: Op) -> str:
    """Return what an op changes; what is only inserted touches nothing yet."""
    return "" if isinstance(op, InsertOp) else str(getattr(op, "id", ""))


def _own(graph: Graph, panel: str) -> Mapping[str, Entity]:
    return {entity.id: shared(entity) for entity in graph.subtree(panel)}
