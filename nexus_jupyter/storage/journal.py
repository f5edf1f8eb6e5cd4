"""The journal: the one durable log of a workspace. Everything else is rebuilt from it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event
from typing import Any

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import JSON, BigInteger, ColumnElement, Connection, Engine, cast, delete, func, insert, or_, select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from nexus_jupyter.nog import Graph, apply
from nexus_jupyter.nog.snapshot import load
from nexus_jupyter.protocol.errors import NotFoundError, PatchError, StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change
from nexus_jupyter.storage.chain import chained
from nexus_jupyter.storage.checkpoints import CheckpointStore
from nexus_jupyter.storage.database import close_database, examine_advice, reading, reason
from nexus_jupyter.storage.entries import Entry, StoredOp, Unfolding, Value, packed, value_in
from nexus_jupyter.storage.ownership import Fence, Ownership
from nexus_jupyter.storage.schema import checkpoints, compactions, journal

__all__ = ["Journal", "Mark", "entry_of"]

#: What is left out of a cause where it says nothing, so that earlier versions can read it.
_UNSAID = {"ahead_ms"}
_OPS: TypeAdapter[list[StoredOp]] = TypeAdapter(list[StoredOp])
#: Rows that are read at once: so many, and no more than have these bytes, save one that has more by itself.
_BATCH, _BATCH_BYTES = 1000, 8 << 20
#: Changes after the version at hand that are replayed before a checkpoint is looked for.
_NEAR = 1000
#: Rows without ops that are read at once.
_PAGE = 10_000
_TABLE = pa.schema(
    {
        "rev": pa.int64(),
        "ts": pa.timestamp("ns", "UTC"),
        "actor": pa.string(),
        "cause": pa.string(),
        "panel": pa.string(),
        "ops": pa.int64(),
        "ahead": pa.duration("ns"),
    }
)
#: Seconds that a change waits for a database server that restarts, and between two looks.
_PATIENCE, _PAUSE = 10.0, 0.05
#: SQLSTATE classes of a server that goes, comes, or cannot be reached; without a state the connection itself broke.
_RESTARTING = ("57P", "08")

JournalRow = Mapping[str, Any]  # Any: columns of several types


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in the journal: a rev, when it was made (nanoseconds since the epoch), and the digest of its row."""

    rev: int = 0
    ts: int = 0
    digest: str = ""


