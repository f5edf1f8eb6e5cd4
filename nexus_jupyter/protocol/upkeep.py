"""What it takes to keep a journal small."""

from __future__ import annotations

from pydantic import Field

from nexus_jupyter.protocol.base import Contract

__all__ = ["CompactBody", "Compaction"]


class CompactBody(Contract):
    """A wish to drop old rows of the journal. What either of the two keeps stays; with neither, nothing is dropped.

    ``without_trilog`` drops rows that TriLog has not read, too. ``rebuild`` writes a file anew that was made before
    files could shrink; nobody can write meanwhile.
    """

    keep_days: float | None = Field(default=None, ge=0)
    keep_changes: int | None = Field(default=None, ge=0)
    without_trilog: bool = False
    rebuild: bool = False


class Compaction(Contract):
    """What was dropped: ``rows`` changes up to and including rev ``upto``; with no rows, ``reason`` says why.

    ``freed`` is by how many bytes the journal's file became smaller.
    """

    rows: int
    upto: int
    reason: str
    freed: int = 0
