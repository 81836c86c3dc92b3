"""Models that named persons promoted; no code wrote the table of before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "control_0008"
down_revision = "control_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table anew: one row a promotion."""
    op.drop_table("model")
    op.create_table(
        "model",
        sa.Column("model_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("trained_night", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=True),
        sa.Column("retired_at", sa.Text(), nullable=True),
        sa.Column("retired_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("model_id", name="model_pkey"),
    )


def downgrade() -> None:
    """Drop it and make the one of before; ``model.json`` stays as it is."""
    op.drop_table("model")
    op.create_table(
        "model",
        sa.Column("model_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("trained_night", sa.Text(), nullable=False),
        sa.Column("promoted_by", sa.Text(), nullable=True),
        sa.Column("promoted_at", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("model_id", name="model_pkey"),
    )
