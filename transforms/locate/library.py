"""The standard address library: one row per resolved node of the address tree, with what stands there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.divisions import LEVELS as DIVISIONS
from transforms.places import ordered

LEVELS = ("group", "road", "door", "estate", "building", "unit", "floor", "room")
INSIDE = ("unit", "floor", "room")
Codes = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
COLUMNS = (
    "address_id", "path", "parent_id", "parent_path", "level", "name", "full_text", *DIVISIONS, *LEVELS,
    "building_id", "house_id", "lon", "lat", "other_roads",
)  # fmt: skip


def build(
    mentions: pd.DataFrame, buildings: pd.DataFrame, houses: pd.DataFrame, places: pd.DataFrame, trust: dict[str, int]
) -> pd.DataFrame:
    """Put the library together.

    Args:
        mentions: live rows of kind address with their ``entity_id``; texts, or categories of them (a city's do not
            fit into memory otherwise); ``record_id``: anything that has an order.
        buildings: one row per building: ``building_id code lon lat`` (:func:`built`).
        houses: live rows of kind house with ``entity_id`` and ``address_path``.
        places: :func:`transforms.divisions.divisions`.
        trust: source → trust in its addresses; among equals the smallest record id speaks.

    Returns:
        Columns :data:`COLUMNS`, sorted by ``address_id``; a node's point is its building's, else its own;
        ``other_roads``: other names of its road, joined by ``|``.
    """
    entity, ids = in_order(mentions["entity_id"])  # the place of an entity's id is that of its node in the library
    path, paths = coded(mentions["path"])
    order = _by_weight(mentions, path, paths, trust)
    speaks = order[_first_of(entity[order])]
    speaks = speaks[np.argsort(entity[speaks])]
    pairs = pd.unique(path * max(1, len(ids)) + entity)
    pairs = np.column_stack((pairs // max(1, len(ids)), pairs % max(1, len(ids))))
    own, said = path[speaks], elements(paths)
    above = _above(mentions["parent_path"].iloc[speaks], paths, pairs)
    village = _in_villages(*coded(mentions["village"].iloc[speaks]), above)
    level = mentions["level"].iloc[speaks].to_numpy(dtype=object)
    coordinates = mentions[["lon", "lat"]].apply(pd.to_numeric).to_numpy(dtype=np.float64)
    placed = order[np.isfinite(coordinates).all(axis=1)[order]]
    own_point = np.full((len(ids), 2), np.nan)
    first = placed[_first_of(entity[placed])]
    own_point[entity[first]] = coordinates[first]
    building = _inside_a_building(
        _built_at(mentions, entity, order, buildings, len(ids)), np.isin(level, INSIDE), above
    )
    points = np.vstack([buildings[["lon", "lat"]].to_numpy(dtype=np.float64), [[np.nan, np.nan]]])[building]
    points = np.where(np.isfinite(points).all(axis=1)[:, None], points, own_point)
    columns = {
        "address_id": spelled(ids, np.arange(len(ids))), "path": spelled(paths, own), "parent_id": spelled(ids, above),
        **{name: mentions[name].iloc[speaks].to_numpy(dtype=object) for name in ("parent_path", "name", "full_text")},
        "level": level, "village": village, **{name: said[name][own] for name in LEVELS},
        "building_id": spelled(pd.Index(buildings["building_id"], dtype=object), building),
        "house_id": _houses(houses, paths, pairs, len(ids)), "lon": points[:, 0], "lat": points[:, 1],
        "other_roads": _other_roads(said["road"], own, pairs),
    }  # fmt: skip
    at = pd.Index(places["code"]).get_indexer(pd.Index(village, dtype=object))
    columns |= {name: spelled(pd.Index(places[name], dtype=object), at) for name in DIVISIONS[1:]}
    return pd.DataFrame(columns)[[*COLUMNS]]


def built(rows: pd.DataFrame, trust: dict[str, int]) -> pd.DataFrame:
    """One row per building: ``building_id code lon lat``, of its most trusted record that has a point."""
    entity, ids = in_order(rows["entity_id"])
    unplaced = (rows["lon"].isna() | rows["lat"].isna()).to_numpy()
    order = np.lexsort((_ranks(rows["record_id"]), -_trusted(rows["source"], trust), unplaced))
    speaks = order[_first_of(entity[order])]
    speaks = speaks[np.argsort(entity[speaks])]
    told = {name: rows[name].iloc[speaks].to_numpy() for name in ("lon", "lat")}
    code = rows["code"].iloc[speaks].to_numpy(dtype=object)
    return pd.DataFrame({"building_id": spelled(ids, np.arange(len(ids))), "code": code, **told})


def outlines(rows: pd.DataFrame, trust: dict[str, int]) -> pd.DataFrame:
    """``building_id outline`` of every building that is drawn, by its most trusted record."""
    drawn = rows[rows["outline"].notna()].assign(trusted=lambda found: -_trusted(found["source"], trust))
    drawn = drawn.sort_values(["trusted", "record_id"]).drop_duplicates("entity_id")
    told = drawn.rename(columns={"entity_id": "building_id"}).astype({"building_id": object, "outline": object})
    return told[["building_id", "outline"]]


def _trusted(source: pd.Series, trust: dict[str, int]) -> Codes:
    codes, sources = coded(source)
    return np.array([*(trust.get(str(name), 0) for name in sources), 0])[codes]


def coded(column: pd.Series) -> tuple[Codes, pd.Index]:
    """Codes of a column of texts or categories, -1 for null, and the words they stand for."""
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy(dtype=np.int64), column.cat.categories
    codes, words = pd.factorize(column)
    return codes.astype(np.int64), pd.Index(words, dtype=object)


def in_order(column: pd.Series) -> tuple[Codes, pd.Index]:
    """The same with the words that are used alone, in ascending order."""
    codes, words = coded(column)
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(words)))
    used = used[ordered(pa.array(words[used], pa.string()))]
    ranks = np.full(len(words) + 1, -1, dtype=np.int64)  # the last stands for -1
    ranks[used] = np.arange(len(used))
    return ranks[codes], words[used]


def spelled(words: pd.Index, codes: Codes) -> Texts:
    """The words of codes, None for -1."""
    known = np.empty(len(words) + 1, dtype=object)
    known[:-1] = words
    return np.asarray(known[codes], dtype=object)


def elements(paths: pd.Index) -> dict[str, Texts]:
    """Level → its text in each path, None where it has none."""
    split = pc.split_pattern(pa.array(paths, pa.string()), "|")
    steps, of_path = split.flatten().dictionary_encode(), split.value_parent_indices().to_numpy()
    codes = steps.indices.to_numpy()
    told = [step.partition(":") for step in steps.dictionary.to_pylist()]
    levels = np.array([LEVELS.index(level) if level in LEVELS else -1 for level, _, _ in told], dtype=np.int64)
    texts = spelled(pd.Index([text for _, _, text in told], dtype=object), np.arange(len(told)))
    found = {}
    for at, level in enumerate(LEVELS):
        of_level = levels[codes] == at
        found[level] = np.full(len(paths), None, dtype=object)
        found[level][of_path[of_level]] = texts[codes[of_level]]
    return found


def _by_weight(mentions: pd.DataFrame, path: Codes, paths: pd.Index, trust: dict[str, int]) -> Codes:
    """The mentions, those first that speak for their node: who names the village, who says more, who is trusted."""
    steps = np.array([*(text.count("|") for text in paths), 0])[path]
    unknown = mentions["village"].isna().to_numpy()
    return np.lexsort((_ranks(mentions["record_id"]), -_trusted(mentions["source"], trust), -steps, unknown))


def _ranks(record: pd.Series) -> Codes:
    """Anything that has an order as numbers that have the same."""
    return record.to_numpy() if pd.api.types.is_integer_dtype(record) else in_order(record)[0]


def _first_of(groups: Codes) -> Flags:
    return np.asarray(~pd.Series(groups).duplicated().to_numpy(), dtype=bool)


def _above(parent_path: pd.Series, paths: pd.Index, pairs: Codes) -> Codes:
    """Place of each node's parent: the one node that bears the path; of several equal ones nobody knows which."""
    nodes, times = np.full(len(paths) + 1, -1, dtype=np.int64), np.bincount(pairs[:, 0], minlength=len(paths) + 1)
    nodes[pairs[:, 0]] = pairs[:, 1]
    nodes[times != 1] = -1
    codes, words = coded(parent_path)
    return np.asarray(nodes[np.append(paths.get_indexer(words), -1)[codes]], dtype=np.int64)


