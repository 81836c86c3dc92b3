"""The views that readers build on. A view is added or gains columns by a later migration; none loses one."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "release_0002"
down_revision = "release_0001"
branch_labels = None
depends_on = None

VIEWS = (
    "v1_division",
    "v1_grid",
    "v1_place",
    "v1_address",
    "v1_building",
    "v1_house",
    "v1_premises",
    "v1_organization",
    "v1_facility",
    "v1_household",
    "v1_person",
)
_FOLDER = Path(__file__).resolve().parents[2] / "views"
_AS_IT_WAS = {"v1_person": Path(__file__).with_name("v1_person_0002.sql")}  # release_0003 made it longer


def upgrade() -> None:
    """Make the views of sql/views, those that others read first."""
    for name in VIEWS:
        op.get_bind().exec_driver_sql(_AS_IT_WAS.get(name, _FOLDER / f"{name}.sql").read_text("utf-8"))


def downgrade() -> None:
    """Drop them, those that read others first."""
    for name in reversed(VIEWS):
        op.get_bind().exec_driver_sql(f"DROP VIEW {name}")