class Journal:
    """The changes of one workspace, in order of rev.

    Parameters
    ----------
    engine
        From `open_database`.
    workspace
        The workspace's name; several may share a database.
    ownership
        The right to write, checked in each transaction that writes.
    """

    def __init__(self, engine: Engine, workspace: str, ownership: Ownership | Fence | None = None) -> None:
        #: The database, which the workspace's other tables are in too.
        self.engine = engine
        self._workspace = workspace
        self._ownership = ownership
        self._mine = journal.c.workspace == workspace
        self._tip: str | None = None
        self._base: Mark | None = None
        #: Returns the graph as it was after a rev. Whoever has versions at hand puts their own here.
        self.graph_at: Callable[[int], Graph] = self._graph_at
        self._near = (0, Graph())
        #: Bytes of the changes that were appended here.
        self.appended_bytes = 0
        #: Rows whose commit was asked for and neither confirmed nor refused.
        self._doubt: list[dict[str, Any]] = []  # Any: as above

    def guard(self, connection: Connection) -> None:
        """Make sure, inside a transaction that is about to write, that the workspace is this process's own."""
        if self._ownership is not None:
            self._ownership.check(connection)

    def append(self, changes: Sequence[Change]) -> None:
        """Store changes in one transaction; when this returns they are on disk.

        Raises
        ------
        StorageError
            If they could not be stored; then none of them is. If the connection was lost while they were, and it
            cannot be found out whether they are, `settle` must tell before more can be appended.
        """
        if self._doubt:
            raise _in_doubt()
        self._keep(self._rows(changes))

    def restore(self, rows: Sequence[JournalRow]) -> None:
        """Store rows of an exported journal with their digests, which the caller has checked; else as `append`."""
        self._keep([{**row, "workspace": self._workspace} for row in rows])

    def _keep(self, rows: list[dict[str, Any]]) -> None:  # Any: as above
        give_up = time.monotonic() + _PATIENCE
        while True:
            try:
                self._store(rows)
            except SQLAlchemyError as error:
                if self._doubt and self._stored(give_up):
                    break
                if not _restarting(error) or time.monotonic() > give_up:
                    raise StorageError(
                        f"The change could not be saved: {reason(error)}.",
                        hint="Nothing was changed. Check that the disk is not full, that the database can be reached, "
                        "and that no other process uses the workspace.",
                    ) from error
                Event().wait(_PAUSE)
            else:
                break
        self._tip = rows[-1]["digest"]
        self.appended_bytes += sum(len(row["ops"]) + len(row["inverse"]) for row in rows)

    def settle(self) -> list[Entry]:
        """Find out about changes that an interrupted `append` left in doubt; return those that are stored after all.

        Raises
        ------
        StorageError
            If that cannot be found out now.
        """
        rows = self._doubt
        if not rows or not self._stored(time.monotonic()):
            return []
        self._tip = rows[-1]["digest"]
        return [entry_of(row) for row in rows]

    def read(self, *, after: int = 0, panel: str | None = None) -> Iterator[Change]:
        """Yield the changes after a rev in order, as far back as the journal reaches.

        All, or those that concern a panel, the whole workspace's included.

        The journal is read in batches of a few megabytes, so that a long one needs no more memory than a short one.

        Raises
        ------
        StorageError
            If a change does not follow from what was before it.
        """
        unfolding = Unfolding(self._values_at)
        for row in self.rows(after=after, panel=panel):
            entry = entry_of(row)
            try:
                yield unfolding.change(entry)
            except PatchError as error:
                raise self._damaged(f"is damaged: rev {entry.rev} does not follow from what was before it") from error

    def replay(self, start: Mark, upto: int | None = None) -> Iterator[Entry]:
        """Yield the entries after a place, up to a rev if one is given, each checked to be what was written.

        Raises
        ------
        StorageError
            At the first rev that is missing or was changed.
        """
        rev, digest = start.rev, start.digest
        for row in self.rows(after=rev, upto=upto):
            if row["rev"] != rev + 1:
                raise self._damaged(f"lacks rev {rev + 1} (found {row['rev']} next)")
            rev, digest = row["rev"], chained(digest, row)
            if digest != row["digest"]:
                raise self._damaged(f"is damaged: rev {rev} is not what was written")
            try:
                entry = entry_of(row)
            except ValidationError as error:
                raise self._damaged(f"is damaged: rev {rev} cannot be read") from error
            yield entry

    def _values_at(self, rev: int) -> Value:
        try:
            return value_in(self.graph_at(rev))
        except NotFoundError:
            # Rows are written before whoever has versions at hand is told of them.
            return value_in(self._graph_at(rev))

    def _graph_at(self, rev: int) -> Graph:
        """Return the graph after a rev, from the last one that was asked for or from a checkpoint."""
        at, graph = self._near
        start = self.mark(at)
        if start is None or not at <= rev <= at + _NEAR:
            start, graph = self._restored(rev)
        try:
            for entry in self.replay(start, rev):
                at, graph = entry.rev, apply(graph, entry.redo(graph), rev=entry.rev).graph
        except PatchError as error:
            raise self._damaged(f"is damaged: rev {at + 1} does not follow from what was before it") from error
        self._near = rev, graph
        return graph

    def _restored(self, upto: int) -> tuple[Mark, Graph]:
        """Return the graph of the newest sound checkpoint up to a rev, or that which a whole journal begins with."""
        store = CheckpointStore(self.engine, self._workspace)
        for rev in reversed(store.revs()):
            checkpoint, mark = (store.get(rev), self.mark(rev)) if rev <= upto else (None, None)
            if checkpoint is not None and mark is not None and checkpoint.digest == mark.digest:
                with suppress(StorageError):
                    return mark, load(checkpoint.body)
        if self.base.rev:
            raise self._damaged(f"begins after rev {self.base.rev}, and no checkpoint of it is sound")
        return Mark(), Graph()

    def rows(self, *, after: int = 0, panel: str | None = None, upto: int | None = None) -> Iterator[JournalRow]:
        """Yield rows as they are stored; else as `read`."""
        # Rows up to the base count as dropped, even if a crash kept them from being deleted.
        after = max(after, self.base.rev)
        wanted = [self._mine]
        if upto is not None:
            wanted.append(journal.c.rev <= upto)
        if panel is not None:
            wanted.append(or_(journal.c.panel == panel, journal.c.panel.is_(None)))
        while True:
            until = self._until(after, wanted)
            if until == after:
                return
            query = select(journal).where(*wanted, journal.c.rev > after, journal.c.rev <= until)
            with reading(self.engine) as connection:
                rows = connection.execute(query.order_by(journal.c.rev)).mappings().all()
            yield from (dict(row) for row in rows)
            after = until

    def _until(self, after: int, wanted: Sequence[ColumnElement[bool]]) -> int:
        """Return up to which rev rows can be read at once."""
        sizes = select(journal.c.rev, self._size).where(*wanted, journal.c.rev > after)
        rev, total = after, 0
        with reading(self.engine) as connection:
            # The rows are taken one by one: SQLite has to read a row to tell its size.
            for found, size in connection.execute(sizes.order_by(journal.c.rev).limit(_BATCH)):
                total += size
                if total > _BATCH_BYTES and rev > after:
                    break
                rev = found
        return rev

    def table(self) -> pa.Table:
        """Return all changes without their ops, as a table: rev, ts, actor, cause, panel, ops (how many), ahead."""
        ops = cast(journal.c.ops, JSON) if self.engine.dialect.name == "postgresql" else journal.c.ops
        columns = [journal.c[name] for name in ("rev", "ts", "panel", "actor", "cause")]
        query = select(*columns, func.json_array_length(ops).label("ops")).where(self._mine)
        found: dict[str, list[Any]] = {name: [] for name in _TABLE.names}  # Any: columns of several types
        # The same people make most changes.
        actors: dict[str, str] = {}
        after = self.base.rev
        while True:
            page = query.where(journal.c.rev > after).order_by(journal.c.rev).limit(_PAGE)
            with reading(self.engine) as connection:
                rows = connection.execute(page).all()
            for row in rows:
                if row.actor not in actors:
                    actors[row.actor] = json.loads(row.actor)["id"]
                cause = json.loads(row.cause)
                ahead = cause.get("ahead_ms")
                values = (row.rev, row.ts, actors[row.actor], cause["kind"], row.panel, row.ops)
                for name, value in zip(_TABLE.names, (*values, ahead and ahead * 1_000_000), strict=True):
                    found[name].append(value)
            if len(rows) < _PAGE:
                return pa.table(found, schema=_TABLE)
            after = rows[-1].rev

    def bytes_after(self, rev: int) -> int:
        """Return the bytes of the changes after a rev, which are what a replay from there reads."""
        query = select(func.sum(self._size)).where(self._mine, journal.c.rev > rev)
        with reading(self.engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    @property
    def _size(self) -> ColumnElement[int]:
        # PostgreSQL knows the octets of a long text without reading it; SQLite counts characters, which is near enough.
        length = func.octet_length if self.engine.dialect.name == "postgresql" else func.length
        return length(journal.c.ops, type_=BigInteger) + length(journal.c.inverse, type_=BigInteger)

    def last_rev(self) -> int:
        """Return the rev of the newest change, 0 when there is none."""
        query = select(func.max(journal.c.rev)).where(self._mine)
        with reading(self.engine) as connection:
            found = connection.execute(query).scalar()
        return self.base.rev if found is None else int(found)

    @property
    def base(self) -> Mark:
        """The newest change that was dropped, which the first row follows; rev 0 when the journal is whole."""
        if self._base is None:
            query = select(compactions).where(compactions.c.workspace == self._workspace)
            with reading(self.engine) as connection:
                row = connection.execute(query.order_by(compactions.c.last_rev.desc()).limit(1)).one_or_none()
            self._base = Mark(row.last_rev, row.ts, row.digest) if row is not None else Mark()
        return self._base

    def look_again(self) -> None:
        """Take note of what another process may have dropped."""
        self._base = None

    def mark(self, rev: int) -> Mark | None:
        """Return the place of a rev; ``None`` when the journal does not have it."""
        if rev <= self.base.rev:
            return self.base if rev == self.base.rev else None
        query = select(journal.c.rev, journal.c.ts, journal.c.digest).where(self._mine, journal.c.rev == rev)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return Mark(*row) if row is not None else None

    def older_than(self, ts: int) -> int:
        """Return the rev of the newest change before a time (nanoseconds since the epoch), 0 when there is none."""
        query = select(func.max(journal.c.rev)).where(self._mine, journal.c.ts < ts)
        with reading(self.engine) as connection:
            return int(connection.execute(query).scalar() or 0)

    def check_dense(self) -> None:
        """Make sure, by counting, that no rev is missing; raises `StorageError` that names the first one."""
        query = select(func.count(), func.max(journal.c.rev)).where(self._mine, journal.c.rev > self.base.rev)
        with reading(self.engine) as connection:
            count, newest = connection.execute(query).one()
            if count == (newest or self.base.rev) - self.base.rev:
                return
            revs = select(journal.c.rev).where(self._mine, journal.c.rev > self.base.rev).order_by(journal.c.rev)
            for expected, rev in enumerate(connection.execute(revs).scalars(), self.base.rev + 1):
                if rev != expected:
                    raise self._damaged(f"lacks rev {expected} (found {rev} next)")

    def compact(self, upto: Mark, why: str) -> int:
        """Drop the rows up to a place that a checkpoint shows, and note that; return how many they were.

        Raises
        ------
        StorageError
            If there is no such checkpoint, or it could not be noted; then nothing was dropped. What is noted and could
            not be deleted is deleted the next time.
        """
        first = self.base.rev + 1
        note = {"workspace": self._workspace, "last_rev": upto.rev, "first_rev": first, "ts": upto.ts}
        note |= {"at": datetime.now(UTC).isoformat(), "digest": upto.digest, "reason": why}
        shown = select(checkpoints.c.digest).where(
            checkpoints.c.workspace == self._workspace, checkpoints.c.rev == upto.rev
        )
        try:
            with self.engine.begin() as connection:
                self.guard(connection)
                if connection.execute(shown).scalar() != upto.digest:
                    raise StorageError(f"Nothing was dropped: there is no checkpoint of rev {upto.rev}.")
                connection.execute(insert(compactions), [note])
            self._base = upto
            return sum(self._delete(min(last, upto.rev)) for last in range(first + _BATCH, upto.rev + _BATCH, _BATCH))
        except SQLAlchemyError as error:
            raise StorageError(f"The journal could not be compacted: {reason(error)}.") from error

    def _delete(self, upto: int) -> int:
        """Delete rows; few at a time, so that nobody who writes meanwhile has to wait long."""
        with self.engine.begin() as connection:
            self.guard(connection)
            return int(connection.execute(delete(journal).where(self._mine, journal.c.rev <= upto)).rowcount)

    def close(self) -> None:
        """Close all connections, and let other processes write."""
        if self._ownership is not None:
            self._ownership.release()
        close_database(self.engine)

    def _rows(self, changes: Sequence[Change]) -> list[dict[str, Any]]:  # Any: as above
        if self._tip is None:
            newest = self.mark(self.last_rev())
            self._tip = newest.digest if newest is not None else ""
        digest, rows = self._tip, []
        for change in changes:
            row = _row(change)
            row["digest"] = digest = chained(digest, row)
            rows.append(row)
        return rows

    def _store(self, rows: list[dict[str, Any]]) -> None:  # Any: as above
        with self.engine.connect() as connection:
            try:
                with connection.begin() as transaction:
                    self.guard(connection)
                    connection.execute(insert(journal), rows)
                    self._doubt = rows
                    transaction.commit()
            except (SQLAlchemyError, StorageError):
                raise
            except BaseException:
                # Ctrl-C in the middle of a statement: the connection is in no state that others could go on from.
                connection.invalidate()
                raise
        self._doubt = []

    def _stored(self, give_up: float) -> bool:
        """Look whether the rows in doubt are there, if need be until a moment (of the monotonic clock)."""
        newest = self._doubt[-1]
        query = select(journal.c.digest).where(self._mine, journal.c.rev == newest["rev"])
        while True:
            try:
                with self.engine.begin() as connection:
                    if self._ownership is not None:
                        # The commit may still be under way in a server that has not noticed that we have gone.
                        self._ownership.check(connection, alone=True)
                    found = connection.execute(query).scalar()
            except SQLAlchemyError as error:
                if not _restarting(error) or time.monotonic() >= give_up:
                    raise _in_doubt() from error
                Event().wait(_PAUSE)
            else:
                self._doubt = []
                return bool(found == newest["digest"])

    def _damaged(self, what: str) -> StorageError:
        return StorageError(f"The journal {what}.", hint=examine_advice(self.engine))


def _restarting(error: SQLAlchemyError) -> bool:
    if not isinstance(error, DBAPIError) or type(error.orig).__module__.partition(".")[0] != "psycopg":
        return False
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or (state or "08").startswith(_RESTARTING)


def _in_doubt() -> StorageError:
    return StorageError(
        "It is not known whether the change was saved: the connection to the database was lost meanwhile.",
        hint="It is looked up before the next change. Check that the database server runs and can be reached.",
    )


def _row(change: Change) -> dict[str, Any]:  # Any: columns of several types
    ops, inverse = packed(change)
    return {
        "workspace": change.workspace,
        "rev": change.rev,
        "ts": change.ts,
        "panel": change.panel,
        "actor": change.actor.model_dump_json(),
        "cause": change.cause.model_dump_json(exclude=_UNSAID if change.cause.ahead_ms is None else None),
        "trace_id": change.trace_id,
        "span_id": change.span_id,
        "ops": _OPS.dump_json(ops).decode(),
        "inverse": _OPS.dump_json(inverse).decode(),
    }


def entry_of(row: JournalRow) -> Entry:
    """Return what a row holds; raises Pydantic's `ValidationError` when it cannot be read."""
    return Entry(
        workspace=row["workspace"],
        rev=row["rev"],
        ts=row["ts"],
        actor=Actor.model_validate_json(row["actor"]),
        cause=Cause.model_validate_json(row["cause"]),
        panel=row["panel"],
        trace_id=row["trace_id"],
        span_id=row["span_id"],
        ops=_OPS.validate_json(row["ops"]),
        inverse=_OPS.validate_json(row["inverse"]),
    )
