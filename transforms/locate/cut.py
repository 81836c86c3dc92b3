"""Point in polygon for one cut of the grids: every point belongs to exactly one finest grid, or there is a reason.

Finest: an exclusive grid before a general one at its place, micro before small before medium before large. On shared
edges and vertices the smallest code owns the point, so every point has one owner whatever the order of the file.
A point inside two grids of one level is an overlap; inside a medium grid that has small ones but in none, a gap.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

Ints = npt.NDArray[np.int64]
_RANKS = {"micro": 1, "small": 2, "medium": 3, "large": 4}
_EXCLUSIVE = 0
_STRIPES = 200  # of a degree, half a kilometre each
_BASE = _RANKS["small"]  # above it, a grid with parts of its own is no answer


class Cut:
    """The grids of one night, ready for points."""

    def __init__(self, grids: pd.DataFrame, day: str) -> None:
        """Index the polygons.

        Args:
            grids: ``grid_id code level type parent_code polygon`` (WKB, degrees CGCS2000); rows without a polygon
                are left out.
            day: the cut's date, ISO.
        """
        self.day = day
        drawn = grids[grids["polygon"].notna()].sort_values(["code", "grid_id"], ignore_index=True)
        self._table = drawn.drop(columns="polygon")
        self._polygons = shapely.from_wkb(drawn["polygon"].to_numpy(dtype=object))
        shapely.prepare(self._polygons)
        rank = drawn["level"].map(_RANKS).fillna(_RANKS["large"]).astype(np.int64)
        self._rank = rank.where(~drawn["type"].eq("exclusive"), _EXCLUSIVE).to_numpy()
        self._divided = drawn["code"].isin(drawn["parent_code"].dropna()).to_numpy()
        fine = self._rank <= _BASE
        self._tiers = [
            (at, shapely.STRtree(self._polygons[at])) for at in (np.flatnonzero(fine), np.flatnonzero(~fine))
        ]

    def assign(self, lon: pd.Series, lat: pd.Series) -> pd.DataFrame:
        """Grid of each point.

        Args:
            lon: degrees CGCS2000, null where unknown.
            lat: likewise; same index.

        Returns:
            Same index; ``grid_id`` or, without one, ``reason``: outside, gap, overlap or no_coordinate.
        """
        x, y = lon.to_numpy(dtype=np.float64, na_value=np.nan), lat.to_numpy(dtype=np.float64, na_value=np.nan)
        known = np.isfinite(x) & np.isfinite(y)
        reason = np.where(known, "outside", "no_coordinate").astype(object)
        grid = np.full(len(x), None, dtype=object)
        points = shapely.points(x[known], y[known])
        at, owner, overlap, gap = self._owners(points)
        rows = np.flatnonzero(known)[at]
        grid[rows] = self._table["grid_id"].to_numpy()[owner]
        reason[rows] = None
        for flag, word in ((gap, "gap"), (overlap, "overlap")):
            grid[rows[flag]], reason[rows[flag]] = None, word
        return pd.DataFrame({"grid_id": grid, "reason": reason}, index=lon.index, dtype=object)

    def fine(self) -> pd.DataFrame:
        """Small, micro and exclusive grids by code: ``grid_id code rank base_id shape``, a lower rank before others."""
        base = self.base()
        fine = self._table.assign(rank=self._rank, shape=self._polygons)[self._rank <= _BASE]
        return fine.assign(base_id=fine["grid_id"].map(base))[["grid_id", "code", "rank", "base_id", "shape"]]

    def of_division(self, level: str) -> pd.Series:
        """Code → grid id of a level's general grids: a village's medium grid bears the village's own code."""
        of_level = self._table[self._table["level"].eq(level) & ~self._table["type"].eq("exclusive")]
        return of_level.drop_duplicates("code").set_index("code")["grid_id"]

    def base(self) -> pd.Series:
        """Grid id → the small (or exclusive) grid that it is or lies in; medium and large grids are left out."""
        at_base = self._rank <= _BASE
        fine = self._table[at_base].set_index("grid_id")
        above = fine["parent_code"].map(self._table.drop_duplicates("code").set_index("code")["grid_id"])
        is_micro = fine["level"].eq("micro") & ~fine["type"].eq("exclusive") & above.notna()
        return above.where(is_micro, pd.Series(fine.index, index=fine.index)).astype(object)

    def _around(self, points: npt.NDArray[np.object_]) -> tuple[Ints, Ints]:
        """(point, polygon around it): small, micro and exclusive grids; larger ones only of points in none of these.

        Who asks neighbours one after the other finds their polygon still at hand.
        """
        x, y = shapely.get_x(points), shapely.get_y(points)
        rest = np.lexsort((y, np.floor(x * _STRIPES)))
        found: list[tuple[Ints, Ints]] = []
        for polygons, tree in self._tiers:
            at, polygon = tree.query(points[rest], predicate="intersects")
            found.append((rest[at], polygons[polygon]))
            rest = np.delete(rest, at)
        at, polygon = (np.concatenate(column) for column in zip(*found, strict=True))
        return at, polygon

    def _owners(
        self, points: npt.NDArray[np.object_]
    ) -> tuple[Ints, Ints, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Positions of points that lie in some grid; for each its owner, and whether that is an overlap or a gap."""
        at, polygon = self._around(points)
        order = np.lexsort((polygon, self._rank[polygon], at))  # polygons are sorted by code
        at, polygon = at[order], polygon[order]
        best = pd.Series(self._rank[polygon]).groupby(at).transform("min").to_numpy()
        finest = self._rank[polygon] == best
        at, polygon = at[finest], polygon[finest]
        shared = pd.Series(at).duplicated(keep=False).to_numpy()
        inside = np.zeros(len(at), dtype=bool)
        inside[shared] = shapely.contains_properly(self._polygons[polygon[shared]], points[at[shared]])
        depth = pd.Series(inside).groupby(at).transform("sum").to_numpy() if len(at) else inside
        order = np.lexsort((polygon, ~inside, at))
        at, polygon, depth = at[order], polygon[order], depth[order]
        first = ~pd.Series(at).duplicated().to_numpy()
        owner = polygon[first]
        gap = self._divided[owner] & (self._rank[owner] > _BASE)
        return at[first], owner, depth[first] > 1, gap