def _in_villages(codes: Codes, words: pd.Index, above: Codes) -> Texts:
    """A node that names no village stands in that of the node above it, where there is one."""
    for _ in LEVELS:
        open_nodes = (codes < 0) & (above >= 0)
        codes = codes.copy()
        codes[open_nodes] = codes[above[open_nodes]]
    return spelled(words, codes)


def _houses(houses: pd.DataFrame, paths: pd.Index, pairs: Codes, nodes: int) -> Texts:
    """The house at one of a node's paths, the smallest id of several."""
    house, ids = in_order(houses["entity_id"])
    codes, words = coded(houses["address_path"])
    none = len(ids)
    at_path, at_node = np.full(len(paths) + 1, none), np.full(nodes, none)  # the last path stands for an unknown one
    np.minimum.at(at_path, np.append(paths.get_indexer(words), -1)[codes], house)
    at_path[-1] = none
    np.minimum.at(at_node, pairs[:, 1], at_path[pairs[:, 0]])
    return spelled(ids, np.where(at_node < none, at_node, -1))


def _other_roads(road: Texts, own: Codes, pairs: Codes) -> Texts:
    """The names of a node's road that its own path does not bear, joined by ``|``; only of nodes that have some."""
    several = pairs[np.bincount(pairs[:, 1], minlength=len(own))[pairs[:, 1]] > 1]
    told, mine = road[several[:, 0]], road[own[several[:, 1]]]
    other = pd.notna(told) & pd.notna(mine) & (told != mine)
    named = pd.DataFrame({"node": several[other, 1], "road": told[other]}).drop_duplicates()
    joined = named.sort_values(["node", "road"]).groupby("node")["road"].agg("|".join)
    found = np.full(len(own), None, dtype=object)
    found[joined.index.to_numpy(dtype=np.int64)] = joined.to_numpy(dtype=object)
    return found


def _built_at(mentions: pd.DataFrame, entity: Codes, order: Codes, buildings: pd.DataFrame, nodes: int) -> Codes:
    """Place of the building whose code a node's mentions say, those first that speak for it; -1 without one."""
    code, codes = coded(mentions["building_code"])
    known = buildings["code"].drop_duplicates()
    place = np.append(known.index.to_numpy()[pd.Index(known).get_indexer(codes)], -1)
    place[:-1][pd.Index(known).get_indexer(codes) < 0] = -1
    coded_rows = order[code[order] >= 0]
    first = coded_rows[_first_of(entity[coded_rows])]
    found = np.full(nodes, -1, dtype=np.int64)
    found[entity[first]] = place[code[first]]
    return found


def _inside_a_building(building: Codes, inside: Flags, above: Codes) -> Codes:
    """Units, floors and rooms stand in the building above them; nothing else inherits one."""
    building = building.copy()
    for _ in INSIDE:
        empty = inside & (above >= 0) & (building < 0)
        building[empty] = building[above[empty]]
    return building
