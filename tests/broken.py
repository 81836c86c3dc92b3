"""How every check of every checks.sql is broken."""

from __future__ import annotations

from transforms import tables
from transforms.publish.checks import Check

_NO_PLACE = "UPDATE {} SET address_id = NULL, building_id = NULL, division_code = NULL, place_reason = NULL"
_ON_THE_WAY = {  # what a check of one table needs broken in another, or in a way of its own
    "place_grid.grid_of_the_cut_before_is_known": "UPDATE place_grid SET grid_id = 'nowhere'",
    "place_grid.grid_or_reason": "UPDATE place_grid SET reason = 'gap' WHERE grid_id IS NOT NULL",
    "fact_facility.grid_or_reason": "UPDATE fact_facility SET division_code = NULL, place_reason = NULL;"
    "DELETE FROM place_grid WHERE node_kind = 'facility'",
    "record.merged_has_an_entity": "UPDATE record SET entity_id = NULL",
    "record.merged_stands_in_an_entity": "UPDATE identity SET state = 'retired'",
    "identity.retired_says_when": "UPDATE identity SET retired_release = NULL",
    "change.sequence_without_gap": "DELETE FROM change WHERE seq = 2",
    "change.event_is_known": "UPDATE change SET event = 'forgotten' WHERE seq = 1",
    "release.numbers_without_gap": "INSERT INTO release VALUES (4, '2026-10-04', 'x', '{}')",
    "source_state.batch_has_a_day": "UPDATE source_state SET as_of = NULL",
    "stat_grid.small_counts_are_hidden": "UPDATE stat_grid SET houses = 4",
    "disputed.state_is_known": "UPDATE disputed SET state = 'hidden'",
    "restricted.state_is_known": "UPDATE restricted SET state = 'hidden'",
    "std_address.status_is_known": "UPDATE std_address SET status = 'current'",
    "std_grid.level_is_known": "UPDATE std_grid SET level = 'tiny'",
    "std_division.code_has_twelve_digits": "UPDATE std_division SET code = '44' WHERE level = 'province'",
    "grid_crosswalk.weight_is_a_share": "UPDATE grid_crosswalk SET weight = 1.5",
    "building_grid.grid_id_resolves": "UPDATE building_grid SET grid_id = 'nowhere' WHERE assigned",
    "building_grid.share_is_a_share": "UPDATE building_grid SET share = 1.5",
    "building_grid.assigned_once": "UPDATE building_grid SET assigned = (share > 2)",
    "fact_household.size_is_its_members": "UPDATE fact_household SET size = 99",
}


def breaking(check: Check) -> str:
    """The statement after which a check must find a row."""
    name = f"{check.table}.{check.name}"
    if name in _ON_THE_WAY:
        return _ON_THE_WAY[name]
    if check.name == "known_to_after_known_from":
        return f"UPDATE {check.table} SET known_to = known_from"
    if check.name == "address_or_reason":
        return f"UPDATE {check.table} SET address_id = NULL, place_reason = NULL"
    if check.name == "grid_or_reason":
        return _NO_PLACE.format(check.table)
    column = check.name.removesuffix("_resolves")
    assert column in tables.load_all()[check.table].columns, f"say how {name} is broken"
    return f"UPDATE {check.table} SET {column} = 'nowhere'"
