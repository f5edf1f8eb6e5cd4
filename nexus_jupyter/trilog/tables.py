"""Rows of TriLog's tables, as Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.telemetry import ProcessStep, Quarantined, TelemetryEvent

__all__ = ["changes_table", "quarantine_table", "spans_table", "steps_table"]

_TIME = pa.timestamp("ns", "UTC")
_MAP = pa.map_(pa.string(), pa.string())
Span = dict[str, Any]  # Any: a span's own attributes


def changes_table(rows: Sequence[TelemetryEvent]) -> pa.Table:
    """Rows of ``twin_changes``."""
    columns = {
        "workspace_id": [row.workspace for row in rows],
        "object_type": [row.object_type for row in rows],
        "object_id": [row.object_id for row in rows],
        "field": [row.field for row in rows],
        "op": [row.op for row in rows],
        "value": [row.value for row in rows],
        "ts": pa.array([row.ts for row in rows], _TIME),
        "seq": pa.array([row.seq for row in rows], pa.uint64()),
        "event_type": [row.event_type for row in rows],
        "actor_id": [row.actor for row in rows],
        "cause": [row.cause for row in rows],
        "trace_id": [row.trace_id for row in rows],
        "span_id": [row.span_id for row in rows],
        "schema_ver": pa.array([row.version for row in rows], pa.uint16()),
    }
    return pa.table(columns)


def spans_table(spans: Sequence[Span]) -> pa.Table:
    """Rows of ``otel_traces``."""
    attributes = [list(span["attributes"].items()) for span in spans]
    events = [span.get("events", []) for span in spans]
    columns = {
        "Timestamp": pa.array([span["start"] for span in spans], _TIME),
        "TraceId": [span["trace_id"] for span in spans],
        "SpanId": [span["span_id"] for span in spans],
        "ParentSpanId": [span["parent"] for span in spans],
        "SpanName": [span["name"] for span in spans],
        "SpanKind": ["Internal"] * len(spans),
        "ServiceName": ["nexus"] * len(spans),
        "ResourceAttributes": pa.array([[("service.name", "nexus")]] * len(spans), _MAP),
        "ScopeName": ["nexus_jupyter"] * len(spans),
        "SpanAttributes": pa.array(attributes, _MAP),
        "Duration": pa.array([span["duration"] for span in spans], pa.uint64()),
        "StatusCode": [span["status"] for span in spans],
        "StatusMessage": [span["message"] for span in spans],
        "Events.Timestamp": pa.array([[event["ts"] for event in row] for row in events], pa.list_(_TIME)),
        "Events.Name": pa.array([[event["name"] for event in row] for row in events], pa.list_(pa.string())),
        "Events.Attributes": pa.array(
            [[list(event["attributes"].items()) for event in row] for row in events], pa.list_(_MAP)
        ),
    }
    return pa.table(columns)


def steps_table(workspace: str, steps: Sequence[ProcessStep]) -> pa.Table:
    """Rows of ``process_steps``."""
    columns = {
        "workspace_id": [workspace] * len(steps),
        "process": [step.process for step in steps],
        "instance": [step.instance for step in steps],
        "step": [step.step for step in steps],
        "ts": pa.array([step.ts for step in steps], _TIME),
        "panel": [step.panel for step in steps],
        "actor_id": [step.actor for step in steps],
        "attributes": pa.array([list(step.attributes.items()) for step in steps], _MAP),
        "trace_id": [step.trace_id for step in steps],
        "schema_ver": pa.array([step.version for step in steps], pa.uint16()),
    }
    return pa.table(columns)


def quarantine_table(workspace: str, rows: Sequence[Quarantined]) -> pa.Table:
    """Rows of ``twin_quarantine``."""
    columns = {
        "workspace_id": [workspace] * len(rows),
        "ts": pa.array([row.ts for row in rows], _TIME),
        "kind": [row.kind for row in rows],
        "name": [row.name for row in rows],
        "reason": [row.reason for row in rows],
        "event": [row.event for row in rows],
    }
    return pa.table(columns)
