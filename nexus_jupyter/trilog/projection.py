"""From a change of the journal to facts about objects: which field of which object got which value. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.graph import Entity
from nexus_jupyter.protocol.patch import Cause, Change, InsertOp, RemoveOp, SetOp, UnsetOp
from nexus_jupyter.protocol.telemetry import TelemetryEvent

__all__ = ["events"]

_STATE = "/state."
Fact = tuple[str, str, str, bool, JsonValue]  # object type, object id, field, whether it is set, value


def events(change: Change) -> Iterator[TelemetryEvent]:
    """Yield what a change says about panels and frames, field by field.

    Fields of a panel are ``title``, ``nxml``, ``state.NAME``, and ``NODE.ATTRIBUTE`` for the nodes of its text.
    """
    for kind, name, field, is_set, value in _facts(change):
        yield TelemetryEvent(
            workspace=change.workspace,
            object_type=kind,
            object_id=name,
            field=field,
            op="set" if is_set else "unset",
            value=json.dumps(value, ensure_ascii=False, separators=(",", ":")) if is_set else "",
            ts=change.ts,
            seq=change.rev,
            event_type=change.cause.kind,
            actor=change.actor.id,
            cause=_say(change.cause),
            trace_id=change.trace_id,
            span_id=change.span_id,
        )


def _facts(change: Change) -> Iterator[Fact]:
    removed = {op.entity.id: op.entity for op in change.inverse if isinstance(op, InsertOp)}
    for op in change.ops:
        match op:
            case InsertOp():
                yield from _of_entity(op.entity, is_set=True)
            case RemoveOp():
                below = f"{op.id}/"
                for entity_id, entity in removed.items():
                    if entity_id == op.id or entity_id.startswith(below) or _is_below(entity, op.id, removed):
                        yield from _of_entity(entity, is_set=False)
            case SetOp():
                for name, value in op.attrs.items():
                    yield from _of_attribute(op.id, name, value, is_set=True)
            case UnsetOp():
                for name in op.names:
                    yield from _of_attribute(op.id, name, None, is_set=False)
            case _:
                continue


def _is_below(entity: Entity, ancestor: str, known: dict[str, Entity]) -> bool:
    parent = entity.parent
    while parent is not None:
        if parent == ancestor:
            return True
        parent = known[parent].parent if parent in known else None
    return False


def _of_entity(entity: Entity, *, is_set: bool) -> Iterator[Fact]:
    for name, value in entity.attrs.items():
        yield from _of_attribute(entity.id, name, value, is_set=is_set)


def _of_attribute(entity_id: str, name: str, value: JsonValue, *, is_set: bool) -> Iterator[Fact]:
    if entity_id.startswith("frame:"):
        yield "Frame", entity_id.removeprefix("frame:"), name, is_set, value
        return
    if entity_id.startswith("user:"):
        # Names of people stay in the journal.
        if name != "name":
            yield "User", entity_id.removeprefix("user:"), name, is_set, value
        return
    if entity_id.startswith("capability:") or name in {"tag", "generated", "default"}:
        return
    panel, slash, node = entity_id.partition("/")
    if not slash:
        yield "Panel", panel, name, is_set, value
    elif _STATE in entity_id:
        if name == "value":
            yield "Panel", panel, node, is_set, value
    else:
        yield "Panel", panel, f"{node}.{name.removeprefix('attr:')}", is_set, value


def _say(cause: Cause) -> str:
    """Write a cause as people read it: ``run add by click on plus``."""
    words: list[str] = [cause.kind]
    if cause.action:
        words.append(cause.action)
    if cause.of is not None:
        words.append(f"of rev {cause.of}")
    if cause.ref:
        words.append(cause.ref[:12])
    if cause.via != "api":
        words.append(f"by {cause.via}")
    if cause.element:
        words.append(f"on {cause.element}")
    return " ".join(words)
