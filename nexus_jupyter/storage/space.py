"""Giving the space of deleted rows back to the disk. SQLite alone needs to be asked; PostgreSQL does it by itself."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.database import reason

__all__ = ["can_shrink", "rebuild", "shrink"]

#: Pages that are given back at once, so that nobody who writes meanwhile has to wait long.
_PAGES = 1000
_INCREMENTAL = 2


def can_shrink(engine: Engine) -> bool:
    """Tell whether `shrink` has an effect: files from before it have to be rebuilt once."""
    if engine.dialect.name != "sqlite":
        return False
    with engine.connect() as connection:
        return bool(_number(connection, "auto_vacuum") == _INCREMENTAL)


def shrink(engine: Engine) -> int:
    """Give free pages at the end of the file back, and return by how many bytes it became smaller.

    Raises
    ------
    StorageError
        If that could not be done; nothing is lost then.
    """
    before = _size(engine)
    try:
        with engine.connect() as connection:
            driver = _autocommitting(connection)
            while free := _number(connection, "freelist_count"):
                # As a script: a statement that gives no rows is left after its first step, which is one page.
                driver.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
                if _number(connection, "freelist_count") >= free:
                    break
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    except SQLAlchemyError as error:
        raise StorageError(f"The space could not be given back: {reason(error)}.") from error
    return before - _size(engine)


def rebuild(engine: Engine) -> int:
    """Write the file anew without free pages, so that it can shrink from now on, and return as `shrink` does.

    Nobody should write meanwhile.

    Raises
    ------
    StorageError
        If there is too little free space, or it could not be done; then the file is as it was.
    """
    before = _size(engine)
    try:
        with engine.connect() as connection:
            _autocommitting(connection)
            used = _number(connection, "page_count") - _number(connection, "freelist_count")
            _refuse_full_disk(engine, used * _number(connection, "page_size"))
            connection.exec_driver_sql("PRAGMA auto_vacuum=INCREMENTAL")
            connection.exec_driver_sql("VACUUM")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()
    except SQLAlchemyError as error:
        raise StorageError(f"The file could not be written anew: {reason(error)}.", hint="It is as it was.") from error
    return before - _size(engine)


def _refuse_full_disk(engine: Engine, needed: int) -> None:
    """Make sure that a copy has room where SQLite makes it, and again in the log beside the file."""
    for folder in (str(Path(engine.url.database or "").parent), tempfile.gettempdir()):
        free = shutil.disk_usage(folder).free
        if free < 2 * needed:
            raise StorageError(
                f"The file could not be written anew: that takes {2 * needed / 1e6:,.0f} MB in {folder} for a moment, "
                f"and {free / 1e6:,.0f} MB are free.",
                hint="Free some disk space, and compact again. Nothing is lost.",
            )


def _autocommitting(connection: Connection) -> Any:  # Any: the driver's own connection type
    driver = connection.connection.dbapi_connection
    assert driver is not None
    driver.rollback()  # neither can be done inside a transaction
    return driver


def _number(connection: Connection, pragma: str) -> int:
    return int(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar() or 0)


def _size(engine: Engine) -> int:
    return Path(engine.url.database or "").stat().st_size
