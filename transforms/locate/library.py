"""The standard address library: one row per resolved node of the address tree, with what stands there."""

from __future__ import annotations

import numpy as np
import pandas as pd

from transforms.divisions import LEVELS as DIVISIONS

LEVELS = ("group", "road", "door", "estate", "building", "unit", "floor", "room")
INSIDE = ("unit", "floor", "room")
_ROAD = r"\|road:([^|]*)"
COLUMNS = (
    "address_id", "path", "parent_id", "parent_path", "level", "name", "full_text", *DIVISIONS, *LEVELS,
    "building_id", "house_id", "lon", "lat", "other_roads",
)  # fmt: skip


def build(
    mentions: pd.DataFrame, buildings: pd.DataFrame, houses: pd.DataFrame, places: pd.DataFrame, trust: dict[str, int]
) -> pd.DataFrame:
    """Put the library together.

    Args:
        mentions: live rows of kind address with their ``entity_id``.
        buildings: one row per building: ``building_id code lon lat`` (:func:`built`).
        houses: live rows of kind house with ``entity_id`` and ``address_path``.
        places: :func:`transforms.divisions.divisions`.
        trust: source → trust in its addresses; among equals the smallest record id speaks.

    Returns:
        Columns :data:`COLUMNS`, sorted by ``address_id``; a node's point is its building's, else its own;
        ``other_roads``: other names of its road, joined by ``|``.
    """
    order = mentions.assign(trusted=-mentions["source"].map(trust).fillna(0).astype(np.int64))
    order = order.assign(
        short=order["village"].isna(), steps=[-path.count("|") for path in order["path"]]
    )  # who says more, first
    order = order.sort_values(["short", "steps", "trusted", "record_id"], ignore_index=True)
    nodes = order.drop_duplicates("entity_id", ignore_index=True).rename(columns={"entity_id": "address_id"})
    nodes = nodes[["address_id", "path", "parent_path", "level", "name", "full_text", "village"]]
    coded = order[order["building_code"].notna()].drop_duplicates("entity_id").set_index("entity_id")["building_code"]
    points = order[order["lon"].notna() & order["lat"].notna()].drop_duplicates("entity_id").set_index("entity_id")
    by_path = order[["path", "entity_id"]].drop_duplicates()
    by_path = by_path.drop_duplicates("path", keep=False).set_index("path")["entity_id"]  # else several nodes
    nodes = nodes.assign(
        parent_id=nodes["parent_path"].map(by_path),
        code=nodes["address_id"].map(coded),
        own_lon=nodes["address_id"].map(points["lon"]),
        own_lat=nodes["address_id"].map(points["lat"]),
        house_id=nodes["address_id"].map(_house_of(_house_at(houses), order)),
        other_roads=nodes["address_id"].map(_other_roads(order, nodes)),
    )
    nodes = _inside_a_building(_with_elements(_in_villages(nodes)), buildings)
    nodes = nodes.merge(places[["code", *DIVISIONS[1:]]].rename(columns={"code": "village"}), on="village", how="left")
    return nodes.sort_values("address_id", ignore_index=True)[[*COLUMNS]]


def built(rows: pd.DataFrame, trust: dict[str, int]) -> pd.DataFrame:
    """One row per building: ``building_id code lon lat``, of its most trusted record that has a point."""
    order = rows.assign(
        trusted=-rows["source"].map(trust).fillna(0).astype(np.int64), unplaced=rows["lon"].isna() | rows["lat"].isna()
    )
    order = order.sort_values(["unplaced", "trusted", "record_id"]).drop_duplicates("entity_id")
    order = order.rename(columns={"entity_id": "building_id"}).sort_values("building_id", ignore_index=True)
    return order[["building_id", "code", "lon", "lat"]]


def _house_at(houses: pd.DataFrame) -> pd.Series:
    """Path → house; of several houses registered at one node the smallest id."""
    known = houses[houses["address_path"].notna()].sort_values("entity_id").drop_duplicates("address_path")
    return known.set_index("address_path")["entity_id"]


def _house_of(house_at: pd.Series, mentions: pd.DataFrame) -> pd.Series:
    """Node → the house at one of its paths, the smallest id of several."""
    paths = mentions[["path", "entity_id"]].drop_duplicates()
    named = paths.assign(house=paths["path"].map(house_at)).dropna().sort_values("house")
    return named.drop_duplicates("entity_id").set_index("entity_id")["house"]


def _other_roads(mentions: pd.DataFrame, nodes: pd.DataFrame) -> pd.Series:
    """Node → the names of its road that its own path does not bear, joined by ``|``; only of nodes that have some."""
    paths = mentions.loc[mentions["entity_id"].duplicated(keep=False), ["path", "entity_id"]].drop_duplicates()
    own = nodes.set_index("address_id")["path"].reindex(paths["entity_id"])
    own, road = (told.astype(str).str.extract(_ROAD)[0].to_numpy() for told in (own, paths["path"]))
    other = pd.notna(road) & pd.notna(own) & (road != own)
    named = pd.DataFrame({"entity": paths["entity_id"].to_numpy()[other], "road": road[other]}, dtype=object)
    return named.drop_duplicates().sort_values(["entity", "road"]).groupby("entity")["road"].agg("|".join)


def _in_villages(nodes: pd.DataFrame) -> pd.DataFrame:
    """A node that names no village stands in that of the node above it, where there is one."""
    above = pd.Series(nodes.index, index=nodes["address_id"])
    above = nodes["parent_id"].map(above).fillna(-1).to_numpy(dtype=np.int64)
    village = nodes["village"].to_numpy(dtype=object, copy=True)
    for _ in LEVELS:
        open_nodes = pd.isna(village) & (above >= 0)
        village[open_nodes] = village[above[open_nodes]]
    return nodes.assign(village=village)


def _with_elements(nodes: pd.DataFrame) -> pd.DataFrame:
    said = [dict(step.split(":", 1) for step in path.split("|")[1:]) for path in nodes["path"]]
    return nodes.assign(**{level: [of.get(level) for of in said] for level in LEVELS})


def _inside_a_building(nodes: pd.DataFrame, buildings: pd.DataFrame) -> pd.DataFrame:
    """Units, floors and rooms stand in the building above them; nothing else inherits one."""
    by_code = buildings.drop_duplicates("code").set_index("code")["building_id"]
    own = nodes["code"].map(by_code)
    parents = pd.Series(nodes.index, index=nodes["address_id"])
    above = nodes["parent_id"].map(parents).fillna(-1).to_numpy(dtype=np.int64)
    inherits = nodes["level"].isin(INSIDE).to_numpy() & (above >= 0)
    building = own.where(own.notna(), None).to_numpy(dtype=object)
    for _ in INSIDE:
        empty = inherits & pd.isna(building)
        building[empty] = building[above[empty]]
    nodes = nodes.assign(building_id=building)
    points = buildings.set_index("building_id")
    lon, lat = nodes["building_id"].map(points["lon"]), nodes["building_id"].map(points["lat"])
    placed = lon.notna() & lat.notna()
    return nodes.assign(lon=lon.where(placed, nodes["own_lon"]), lat=lat.where(placed, nodes["own_lat"]))
