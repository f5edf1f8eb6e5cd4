"""Rows on their way: what is asked of them, and what stands before the Arrow stream in a binary message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = ["AggregateRequest", "PageHeader", "TableAnswer", "Thinning"]


class AggregateRequest(Contract):
    """A number over all rows of the query that the page is asked of."""

    fn: Literal["len", "sum", "mean", "min", "max"]
    column: str | None = None


class Thinning(Contract):
    """Of each of ``parts`` equal parts of the rows, keep the ends, and the least and the greatest of each column."""

    parts: int = Field(ge=1, le=2000)
    columns: list[str]


class PageHeader(Contract):
    """What comes with a page of rows.

    ``total`` counts all rows of the query; ``aggregates`` are in the order asked for; ``rev`` is the rev of the state
    that the query was answered with.
    """

    id: str
    panel: str
    query: str
    rev: int
    offset: int
    total: int
    aggregates: list[JsonValue] = []


class TableAnswer(Contract):
    """What comes before a table that a called function gave, in a binary message like that of a page."""

    type: Literal["answer"] = "answer"
    call: int
