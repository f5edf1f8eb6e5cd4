"""A chain of queries as one SQL statement, which is made once per query and shape of its states."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from nexus_jupyter.frames.arrow import ZONE
from nexus_jupyter.frames.compiler import Parameters, RowCompiler
from nexus_jupyter.frames.constants import Slot, constants, decisions
from nexus_jupyter.frames.terms import Kind, Term, text, unify, whole
from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.expression import AggregateFunction, Expression, Literal_
from nexus_jupyter.protocol.pages import AggregateRequest
from nexus_jupyter.protocol.panel import Build, FrameDeclaration, Ordering, QueryDeclaration

__all__ = ["Plan", "Source", "Statement", "chain", "constants_of", "decisions_of", "plan", "selected"]

#: Queries that may stand below each other; the checker refuses circles, this is for builds that did not pass it.
_DEPTH = 32
#: The place of a row where its values do not say it: that of `prepend` before the others, or one given by a pipe.
_FIRST = ("place",)
_PARAMETER = re.compile(r"\$(\d+)")


@dataclass(frozen=True, slots=True)
class Source:
    """Rows in the making: a SELECT with its columns by name, and the order that its rows are meant to have.

    SQL knows the columns by the names in the terms, never by those of the panel. ``tie`` decides between rows that are
    equal in that order, so that no row is on two pages.
    """

    sql: str
    columns: dict[str, Term]
    order: tuple[str, ...] = ()
    tie: tuple[str, ...] = ()

    def by(self, first: tuple[str, ...] = ()) -> str:
        """Return the ORDER BY, if one is needed; ``first`` comes before the source's own order."""
        sorting = (*first, *(term for term in self.order if term not in first))
        return f" ORDER BY {', '.join((*sorting, *self.tie))}" if sorting else ""


@dataclass(frozen=True, slots=True)
class Statement:
    """SQL, and where the values of its parameters come from."""

    sql: str
    slots: tuple[Slot, ...]

    def values(self, state: dict[str, JsonValue]) -> list[object]:
        """Return the values to bind."""
        return [slot.value(state) for slot in self.slots]


@dataclass(frozen=True, slots=True)
class Plan:
    """A compiled query, before it is known which rows and numbers are wanted."""

    query: str
    source: Source
    slots: tuple[Slot, ...]

    @property
    def names(self) -> list[str]:
        """The names of its columns, as the panel knows them."""
        return list(self.source.columns)

    def named(self, rows: pa.Table, columns: Mapping[str, Term] | None = None) -> pa.Table:
        """Return rows of its statements under the names that the panel knows, with the zones of moments.

        ``columns`` are those of the rows where they are not all of the query's.
        """
        named = self.source.columns if columns is None else columns
        fields = [
            field.with_name(name).with_metadata({ZONE: term.zone} if term.zone else None)
            for field, (name, term) in zip(rows.schema, named.items(), strict=True)
        ]
        return pa.table(rows.columns, schema=pa.schema(fields))

    def column(self, name: str) -> Term:
        """Return a column; raises a `FrameError` that names the others if there is none of that name."""
        return self._compiler().column(name)

    def statement(self, sql: str) -> Statement:
        """Return a statement made around the source's SQL, with the parameters that it uses."""
        return _statement(sql, self.slots)

    def rows(self, offset: int, limit: int, order: Sequence[Ordering]) -> Statement:
        """Return the statement for a part of the rows."""
        columns = ", ".join(term.sql for term in self.source.columns.values())
        by = self.source.by(_sorting(self._compiler(), order))
        sql = f"SELECT {columns} FROM ({self.source.sql}){by} LIMIT {int(limit)} OFFSET {int(offset)}"  # noqa: S608 - own names
        return _statement(sql, self.slots)

    def all_rows(self, columns: str) -> Statement:
        """Return the statement for columns, in SQL, of all rows."""
        return self.statement(f"SELECT {columns} FROM ({self.source.sql}){self.source.by()}")  # noqa: S608 - own names

    def numbers(self, requests: Sequence[AggregateRequest]) -> Statement:
        """Return the statement for the number of all rows, and the aggregates asked for."""
        compiler = self._compiler()
        asked = ["count(*)"]
        for request in requests:
            if request.fn != "len" and request.column is None:
                raise FrameError(
                    f"'{request.fn}' needs a column.", hint=f"Write {self.query} | {request.fn}('COLUMN')."
                )
            of = None if request.column is None else compiler.column(request.column)
            asked.append(_aggregate(request.fn, None if request.fn == "len" else of).sql)
        return _statement(f"SELECT {', '.join(asked)} FROM ({self.source.sql})", self.slots)  # noqa: S608 - own names

    def _compiler(self) -> RowCompiler:
        return RowCompiler(self.query, self.source.columns, Parameters({}))


