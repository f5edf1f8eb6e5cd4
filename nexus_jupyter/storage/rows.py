"""The rows of a workspace under another key: moved when the workspace got an id, copied when its folder was copied."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from sqlalchemy import Connection, Engine, Insert, Table, exists, insert, literal, select, update
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.database import reason, shown
from nexus_jupyter.storage.schema import checkpoints, compactions, grants, journal, runs

__all__ = ["copy_rows", "has_rows", "move_rows"]

_HISTORY = (journal, checkpoints, compactions)
_TABLES = (*_HISTORY, grants, runs)
_BATCH = 1000


def has_rows(connection: Connection, key: str) -> bool:
    """Tell whether there are rows of a workspace."""
    return any(
        connection.execute(select(exists().where(table.c.workspace == key))).scalar() for table in (*_HISTORY, runs)
    )


def move_rows(engine: Engine, old: str, new: str, guard: Callable[[Connection], None] = lambda _one: None) -> bool:
    """Give the rows of a workspace another key, all or none, unless the new one has some; tell whether it was done.

    Raises
    ------
    StorageError
        If it could not be done; then nothing was.
    """

    def move(connection: Connection) -> None:
        for table in _TABLES:
            connection.execute(update(table).where(table.c.workspace == old).values(workspace=new))

    return _once(engine, old, new, guard, move)


def copy_rows(engine: Engine, old: str, new: str, guard: Callable[[Connection], None] = lambda _one: None) -> bool:
    """Copy the history and the grants of a workspace to another key; as `move_rows`. Recordings of runs stay."""

    def copy(connection: Connection) -> None:
        for table in _HISTORY:
            connection.execute(_copied(table, old, new))
        rows = connection.execute(select(grants).where(grants.c.workspace == old)).mappings().all()
        for first in range(0, len(rows), _BATCH):
            made = [{**row, "id": uuid.uuid4().hex, "workspace": new} for row in rows[first : first + _BATCH]]
            connection.execute(insert(grants), made)

    return _once(engine, old, new, guard, copy)


def _copied(table: Table, old: str, new: str) -> Insert:
    columns = [column for column in table.c if column.name != "workspace"]
    found = select(literal(new), *columns).where(table.c.workspace == old)
    return insert(table).from_select(["workspace", *(column.name for column in columns)], found)


def _once(
    engine: Engine, old: str, new: str, guard: Callable[[Connection], None], work: Callable[[Connection], None]
) -> bool:
    if not old or old == new:
        return False
    try:
        with engine.begin() as connection:
            guard(connection)
            if has_rows(connection, new) or not has_rows(connection, old):
                return False
            work(connection)
            return True
    except SQLAlchemyError as error:
        raise StorageError(
            f"The rows of the workspace at {shown(engine)} could not be brought to its new id: {reason(error)}.",
            hint="Nothing was changed. Free some disk space or check the database server, and open it again.",
        ) from error
