"""Undo and redo: per person, and never over what somebody else has changed since.

Which changes a person has made and taken back follows from the journal alone (`target`). What of such a change can
still be taken back depends on what came after it (`remaining`): ops whose target somebody else has changed are left
out and named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.base import JsonValue
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
from nexus_jupyter.workspace.authorship import without_authorship

__all__ = ["Plan", "plan"]

#: Changes that a person takes back with undo; making or deleting a panel and moving through history are not.
_UNDOABLE = frozenset({"edit", "run", "set", "prompt", "revert", "resolve"})
#: The attribute of a panel that follows from all others: its text.
_TEXT = "nxml"
#: Place of an entity as a whole: that it is there, and where.
_WHOLE = "@"

#: Place of an entity that is gone.
_REMOVED = "@removed"
#: Elements that cover others: opening and closing one is no step of undo, which would bring it back over all else.
_COVERS = frozenset({"dialog", "drawer"})

Place = tuple[str, str]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an undo or redo would do.

    Attributes
    ----------
    of
        The change that is taken back, the newest of those that are one step (or, for a redo, the undo that is).
    ops
        The ops that do it.
    exact
        Whether the ops are all there is to do. If not, the panel's text has been edited since, and has to be made anew
        from what the ops lead to.
    notes
        Sentences about what is left as it is, since others have changed it.
    """

    of: Change
    ops: list[Op]
    exact: bool
    notes: list[str]

    def own_ops(self, panel: str) -> list[Op]:
        """Return the ops without those that follow from others, the text and the relations."""
        return [op for op in self.ops if not _follows(panel, op)]


def plan(graph: Graph, panel: str, changes: Sequence[Change], actor: str, *, redo: bool) -> Plan:
    """Find what the next undo (or redo) of a person does in a panel.

    Parameters
    ----------
    graph
        The newest graph.
    panel
        The panel's name.
    changes
        The changes that concern the panel, in order.
    actor
        The person's id.
    redo
        Whether to do again what was last undone.

    Raises
    ------
    NotFoundError
        If there is nothing to undo or redo.
    ConflictError
        If others have since changed everything that could be taken back.
    """
    covers = _covers(graph, panel)
    stacks: dict[str, _Stacks] = {}
    for change in changes:
        stacks.setdefault(change.actor.id, _Stacks()).take(change, covers)
    mine = stacks.get(actor, _Stacks())
    stack = [[undo] for _, undo in mine.undone] if redo else mine.done
    if not stack:
        raise NotFoundError(f"There is nothing of yours to {'redo' if redo else 'undo'} in this panel.")
    cancelled = set[int]().union(*(one.cancelled for one in stacks.values()))
    notes: list[str] = []
    for step in reversed(stack):
        own = {change.rev for change in step}
        later = [c for c in changes if c.rev > step[0].rev and c.rev not in cancelled and c.rev not in own]
        foreign = [change for change in later if change.actor.id != actor or change.cause.kind not in _UNDOABLE]
        # Who has edited a panel stays among its authors.
        since = _Since(graph, panel, foreign, actor)
        ops, left = _remaining(since, panel, without_authorship(_inverse(step)))
        notes += left
        if ops:
            exact = not left and not any((panel, _TEXT) in set(_places(change.ops)) for change in later)
            return Plan(step[-1], ops, exact, notes)
    raise ConflictError(
        f"This cannot be {'done again' if redo else 'taken back'}: " + " ".join(notes),
        hint="Take that change back first, a checkout by ws.history.checkout, or set the value by hand.",
    )


