"""``place_grid``: address nodes, buildings and divisions → their finest grid in tonight's cut, or why there is none."""

from __future__ import annotations

import pandas as pd

from transforms.locate.cut import Cut
from transforms.locate.inherit import inherited
from transforms.model import PLACE_GRID

_OF_LEVEL = {"village": ("medium", 12), "town": ("large", 9)}  # grid level, digits of the division's code it bears


def assign(
    cut: Cut, library: pd.DataFrame, buildings: pd.DataFrame, places: pd.DataFrame, straddlers: pd.DataFrame
) -> pd.DataFrame:
    """All nodes of a cut.

    Args:
        cut: the grids.
        library: see :mod:`transforms.locate.library`.
        buildings: ``building_id lon lat``.
        places: divisions with ``code level``.
        straddlers: buildings in several small grids (:mod:`transforms.locate.straddle`): they and what is in them stand
            where most of them lies, not where their point is.

    Returns:
        Columns of ``model.PLACE_GRID``, sorted by key.
    """
    chosen = straddlers[straddlers["assigned"].astype(bool)].set_index("building_id")["finest_id"]
    at = _found(cut, pd.concat([buildings[["lon", "lat"]], library[["lon", "lat"]]], ignore_index=True))
    of_nodes = at.iloc[len(buildings) :].set_axis(library.index)
    of_buildings = _moved(at.iloc[: len(buildings)].set_axis(buildings.index), buildings["building_id"], chosen)
    parts = [  # in the order of their names
        _addresses(cut, library, of_nodes, chosen),
        _nodes("building", buildings["building_id"], of_buildings).assign(method="polygon"),
        pd.concat([_divisions(cut, places, level) for level in _OF_LEVEL]),
    ]
    table = pd.concat([_ordered(part) for part in parts], ignore_index=True).assign(cut=cut.day)
    table["method"] = table["method"].where(table["grid_id"].notna(), None)
    return table[PLACE_GRID.names]


def _ordered(part: pd.DataFrame) -> pd.DataFrame:
    return part if part["node_id"].is_monotonic_increasing else part.sort_values("node_id")


def _moved(found: pd.DataFrame, building: pd.Series, chosen: pd.Series) -> pd.DataFrame:
    """Where a building straddles a border, its grid instead of that of its point."""
    own = building.astype(object).map(chosen)
    return found.assign(
        grid_id=own.where(own.notna(), found["grid_id"]), reason=found["reason"].where(own.isna(), None)
    )


def _addresses(cut: Cut, library: pd.DataFrame, found: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    """By the building's point, the node's own, or (method ``address``) the one grid of what stands below or beside."""
    found = _nodes("address", library["address_id"], _moved(found, library["building_id"], chosen))
    method = library["building_id"].notna().map({True: "building", False: "polygon"})
    open_nodes = found["reason"].eq("no_coordinate")
    grid = inherited(library, found["grid_id"], cut.base()).where(open_nodes, found["grid_id"])
    reason = found["reason"].where(grid.isna(), None)
    return found.assign(grid_id=grid, reason=reason, method=method.mask(open_nodes, "address"))


def _found(cut: Cut, nodes: pd.DataFrame) -> pd.DataFrame:
    """``grid_id reason`` of points: a building and all its rooms stand at one, so each is asked for once."""
    place = nodes.groupby(["lon", "lat"], sort=False, dropna=False).ngroup().to_numpy()
    distinct = nodes[["lon", "lat"]][~pd.Series(place).duplicated().to_numpy()]
    return cut.assign(distinct["lon"], distinct["lat"]).iloc[place].set_axis(nodes.index)


def _nodes(kind: str, ids: pd.Series, found: pd.DataFrame) -> pd.DataFrame:
    return found.assign(node_kind=kind, node_id=ids.to_numpy())


def _divisions(cut: Cut, places: pd.DataFrame, level: str) -> pd.DataFrame:
    """A village's medium grid and a town's large one; a division that the grids do not cover is outside."""
    grid_level, digits = _OF_LEVEL[level]
    grids = cut.of_division(grid_level)
    codes = places.loc[places["level"].eq(level), "code"].reset_index(drop=True)
    grid = codes.map(grids)
    grid = grid.where(grid.notna(), codes.str[:digits].map(grids))
    found = pd.DataFrame({"grid_id": grid.where(grid.notna(), None), "reason": None}, dtype=object)
    found.loc[grid.isna(), "reason"] = "outside"
    return _nodes("division", codes, found).assign(method="village")
