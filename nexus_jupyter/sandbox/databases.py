"""Databases for handlers: named connections, statements with parameters, reading only unless granted more."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nexus_jupyter.protocol.errors import NexusError, NotFoundError, RequestError
from nexus_jupyter.sandbox.host import Answerable, Arguments, Caller, Operations
from nexus_jupyter.sandbox.values import plain_value

__all__ = ["Databases"]

_ROWS = 10_000
_QUESTION = re.compile(r"(?:select|with|values|pragma)\b", re.IGNORECASE)
_INTO_FILE = re.compile(r"\binto\s+(?:outfile|dumpfile)\b", re.IGNORECASE)
_SECONDS = 30.0
#: What SQLite may be asked to do by a panel; ATTACH would open any file.
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
        return await asyncio.to_thread(self._query, name, sql, params, writes=writes)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()
            self._engines.clear()

    def _query(self, name: str, sql: str, params: dict[str, Any], *, writes: bool) -> dict[str, Any]:
        try:
            with self._engine(name, writes=writes).connect() as connection:
                _prepare(connection, writes=writes)
                result = connection.execute(text(sql), params)
                columns = list(result.keys()) if result.returns_rows else []
                rows = result.fetchmany(_ROWS + 1) if result.returns_rows else []
                changed = 0 if result.returns_rows else result.rowcount
                if writes:
                    connection.commit()
        except SQLAlchemyError as error:
            raise _QueryError(
                f"The database refused the statement: {getattr(error, 'orig', None) or error}."
            ) from error
        if len(rows) > _ROWS:
            raise RequestError(f"More than {_ROWS} rows; ask for fewer with LIMIT.")
        found = [{column: plain_value(value) for column, value in zip(columns, row, strict=True)} for row in rows]
        return {"columns": columns, "rows": found, "count": len(found) or changed}

    def _engine(self, name: str, *, writes: bool) -> Engine:
        key = f"{name}:write" if writes else name
        with self._lock:
            if key not in self._engines:
                try:
                    url = make_url(self.connections[name])
                    engine = create_engine(url, pool_pre_ping=True)
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
    if not writes and (not _QUESTION.match(statement) or _INTO_FILE.search(statement)):
        raise RequestError("A grant to read lets a panel ask: the statement begins with SELECT, WITH or VALUES.")


def _prepare(connection: Connection, *, writes: bool) -> None:
    """Let the database itself refuse writes, and statements that take too long, where it can."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text(f"SET LOCAL statement_timeout = {int(_SECONDS * 1000)}"))
    if not writes and dialect in {"postgresql", "mysql", "mariadb"}:
        connection.execute(text("SET TRANSACTION READ ONLY"))
    elif not writes and dialect != "sqlite":
        raise _QueryError(f"Reading only cannot be enforced for {dialect}: grant the target with ':write'.")


def _guard_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.execute("PRAGMA query_only = ON")
    _guard_writable_sqlite(connection, _record)


def _guard_writable_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    def authorize(action: int, first: str | None, second: str | None, *_rest: object) -> int:
        if action in _DENIED or (action == sqlite3.SQLITE_FUNCTION and second == "load_extension"):
            return sqlite3.SQLITE_DENY
        if action == sqlite3.SQLITE_PRAGMA and first not in _PRAGMAS:
            return sqlite3.SQLITE_DENY
        return sqlite3.SQLITE_OK

    deadline = _Deadline()
    connection.set_progress_handler(deadline.passed, 10_000)
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
