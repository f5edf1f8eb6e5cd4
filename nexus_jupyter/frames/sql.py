"""Queries of panels as SQL for DuckDB.

Nothing that a panel or a person wrote becomes SQL text: names are quoted as identifiers, every value is a parameter.
The meaning is that of the reactor's evaluator: null where something does not fit, truth as there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.expression import (
    Binary,
    Call,
    Column,
    Conditional,
    Expression,
    Index,
    ListExpression,
    Literal_,
    Member,
    Name,
    Unary,
)
from nexus_jupyter.protocol.panel import Build, FrameDeclaration, Ordering, QueryDeclaration

__all__ = ["Statement", "compile_query", "quote"]

_COMPARE = {"==": "IS NOT DISTINCT FROM", "!=": "IS DISTINCT FROM", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_CALLS = {
    "round": "round({0}, CAST({1} AS INTEGER))",
    "floor": "floor({0})",
    "ceil": "ceil({0})",
    "abs": "abs({0})",
    "lower": "lower(CAST({0} AS VARCHAR))",
    "upper": "upper(CAST({0} AS VARCHAR))",
    "trim": "trim(CAST({0} AS VARCHAR))",
    "text": "CAST({0} AS VARCHAR)",
    "len": "length(CAST({0} AS VARCHAR))",
    "contains": "contains(lower(CAST({0} AS VARCHAR)), lower(CAST({1} AS VARCHAR)))",
    "year": "year(CAST({0} AS TIMESTAMP))",
    "month": "strftime(CAST({0} AS TIMESTAMP), '%Y-%m')",
    "day": "strftime(CAST({0} AS TIMESTAMP), '%Y-%m-%d')",
}
_AGGREGATES = {"len": "count", "sum": "sum", "mean": "avg", "min": "min", "max": "max"}
#: Frames and queries that may stand below each other.
_DEPTH = 32


def quote(name: str) -> str:
    """Return a name as SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(slots=True)
class Statement:
    """SQL with its parameters, and the frames that it reads."""

    sql: str
    parameters: list[JsonValue] = field(default_factory=list)
    frames: set[str] = field(default_factory=set)


def compile_query(
    build: Build, name: str, state: dict[str, JsonValue], texts: Callable[[str], frozenset[str]]
) -> Statement:
    """Return the SQL that gives a query's rows, in its own order.

    Parameters
    ----------
    build
        The panel's build.
    name
        A query or frame of it.
    state
        Values of the states that queries may read.
    texts
        Returns the columns of a bound frame that hold text: one that the panel declares a date is then read as one.

    Raises
    ------
    FrameError
        If the panel has no such query, or it uses what cannot be answered.
    """
    compiler = _Compiler(build, state, texts)
    sql = compiler.source(name, 0)
    return Statement(sql, compiler.parameters, compiler.frames)


