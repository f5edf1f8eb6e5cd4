"""The one patch language for people, models, merges and sync: edits by id, never by index.

``seen`` on an op is the rev of the workspace its author looked at; null means the newest.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from nexus_jupyter.protocol.base import Contract, JsonValue
from nexus_jupyter.protocol.graph import Entity, Relation
from nexus_jupyter.protocol.identity import Actor

__all__ = [
    "VALUES_ONLY",
    "AppendOp",
    "Cause",
    "Change",
    "CodeOp",
    "InsertOp",
    "LinkOp",
    "Made",
    "MoveOp",
    "Op",
    "Origin",
    "Patch",
    "RemoveOp",
    "ReplaceTextOp",
    "SetOp",
    "UnlinkOp",
    "UnsetOp",
]


class SetOp(Contract):
    """Give attributes of an entity values."""

    op: Literal["set"] = "set"
    id: str
    attrs: dict[str, JsonValue]
    seen: int | None = None


class UnsetOp(Contract):
    """Remove attributes of an entity."""

    op: Literal["unset"] = "unset"
    id: str
    names: list[str]
    seen: int | None = None


class InsertOp(Contract):
    """Add an entity below ``entity.parent``.

    ``before`` or ``after`` names a sibling and decides ``entity.order``; with neither, an empty order means last.
    """

    op: Literal["insert"] = "insert"
    entity: Entity
    before: str | None = None
    after: str | None = None
    seen: int | None = None


class RemoveOp(Contract):
    """Remove an entity with all that it contains and all relations to it."""

    op: Literal["remove"] = "remove"
    id: str
    seen: int | None = None


class MoveOp(Contract):
    """Give an entity another parent, or another place among its siblings (see `InsertOp`)."""

    op: Literal["move"] = "move"
    id: str
    parent: str
    order: str = ""
    before: str | None = None
    after: str | None = None
    seen: int | None = None


class LinkOp(Contract):
    """Add a relation; adding one that is there changes nothing."""

    op: Literal["link"] = "link"
    source: str
    relation: Relation
    target: str
    seen: int | None = None


class UnlinkOp(Contract):
    """Remove a relation."""

    op: Literal["unlink"] = "unlink"
    source: str
    relation: Relation
    target: str
    seen: int | None = None


class ReplaceTextOp(Contract):
    """Replace the one occurrence of ``old`` in a text attribute; refused when it is not there exactly once."""

    op: Literal["replace_text"] = "replace_text"
    id: str
    attr: str
    old: str
    new: str
    seen: int | None = None


class AppendOp(Contract):
    """Add text to the end of a text attribute."""

    op: Literal["append"] = "append"
    id: str
    attr: str
    text: str
    seen: int | None = None


class CodeOp(Contract):
    """Replace the body of an action or effect."""

    op: Literal["code"] = "code"
    id: str
    text: str
    seen: int | None = None


Op = TypeAliasType(
    "Op",
    Annotated[
        SetOp | UnsetOp | InsertOp | RemoveOp | MoveOp | LinkOp | UnlinkOp | ReplaceTextOp | AppendOp | CodeOp,
        Field(discriminator="op"),
    ],
)


class Patch(Contract):
    """A list of ops that takes effect as a whole or not at all.

    With ``panel``, ids are those of the panel's own nodes (``warn``, ``state.count``) and are resolved below it;
    without, they are ids of the graph.
    """

    panel: str | None = None
    rev: int | None = None
    ops: list[Op]


class Origin(Contract):
    """What set off a run: a change (``rev``), or another run, which may change nothing itself.

    ``parent`` is what had set that off in turn.
    """

    rev: int | None = None
    panel: str | None = None
    via: str = "api"
    element: str | None = None
    action: str | None = None
    run: str | None = None
    parent: Origin | None = None


#: Kinds of causes whose changes leave all panels' texts as they are.
VALUES_ONLY = frozenset({"set", "run", "bind", "grant"})


class Cause(Contract):
    """Why a change was made.

    ``of`` is the rev that an undo, redo or revert refers to; ``ref`` is the id of a commit or prompt; ``parent`` is
    what set off the run, if that was another run or a change. ``ahead_ms`` is how far the change's time is ahead of the
    machine's clock, if that was put back since the change before.
    """

    kind: Literal[
        "create",
        "edit",
        "delete",
        "run",
        "set",
        "bind",
        "undo",
        "redo",
        "checkout",
        "commit",
        "grant",
        "prompt",
        "merge",
        "revert",
        "resolve",
    ]
    via: Literal["click", "input", "api", "cell", "tool", "effect", "lifecycle", "system"] = "api"
    element: str | None = None
    action: str | None = None
    run: str | None = None
    of: int | None = None
    ref: str | None = None
    parent: Origin | None = None
    ahead_ms: int | None = None


class Made(Contract):
    """When, by whom and why a change was made.

    ``rev`` counts the changes of a workspace from 1 without gaps; ``ts`` is nanoseconds since the epoch, UTC. It grows
    with each change, whatever the machine's clock does.
    """

    workspace: str
    rev: int
    ts: int
    actor: Actor
    cause: Cause
    panel: str | None
    trace_id: str = ""
    span_id: str = ""


class Change(Made):
    """A change: the only thing in Nexus that is stored durably, as a row of the journal; all else follows from it."""

    ops: list[Op]
    inverse: list[Op]
