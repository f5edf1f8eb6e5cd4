"""The reactor's functions that queries may call, as SQL with the same meaning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nexus_jupyter.frames.terms import NULL, NUMBERS, TEXTS, Term, contained, text, whole

__all__ = ["FUNCTIONS", "Function"]

#: What JavaScript's trim() takes away.
_SPACES = (
    "chr(9)||chr(10)||chr(11)||chr(12)||chr(13)||chr(32)||chr(160)||chr(5760)||chr(8192)||chr(8193)||chr(8194)||chr(8195)"
    "||chr(8196)||chr(8197)||chr(8198)||chr(8199)||chr(8200)||chr(8201)||chr(8202)||chr(8232)||chr(8233)||chr(8239)"
    "||chr(8287)||chr(12288)||chr(65279)"
)
_ISO = "'^[0-9]{4}-[0-9]{2}-[0-9]{2}'"
_DECIMALS = 20


@dataclass(frozen=True, slots=True)
class Function:
    """A function: the least and greatest number of its arguments, and its SQL."""

    arity: tuple[int, int]
    call: Callable[..., Term]


def _len(of: Term) -> Term:
    match of.kind:
        case "list" | "record":
            return Term(f"CAST({len(of.items)} AS BIGINT)", "int")
        case "text" | "date":
            return Term(f"coalesce(length({whole(of)}), 0)", "int")
        case _:
            return Term("CAST(0 AS BIGINT)", "int")


def _round(of: Term, digits: Term = NULL) -> Term:
    if of.kind not in NUMBERS or of.kind == "int":
        return of if of.kind == "int" else NULL
    decimals = (
        f"CAST(least({_DECIMALS}, greatest(0, trunc({digits.sql}))) AS INTEGER)" if digits.kind in NUMBERS else "0"
    )
    return Term(f"round({of.sql}, {decimals})", "float")


def _numeric(function: str) -> Callable[[Term], Term]:
    def call(of: Term) -> Term:
        if of.kind == "int":
            return Term(f"abs(CAST({of.sql} AS BIGINT))", "int") if function == "abs" else of
        return Term(f"{function}({of.sql})", "float") if of.kind == "float" else NULL

    return call


def _textual(template: str) -> Callable[[Term], Term]:
    def call(of: Term) -> Term:
        return NULL if of.kind == "null" else Term(template.format(whole(of)), "text")

    return call


def _contains(of: Term, part: Term) -> Term:
    if of.kind == "list":
        return Term(contained(part, of), "bool")
    return Term(f"contains(lower({text(of)}), lower({text(part)}))", "bool")


def _dated(length: int, pattern: str) -> Callable[[Term], Term]:
    def call(of: Term) -> Term:
        if of.kind == "date":
            return Term(f"strftime({of.sql}, '{pattern}')", "text")
        if of.kind not in TEXTS:
            return NULL
        return Term(f"(CASE WHEN regexp_matches({of.sql}, {_ISO}) THEN substr({of.sql}, 1, {length}) END)", "text")

    return call


def _year(of: Term) -> Term:
    if of.kind == "date":
        return Term(f"year({of.sql})", "int")
    found = _dated(4, "")(of)
    return found if found.kind == "null" else Term(f"CAST({found.sql} AS BIGINT)", "int")


def _week(of: Term) -> Term:
    if of.kind == "date":
        return Term(f"strftime(date_trunc('week', {of.sql}), '%Y-%m-%d')", "text")
    if of.kind not in TEXTS:
        return NULL
    day = f"CASE WHEN regexp_matches({of.sql}, {_ISO}) THEN TRY_CAST(substr({of.sql}, 1, 10) AS DATE) END"
    return Term(f"strftime(date_trunc('week', {day}), '%Y-%m-%d')", "text")


def _hour(of: Term) -> Term:
    if of.kind == "date":
        return Term(f"strftime({of.sql}, '%Y-%m-%dT%H:00Z')", "text")
    if of.kind not in TEXTS:
        return NULL
    hour = f"coalesce(nullif(regexp_extract({of.sql}, '^.{{10}}T([0-9]{{2}})', 1), ''), '00')"
    told = f"substr({of.sql}, 1, 10) || 'T' || {hour} || ':00Z'"
    return Term(f"(CASE WHEN regexp_matches({of.sql}, {_ISO}) THEN {told} END)", "text")


FUNCTIONS: dict[str, Function] = {
    "len": Function((1, 1), _len),
    "round": Function((1, 2), _round),
    "floor": Function((1, 1), _numeric("floor")),
    "ceil": Function((1, 1), _numeric("ceil")),
    "abs": Function((1, 1), _numeric("abs")),
    "lower": Function((1, 1), _textual("lower({0})")),
    "upper": Function((1, 1), _textual("upper({0})")),
    "trim": Function((1, 1), _textual(f"trim({{0}}, {_SPACES})")),
    "contains": Function((2, 2), _contains),
    "year": Function((1, 1), _year),
    "month": Function((1, 1), _dated(7, "%Y-%m")),
    "day": Function((1, 1), _dated(10, "%Y-%m-%d")),
    "week": Function((1, 1), _week),
    "hour": Function((1, 1), _hour),
    "text": Function((1, 1), lambda of: Term(text(of), "text")),
}
