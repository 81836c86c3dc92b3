"""Two nights of a city of three persons, as account would close them: synthetic, every table of the release filled."""

from __future__ import annotations

import copy
import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from transforms import checksum, manifest, store, tables
from transforms.run import Run, Settings

Row = dict[str, object]
City = dict[str, list[Row]]
NIGHTS = ("2026-10-01", "2026-10-02")
_DAY, _CUT, _VILLAGE = dt.date(2026, 9, 30), "2026-09-30", "445302001001"
_END: Row = {"valid_from": _DAY, "valid_to": None, "provenance": '{"name": "rec1"}'}
_NUMBERED = {"change": ("seq", "release"), "source_state": ("release",), "home": ("homed_release",)}  # by publish
_PLACE: Row = {"division_code": _VILLAGE, "place_reason": None}


def first_city() -> City:
    """Every table with a row or more; names hold what CSV and SQL find hard."""
    codes = [("440000000000", "province"), ("445300000000", "city"), ("445302000000", "county"),
             ("445302001000", "town"), (_VILLAGE, "village")]  # fmt: skip
    above = [None, *(code for code, _ in codes)]
    levels = ("large", "medium", "small", "micro")
    city: City = {
        "std_map_layer": [{"layer_id": "lay1", "layer": "base", "edition": "2026", "crs": "cgcs2000", "source": "src"}],
        "std_division": [
            {"code": code, "name": f"{level}“合成”", "level": level, "parent_code": parent, "pseudo": False}
            for (code, level), parent in zip(codes, above, strict=False)
        ],
        "std_grid": [
            {"grid_id": f"g{i}", "code": f"445302G{i}", "scheme": "local", "level": level, "type": "general",
             "name": f"第{i}网格", "parent_id": f"g{i - 1}" if i else None, "cut": _CUT, "polygon": '{"type": "x"}'}
            for i, level in enumerate(levels)
        ],
        "std_address": [
            {"address_id": "a1", "parent_id": None, "level": "door", "name": "1号", "full_text": "合成路1号",
             "division_code": _VILLAGE, "building_id": "b1", "lon": 112.04, "lat": -0.0, "aliases": "[]"},
            {"address_id": "a2", "parent_id": "a1", "level": "room", "name": "", "full_text": 'a "quoted",\nline',
             "division_code": _VILLAGE, "building_id": "b1"},
        ],
        "std_building": [{"building_id": "b1", "code": "B1", "scheme": "local", "address_id": "a1", "floors": 3,
                          "division_code": _VILLAGE, "lon": 112.0412345, "lat": 22.9}],
        "building_outline": [{"building_id": "b1", "polygon": '{"type": "x"}'}],
        "building_grid": [
            {"building_id": "b1", "cut": _CUT, "grid_id": "g3", "share": 0.25, "assigned": False},
            {"building_id": "b1", "cut": _CUT, "grid_id": "g2", "share": 0.75, "assigned": True},
        ],
        "place_grid": [
            {"node_kind": "address", "node_id": "a1", "cut": _CUT, "grid_id": "g3", "method": "polygon"},
            {"node_kind": "address", "node_id": "a2", "cut": _CUT, "reason": "no_coordinate"},
            {"node_kind": "building", "node_id": "b1", "cut": _CUT, "grid_id": "g3", "method": "building"},
            {"node_kind": "division", "node_id": _VILLAGE, "cut": _CUT, "grid_id": "g1", "method": "village"},
            {"node_kind": "facility", "node_id": "f1", "cut": _CUT, "grid_id": "g2", "method": "polygon"},
        ],
        "fact_house": [{"house_id": "h1", "building_id": "b1", "address_id": "a2", "area": 80.25,
                        "certainty": "number"}],
        "fact_premises": [{"premises_id": "p1", "name": "合成店", "house_id": "h1", "building_id": "b1",
                           "address_id": "a1", "licences": "[]", "certainty": "single"}],
        "fact_organization": [{"organization_id": "o1", "credit_code": "91X", "name": "合成公司", "established": _DAY,
                               "address_id": None, "place_reason": "unresolved", "certainty": "scored"}],
        "fact_facility": [{"facility_id": "f1", "facility_class": "0101", "lon": 112.0, "lat": 22.9,
                           "address_id": None, "place_reason": "no_address", "certainty": "scored"}],
        "fact_person": [_person(1, household_id="hh1"), _person(2, household_id="hh1"), _person(3)],
        "fact_household": [{"household_id": "hh1", "house_id": "h1", "building_id": "b1", "address_id": "a2",
                            "size": 2, "certainty": "number"}],
        "rel_person_house": [{"person_id": "per1", "house_id": "h1", "role": "actual", "record_id": "rec1"}],
        "rel_org_premises": [{"organization_id": "o1", "premises_id": "p1", "role": "operates", "record_id": "rec9"}],
        "rel_person_org": [{"person_id": "per1", "organization_id": "o1", "role": "works", "record_id": "rec1"}],
        "rel_facility_house": [{"facility_id": "f1", "house_id": "h1", "role": "serves", "record_id": "rec8"}],
        "grid_crosswalk": [{"source": "src", "old_code": "old1", "grid_id": "g3", "weight": 0.5}],
        "vault_identifier": [{"entity_id": "per1", "what": "document", "token": "tok1", "kind": "person",
                              "ciphertext": b"\x00\xff,\"", "key_id": "vault-1"}],
        "record": [_record(i) for i in (1, 2, 3)],
        "identity": [_identity(i) for i in (1, 2, 3)],
        "stat_grid": [{"cut": _CUT, "grid_id": "g3", "level": "micro", "persons": 7, "houses": None}],
    }  # fmt: skip
    for name, rows in city.items():
        facts = tables.load_all()[name].facts.names
        city[name] = [{k: v for k, v in (_END | _PLACE | row).items() if k in facts} for row in rows]
    return city


