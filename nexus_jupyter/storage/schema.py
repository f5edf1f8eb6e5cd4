"""The relational tables. Their history is in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Index, Integer, LargeBinary, MetaData, String, Table, Text

__all__ = ["HEAD", "checkpoints", "compactions", "grants", "journal", "metadata", "owners", "programs", "runs"]

#: The newest migration; a database at this revision needs none.
HEAD = "0005"

metadata = MetaData()

#: One row per change. Actor and cause are JSON texts of the contracts in ``protocol.patch``, ops and inverse of those
#: in ``storage.entries``; ``digest`` is that of ``storage.chain``, over the row and the digest before it.
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
    Column("digest", String(32), nullable=False, server_default=""),
    Index("journal_by_panel", "workspace", "panel", "rev"),
)

_REV = BigInteger().with_variant(Integer, "sqlite")

#: Snapshots of the graph, by the rev that they show; ``digest`` is that of the journal's row of this rev.
checkpoints = Table(
    "checkpoints",
    metadata,
    Column("workspace", String(200), primary_key=True),
    Column("rev", _REV, primary_key=True, autoincrement=False),
    Column("ts", BigInteger, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: What was dropped from the journal: rows up to ``last_rev``, whose digest the next row is chained to.
compactions = Table(
    "compactions",
    metadata,
    Column("workspace", String(200), primary_key=True),
    Column("last_rev", _REV, primary_key=True, autoincrement=False),
    Column("first_rev", BigInteger, nullable=False),
    Column("at", String(40), nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("digest", String(32), nullable=False),
    Column("reason", Text, nullable=False),
)

#: Who may write to a workspace; ``token`` grows with each owner, and a writer that has an older one is refused.
owners = Table(
    "owners",
    metadata,
    Column("workspace", String(200), primary_key=True),
    Column("token", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
    Column("since", String(40), nullable=False),
)

#: One row per consent. Times are ISO 8601 in UTC. Rows are never deleted: a revocation is noted on its grant.
grants = Table(
    "grants",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("workspace", String(200), nullable=False, index=True),
    Column("panel", String(200), nullable=False),
    Column("cap", String(32), nullable=False),
    Column("target", Text),
    Column("granted_by", String(200), nullable=False),
    Column("at", String(40), nullable=False),
    Column("until", String(40)),
    Column("revoked_by", String(200)),
    Column("revoked_at", String(40)),
    Column("code", String(64), nullable=False, server_default=""),
    Column("code_text", Text, nullable=False, server_default=""),
)

#: What ran: the actions of a panel as source texts, by their hash.
programs = Table(
    "programs",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("panel", String(200), nullable=False),
    Column("files", Text, nullable=False),
)

#: Runs with all that went into the machine and came out of it; ``steps`` is MessagePack.
runs = Table(
    "runs",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("workspace", String(200), nullable=False),
    Column("ts", BigInteger, nullable=False),
    Column("panel", String(200), nullable=False),
    Column("action", String(200), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("program", String(64), nullable=False),
    Column("cpu_ms", Float, nullable=False),
    Column("wall_ms", Float, nullable=False),
    Column("memory_bytes", BigInteger, nullable=False),
    Column("steps", LargeBinary, nullable=False),
    Index("runs_by_time", "workspace", "ts"),
)
