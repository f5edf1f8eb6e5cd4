"""A true conflict of two edits: kept as a question until somebody answers it."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = ["Conflict", "ConflictSide", "Conflicts", "Pick", "Resolve"]

#: Which side of a conflict holds from now on: what is there, or what came.
Pick = Literal["ours", "theirs"]


class ConflictSide(Contract):
    """What one side wants: a value, or (``removed``) that the thing goes.

    ``by`` is the person's name, ``ts`` when they did it, in nanoseconds since the epoch, where that is known.
    """

    value: JsonValue = None
    removed: bool = False
    by: str = ""
    ts: int | None = None


class Conflict(Contract):
    """Two edits of the same thing that exclude each other.

    The panel has ``ours`` until it is resolved. In the graph it is an entity of type *Conflict* inside the panel.

    Attributes
    ----------
    id
        That of the entity.
    panel
        The panel's name.
    kind
        ``attribute``: both gave an attribute another value. ``removed``: one removed what the other edited. ``place``:
        both moved it. ``inserted``: both made something new under one id. ``panel``: each side is well by itself, but
        the two together have errors.
    entity
        What it is about, an id of the graph.
    attr
        The attribute, if it is about one.
    message
        What happened, for people.
    base
        The value that both started from.
    ours, theirs
        What is there, and what came.
    """

    id: str
    panel: str
    kind: Literal["attribute", "removed", "place", "inserted", "panel"]
    entity: str
    attr: str | None = None
    message: str = ""
    base: JsonValue = None
    ours: ConflictSide
    theirs: ConflictSide


class Resolve(Contract):
    """Answer the question of a conflict."""

    type: Literal["resolve"] = "resolve"
    id: str
    panel: str
    conflict: str
    pick: Pick


class Conflicts(Contract):
    """The open conflicts of a panel; sent after each snapshot and when they change."""

    type: Literal["conflicts"] = "conflicts"
    panel: str
    conflicts: list[Conflict]
