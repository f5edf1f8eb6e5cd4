-- The tables of OpenTelemetry's Collector, by its ClickHouse exporter; where it runs already, they are its own.
CREATE TABLE IF NOT EXISTS otel_traces (
  Timestamp          DateTime64(9) CODEC(Delta, ZSTD(1)),
  TraceId            String CODEC(ZSTD(1)),
  SpanId             String CODEC(ZSTD(1)),
  ParentSpanId       String CODEC(ZSTD(1)),
  TraceState         String CODEC(ZSTD(1)),
  SpanName           LowCardinality(String) CODEC(ZSTD(1)),
  SpanKind           LowCardinality(String) CODEC(ZSTD(1)),
  ServiceName        LowCardinality(String) CODEC(ZSTD(1)),
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeName          String CODEC(ZSTD(1)),
  ScopeVersion       String CODEC(ZSTD(1)),
  SpanAttributes     Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  Duration           UInt64 CODEC(ZSTD(1)),
  StatusCode         LowCardinality(String) CODEC(ZSTD(1)),
  StatusMessage      String CODEC(ZSTD(1)),
  Events Nested (
    Timestamp  DateTime64(9),
    Name       LowCardinality(String),
    Attributes Map(LowCardinality(String), String)
  ) CODEC(ZSTD(1)),
  Links Nested (
    TraceId    String,
    SpanId     String,
    TraceState String,
    Attributes Map(LowCardinality(String), String)
  ) CODEC(ZSTD(1)),
  INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX idx_res_attr_key mapKeys(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_res_attr_value mapValues(ResourceAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_span_attr_key mapKeys(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_span_attr_value mapValues(SpanAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_duration Duration TYPE minmax GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(Timestamp)
ORDER BY (ServiceName, SpanName, toDateTime(Timestamp))
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

-- Stores of before had fewer columns.
ALTER TABLE otel_traces
  ADD COLUMN IF NOT EXISTS TraceState String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS SpanKind LowCardinality(String) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ScopeName String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS ScopeVersion String CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS `Events.Timestamp` Array(DateTime64(9)) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS `Events.Name` Array(LowCardinality(String)) CODEC(ZSTD(1)),
  ADD COLUMN IF NOT EXISTS `Events.Attributes` Array(Map(LowCardinality(String), String)) CODEC(ZSTD(1));

CREATE TABLE IF NOT EXISTS otel_logs (
  Timestamp          DateTime64(9) CODEC(Delta(8), ZSTD(1)),
  TimestampTime      DateTime DEFAULT toDateTime(Timestamp),
  TraceId            String CODEC(ZSTD(1)),
  SpanId             String CODEC(ZSTD(1)),
  TraceFlags         UInt8,
  SeverityText       LowCardinality(String) CODEC(ZSTD(1)),
  SeverityNumber     UInt8,
  ServiceName        LowCardinality(String) CODEC(ZSTD(1)),
  Body               String CODEC(ZSTD(1)),
  ResourceSchemaUrl  LowCardinality(String) CODEC(ZSTD(1)),
  ResourceAttributes Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  ScopeSchemaUrl     LowCardinality(String) CODEC(ZSTD(1)),
  ScopeName          String CODEC(ZSTD(1)),
  ScopeVersion       LowCardinality(String) CODEC(ZSTD(1)),
  ScopeAttributes    Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  LogAttributes      Map(LowCardinality(String), String) CODEC(ZSTD(1)),
  INDEX idx_trace_id TraceId TYPE bloom_filter(0.001) GRANULARITY 1,
  INDEX idx_log_attr_key mapKeys(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1,
  INDEX idx_log_attr_value mapValues(LogAttributes) TYPE bloom_filter(0.01) GRANULARITY 1
) ENGINE = MergeTree
PARTITION BY toDate(TimestampTime)
PRIMARY KEY (ServiceName, TimestampTime)
ORDER BY (ServiceName, TimestampTime, Timestamp)
SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1;

ALTER TABLE otel_traces MODIFY SETTING non_replicated_deduplication_window = 1000;

ALTER TABLE otel_logs MODIFY SETTING non_replicated_deduplication_window = 1000;
