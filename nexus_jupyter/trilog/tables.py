"""Rows of TriLog's tables, as Arrow."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa

from nexus_jupyter.protocol.telemetry import ProcessSteps, Quarantined, TelemetryEvent, TwinSchema
from nexus_jupyter.trilog.fitting import described

__all__ = ["changes_table", "fields_table", "logs_table", "quarantine_table", "spans_table", "steps_table"]

_TIME = pa.timestamp("ns", "UTC")
_MAP = pa.map_(pa.string(), pa.string())
Span = dict[str, Any]  # Any: a span's own attributes
Log = dict[str, Any]  # Any: JSON


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


def logs_table(logs: Sequence[Log]) -> pa.Table:
    """Rows of ``otel_logs``."""
    columns = {
        "Timestamp": pa.array([log["ts"] for log in logs], _TIME),
        "TraceId": [log["trace_id"] for log in logs],
        "SpanId": [log["span_id"] for log in logs],
        "TraceFlags": pa.array([log["flags"] for log in logs], pa.uint8()),
        "SeverityText": [log["severity"] for log in logs],
        "SeverityNumber": pa.array([log["number"] for log in logs], pa.uint8()),
        "ServiceName": ["nexus"] * len(logs),
        "Body": [log["body"] for log in logs],
        "ResourceAttributes": _maps([{"service.name": "nexus"}] * len(logs)),
        "ScopeName": ["nexus_jupyter"] * len(logs),
        "LogAttributes": _maps([log["attributes"] for log in logs]),
    }
    return pa.table(columns)


def steps_table(workspace: str, steps: ProcessSteps) -> pa.Table:
    """Rows of ``process_steps``."""
    columns = {
        "workspace_id": pa.array([workspace] * len(steps.ts), pa.string()),
        "process": pa.array(steps.process, pa.string()),
        "instance": pa.array(steps.instance, pa.string()),
        "step": pa.array(steps.step, pa.string()),
        "ts": pa.array(steps.ts, _TIME),
        "panel": pa.array(steps.panel, pa.string()),
        "actor_id": pa.array(steps.actor, pa.string()),
        "attributes": _maps(steps.attributes),
        "trace_id": pa.array(steps.trace_id, pa.string()),
        "schema_ver": pa.array(steps.version, pa.uint16()),
    }
    return pa.table(columns)


def fields_table(workspace: str, schema: TwinSchema) -> pa.Table:
    """Rows of ``twin_fields``."""
    rows = [(name, *described(field), False) for name, field in schema.fields.items()]
    rows += [(name, False, [], [], True) for name in schema.private]
    names, tracked, types, allowed, private = zip(*rows, strict=True) if rows else ((),) * 5
    columns = {
        "workspace_id": pa.array([workspace] * len(rows), pa.string()),
        "kind": pa.array([schema.kind] * len(rows), pa.string()),
        "version": pa.array([schema.version] * len(rows), pa.uint16()),
        "field": pa.array(names, pa.string()),
        "tracked": pa.array([int(one) for one in tracked], pa.uint8()),
        "private": pa.array([int(one) for one in private], pa.uint8()),
        "types": pa.array(types, pa.list_(pa.string())),
        "allowed": pa.array(allowed, pa.list_(pa.string())),
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


def _maps(rows: Sequence[dict[str, str]]) -> pa.Array:
    """Return mappings as one column; much quicker than from lists of pairs."""
    offsets = pa.array([0, *accumulate(map(len, rows))], pa.int32())
    keys = pa.array([key for row in rows for key in row], pa.string())
    return pa.MapArray.from_arrays(
        offsets, keys, pa.array([text for row in rows for text in row.values()], pa.string())
    )
