"""One recorded fact about one field of one object: the row of TriLog's history."""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract

__all__ = ["TelemetryEvent"]


class TelemetryEvent(Contract):
    """A field got a value, or was removed, by a change.

    ``seq`` is the journal's rev and makes (seq, object, field) a key; ``ts`` is nanoseconds since the epoch, UTC;
    ``value`` is JSON text.
    """

    workspace: str
    object_type: str
    object_id: str
    field: str
    op: Literal["set", "unset"]
    value: str
    ts: int
    seq: int
    event_type: str
    actor: str
    cause: str
    trace_id: str
    span_id: str
