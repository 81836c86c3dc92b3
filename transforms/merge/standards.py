"""The four standards: map layers, divisions, grids, addresses, buildings."""

from __future__ import annotations

import csv
import itertools
import json
from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from transforms.coded import whole
from transforms.live import Live
from transforms.merge.golden import Flags, Golden, Ints, plain
from transforms.merge.night import Inputs

_DIGITS = 7  # decimals of a degree: about a centimetre
_STEPS = 8  # of the longest path: group, road, door, estate, building, unit, floor, room
_BEGINNING = date(1949, 10, 1)  # of a division whose table names no first day
_PARENT, _BUILDING = ("parent_id", "path"), ("building_id", "building_code")  # of which record a node has them
_LIST = json.JSONEncoder(ensure_ascii=False)  # begun once: json.dumps begins one for every list
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
        "polygon": geojson(shapes),
        **{c: golden.value(c) for c in ("code", "name", "level", "type")},
        **golden.ending(),
    }
    return {
        "std_grid": grids,
        "std_map_layer": _layers(golden, shapes),
        "std_division": divisions(inputs.run.settings.expectations / "lookups" / "divisions.csv"),
        "place_grid": place_grid(inputs, "division"),
    }


def geojson(wkb: pa.Array) -> pa.Array:
    """GeoJSON texts of WKB geometries, coordinates rounded to 7 decimals; null where there is none."""
    shapes = shapely.from_wkb(np.array(wkb.to_pylist(), dtype=object))
    rounded = shapely.transform(shapes, lambda points: np.round(points, _DIGITS))
    return pa.array(shapely.to_geojson(rounded), pa.string())


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
        **{name: whole(chosen[name]) for name in found.column_names},
        "valid_from": pc.cast(plain(whole(chosen["cut"])), pa.date32()),
        "valid_to": pa.nulls(size, pa.date32()),
        "provenance": pa.repeat(pa.scalar("{}"), size),
    }


def _plain_ending(starts: list[date]) -> Columns:
    return {
        "valid_from": pa.array(starts, pa.date32()),
        "valid_to": pa.nulls(len(starts), pa.date32()),
        "provenance": pa.array(["{}"] * len(starts), pa.string()),
    }


def address_tables(golden: Golden, tree: Columns) -> dict[str, Columns]:
    """std_address.

    Args:
        golden: some of the nodes.
        tree: what they have of others (:func:`trees`).
    """
    return {
        "std_address": {
            "address_id": golden.ids,
            **{name: plain(values) for name, values in tree.items()},
            "division_code": _division(golden.value("path")),
            "aliases": _aliases(golden),
            **{c: golden.coded(c) for c in ("level", "name", "full_text", "lon", "lat")},
            **golden.ending(),
        },
    }


def most_said(live: Live, node: Ints) -> Flags:
    """Per mention, whether no other of its node says more of the path: the village, then more of its elements.

    Args:
        live: the mentions.
        node: per mention the number of its node.
    """
    if not live.num_rows:
        return np.zeros(0, dtype=bool)
    steps = pc.count_substring(plain(whole(live.column("path"))), "|").to_numpy()
    says = np.where(live.column("village").is_valid().to_numpy(), _STEPS + 1, 0) + steps
    most = np.zeros(live.num_rows, dtype=np.int64)
    np.maximum.at(most, node, says)
    return np.asarray(says == most[node], dtype=bool)


def trees(inputs: Inputs, goldens: Sequence[Golden]) -> list[Columns]:
    """What nodes have of the nodes they stand in, and of those that stand in them: parent_id, building_id, status.

    Args:
        inputs: of the night.
        goldens: all nodes, in pieces, in the order of their ids; records know their parents and buildings.

    Returns:
        Of each piece the columns.
    """
    parents, buildings = ([golden.coded(*said) for golden in goldens] for said in (_PARENT, _BUILDING))
    above, own = (np.concatenate([_numbers(piece) for piece in told]) for told in (parents, buildings))
    ids = pa.concat_arrays([golden.ids for golden in goldens])
    valid = upward(ids, above, doors(goldens, inputs.confirmed)) | _registered(inputs, goldens)
    building = inherited(own, above)
    columns = {
        "parent_id": pa.DictionaryArray.from_arrays(pa.array(above, mask=above < 0), parents[0].dictionary),
        "building_id": pa.DictionaryArray.from_arrays(pa.array(building, mask=building < 0), buildings[0].dictionary),
        "status": pa.DictionaryArray.from_arrays(valid.astype(np.int32), pa.array(["proposed", "valid"])),
    }
    starts = np.cumsum([0, *(len(golden.ids) for golden in goldens)]).tolist()
    return [{n: c[a:b] for n, c in columns.items()} for a, b in itertools.pairwise(starts)]