def chain(build: Build, name: str) -> tuple[FrameDeclaration, list[QueryDeclaration]]:
    """Return the frame that a query stands on, and the queries from there up to it.

    Raises
    ------
    FrameError
        If the panel has no such frame or query.
    """
    queries = {query.name: query for query in build.queries}
    frames = {frame.name: frame for frame in build.frames}
    found: list[QueryDeclaration] = []
    while name not in frames:
        if name not in queries:
            known = ", ".join([*frames, *queries]) or "none"
            raise FrameError(f"The panel has no frame or query '{name}'.", hint=f"There are: {known}.")
        if len(found) >= _DEPTH:
            raise FrameError(f"The query '{name}' stands on too many others.", hint="Join some of them into one.")
        found.append(queries[name])
        name = queries[name].frame
    return frames[name], found[::-1]


def constants_of(queries: Sequence[QueryDeclaration]) -> list[Expression]:
    """Return the constants in queries, whose shapes decide about the SQL."""
    return [constant for query in queries for part in _expressions(query) for constant in constants(part)]


def decisions_of(queries: Sequence[QueryDeclaration]) -> list[Expression]:
    """Return the parts of queries that no row decides: the SQL is another where they hold."""
    return [decision for query in queries for part in _expressions(query) for decision in decisions(part)]


def plan(name: str, base: Source, queries: Sequence[QueryDeclaration], state: dict[str, JsonValue]) -> Plan:
    """Compile queries over a table.

    Parameters
    ----------
    name
        The topmost query's or frame's name, for messages.
    base
        The table that the first query reads.
    queries
        From the lowest to the topmost.
    state
        Values of the states that the queries read.
    """
    parameters = Parameters(state)
    source = base
    for query in queries:
        source = _Level(query, source, parameters).source()
    return Plan(name, source, tuple(parameters.slots))


def _expressions(query: QueryDeclaration) -> Iterator[Expression]:
    if query.where is not None:
        yield query.where
    yield from (key.expr for key in query.group)
    yield from (column.expr for column in query.agg if column.expr is not None)
    if query.prepend is not None:
        yield Literal_(value=query.prepend)


class _Level:
    """One query over the source below it."""

    def __init__(self, query: QueryDeclaration, below: Source, parameters: Parameters) -> None:
        self._query = query
        self._below = below
        self._parameters = parameters
        self._compiler = RowCompiler(query.name, below.columns, parameters)

    def source(self) -> Source:
        if self._query.pipe == "reverse":
            return self._reversed()
        if self._query.distinct is not None:
            made = (self._distinct if self._query.pipe is None else self._first_seen)(self._query.distinct)
        elif self._query.group or self._query.agg:
            made = self._grouped()
        else:
            made = Source(f"SELECT * FROM {self._rows()}", self._below.columns, self._below.order, self._below.tie)  # noqa: S608 - own names
        if self._query.order:
            compiler = RowCompiler(self._query.name, made.columns, self._parameters)
            own = _sorting(compiler, self._query.order)
            order = (*(_FIRST if self._query.distinct and self._query.prepend is not None else ()), *own)
            made = replace(made, order=(*order, *(term for term in made.order if term not in order)))
        if self._query.limit is None:
            return made
        return replace(made, sql=f"SELECT * FROM ({made.sql}){made.by()} LIMIT {int(self._query.limit)}")  # noqa: S608 - own names

    def _rows(self) -> str:
        where = "" if self._query.where is None else f" WHERE {self._compiler.condition(self._query.where)}"
        return f"({self._below.sql}){where}"

    def _numbered(self) -> str:
        """Return the rows below as a table, with their place in their order as ``line``."""
        by = ", ".join((*self._below.order, *self._below.tie)) or "1"
        return f"(SELECT *, row_number() OVER (ORDER BY {by}) AS line FROM {self._rows()})"  # noqa: S608 - own names

    def _reversed(self) -> Source:
        columns = selected(self._below.columns)
        sql = f"SELECT {columns}, -line AS place FROM {self._numbered()}"  # noqa: S608 - own names
        return Source(sql, self._below.columns, _FIRST)

    def _first_seen(self, name: str) -> Source:
        """Return the different values of a column in the order in which they come first."""
        column = self._compiler.column(name)
        sql = f"SELECT {column.sql} AS c0{_rank(column)}, min(line) AS place FROM {self._numbered()} GROUP BY 1"  # noqa: S608 - own names
        return Source(sql, {name: _first_column(column)}, _FIRST)

    def _distinct(self, name: str) -> Source:
        column = self._compiler.column(name)
        if self._query.prepend is None:
            sql = f"SELECT {column.sql} AS c0{_rank(column)} FROM {self._rows()} GROUP BY 1"  # noqa: S608 - own names
            made = _first_column(column)
            return Source(sql, {name: made}, (f"{made.rank or made.sql} ASC NULLS LAST",))
        first = self._parameters.bind(Literal_(value=self._query.prepend))
        try:
            value, top, kind = unify(column, first)
        except FrameError:
            value, top, kind = whole(column), text(first), "text"
        rank = column.rank is not None
        found = f"SELECT {value} AS c0{_rank(column)} FROM {self._rows()} GROUP BY 1"  # noqa: S608 - own names
        # What comes first does not come again.
        sql = (
            f"SELECT {top} AS c0, {'NULL AS r0, ' if rank else ''}0 AS place UNION ALL "  # noqa: S608 - own names
            f"SELECT c0, {'r0, ' if rank else ''}1 FROM ({found}) WHERE c0 IS DISTINCT FROM {top}"
        )
        made = replace(_first_column(column), kind=kind)
        return Source(sql, {name: made}, (*_FIRST, f"{made.rank or made.sql} ASC NULLS LAST"))

    def _grouped(self) -> Source:
        parts: dict[str, Term] = {}
        for key in self._query.group:
            _add(parts, self._query.name, key.name, self._compiler.term(key.expr))
        for column in self._query.agg:
            of = None if column.expr is None else self._compiler.term(column.expr)
            _add(parts, self._query.name, column.name, _aggregate(column.fn, of))
        made = ", ".join(
            [f"{_storable(term)} AS c{i}" for i, term in enumerate(parts.values())]
            + [f"min({term.rank}) AS r{i}" for i, term in enumerate(parts.values()) if term.rank]
        )
        keys = range(len(self._query.group))
        group = f" GROUP BY {', '.join(str(i + 1) for i in keys)}" if keys else ""
        columns = {
            name: Term(f"c{i}", _column_kind(term), rank=f"r{i}" if term.rank else None, zone=term.zone)
            for i, (name, term) in enumerate(parts.items())
        }
        order = tuple(f"{term.rank or term.sql} ASC NULLS LAST" for term in list(columns.values())[: len(keys)])
        return Source(f"SELECT {made} FROM {self._rows()}{group}", columns, order)  # noqa: S608 - own names


