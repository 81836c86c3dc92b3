"""Values under review (核查中), and the view in which readers find them."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "release_0006"
down_revision = "release_0005"
branch_labels = None
depends_on = None

_VIEW = Path(__file__).resolve().parents[2] / "views" / "v1_disputed.sql"
_COLUMNS = ("entity_id", "property", "kind", "source", "department", "since", "due", "state")


def upgrade() -> None:
    """Make the table and its view."""
    op.create_table(
        "disputed",
        *(sa.Column(name, sa.Text(), nullable=False) for name in _COLUMNS),
        sa.PrimaryKeyConstraint("entity_id", "property", name="disputed_pkey"),
    )
    op.get_bind().exec_driver_sql(_VIEW.read_text("utf-8"))


def downgrade() -> None:
    """Drop them; the disputes themselves stand in control."""
    op.get_bind().exec_driver_sql("DROP VIEW v1_disputed")
    op.drop_table("disputed")
