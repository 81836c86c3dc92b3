"""Outlines of buildings, and the buildings that lie in several small grids."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "release_0007"
down_revision = "release_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; the next release fills them."""
    _table("building_outline", ("building_id",), sa.Column("polygon", sa.Text(), nullable=False))
    _table(
        "building_grid",
        ("building_id", "cut", "grid_id"),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("assigned", sa.Boolean(), nullable=False),
    )


def downgrade() -> None:
    """Drop them; the outlines themselves stand in the lake."""
    for name in ("building_grid", "building_outline"):
        op.drop_table(name)


def _table(name: str, key: tuple[str, ...], *columns: sa.Column[object]) -> None:
    """A table with history, and at most one current version per key."""
    op.create_table(
        name,
        *(sa.Column(column, sa.Text(), nullable=False) for column in key),
        *columns,
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint(*key, "known_from", name=f"{name}_pkey"),
    )
    current = sa.text("known_to IS NULL")
    op.create_index(f"{name}_current_idx", name, list(key), unique=True, sqlite_where=current, postgresql_where=current)
