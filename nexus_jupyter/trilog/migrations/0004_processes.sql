CREATE TABLE IF NOT EXISTS process_steps (
  workspace_id LowCardinality(String),
  process      LowCardinality(String),
  instance     String CODEC(ZSTD(1)),
  step         LowCardinality(String),
  ts           DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  recorded_at  DateTime64(3, 'UTC') DEFAULT now64(3),
  panel        LowCardinality(String),
  actor_id     LowCardinality(String),
  attributes   Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  trace_id     String CODEC(ZSTD(1)),
  schema_ver   UInt16 DEFAULT 1,
  INDEX by_instance instance TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = ReplacingMergeTree(recorded_at)
PARTITION BY toYYYYMM(ts)
ORDER BY (workspace_id, process, ts, instance, step)
SETTINGS non_replicated_deduplication_window = 1000;

-- What does not fit its schema: visible, never dropped.
CREATE TABLE IF NOT EXISTS twin_quarantine (
  workspace_id LowCardinality(String),
  ts           DateTime64(9, 'UTC'),
  recorded_at  DateTime64(3, 'UTC') DEFAULT now64(3),
  kind         LowCardinality(String),
  name         String,
  reason       String,
  event        String CODEC(ZSTD(1))
) ENGINE = MergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (workspace_id, ts)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE TABLE IF NOT EXISTS twin_schemas (
  workspace_id  LowCardinality(String),
  kind          String,
  version       UInt16,
  schema        String CODEC(ZSTD(1)),
  registered_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = ReplacingMergeTree(registered_at)
ORDER BY (workspace_id, kind, version);

-- Who was erased, so that what is read again from elsewhere stays out. Only a digest of the name.
CREATE TABLE IF NOT EXISTS trilog_erased (
  workspace_id LowCardinality(String),
  digest       String,
  erased_at    DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = ReplacingMergeTree(erased_at)
ORDER BY (workspace_id, digest);

CREATE TABLE IF NOT EXISTS trilog_cursor (
  workspace_id LowCardinality(String),
  rev          UInt64,
  noted_at     DateTime64(6, 'UTC') DEFAULT now64(6)
) ENGINE = ReplacingMergeTree(noted_at)
ORDER BY (workspace_id);
