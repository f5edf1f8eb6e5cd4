"""The process that owns the embedded database: it locks its folder, breaks on fork and may crash, so it lives alone.

It reads one JSON request per line and answers with one JSON line, followed by as many bytes of Arrow as that says. It
ends when its input does, that is, with its parent.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
from pydantic import TypeAdapter

from nexus_jupyter.protocol.errors import NexusError, TriLogError, UnavailableError
from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.telemetry import TelemetryEvent
from nexus_jupyter.protocol.trilog import SqlQuestion, TriLogQuestion, TwinAt, TwinHistory
from nexus_jupyter.storage import Journal, open_database
from nexus_jupyter.trilog.beginning import beginning
from nexus_jupyter.trilog.projection import events

__all__ = ["Store", "main"]

_QUESTION: TypeAdapter[TriLogQuestion] = TypeAdapter(TriLogQuestion)
_BATCH = 8192
_SETTINGS = {"max_execution_time": 30, "max_result_rows": 1_000_000, "result_overflow_mode": "throw"}
_READS = re.compile(r"\s*(SELECT|WITH|SHOW|DESCRIBE|DESC|EXPLAIN)\b", re.IGNORECASE)
_TEXTS = re.compile(r"'(?:\\.|''|[^'\\])*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
#: Table functions that read nothing from outside.
_HARMLESS = frozenset(
    {"numbers", "numbers_mt", "zeros", "zeros_mt", "generate_series", "generateseries", "values", "view", "one", "null"}
)


class Store:
    """The database, and its projection of the journal.

    Parameters
    ----------
    folder
        Where the database lies.
    journal
        What is projected.
    workspace
        The workspace's name.
    """

    def __init__(self, folder: Path, journal: Journal, workspace: str) -> None:
        try:
            import clickhouse_connect
        except ImportError as error:
            raise _missing(error) from error
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._client = clickhouse_connect.get_client(interface="chdb", path=str(folder))
        except ImportError as error:
            raise _missing(error) from error
        except Exception as error:
            if "chdb" in str(error).lower() and "install" in str(error).lower():
                raise _missing(error) from error
            raise
        self._journal = journal
        self._workspace = workspace
        for migration in sorted((Path(__file__).parent / "migrations").glob("*.sql")):
            for statement in migration.read_text(encoding="utf-8").split(";"):
                if statement.strip():
                    self._client.command(statement)
        self._functions = {
            str(row[0]).lower() for row in self._client.query("SELECT name FROM system.table_functions").result_rows
        } - _HARMLESS
        self._cursor = self._stored()
        if self._cursor < journal.base.rev:
            self._begin()

    @property
    def rev(self) -> int:
        """The rev of the newest change that is projected."""
        return self._cursor

    def flush(self) -> int:
        """Project every change that the journal has by now; return the rev reached."""
        pending: list[Change] = []
        self._journal.look_again()
        if self._journal.base.rev > self._cursor:
            self._begin()
        for change in self._journal.read(after=self._cursor):
            pending.append(change)
            if len(pending) >= _BATCH:
                self._write(pending)
                pending = []
        self._write(pending)
        return self._cursor

    def spans(self, spans: list[dict[str, Any]]) -> None:  # Any: a span's own attributes
        """Store finished spans."""
        if not spans:
            return
        columns = {
            "Timestamp": pa.array([span["start"] for span in spans], pa.timestamp("ns", "UTC")),
            "TraceId": [span["trace_id"] for span in spans],
            "SpanId": [span["span_id"] for span in spans],
            "ParentSpanId": [span["parent"] for span in spans],
            "SpanName": [span["name"] for span in spans],
            "ServiceName": ["nexus"] * len(spans),
            "SpanAttributes": pa.array(
                [list(span["attributes"].items()) for span in spans], pa.map_(pa.string(), pa.string())
            ),
            "Duration": pa.array([span["duration"] for span in spans], pa.uint64()),
            "StatusCode": [span["status"] for span in spans],
            "StatusMessage": [span["message"] for span in spans],
        }
        self._client.insert_arrow("otel_traces", pa.table(columns))

    def ask(self, question: TriLogQuestion) -> pa.Table:
        """Answer a question."""
        match question:
            case TwinAt():
                return self._at(question)
            case TwinHistory():
                return self._history(question)
            case SqlQuestion():
                return self._sql(question.sql)

    def _stored(self) -> int:
        result = self._client.query(
            "SELECT max(seq) FROM twin_changes WHERE workspace_id = {w:String}", parameters={"w": self._workspace}
        )
        return int(result.result_rows[0][0] or 0)

    def _begin(self) -> None:
        """Take in where a compacted journal begins, if that is further than what is known."""
        rows = self._client.query(
            """
            SELECT object_type, object_id, field, argMax(value, (ts, seq)) FROM twin_changes
            WHERE workspace_id = {w:String} GROUP BY 1, 2, 3 HAVING argMax(op, (ts, seq)) = 'set'
            """,
            parameters={"w": self._workspace},
        ).result_rows
        known = {(str(row[0]), str(row[1]), str(row[2])): str(row[3]) for row in rows}
        self._insert(list(beginning(self._journal, self._workspace, known)))
        self._cursor = self._journal.base.rev

    def _write(self, changes: list[Change]) -> None:
        """Insert by month: an insert into one partition is all or nothing, which is what the cursor relies on."""
        for _, group in groupby(changes, key=lambda change: _month(change.ts)):
            batch = list(group)
            self._insert([event for change in batch for event in events(change)])
            self._cursor = batch[-1].rev

    def _insert(self, rows: list[TelemetryEvent]) -> None:
        if not rows:
            return
        columns = {
            "workspace_id": [row.workspace for row in rows],
            "object_type": [row.object_type for row in rows],
            "object_id": [row.object_id for row in rows],
            "field": [row.field for row in rows],
            "op": [row.op for row in rows],
            "value": [row.value for row in rows],
            "ts": pa.array([row.ts for row in rows], pa.timestamp("ns", "UTC")),
            "seq": pa.array([row.seq for row in rows], pa.uint64()),
            "event_type": [row.event_type for row in rows],
            "actor_id": [row.actor for row in rows],
            "cause": [row.cause for row in rows],
            "trace_id": [row.trace_id for row in rows],
            "span_id": [row.span_id for row in rows],
        }
        self._client.insert_arrow("twin_changes", pa.table(columns))

    def _at(self, question: TwinAt) -> pa.Table:
        return self._query(
            """
            SELECT field, argMax(value, (ts, seq)) AS value, max(ts) AS since, argMax(seq, (ts, seq)) AS rev,
                   argMax(actor_id, (ts, seq)) AS actor, argMax(cause, (ts, seq)) AS cause
            FROM twin_changes
            WHERE workspace_id = {w:String} AND object_type = {t:String} AND object_id = {i:String}
              AND ts <= fromUnixTimestamp64Nano({ts:Int64}, 'UTC')
            GROUP BY field HAVING argMax(op, (ts, seq)) = 'set' ORDER BY field
            """,
            {"w": self._workspace, "t": question.type, "i": question.id, "ts": question.ts},
        )

    def _history(self, question: TwinHistory) -> pa.Table:
        rows = self._query(
            """
            SELECT field, op, value, ts AS valid_from, seq AS rev, actor_id AS actor, cause
            FROM twin_changes
            WHERE workspace_id = {w:String} AND object_type = {t:String} AND object_id = {i:String}
              AND ({f:String} = '' OR field = {f:String})
            ORDER BY field, ts, seq, recorded_at LIMIT 1 BY field, seq
            """,
            {"w": self._workspace, "t": question.type, "i": question.id, "f": question.field or ""},
        ).to_pylist()
        intervals = []
        for row, following in zip(rows, [*rows[1:], None], strict=True):
            ends = following is not None and following["field"] == row["field"]
            row["valid_to"] = following["valid_from"] if ends and following is not None else None
            if row.pop("op") == "set":
                intervals.append(row)
        time = pa.timestamp("ns", "UTC")
        types = {"field": pa.string(), "value": pa.string(), "valid_from": time, "valid_to": time}
        types |= {"rev": pa.uint64(), "actor": pa.string(), "cause": pa.string()}
        return pa.table({name: pa.array([row[name] for row in intervals], kind) for name, kind in types.items()})

    def _sql(self, sql: str) -> pa.Table:
        plain = _TEXTS.sub(" ", sql)
        if not _READS.match(plain) or ";" in plain.rstrip().rstrip(";"):
            raise TriLogError("Only a single query that reads can be asked.", hint="Begin it with SELECT.")
        if re.search(r"\bINTO\s+OUTFILE\b", plain, re.IGNORECASE):
            raise TriLogError("Queries cannot write files.")
        for name in re.findall(r"([A-Za-z_]\w*)\s*\(", plain.replace("`", "").replace('"', "")):
            if name.lower() in self._functions:
                raise TriLogError(
                    f"The function '{name}' reaches outside of the workspace's history, so it is not allowed.",
                    hint="The tables here are twin_changes and otel_traces.",
                )
        return self._query(sql.rstrip().rstrip(";"), {})

    def _query(self, sql: str, parameters: dict[str, Any]) -> pa.Table:  # Any: values of SQL types
        try:
            return self._client.query_arrow(sql, parameters=parameters, settings=_SETTINGS, use_strings=True)
        except Exception as error:
            raise TriLogError(f"The query cannot be answered: {_reason(error)}") from error


def _month(ts: int) -> tuple[int, int]:
    moment = datetime.fromtimestamp(ts / 1e9, UTC)
    return moment.year, moment.month


def _missing(error: Exception) -> UnavailableError:
    return UnavailableError(
        f"TriLog needs the packages chdb and clickhouse-connect: {error}.",
        hint="Run: pip install 'nexus-jupyter[embedded]'",
    )


def _reason(error: Exception) -> str:
    """Return the sentence of a database error that matters."""
    text = str(error).split("(version ")[0]
    text = re.sub(r"^.*?DB::Exception:\s*", "", text, flags=re.DOTALL).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    return first if len(first) < 400 else first[:397] + "..."  # noqa: PLR2004 - a readable length


def _requests(stream: BinaryIO) -> Iterator[dict[str, Any]]:  # Any: JSON
    for line in stream:
        yield json.loads(line)


def _answer(out: BinaryIO, header: dict[str, Any], body: bytes = b"") -> None:  # Any: JSON
    out.write(json.dumps({**header, "size": len(body)}).encode() + b"\n" + body)
    out.flush()


def _handle(store: Store, request: dict[str, Any]) -> bytes:  # Any: JSON
    store.spans(request["spans"])
    store.flush()
    if request["question"] is None:
        return b""
    table = store.ask(_QUESTION.validate_python(request["question"]))
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _serve(out: BinaryIO, make: Callable[[], Store]) -> None:
    try:
        store = make()
    except NexusError as error:
        _answer(out, {"code": error.code, "message": error.message, "hint": error.hint})
        return
    _answer(out, {"code": ""})
    for request in _requests(sys.stdin.buffer):
        try:
            body = _handle(store, request)
            _answer(out, {"code": "", "rev": store.rev}, body)
        except NexusError as error:
            _answer(out, {"code": error.code, "message": error.message, "hint": error.hint})
        except Exception as error:  # noqa: BLE001 - told to whoever asked; the store goes on
            _answer(out, {"code": "trilog", "message": f"TriLog failed: {_reason(error)}", "hint": ""})


def main() -> None:
    """Serve until the input ends."""
    folder, workspace = sys.argv[1:3]
    # The first line has the journal's URL: others on the machine can read arguments, and it may hold a password.
    url = str(json.loads(sys.stdin.buffer.readline())["journal"])
    # The database's library prints to standard output when it likes; the answers must have a channel of their own.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _serve(out, lambda: Store(Path(folder), Journal(open_database(url), workspace), workspace))
    # The database's own threads may not outlive the interpreter's shutdown in good order.
    out.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