@dataclass
class _Stacks:
    """What a person has done, and what of it they have taken back (with the change that took it back)."""

    #: By steps, which are of one change each, save for those of one call of a function.
    done: list[list[Change]] = field(default_factory=list)
    undone: list[tuple[list[Change], Change]] = field(default_factory=list)
    #: Revs of changes that were taken back, and of those that did it: together they changed nothing.
    cancelled: set[int] = field(default_factory=set)

    def take(self, change: Change, covers: frozenset[str]) -> None:
        kind, of = change.cause.kind, change.cause.of
        if kind == "undo":
            # What lay above was passed over, since others had changed it: it is not offered again.
            taken = _pop_to(self.done, lambda step: step[-1].rev == of)
            if taken is not None:
                self.undone.append((taken, change))
                self.cancelled |= {change.rev, *(one.rev for one in taken)}
        elif kind == "redo":
            again = _pop_to(self.undone, lambda one: one[1].rev == of)
            if again is not None:
                self.done.append([change])
        elif kind in _UNDOABLE and not (kind == "prompt" and _makes_panel(change)) and not _covering(change, covers):
            self._add(change)
            self.undone = []

    def _add(self, change: Change) -> None:
        """Add a change; to what the same call of a function did before, if there is such, which is then the newest."""
        run = change.cause.run
        for index, step in enumerate(self.done if change.cause.kind == "set" and run is not None else []):
            if step[-1].cause.kind == "set" and step[-1].cause.run == run:
                self.done.append([*self.done.pop(index), change])
                return
        self.done.append([change])


def _covers(graph: Graph, panel: str) -> frozenset[str]:
    """Return the ids, below their panel, of elements that cover others."""
    if panel not in graph:
        return frozenset()
    found = (entity.id for entity in graph.subtree(panel) if entity.attrs.get("tag") in _COVERS)
    return frozenset(one.removeprefix(f"{panel}/") for one in found)


def _covering(change: Change, covers: frozenset[str]) -> bool:
    """Tell whether a person has opened or closed what covers others."""
    return change.cause.via == "input" and (change.cause.element or "").partition("[")[0] in covers


def _inverse(step: Sequence[Change]) -> list[Op]:
    """Return what takes a step back: the ops of its changes from the newest on; oldest values where all only set."""
    ops = [op for change in reversed(step) for op in change.inverse]
    sets = [op for op in ops if isinstance(op, SetOp)]
    if len(step) == 1 or len(sets) != len(ops):
        return ops
    attrs: dict[str, dict[str, JsonValue]] = {}
    for op in sets:
        attrs.setdefault(op.id, {}).update(op.attrs)
    return [SetOp(id=one, attrs=values) for one, values in attrs.items()]


def _makes_panel(change: Change) -> bool:
    """Tell whether a change made a panel, as one that came of a prompt may have."""
    return any(isinstance(op, InsertOp) and op.entity.type == "Panel" for op in change.ops)


def _pop_to(stack: list[T], wanted: Callable[[T], bool]) -> T | None:
    for index in range(len(stack) - 1, -1, -1):
        if wanted(stack[index]):
            found = stack[index]
            del stack[index:]
            return found
    return None


def _remaining(since: _Since, panel: str, inverse: list[Op]) -> tuple[list[Op], list[str]]:
    """Return those ops of an inverse that nothing has overtaken, and sentences about the others."""
    kept: list[Op] = []
    notes: list[str] = []
    back: set[str] = set()  # entities that come back, and can be put into and changed
    for op in inverse:
        if isinstance(op, (SetOp, UnsetOp)):
            part, losers = since.split(op, back)
            kept += [part] if part is not None else []
            notes += [since.sentence(op.id, change, name) for name, change in losers.items()]
            continue
        found = since.overtaken(op, back)
        if found is None:
            kept.append(op)
            if isinstance(op, InsertOp):
                back.add(op.entity.id)
        elif isinstance(op, (InsertOp, RemoveOp, MoveOp)):
            notes.append(since.sentence(op.entity.id if isinstance(op, InsertOp) else op.id, found, None))
    if notes and all(_follows(panel, op) for op in kept):
        return [], notes  # what is left only follows from what is not taken back
    return kept, notes


