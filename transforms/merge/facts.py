"""The four facts: houses, premises, organizations, facilities, persons, households, and their links."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import whole
from transforms.contract import Contract
from transforms.merge.golden import Flags, Golden, Ints, plain
from transforms.merge.members import of_members
from transforms.merge.night import Inputs
from transforms.merge.places import Located, columns, first
from transforms.merge.standards import Columns
from transforms.places import numbers

_GONE = pa.array(["dead", "moved_out"])
_TEXT = pa.string()
_ADDRESSES = ("actual_address", "registered_address")  # of persons


def house_tables(_inputs: Inputs, golden: Golden, located: Located) -> dict[str, Columns]:
    """fact_house: its building by the building's number, else by its address."""
    known = golden.value("address_village", "address").is_valid()  # a path without a village may be several nodes
    nodes = pc.if_else(known, golden.value("address_id", "address"), pa.scalar(None, _TEXT))
    placed = columns(first(located.of(golden, "address").known(nodes)))
    numbered = golden.value("building_id", "building_code")
    return {
        "fact_house": {
            **placed,
            "house_id": golden.ids,
            "building_id": pc.coalesce(numbered, placed["building_id"]),
            **{c: golden.coded(c) for c in ("use_registered", "use_actual", "area")},
            "certainty": golden.certainty,
            **golden.ending(),
        }
    }


def premises_tables(_inputs: Inputs, golden: Golden, located: Located) -> dict[str, Columns]:
    """fact_premises."""
    return {
        "fact_premises": {
            **columns(first(located.of(golden, "address"))),
            "premises_id": golden.ids,
            "licences": _licences(golden),
            **{c: golden.value(c) for c in ("name", "premises_kind")},
            "certainty": golden.certainty,
            **golden.ending(),
        }
    }


def _licences(golden: Golden) -> pa.Array:
    """Per entity a JSON list of the licence numbers its records say, sorted."""
    if "licence" not in golden.live.column_names:
        return pa.repeat(pa.scalar("[]"), len(golden.ids))
    said = pa.table({"e": golden.entity, "licence": plain(whole(golden.live.column("licence")))}).filter(
        pc.greater(pc.utf8_length(pc.field("licence")), 0)
    )
    listed = said.group_by("e").aggregate([("licence", "distinct")]).to_pydict()
    found = ["[]"] * len(golden.ids)
    for entity, licences in zip(listed["e"], listed["licence_distinct"], strict=True):
        found[entity] = json.dumps(sorted(licences), ensure_ascii=False)
    return pa.array(found, _TEXT)


def organization_tables(inputs: Inputs, golden: Golden, located: Located) -> dict[str, Columns]:
    """fact_organization and rel_org_premises."""
    registered, actual = located.of(golden, "registered_address"), located.of(golden, "actual_address")
    plain = ("credit_code", "name", "organization_kind", "industry", "status", "established")
    return {
        "fact_organization": {
            **columns(first(actual, registered)),
            "organization_id": golden.ids,
            "registered_address_id": registered.address_id,
            "actual_address_id": actual.address_id,
            **{c: golden.value(c) for c in plain},
            "certainty": golden.certainty,
            **golden.ending(),
        },
        "rel_org_premises": _org_premises(inputs, golden),
    }


def _org_premises(inputs: Inputs, golden: Golden) -> Columns:
    """An organization keeps the premises that its own source row tells of, or of the same name at the same address."""
    live, order = inputs.live("premises"), inputs.order("premises")
    parts = [
        (live.keys("batch", "ordinal"), golden.live.keys("batch", "ordinal")),
        (live.keys("address_path", "name_key"), golden.live.keys("actual_address_path", "name_key")),
    ]
    code = np.empty(len(order.record), dtype=np.int64)
    code[order.record] = order.entity
    found = []
    for theirs, own in parts:
        at = pc.fill_null(pc.index_in(own, theirs, skip_nulls=True), -1).to_numpy()
        r = np.flatnonzero(at >= 0)
        found.append(np.column_stack([golden.entity[r], code[at[r]], r]))
    return _relation(golden, ("organization_id", "premises_id"), "actual", order.ids, np.concatenate(found))


