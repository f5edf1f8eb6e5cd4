"""Which change an undo or redo is about: per person, and never over what somebody else has changed since."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

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
_UNDOABLE = frozenset({"edit", "run", "set", "prompt", "revert", "resolve"})


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
    stacks: dict[str, _Stacks] = {}
    for change in changes:
        stacks.setdefault(change.actor.id, _Stacks()).take(change)
    mine = stacks.get(actor, _Stacks())
    stack = [undo for _, undo in mine.undone] if redo else mine.done
    if not stack:
        raise NotFoundError(f"There is nothing of yours to {'redo' if redo else 'undo'} in this panel.")
    found = stack[-1]
    cancelled = set[int]().union(*(one.cancelled for one in stacks.values()))
    _refuse_conflict(found, (c for c in changes if c.rev > found.rev and c.rev not in cancelled))
    return found


@dataclass
class _Stacks:
    """What a person has done, and what of it they have taken back (with the change that took it back)."""

    done: list[Change] = field(default_factory=list)
    undone: list[tuple[Change, Change]] = field(default_factory=list)
    #: Revs of changes that were taken back, and of those that did it: together they changed nothing.
    cancelled: set[int] = field(default_factory=set)

    def take(self, change: Change) -> None:
        kind, of = change.cause.kind, change.cause.of
        if kind == "undo" and self.done and of == self.done[-1].rev:
            self.undone.append((self.done.pop(), change))
            self.cancelled |= {change.rev, of}
        elif kind == "redo" and self.undone and of == self.undone[-1][1].rev:
            self.undone.pop()
            self.done.append(change)
        elif kind in _UNDOABLE:
            self.done.append(change)
            self.undone = []


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
