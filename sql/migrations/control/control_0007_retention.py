"""Retention: what went when its time was over, and the rows of the ledger whose words went with it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0007"
down_revision = "control_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the column."""
    op.add_column("outcome", sa.Column("expired", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "expired",
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("night", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("what", "name", name="expired_pkey"),
    )


def downgrade() -> None:
    """Drop both: what went stays gone, and nothing names its checkpoint any more."""
    op.drop_table("expired")
    op.drop_column("outcome", "expired")
