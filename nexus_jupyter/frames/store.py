"""Frames of a workspace: kept as Arrow files, queried by DuckDB in this process.

They are copies: a panel goes on working while the kernel that bound them is busy, or gone.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from nexus_jupyter.frames.page import FrameColumn, Page, column_kind, plain
from nexus_jupyter.frames.sql import Statement, compile_query, order_by, quote
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.panel import Build, Ordering
from nexus_jupyter.protocol.stream import AggregateRequest

__all__ = ["FrameInfo", "FrameStore"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_AGGREGATES = {
    "len": "count(*)",
    "sum": "sum(CAST({0} AS DOUBLE))",
    "mean": "avg({0})",
    "min": "min({0})",
    "max": "max({0})",
}


@dataclass(frozen=True, slots=True)
class FrameInfo:
    """What is known of a bound frame."""

    rows: int
    digest: str
    columns: list[FrameColumn]


class FrameStore:
    """Keeps and queries frames.

    Parameters
    ----------
    folder
        Where their files lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._tables: dict[str, pa.Table] = {}
        # In memory, with no way to files or the network: what a panel asks can only ever see bound frames.
        self._database = duckdb.connect(
            ":memory:",
            config={
                "enable_external_access": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
                "python_enable_replacements": "false",
                "threads": "2",
                "memory_limit": "2GB",
                "lock_configuration": "true",
            },
        )

    def put(self, name: str, table: pa.Table) -> FrameInfo:
        """Keep a table under a name.

        Raises
        ------
        FrameError
            If the name or a column cannot be used, or the file cannot be written.
        """
        if not _NAME.fullmatch(name):
            raise FrameError(f"'{name}' is no name for a frame: it takes letters, digits and _.")
        usable = _usable(name, table)
        data = _stream(usable)
        digest = hashlib.sha256(data).hexdigest()
        path = self._path(name)
        try:
            if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != digest:
                with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                    file.write(data)
                Path(file.name).replace(path)
        except OSError as error:
            raise FrameError(
                f"The frame '{name}' cannot be saved: {error.strerror or error}.",
                hint="Free some disk space, or bind fewer rows.",
            ) from error
        self._register(name, usable)
        columns = [FrameColumn(field.name, column_kind(field.type)) for field in usable.schema]
        return FrameInfo(usable.num_rows, digest, columns)

    def table(self, name: str) -> pa.Table:
        """Return a bound frame.

        Raises
        ------
        FrameError
            If nothing is bound under that name.
        """
        with self._lock:
            found = self._tables.get(name)
        if found is not None:
            return found
        if not _NAME.fullmatch(name) or not self._path(name).exists():
            raise FrameError(
                f"The frame '{name}' is not bound.", hint=f"In the notebook, run ws.bind({name}=...) with a DataFrame."
            )
        with pa.memory_map(str(self._path(name))) as source:
            loaded = pa.ipc.open_stream(source).read_all()
        self._register(name, loaded)
        return loaded

    def page(
        self,
        build: Build,
        query: str,
        state: dict[str, JsonValue],
        *,
        offset: int = 0,
        limit: int = 100,
        order: Sequence[Ordering] = (),
        aggregates: Sequence[AggregateRequest] = (),
    ) -> Page:
        """Return a part of a query's rows, the number of all of them, and numbers over all of them.

        Parameters
        ----------
        build
            The panel's build.
        query
            One of its queries or frames.
        state
            Values of the states that the query reads.
        offset, limit
            Which rows; a limit of 0 gives the numbers alone.
        order
            In place of the query's own order.
        aggregates
            Numbers over all rows.

        Raises
        ------
        FrameError
            If a frame is not bound, or the query does not fit it.
        """
        statement = compile_query(build, query, state, self._texts)
        asked = ["count(*)", *(_aggregate(request) for request in aggregates)]
        cursor = self._database.cursor()
        try:
            totals = f"SELECT {', '.join(asked)} FROM ({statement.sql})"  # noqa: S608 - quoted by the compiler
            numbers = cursor.execute(totals, statement.parameters).fetchall()[0]
            rows = self._rows(cursor, statement, offset, limit, order)
        except duckdb.Error as error:
            raise _explain(error, query) from error
        finally:
            cursor.close()
        return Page(rows, int(numbers[0]), [plain(value) for value in numbers[1:]])

    def names(self) -> list[str]:
        """Return the names of all bound frames."""
        return sorted(path.stem for path in self._folder.glob("*.arrow"))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _rows(
        self,
        cursor: duckdb.DuckDBPyConnection,
        statement: Statement,
        offset: int,
        limit: int,
        order: Sequence[Ordering],
    ) -> pa.Table:
        if limit == 0:
            return pa.table({})
        sort = f" ORDER BY {order_by(order)}" if order else ""
        sql = f"SELECT * FROM ({statement.sql}){sort} LIMIT {int(limit)} OFFSET {int(offset)}"  # noqa: S608 - as above
        return cursor.sql(sql, params=statement.parameters).to_arrow_table()

    def _texts(self, name: str) -> frozenset[str]:
        return frozenset(field.name for field in self.table(name).schema if column_kind(field.type) == "str")

    def _register(self, name: str, table: pa.Table) -> None:
        with self._lock:
            self._tables[name] = table
            # A table of DuckDB's own, since a registered one is seen by its own cursor only, and is slower to filter.
            self._database.register("@source", table)
            self._database.execute(f'CREATE OR REPLACE TABLE {quote(name)} AS SELECT * FROM "@source"')  # noqa: S608 - quoted
            self._database.unregister("@source")

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.arrow"


def _aggregate(request: AggregateRequest) -> str:
    if request.fn != "len" and request.column is None:
        raise FrameError(f"{request.fn} needs a column.")
    return _AGGREGATES[request.fn].format(quote(request.column or ""))


def _usable(name: str, table: pa.Table) -> pa.Table:
    """Return a table whose columns a panel can use: plain values under different names."""
    if len(set(table.column_names)) != len(table.column_names):
        raise FrameError(f"'{name}' has two columns of the same name.", hint="Rename one of them.")
    columns = []
    for field in table.schema:
        column, kind = table.column(field.name), field.type
        if pa.types.is_dictionary(kind):
            column, kind = column.cast(kind.value_type), kind.value_type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise FrameError(
                f"The column '{field.name}' of '{name}' has values of the type {kind}, which a panel cannot show.",
                hint="Leave it out, or turn its values into text.",
            )
        columns.append(column)
    # Without pandas' metadata: the same rows give the same digest, however the frame was made.
    return pa.table(columns, names=table.column_names)


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _explain(error: duckdb.Error, query: str) -> FrameError:
    first = str(error).splitlines()[0]
    _, _, message = first.partition(": ")
    found = re.search(r'Referenced column "([^"]+)" not found', first)
    if found:
        candidates = re.search(r"Candidate bindings: (.*)", str(error))
        known = f"Columns like it: {candidates.group(1)}." if candidates else ""
        return FrameError(f"The query '{query}' uses the column '{found.group(1)}', which is not there.", hint=known)
    return FrameError(f"The query '{query}' cannot be answered: {message or first}")
