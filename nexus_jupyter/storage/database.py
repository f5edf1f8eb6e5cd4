"""Opening a database: SQLite by default, any SQLAlchemy URL by configuration, migrated to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from nexus_jupyter.protocol.errors import StorageError
from nexus_jupyter.storage.schema import HEAD

__all__ = ["open_database", "sqlite_url"]


def sqlite_url(file: Path) -> str:
    """Return the URL of a SQLite file."""
    return f"sqlite:///{file}"


def open_database(url: str) -> Engine:
    """Connect, and bring the schema up to date.

    Raises
    ------
    StorageError
        If the database cannot be opened or was written by a newer version.
    """
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    try:
        _migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StorageError(
            f"The journal at {engine.url.render_as_string()} cannot be opened: {_reason(error)}.",
            hint="Check that the folder exists, that you may write to it, and that the disk is not full.",
        ) from error
    return engine


def _set_up_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection type
    # FULL makes a commit durable before it returns, in WAL mode too; a crash then loses nothing acknowledged.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "wal_autocheckpoint=1000"):
        connection.execute(f"PRAGMA {pragma}")


def _migrate(engine: Engine) -> None:
    found = _revision(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StorageError(
            f"The journal was written by a newer Nexus (schema {found}, this one knows {HEAD}).",
            hint="Update nexus-jupyter.",
        )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def _reason(error: SQLAlchemyError) -> str:
    return str(getattr(error, "orig", None) or error).rstrip(".")
