"""The journal."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the journal."""
    op.create_table(
        "journal",
        sa.Column("workspace", sa.String(200), primary_key=True),
        sa.Column("rev", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("ts", sa.BigInteger, nullable=False),
        sa.Column("panel", sa.String(200)),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("cause", sa.Text, nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("span_id", sa.String(16), nullable=False),
        sa.Column("ops", sa.Text, nullable=False),
        sa.Column("inverse", sa.Text, nullable=False),
    )
    op.create_index("journal_by_panel", "journal", ["workspace", "panel", "rev"])


def downgrade() -> None:
    """Drop the journal."""
    op.drop_table("journal")
