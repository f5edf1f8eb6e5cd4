"""A ClickHouse database: the embedded one, or a server. Both speak through the one client, in the same SQL."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

import pyarrow as pa

from nexus_jupyter.protocol.errors import TriLogError, UnavailableError

__all__ = ["Database", "told"]

Parameters = dict[str, Any]  # Any: values of SQL types
#: Limits of queries that people ask.
_LIMITS = {"max_execution_time": 30, "max_result_rows": 1_000_000, "result_overflow_mode": "throw"}
_LIMITED = "max_execution_time = 30, max_result_rows = 1000000"
#: A query that reads little takes longer when the engine wakes threads for it.
_SHORT = f"{_LIMITED}, max_threads = 1"
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

    def __init__(self, client: Any) -> None:  # Any: the client ships no types
        self._client = client

    @classmethod
    def embedded(cls, folder: Path) -> Self:
        """Open the embedded database in a folder, which one process may have open at a time.

        Raises
        ------
        UnavailableError
            If it is not installed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        return cls(_connected("embedded", interface="chdb", path=str(folder)))

    @classmethod
    def server(cls, url: str) -> Self:
        """Connect to a server.

        Parameters
        ----------
        url
            ``http(s)://USER:PASSWORD@HOST:PORT/DATABASE``; what is after ``?`` is given to the client
            (``verify=false``, ``ca_cert=FILE``, ``client_cert=FILE``, ``client_cert_key=FILE``).

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
        for name, value in parse_qsl(parts.query):
            options[name] = value not in {"false", "0"} if name in {"verify", "compress"} else value
        try:
            return cls(_connected("clickhouse", autogenerate_session_id=False, **options))
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - the client has many, and each means that there is no connection
            text = told(error).replace(unquote(parts.password), "***") if parts.password else told(error)
            raise UnavailableError(
                f"The history database at {parts.hostname} cannot be reached: {text}",
                hint="Check address, user and password (NexusApp.trilog_url).",
            ) from None  # the client's own error may show the password

    def command(self, sql: str, parameters: Parameters | None = None) -> None:
        """Carry out a statement."""
        try:
            self._client.command(sql, parameters=parameters)
        except Exception as error:
            raise TriLogError(f"The history database refused: {told(error)}") from error

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:  # Any: as above
        """Return the rows of a query."""
        try:
            return list(self._client.query(sql, parameters=parameters).result_rows)
        except Exception as error:
            raise TriLogError(f"The query cannot be answered: {told(error)}") from error

    def table(
        self,
        sql: str,
        parameters: Parameters | None = None,
        *,
        settings: Parameters | None = None,
        short: bool = False,
    ) -> pa.Table:
        """Return the rows of a query as a table, within the limits of time and size; ``short`` ones on one thread."""
        try:
            # Those of our own questions stand in the text, since the embedded database takes long to change them.
            text = sql if settings is not None else f"{sql}\nSETTINGS {_SHORT if short else _LIMITED}"
            chosen = {**_LIMITS, **settings} if settings is not None else None
            return self._client.query_arrow(text, parameters=parameters, settings=chosen, use_strings=True)
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
