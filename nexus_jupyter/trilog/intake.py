"""What goes into the database: the journal, followed by rev, and what was recorded, followed through the spool."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import compress, groupby
from pathlib import Path

import pyarrow as pa
from pydantic import ValidationError

from nexus_jupyter.protocol.patch import Change
from nexus_jupyter.protocol.telemetry import ProcessSteps, Quarantined, TelemetryEvent, TwinRecord, TwinSchema
from nexus_jupyter.storage import Journal
from nexus_jupyter.trilog.beginning import beginning
from nexus_jupyter.trilog.database import Database
from nexus_jupyter.trilog.position import Progress
from nexus_jupyter.trilog.projection import events
from nexus_jupyter.trilog.registry import Registry, facts
from nexus_jupyter.trilog.spool import Event, Position, SpoolReader
from nexus_jupyter.trilog.tables import changes_table, logs_table, quarantine_table, spans_table, steps_table

__all__ = ["FORGOTTEN", "Intake", "digest_of"]

#: Changes that are taken in at once: so many, and no more than say these characters.
_BATCH, _BATCH_BYTES = 8192, 16 << 20
#: Stands in the place of whom the history has forgotten.
FORGOTTEN = "forgotten"


@dataclass(slots=True)
class _Sorts:
    """What was recorded, by the table that it goes to."""

    spans: list[Event] = field(default_factory=list)
    logs: list[Event] = field(default_factory=list)
    rows: list[TelemetryEvent] = field(default_factory=list)
    steps: list[ProcessSteps] = field(default_factory=list)
    refused: list[Quarantined] = field(default_factory=list)


class _Told:
    """What a change says."""

    def __init__(self, change: Change) -> None:
        self.rev, self.ts = change.rev, change.ts
        self.events = list(events(change))
        self.size = sum(len(event.value) for event in self.events)


class Intake:
    """Takes in what happened; every insert can be interrupted and done again without a trace.

    Parameters
    ----------
    database
        Where to.
    journal
        The workspace's changes.
    spool
        The folder of what was recorded.
    workspace
        The workspace's name.
    registry
        The schemas that recorded twins must fit.
    """

    def __init__(self, database: Database, journal: Journal, spool: Path, workspace: str, registry: Registry) -> None:
        self._database = database
        self._journal = journal
        self._workspace = workspace
        self._registry = registry
        self._spool = SpoolReader(spool)
        self._progress = Progress.load(spool / "position.json")
        self._erased = self._forgotten()
        #: Facts taken in since this was last set to zero.
        self.facts = 0
        self._oldest: int | None = None
        self.rev = self._stored()
        self._resume()
        if self.rev < journal.base.rev:
            self._begin()

    def flush(self) -> int:
        """Take in all that there is by now; return the rev reached."""
        self._read_spool()
        pending: list[_Told] = []
        size = 0
        self._journal.look_again()
        if self._journal.base.rev > self.rev:
            self._begin()
        for change in self._journal.read(after=self.rev):
            pending.append(told := _Told(change))
            size += told.size
            if len(pending) >= _BATCH or size >= _BATCH_BYTES:
                self._write(pending)
                pending, size = [], 0
        self._write(pending)
        return self.rev

    def take_oldest(self) -> int | None:
        """Return the time of the oldest fact taken in since this was last asked."""
        oldest, self._oldest = self._oldest, None
        return oldest

    def forget(self, user: str) -> None:
        """Leave a person out from now on, in what is still to come from the journal."""
        self._erased.add(digest_of(user))

    # The journal

    def _stored(self) -> int:
        result = self._database.rows(
            """
            SELECT greatest(
              (SELECT max(seq) FROM twin_changes WHERE workspace_id = {w:String} AND cause != '' AND seq < 4294967296),
              (SELECT max(rev) FROM trilog_cursor WHERE workspace_id = {w:String}))
            """,
            {"w": self._workspace},
        )
        return int(result[0][0] or 0)

    def _resume(self) -> None:
        """Do again what was interrupted."""
        if self._progress.writing is not None:
            first, last = self._progress.writing
            batch = []
            for change in self._journal.read(after=first - 1):
                if change.rev > last:
                    break
                batch.append(_Told(change))
            if batch and batch[0].rev == first and batch[-1].rev == last:
                self._insert_changes(batch)
                self.rev = max(self.rev, last)
            self._progress.writing = None
            self._progress.save()
        if self._progress.reading is not None:
            self._store(*self._spool.read(self._progress.read, self._progress.reading))

    def _begin(self) -> None:
        """Take in where a compacted journal begins, if that is further than what is known."""
        rows = self._database.rows(
            """
            SELECT object_type, object_id, field, argMax(value, (ts, seq)) FROM twin_changes
            WHERE workspace_id = {w:String} AND event_type != 'record' AND cause != ''
            GROUP BY 1, 2, 3 HAVING argMax(op, (ts, seq)) = 'set'
            """,
            {"w": self._workspace},
        )
        known = {(str(row[0]), str(row[1]), str(row[2])): str(row[3]) for row in rows}
        found = list(beginning(self._journal, self._workspace, known))
        self._insert_fitting(found, f"{self._workspace}:begin:{self._journal.base.rev}")
        self.rev = self._journal.base.rev

    def _write(self, changes: list[_Told]) -> None:
        """Insert by month: an insert into one partition is all or nothing, which is what the cursor relies on."""
        for _, group in groupby(changes, key=lambda change: _month(change.ts)):
            batch = list(group)
            self._progress.writing = (batch[0].rev, batch[-1].rev)
            self._progress.save()
            self._insert_changes(batch)
            self.rev = batch[-1].rev
            self._progress.writing = None
            self._progress.save()

    def _insert_changes(self, batch: list[_Told]) -> None:
        rows = [event for change in batch for event in change.events]
        self._insert_fitting(rows, f"{self._workspace}:{batch[0].rev}-{batch[-1].rev}:{batch[0].ts}")

    def _insert_fitting(self, facts: list[TelemetryEvent], token: str) -> None:
        """Insert facts of the journal, those apart that are not of Nexus's own model."""
        rows, refused = [], []
        for fact in facts:
            reason = self._registry.fact_refusal(fact)
            if reason is None:
                rows.append(fact)
            else:
                told = fact.model_dump(mode="json")
                refused.append(_quarantined(fact.object_type, fact.object_id, reason, fact.ts, told))
        if refused:
            table = quarantine_table(self._workspace, refused)
            self._database.insert("twin_quarantine", table, token=f"{token}:refused")
        if rows:
            self._insert(rows, token)

    def _insert(self, rows: list[TelemetryEvent], token: str) -> None:
        if self._erased:
            rows = [self._without(row) for row in rows]
        self._database.insert("twin_changes", changes_table(rows), token=token)
        self.facts += len(rows)
        oldest = min(row.ts for row in rows)
        self._oldest = oldest if self._oldest is None else min(self._oldest, oldest)

    # What was recorded

    def _read_spool(self) -> None:
        while True:
            found, end = self._spool.read(self._progress.read)
            if not found:
                return
            self._progress.reading = end
            self._progress.save()
            self._store(found, end)

    def _store(self, found: list[tuple[Position, Event]], end: Position) -> None:
        start = self._progress.read
        token = f"{self._workspace}:spool:{start.segment}.{start.offset}-{end.segment}.{end.offset}"
        sorts = _Sorts()
        for at, event in found:
            try:
                self._sort(at, event, sorts)
            except ValidationError as error:
                # Not shown, since nothing is known of what in it is private; and nothing after it waits for it.
                reason = f"It cannot be read: {error.errors(include_input=False)[0]['msg']}."
                sorts.refused.append(_quarantined(str(event["is"]), "", reason, time.time_ns(), {}))
        for day, group in groupby(sorted(sorts.spans, key=_day), key=_day):
            self._database.insert("otel_traces", spans_table(list(group)), token=f"{token}:{day}")
        for day, group in groupby(sorted(sorts.logs, key=_day), key=_day):
            self._database.insert("otel_logs", logs_table(list(group)), token=f"{token}:log:{day}")
        for month, dated in groupby(sorted(sorts.rows, key=lambda row: row.ts), key=lambda row: _month(row.ts)):
            self._insert(list(dated), f"{token}:{month}")
        if sorts.steps:
            tables = [steps_table(self._workspace, some) for some in sorts.steps]
            self._database.insert("process_steps", pa.concat_tables(tables).combine_chunks(), token=token)
        if sorts.refused:
            self._database.insert("twin_quarantine", quarantine_table(self._workspace, sorts.refused), token=token)
        self._progress.read, self._progress.reading = end, None
        self._progress.save()
        self._spool.drop(end)

    def _sort(self, at: Position, event: Event, sorts: _Sorts) -> None:
        match event["is"]:
            case "span":
                sorts.spans.append(event)
            case "log":
                sorts.logs.append(event)
            case "schema":
                self._registry.add(TwinSchema.model_validate(event["schema"]))
            case "twin":
                self._twin(TwinRecord.model_validate(event["twin"]), at, sorts)
            case "steps":
                self._steps(ProcessSteps.model_validate(event["steps"]), sorts)
            case "step":  # from before there were many in a line
                columns = {name: [value] for name, value in event["step"].items()}
                self._steps(ProcessSteps.model_validate({"version": [1], **columns}), sorts)
            case "":
                sorts.refused.append(_quarantined("", "", "It cannot be read: it is no JSON.", time.time_ns(), {}))
            case _:
                sorts.refused.append(Quarantined.model_validate(event.get("quarantined")))

    def _twin(self, twin: TwinRecord, at: Position, sorts: _Sorts) -> None:
        reason = self._registry.refusal(twin)
        if reason is not None:
            sorts.refused.append(_quarantined(twin.kind, twin.id, reason, twin.ts, self._registry.shown(twin)))
            return
        # Above all revs, and the same whenever this line is read.
        seq = (at.segment + 1) << 40 | at.offset
        sorts.rows += (self._fact(twin, seq, *fact) for fact in facts(twin, self._registry.newest(twin.kind)))

    def _fact(self, twin: TwinRecord, seq: int, field: str, value: str | None) -> TelemetryEvent:
        return TelemetryEvent(
            workspace=self._workspace,
            object_type=twin.kind,
            object_id=twin.id,
            field=field,
            op="unset" if value is None else "set",
            value=value or "",
            ts=twin.ts,
            seq=seq,
            event_type="record",
            actor=twin.actor,
            cause=twin.cause,
            trace_id=twin.trace_id,
            span_id=twin.span_id,
            version=twin.version,
        )

    def _steps(self, some: ProcessSteps, sorts: _Sorts) -> None:
        reasons = self._registry.step_refusals(some)
        for index, reason in reasons.items():
            one = {name: column[index] for name, column in some}
            sorts.refused.append(_quarantined(one["process"], one["instance"], reason, one["ts"], one))
        if reasons:
            kept = [index not in reasons for index in range(len(some.ts))]
            some = ProcessSteps.model_validate({name: list(compress(column, kept)) for name, column in some})
        if some.ts:
            sorts.steps.append(some)

    def _forgotten(self) -> set[str]:
        found = "SELECT DISTINCT digest FROM trilog_erased WHERE workspace_id = {w:String}"
        return {str(row[0]) for row in self._database.rows(found, {"w": self._workspace})}

    def _without(self, row: TelemetryEvent) -> TelemetryEvent:
        return row.model_copy(update={"actor": FORGOTTEN}) if digest_of(row.actor) in self._erased else row


def digest_of(user: str) -> str:
    """Return what is kept of the name of somebody who was erased."""
    return hashlib.sha256(user.encode()).hexdigest()


def _month(ts: int) -> tuple[int, int]:
    moment = datetime.fromtimestamp(ts / 1e9, UTC)
    return moment.year, moment.month


def _day(event: Event) -> int:
    """Return the day of a span or a log record."""
    return int(event["start"] if "start" in event else event["ts"]) // 86_400_000_000_000


def _quarantined(kind: str, name: str, reason: str, ts: int, event: object) -> Quarantined:
    return Quarantined(kind=kind, name=name, reason=reason, ts=ts, event=json.dumps(event, ensure_ascii=False))
