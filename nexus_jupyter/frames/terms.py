"""Typed pieces of SQL, and how values of different kinds meet.

The kinds of all columns and parameters are known before SQL is made, so DuckDB never has to convert: a text is never
equal to a number, and what does not fit is null, as in the reactor's evaluator.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nexus_jupyter.protocol.errors import FrameError

__all__ = ["NULL", "NUMBERS", "TEXTS", "Kind", "Term", "contained", "less", "same", "text", "truth", "unify", "whole"]

Kind = Literal["int", "float", "text", "bool", "date", "null", "list", "record"]
NUMBERS = frozenset({"int", "float"})
TEXTS = frozenset({"text", "date"})


@dataclass(frozen=True, slots=True)
class Term:
    """SQL of a value.

    ``items`` are those of a list, or the keys of a record. ``moment`` is the same as a timestamp, for a constant text
    that is a date: comparing moments is faster than comparing texts. ``number`` is the same as a whole number, for a
    constant text that stands for one which JavaScript would round.
    ``rank`` is the place of a category in its order, ``zone`` has the clocks that a column of moments is read from.
    """

    sql: str
    kind: Kind
    items: tuple[Term, ...] = ()
    constant: bool = False
    moment: str | None = None
    number: str | None = None
    rank: str | None = None
    zone: str | None = None


NULL = Term("NULL", "null", constant=True)


def truth(term: Term) -> str:
    """Return a condition that is never null: whether the value counts as true."""
    match term.kind:
        case "bool":
            return f"coalesce({term.sql}, FALSE)"
        case "int" | "float":
            return f"coalesce({term.sql} <> 0, FALSE)"
        case "text":
            return f"coalesce({term.sql} <> '', FALSE)"
        case "date":
            return f"({term.sql} IS NOT NULL)"
        case "list":
            return "TRUE" if term.items else "FALSE"
        case "record":
            return "TRUE"
        case _:
            return "FALSE"


def same(left: Term, right: Term) -> str:
    """Return whether two values are equal, without conversion; null equals null."""
    if left.kind == "null" or right.kind == "null":
        other = right if left.kind == "null" else left
        return "FALSE" if other.kind in {"list", "record"} else f"({other.sql} IS NULL)"
    if left.kind == "list" and right.kind == "list":
        if len(left.items) != len(right.items):
            return "FALSE"
        return _all(same(a, b) for a, b in zip(left.items, right.items, strict=True))
    if {left.kind, right.kind} & {"list", "record"}:
        return "FALSE"
    pair = _comparable(left, right)
    if pair is None:
        return f"({left.sql} IS NULL AND {right.sql} IS NULL)"
    return f"({pair[0]} IS NOT DISTINCT FROM {pair[1]})"


def less(left: Term, op: str, right: Term) -> str:
    """Return a comparison by order, false where values do not compare."""
    pair = _comparable(left, right)
    return "FALSE" if pair is None else f"coalesce({pair[0]} {op} {pair[1]}, FALSE)"


def contained(value: Term, container: Term) -> str:
    """Return whether a value is an item of a list, a part of a text or a key of a record."""
    if container.kind in TEXTS:
        return f"coalesce(contains({whole(container)}, {text(value)}), FALSE)"
    if container.kind == "record" and value.kind not in TEXTS:
        return "FALSE"
    if container.kind not in {"list", "record"}:
        return "FALSE"
    # Constants of the value's own kind become one IN, which DuckDB answers by hashing.
    plain = [item for item in container.items if item.constant and item.kind == value.kind != "date"]
    plain = plain if value.kind in {"int", "float", "text", "bool"} else []
    found = [f"coalesce({value.sql} IN ({', '.join(item.sql for item in plain)}), FALSE)"] if plain else []
    found += [same(value, item) for item in container.items if item not in plain]
    return f"({' OR '.join(found)})" if found else "FALSE"


def text(term: Term) -> str:
    """Return a value as the browser shows it; null is the empty text."""
    if term.kind == "null":
        return "''"
    return f"coalesce({whole(term)}, '')"


def whole(term: Term) -> str:
    """Return a value as text; null stays null."""
    sql = term.sql
    match term.kind:
        case "text" | "null":
            return sql
        case "int" | "bool":
            return f"CAST({sql} AS VARCHAR)"
        case "float":
            digits = f"CAST(greatest(0, 11 - floor(log10(abs({sql})))) AS INTEGER)"
            return (
                f"(CASE WHEN {sql} = trunc({sql}) AND abs({sql}) < 1e18 THEN CAST(CAST({sql} AS BIGINT) AS VARCHAR)"
                f" ELSE CAST(round({sql}, {digits}) AS VARCHAR) END)"
            )
        case "date":
            return (
                f"(CASE WHEN {sql} = date_trunc('day', {sql}) THEN strftime({sql}, '%Y-%m-%d')"
                f" ELSE replace(strftime({sql}, '%Y-%m-%dT%H:%M:%S.%gZ'), '.000Z', 'Z') END)"
            )
        case _:
            raise FrameError("A list or record cannot become text in a query.", hint="Use one of its items.")


def unify(left: Term, right: Term) -> tuple[str, str, Kind]:
    """Return two values as one kind, so that they can stand in one column.

    Raises
    ------
    FrameError
        If a column cannot hold both.
    """
    kinds = {left.kind, right.kind} - {"null"}
    if len(kinds) <= 1 and not kinds & {"list", "record"}:
        return left.sql, right.sql, kinds.pop() if kinds else "null"
    if kinds == NUMBERS:
        return f"CAST({left.sql} AS DOUBLE)", f"CAST({right.sql} AS DOUBLE)", "float"
    if kinds == TEXTS:
        return whole(left), whole(right), "text"
    raise FrameError(
        f"The query gives {_article(left.kind)} in some rows and {_article(right.kind)} in others.",
        hint="A column holds one kind of values: turn both into text with text(...).",
    )


def _comparable(left: Term, right: Term) -> tuple[str, str] | None:
    if left.kind == right.kind and left.kind in {"int", "float", "text", "bool", "date"}:
        return left.sql, right.sql
    if {left.kind, right.kind} == NUMBERS:
        return left.sql, right.sql
    if {left.kind, right.kind} == {"int", "text"}:
        return (left.number or left.sql, right.number or right.sql) if left.number or right.number else None
    if {left.kind, right.kind} == TEXTS:
        date, other = (left, right) if left.kind == "date" else (right, left)
        if other.moment is None:
            return whole(left), whole(right)
        return (date.sql, other.moment) if date is left else (other.moment, date.sql)
    return None


def _all(conditions: Iterable[str]) -> str:
    return f"({' AND '.join(conditions) or 'TRUE'})"


def _article(kind: Kind) -> str:
    return {"text": "text", "bool": "true or false", "date": "a date", "list": "a list", "record": "a record"}.get(
        kind, "a number"
    )
