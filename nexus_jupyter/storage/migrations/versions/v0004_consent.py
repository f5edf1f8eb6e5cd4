"""What a grant was given to: a digest of the panel's code, and the code itself, to show what has changed since."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; grants from before name no code, so they are asked for once more."""
    op.add_column("grants", sa.Column("code", sa.String(64), nullable=False, server_default=""))
    op.add_column("grants", sa.Column("code_text", sa.Text, nullable=False, server_default=""))


def downgrade() -> None:
    """Remove them."""
    op.drop_column("grants", "code_text")
    op.drop_column("grants", "code")