def _relation(golden: Golden, names: tuple[str, str], role: str, others: pa.Array, links: Ints) -> Columns:
    """A link table of one role, sorted by key.

    Args:
        golden: the left entities.
        names: of the two key columns.
        role: of all rows.
        others: ids of the right entities, sorted.
        links: (left place, right place, record number) rows; of several for one pair the smallest record counts.
    """
    links = links[np.lexsort(links.T[::-1])]
    changed = np.ones(len(links), dtype=bool)
    changed[1:] = (links[1:, :2] != links[:-1, :2]).any(axis=1)
    left, right, r = (np.ascontiguousarray(column) for column in links[changed].T)
    return {
        names[0]: golden.ids.take(pa.array(left)),
        names[1]: others.take(pa.array(right)),
        "role": pa.repeat(pa.scalar(role), len(r)),
        **_told_by(golden, r),
    }


def _told_by(golden: Golden, r: Ints) -> Columns:
    """The columns that links end with, by the records that tell of them."""
    ids = golden.live.ids.take(pa.array(r))
    return {
        "record_id": ids,
        "valid_from": pa.array(golden.live.days()[r], pa.int32()).cast(pa.date32()),
        "valid_to": pa.nulls(len(r), pa.date32()),
        "provenance": pc.binary_join_element_wise('{"record": "', ids, '"}', ""),
    }


def facility_tables(inputs: Inputs, golden: Golden, located: Located) -> dict[str, Columns]:
    """fact_facility, the grid of each facility's own point, and an empty rel_facility_house."""
    plain = ("code", "facility_class", "name", "owner", "keeper", "status", "lon")
    return {
        "fact_facility": {
            **columns(first(located.of(golden, "address"))),
            "facility_id": golden.ids,
            **{c: golden.value(c) for c in plain},
            "lat": golden.value("lat", "lon"),  # a point is one value: both halves from one record
            "certainty": golden.certainty,
            **golden.ending(),
        },
        "place_grid": _facility_grid(inputs, golden, located),
        "rel_facility_house": {},
    }


def _facility_grid(inputs: Inputs, golden: Golden, located: Located) -> Columns:
    """Every facility in a grid of the newest cut, or the reason why not; no rows without a cut."""
    cut = max(inputs.place_grid()["cut"].unique().drop_null().to_pylist(), default=None)
    size = len(golden.ids) if cut else 0
    grid: pa.Array = pa.nulls(len(golden.ids), _TEXT)
    reason, method, placed = grid, grid, np.zeros(len(golden.ids), dtype=bool)
    for name in ("point", "lon", "address"):
        best = located.best(golden, name, "lon", ("grid_id", "method", "reason"))
        tells = pc.or_kleene(pc.is_valid(best["grid_id"]), pc.equal(best["method"], "polygon"))
        tells = pc.fill_null(tells, fill_value=False).to_numpy(zero_copy_only=False) & ~placed
        grid, reason, method = (
            pc.if_else(pa.array(tells), best[c], kept)
            for c, kept in (("grid_id", grid), ("reason", reason), ("method", method))
        )
        placed |= tells
    reason = pc.if_else(pa.array(placed), pc.coalesce(reason, pa.scalar("gap")), "no_coordinate")
    return {
        "node_kind": pa.repeat(pa.scalar("facility"), size),
        "node_id": golden.ids[:size],
        "cut": pa.repeat(pa.scalar(cut, _TEXT), size),
        "grid_id": grid[:size],
        "method": pc.coalesce(method, pa.scalar("polygon"))[:size],
        "reason": pc.if_else(pc.is_valid(grid), pa.scalar(None, _TEXT), reason)[:size],
        "valid_from": pa.repeat(pa.scalar(cut, _TEXT), size).cast(pa.date32()),
        "valid_to": pa.nulls(size, pa.date32()),
        "provenance": pa.repeat(pa.scalar("{}"), size),
    }


