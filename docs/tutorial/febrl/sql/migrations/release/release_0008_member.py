"""A table of its own for library members, and the view that readers build on."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "release_0008_member"
down_revision = "release_0007"  # the newest migration of sql/migrations/release
branch_labels = None
depends_on = None

_VIEW = Path(__file__).resolve().parents[2] / "views" / "v1_member.sql"
_TEXTS = ("given_name", "surname", "street_number", "street", "place", "suburb", "postcode", "state")


def upgrade() -> None:
    """Make the table, its one current row per member, and the view."""
    op.create_table(
        "fact_member",
        sa.Column("member_id", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=True) for name in _TEXTS),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("member_id", "known_from", name="fact_member_pkey"),
    )
    current = sa.text("known_to IS NULL")
    op.create_index(
        "fact_member_current", "fact_member", ["member_id"], unique=True,
        sqlite_where=current, postgresql_where=current,
    )  # fmt: skip
    op.get_bind().exec_driver_sql(_VIEW.read_text("utf-8"))


def downgrade() -> None:
    """Drop both; the data go with them."""
    op.get_bind().exec_driver_sql("DROP VIEW v1_member")
    op.drop_table("fact_member")
