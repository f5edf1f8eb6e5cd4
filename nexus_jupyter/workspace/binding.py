"""What the graph knows of a frame that was bound."""

from __future__ import annotations

from nexus_jupyter.frames.store import FrameInfo
from nexus_jupyter.nog import Graph
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, InsertOp, Op, SetOp
from nexus_jupyter.workspace.writer import Draft

__all__ = ["binding"]


def binding(graph: Graph, name: str, info: FrameInfo, actor: Actor) -> Draft:
    """Return the change that says what a frame is like now."""
    frame = f"frame:{name}"
    attrs: dict[str, JsonValue] = {
        "name": name,
        "rows": info.rows,
        "digest": info.digest,
        "columns": [{"name": column.name, "type": column.type} for column in info.columns],
    }
    known = frame in graph
    op: Op = SetOp(id=frame, attrs=attrs) if known else InsertOp(entity=Entity(id=frame, type="Frame", attrs=attrs))
    return Draft([op], actor, Cause(kind="bind"))
