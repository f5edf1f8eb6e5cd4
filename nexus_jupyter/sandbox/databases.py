"""Databases for handlers: named connections, statements with parameters, reading only unless granted more."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, NullPool, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nexus_jupyter.protocol.errors import NexusError, NotFoundError, RequestError
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, Operations
from nexus_jupyter.sandbox.values import plain_value

__all__ = ["Databases"]

_ROWS = 10_000
_QUESTION = re.compile(r"(?:select|with|values|pragma)\b", re.IGNORECASE)
#: Words by which MySQL reads and writes files of its server, wherever they stand: comments may be statements there.
_FILES = re.compile(r"\b(?:outfile|dumpfile|load_file)\b", re.IGNORECASE)
_SECONDS = 30.0
#: Rows that are asked for at a time, and bytes that a value other than text and bytes counts as.
_PART, _SMALL = 200, 16
#: Bytes of one value of SQLite.
_LARGEST = 32 << 20
#: What a connection may be that a panel is given: not one whose rights reach the server's files and programs.
_TOO_MIGHTY = {
    "postgresql": """
        SELECT rolname FROM pg_roles WHERE (rolname = session_user AND rolsuper) OR (rolname IN (
          'pg_read_server_files', 'pg_write_server_files', 'pg_execute_server_program'
        ) AND pg_has_role(session_user, oid, 'MEMBER'))""",
    "mysql": "SELECT privilege_type FROM information_schema.user_privileges WHERE privilege_type IN ('FILE', 'SUPER')",
}
_TOO_MIGHTY["mariadb"] = _TOO_MIGHTY["mysql"]
#: What SQLite may do for a panel that reads.
_READING = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_READING |= {sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_TRANSACTION}
#: What it may not for one that writes; ATTACH would open any file.
_DENIED = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH}
_PRAGMAS = {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "foreign_key_list"}


class _QueryError(NexusError):
    """The database refused a statement."""


@dataclass(slots=True)
class Databases:
    """The operation ``db.query``.

    Attributes
    ----------
    connections
        SQLAlchemy URLs by name. Panels know the names only. A grant of ``NAME`` lets a panel read; one of
        ``NAME:write`` lets it change rows too.
    """

    connections: Mapping[str, str] = field(default_factory=dict)
    _engines: dict[str, Engine] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def operations(self) -> Operations:
        """Return the operations by name."""
        return {"db.query": self.query}

    async def query(self, caller: Caller, args: Arguments) -> Answerable:
        """Run one statement and return its columns and rows."""
        name, sql, params = str(args.get("connection")), str(args.get("sql")), args.get("params") or {}
        writes = caller.token.allows("db.query", f"{name}:write")
        if not writes:
            caller.token.require("db.query", name)
        if name not in self.connections:
            known = ", ".join(sorted(self.connections)) or "none"
            raise NotFoundError(f"There is no connection '{name}'.", hint=f"NexusApp.connections has: {known}.")
        if not isinstance(params, dict):
            raise RequestError("Parameters are an object, by the names that the statement has them as :name.")
        _refuse_scripts(sql, writes=writes)
        return await asyncio.to_thread(self._query, name, sql, params, caller.answer_bytes, writes=writes)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _query(self, name: str, sql: str, params: dict[str, Any], most: int, *, writes: bool) -> dict[str, Any]:
        try:
            with self._engine(name, writes=writes).connect() as connection:
                _refuse_mighty(connection, name)
                _prepare(connection, writes=writes)
                # The server keeps the rows and gives them in parts; of what changes rows, no cursor can be made.
                options = {"stream_results": not writes, "max_row_buffer": _PART}
                result = connection.execute(text(sql), params, execution_options=options)
                columns = list(result.keys()) if result.returns_rows else []
                found = _bounded(result, columns, most) if result.returns_rows else []
                changed = 0 if result.returns_rows else result.rowcount
                if writes:
                    connection.commit()
        except SQLAlchemyError as error:
            raise _QueryError(
                f"The database refused the statement: {getattr(error, 'orig', None) or error}."
            ) from error
        return {"columns": columns, "rows": found, "count": len(found) or changed}

    def _engine(self, name: str, *, writes: bool) -> Engine:
        key = f"{name}:write" if writes else name
        with self._lock:
            if key not in self._engines:
                try:
                    url = make_url(self.connections[name])
                    # A server's session is used once: no lock, setting or temporary table of it meets the next run.
                    once = {} if url.get_backend_name() == "sqlite" else {"poolclass": NullPool}
                    engine = create_engine(url, **once)
                except (ArgumentError, ImportError) as error:
                    raise _QueryError(f"The connection '{name}' cannot be used: {error}.") from error
                if engine.dialect.name == "sqlite":
                    event.listen(engine, "connect", _guard_sqlite if not writes else _guard_writable_sqlite)
                self._engines[key] = engine
            return self._engines[key]


def _refuse_scripts(sql: str, *, writes: bool) -> None:
    """Let one statement through, and only a question where no more is granted.

    Drivers run several statements in one call, and the first could end the transaction that the others were to be
    read-only in; and what a transaction may not write, COPY and INTO OUTFILE may.
    """
    statement = sql.strip().removesuffix(";")
    if ";" in statement:
        raise RequestError("One statement at a time is run, without ';' within: give texts as parameters.")
    if _FILES.search(statement):
        raise RequestError(
            "Statements with the words OUTFILE, DUMPFILE or LOAD_FILE are not run: give texts as parameters."
        )
    if not writes and not _QUESTION.match(statement):
        raise RequestError("A grant to read lets a panel ask: the statement begins with SELECT, WITH or VALUES.")


def _bounded(result: CursorResult[Any], columns: list[str], most: int) -> list[dict[str, Any]]:
    """Return the rows, and stop as soon as they are too many or too large.

    Raises
    ------
    RequestError
        If they are.
    """
    found: list[dict[str, Any]] = []
    size = 0
    for part in result.partitions(_PART):
        for row in part:
            values = [plain_value(value) for value in row]
            size += sum(len(value) if isinstance(value, str | bytes) else _SMALL for value in values)
            if len(found) >= _ROWS:
                raise RequestError(f"More than {_ROWS} rows; ask for fewer with LIMIT.")
            if size > most:
                raise RequestError(f"The rows take more than {most >> 20} MB; ask for fewer columns or rows.")
            found.append(dict(zip(columns, values, strict=True)))
    return found


def _refuse_mighty(connection: Connection, name: str) -> None:
    """Refuse a connection whose rights reach beyond its database, which no transaction takes away."""
    asked = _TOO_MIGHTY.get(connection.dialect.name)
    rights = [str(row[0]) for row in connection.execute(text(asked))] if asked else []
    connection.rollback()
    if rights:
        raise _QueryError(
            f"The connection '{name}' is one that may read the database server's own files ({', '.join(rights)}), so "
            "panels are not given it.",
            hint="Give NexusApp.connections the URL of a user that has rights on its tables only.",
        )


def _prepare(connection: Connection, *, writes: bool) -> None:
    """Let the database itself refuse writes, and statements that take too long, where it can."""
    dialect = connection.dialect.name
    if not writes and dialect in {"postgresql", "mysql", "mariadb"}:
        # First in the transaction, which PostgreSQL then never lets become one that writes.
        connection.execute(text("SET TRANSACTION READ ONLY"))
    elif not writes and dialect != "sqlite":
        raise _QueryError(f"Reading only cannot be enforced for {dialect}: grant the target with ':write'.")
    if dialect == "postgresql":
        for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {setting} = {int(_SECONDS * 1000)}"))


def _guard_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")
    _guard(connection, lambda action: action in _READING)


def _guard_writable_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    _guard(connection, lambda action: action not in _DENIED)


def _guard(connection: sqlite3.Connection, allows: Callable[[int], bool]) -> None:
    def authorize(action: int, first: str | None, second: str | None, *_rest: object) -> int:
        if not allows(action) or (action == sqlite3.SQLITE_FUNCTION and second == "load_extension"):
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA and first not in _PRAGMAS:
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    deadline = _Deadline()
    connection.set_progress_handler(deadline.passed, 10_000)
    # One value can be no larger than an answer may be by far, before it is ever seen here.
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST)
    connection.set_authorizer(authorize)
    connection.set_trace_callback(deadline.begin)


class _Deadline:
    """Stops a statement of SQLite that takes too long."""

    def __init__(self) -> None:
        self._until = 0.0

    def begin(self, _statement: str) -> None:
        """Start anew for a statement."""
        self._until = time.monotonic() + _SECONDS

    def passed(self) -> int:
        """Tell SQLite whether to stop."""
        return int(self._until > 0 and time.monotonic() > self._until)
