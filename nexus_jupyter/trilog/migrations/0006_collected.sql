-- What the fields of twins may be, for what arrives through the Collector and meets no process of ours on its way.
CREATE TABLE IF NOT EXISTS twin_fields (
  workspace_id  LowCardinality(String),
  kind          String,
  version       UInt16,
  field         String,
  tracked       UInt8,
  private       UInt8,
  types         Array(String),
  allowed       Array(String),
  registered_at DateTime64(3, 'UTC') DEFAULT now64(3)
) ENGINE = ReplacingMergeTree(registered_at)
ORDER BY (workspace_id, kind, version, field);

DROP VIEW IF EXISTS twin_from_logs;

DROP VIEW IF EXISTS twin_refused_logs;

-- State changes that arrive as log records with nexus.set.FIELD attributes, and fit their schema.
CREATE MATERIALIZED VIEW twin_from_logs TO twin_changes AS
SELECT given.workspace_id AS workspace_id, object_type, object_id, part AS field, 'set' AS op, text AS value, at AS ts,
       seq, event_type, actor_id, '' AS cause, trace_id, span_id, given.version AS schema_ver
FROM (
  SELECT LogAttributes['nexus.workspace.id'] AS workspace_id, LogAttributes['nexus.object.type'] AS object_type,
         LogAttributes['nexus.object.id'] AS object_id, substring(key, 11) AS part,
         splitByChar('.', part)[1] AS head, text, Timestamp AS at,
         toUInt64OrZero(LogAttributes['nexus.seq']) AS seq,
         if(LogAttributes['event.name'] != '', LogAttributes['event.name'], Body) AS event_type,
         LogAttributes['nexus.actor.id'] AS actor_id, TraceId AS trace_id, SpanId AS span_id,
         greatest(toUInt16OrZero(LogAttributes['nexus.schema.version']), 1) AS version
  FROM otel_logs ARRAY JOIN mapKeys(LogAttributes) AS key, mapValues(LogAttributes) AS text
  WHERE startsWith(key, 'nexus.set.') AND LogAttributes['nexus.object.id'] != ''
) AS given
ANY LEFT JOIN twin_fields AS known
  ON known.workspace_id = given.workspace_id AND known.kind = given.object_type AND known.version = given.version
     AND known.field = given.head
WHERE known.field != '' AND NOT known.private AND (known.tracked OR part = head) AND isValidJSON(text)
  AND (if(known.tracked AND part = head, toString(JSONType(text)) = 'Object',
          empty(known.types) OR has(known.types, toString(JSONType(text)))))
  AND (empty(known.allowed) OR has(known.allowed, text));

-- And those that do not: visible, with their value only where it is known not to be private.
CREATE MATERIALIZED VIEW twin_refused_logs TO twin_quarantine AS
SELECT given.workspace_id AS workspace_id, at AS ts, object_type AS kind, object_id AS name,
       multiIf(
         known.field = '' AND (given.workspace_id, object_type, given.version)
             NOT IN (SELECT workspace_id, kind, version FROM twin_fields),
           concat('There is no kind of twin named \'', object_type, '\' in version ', toString(given.version), '.'),
         known.field = '' OR (NOT known.tracked AND part != head),
           concat('\'', object_type, '\' has no field \'', part, '\'.'),
         known.private, concat('\'', part, '\' is private and must not be recorded.'),
         NOT isValidJSON(text), concat('\'', part, '\' is no JSON text.'),
         NOT (if(known.tracked AND part = head, toString(JSONType(text)) = 'Object',
                 empty(known.types) OR has(known.types, toString(JSONType(text))))),
           concat('\'', part, '\' is of a wrong type.'),
         notEmpty(known.allowed) AND NOT has(known.allowed, text),
           concat('\'', part, '\' is none of ', arrayStringConcat(known.allowed, ', '), '.'),
         '') AS reason,
       toJSONString(map('field', part, 'value', if(known.field != '' AND NOT known.private, text, ''))) AS event
FROM (
  SELECT LogAttributes['nexus.workspace.id'] AS workspace_id, LogAttributes['nexus.object.type'] AS object_type,
         LogAttributes['nexus.object.id'] AS object_id, substring(key, 11) AS part,
         splitByChar('.', part)[1] AS head, text, Timestamp AS at,
         greatest(toUInt16OrZero(LogAttributes['nexus.schema.version']), 1) AS version
  FROM otel_logs ARRAY JOIN mapKeys(LogAttributes) AS key, mapValues(LogAttributes) AS text
  WHERE startsWith(key, 'nexus.set.') AND LogAttributes['nexus.object.id'] != ''
) AS given
ANY LEFT JOIN twin_fields AS known
  ON known.workspace_id = given.workspace_id AND known.kind = given.object_type AND known.version = given.version
     AND known.field = given.head
WHERE reason != '';
