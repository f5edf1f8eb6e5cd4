"""Expressions of a query as SQL.

Nothing that a panel or a person wrote becomes SQL text: columns have names of our own, every value is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping

from nexus_jupyter.frames.constants import Slot, decided, digits, evaluate, instant, is_constant, shape
from nexus_jupyter.frames.functions import FUNCTIONS
from nexus_jupyter.frames.terms import (
    NULL,
    NUMBERS,
    TEXTS,
    Kind,
    Term,
    contained,
    less,
    same,
    text,
    truth,
    unify,
    whole,
)
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
    Unary,
)

__all__ = ["Parameters", "RowCompiler"]

_TRUE, _FALSE = "TRUE", "FALSE"


class Parameters:
    """The parameters of one statement, numbered as they come.

    Parameters
    ----------
    state
        Values of states. Their shapes decide about the SQL, and what `holds`.
    """

    def __init__(self, state: dict[str, JsonValue]) -> None:
        self._state = state
        self.slots: list[Slot] = []

    def bind(self, expression: Expression) -> Term:
        """Return the term of a constant."""
        return self._term(expression, evaluate(expression, self._state), ())

    def holds(self, expression: Expression) -> bool | None:
        """Return whether a condition holds whatever the row; see `decided`."""
        return decided(expression, self._state)

    def _term(self, expression: Expression, value: JsonValue, path: tuple[int, ...]) -> Term:
        match value:
            case None:
                return NULL
            case list():
                items = tuple(self._term(expression, item, (*path, i)) for i, item in enumerate(value))
                return Term("", "list", items, constant=True)
            case dict():
                # A path into a record finds its keys.
                keys = tuple(self._term(expression, key, (*path, i)) for i, key in enumerate(value))
                return Term("", "record", keys, constant=True)
            case bool():
                return Term(self._next(Slot(expression, path), "BOOLEAN"), "bool", constant=True)
            case str():
                moment = self._next(Slot(expression, path, instant), "TIMESTAMP") if instant(value) else None
                number = self._next(Slot(expression, path, digits), "BIGINT") if digits(value) is not None else None
                sql = self._next(Slot(expression, path), "VARCHAR")
                return Term(sql, "text", constant=True, moment=moment, number=number)
            case _:
                kind: Kind = "int" if shape(value) == "int" else "float"
                sql = self._next(Slot(expression, path), "BIGINT" if kind == "int" else "DOUBLE")
                return Term(sql, kind, constant=True)

    def _next(self, slot: Slot, sql_type: str) -> str:
        self.slots.append(slot)
        return f"CAST(${len(self.slots)} AS {sql_type})"


class RowCompiler:
    """Makes SQL over the columns of one source.

    Parameters
    ----------
    query
        The query's name, for messages.
    columns
        The source's columns by the names that the panel uses.
    parameters
        Where constants go.
    """

    def __init__(self, query: str, columns: Mapping[str, Term], parameters: Parameters) -> None:
        self._query = query
        self._columns = columns
        self._parameters = parameters

    def column(self, name: str) -> Term:
        """Return a column.

        Raises
        ------
        FrameError
            If there is none of that name.
        """
        if name not in self._columns:
            known = ", ".join(self._columns) or "none"
            raise FrameError(
                f"The query '{self._query}' uses the column '{name}', which is not there.", hint=f"Columns: {known}."
            )
        return self._columns[name]

    def condition(self, expression: Expression) -> str:
        """Return a condition that is never null: whether the expression counts as true."""
        if (holds := self._parameters.holds(expression)) is not None:
            return _TRUE if holds else _FALSE
        match expression:
            case Binary(op="and" | "or"):
                # Both are compiled in any case: what is wrong in one is told before somebody chooses it.
                return _either(self.condition(expression.left), expression.op, self.condition(expression.right))
            case Unary(op="not"):
                operand = self.condition(expression.operand)
                return {_TRUE: _FALSE, _FALSE: _TRUE}.get(operand, f"(NOT {operand})")
            case Binary(op="==" | "!=" | "<" | "<=" | ">" | ">=" | "in") | Call(fn="contains"):
                return self.term(expression).sql  # these are never null
            case _:
                return truth(self.term(expression))

    def term(self, expression: Expression) -> Term:
        """Return the value of an expression."""
        if is_constant(expression):
            return self._parameters.bind(expression)
        match expression:
            case Column():
                return self.column(expression.name)
            case Unary():
                return self._unary(expression)
            case Binary():
                return self._binary(expression)
            case Conditional():
                then, otherwise, kind = unify(self.term(expression.then), self.term(expression.otherwise))
                test = self.condition(expression.test)
                return Term(f"(CASE WHEN {test} THEN {then} ELSE {otherwise} END)", kind)
            case Call():
                return self._call(expression)
            case ListExpression():
                return Term("", "list", tuple(self.term(item) for item in expression.items))
            case Member(key="length"):
                return self._length(self.term(expression.object))
            case Member():
                return NULL  # a cell has no other properties
            case Index():
                return self._index(expression)
            case _:
                raise FrameError(f"A {expression.kind} cannot be used in a query.", hint="Use it in the view instead.")

    def _unary(self, expression: Unary) -> Term:
        if expression.op == "not":
            return Term(self.condition(expression), "bool")
        operand = self.term(expression.operand)
        if operand.kind not in NUMBERS:
            return NULL
        return operand if expression.op == "+" else Term(f"(-{_wide(operand)})", operand.kind)

    def _binary(self, expression: Binary) -> Term:
        op = expression.op
        if op == "in" or op in {"==", "!=", "<", "<=", ">", ">="}:
            return Term(self._compared(expression), "bool")
        left, right = self.term(expression.left), self.term(expression.right)
        match op:
            case "and" | "or":
                first, second, kind = unify(left, right)
                yes, no = (second, first) if op == "and" else (first, second)
                return Term(f"(CASE WHEN {truth(left)} THEN {yes} ELSE {no} END)", kind)
            case "??":
                first, second, kind = unify(left, right)
                return Term(f"coalesce({first}, {second})", kind)
            case "+" if not {left.kind, right.kind} <= NUMBERS:
                return _joined(left, right)
            case _:
                return _arithmetic(left, op, right)

    def _compared(self, expression: Binary) -> str:
        left, right = self.term(expression.left), self.term(expression.right)
        match expression.op:
            case "in":
                return contained(left, right)
            case "==":
                return same(left, right)
            case "!=":
                return f"(NOT {same(left, right)})"
            case _:
                return less(left, expression.op, right)

    def _call(self, expression: Call) -> Term:
        function = FUNCTIONS.get(expression.fn)
        if function is None:
            raise FrameError(
                f"The function '{expression.fn}' cannot be used in a query.",
                hint=f"Functions there: {', '.join(FUNCTIONS)}.",
            )
        least, most = function.arity
        if not least <= len(expression.args) <= most:
            raise FrameError(f"The function '{expression.fn}' does not take {len(expression.args)} arguments.")
        return function.call(*(self.term(argument) for argument in expression.args))

    def _length(self, of: Term) -> Term:
        return Term(f"length({whole(of)})", "int") if of.kind in TEXTS else NULL

    def _index(self, expression: Index) -> Term:
        holder = self.term(expression.object)
        if holder.kind not in TEXTS:
            raise FrameError(
                "Only texts and states can be indexed in a query.", hint="Write the item that is meant instead."
            )
        index = expression.index
        if not isinstance(index, Literal_) or not isinstance(index.value, int):
            raise FrameError("In a query, the index of a text must be a whole number.")
        if index.value < 0:
            return NULL
        return Term(f"nullif(substr({whole(holder)}, {index.value + 1:d}, 1), '')", "text")


def _either(left: str, op: str, right: str) -> str:
    """Join two conditions, of which one may decide alone, or not matter."""
    deciding, idle = (_FALSE, _TRUE) if op == "and" else (_TRUE, _FALSE)
    if deciding in {left, right}:
        return deciding
    rest = [side for side in (left, right) if side != idle]
    return f"({left} {op.upper()} {right})" if len(rest) > 1 else (rest or [idle])[0]


def _wide(term: Term) -> str:
    return f"CAST({term.sql} AS {'BIGINT' if term.kind == 'int' else 'DOUBLE'})"


def _arithmetic(left: Term, op: str, right: Term) -> Term:
    if not {left.kind, right.kind} <= NUMBERS:
        return NULL
    if op == "%" and left.kind == right.kind == "int":
        return Term(f"({_wide(left)} % nullif({_wide(right)}, 0))", "int")
    a, b = f"CAST({left.sql} AS DOUBLE)", f"CAST({right.sql} AS DOUBLE)"
    if op in {"/", "%"}:
        b = f"nullif({b}, 0)"
    value = f"({a} {op} {b})"
    # Infinite is not a number to a panel.
    return Term(f"(CASE WHEN isfinite({value}) THEN {value} END)", "float")


def _joined(left: Term, right: Term) -> Term:
    """Join as texts when one of the two is one."""
    if {left.kind, right.kind} & {"list", "record"}:
        raise FrameError("A list or record cannot become text in a query.", hint="Use one of its items.")
    texts = [f"{side.sql} IS NOT NULL" for side in (left, right) if side.kind in TEXTS]
    if not texts:
        return NULL
    return Term(f"(CASE WHEN {' OR '.join(texts)} THEN {text(left)} || {text(right)} END)", "text")
