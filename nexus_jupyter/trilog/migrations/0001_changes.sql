CREATE TABLE IF NOT EXISTS twin_changes (
  workspace_id LowCardinality(String),
  object_type  LowCardinality(String),
  object_id    String CODEC(ZSTD(1)),
  field        LowCardinality(String),
  op           LowCardinality(String),
  value        String CODEC(ZSTD(1)),
  ts           DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  seq          UInt64 CODEC(DoubleDelta, ZSTD(1)),
  recorded_at  DateTime64(3, 'UTC') DEFAULT now64(3),
  event_type   LowCardinality(String),
  actor_id     LowCardinality(String),
  cause        String CODEC(ZSTD(1)),
  trace_id     String CODEC(ZSTD(1)),
  span_id      String CODEC(ZSTD(1))
) ENGINE = ReplacingMergeTree(recorded_at)
PARTITION BY toYYYYMM(ts)
ORDER BY (workspace_id, object_type, object_id, ts, seq, field)
SETTINGS index_granularity = 1024;

ALTER TABLE twin_changes ADD COLUMN IF NOT EXISTS schema_ver UInt16 DEFAULT 1;

ALTER TABLE twin_changes MODIFY SETTING non_replicated_deduplication_window = 1000;
