"""Digests of the journal's rows, checkpoints, what was dropped, and who owns a workspace."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from nexus_jupyter.storage.chain import FIELDS, chained

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BATCH = 1000
_JOURNAL = sa.table("journal", *(sa.column(name) for name in ("workspace", *FIELDS, "digest")))


def upgrade() -> None:
    """Create the tables, and give the rows that are there their digests."""
    rev = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "checkpoints",
        sa.Column("workspace", sa.String(200), primary_key=True),
        sa.Column("rev", rev, primary_key=True, autoincrement=False),
        sa.Column("ts", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "compactions",
        sa.Column("workspace", sa.String(200), primary_key=True),
        sa.Column("last_rev", rev, primary_key=True, autoincrement=False),
        sa.Column("first_rev", sa.BigInteger, nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("ts", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    op.create_table(
        "owners",
        sa.Column("workspace", sa.String(200), primary_key=True),
        sa.Column("token", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("since", sa.String(40), nullable=False),
    )
    op.add_column("journal", sa.Column("digest", sa.String(32), nullable=False, server_default=""))
    connection = op.get_bind()
    for workspace in connection.execute(sa.select(_JOURNAL.c.workspace).distinct()).scalars().all():
        _give_digests(connection, workspace)


def _give_digests(connection: sa.Connection, workspace: str) -> None:
    mine = _JOURNAL.c.workspace == workspace
    update = sa.update(_JOURNAL).where(mine, _JOURNAL.c.rev == sa.bindparam("of")).values(digest=sa.bindparam("new"))
    digest = ""
    for rows in _batches(connection, workspace):
        found = []
        for row in rows:
            digest = chained(digest, row)
            found.append({"of": row["rev"], "new": digest})
        connection.execute(update, found)


def _batches(connection: sa.Connection, workspace: str) -> Iterator[list[dict[str, object]]]:
    after = 0
    while True:
        query = sa.select(_JOURNAL).where(_JOURNAL.c.workspace == workspace, _JOURNAL.c.rev > after)
        found = connection.execute(query.order_by(_JOURNAL.c.rev).limit(_BATCH)).mappings().all()
        if not found:
            return
        yield [dict(row) for row in found]
        after = found[-1]["rev"]


def downgrade() -> None:
    """Drop the tables and the digests."""
    op.drop_column("journal", "digest")
    for table in ("owners", "compactions", "checkpoints"):
        op.drop_table(table)