def _numbers(coded: pa.DictionaryArray) -> Ints:
    return np.asarray(pc.fill_null(coded.indices, -1).to_numpy(), dtype=np.int64)


def _division(paths: pa.Array) -> pa.Array:
    """The division a path stands in; null where it leaves several open, or names none."""
    scope = pc.list_element(pc.split_pattern(paths, "|", max_splits=1), 0)
    return pc.if_else(pc.utf8_is_digit(scope), scope, pa.scalar(None, pa.string())).dictionary_encode()


def inherited(own: Ints, above: Ints) -> Ints:
    """The building of each node: its own, else that of the nearest node above; -1: none.

    Args:
        own: per node the number of its own building, -1 for none.
        above: per node the number of the node it stands in, -1 for none.
    """
    at = np.arange(len(own))
    for _ in range(_STEPS):
        at = np.where((at >= 0) & (own[at] < 0), above[at], at)
    return np.where(at >= 0, own[at], -1)


def _registered(inputs: Inputs, goldens: Sequence[Golden]) -> Flags:
    """Per node: a register of addresses names it. Others are valid once a person confirms them, or a node in them."""
    registers = sorted(s for s, c in inputs.contracts.items() if "text" in c.registers.authority_for)
    named = [np.zeros(len(golden.ids), dtype=bool) for golden in goldens]
    for found, golden in zip(named, goldens, strict=True):
        found[golden.entity[golden.live.sourced(registers)]] = True
    return np.concatenate(named)


def doors(goldens: Sequence[Golden], confirmed: Sequence[str]) -> list[str]:
    """The nodes that a person confirmed, by a path that one of their records names."""
    paths, found = pa.array(confirmed, pa.string()), []
    for golden in goldens if confirmed else ():
        said = pc.is_in(plain(whole(golden.live.column("path"))), paths).to_numpy(zero_copy_only=False)
        found += golden.ids.take(pa.array(np.unique(golden.entity[said]))).to_pylist()
    return found


def upward(ids: pa.Array, above: Ints, chosen: Sequence[str]) -> Flags:
    """Per node, whether it is one of those chosen, or one that they stand in.

    Args:
        ids: of the nodes.
        above: per node the number of the node it stands in, -1 for none.
        chosen: ids, of other things too.
    """
    found = pc.is_in(ids, value_set=pa.array(chosen, pa.string())).to_numpy(zero_copy_only=False).copy()
    at = np.flatnonzero(found)
    while len(at):
        at = above[at]
        at = at[at >= 0]
        found[at] = True
    return np.asarray(found, dtype=bool)


def _aliases(golden: Golden) -> pa.Array:
    """Per entity, JSON list of the other full texts its records use."""
    told, which = ["[]"], np.zeros(len(golden.ids), dtype=np.int32)
    if "full_text" in golden.live.column_names:
        said, won = golden.live.codes("full_text"), golden.winners["full_text"]
        own = _numbers(said)
        chosen = np.where(won >= 0, own[won], -1)[golden.entity]
        at = np.flatnonzero((own >= 0) & (own != chosen))
        used: dict[int, set[str]] = defaultdict(set)
        for entity, text in zip(golden.entity[at].tolist(), plain(said.take(pa.array(at))).to_pylist(), strict=True):
            if text:
                used[entity].add(text)
        for entity, texts in used.items():
            which[entity] = len(told)
            told.append(_LIST.encode(sorted(texts)))
    return pa.array(told, pa.string()).take(pa.array(which))


def straddlers(inputs: Inputs) -> Columns:
    """The buildings that locate found in several small grids."""
    found = inputs.straddlers()
    cut = found["cut"].combine_chunks()
    return {name: found[name].combine_chunks() for name in found.column_names} | _plain_ending(
        [date.fromisoformat(day) for day in cut.to_pylist()]
    )


def building_tables(golden: Golden) -> dict[str, Columns]:
    """std_building and the outlines of buildings."""
    outlines = golden.value("outline")
    drawn = outlines.is_valid()
    return {
        "building_outline": {
            "building_id": golden.ids.filter(drawn),
            "polygon": geojson(outlines.filter(drawn)),
            **{name: column.filter(drawn) for name, column in golden.ending().items()},
        },
        "std_building": {
            "building_id": golden.ids,
            "scheme": golden.coded("source", "code"),
            "address_id": golden.value("address_id", "address"),
            "division_code": pc.coalesce(
                *(golden.value(f"address_{x}", "address") for x in ("village", "town", "county"))
            ).dictionary_encode(),
            **{c: golden.coded(c) for c in ("code", "name", "floors", "year", "lon", "lat")},
            **golden.ending(),
        },
    }
