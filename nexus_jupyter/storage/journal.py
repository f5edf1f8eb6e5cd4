"""The journal: the one durable log of a workspace. Everything else is rebuilt from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pydantic import TypeAdapter
from sqlalchemy import Engine, Row, func, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.protocol.identity import Actor
from nexus_jupyter.protocol.patch import Cause, Change, Op
from nexus_jupyter.storage.schema import journal

__all__ = ["Journal"]

_OPS: TypeAdapter[list[Op]] = TypeAdapter(list[Op])
_BATCH = 1000


class Journal:
    """The changes of one workspace, in order of rev.

    Parameters
    ----------
    engine
        From `open_database`.
    workspace
        The workspace's name; several may share a database.
    """

    def __init__(self, engine: Engine, workspace: str) -> None:
        #: The database, which the workspace's other tables are in too.
        self.engine = engine
        self._workspace = workspace

    def append(self, changes: Sequence[Change]) -> None:
        """Store changes in one transaction; when this returns they are on disk.

        Raises
        ------
        StorageError
            If they could not be stored; then none of them is.
        """
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(journal), [_row(change) for change in changes])
        except SQLAlchemyError as error:
            raise StorageError(
                f"The change could not be saved: {getattr(error, 'orig', None) or error}.",
                hint="Nothing was changed. Check the disk's free space and that no other process uses the workspace.",
            ) from error

    def read(self, *, after: int = 0, panel: str | None = None) -> Iterator[Change]:
        """Yield the changes after a rev in order: all, or those that concern a panel, the whole workspace's included.

        The journal is read in batches, so that a long one needs no more memory than a short one.
        """
        while True:
            query = select(journal).where(journal.c.workspace == self._workspace, journal.c.rev > after)
            if panel is not None:
                query = query.where(or_(journal.c.panel == panel, journal.c.panel.is_(None)))
            with self.engine.connect() as connection:
                rows = connection.execute(query.order_by(journal.c.rev).limit(_BATCH)).all()
            for row in rows:
                yield _change(row)
            if len(rows) < _BATCH:
                return
            after = rows[-1].rev

    def last_rev(self) -> int:
        """Return the rev of the newest change, 0 when there is none."""
        query = select(func.max(journal.c.rev)).where(journal.c.workspace == self._workspace)
        with self.engine.connect() as connection:
            return int(connection.execute(query).scalar() or 0)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _row(change: Change) -> dict[str, object]:
    return {
        "workspace": change.workspace,
        "rev": change.rev,
        "ts": change.ts,
        "panel": change.panel,
        "actor": change.actor.model_dump_json(),
        "cause": change.cause.model_dump_json(),
        "trace_id": change.trace_id,
        "span_id": change.span_id,
        "ops": _OPS.dump_json(change.ops).decode(),
        "inverse": _OPS.dump_json(change.inverse).decode(),
    }


def _change(row: Row[tuple[object, ...]]) -> Change:
    return Change(
        workspace=row.workspace,
        rev=row.rev,
        ts=row.ts,
        actor=Actor.model_validate_json(row.actor),
        cause=Cause.model_validate_json(row.cause),
        panel=row.panel,
        trace_id=row.trace_id,
        span_id=row.span_id,
        ops=_OPS.validate_json(row.ops),
        inverse=_OPS.validate_json(row.inverse),
    )
