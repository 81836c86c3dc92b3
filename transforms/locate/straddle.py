"""Buildings whose outline lies in several small grids: which, with what share of their area, and where they count.

The largest share decides, among equal ones the smallest code: the same whatever the order of the files (domain.md
section 3.3, rule 9). An exclusive grid counts beside the small ones and takes its ground from them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import shapely

from transforms.locate.cut import Cut
from transforms.model import STRADDLE

LEAST = 0.01  # of the area: less is drawing noise
_DIGITS = 4
_EXCLUSIVE, _MICRO = 0, 1
COLUMNS = [*STRADDLE.names, "finest_id"]


def straddlers(cut: Cut, outlines: pd.DataFrame) -> pd.DataFrame:
    """The parts of buildings that lie in several small (or exclusive) grids.

    Args:
        cut: the grids.
        outlines: ``building_id outline`` (WKB, degrees CGCS2000), one row per building that is drawn.

    Returns:
        Columns of ``model.STRADDLE``, sorted by key, and ``finest_id``: of the assigned part, the micro grid in which
        most of it lies, else the grid itself. Where grids overlap a building is no straddler: the cut is at fault.
    """
    grids = cut.fine().reset_index(drop=True)
    shapes = shapely.from_wkb(outlines["outline"].to_numpy(dtype=object))
    at, grid = shapely.STRtree(grids["shape"].to_numpy(dtype=object)).query(shapes, predicate="intersects")
    met = pd.DataFrame({"at": at, "grid": grid}).sort_values(["at", "grid"], ignore_index=True)
    bases = grids["base_id"].to_numpy()[met["grid"]]
    several = pd.Series(bases).groupby(met["at"]).transform("nunique").gt(1)
    rows = [
        (outlines["building_id"].iat[int(building)], cut.day, *part)
        for building, of in met[several].groupby("at")
        for part in _parts(shapes[building], grids.iloc[of["grid"]])
    ]
    return pd.DataFrame(rows, columns=COLUMNS).sort_values(["building_id", "grid_id"], ignore_index=True)


def _parts(outline: shapely.Geometry, grids: pd.DataFrame) -> Iterator[tuple[str, float, bool, str]]:
    """``grid_id share assigned finest_id`` of each part of one building; nothing where it lies in one grid alone."""
    pieces = grids["shape"].map(outline.intersection)
    over = shapely.union_all(pieces[grids["rank"].eq(_EXCLUSIVE)].to_list())
    areas = pieces.where(grids["rank"].eq(_EXCLUSIVE), pieces.map(lambda piece: piece.difference(over)))
    areas = areas.map(lambda piece: piece.area) / outline.area
    grids = grids.assign(share=areas.round(_DIGITS))
    base = grids[grids["rank"].ne(_MICRO) & grids["share"].ge(LEAST)].sort_values(
        ["share", "code"], ascending=[False, True]
    )
    if len(base) < 2 or base["share"].sum() > 1 + LEAST:
        return
    chosen = str(base["grid_id"].iat[0])
    finest = _finest(grids[grids["base_id"].eq(chosen)].sort_values(["share", "code"], ascending=[False, True]))
    for grid_id, share in zip(base["grid_id"], base["share"], strict=True):
        yield str(grid_id), float(min(share, 1.0)), grid_id == chosen, finest


def _finest(family: pd.DataFrame) -> str:
    """Of a grid and its micro grids the one that holds most: a micro grid before the ground that none of them has."""
    micro = family[family["rank"].eq(_MICRO)]
    whole = family[family["rank"].ne(_MICRO)]
    rest = whole["share"].iat[0] - micro["share"].sum()
    return str((micro if len(micro) and micro["share"].iat[0] >= rest else whole)["grid_id"].iat[0])
