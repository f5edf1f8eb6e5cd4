"""The relational tables. Their history is in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, String, Table, Text

__all__ = ["HEAD", "journal", "metadata"]

#: The newest migration; a database at this revision needs none.
HEAD = "0001"

metadata = MetaData()

#: One row per change. Ops, inverse, actor and cause are JSON texts of the contracts in ``protocol.patch``.
journal = Table(
    "journal",
    metadata,
    Column("workspace", String(200), primary_key=True),
    Column("rev", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("ts", BigInteger, nullable=False),
    Column("panel", String(200)),
    Column("actor", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("span_id", String(16), nullable=False),
    Column("ops", Text, nullable=False),
    Column("inverse", Text, nullable=False),
    Index("journal_by_panel", "workspace", "panel", "rev"),
)
