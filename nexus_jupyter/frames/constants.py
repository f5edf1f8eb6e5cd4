"""What in a query does not depend on the row: literals, states, and parts of them.

Their values are bound as parameters. SQL depends on their shapes, and on whether conditions that read no row hold, so
it is compiled once for each of those.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from nexus_jupyter.protocol.base import JsonValue
from nexus_jupyter.protocol.errors import FrameError
from nexus_jupyter.protocol.expression import (
    Binary,
    Call,
    Conditional,
    Expression,
    Index,
    ListExpression,
    Literal_,
    Member,
    Name,
    Unary,
)
from nexus_jupyter.protocol.types import MAX_SAFE_INTEGER

__all__ = ["Slot", "constants", "decided", "decisions", "digits", "evaluate", "instant", "is_constant", "shape"]

_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{3})?Z)?")
#: Whole numbers that columns have; what is larger is compared as a float.
_WHOLE = 2**63
_DIGITS = re.compile(r"-?[1-9]\d{15,18}")


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the value of a parameter comes from: a constant, and the way into it."""

    expression: Expression
    path: tuple[int, ...] = ()
    convert: Callable[[JsonValue], object] | None = None

    def value(self, state: dict[str, JsonValue]) -> object:
        """Return the value to bind."""
        found = evaluate(self.expression, state)
        for index in self.path:
            found = list(found)[index] if isinstance(found, list | dict) else None
        if isinstance(found, int) and not isinstance(found, bool) and not -_WHOLE <= found < _WHOLE:
            found = float(found)
        return found if self.convert is None else self.convert(found)


def is_constant(expression: Expression) -> bool:
    """Return whether an expression is a literal, a state or a part of one."""
    match expression:
        case Literal_() | Name():
            return True
        case Member():
            return is_constant(expression.object)
        case Index():
            return is_constant(expression.object) and is_constant(expression.index)
        case _:
            return False


def evaluate(expression: Expression, state: dict[str, JsonValue]) -> JsonValue:
    """Return the value of a constant; what is not there is null."""
    match expression:
        case Literal_():
            return expression.value
        case Name():
            if expression.name not in state:
                raise FrameError(
                    f"The query reads '{expression.name}', whose value is not known.",
                    hint="Only states and computed values can be used in a query.",
                )
            return state[expression.name]
        case Member():
            return _own(evaluate(expression.object, state), expression.key)
        case Index():
            return _own(evaluate(expression.object, state), evaluate(expression.index, state))
        case _:
            raise FrameError(f"A {expression.kind} is no constant.")


def _own(holder: JsonValue, key: JsonValue) -> JsonValue:
    whole = key if isinstance(key, int) and not isinstance(key, bool) else None
    match holder:
        case dict():
            name = str(whole) if whole is not None else key
            return holder.get(name) if isinstance(name, str) else None
        case str() | list() if key == "length":
            return len(holder)
        case list() if whole is not None:
            return holder[whole] if -len(holder) <= whole < len(holder) else None
        case str() if whole is not None:
            return holder[whole] if 0 <= whole < len(holder) else None
        case _:
            return None


def constants(expression: Expression) -> Iterator[Expression]:
    """Yield the largest constants in an expression."""
    if is_constant(expression):
        yield expression
        return
    for part in _parts(expression):
        yield from constants(part)


def decisions(expression: Expression) -> Iterator[Expression]:
    """Yield all parts of an expression that `decided` may decide."""
    if is_constant(expression):
        yield expression
        return
    if _equality(expression) is not None:
        yield expression
    for part in _parts(expression):
        yield from decisions(part)


def decided(expression: Expression, state: dict[str, JsonValue]) -> bool | None:
    """Return whether an expression counts as true whatever the row; ``None`` where that takes a row, or SQL."""
    if is_constant(expression):
        value = evaluate(expression, state)
        return True if isinstance(value, dict) else bool(value)
    if (equality := _equality(expression)) is None:
        return None
    left, right = evaluate(equality.left, state), evaluate(equality.right, state)
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    return (left == right) == (equality.op == "==")


def _equality(expression: Expression) -> Binary | None:
    """Return an expression that asks whether two constants are equal."""
    match expression:
        case Binary(op="==" | "!=") if is_constant(expression.left) and is_constant(expression.right):
            return expression
        case _:
            return None


def _parts(expression: Expression) -> list[Expression]:
    match expression:
        case Unary():
            return [expression.operand]
        case Binary():
            return [expression.left, expression.right]
        case Conditional():
            return [expression.test, expression.then, expression.otherwise]
        case Call():
            return list(expression.args)
        case ListExpression():
            return list(expression.items)
        case Member():
            return [expression.object]
        case Index():
            return [expression.object, expression.index]
        case _:
            return []


def shape(value: JsonValue) -> Hashable:
    """Return what SQL depends on: the type of a value, of its items, the keys of a record, whether it is a date."""
    match value:
        case list():
            return tuple(shape(item) for item in value)
        case dict():
            return ("record", *value)
        case str():
            return "date" if instant(value) is not None else "digits" if digits(value) is not None else "text"
        case None | bool() | float():
            return type(value).__name__
        case _:
            return "int" if -_WHOLE <= value < _WHOLE else "float"


def digits(value: JsonValue) -> int | None:
    """Return the whole number that a text stands for where JavaScript would round it; see `page.plain`."""
    if not isinstance(value, str) or not _DIGITS.fullmatch(value):
        return None
    number = int(value)
    return number if abs(number) > MAX_SAFE_INTEGER and -_WHOLE <= number < _WHOLE else None


def instant(value: JsonValue) -> dt.datetime | None:
    """Return the moment that a text in the browser's notation of dates means; anything else is none."""
    if not isinstance(value, str) or not _ISO.fullmatch(value) or value.endswith("T00:00:00Z"):
        return None
    try:
        return dt.datetime.fromisoformat(value).replace(tzinfo=None)
    except ValueError:
        return None
