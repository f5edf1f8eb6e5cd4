"""What TriLog records: facts about objects, steps of processes, and the schemas that both must fit.

Times are nanoseconds since the epoch, UTC.
"""

from __future__ import annotations

from typing import Literal

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = ["FieldSchema", "ProcessStep", "ProcessSteps", "Quarantined", "TelemetryEvent", "TwinRecord", "TwinSchema"]


class TelemetryEvent(Contract):
    """A field got a value, or was removed, by a change: one row of the history.

    ``seq`` is the journal's rev and makes (seq, object, field) a key; ``value`` is JSON text.
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
    version: int = 1


class ProcessStep(Contract):
    """A process reached a step. ``attributes`` are texts; ``instance`` is the id of this one course of the process."""

    process: str
    instance: str
    step: str
    ts: int
    panel: str = ""
    actor: str = ""
    attributes: dict[str, str] = {}
    trace_id: str = ""
    version: int = 1


class ProcessSteps(Contract):
    """Many steps, one list per field of `ProcessStep`, all equally long: the form that is quick to write and check."""

    process: list[str]
    instance: list[str]
    step: list[str]
    ts: list[int]
    panel: list[str]
    actor: list[str]
    attributes: list[dict[str, str]]
    trace_id: list[str]
    version: list[int]


class TwinRecord(Contract):
    """Fields of an object had these values at a time; ``removed`` ones ceased to be."""

    kind: str
    id: str
    fields: dict[str, JsonValue] = {}
    removed: list[str] = []
    ts: int
    actor: str = ""
    cause: str = ""
    trace_id: str = ""
    span_id: str = ""
    version: int = 1


class Quarantined(Contract):
    """Something recorded that does not fit its schema, why, and what it was as JSON text, without private fields."""

    kind: str
    name: str
    reason: str
    event: str
    ts: int


class FieldSchema(Contract):
    """A field: its JSON Schema, whether its entries are recorded one by one, and which kind its text refers to."""

    form: dict[str, JsonValue]
    tracked: bool = False
    ref: str | None = None


class TwinSchema(Contract):
    """A version of the model of an object or a process.

    Private fields are named, so that what comes with one is refused, but never described or stored. ``transitions`` are
    the steps that may follow each step of a process; those after the empty name begin it.
    """

    kind: str
    version: int
    role: Literal["object", "process"]
    fields: dict[str, FieldSchema] = {}
    private: list[str] = []
    transitions: dict[str, list[str]] = {}
