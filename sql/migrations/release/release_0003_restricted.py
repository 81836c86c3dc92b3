"""Restricted entities, whose fields v1_person no longer shows: the view gains the column ``restricted``."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "release_0003"
down_revision = "release_0002"
branch_labels = None
depends_on = None

_VIEW = "v1_person"
_NOW = Path(__file__).resolve().parents[2] / "views" / f"{_VIEW}.sql"
_BEFORE = Path(__file__).with_name(f"{_VIEW}_0002.sql")


def upgrade() -> None:
    """Make the table; the view is replaced where the database can, because views of consumers hang on it."""
    op.create_table(
        "restricted",
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name="restricted_pkey"),
    )
    told = _NOW.read_text("utf-8")
    if op.get_bind().dialect.name == "postgresql":
        told = told.replace("CREATE VIEW", "CREATE OR REPLACE VIEW", 1)
    else:
        op.get_bind().exec_driver_sql(f"DROP VIEW {_VIEW}")
    op.get_bind().exec_driver_sql(told)


def downgrade() -> None:
    """Put the view of before back and drop the table; everybody is shown again."""
    op.get_bind().exec_driver_sql(f"DROP VIEW {_VIEW}")
    op.get_bind().exec_driver_sql(_BEFORE.read_text("utf-8"))
    op.drop_table("restricted")