def selected(columns: Mapping[str, Term]) -> str:
    """Return what a statement selects to keep columns, and the order of their categories."""
    return ", ".join(sql for term in columns.values() for sql in (term.sql, term.rank) if sql)


def _rank(column: Term) -> str:
    """Return what a grouped statement selects beside a column whose values have an order of their own."""
    return f", min({column.rank}) AS r0" if column.rank else ""


def _first_column(of: Term) -> Term:
    return Term("c0", of.kind, rank="r0" if of.rank else None, zone=of.zone)


def _add(parts: dict[str, Term], query: str, name: str, term: Term) -> None:
    if name in parts:
        raise FrameError(f"The query '{query}' makes two columns '{name}'.", hint="Give one another name with 'as'.")
    parts[name] = term


def _storable(term: Term) -> str:
    if term.kind in {"list", "record"}:
        raise FrameError("A list or record cannot be a column of a query.", hint="Use one of its items.")
    return "CAST(NULL AS VARCHAR)" if term.kind == "null" else term.sql


def _column_kind(term: Term) -> Kind:
    return "text" if term.kind == "null" else term.kind


def _aggregate(function: AggregateFunction, of: Term | None) -> Term:
    """Return a number over all rows; as in the browser, the sum of nothing is 0 and all else of nothing is null."""
    if function == "len" or of is None:
        return Term("count(*)" if of is None else f"count({_storable(of)})", "int")
    if function in {"min", "max"}:
        sql = f"arg_{function}({of.sql}, {of.rank})" if of.rank else f"{function}({_storable(of)})"
        return replace(of, sql=sql, constant=False, moment=None, number=None, rank=None)
    if of.kind not in {"int", "float", "bool", "null"}:
        what = {"text": "text", "date": "dates"}.get(of.kind, "lists")
        raise FrameError(f"'{function}' needs numbers, but got {what}.", hint="Name a column of numbers.")
    value = "CAST(NULL AS DOUBLE)" if of.kind == "null" else f"CAST({of.sql} AS DOUBLE)"
    return Term(f"coalesce(sum({value}), 0)" if function == "sum" else f"avg({value})", "float")


def _sorting(compiler: RowCompiler, order: Sequence[Ordering]) -> tuple[str, ...]:
    return tuple(
        f"{term.rank or term.sql} {'DESC' if item.descending else 'ASC'} NULLS LAST"
        for item in order
        for term in (compiler.column(item.column),)
    )


def _statement(sql: str, slots: Sequence[Slot]) -> Statement:
    """Return a statement with the parameters that it really uses: DuckDB refuses others.

    The SQL has no text but our own, so that a $ in it is always a parameter.
    """
    used: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${used.setdefault(match[1], len(used) + 1)}"

    made = _PARAMETER.sub(number, sql)
    return Statement(made, tuple(slots[int(old) - 1] for old in used))
