"""The four standards: map layers, divisions, grids, addresses, buildings."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from transforms.live import Live, whole
from transforms.merge.golden import Flags, Golden, Ints, plain
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
    chosen = found.filter(pc.equal(found["node_kind"], node_kind)).combine_chunks()
    size = chosen.num_rows
    return {
        **{name: chosen[name].combine_chunks() for name in found.column_names},
        "valid_from": pc.cast(chosen["cut"].combine_chunks(), pa.date32()),
        "valid_to": pa.nulls(size, pa.date32()),
        "provenance": pa.repeat(pa.scalar("{}"), size),
    }


def _plain_ending(starts: list[date]) -> Columns:
    return {
        "valid_from": pa.array(starts, pa.date32()),
        "valid_to": pa.nulls(len(starts), pa.date32()),
        "provenance": pa.array(["{}"] * len(starts), pa.string()),
    }


def address_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """std_address and the grids of its nodes."""
    parents = inputs.entity_by("address", "path", golden.value("parent_path", "path"))
    buildings = inputs.entity_by("building", "code", golden.value("building_code"))
    return {
        "std_address": {
            "address_id": golden.ids,
            "parent_id": parents,
            "division_code": _division(golden.value("path")),
            "building_id": _inherited(golden.ids, buildings, parents),
            "status": _statuses(inputs, golden, parents),
            "aliases": _aliases(golden),
            **{c: golden.value(c) for c in ("level", "name", "full_text", "lon", "lat")},
            **golden.ending(),
        },
        "place_grid": place_grid(inputs, "address"),
    }


def most_said(live: Live, node: Ints) -> Flags:
    """Per mention, whether no other of its node says more of the path: the village, then more of its elements.

    Args:
        live: the mentions.
        node: per mention the number of its node.
    """
    if not live.num_rows:
        return np.zeros(0, dtype=bool)
    path = live.codes("path")
    steps = pc.count_substring(path.dictionary, "|").to_numpy()[path.indices.to_numpy()]
    says = np.where(live.column("village").is_valid().to_numpy(), _STEPS + 1, 0) + steps
    most = np.zeros(live.num_rows, dtype=np.int64)
    np.maximum.at(most, node, says)
    return np.asarray(says == most[node], dtype=bool)


def _division(paths: pa.Array) -> pa.Array:
    """The division a path stands in; null where it leaves several open, or names none."""
    scope = pc.list_element(pc.split_pattern(paths, "|", max_splits=1), 0)
    return pc.if_else(pc.utf8_is_digit(scope), scope, pa.scalar(None, pa.string()))


def _inherited(ids: pa.Array, own: pa.Array, parents: pa.Array) -> pa.Array:
    """The building of a node: its own, else that of the nearest node above."""
    above = pc.fill_null(pc.index_in(parents, ids, skip_nulls=True), -1).to_numpy()
    bare = own.is_null().to_numpy(zero_copy_only=False)
    at = np.arange(len(ids))
    for _ in range(_STEPS):
        at = np.where((at >= 0) & bare[at], above[at], at)
    return own.take(pa.array(at, mask=at < 0))


def _statuses(inputs: Inputs, golden: Golden, parents: pa.Array) -> pa.Array:
    """Per node: valid once a register of addresses or a person names it (or a node below it), until then proposed."""
    registers = sorted(s for s, c in inputs.contracts.items() if "text" in c.registers.authority_for)
    named = np.zeros(len(golden.ids), dtype=bool)
    named[golden.entity[golden.live.sourced(registers)]] = True
    named |= upward(golden.ids, parents, doors(golden, inputs.confirmed))
    return pc.if_else(pa.array(named), "valid", "proposed")


def doors(golden: Golden, confirmed: Sequence[str]) -> list[str]:
    """The nodes that a person confirmed, by their ids or by a path that one of their records names."""
    if not any("|" in door for door in confirmed):
        return list(confirmed)
    at = golden.entity[golden.live.says("path", confirmed)]
    return [*confirmed, *golden.ids.take(pa.array(at)).to_pylist()]


def upward(ids: pa.Array, parents: pa.Array, chosen: Sequence[str]) -> Flags:
    """Per node, whether it is one of those chosen, or one that they stand in."""
    above = pc.fill_null(pc.index_in(parents, ids, skip_nulls=True), -1).to_numpy()
    found = pc.is_in(ids, value_set=pa.array(chosen, pa.string())).to_numpy(zero_copy_only=False).copy()
    at = np.flatnonzero(found)
    while len(at):
        at = above[at]
        at = at[at >= 0]
        found[at] = True
    return np.asarray(found, dtype=bool)


def _aliases(golden: Golden) -> pa.Array:
    """Per entity, JSON list of the other full texts its records use."""
    told = ["[]"] * len(golden.ids)
    if "full_text" in golden.live.column_names:
        said = plain(whole(golden.live.column("full_text")))
        chosen = golden.value("full_text").take(pa.array(golden.entity))
        other = pc.and_(pc.not_equal(pc.utf8_length(said), 0), pc.not_equal(said, chosen).fill_null(fill_value=True))
        at = np.flatnonzero(other.fill_null(fill_value=False).to_numpy(zero_copy_only=False))
        used: dict[int, set[str]] = defaultdict(set)
        for entity, text in zip(golden.entity[at].tolist(), said.take(pa.array(at)).to_pylist(), strict=True):
            used[entity].add(text)
        for entity, texts in used.items():
            told[entity] = json.dumps(sorted(texts), ensure_ascii=False)
    return pa.array(told, pa.string())


def straddlers(inputs: Inputs) -> Columns:
    """The buildings that locate found in several small grids."""
    found = inputs.straddlers()
    cut = found["cut"].combine_chunks()
    return {name: found[name].combine_chunks() for name in found.column_names} | _plain_ending(
        [date.fromisoformat(day) for day in cut.to_pylist()]
    )


def building_tables(inputs: Inputs, golden: Golden) -> dict[str, Columns]:
    """std_building, the outlines and the grids of buildings."""
    paths = golden.value("address_path", "address")
    outlines = golden.value("outline")
    drawn = outlines.is_valid()
    return {
        "building_outline": {
            "building_id": golden.ids.filter(drawn),
            "polygon": pa.array([geojson(wkb) for wkb in outlines.filter(drawn).to_pylist()], pa.string()),
            **{name: column.filter(drawn) for name, column in golden.ending().items()},
        },
        "building_grid": straddlers(inputs),
        "std_building": {
            "building_id": golden.ids,
            "scheme": golden.value("source", "code"),
            "address_id": inputs.entity_by("address", "path", paths),
            "division_code": pc.coalesce(
                *(golden.value(f"address_{x}", "address") for x in ("village", "town", "county"))
            ),
            **{c: golden.value(c) for c in ("code", "name", "floors", "year", "lon", "lat")},
            **golden.ending(),
        },
        "place_grid": place_grid(inputs, "building"),
    }
