"""Rows on their way: what is asked of them, and what stands before the Arrow stream in a binary message."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from nexus_jupyter.protocol.base import Contract, JsonValue

__all__ = ["AggregateRequest", "Drawn", "Marks", "PageHeader", "TableAnswer"]

#: Columns that are drawn upwards together.
_UPWARDS = 32


class AggregateRequest(Contract):
    """A number over all rows of the query that the page is asked of."""

    fn: Literal["len", "sum", "mean", "min", "max"]
    column: str | None = None


class Marks(Contract):
    """How a chart draws the rows of a query, for those queries that have more rows than it draws marks.

    Each kind of mark has its own way to become fewer. Of a ``line``, the ends and extremes of equal parts of ``x`` are
    kept, for each column and group. ``points`` are a sample, together with the extremes of each column. ``bars`` are
    sums of the rows with the same ``x`` and group, and the first of these when there are too many. ``rows`` are a
    sample of whole rows. Samples are the same each time. ``most`` is the number of marks that the chart draws.
    """

    kind: Literal["line", "points", "bars", "rows"]
    x: str | None = None
    y: list[str] = Field(default=[], max_length=_UPWARDS)
    by: str | None = None
    most: int = Field(ge=1, le=50_000)


class Drawn(Contract):
    """What comes with the rows that a chart draws.

    ``there`` counts the marks that all rows make, and ``missing`` the rows that make none since they have no value in a
    column; both are null when the page has all rows. ``groups`` are the values of the column that splits the rows,
    whatever the query's conditions are, so that a group looks the same whichever of the others are shown.
    """

    there: int | None = None
    missing: dict[str, int] | None = None
    groups: list[JsonValue] = []


class PageHeader(Contract):
    """What comes with a page of rows.

    ``total`` counts all rows of the query; ``aggregates`` are in the order asked for; ``rev`` is the rev of the state
    that the query was answered with. ``marks`` answers the request's.
    """

    id: str
    panel: str
    query: str
    rev: int
    offset: int
    total: int
    aggregates: list[JsonValue] = []
    marks: Drawn | None = None


class TableAnswer(Contract):
    """What comes before a table that a called function gave, in a binary message like that of a page."""

    type: Literal["answer"] = "answer"
    call: int
