"""Where a journal that was compacted begins, as facts: what its first checkpoint shows, against what is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from nexus_jupyter.nog.snapshot import load
from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import SYSTEM
from nexus_jupyter.protocol.patch import Cause, Change, InsertOp
from nexus_jupyter.protocol.telemetry import TelemetryEvent
from nexus_jupyter.storage import CheckpointStore, Journal
from nexus_jupyter.trilog.projection import events

__all__ = ["Known", "beginning"]

#: The JSON text that a field of an object has now, by object type, object id and field.
Known = Mapping[tuple[str, str, str], str]


def beginning(journal: Journal, workspace: str, known: Known) -> Iterator[TelemetryEvent]:
    """Yield what must be added to what is known to know the state at the journal's beginning; nothing if it is whole.

    Raises
    ------
    StorageError
        If the checkpoint that the journal begins with is missing or damaged.
    """
    base = journal.base
    if not base.rev:
        return
    checkpoint = CheckpointStore(journal.engine, workspace).get(base.rev)
    if checkpoint is None:
        raise StorageError(f"The journal begins after rev {base.rev}, but there is no checkpoint of it.")
    records = load(checkpoint.body).records
    inserts = [InsertOp(entity=record.entity) for record in records.values()]
    start = Change(
        workspace=workspace,
        rev=base.rev,
        ts=base.ts,
        actor=SYSTEM,
        cause=Cause(kind="create", via="system"),
        panel=None,
        ops=list(inserts),
        inverse=[],
    )
    seen: set[tuple[str, str, str]] = set()
    for event in events(start):
        key = (event.object_type, event.object_id, event.field)
        seen.add(key)
        if known.get(key) != event.value:
            yield event
    for kind, name, field in known.keys() - seen:
        update = {"object_type": kind, "object_id": name, "field": field, "op": "unset", "value": ""}
        yield TelemetryEvent.model_validate({**_bare(start), **update})


def _bare(change: Change) -> dict[str, object]:
    named = {"workspace": change.workspace, "ts": change.ts, "seq": change.rev, "event_type": change.cause.kind}
    return {**named, "actor": change.actor.id, "cause": "create by system", "trace_id": "", "span_id": ""}