class _Compiler:
    def __init__(self, build: Build, state: dict[str, JsonValue], texts: Callable[[str], frozenset[str]]) -> None:
        self._texts = texts
        self._queries = {query.name: query for query in build.queries}
        self._frames = {frame.name: frame for frame in build.frames}
        self._state = state
        self.parameters: list[JsonValue] = []
        self.frames: set[str] = set()

    def source(self, name: str, depth: int) -> str:
        """Return a complete SELECT for a frame or query."""
        if depth > _DEPTH:
            raise FrameError(f"The query '{name}' stands on too many others.")
        if name in self._frames:
            return self._frame(self._frames[name])
        if name not in self._queries:
            raise FrameError(f"The panel has no frame or query '{name}'.")
        return self._query(self._queries[name], depth)

    def _frame(self, frame: FrameDeclaration) -> str:
        bound = frame.source.removeprefix("kernel:")
        self.frames.add(bound)
        texts = self._texts(bound)
        dates = [quote(column.name) for column in frame.columns if column.type.kind == "date" and column.name in texts]
        if not dates:
            return f"SELECT * FROM {quote(bound)}"  # noqa: S608 - a quoted identifier
        # A date may come as text; what is none becomes null instead of an error for all rows.
        casts = ", ".join(f"{_as_date(column)} AS {column}" for column in dates)
        return f"SELECT * REPLACE ({casts}) FROM {quote(bound)}"  # noqa: S608 - quoted identifiers

    def _query(self, query: QueryDeclaration, depth: int) -> str:
        inner = f"({self.source(query.frame, depth + 1)}) AS source"
        where = f" WHERE {self._truth(query.where)}" if query.where is not None else ""
        if query.distinct is not None:
            column = quote(query.distinct)
            sql = f"SELECT DISTINCT {column} FROM {inner}{where}"  # noqa: S608 - a quoted identifier
            if query.prepend is not None:
                first = self._value(query.prepend)
                sql = (
                    f'SELECT {column} FROM (SELECT {first} AS {column}, 0 AS "@first" UNION ALL '  # noqa: S608 - as above
                    f'SELECT {column}, 1 FROM ({sql})) ORDER BY "@first", {column}'
                )
            else:
                sql += f" ORDER BY {column}"
        elif query.group or query.agg:
            # Parameters are numbered as they come, so the parts are compiled in the order they stand in.
            sql = self._grouped(query, inner, where)
        else:
            sql = f"SELECT * FROM {inner}{where}"  # noqa: S608 - quoted identifiers
        if query.order and query.distinct is None:
            sql += " ORDER BY " + order_by(query.order)
        return sql if query.limit is None else f"{sql} LIMIT {int(query.limit)}"

    def _grouped(self, query: QueryDeclaration, inner: str, where: str) -> str:
        keys = [f"{self._sql(key.expr)} AS {quote(key.name)}" for key in query.group]
        numbers = []
        for column in query.agg:
            of = "*" if column.expr is None else self._sql(column.expr)
            function = _AGGREGATES[column.fn]
            value = f"sum(CAST({of} AS DOUBLE))" if function == "sum" else f"{function}({of})"
            numbers.append(f"{value} AS {quote(column.name)}")
        group = " GROUP BY " + ", ".join(str(i + 1) for i in range(len(keys))) if keys else ""
        order = "" if query.order or not keys else " ORDER BY " + ", ".join(str(i + 1) for i in range(len(keys)))
        return f"SELECT {', '.join([*keys, *numbers])} FROM {inner}{where}{group}{order}"  # noqa: S608 - quoted identifiers

    def _value(self, value: JsonValue) -> str:
        self.parameters.append(value)
        return f"${len(self.parameters)}"

    def _truth(self, expression: Expression) -> str:
        """Return a condition that is never null: what is not true is false."""
        match expression:
            case Binary(op="and" | "or"):
                return f"({self._truth(expression.left)} {expression.op.upper()} {self._truth(expression.right)})"
            case Unary(op="not"):
                return f"(NOT {self._truth(expression.operand)})"
            case Binary(op="==" | "!="):
                return self._sql(expression)
            case Binary(op="<" | "<=" | ">" | ">=" | "in") | Call(fn="contains"):
                return f"coalesce({self._sql(expression)}, FALSE)"
            case _:
                return f"coalesce(CAST({self._sql(expression)} AS VARCHAR) NOT IN ('', '0', '0.0', 'false'), FALSE)"

    def _sql(self, expression: Expression) -> str:
        match expression:
            case Literal_():
                return self._value(expression.value)
            case Name():
                if expression.name not in self._state:
                    raise FrameError(f"The value '{expression.name}' is not known to the query.")
                return self._value(self._state[expression.name])
            case Column():
                return quote(expression.name)
            case Unary():
                if expression.op == "not":
                    return self._truth(expression)
                return f"({expression.op}{self._sql(expression.operand)})"
            case Binary():
                return self._binary(expression)
            case Conditional():
                test = self._truth(expression.test)
                return (
                    f"(CASE WHEN {test} THEN {self._sql(expression.then)} ELSE {self._sql(expression.otherwise)} END)"
                )
            case Call():
                return self._call(expression)
            case Member() | Index():
                return self._value(self._constant(expression))
            case ListExpression():
                return "[" + ", ".join(self._sql(item) for item in expression.items) + "]"
            case _:
                raise FrameError(f"A {expression.kind} cannot be used in a query.")

    def _binary(self, expression: Binary) -> str:
        if expression.op in {"and", "or"}:
            return self._truth(expression)
        if expression.op == "in":
            return self._in(expression)
        left, right = self._sql(expression.left), self._sql(expression.right)
        if expression.op in _COMPARE:
            return f"({left} {_COMPARE[expression.op]} {right})"
        if expression.op == "??":
            return f"coalesce({left}, {right})"
        if expression.op in {"/", "%"}:
            return f"({left} {expression.op} nullif({right}, 0))"
        return f"({left} {expression.op} {right})"

    def _in(self, expression: Binary) -> str:
        left = self._sql(expression.left)
        if isinstance(expression.right, ListExpression):
            items = ", ".join(self._sql(item) for item in expression.right.items)
            return f"({left} IN ({items}))" if items else "FALSE"
        values = self._constant(expression.right)
        if isinstance(values, list):
            items = ", ".join(self._value(item) for item in values)
            return f"({left} IN ({items}))" if items else "FALSE"
        return f"contains(CAST({self._value(values)} AS VARCHAR), CAST({left} AS VARCHAR))"

    def _constant(self, expression: Expression) -> JsonValue:
        """Return the value of a state, or of a part of one."""
        match expression:
            case Name() if expression.name in self._state:
                return self._state[expression.name]
            case Literal_():
                return expression.value
            case Member():
                holder = self._constant(expression.object)
                return holder.get(expression.key) if isinstance(holder, dict) else None
            case Index():
                holder, key = self._constant(expression.object), self._constant(expression.index)
                if isinstance(holder, dict) and isinstance(key, str):
                    return holder.get(key)
                if isinstance(holder, list) and isinstance(key, int) and -len(holder) <= key < len(holder):
                    return holder[key]
                return None
            case _:
                raise FrameError("In a query, 'in' takes a list or a state.")

    def _call(self, expression: Call) -> str:
        if expression.fn not in _CALLS:
            raise FrameError(f"The function '{expression.fn}' cannot be used in a query.")
        args = [self._sql(argument) for argument in expression.args]
        if expression.fn == "round" and len(args) == 1:
            args.append("0")
        return _CALLS[expression.fn].format(*args)


def order_by(order: Sequence[Ordering]) -> str:
    """Return what stands after ORDER BY."""
    return ", ".join(f"{quote(item.column)} {'DESC' if item.descending else 'ASC'} NULLS LAST" for item in order)


def _as_date(column: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    return f"coalesce(try_cast({text} AS TIMESTAMP), try_strptime({text}, ['%Y/%m/%d', '%d.%m.%Y', '%m/%d/%Y']))"
