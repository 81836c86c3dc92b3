"""The four facts: houses, premises, organizations, facilities, persons, households, and their links."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa

from transforms.contract import Contract
from transforms.merge.golden import Golden
from transforms.merge.night import Inputs
from transforms.merge.places import Located, Place, address_ids, columns, first
from transforms.merge.standards import Columns

_GONE = ("dead", "moved_out")


def _text(values: Iterable[object]) -> pa.Array:
    return pa.array(list(values), pa.string())


def house_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """fact_house: its building by the building's number, else by its address."""
    by_path, by_code = inputs.entity_by("address", "path"), inputs.entity_by("building", "code")
    located = first(Located(golden.live, inputs.located()).of(golden, "address"))
    paths, codes = golden.value("address_path", "address").to_pylist(), golden.value("building_code").to_pylist()
    places = [_known(place, by_path.get(path)) for place, path in zip(located, paths, strict=True)]
    placed = columns(places)
    building = [by_code.get(code) or place.building_id for code, place in zip(codes, places, strict=True)]
    return {
        "fact_house": {
            **placed,
            "house_id": _text(golden.entities),
            "building_id": _text(building),
            **{c: golden.value(c) for c in ("use_registered", "use_actual", "area")},
            "certainty": _text(golden.certainty),
            **golden.ending(),
        }
    }


def _known(place: Place, address_id: str | None) -> Place:
    """The library's own node of the path, where there is one."""
    return replace(place, address_id=address_id, reason=None) if address_id else place


def premises_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """fact_premises."""
    licences: list[set[str]] = [set() for _ in golden.entities]
    if "licence" in golden.live.column_names:
        for entity, licence in zip(golden.entity.tolist(), golden.live.column("licence").to_pylist(), strict=True):
            if licence:
                licences[entity].add(licence)
    return {
        "fact_premises": {
            **columns(first(Located(golden.live, inputs.located()).of(golden, "address"))),
            "premises_id": _text(golden.entities),
            "licences": _text(json.dumps(sorted(s), ensure_ascii=False) for s in licences),
            **{c: golden.value(c) for c in ("name", "premises_kind")},
            "certainty": _text(golden.certainty),
            **golden.ending(),
        }
    }


def organization_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """fact_organization and rel_org_premises."""
    located = Located(golden.live, inputs.located())
    registered, actual = located.of(golden, "registered_address"), located.of(golden, "actual_address")
    plain = ("credit_code", "name", "organization_kind", "industry", "status", "established")
    return {
        "fact_organization": {
            **columns(first(actual, registered)),
            "organization_id": _text(golden.entities),
            "registered_address_id": address_ids(registered),
            "actual_address_id": address_ids(actual),
            **{c: golden.value(c) for c in plain},
            "certainty": _text(golden.certainty),
            **golden.ending(),
        },
        "rel_org_premises": _org_premises(inputs, golden),
    }


def _org_premises(inputs: Inputs, golden: Golden) -> Columns:
    """An organization keeps the premises that its own source row tells of, or of the same name at the same address."""
    live, cluster = inputs.live("premises"), inputs.cluster("premises")
    entities = cluster.column("entity_id").to_pylist()
    rows = dict(zip(_keys(live, "batch", "ordinal"), entities, strict=True))
    named = dict(zip(_keys(live, "address_path", "name_key"), entities, strict=True))
    found: dict[tuple[str, str], int] = {}
    own = zip(
        _keys(golden.live, "batch", "ordinal"), _keys(golden.live, "actual_address_path", "name_key"), strict=True
    )
    for r, (row, name) in enumerate(own):
        for premises in (rows.get(row), named.get(name) if None not in name else None):
            if premises:
                found.setdefault((golden.entities[golden.entity[r]], premises), r)
    return _relation(golden, ("organization_id", "premises_id"), [(a, b, "actual", r) for (a, b), r in found.items()])


def _keys(table: pa.Table, *names: str) -> list[tuple[object, ...]]:
    listed = [table.column(n).to_pylist() if n in table.column_names else [None] * table.num_rows for n in names]
    return list(zip(*listed, strict=True))


def _relation(golden: Golden, names: tuple[str, str], rows: list[tuple[str, str, str, int]]) -> Columns:
    """Rows (left, right, role, record number) as a link table, sorted."""
    rows = sorted(rows)
    ids, since = (golden.live.column(c).to_pylist() for c in ("record_id", "since"))
    return {
        names[0]: _text(row[0] for row in rows),
        names[1]: _text(row[1] for row in rows),
        "role": _text(row[2] for row in rows),
        "record_id": _text(ids[row[3]] for row in rows),
        "valid_from": pa.array([date.fromisoformat(since[row[3]]) for row in rows], pa.date32()),
        "valid_to": pa.nulls(len(rows), pa.date32()),
        "provenance": _text(json.dumps({"record": ids[row[3]]}) for row in rows),
    }


