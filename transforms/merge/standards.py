"""The four standards: map layers, divisions, grids, addresses, buildings."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from transforms.live import Live
from transforms.merge.golden import Flags, Golden
from transforms.merge.night import Inputs

_DIGITS = 7  # decimals of a degree: about a centimetre
_STEPS = 8  # of the longest path: group, road, door, estate, building, unit, floor, room
_BEGINNING = date(1949, 10, 1)  # of a division whose table names no first day
Columns = dict[str, pa.Array]


def grid_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """std_grid, std_map_layer, std_division and place_grid of divisions."""
    by_code = dict(zip(golden.value("code").to_pylist(), golden.entities, strict=True))
    shapes = golden.value("polygon")
    grids = {
        "grid_id": pa.array(golden.entities, pa.string()),
        "scheme": golden.value("source", "code"),
        "parent_id": pa.array([by_code.get(c) for c in golden.value("parent_code").to_pylist()], pa.string()),
        "cut": pa.array([_cut(golden)] * len(golden.entities), pa.string()),
        "polygon": pa.array([geojson(w) for w in shapes.to_pylist()], pa.string()),
        **{c: golden.value(c) for c in ("code", "name", "level", "type")},
        **golden.ending(),
    }
    return {
        "std_grid": grids,
        "std_map_layer": _layers(golden, shapes),
        "std_division": divisions(inputs.run.settings.expectations / "lookups" / "divisions.csv"),
        "place_grid": place_grid(inputs, "division"),
    }


def geojson(wkb: bytes | None) -> str | None:
    """GeoJSON text of a WKB geometry, coordinates rounded to 7 decimals."""
    if wkb is None:
        return None
    shape = shapely.transform(shapely.from_wkb(wkb), lambda points: np.round(points, _DIGITS))
    return str(shapely.to_geojson(shape))


def _cut(golden: Golden) -> str | None:
    """The version of the grids in force: the day of the delivery that last changed any of them."""
    return max(golden.value("as_of", "code").drop_null().to_pylist(), default=None)


def _layers(golden: Golden, shapes: pa.Array) -> Columns:
    """One layer a source of the cut: the grids themselves; a base map is listed once a source delivers one."""
    cuts: dict[tuple[str, str], list[bytes]] = defaultdict(list)
    cut = _cut(golden)
    for source, shape in zip(golden.value("source", "code").to_pylist(), shapes.to_pylist(), strict=True):
        if shape is not None and cut is not None:
            cuts[(cut, source)].append(shape)
    rows = sorted(cuts)
    extents = [shapely.total_bounds(shapely.from_wkb(cuts[row])) for row in rows]
    return {
        "layer_id": pa.array([f"grid-{source}-{cut}" for cut, source in rows], pa.string()),
        "layer": pa.array(["标准基础网格"] * len(rows), pa.string()),
        "edition": pa.array([cut for cut, _ in rows], pa.string()),
        "crs": pa.array(["CGCS2000"] * len(rows), pa.string()),
        "extent": pa.array([json.dumps([round(float(x), _DIGITS) for x in e]) for e in extents], pa.string()),
        "source": pa.array([source for _, source in rows], pa.string()),
        **_plain_ending([date.fromisoformat(cut) for cut, _ in rows]),
    }


def divisions(path: Path) -> Columns:
    """std_division from the reviewed lookup."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: row["code"])
    starts = [date.fromisoformat(row["valid_from"]) if row["valid_from"] else _BEGINNING for row in rows]
    ends = [date.fromisoformat(row["valid_to"]) if row["valid_to"] else None for row in rows]
    names = {"code": "code", "name": "name", "level": "level", "parent_code": "parent", "successor_code": "successor"}
    return {
        **{column: pa.array([row[key] or None for row in rows], pa.string()) for column, key in names.items()},
        "pseudo": pa.array([row["pseudo"] == "true" for row in rows], pa.bool_()),
        **_plain_ending(starts),
        "valid_to": pa.array(ends, pa.date32()),
    }


def place_grid(inputs: Inputs, node_kind: str) -> Columns:
    """Locate's grids of one kind of node."""
    found = inputs.place_grid()
    chosen = [row for row in found.to_pylist() if row["node_kind"] == node_kind]
    return {
        **{name: pa.array([row[name] for row in chosen], pa.string()) for name in found.column_names},
        **_plain_ending([date.fromisoformat(row["cut"]) for row in chosen]),
    }


