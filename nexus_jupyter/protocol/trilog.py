"""Questions to TriLog, as they cross a wire. Times are nanoseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from nexus_jupyter.protocol.base import Contract

__all__ = ["SqlQuestion", "TriLogQuestion", "TwinAt", "TwinHistory"]


class SqlQuestion(Contract):
    """Read-only SQL over TriLog's tables."""

    kind: Literal["sql"] = "sql"
    sql: str


class TwinAt(Contract):
    """The state of one object at a moment, one row per field."""

    kind: Literal["at"] = "at"
    type: str
    id: str
    ts: int


class TwinHistory(Contract):
    """The values that a field of an object had, with the intervals they held; of all fields when none is named."""

    kind: Literal["history"] = "history"
    type: str
    id: str
    field: str | None = None


TriLogQuestion = Annotated[SqlQuestion | TwinAt | TwinHistory, Field(discriminator="kind")]
