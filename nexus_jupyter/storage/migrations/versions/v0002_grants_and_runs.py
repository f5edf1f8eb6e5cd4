"""Grants, and recordings of runs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "grants",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("workspace", sa.String(200), nullable=False, index=True),
        sa.Column("panel", sa.String(200), nullable=False),
        sa.Column("cap", sa.String(32), nullable=False),
        sa.Column("target", sa.Text),
        sa.Column("granted_by", sa.String(200), nullable=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("until", sa.String(40)),
        sa.Column("revoked_by", sa.String(200)),
        sa.Column("revoked_at", sa.String(40)),
    )
    op.create_table(
        "programs",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("panel", sa.String(200), nullable=False),
        sa.Column("files", sa.Text, nullable=False),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("workspace", sa.String(200), nullable=False),
        sa.Column("ts", sa.BigInteger, nullable=False),
        sa.Column("panel", sa.String(200), nullable=False),
        sa.Column("action", sa.String(200), nullable=False),
        sa.Column("actor", sa.String(200), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("program", sa.String(64), nullable=False),
        sa.Column("cpu_ms", sa.Float, nullable=False),
        sa.Column("wall_ms", sa.Float, nullable=False),
        sa.Column("memory_bytes", sa.BigInteger, nullable=False),
        sa.Column("steps", sa.LargeBinary, nullable=False),
    )
    op.create_index("runs_by_time", "runs", ["workspace", "ts"])


def downgrade() -> None:
    """Drop the tables."""
    for table in ("runs", "programs", "grants"):
        op.drop_table(table)
