"""Who made a panel: relations from it to the people and programs that made or edited it."""

from __future__ import annotations

from collections.abc import Sequence

from nexus_jupyter.protocol.graph import Edge, Entity
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import InsertOp, LinkOp, Op, RemoveOp, UnlinkOp

__all__ = ["author_of", "without_authorship"]

#: How ids of people begin.
_USER = "user:"


def author_of(panel: str, actor: Actor | None) -> tuple[list[Entity], list[Edge]]:
    """Return the entity of whoever edits a panel, and the relation to them; nothing when nobody in particular does."""
    if actor is None or actor.kind == "system":
        return [], []
    user = Entity(id=_USER + actor.id, type="User", attrs={"name": actor.name or actor.id, "kind": actor.kind})
    return [user], [Edge(source=panel, relation="authoredBy", target=user.id)]


def without_authorship(ops: Sequence[Op]) -> list[Op]:
    """Return ops that take something back without those about authors: who has edited a panel, has edited it."""
    return [op for op in ops if not _of_author(op)]


def _of_author(op: Op) -> bool:
    match op:
        case LinkOp() | UnlinkOp():
            return op.relation == "authoredBy"
        case InsertOp():
            return op.entity.type == "User"
        case RemoveOp():
            return op.id.startswith(_USER)
        case _:
            return False
