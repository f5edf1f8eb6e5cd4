-- The same facts by time, from which a whole workspace is put together.
CREATE TABLE IF NOT EXISTS twin_timeline (
  workspace_id LowCardinality(String),
  object_type  LowCardinality(String),
  object_id    String CODEC(ZSTD(1)),
  field        LowCardinality(String),
  op           LowCardinality(String),
  value        String CODEC(ZSTD(1)),
  ts           DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  seq          UInt64 CODEC(DoubleDelta, ZSTD(1)),
  recorded_at  DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  actor_id     LowCardinality(String),
  cause        String CODEC(ZSTD(1)),
  schema_ver   UInt16,
  INDEX late recorded_at TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (workspace_id, ts, seq, object_type, object_id, field)
SETTINGS index_granularity = 4096, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS twin_timeline_mv TO twin_timeline AS
SELECT workspace_id, object_type, object_id, field, op, value, ts, seq, recorded_at, actor_id,
       cause, schema_ver
FROM twin_changes;

-- What each field was last in each hour, so that objects that change all the time are quick to ask for.
CREATE TABLE IF NOT EXISTS twin_hourly (
  workspace_id LowCardinality(String),
  object_type  LowCardinality(String),
  object_id    String CODEC(ZSTD(1)),
  hour         DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
  field        LowCardinality(String),
  last         AggregateFunction(argMax, Tuple(String, String, String, String, DateTime64(9, 'UTC'), UInt64, UInt16), Tuple(DateTime64(9, 'UTC'), UInt64))
) ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (workspace_id, object_type, object_id, hour, field)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS twin_hourly_mv TO twin_hourly AS
SELECT workspace_id, object_type, object_id, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, field,
       argMaxState((toString(op), value, toString(actor_id), cause, ts, seq, schema_ver), (ts, seq)) AS last
FROM twin_changes
GROUP BY workspace_id, object_type, object_id, hour, field;

-- What every field was last at a moment, removed ones too, from which the state at a later moment is made.
CREATE TABLE IF NOT EXISTS twin_checkpoint (
  workspace_id LowCardinality(String),
  ck_ts        DateTime64(9, 'UTC'),
  made_at      DateTime64(3, 'UTC'),
  object_type  LowCardinality(String),
  object_id    String CODEC(ZSTD(1)),
  state        Map(LowCardinality(String), Tuple(op String, value String, ts DateTime64(9, 'UTC'), seq UInt64, actor String, cause String, version UInt16)) CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(made_at)
PARTITION BY toYYYYMM(ck_ts)
ORDER BY (workspace_id, ck_ts, object_type, object_id)
SETTINGS index_granularity = 1024;

-- One row per checkpoint, written last: one that was interrupted is not there.
CREATE TABLE IF NOT EXISTS twin_checkpoints (
  workspace_id LowCardinality(String),
  ck_ts        DateTime64(9, 'UTC'),
  made_at      DateTime64(3, 'UTC'),
  facts        UInt64
) ENGINE = ReplacingMergeTree(made_at)
ORDER BY (workspace_id, ck_ts);

CREATE TABLE IF NOT EXISTS trace_index (
  trace_id       String CODEC(ZSTD(1)),
  ts             DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  span_id        String CODEC(ZSTD(1)),
  parent_span_id String CODEC(ZSTD(1)),
  kind           LowCardinality(String),
  event_type     LowCardinality(String),
  workspace_id   LowCardinality(String),
  object_type    LowCardinality(String),
  object_id      String CODEC(ZSTD(1)),
  field          LowCardinality(String),
  seq            UInt64,
  is_error       UInt8,
  INDEX by_seq seq TYPE minmax GRANULARITY 1
) ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (trace_id, ts, span_id, kind, object_id, field)
SETTINGS index_granularity = 1024, non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_index_of_changes TO trace_index AS
SELECT trace_id, ts, span_id, '' AS parent_span_id, 'change' AS kind, event_type, workspace_id, object_type, object_id,
       field, seq, 0 AS is_error
FROM twin_changes WHERE trace_id != '';

CREATE MATERIALIZED VIEW IF NOT EXISTS trace_index_of_spans TO trace_index AS
SELECT TraceId AS trace_id, Timestamp AS ts, SpanId AS span_id, ParentSpanId AS parent_span_id, 'span' AS kind,
       SpanName AS event_type, SpanAttributes['nexus.workspace'] AS workspace_id,
       if(SpanAttributes['nexus.panel'] != '', 'Panel', '') AS object_type, SpanAttributes['nexus.panel'] AS object_id,
       '' AS field, 0 AS seq, lower(StatusCode) IN ('error', 'status_code_error') AS is_error
FROM otel_traces;

-- State changes that arrive through the Collector, as log records with nexus.set.FIELD attributes.
CREATE MATERIALIZED VIEW IF NOT EXISTS twin_from_logs TO twin_changes AS
SELECT LogAttributes['nexus.workspace.id'] AS workspace_id, LogAttributes['nexus.object.type'] AS object_type,
       LogAttributes['nexus.object.id'] AS object_id, substring(key, 11) AS field, 'set' AS op, text AS value,
       Timestamp AS ts, toUInt64OrZero(LogAttributes['nexus.seq']) AS seq,
       if(LogAttributes['event.name'] != '', LogAttributes['event.name'], Body) AS event_type,
       LogAttributes['nexus.actor.id'] AS actor_id, '' AS cause, TraceId AS trace_id, SpanId AS span_id,
       greatest(toUInt16OrZero(LogAttributes['nexus.schema.version']), 1) AS schema_ver
FROM otel_logs ARRAY JOIN mapKeys(LogAttributes) AS key, mapValues(LogAttributes) AS text
WHERE startsWith(key, 'nexus.set.') AND LogAttributes['nexus.object.id'] != '';

-- Stores of before: what is there already. Done twice, it changes no answer.
INSERT INTO twin_timeline
SELECT workspace_id, object_type, object_id, field, op, value, ts, seq, recorded_at, actor_id, cause,
       schema_ver
FROM twin_changes;

INSERT INTO twin_hourly
SELECT workspace_id, object_type, object_id, toStartOfHour(toDateTime(ts, 'UTC')) AS hour, field,
       argMaxState((toString(op), value, toString(actor_id), cause, ts, seq, schema_ver), (ts, seq))
FROM twin_changes GROUP BY workspace_id, object_type, object_id, hour, field;

INSERT INTO trace_index
SELECT trace_id, ts, span_id, '', 'change', event_type, workspace_id, object_type, object_id, field, seq, 0
FROM twin_changes WHERE trace_id != '';

INSERT INTO trace_index
SELECT TraceId, Timestamp, SpanId, ParentSpanId, 'span', SpanName, SpanAttributes['nexus.workspace'],
       if(SpanAttributes['nexus.panel'] != '', 'Panel', ''), SpanAttributes['nexus.panel'], '', 0,
       lower(StatusCode) IN ('error', 'status_code_error')
FROM otel_traces;