def facility_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """fact_facility, the grid of each facility's own point, and an empty rel_facility_house."""
    located = Located(golden.live, inputs.located())
    plain = ("code", "facility_class", "name", "owner", "keeper", "status", "lon", "lat")
    pointed = {
        "lon": golden.value("lon"),
        "lat": golden.value("lat", "lon"),  # a point is one value: both halves from one record
    }
    return {
        "fact_facility": {
            **columns(first(located.of(golden, "address"))),
            "facility_id": _text(golden.entities),
            **{c: golden.value(c) for c in plain},
            **pointed,
            "certainty": _text(golden.certainty),
            **golden.ending(),
        },
        "place_grid": _facility_grid(inputs, golden, located),
        "rel_facility_house": {},
    }


def _facility_grid(inputs: Inputs, golden: Golden, located: Located) -> Columns:
    cuts = inputs.place_grid().column("cut").to_pylist()
    ids = golden.live.column("record_id").to_pylist()
    rows = []
    for entity, r in zip(golden.entities, golden.winners["lon"].tolist(), strict=True):
        row = located.grid(ids[r]) if r >= 0 else None
        if cuts and row:
            rows.append(
                (entity, max(cuts), row["grid_id"], "polygon", None if row["grid_id"] else row["reason"] or "gap")
            )
        elif cuts:
            rows.append((entity, max(cuts), None, "polygon", "no_coordinate"))
    names = ("node_id", "cut", "grid_id", "method", "reason")
    return {
        "node_kind": _text(["facility"] * len(rows)),
        **{name: _text(row[i] for row in rows) for i, name in enumerate(names)},
        "valid_from": pa.array([date.fromisoformat(str(row[1])) for row in rows], pa.date32()),
        "valid_to": pa.nulls(len(rows), pa.date32()),
        "provenance": _text(["{}"] * len(rows)),
    }


def person_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """fact_person, rel_person_house and an empty rel_person_org; who has died or moved away stands in none."""
    located = Located(golden.live, inputs.located())
    registered, actual = located.of(golden, "registered_address"), located.of(golden, "actual_address")
    stays = ~gone(golden, inputs.contracts)
    plain = ("name", "sex", "birth_date", "residence_kind", "life_status", "status_date")
    everyone = {
        **columns(first(actual, registered)),
        "person_id": _text(golden.entities),
        "birth_precision": golden.value("birth_date_precision", "birth_date"),
        "registered_address_id": address_ids(registered),
        "actual_address_id": address_ids(actual),
        "household_id": pa.nulls(len(golden.entities), pa.string()),
        **{c: golden.value(c) for c in plain},
        "certainty": _text(golden.certainty),
        **golden.ending(),
    }
    keep = pa.array(stays)
    rows = [
        (golden.entities[e], place.house_id, role, int(golden.winners[f"{role}_address"][e]))
        for role, places in (("registered", registered), ("actual", actual))
        for e, place in enumerate(places)
        if stays[e] and place is not None and place.house_id
    ]
    return {
        "fact_person": {name: values.filter(keep) for name, values in everyone.items()},
        "rel_person_house": _relation(golden, ("person_id", "house_id"), rows),
        "rel_person_org": {},
    }


def gone(golden: Golden, contracts: dict[str, Contract]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Per entity: the authority for life_status says that the person died or moved out."""
    authorities = {s for s, c in contracts.items() if "life_status" in c.registers.authority_for}
    status = golden.value("life_status").to_pylist()
    sources = golden.value("source", "life_status").to_pylist()
    return np.array([s in _GONE and by in authorities for s, by in zip(status, sources, strict=True)], dtype=bool)


def household_tables(inputs: Inputs, golden: Golden, persons: Golden) -> dict[str, Columns]:
    """fact_household, and who lives in which (person_household)."""
    by_code = (
        dict(zip(golden.live.column("code").to_pylist(), golden.entity.tolist(), strict=True))
        if golden.entities
        else {}
    )
    here = set(inputs.merged("person", "fact_person").column("person_id").to_pylist())
    members = [
        (person, by_code[code])
        for person, code in zip(persons.entities, persons.value("household_key").to_pylist(), strict=True)
        if person in here and code in by_code
    ]
    size = np.bincount([e for _, e in members], minlength=len(golden.entities)).astype(np.int64)
    return {
        "fact_household": {
            **columns(first(Located(golden.live, inputs.located()).of(golden, "address"))),
            "household_id": _text(golden.entities),
            "size": pa.array(size, pa.int64()),
            "certainty": _text(golden.certainty),
            **golden.ending(),
        },
        "person_household": {
            "person_id": _text(p for p, _ in members),
            "household_id": _text(golden.entities[e] for _, e in members),
        },
    }