def _person(number: int, **more: object) -> Row:
    return {
        "person_id": f"per{number}", "name": f"张合成{number}", "sex": "female", "birth_date": dt.date(1990, 1, number),
        "birth_precision": "day", "address_id": "a2", "building_id": "b1", "house_id": "h1", "certainty": "number",
        "life_status": "living", **more,
    }  # fmt: skip


def _record(number: int) -> Row:
    return {"source": "src", "batch": f"src-20261001-0-{'a' * 64}", "line": number + 1, "kind": "person",
            "record_id": f"rec{number}", "entity_id": f"per{number}", "state": "merged"}  # fmt: skip


def _identity(number: int, release: int = 1) -> Row:
    return {"entity_id": f"per{number}", "kind": "person", "minted_release": release, "state": "live",
            "founding_record": f"rec{number}"}  # fmt: skip


def second_city() -> City:
    """A person renamed, one gone into another, one new; everything else as it was."""
    city = copy.deepcopy(first_city())
    person, new = city["fact_person"], {**city["fact_person"][2], "person_id": "per4", "name": "李合成4"}
    person[0]["name"] = "张合成一"
    city["fact_person"] = [person[0], person[1], new]
    city["record"][2]["entity_id"] = "per1"
    city["record"].append(_record(4))
    city["identity"][2] |= {"state": "retired", "retired_release": 2, "signpost": "per1"}
    city["identity"].append(_identity(4, release=2))
    return city


def arrow(city: City) -> dict[str, pa.Table]:
    """The city as Arrow tables of the catalogue's columns."""
    return {name: pa.Table.from_pylist(rows, tables.load_all()[name].facts) for name, rows in city.items()}


@dataclass(frozen=True)
class Closed:
    """A night whose books are closed: what publish is given."""

    run: Run
    checksum: str


def close(settings: Settings, night: str, before: City, now: City, base: int, **wrong: object) -> Closed:
    """Write ``account/release`` of a night as docs/rooms.md says; ``wrong`` overwrites entries of release.json."""
    run = Run.of(night, settings=settings)
    whole = arrow(now)
    told = {
        "night": night, "base_release": base, "checksum": checksum.tables_checksum(whole),
        "counts": {name: table.num_rows for name, table in whole.items()},
    } | wrong  # fmt: skip
    with store.output(store.night_dir(run, "account", "release")) as folder:
        for name, rows in now.items():
            _write_delta(folder, name, before.get(name, []), rows)
        for name, rows in _receipts(night, base).items():
            schema = pa.schema([f for f in tables.load_all()[name].schema if f.name not in _NUMBERED.get(name, ())])
            store.write_table(folder / f"{name}.parquet", pa.Table.from_pylist(rows, schema))
        (folder / "release.json").write_text(json.dumps(told), "utf-8")
        manifest.write(folder, "account", {"base_release": str(base)})
    braked(run)
    return Closed(run, str(told["checksum"]))


def braked(run: Run) -> None:
    """Leave what the brakes leave of a closed night that is within every budget."""
    closed = store.night_dir(run, "account", "release")
    passed = dict(
        [manifest.upstream(run.settings.lake, closed, manifest.require(run.settings.lake, closed, "account"))]
    )
    with store.output(store.night_dir(run, "brakes")) as folder:
        manifest.write(folder, "brakes", passed)


def _write_delta(folder: Path, name: str, before: list[Row], now: list[Row]) -> None:
    table = tables.load_all()[name]
    closed = [{key: row[key] for key in table.key} for row in before if row not in now]
    opened = [row for row in now if row not in before]
    keys = pa.schema([table.schema.field(key) for key in table.key])
    for part, rows, schema in (("close", closed, keys), ("open", opened, table.facts)):
        if rows:
            store.write_table(folder / f"{name}.{part}.parquet", pa.Table.from_pylist(rows, schema))


def _receipts(night: str, base: int) -> dict[str, list[Row]]:
    batch = f"src-20261001-0-{'a' * 64}"
    event: Row = {"kind": "person", "fields": None, "other_id": None}
    first = [event | {"entity_id": f"per{i}", "event": "create"} for i in (1, 2, 3)]
    later = [event | {"entity_id": "per1", "event": "update", "fields": "name"},
             event | {"entity_id": "per3", "event": "merge", "other_id": "per1"}]  # fmt: skip
    row: Row = {"batch": batch, "source": "src", "line": 2, "ordinal": 1}
    states = dict.fromkeys(
        ("quarantined", "merged", "duplicate", "superseded", "withdrawn", "held", "erased", "expired"), 0
    )
    states |= {"landed": 2, "quarantined": 1, "superseded" if base else "merged": 1}
    return {
        "change": later if base else first,
        "source_state": [{"source": "src", "as_of": night, "batch": batch, "state": "fresh", "rows": 3}],
        "delivery": [{"source": "src", "file": "src.csv", "sha256": "a" * 64, "night": night, "state": "landed"}],
        "home": [{"kind": "person", "record_id": f"rec{i}", "entity_id": f"per{i}"} for i in (1, 2, 3 + bool(base))],
        "outcome": [{"batch": batch, "kind": "person", "source": "src", "digest": "b" * 64} | states],
        "quarantine": [row | {"ordinal": 9, "line": 10, "field": "姓名", "rule": "REQUIRED", "state": "open"}],
    }
