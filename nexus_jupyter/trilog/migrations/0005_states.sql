-- A state that is kept has a row per field, so that one object's is a few rows and not the maps of hundreds.
-- Kept states follow from the facts: those of before are made again when the store is opened.
DROP TABLE IF EXISTS twin_checkpoint;

TRUNCATE TABLE twin_checkpoints;

CREATE TABLE twin_checkpoint (
  workspace_id LowCardinality(String),
  ck_ts        DateTime64(9, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  made_at      DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
  object_type  LowCardinality(String),
  object_id    String CODEC(ZSTD(1)),
  field        LowCardinality(String),
  op           LowCardinality(String),
  value        String CODEC(ZSTD(1)),
  ts           DateTime64(9, 'UTC') CODEC(ZSTD(1)),
  seq          UInt64 CODEC(ZSTD(1)),
  actor_id     LowCardinality(String),
  cause        String CODEC(ZSTD(1)),
  schema_ver   UInt16
) ENGINE = ReplacingMergeTree(made_at)
PARTITION BY toYYYYMM(ck_ts)
ORDER BY (workspace_id, ck_ts, object_type, object_id, field)
SETTINGS index_granularity = 256;
