"""The expression tree: parsed once by the reactor, evaluated in the browser, compiled to SQL by frames.

The language is a subset of JavaScript without assignment. Pipes (``x | f(a)``) are calls whose first argument is the
left side; ``row.x`` inside a query is a column; ``len(view)`` or ``view | sum('sales')`` over a frame or query is an
aggregate, which is computed where the data is.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from typing_extensions import TypeAliasType

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = [
    "Aggregate",
    "Binary",
    "Call",
    "Column",
    "Conditional",
    "Expression",
    "Index",
    "ListExpression",
    "Literal_",
    "Member",
    "Name",
    "RecordEntry",
    "RecordExpression",
    "Template",
    "Unary",
]

UnaryOperator = Literal["not", "-", "+"]
BinaryOperator = Literal["or", "and", "??", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%"]
AggregateFunction = Literal["len", "sum", "mean", "min", "max"]


class Literal_(Contract):  # noqa: N801 - `Literal` is taken by typing
    """A constant JSON value."""

    kind: Literal["literal"] = "literal"
    value: JsonValue


class Name(Contract):
    """A declared name, a loop variable, ``$event`` or ``args``."""

    kind: Literal["name"] = "name"
    name: str


class Column(Contract):
    """A column of the queried frame (``row.x``)."""

    kind: Literal["column"] = "column"
    name: str


class Member(Contract):
    """An own property of a value; anything else reads as null."""

    kind: Literal["member"] = "member"
    object: Expression
    key: str


class Index(Contract):
    """An element of a list or an own property, by a computed key."""

    kind: Literal["index"] = "index"
    object: Expression
    index: Expression


class Unary(Contract):
    """Negation, logical or numeric."""

    kind: Literal["unary"] = "unary"
    op: UnaryOperator
    operand: Expression


class Binary(Contract):
    """Two operands. ``and``, ``or`` and ``??`` evaluate the right side only when needed."""

    kind: Literal["binary"] = "binary"
    op: BinaryOperator
    left: Expression
    right: Expression


class Conditional(Contract):
    """``test ? then : otherwise``."""

    kind: Literal["conditional"] = "conditional"
    test: Expression
    then: Expression
    otherwise: Expression


class Call(Contract):
    """A registered pure function."""

    kind: Literal["call"] = "call"
    fn: str
    args: list[Expression]


class ListExpression(Contract):
    """``[a, b]``."""

    kind: Literal["list"] = "list"
    items: list[Expression]


class RecordEntry(Contract):
    """One ``key: value`` of a record."""

    key: str
    value: Expression


class RecordExpression(Contract):
    """``{ a: 1, b: x }``."""

    kind: Literal["record"] = "record"
    entries: list[RecordEntry]


class Template(Contract):
    """Text with holes: the parts are evaluated and joined as text; null becomes the empty string."""

    kind: Literal["template"] = "template"
    parts: list[Expression]


class Aggregate(Contract):
    """A number computed over all rows of a frame or query, on the server. ``len`` has no column."""

    kind: Literal["aggregate"] = "aggregate"
    query: str
    fn: AggregateFunction
    column: str | None = None


Expression = TypeAliasType(
    "Expression",
    Annotated[
        Literal_
        | Name
        | Column
        | Member
        | Index
        | Unary
        | Binary
        | Conditional
        | Call
        | ListExpression
        | RecordExpression
        | Template
        | Aggregate,
        Field(discriminator="kind"),
    ],
)

for _model in (
    Member,
    Index,
    Unary,
    Binary,
    Conditional,
    Call,
    ListExpression,
    RecordEntry,
    RecordExpression,
    Template,
):
    _model.model_rebuild()
