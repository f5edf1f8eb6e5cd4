"""The history in pages, for who takes all of it away."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from nexus_jupyter.protocol.trilog import RowsBetween
from nexus_jupyter.trilog.database import Database

__all__ = ["page"]


@dataclass(frozen=True, slots=True)
class _Source:
    """A table: what is shown of it, its column of times, and the key that it is read in order of, with its types."""

    table: str
    columns: str
    time: str
    workspace: str
    key: dict[str, str]


_NS, _TIME = "toUnixTimestamp64Nano", "Int64"
_SOURCES = {
    "changes": _Source(
        "twin_changes",
        "object_type AS type, object_id AS id, field, op, value, ts, if(seq < 4294967296, seq, 0) AS rev, recorded_at, "
        "event_type, actor_id AS actor, cause, trace_id, span_id, schema_ver AS version",
        "ts",
        "workspace_id",
        {"object_type": "String", "object_id": "String", "ts": _TIME, "seq": "UInt64", "field": "String"},
    ),
    "steps": _Source(
        "process_steps",
        "process, instance, step, ts, recorded_at, panel, actor_id AS actor, attributes, trace_id, "
        "schema_ver AS version",
        "ts",
        "workspace_id",
        {"process": "String", "ts": _TIME, "instance": "String", "step": "String"},
    ),
    "spans": _Source(
        "otel_traces",
        "TraceId AS trace_id, SpanId AS span_id, ParentSpanId AS parent_span_id, SpanName AS name, "
        "toDateTime64(Timestamp, 9, 'UTC') AS ts, Duration AS duration_ns, StatusCode AS status, "
        "StatusMessage AS message, SpanAttributes AS attributes",
        "Timestamp",
        "SpanAttributes['nexus.workspace']",
        {"Timestamp": _TIME, "TraceId": "String", "SpanId": "String"},
    ),
}


def page(database: Database, workspace: str, question: RowsBetween) -> pa.Table:
    """Return some rows in order of their key, after that of another one; ``key`` is the key of each."""
    source = _SOURCES[question.of]
    key, names = ", ".join(source.key), [f"k{number}" for number in range(len(source.key))]
    values: dict[str, object] = {"w": workspace, "a": question.start, "b": question.end, "n": question.limit}
    after = ""
    if question.after:
        given = dict(zip(names, question.after, strict=True))
        typed = ", ".join(_typed(name, kind) for name, kind in zip(names, source.key.values(), strict=True))
        after, values = f"AND ({key}) > ({typed})", {**values, **given}
    sql = f"""
    SELECT {source.columns}, [{", ".join(_told(part, kind) for part, kind in source.key.items())}] AS key
    FROM {source.table}
    WHERE {source.workspace} = {{w:String}} AND {_NS}({source.time}) >= {{a:Int64}}
      AND {_NS}({source.time}) < {{b:Int64}} {after}
    ORDER BY {key} LIMIT 1 BY {key} LIMIT {{n:UInt32}}
    """  # noqa: S608 - put together from constants
    return database.table(sql, values)


def _typed(name: str, kind: str) -> str:
    return f"fromUnixTimestamp64Nano({{{name}:{kind}}}, 'UTC')" if kind == _TIME else f"{{{name}:{kind}}}"


def _told(part: str, kind: str) -> str:
    return f"toString({_NS}({part}))" if kind == _TIME else f"toString({part})"
