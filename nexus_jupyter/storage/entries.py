"""What a row of the journal holds: a change, with large values as differences from those before it.

A change in memory has whole values, which share what they have in common. Written out they would not: one item of a
list of 500 would take 500, in the ops and once more in the inverse. So where an op gives an attribute another value,
and the way from one to the other is shorter than the values, the row has the way. Whoever reads a row makes it a change
again from the values that were there before it, or takes it back by those that were there after it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from nexus_jupyter.nog import Graph
from nexus_jupyter.nog.deltas import Difference, differences, patched
from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.errors import PatchError
from nexus_jupyter.protocol.patch import Change, InsertOp, Made, Op, SetOp, UnsetOp

__all__ = ["EditOp", "Entry", "StoredOp", "Unfolding", "Value", "packed", "value_in"]

#: The value of an attribute of an entity, by their names, at some moment; raises `KeyError` when there is none.
Value = Callable[[str, str], JsonValue]
Place = tuple[str, str]


class EditOp(Contract):
    """Give attributes of an entity values, some by the differences from those that they have."""

    op: Literal["edit"] = "edit"
    id: str
    attrs: dict[str, JsonValue] = Field(default_factory=dict)
    edits: dict[str, Difference]


StoredOp = TypeAliasType("StoredOp", Annotated[Op | EditOp, Field(discriminator="op")])


class Entry(Made):
    """A change as a row of the journal has it."""

    ops: list[StoredOp]
    inverse: list[StoredOp]

    def redo(self, before: Graph) -> list[Op]:
        """Return the ops with whole values, by the graph that they were made in.

        Raises
        ------
        PatchError
            If they were made in another graph.
        """
        return _whole(self.ops, value_in(before))

    def undo(self, after: Graph) -> list[Op]:
        """Return the ops that take the change back, by the graph that it led to; raises as `redo` does."""
        return _whole(self.inverse, value_in(after))

    def whole(self, value: Value) -> Change:
        """Return the change, by the values that were there before it; raises as `redo` does."""
        ops = _whole(self.ops, value)
        after = {place: one for op in ops for place, one in _given(op).items()}
        inverse = _whole(self.inverse, lambda entity_id, name: after[entity_id, name])
        made = {name: getattr(self, name) for name in Made.model_fields}
        return Change.model_construct(**made, ops=ops, inverse=inverse)


def value_in(graph: Graph) -> Value:
    """Return what looks values of attributes up in a graph."""
    return lambda entity_id, name: graph.records[entity_id].entity.attrs[name]


class Unfolding:
    """Makes entries whole one after the other, with the values that those before them have left.

    Parameters
    ----------
    values_at
        The values that there were after a rev, for what those entries do not tell.
    """

    def __init__(self, values_at: Callable[[int], Value]) -> None:
        self._values_at = values_at
        self._known: dict[Place, JsonValue] = {}
        self._rev = -1

    def change(self, entry: Entry) -> Change:
        """Return the change of an entry, whose rev is above those before.

        Raises
        ------
        PatchError
            If it does not follow from what was before it.
        """
        if entry.rev != self._rev + 1:
            self._known.clear()  # what is between may have changed them
        self._rev = entry.rev
        change = entry.whole(self._value)
        for op in change.ops:
            self._known.update(_given(op))
        return change

    def _value(self, entity_id: str, name: str) -> JsonValue:
        place = (entity_id, name)
        return self._known[place] if place in self._known else self._values_at(self._rev - 1)(entity_id, name)


def packed(change: Change) -> tuple[list[StoredOp], list[StoredOp]]:
    """Return the ops and the inverse of a change as its row has them."""
    set_by, undone_by = _assigned(change.ops), _assigned(change.inverse)
    edits: dict[Place, Difference] = {}
    back: dict[Place, Difference] = {}
    for place in set_by.keys() & undone_by.keys():
        pair = differences(undone_by[place], set_by[place])
        if pair is not None:
            edits[place], back[place] = pair
    if not edits:
        return list(change.ops), list(change.inverse)
    return list(_packed(change.ops, edits)), list(_packed(change.inverse, back))


def _assigned(ops: Sequence[Op]) -> dict[Place, JsonValue]:
    """Return the values of attributes that are assigned once; so the op of an inverse belongs to the one of the ops."""
    counted = Counter[Place]()
    found: dict[Place, JsonValue] = {}
    for op in ops:
        if isinstance(op, (SetOp, UnsetOp)):
            counted.update((op.id, name) for name in (op.attrs if isinstance(op, SetOp) else op.names))
            found.update(_given(op))
    return {place: value for place, value in found.items() if counted[place] == 1}


def _packed(ops: Iterable[Op], edits: dict[Place, Difference]) -> Iterator[StoredOp]:
    for op in ops:
        names = [name for name in op.attrs if (op.id, name) in edits] if isinstance(op, SetOp) else []
        if isinstance(op, SetOp) and names:
            rest = {name: value for name, value in op.attrs.items() if name not in names}
            found = {name: edits[op.id, name] for name in names}
            yield EditOp.model_construct(op="edit", id=op.id, attrs=rest, edits=found)
        else:
            yield op


def _whole(ops: Sequence[StoredOp], value: Value) -> list[Op]:
    """Return ops with whole values; what those before have set or inserted counts."""
    found: list[Op] = []
    known: dict[Place, JsonValue] = {}

    def edited(place: Place, difference: Difference) -> JsonValue:
        try:
            return patched(known[place] if place in known else value(*place), difference)
        except KeyError as error:
            raise PatchError(f"'{place[0]}' has no '{place[1]}' that could be edited.") from error

    for op in ops:
        if isinstance(op, EditOp):
            attrs = op.attrs | {name: edited((op.id, name), one) for name, one in op.edits.items()}
            # What was checked before is not checked again, since that would copy what is to be shared.
            done: Op = SetOp.model_construct(_fields_set={"id", "attrs"}, op="set", id=op.id, attrs=attrs, seen=None)
        else:
            done = op
        known.update(_given(done))
        found.append(done)
    return found


def _given(op: Op) -> dict[Place, JsonValue]:
    """Return the values that an op gives to attributes."""
    if isinstance(op, SetOp):
        return {(op.id, name): value for name, value in op.attrs.items()}
    if isinstance(op, InsertOp):
        return {(op.entity.id, name): value for name, value in op.entity.attrs.items()}
    return {}
