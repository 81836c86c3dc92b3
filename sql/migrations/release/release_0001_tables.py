"""The tables of the release database, first shape.

One long module on purpose: a migration is read from top to bottom and never edited once production has run it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "release_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table, its key, and on tables with history the index that allows one current row per key."""
    _standards()
    _facts()
    _relations()
    _receipts()


def downgrade() -> None:
    """Drop every table; the data go with it."""
    for name in (
        "stat_grid",
        "source_state",
        "change",
        "identity",
        "record",
        "vault_identifier",
        "grid_crosswalk",
        "rel_facility_house",
        "rel_person_org",
        "rel_org_premises",
        "rel_person_house",
        "fact_household",
        "fact_facility",
        "fact_organization",
        "fact_premises",
        "fact_house",
        "fact_person",
        "place_grid",
        "std_building",
        "std_address",
        "std_grid",
        "std_division",
        "std_map_layer",
        "release",
    ):
        op.drop_table(name)


def _standards() -> None:
    """The four standards, and where their nodes lie in the grids."""
    op.create_table(
        "std_map_layer",
        sa.Column("layer_id", sa.Text(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("edition", sa.Text(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("extent", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("layer_id", "known_from", name="std_map_layer_pkey"),
    )
    _current("std_map_layer", "layer_id")
    op.create_table(
        "std_division",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("parent_code", sa.Text(), nullable=True),
        sa.Column("successor_code", sa.Text(), nullable=True),
        sa.Column("pseudo", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code", "known_from", name="std_division_pkey"),
    )
    _current("std_division", "code")
    op.create_table(
        "std_grid",
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("cut", sa.Text(), nullable=False),
        sa.Column("polygon", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("grid_id", "known_from", name="std_grid_pkey"),
    )
    _current("std_grid", "grid_id")
    op.create_table(
        "std_address",
        sa.Column("address_id", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("full_text", sa.Text(), nullable=False),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("aliases", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("address_id", "known_from", name="std_address_pkey"),
    )
    _current("std_address", "address_id")
    op.create_index("std_address_division_code_idx", "std_address", ["division_code"])
    op.create_table(
        "std_building",
        sa.Column("building_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("floors", sa.BigInteger(), nullable=True),
        sa.Column("year", sa.BigInteger(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("building_id", "known_from", name="std_building_pkey"),
    )
    _current("std_building", "building_id")
    op.create_table(
        "place_grid",
        sa.Column("node_kind", sa.Text(), nullable=False),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("cut", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=True),
        sa.Column("method", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("node_kind", "node_id", "cut", "known_from", name="place_grid_pkey"),
    )
    _current("place_grid", "node_kind", "node_id", "cut")
    op.create_index(
        "place_grid_cut_idx",
        "place_grid",
        ["cut"],
        sqlite_where=sa.text("known_to IS NULL"),
        postgresql_where=sa.text("known_to IS NULL"),
    )


def _facts() -> None:
    """The four facts, premises and households."""
    op.create_table(
        "fact_person",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("birth_precision", sa.Text(), nullable=True),
        sa.Column("registered_address_id", sa.Text(), nullable=True),
        sa.Column("actual_address_id", sa.Text(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("place_reason", sa.Text(), nullable=True),
        sa.Column("house_id", sa.Text(), nullable=True),
        sa.Column("household_id", sa.Text(), nullable=True),
        sa.Column("residence_kind", sa.Text(), nullable=True),
        sa.Column("life_status", sa.Text(), nullable=True),
        sa.Column("status_date", sa.Date(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "known_from", name="fact_person_pkey"),
    )
    _current("fact_person", "person_id")
    op.create_index("fact_person_house_id_idx", "fact_person", ["house_id"])
    op.create_index("fact_person_household_id_idx", "fact_person", ["household_id"])
    op.create_table(
        "fact_house",
        sa.Column("house_id", sa.Text(), nullable=False),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("place_reason", sa.Text(), nullable=True),
        sa.Column("use_registered", sa.Text(), nullable=True),
        sa.Column("use_actual", sa.Text(), nullable=True),
        sa.Column("area", sa.Double(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("house_id", "known_from", name="fact_house_pkey"),
    )
    _current("fact_house", "house_id")
    op.create_table(
        "fact_premises",
        sa.Column("premises_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("house_id", sa.Text(), nullable=True),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("place_reason", sa.Text(), nullable=True),
        sa.Column("premises_kind", sa.Text(), nullable=True),
        sa.Column("licences", sa.Text(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("premises_id", "known_from", name="fact_premises_pkey"),
    )
    _current("fact_premises", "premises_id")
    op.create_table(
        "fact_organization",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("credit_code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("organization_kind", sa.Text(), nullable=True),
        sa.Column("industry", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("established", sa.Date(), nullable=True),
        sa.Column("registered_address_id", sa.Text(), nullable=True),
        sa.Column("actual_address_id", sa.Text(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("place_reason", sa.Text(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "known_from", name="fact_organization_pkey"),
    )
    _current("fact_organization", "organization_id")
    op.create_index("fact_organization_division_code_idx", "fact_organization", ["division_code"])
    op.create_table(
        "fact_facility",
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("facility_class", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("keeper", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("place_reason", sa.Text(), nullable=True),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("facility_id", "known_from", name="fact_facility_pkey"),
    )
    _current("fact_facility", "facility_id")
    op.create_table(
        "fact_household",
        sa.Column("household_id", sa.Text(), nullable=False),
        sa.Column("house_id", sa.Text(), nullable=True),
        sa.Column("address_id", sa.Text(), nullable=True),
        sa.Column("building_id", sa.Text(), nullable=True),
        sa.Column("division_code", sa.Text(), nullable=True),
        sa.Column("place_reason", sa.Text(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("certainty", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("household_id", "known_from", name="fact_household_pkey"),
    )
    _current("fact_household", "household_id")


def _relations() -> None:
    """Dated links, the crosswalk of grids and the vault."""
    op.create_table(
        "rel_person_house",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("house_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "house_id", "role", "known_from", name="rel_person_house_pkey"),
    )
    _current("rel_person_house", "person_id", "house_id", "role")
    op.create_table(
        "rel_org_premises",
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("premises_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("organization_id", "premises_id", "role", "known_from", name="rel_org_premises_pkey"),
    )
    _current("rel_org_premises", "organization_id", "premises_id", "role")
    op.create_table(
        "rel_person_org",
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("organization_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("person_id", "organization_id", "role", "known_from", name="rel_person_org_pkey"),
    )
    _current("rel_person_org", "person_id", "organization_id", "role")
    op.create_table(
        "rel_facility_house",
        sa.Column("facility_id", sa.Text(), nullable=False),
        sa.Column("house_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("facility_id", "house_id", "role", "known_from", name="rel_facility_house_pkey"),
    )
    _current("rel_facility_house", "facility_id", "house_id", "role")
    op.create_table(
        "grid_crosswalk",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("old_code", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("source", "old_code", "grid_id", "known_from", name="grid_crosswalk_pkey"),
    )
    _current("grid_crosswalk", "source", "old_code", "grid_id")
    op.create_table(
        "vault_identifier",
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("provenance", sa.Text(), nullable=False),
        sa.Column("known_from", sa.BigInteger(), nullable=False),
        sa.Column("known_to", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("entity_id", "what", "token", "known_from", name="vault_identifier_pkey"),
    )
    _current("vault_identifier", "entity_id", "what", "token")
    op.create_index("vault_identifier_token_idx", "vault_identifier", ["token"])


def _receipts() -> None:
    """Releases, the change feed, identities, the crosswalk of records, and what was counted."""
    op.create_table(
        "release",
        sa.Column("release", sa.BigInteger(), nullable=False),
        sa.Column("night", sa.Text(), nullable=False),
        sa.Column("checksum", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release", name="release_pkey"),
    )
    op.create_table(
        "record",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("batch", sa.Text(), nullable=False),
        sa.Column("line", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "batch", "line", "kind", "record_id", name="record_pkey"),
    )
    op.create_index("record_entity_id_idx", "record", ["entity_id"])
    op.create_index("record_record_id_idx", "record", ["record_id"])
    op.create_table(
        "identity",
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("minted_release", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("retired_release", sa.BigInteger(), nullable=True),
        sa.Column("signpost", sa.Text(), nullable=True),
        sa.Column("founding_record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("entity_id", name="identity_pkey"),
    )
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("release", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=True),
        sa.Column("other_id", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("seq", name="change_pkey"),
        sa.ForeignKeyConstraint(["release"], ["release.release"], name="change_release_fkey"),
    )
    op.create_index("change_release_idx", "change", ["release"])
    op.create_index("change_entity_id_idx", "change", ["entity_id"])
    op.create_table(
        "source_state",
        sa.Column("release", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("as_of", sa.Text(), nullable=True),
        sa.Column("batch", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("release", "source", name="source_state_pkey"),
        sa.ForeignKeyConstraint(["release"], ["release.release"], name="source_state_release_fkey"),
    )
    op.create_table(
        "stat_grid",
        sa.Column("cut", sa.Text(), nullable=False),
        sa.Column("grid_id", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("persons", sa.BigInteger(), nullable=True),
        sa.Column("households", sa.BigInteger(), nullable=True),
        sa.Column("houses", sa.BigInteger(), nullable=True),
        sa.Column("premises", sa.BigInteger(), nullable=True),
        sa.Column("organizations", sa.BigInteger(), nullable=True),
        sa.Column("facilities", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("cut", "grid_id", name="stat_grid_pkey"),
    )


def _current(table: str, *key: str) -> None:
    """At most one current version per key."""
    current = sa.text("known_to IS NULL")
    op.create_index(
        f"{table}_current_idx", table, list(key), unique=True, sqlite_where=current, postgresql_where=current
    )