class _Since:
    """What has changed since by others, or by the person in ways that undo does not take back, such as a checkout."""

    def __init__(self, graph: Graph, panel: str, later: list[Change], actor: str) -> None:
        self._actor = actor
        self._graph = graph
        self._panel = panel
        self._by: dict[Place, Change] = {}
        self._entities: dict[str, Change] = {}
        self._last: Change | None = None
        for change in later:
            self._last = change
            for place in _places(change.ops):
                self._by[place] = change
                self._entities[place[0]] = change

    def sentence(self, entity_id: str, change: Change, attr: str | None) -> str:
        """Return what was left, and why."""
        thing = entity_id.removeprefix(f"{self._panel}/").removeprefix("state.")
        what = f"'{thing}'" if attr in {None, "value"} else f"{str(attr).removeprefix('attr:')} of '{thing}'"
        if change.actor.id == self._actor:
            return f"{what} was left as it is: your own {change.cause.kind} has changed it since (rev {change.rev})."
        who = change.actor.name or change.actor.id
        return f"{what} was left as it is: {who} has changed it since (rev {change.rev})."

    def overtaken(self, op: Op, back: set[str]) -> Change | None:
        """Return the change that keeps an op on structure from being taken back."""
        match op:
            case RemoveOp():
                if op.id not in self._graph:
                    return self._gone(op.id)
                inside = (entity.id for entity in self._graph.subtree(op.id))
                return next((self._entities[one] for one in inside if one in self._entities), None)
            case InsertOp():
                if op.entity.id in self._graph:
                    return self._by.get((op.entity.id, _WHOLE), self._last)
                return self._into(op.entity.parent, back)
            case MoveOp():
                return self._by.get((op.id, _WHOLE)) or self._gone(op.id) or self._into(op.parent, back)
            case LinkOp() | UnlinkOp():
                ends_are_there = all(end in self._graph or end in back for end in (op.source, op.target))
                return self._by.get((op.source, f"@{op.relation} {op.target}")) if ends_are_there else self._last
            case _:
                return None

    def split(self, op: SetOp | UnsetOp, back: set[str]) -> tuple[Op | None, dict[str, Change]]:
        """Return what of an op on attributes nobody has overtaken, and who has overtaken which of the rest."""
        names = list(op.attrs) if isinstance(op, SetOp) else op.names
        gone = self._gone(op.id) if op.id not in back else None
        losers: dict[str, Change] = {}
        for name in names:
            # The text follows from the rest, so that it is nobody's in particular.
            change = None if (op.id, name) == (self._panel, _TEXT) else gone or self._by.get((op.id, name))
            if change is not None:
                losers[name] = change
        rest = [name for name in names if name not in losers]
        if not rest:
            return None, losers
        if isinstance(op, SetOp):
            return op.model_copy(update={"attrs": {name: op.attrs[name] for name in rest}}), losers
        return op.model_copy(update={"names": rest}), losers

    def _into(self, parent: str | None, back: set[str]) -> Change | None:
        return None if parent is None or parent in back else self._gone(parent)

    def _gone(self, entity_id: str) -> Change | None:
        """Return the change that took an entity away, if it is away."""
        if entity_id in self._graph:
            return None
        return self._by.get((entity_id, _REMOVED), self._last)


def _follows(panel: str, op: Op) -> bool:
    """Tell whether an op only follows from others: the text, and relations."""
    return isinstance(op, (LinkOp, UnlinkOp)) or (isinstance(op, SetOp) and op.id == panel and set(op.attrs) == {_TEXT})


def _places(ops: Iterable[Op]) -> Iterator[Place]:
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
                yield op.entity.id, _WHOLE
            case RemoveOp():
                yield op.id, _WHOLE
                yield op.id, _REMOVED
            case MoveOp():
                yield op.id, _WHOLE
            case LinkOp() | UnlinkOp():
                yield op.source, f"@{op.relation} {op.target}"