def person_tables(inputs: Inputs, golden: Golden, located: Located) -> dict[str, Columns]:
    """fact_person, rel_person_house and an empty rel_person_org; who has died or moved away stands in none."""
    living = golden.among(~gone(golden, inputs.contracts))
    said = ("name", "sex", "birth_date", "residence_kind", "life_status", "status_date")
    return {
        "fact_person": {
            **columns(first(located.of_either(living, "actual_address", "registered_address"))),
            "person_id": living.ids,
            "birth_precision": living.coded("birth_date_precision", "birth_date"),
            **{f"{name}_id": plain(located.coded(living, name, "address_id")) for name in _ADDRESSES},
            "household_id": pa.nulls(len(living.ids), _TEXT),
            **{c: living.coded(c) for c in said},
            "certainty": living.certainty,
            **living.ending(),
        },
        "rel_person_house": _housed(living, located),
        "rel_person_org": {},
    }


def _housed(golden: Golden, located: Located) -> Columns:
    """Persons and the houses of their two addresses, sorted by key: of one person there are two rows at most."""
    told = [located.coded(golden, name, "house_id") for name in _ADDRESSES]  # in the order of the roles
    said = [pc.fill_null(houses.indices, -1).to_numpy() for houses in told]
    housed = [np.flatnonzero(code >= 0) for code in said]
    entity, role = np.concatenate(housed), np.repeat(np.arange(len(told)), [len(e) for e in housed])
    words = told[0].dictionary
    code = np.concatenate([of[e] for of, e in zip(said, housed, strict=True)])
    record = np.concatenate([golden.winners[n][e] for n, e in zip(_ADDRESSES, housed, strict=True)])
    order = np.argsort((entity * (len(words) + 1) + code) * len(told) + role)
    roles = pa.array([name.removesuffix("_address") for name in _ADDRESSES], _TEXT)
    return {
        "person_id": golden.ids.take(pa.array(entity[order])),
        "house_id": words.take(pa.array(code[order])),
        "role": pa.DictionaryArray.from_arrays(role[order].astype(np.int32), roles),
        **_told_by(golden, record[order]),
    }


def gone(golden: Golden, contracts: dict[str, Contract]) -> Flags:
    """Per entity: the authority for life_status says that the person died or moved out."""
    authorities = sorted(s for s, c in contracts.items() if "life_status" in c.registers.authority_for)
    left = pc.is_in(golden.value("life_status"), _GONE)
    by = pc.is_in(golden.value("source", "life_status"), pa.array(authorities, _TEXT))
    return np.asarray(pc.and_(left, by).to_numpy(zero_copy_only=False), dtype=bool)


def household_tables(inputs: Inputs, golden: Golden, located: Located, persons: Iterable[Golden]) -> dict[str, Columns]:
    """fact_household, and who lives in which (person_household).

    Args:
        inputs: of the night.
        golden: the households.
        located: where their records stand.
        persons: who won whose household_key, in the order of the person ids.
    """
    living = inputs.merged("person", "fact_person", ["person_id", "registered_address_id"]).combine_chunks()
    row, home = _members(golden, persons, whole(living["person_id"]))
    members = living.take(pa.array(row)).combine_chunks()
    registered = whole(members["registered_address_id"])
    place = of_members(located.of(golden, "address"), home, registered, inputs.library())
    return {
        "fact_household": {
            **columns(first(place)),
            "household_id": golden.ids,
            "size": pa.array(np.bincount(home, minlength=len(golden.ids)).astype(np.int64)),
            "certainty": golden.certainty,
            **golden.ending(),
        },
        "person_household": {
            "person_id": whole(members["person_id"]),
            "household_id": golden.ids.take(pa.array(home)),
        },
    }


def _members(golden: Golden, persons: Iterable[Golden], living: pa.Array) -> tuple[Ints, Ints]:
    """Of every member the place among the living persons, and of the household."""
    codes = golden.live.keys("code")
    found = [np.zeros((0, 2), dtype=np.int64)]
    for some in persons:
        at = pc.fill_null(pc.index_in(some.value("household_key"), codes, skip_nulls=True), -1).to_numpy()
        row = numbers(living, some.ids)
        here = np.flatnonzero((at >= 0) & (row >= 0))
        found.append(np.column_stack([row[here], golden.entity[at[here]]]))
    row, home = np.concatenate(found).T
    return row, home
