"""Rows of the journal may have differences in the place of values (``storage.entries``).

The tables stay as they are, and so do the rows from before. The revision keeps versions that cannot read such rows from
opening the journal.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_JOURNAL = sa.table("journal", sa.column("rev", sa.BigInteger), sa.column("ops", sa.Text))
#: Inside a text the quotation marks would be escaped.
_EDIT = '"op":"edit"'


def upgrade() -> None:
    """Change nothing."""


def downgrade() -> None:
    """Make sure that the version before can read every row.

    Raises
    ------
    RuntimeError
        If it cannot.
    """
    found = op.get_bind().execute(sa.select(_JOURNAL.c.rev).where(_JOURNAL.c.ops.contains(_EDIT)).limit(1)).scalar()
    if found is not None:
        raise RuntimeError(f"Rev {found} holds a difference, which the version before cannot read.")
