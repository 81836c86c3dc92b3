"""The freshness of every source with each release, as a view of ``v1``."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "release_0004"
down_revision = "release_0003"
branch_labels = None
depends_on = None

_VIEW = Path(__file__).resolve().parents[2] / "views" / "v1_source.sql"


def upgrade() -> None:
    """Make it."""
    op.get_bind().exec_driver_sql(_VIEW.read_text("utf-8"))


def downgrade() -> None:
    """Drop it."""
    op.get_bind().exec_driver_sql("DROP VIEW v1_source")
