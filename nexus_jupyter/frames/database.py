"""The tables of bound frames in DuckDB: in memory, with no way to files or the network."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import warnings
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from nexus_jupyter.arrow import local
from nexus_jupyter.frames.arrow import column_kind
from nexus_jupyter.frames.query import Source, Statement, selected
from nexus_jupyter.frames.terms import Kind, Term
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError

__all__ = ["Database", "LoadedFrame", "StaleTableError"]

#: One processor is left to whoever looks: where there are two, waiting for a second thread takes longer than its part.
_THREADS = max(1, min(4, (os.cpu_count() or 1) - 1))
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "threads": str(_THREADS),
    # DuckDB 2.0's gives up with an internal error over columns that have nothing but nulls.
    "disabled_optimizers": "statistics_propagation",
    "memory_limit": "2GB",
    "lock_configuration": "true",
}
_KINDS: dict[str, Kind] = {"bool": "bool", "int": "int", "float": "float", "date": "date", "str": "text"}
#: How people write dates, beside what SQL takes.
_DATES = "['%Y/%m/%d', '%d.%m.%Y', '%m/%d/%Y', '%Y/%m/%d %H:%M:%S', '%d.%m.%Y %H:%M:%S', '%m/%d/%Y %H:%M:%S']"


# A relation would be copied once less, which DuckDB warns of, but its statement is planned twice: pages are small.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", module=__name__)


#: Databases that are open, closed when the process ends, whoever still holds them.
_databases = weakref.WeakSet["Database"]()


@atexit.register
def _close_all() -> None:
    for database in list(_databases):
        database.close()


class StaleTableError(Exception):
    """A table was replaced while a statement over it was made: make it again."""


@dataclass(frozen=True, slots=True)
class LoadedFrame:
    """A bound frame and its table, whose columns are ``c0``, ``c1``, ... in SQL.

    ``dated`` has the sources in which columns of text are read as dates, by those columns' names.
    """

    table: pa.Table
    source: Source
    dated: dict[frozenset[str], Source] = field(default_factory=dict)


class Database:
    """DuckDB in this process. Tables are written under a lock, read from any thread."""

    def __init__(self) -> None:
        self._opened: duckdb.DuckDBPyConnection | None = duckdb.connect(":memory:", config=_SETTINGS)
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._local = threading.local()
        _databases.add(self)

    def close(self) -> None:
        """Let go of the database. Objects of DuckDB that outlive it are reported when the interpreter ends."""
        with self._lock:
            opened, self._opened = self._opened, None
            self._local = threading.local()  # the cursors of all threads
        if opened is not None:
            opened.close()

    @property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        if self._opened is None:
            raise FrameError("The workspace is closed.", hint="Open it again.")
        return self._opened

    def load(self, table: pa.Table) -> LoadedFrame:
        """Make a table of DuckDB's own: one that is only registered is slower to filter."""
        columns, held = {}, {}
        for i, (column, values) in enumerate(zip(table.schema, table.itercolumns(), strict=True)):
            term = columns[column.name] = _term(f"c{i}", column.type)
            held[term.sql] = values
            if term.rank:
                held[term.sql] = values.cast(pa.string())
                held[term.rank] = pa.chunked_array([chunk.indices for chunk in values.chunks], pa.int32())
            elif term.zone:
                held[term.sql] = local(values)
        renamed = pa.table(held)
        # DATE becomes TIMESTAMP, so that there is one kind of dates to compare.
        read = ", ".join(
            f"CAST({term.sql} AS TIMESTAMP) AS {term.sql}" if term.kind == "date" else selected({"": term})
            for term in columns.values()
        )
        with self._lock:
            name = f"frame_{next(self._numbers)}"
            self._connection.register("incoming", renamed)
            try:
                self._connection.execute(f"CREATE TABLE {name} AS SELECT {read} FROM incoming")  # noqa: S608 - own names
            finally:
                self._connection.unregister("incoming")
        return LoadedFrame(table, _source(name, columns))

    def dated(self, name: str, frame: LoadedFrame, columns: Sequence[str]) -> Source:
        """Return a frame's source with columns of text read as dates.

        Raises
        ------
        FrameError
            If a column has texts, but none of them is a date.
        StaleTableError
            If the frame was dropped meanwhile.
        """
        wanted = frozenset(column for column in columns if frame.source.columns[column].kind == "text")
        if not wanted:
            return frame.source
        with self._lock:
            if wanted not in frame.dated:
                try:
                    frame.dated[wanted] = self._read_dates(name, frame, wanted)
                except duckdb.CatalogException as error:
                    raise StaleTableError from error
            return frame.dated[wanted]

    def drop(self, frame: LoadedFrame) -> None:
        """Forget a frame's tables; statements that run over them are answered as if nothing had happened."""
        with self._lock:
            for source in (frame.source, *frame.dated.values()):
                self._connection.execute(f"DROP TABLE IF EXISTS {_table(source)}")

    def numbers(self, statement: Statement, state: dict[str, JsonValue]) -> tuple[object, ...]:
        """Return the one row that a statement gives; raises as `rows`."""
        try:
            found: tuple[object, ...] = self._cursor().execute(statement.sql, statement.values(state)).fetchall()[0]
        except duckdb.CatalogException as error:
            raise StaleTableError from error
        return found

    def rows(self, statement: Statement, state: dict[str, JsonValue]) -> pa.Table:
        """Return the rows that a statement gives.

        Raises
        ------
        StaleTableError
            If a table of the statement is there no more.
        """
        try:
            return self._cursor().execute(statement.sql, statement.values(state)).to_arrow_table()
        except duckdb.CatalogException as error:
            raise StaleTableError from error

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        # One for each thread: making one costs as much as a small query.
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._connection.cursor()
        return cursor

    def _read_dates(self, name: str, frame: LoadedFrame, wanted: frozenset[str]) -> Source:
        made = f"frame_{next(self._numbers)}"
        columns = {
            column: Term(term.sql, "date") if column in wanted else term
            for column, term in frame.source.columns.items()
        }
        read = ", ".join(
            f"{_as_date(term.sql)} AS {term.sql}" if column in wanted else selected({column: term})
            for column, term in columns.items()
        )
        self._connection.execute(f"CREATE TABLE {made} AS SELECT {read} FROM {_table(frame.source)}")  # noqa: S608 - own names
        for column in wanted:
            sql = columns[column].sql
            before, after = (
                self._connection.execute(f"SELECT count({sql}) FROM {table}").fetchall()[0][0]  # noqa: S608 - own names
                for table in (_table(frame.source), made)
            )
            if before and not after:
                self._connection.execute(f"DROP TABLE {made}")
                raise FrameError(
                    f"The column '{column}' of '{name}' is text that cannot be read as dates.",
                    hint=f"Convert it before binding: df[{column!r}] = pd.to_datetime(df[{column!r}], format=...).",
                )
        return _source(made, columns)


def _as_date(sql: str) -> str:
    """Return a text as a moment, or as null if it is none, or in no year from 1 to 9999."""
    moment = f"coalesce(try_cast({sql} AS TIMESTAMP), try_strptime({sql}, {_DATES}))"
    return f"(CASE WHEN {moment} >= TIMESTAMP '0001-01-01' AND {moment} < TIMESTAMP '10000-01-01' THEN {moment} END)"


def _term(sql: str, kind: pa.DataType) -> Term:
    """Return a column of a loaded table, where moments of a zone are what its clocks show."""
    rank = f"r{sql[1:]}" if pa.types.is_dictionary(kind) else None
    return Term(sql, _KINDS[column_kind(kind)], rank=rank, zone=kind.tz if pa.types.is_timestamp(kind) else None)


def _source(table: str, columns: dict[str, Term]) -> Source:
    sql = f"SELECT rowid AS place, {selected(columns)} FROM {table}"  # noqa: S608 - own names
    return Source(sql, columns, tie=("place",))


def _table(source: Source) -> str:
    return source.sql.rpartition(" ")[2]