def _plain_ending(starts: list[date]) -> Columns:
    return {
        "valid_from": pa.array(starts, pa.date32()),
        "valid_to": pa.nulls(len(starts), pa.date32()),
        "provenance": pa.array(["{}"] * len(starts), pa.string()),
    }


def address_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """std_address and the grids of its nodes."""
    paths: list[str] = golden.value("path").to_pylist()
    by_path = inputs.entity_by("address", "path")
    parents = [by_path.get(path) for path in golden.value("parent_path", "path").to_pylist()]
    building = inputs.entity_by("building", "code")
    codes = golden.value("building_code").to_pylist()
    own = {entity: building.get(code) for entity, code in zip(golden.entities, codes, strict=True)}
    above = dict(zip(golden.entities, parents, strict=True))
    return {
        "std_address": {
            "address_id": pa.array(golden.entities, pa.string()),
            "parent_id": pa.array(parents, pa.string()),
            "division_code": pa.array([_division(path) for path in paths], pa.string()),
            "building_id": pa.array([_inherited(entity, own, above) for entity in golden.entities], pa.string()),
            "status": pa.array(_statuses(inputs, golden), pa.string()),
            "aliases": pa.array(_aliases(golden), pa.string()),
            **{c: golden.value(c) for c in ("level", "name", "full_text", "lon", "lat")},
            **golden.ending(),
        },
        "place_grid": place_grid(inputs, "address"),
    }


def most_said(live: Live, cluster: pa.Table) -> Flags:
    """Per mention, whether no other of its node says more of the path: the village, then more of its elements."""
    if not live.num_rows:
        return np.zeros(0, dtype=bool)
    steps = pc.count_substring(live.column("path"), "|").to_numpy()
    says = np.where(live.column("village").is_valid().to_numpy(), _STEPS + 1, 0) + steps
    node = cluster["entity_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    most = np.zeros(live.num_rows, dtype=np.int64)
    np.maximum.at(most, node, says)
    return np.asarray(says == most[node], dtype=bool)


def _division(path: str) -> str | None:
    """The division a path stands in; null where it leaves several open, or names none."""
    scope = path.partition("|")[0]
    return scope if scope.isdigit() else None


def _inherited(entity: str | None, own: dict[str, str | None], above: dict[str, str | None]) -> str | None:
    """The building of a node: its own, else that of the nearest node above."""
    for _ in range(_STEPS):
        if entity is None or own.get(entity):
            break
        entity = above.get(entity)
    return own.get(entity) if entity else None


def _statuses(inputs: Inputs, golden: Golden) -> list[str]:
    """Per node: valid once a register of addresses names it (or a node below it), until then proposed."""
    registers = sorted(s for s, c in inputs.contracts.items() if "text" in c.registers.authority_for)
    named = np.zeros(len(golden.entities), dtype=bool)
    named[golden.entity[golden.live.sourced(registers)]] = True
    return ["valid" if valid else "proposed" for valid in named.tolist()]


def _aliases(golden: Golden) -> list[str]:
    """Per entity, JSON list of the other full texts its records use."""
    if "full_text" not in golden.live.column_names:
        return ["[]"] * len(golden.entities)
    used: list[set[str]] = [set() for _ in golden.entities]
    for entity, text in zip(golden.entity.tolist(), golden.live.column("full_text").to_pylist(), strict=True):
        if text:
            used[entity].add(text)
    chosen = golden.value("full_text").to_pylist()
    return [json.dumps(sorted(u - {c}), ensure_ascii=False) for u, c in zip(used, chosen, strict=True)]


def building_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """std_building and the grids of buildings."""
    by_path = inputs.entity_by("address", "path")
    paths = golden.value("address_path", "address").to_pylist()
    return {
        "std_building": {
            "building_id": pa.array(golden.entities, pa.string()),
            "scheme": golden.value("source", "code"),
            "address_id": pa.array([by_path.get(p) for p in paths], pa.string()),
            "division_code": pa.array(_divisions(golden, "address"), pa.string()),
            **{c: golden.value(c) for c in ("code", "name", "floors", "year", "lon", "lat")},
            **golden.ending(),
        },
        "place_grid": place_grid(inputs, "building"),
    }


def _divisions(golden: Golden, name: str) -> list[str | None]:
    """The finest division the winner of an address names."""
    listed = [golden.value(f"{name}_{level}", name).to_pylist() for level in ("village", "town", "county")]
    return [next((code for code in codes if code), None) for codes in zip(*listed, strict=True)]
