"""The journal as an object-centric event log, for process mining: OCEL 2.0, as JSON or as SQLite.

Each change is an event, related to whoever made it, its panel, the states that it changed, and its run. The standard is
described at https://www.ocel-standard.org. Values that people have for themselves stay out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nexus_jupyter.protocol.errors import RequestError
from nexus_jupyter.protocol.patch import Change, InsertOp, SetOp

__all__ = ["ObjectLog", "object_log", "write_ocel"]

#: Attributes of each type of object, all of them texts; a state's value is JSON.
_OBJECTS: Mapping[str, tuple[str, ...]] = {
    "Workspace": (),
    "User": ("name", "kind"),
    "Panel": ("title",),
    "State": ("value",),
    "Run": ("action",),
}
_EVENT = ("rev", "via", "element", "action")
#: What an object is from the beginning has this time.
_BEGINNING = "1970-01-01T00:00:00Z"


@dataclass(slots=True)
class _Thing:
    type: str
    #: Values of attributes: name, time, value; in order of time.
    values: list[tuple[str, str, str]] = field(default_factory=list)
    related: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Event:
    id: str
    type: str
    time: str
    values: dict[str, Any]  # Any: a number or a text
    related: dict[str, str]


@dataclass(slots=True)
class ObjectLog:
    """Objects by id, and events in order of time."""

    objects: dict[str, _Thing] = field(default_factory=dict)
    events: list[_Event] = field(default_factory=list)

    def thing(self, kind: str, name: str, values: Mapping[str, str] | None = None) -> str:
        """Return the id of an object, which is made, as it was from the beginning, if it is not there."""
        key = f"{kind}:{name}"
        if key not in self.objects:
            self.objects[key] = _Thing(kind, [(one, _BEGINNING, value) for one, value in (values or {}).items()])
        return key


def object_log(changes: Iterable[Change]) -> ObjectLog:
    """Return changes of a journal as objects and events."""
    log = ObjectLog()
    for change in changes:
        when = _iso(change.ts)
        actor = change.actor
        user = log.thing("User", actor.id, {"name": actor.name or actor.id, "kind": actor.kind})
        related = {user: "by", log.thing("Workspace", change.workspace): "in"}
        if change.panel is not None:
            related[log.thing("Panel", change.panel)] = "of"
        if change.cause.run is not None:
            related[log.thing("Run", change.cause.run, {"action": change.cause.action or ""})] = "by run"
        parent = change.cause.parent
        if parent is not None and parent.run is not None:
            related[log.thing("Run", parent.run, {"action": parent.action or ""})] = "set off by"
        for key, name, value in _settings(change):
            kind = "State" if "/state." in key else "Panel"
            found = log.thing(kind, key)
            log.objects[found].values.append((name, when, value))
            related[found] = related.get(found, "changes")
            if kind == "State":
                log.objects[found].related[log.thing("Panel", key.partition("/")[0])] = "part of"
        cause = change.cause
        values = {"rev": change.rev, "via": cause.via, "element": cause.element or "", "action": cause.action or ""}
        log.events.append(_Event(f"rev:{change.rev}", cause.kind, when, values, related))
    return log


def write_ocel(changes: Iterable[Change], file: Path) -> Path:
    """Write changes as OCEL 2.0; the name's ending says which form: ``.json``, or ``.sqlite`` or ``.db``.

    Raises
    ------
    RequestError
        If the name ends otherwise.
    """
    writers = {".json": _write_json, ".jsonocel": _write_json, ".sqlite": _write_sqlite, ".db": _write_sqlite}
    writer = writers.get(file.suffix)
    if writer is None:
        raise RequestError(f"'{file.name}' is no name for an OCEL file.", hint="Let it end in .json or .sqlite.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        writer(object_log(changes), unfinished)
        unfinished.replace(file)
    finally:
        unfinished.unlink(missing_ok=True)
    return file


def _settings(change: Change) -> Iterator[tuple[str, str, str]]:
    """Yield what a change says of panels and states: id, attribute, value as text."""
    for op in change.ops:
        if isinstance(op, SetOp):
            key, attrs, panel = op.id, op.attrs, "/" not in op.id and not op.id.startswith(("frame:", "user:"))
        elif isinstance(op, InsertOp):
            key, attrs, panel = op.entity.id, op.entity.attrs, op.entity.type == "Panel"
        else:
            continue
        if panel and "title" in attrs:
            yield key, "title", str(attrs["title"])
        elif "/state." in key and "value" in attrs:
            yield key, "value", json.dumps(attrs["value"], ensure_ascii=False)


def _write_json(log: ObjectLog, file: Path) -> None:
    kinds = sorted({event.type for event in log.events})
    events = [{"name": name, "type": "integer" if name == "rev" else "string"} for name in _EVENT]
    document = {
        "objectTypes": [
            {"name": kind, "attributes": [{"name": name, "type": "string"} for name in names]}
            for kind, names in _OBJECTS.items()
        ],
        "eventTypes": [{"name": kind, "attributes": events} for kind in kinds],
        "objects": [
            {
                "id": key,
                "type": thing.type,
                "attributes": [{"name": name, "time": time, "value": value} for name, time, value in thing.values],
                "relationships": _relationships(thing.related),
            }
            for key, thing in log.objects.items()
        ],
        "events": [
            {
                "id": event.id,
                "type": event.type,
                "time": event.time,
                "attributes": [{"name": name, "value": value} for name, value in event.values.items()],
                "relationships": _relationships(event.related),
            }
            for event in log.events
        ],
    }
    file.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _relationships(related: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"objectId": key, "qualifier": qualifier} for key, qualifier in related.items()]


def _write_sqlite(log: ObjectLog, file: Path) -> None:
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(_LAYOUT)
        for kind in sorted({event.type for event in log.events}):
            columns = ", ".join(f'"{name}" {"INTEGER" if name == "rev" else "TEXT"}' for name in _EVENT)
            head = '"ocel_id" TEXT PRIMARY KEY, "ocel_time" TIMESTAMP'
            database.execute(f'CREATE TABLE "event_{kind}" ({head}, {columns})')
            database.execute("INSERT INTO event_map_type VALUES (?, ?)", (kind, kind))
        for kind, names in _OBJECTS.items():
            columns = "".join(f', "{name}" TEXT' for name in names)
            database.execute(
                f'CREATE TABLE "object_{kind}" '
                f'("ocel_id" TEXT, "ocel_time" TIMESTAMP, "ocel_changed_field" TEXT{columns})'
            )
            database.execute("INSERT INTO object_map_type VALUES (?, ?)", (kind, kind))
        for key, thing in log.objects.items():
            database.execute("INSERT INTO object VALUES (?, ?)", (key, thing.type))
            for row in _object_rows(key, thing):
                marks = ", ".join("?" * len(row))
                database.execute(f'INSERT INTO "object_{thing.type}" VALUES ({marks})', row)  # noqa: S608 - a type of ours
        for event in log.events:
            database.execute("INSERT INTO event VALUES (?, ?)", (event.id, event.type))
            row = (event.id, event.time, *(event.values[name] for name in _EVENT))
            marks = ", ".join("?" * len(row))
            database.execute(f'INSERT INTO "event_{event.type}" VALUES ({marks})', row)  # noqa: S608 - a kind of ours
            related = [(event.id, key, word) for key, word in event.related.items()]
            database.executemany("INSERT INTO event_object VALUES (?, ?, ?)", related)
        for key, thing in log.objects.items():
            related = [(key, other, word) for other, word in thing.related.items()]
            database.executemany("INSERT INTO object_object VALUES (?, ?, ?)", related)


def _object_rows(key: str, thing: _Thing) -> Iterator[tuple[str | None, ...]]:
    """Yield what an object is at the beginning, and then a row for each attribute that changed."""
    names = _OBJECTS[thing.type]
    first = {name: value for name, time, value in thing.values if time == _BEGINNING}
    yield (key, _BEGINNING, None, *(first.get(name) for name in names))
    for name, time, value in thing.values:
        if time != _BEGINNING:
            yield (key, time, name, *(value if name == one else None for one in names))


def _iso(ts: int) -> str:
    return datetime.fromtimestamp(ts / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_LAYOUT = """
CREATE TABLE event (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);
CREATE TABLE object (ocel_id TEXT PRIMARY KEY, ocel_type TEXT);
CREATE TABLE event_object (ocel_event_id TEXT, ocel_object_id TEXT, ocel_qualifier TEXT,
  PRIMARY KEY (ocel_event_id, ocel_object_id, ocel_qualifier));
CREATE TABLE object_object (ocel_source_id TEXT, ocel_target_id TEXT, ocel_qualifier TEXT,
  PRIMARY KEY (ocel_source_id, ocel_target_id, ocel_qualifier));
CREATE TABLE event_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
CREATE TABLE object_map_type (ocel_type TEXT PRIMARY KEY, ocel_type_map TEXT);
"""
