"""Opening a database: SQLite by default, PostgreSQL by configuration, migrated to the newest schema."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, SQLAlchemyError

from nexus_jupyter.protocol.errors import RequestError, StorageError, UnavailableError
from nexus_jupyter.storage.private import check_own
from nexus_jupyter.storage.schema import HEAD, metadata

__all__ = [
    "DAMAGED",
    "close_database",
    "connect",
    "examine_advice",
    "forked",
    "open_database",
    "reading",
    "reason",
    "schema_fault",
    "shown",
    "sqlite_url",
]

#: Arbitrary, but the same for every Nexus: two that open a new database together migrate it one after the other.
_MIGRATION_LOCK = 0x4E455855
#: A database server that does not answer is given up after these seconds; dead connections are found in a minute.
_POSTGRES = {"connect_timeout": 10, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
#: Alembic keeps what it migrates in variables of its modules, so one thread at a time migrates.
_migrating = threading.Lock()
#: What SQLite's driver raises of a damaged file: its messages that quote what lies there may be no UTF-8.
DAMAGED = (sqlite3.Error, UnicodeDecodeError)
#: What SQLite writes beside a database.
_BESIDE = ("", "-wal", "-shm", "-journal")
_PROGRAMS = text("SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index') LIMIT 1")
_ALWAYS_DURABLE = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


def sqlite_url(file: Path) -> str:
    """Return the URL of a SQLite file."""
    return URL.create("sqlite", database=str(file)).render_as_string()


def open_database(url: str) -> Engine:
    """Connect, and bring the schema up to date.

    Parameters
    ----------
    url
        ``sqlite:///FILE`` or ``postgresql://USER:PASSWORD@HOST/DATABASE``; neither errors nor logs show a password.

    Raises
    ------
    StorageError
        If the database cannot be opened or was written by a newer version.
    UnavailableError
        If the driver of the database is not installed.
    """
    engine = connect(url)
    _refuse_others(engine)
    try:
        with _migrating:
            _migrate(engine)
    except SQLAlchemyError as error:
        engine.dispose()
        raise StorageError(
            f"The journal at {shown(engine)} cannot be opened: {reason(error)}.",
            hint=_advice(engine),
        ) from error
    except StorageError:
        engine.dispose()
        raise
    return engine


def connect(url: str) -> Engine:
    """Return an engine for a URL, without looking what is there; raises as `open_database` does."""
    return _engine(_parsed(url))


def close_database(engine: Engine) -> None:
    """Close all connections of a database for good: who asks for another one is refused in a sentence."""

    def refuse(*_given: object) -> None:
        raise StorageError(
            "The workspace has been closed here, so nothing is read or saved any more.", hint="Open it again."
        )

    # Both: a connection that is lent out now comes back to the pool later.
    event.listen(engine, "do_connect", refuse)
    event.listen(engine, "checkout", refuse)
    engine.dispose()


def schema_fault(file: Path) -> str:
    """Return what keeps a SQLite file's schema from being opened, as a sentence; empty when nothing does.

    This is what `open_database` meets, found without changing the file, and what acts by itself in the database.
    """
    engine = create_engine(f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true")
    event.listen(engine, "handle_error", _texts, retval=True)
    try:
        found = _revision(engine)
        with engine.connect() as connection:
            there = set(inspect(connection).get_table_names()) & set(metadata.tables)
            program = connection.execute(_PROGRAMS).scalar()
    except StorageError as error:
        return error.message
    except SQLAlchemyError as error:
        return f"The schema cannot be read: {reason(error)}."
    finally:
        engine.dispose()
    if program is not None:
        return f"The database has a trigger or view '{program}', which no Nexus makes."
    if found is None and there:
        return f"The schema is half made: there is a table '{min(there)}' and no revision of the schema."
    missing = set(metadata.tables) - there
    if found == HEAD and missing:
        return f"The schema is half made: it has the revision {HEAD} and lacks the table '{min(missing)}'."
    return ""


def shown(engine: Engine) -> str:
    """Return where a database is, without anything that opens it."""
    return engine.url.set(query={}).render_as_string(hide_password=True)


def reason(error: SQLAlchemyError) -> str:
    """Return what the database said of an error, in one line without the full stop."""
    said = str(getattr(error, "orig", None) or error).strip()
    return (said.splitlines()[0] if said else type(error).__name__).rstrip(".")


def examine_advice(engine: Engine) -> str:
    """Return the sentence that tells how a damaged database is looked through and repaired."""
    file = engine.url.database if engine.dialect.name == "sqlite" else None
    folder = f" {Path(file).parent.parent}" if file else " DIR"
    return (
        f"Run `nexus doctor --verify{folder}` to see what is damaged, and `nexus doctor --repair{folder}` to mend it."
    )


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection to read with.

    Raises
    ------
    StorageError
        If the database cannot be read.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise StorageError(
            f"The journal at {shown(engine)} cannot be read: {reason(error)}.", hint=_advice(engine)
        ) from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not raised from the error, which may quote what it could not read: the password.
        raise StorageError(
            "The database's URL cannot be understood.",
            hint="It is of the form postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with special characters encoded.",
        ) from None
    if parsed.drivername in {"postgres", "postgresql"}:
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


def _engine(url: URL) -> Engine:
    engine = _created(url)
    event.listen(engine, "handle_error", _texts, retval=True)
    return engine


def _created(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url)
        event.listen(engine, "do_connect", _check_files)
        event.listen(engine, "connect", _set_up_sqlite)
        return engine
    try:
        engine = create_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=_POSTGRES)
    except ModuleNotFoundError as error:
        raise UnavailableError(
            f"The database needs the package {error.name}.", hint="Run: pip install 'nexus-jupyter[postgres]'"
        ) from error
    except ArgumentError as error:
        raise StorageError(
            f"There is no support for databases of the kind '{url.drivername}'.",
            hint="Use PostgreSQL, or leave the URL out for SQLite.",
        ) from error
    event.listen(engine, "connect", _set_up_postgres)
    return engine


def _refuse_others(engine: Engine) -> None:
    """Keep the connections of a database to the process that opened it: a fork has none of its threads and locks."""
    process = os.getpid()

    def check(*_given: object) -> None:
        if os.getpid() != process:
            raise forked()

    event.listen(engine, "do_connect", check)
    event.listen(engine, "checkout", check)


def forked() -> StorageError:
    """Return the error for a process that was forked from the one that has the workspace open."""
    return StorageError(
        "The workspace is open in the process that this one was forked from, and cannot be used in both.",
        hint='Return values to the parent and write them there, or start workers with the method "spawn" and '
        "reach the workspace through its server with nexus.connect().",
    )


def _texts(context: ExceptionContext) -> BaseException | None:
    """Tell what a driver says of a text that is none as what it is: a damaged database, or a wrong request."""
    error = context.original_exception
    if isinstance(error, UnicodeDecodeError):
        return DatabaseError(context.statement, None, _damaged(error))
    if isinstance(error, UnicodeEncodeError):
        raise RequestError(
            f"A text holds half of a character (U+{ord(error.object[error.start]):04X}), which cannot be kept.",
            hint="Write it with whole characters.",
        ) from error
    return None


def _damaged(error: UnicodeDecodeError) -> sqlite3.DatabaseError:
    """Return what the driver would have raised, had it been able to read the message."""
    return sqlite3.DatabaseError(bytes(error.object[:200]).decode("utf-8", "replace"))


def _check_files(_dialect: object, _record: object, arguments: list[Any], _named: object) -> None:  # Any: the driver's
    for suffix in _BESIDE:
        check_own(Path(str(arguments[0]) + suffix))


def _set_up_sqlite(connection: Any, _record: object) -> None:  # Any: the driver's own connection type
    try:
        if connection.execute("PRAGMA page_count").fetchone()[0] == 0:  # it can only be chosen for a new file
            connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
        # FULL makes a commit durable before it returns, in WAL mode too; a crash then loses nothing acknowledged.
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=5000", "wal_autocheckpoint=1000"):
            connection.execute(f"PRAGMA {pragma}")
    except UnicodeDecodeError as error:
        raise _damaged(error) from error


def _set_up_postgres(connection: Any, _record: object) -> None:  # Any: the driver's own connection type
    # What is acknowledged must survive a crash, whatever the server is set to; stricter settings stay.
    connection.execute(_ALWAYS_DURABLE)
    connection.commit()


def _advice(engine: Engine) -> str:
    if engine.dialect.name != "sqlite":
        return "Check that the database server runs and can be reached, and that the user may create tables."
    file = Path(engine.url.database or "")
    if file.exists() and file.stat().st_size:
        return examine_advice(engine)
    return "Check that the folder exists, that you may write to it, and that the disk is not full."


def _migrate(engine: Engine) -> None:
    if _revision(engine) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.connect() as connection, _all_or_nothing(connection):
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _all_or_nothing(connection: Connection) -> Iterator[None]:
    """Begin a transaction that holds changes of the schema too, and that other processes wait for."""
    if connection.dialect.name != "sqlite":
        with connection.begin():
            yield
        return
    driver: Any = connection.connection.dbapi_connection  # Any: the driver's own connection type
    # Left to itself, the driver would commit before each change of the schema.
    before, driver.isolation_level = driver.isolation_level, None
    try:
        with connection.begin():
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield
    finally:
        driver.isolation_level = before


def _revision(engine: Engine) -> str | None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and str(found) > HEAD:
        raise StorageError(
            f"The journal was written by a newer Nexus (schema {found}, this one knows {HEAD}).",
            hint="Update nexus-jupyter.",
        )
    return None if found is None else str(found)
