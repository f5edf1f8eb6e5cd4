"""A ClickHouse database: the embedded one, or a server. Both speak through the one client, in the same SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa

from nexus_jupyter.protocol.errors import NexusError, TriLogError, UnavailableError
from nexus_jupyter.storage.private import make_folder

__all__ = ["Database", "literal", "told"]

Parameters = dict[str, Any]  # Any: values of SQL types
#: Limits of queries that people ask, which the engine keeps: seconds, threads, rows and bytes of the answer, memory.
_LIMITS: Parameters = {
    "max_execution_time": 30,
    "timeout_overflow_mode": "throw",
    "max_threads": 2,
    "max_result_rows": 1_000_000,
    "max_result_bytes": 512 << 20,
    "result_overflow_mode": "throw",
    "max_memory_usage": 2 << 30,
    "max_temporary_data_on_disk_size_for_query": 1 << 30,
    "output_format_arrow_string_as_string": 1,
}
#: No statement but those that read, and no change of a setting. It comes last, for it holds for what comes after it.
_READS_ONLY: Parameters = {"allow_introspection_functions": 0, "allow_ddl": 0, "readonly": 1}
_LIMITED = "max_execution_time = 30, max_result_rows = 1000000"
#: A query that reads little takes longer when the engine wakes threads for it.
_SHORT = f"{_LIMITED}, max_threads = 1"
#: A folder that is never there. The engine looks in it for programs and files that queries may name.
_NOWHERE = "nowhere"
_PATHS = (
    "user_scripts_path",
    "user_files_path",
    "dynamic_user_defined_executable_functions_path",
    "user_defined_executable_functions_config",
)
_PORTS = {"http": 8123, "https": 8443}
_READABLE = 400


class Database:
    """Tables of one ClickHouse database.

    Parameters
    ----------
    client
        From ``clickhouse_connect.get_client``.

    Raises
    ------
    TriLogError
        From each method: if the database refuses, with its own reason.
    """

    def __init__(
        self,
        client: Any,
        connect: Callable[[], Any] | None = None,
        settings: Parameters | None = None,
        reader: Any = None,
    ) -> None:  # Any: the client ships no types
        self._client = client
        self._connect = connect
        self._settings = settings
        self._reader = reader or client

    @classmethod
    def embedded(cls, folder: Path) -> Self:
        """Open the embedded database in a folder, which one process may have open at a time.

        Raises
        ------
        UnavailableError
            If it is not installed.
        """
        make_folder(folder)
        options = dict.fromkeys(_PATHS, str(folder / _NOWHERE))

        def connect() -> Any:  # Any: the client ships no types
            return _connected("embedded", interface="chdb", path=str(folder), chdb_options=options)

        return cls(connect(), connect)

    @classmethod
    def server(cls, url: str) -> Self:
        """Connect to a server.

        Parameters
        ----------
        url
            ``http(s)://USER:PASSWORD@HOST:PORT/DATABASE``; what is after ``?`` is given to the client
            (``verify=false``, ``ca_cert=FILE``, ``client_cert=FILE``, ``client_cert_key=FILE``), but ``reader=USER``
            and ``reader_password=PASSWORD``: the user that asks what people write, and needs no right but SELECT.

        Raises
        ------
        UnavailableError
            If the client is not installed, or the server cannot be reached. The sentence never holds the URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise UnavailableError(
                "The address of the history database is not one of a ClickHouse server.",
                hint="Write it like https://user:password@host:8443/database.",
            )
        options: Parameters = {"host": parts.hostname, "port": parts.port or _PORTS[parts.scheme]}
        options |= {"secure": parts.scheme == "https", "database": parts.path.strip("/") or "default"}
        options |= {"username": unquote(parts.username or "default"), "password": unquote(parts.password or "")}
        given = dict(parse_qsl(parts.query))
        reads = {"username": given.pop("reader", ""), "password": given.pop("reader_password", "")}
        for name, value in given.items():
            options[name] = value not in {"false", "0"} if name in {"verify", "compress"} else value
        try:
            client = _connected("clickhouse", autogenerate_session_id=False, **options)
            if not reads["username"]:
                return cls(client)
            return cls(client, reader=_connected("clickhouse", autogenerate_session_id=False, **options | reads))
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - the client has many, and each means that there is no connection
            text = told(error)
            for secret in (str(options["password"]), reads["password"]):
                text = text.replace(secret, "***") if secret else text
            raise UnavailableError(
                f"The history database at {parts.hostname} cannot be reached: {text}",
                hint="Check address, users and passwords (NexusApp.trilog_url).",
            ) from None  # the client's own error may show the password

    @property
    def name(self) -> str:
        """What the engine calls the database that the tables are in."""
        return str(self.rows("SELECT currentDatabase()")[0][0])

    @contextmanager
    def reader(self, settings: Parameters) -> Iterator[Database]:
        """Give a session that can only read, within limits, and cannot change its settings.

        A server is told so with each request, which is a session of its own. The embedded database keeps settings by
        connection, so each reader has a new one: nothing that a query leaves behind meets the next.
        """
        given = {**_LIMITS, **settings, **_READS_ONLY}
        if self._connect is None:
            yield Database(self._reader, settings=given)
            return
        try:
            client = self._connect()
        except NexusError:
            raise
        except Exception as error:
            raise TriLogError(f"The history database gave no connection: {told(error)}") from error
        try:
            reader = Database(client)
            reader.command("SET " + ", ".join(f"{name} = {literal(value)}" for name, value in given.items()))
            yield reader
        finally:
            client.close()

    def kill(self, mark: str) -> None:
        """Stop the queries of readers that were given a mark as their ``log_comment``."""
        client = self._reader if self._connect is None else self._connect()
        try:
            client.command(f"KILL QUERY WHERE Settings['log_comment'] = {literal(mark)} ASYNC")
        finally:
            if self._connect is not None:
                client.close()

    def table_of(self, sql: str) -> pa.Table:
        """Return the rows of a query as a table, as the session has it."""
        try:
            return self._client.query_arrow(sql, settings=self._settings)
        except Exception as error:
            raise TriLogError(f"The query cannot be answered: {told(error)}") from error

    def text(self, sql: str) -> str:
        """Return what a statement answers as text, with no FORMAT written behind it."""
        try:
            return bytes(self._client.raw_query(sql, settings=self._settings)).decode("utf-8", "replace")
        except Exception as error:
            raise TriLogError(f"The query cannot be answered: {told(error)}") from error

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """Carry out a statement."""
        try:
            self._client.command(sql, parameters=parameters, settings=self._settings)
        except Exception as error:
            raise TriLogError(f"The history database refused: {told(error)}") from error

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:  # Any: as above
        """Return the rows of a query."""
        try:
            return list(self._client.query(sql, parameters=parameters, settings=self._settings).result_rows)
        except Exception as error:
            raise TriLogError(f"The query cannot be answered: {told(error)}") from error

    def table(self, sql: str, parameters: Parameters | None = None, *, short: bool = False) -> pa.Table:
        """Return the rows of a query of ours, within the limits of time and size; ``short`` ones on one thread."""
        try:
            # They stand in the text, since the embedded database takes long to change settings.
            text = f"{sql}\nSETTINGS {_SHORT if short else _LIMITED}"
            return self._client.query_arrow(text, parameters=parameters, use_strings=True)
        except Exception as error:
            raise TriLogError(f"The query cannot be answered: {told(error)}") from error

    def insert(self, name: str, table: pa.Table, *, token: str) -> None:
        """Insert rows; the same token again inserts them only where an interrupted insert did not get.

        That holds for the table and, each by itself, for those that views fill from it.
        """
        settings = {"insert_deduplicate": 1, "insert_deduplication_token": token}
        settings["deduplicate_blocks_in_dependent_materialized_views"] = 1
        try:
            self._client.insert_arrow(name, table, settings=settings)
        except Exception as error:
            raise TriLogError(f"The history database could not take in what happened: {told(error)}") from error

    def close(self) -> None:
        """Let go of it."""
        self._client.close()
        if self._reader is not self._client:
            self._reader.close()


def literal(value: object) -> str:
    """Write a value as SQL does."""
    return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"


def told(error: Exception) -> str:
    """Return the sentence of a database error that matters."""
    text = str(error).split("(version ")[0]
    text = re.sub(r"^.*?DB::Exception:\s*", "", text, flags=re.DOTALL).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    return first if len(first) < _READABLE else first[: _READABLE - 3] + "..."


def _connected(extra: str, **options: Any) -> Any:  # Any: the client ships no types
    try:
        import clickhouse_connect

        return clickhouse_connect.get_client(**options)
    except ImportError as error:
        raise _missing(extra, error) from error
    except Exception as error:
        if extra == "embedded" and "install" in str(error).lower():
            raise _missing(extra, error) from error
        raise


def _missing(extra: str, error: Exception) -> UnavailableError:
    names = "chdb and clickhouse-connect" if extra == "embedded" else "clickhouse-connect"
    hint = f"Run: pip install 'nexus-jupyter[{extra}]'"
    return UnavailableError(f"TriLog needs the packages {names}: {error}.", hint=hint)
