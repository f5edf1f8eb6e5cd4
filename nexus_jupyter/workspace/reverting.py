"""Taking back one old change, or some ops of it, with all that came since left standing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from nexus_jupyter.nog import Graph, apply, is_personal
from nexus_jupyter.nog.merge import merge_text
from nexus_jupyter.protocol.errors import ConflictError, NotFoundError, PatchError, RequestError
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, MoveOp, Op, RemoveOp, SetOp, UnlinkOp, UnsetOp
from nexus_jupyter.reactor import Reactor
from nexus_jupyter.workspace.conflicts import retext

__all__ = ["revert_ops"]

#: What follows from other ops, and is made anew.
_DERIVED = frozenset({"nxml", "default", "cell"})
_PLACE = "@place"


def revert_ops(
    graph: Graph,
    before: Graph,
    ops: Sequence[Op],
    chosen: Collection[int] | None,
    *,
    rev: int,
    who: Callable[[int], str],
    reactor: Reactor,
) -> list[Op]:
    """Return the ops that take back what a change did.

    Parameters
    ----------
    graph
        The graph as it is.
    before
        The graph as it was before the change.
    ops
        The change's ops, as they took effect.
    chosen
        Which ops to take back; all when ``None``.
    rev
        The change's rev.
    who
        Names the person of a rev.
    reactor
        Prints and checks the panels that are concerned.

    Raises
    ------
    NotFoundError
        If the change has no such op.
    RequestError
        If none is chosen, or they only follow from others.
    ConflictError
        If what it changed was changed again since.
    PatchError
        If a panel would have errors without it.
    """
    if chosen is not None and not chosen:
        raise RequestError("No op was chosen.", hint="Leave the choice out to take back all of them.")
    missing = [number for number in chosen or () if not 0 <= number < len(ops)]
    if missing:
        raise NotFoundError(
            f"Rev {rev} has {len(ops)} ops, so there is no op {missing[0]}.", hint="They are counted from 0."
        )
    backward: list[list[tuple[Op, bool]]] = []
    draft = before
    for number, op in enumerate(ops):
        done = apply(draft, [op], rev=rev)
        if chosen is None or number in chosen:
            own = [undo for one in done.inverse if (undo := _own(one)) is not None]
            backward.insert(0, [_merged(graph, done.graph, undo) for undo in own])
        draft = done.graph
    if chosen is not None and not any(backward):
        named = " and ".join(str(number) for number in sorted(chosen))
        raise RequestError(
            f"Op {named} of rev {rev} only follows from the others, so it cannot be taken back alone.",
            hint="Choose the op that it follows from.",
        )
    undo_ops = [op for group in backward for op, _ in group]
    _refuse_changed(graph, [op for group in backward for op, merged in group if not merged], rev, who)
    try:
        after = apply(graph, undo_ops, rev=0).graph
    except PatchError as error:
        raise ConflictError(
            f"Rev {rev} cannot be taken back: {error.message}", hint="What it changed is not there any more."
        ) from error
    result = list(undo_ops)
    for panel in sorted({_panel(op) for op in undo_ops}):
        if panel in after and after.entity(panel).type == "Panel" and _structural(undo_ops, panel):
            result += retext(after, panel, reactor)
    return result


def _own(op: Op) -> Op | None:
    """Return the part of an op that a person means, without what follows from it."""
    if isinstance(op, SetOp):
        attrs = {name: value for name, value in op.attrs.items() if name not in _DERIVED}
        return op.model_copy(update={"attrs": attrs}) if attrs else None
    if isinstance(op, UnsetOp):
        names = [name for name in op.names if name not in _DERIVED]
        return op.model_copy(update={"names": names}) if names else None
    return None if isinstance(op, (LinkOp, UnlinkOp)) else op


def _merged(graph: Graph, after: Graph, undo: Op) -> tuple[Op, bool]:
    """Let a text keep the lines that were changed since, where they are others; say whether that was done."""
    if not isinstance(undo, SetOp) or undo.attrs.keys() != {"text"} or undo.id not in graph:
        return undo, False
    texts = [after.entity(undo.id).attrs.get("text"), graph.entity(undo.id).attrs.get("text"), undo.attrs["text"]]
    if texts[0] == texts[1] or not all(isinstance(text, str) for text in texts):
        return undo, False
    merged = merge_text(*(str(text) for text in texts))
    return (undo, False) if merged is None else (undo.model_copy(update={"attrs": {"text": merged}}), True)


def _refuse_changed(graph: Graph, ops: Sequence[Op], rev: int, who: Callable[[int], str]) -> None:
    for op in ops:
        for entity_id, names in _touches(graph, op):
            if entity_id not in graph:
                raise ConflictError(
                    f"Rev {rev} cannot be taken back: '{entity_id}', which it changed, is not there any more.",
                    hint="Bring it back first, or make the edit by hand.",
                )
            touched = graph.record(entity_id).touched
            for name in names if names is not None else touched:
                if name not in _DERIVED and touched.get(name, 0) > rev:
                    what = "its place" if name == _PLACE else f"'{name.removeprefix('attr:')}'"
                    newer = touched[name]
                    raise ConflictError(
                        f"Rev {rev} cannot be taken back: {who(newer)} has changed {what} of '{entity_id}' since "
                        f"(rev {newer}).",
                        hint=f"Take back rev {newer} first, or make the edit by hand.",
                    )


def _touches(graph: Graph, op: Op) -> Iterator[tuple[str, list[str] | None]]:
    """Yield what an op is about to change: entity and attributes, or all of it."""
    match op:
        case SetOp():
            yield op.id, list(op.attrs)
        case UnsetOp():
            yield op.id, list(op.names)
        case MoveOp():
            yield op.id, [_PLACE]
        case RemoveOp():
            yield op.id, None
            if op.id in graph:
                yield from ((entity.id, None) for entity in graph.subtree(op.id))
        case _:
            return


def _structural(ops: Sequence[Op], panel: str) -> bool:
    """Whether ops change more of a panel than values of its states."""
    for op in ops:
        if _panel(op) != panel:
            continue
        if not isinstance(op, SetOp) or any(name != "value" and not is_personal(name) for name in op.attrs):
            return True
    return False


def _panel(op: Op) -> str:
    entity_id = op.entity.id if isinstance(op, InsertOp) else op.source if isinstance(op, (LinkOp, UnlinkOp)) else op.id
    return entity_id.partition("/")[0]
