"""Which change an undo or redo is about: per person, and never over what somebody else has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nexus_jupyter.protocol.errors import ConflictError, NotFoundError
from nexus_jupyter.protocol.patch import (
    AppendOp,
    Change,
    CodeOp,
    InsertOp,
    LinkOp,
    MoveOp,
    Op,
    RemoveOp,
    ReplaceTextOp,
    SetOp,
    UnlinkOp,
    UnsetOp,
)

__all__ = ["target"]

#: Changes that a person takes back with undo; making or deleting a panel and moving through history are not.
_UNDOABLE = frozenset({"edit", "run", "set", "prompt", "revert"})


def target(changes: Sequence[Change], actor: str, *, redo: bool) -> Change:
    """Return the change whose inverse carries out the next undo (or redo) of a person.

    Parameters
    ----------
    changes
        All changes of the panel, in order.
    actor
        The person's id.
    redo
        Whether to do again what was last undone.

    Raises
    ------
    NotFoundError
        If there is nothing to undo or redo.
    ConflictError
        If somebody has since changed the same thing.
    """
    done: list[Change] = []
    undone: list[tuple[Change, Change]] = []  # the change, and the undo that took it back
    cancelled: set[int] = set()
    for change in changes:
        if change.actor.id != actor:
            continue
        kind, of = change.cause.kind, change.cause.of
        if kind == "undo" and done and of == done[-1].rev:
            undone.append((done.pop(), change))
            cancelled |= {change.rev, of}
        elif kind == "redo" and undone and of == undone[-1][1].rev:
            undone.pop()
            done.append(change)
        elif kind in _UNDOABLE:
            done.append(change)
            undone = []
    stack = [undo for _, undo in undone] if redo else done
    if not stack:
        raise NotFoundError(f"There is nothing of yours to {'redo' if redo else 'undo'} in this panel.")
    found = stack[-1]
    _refuse_conflict(found, (c for c in changes if c.rev > found.rev and c.rev not in cancelled))
    return found


def _refuse_conflict(found: Change, later: Iterable[Change]) -> None:
    mine = set(_places(found.ops))
    for change in later:
        if mine & set(_places(change.ops)):
            raise ConflictError(
                f"This cannot be taken back: {change.actor.name or change.actor.id} has changed the same thing since "
                f"(rev {change.rev}).",
                hint="Undo that change first, or set the value by hand.",
            )


def _places(ops: Iterable[Op]) -> Iterator[tuple[str, str]]:
    """Yield what ops touch: (entity, attribute), with "@" for the entity as a whole."""
    for op in ops:
        match op:
            case SetOp():
                yield from ((op.id, name) for name in op.attrs)
            case UnsetOp():
                yield from ((op.id, name) for name in op.names)
            case ReplaceTextOp() | AppendOp():
                yield op.id, op.attr
            case CodeOp():
                yield op.id, "text"
            case InsertOp():
                yield op.entity.id, "@"
            case RemoveOp() | MoveOp():
                yield op.id, "@"
            case LinkOp() | UnlinkOp():
                yield op.source, f"@{op.relation} {op.target}"
