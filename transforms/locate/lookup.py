"""One address or point → standard address, building and grids, with the reason, the runner-up and the gap to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import shapely

from transforms import manifest, store
from transforms.divisions import LEVELS as DIVISIONS
from transforms.errors import ConfigError
from transforms.locate import located
from transforms.locate.library import LEVELS
from transforms.locate.likeness import Likeness
from transforms.locate.room import PLACE, ROOM, read_places
from transforms.locate.verdicts import LANDMARK
from transforms.run import Run

NEAR_METRES = 50.0  # a building further away is not at the point
_METRES_PER_DEGREE = 111_195.0  # of latitude on the mean sphere
_SUGGESTIONS = 3
_AT_LEAST = 3_000  # likeness of a suggestion, of 10 000


@dataclass(frozen=True)
class Place:
    """Where something is.

    Attributes:
        address_id: the node of the library, if there is one; ``address`` its full text, ``level`` its level.
        match_class: exact, normalised, parent, landmark, unresolved; of a point: nearest.
        beside: the landmark that the text says it is beside; address and level are then of the area around, the grid of
            the landmark's point.
        score: of 10 000; ``gap``: what the runner-up is behind, None without one.
        building_id: the building, if known; ``metres``: how far it is from a point.
        grids: (level, code) from the finest grid upward; ``method`` how the grid was found.
        reason: why there is no node, or no grid.
        runners_up: full texts and scores of what else fits, or is alike where nothing fits.
    """

    address_id: str | None = None
    address: str | None = None
    level: str | None = None
    match_class: str | None = None
    score: int = 0
    gap: int | None = None
    building_id: str | None = None
    metres: float | None = None
    grids: tuple[tuple[str, str], ...] = ()
    method: str | None = None
    reason: str | None = None
    runners_up: tuple[tuple[str, int], ...] = field(default=())
    beside: str | None = None


def newest_night(run: Run) -> str:
    """The latest night whose places are located.

    Raises:
        ConfigError: there is none.
    """
    folders = sorted((run.settings.lake / "night").glob(f"*/{ROOM}/{PLACE}/{manifest.NAME}"), reverse=True)
    if not folders:
        raise ConfigError("no night has located its places yet: run one first")
    return folders[0].parents[2].name


class Lookup:
    """The places of one night, ready for questions."""

    def __init__(self, run: Run) -> None:
        """Read library, grids and cut.

        Raises:
            StaleInputError: the night's stage place is missing, incomplete or stale.
        """
        manifest.require(run.settings.lake, store.night_dir(run, ROOM, PLACE), ROOM)
        self._places, self._grids = read_places(run)
        self._text = self._places.library.set_index("address_id")["full_text"]
        self._near_in: dict[tuple[str, str], tuple[Likeness, list[dict[str, Any]]]] = {}
        self._parent = dict(zip(self._grids["code"], self._grids["parent_code"], strict=True))
        self._level = dict(zip(self._grids["code"], self._grids["level"], strict=True))
        self._grid = self._grids.set_index("grid_id")
        standing = self._places.library["lon"].notna() & self._places.library["building_id"].notna()
        self._standing = self._places.library[standing].drop_duplicates("building_id").reset_index(drop=True)

    def addresses(self, parsed: pd.DataFrame) -> list[Place]:
        """Places of parsed addresses.

        Args:
            parsed: columns of standardise's address parser, and ``text``; any index.

        Returns:
            One place per row, in order.
        """
        rows = parsed.reset_index(drop=True)
        live = rows.add_prefix("address_").assign(address=rows["text"], record_id=rows.index.astype(str))
        places = self._places
        table = located.addresses(live, "address", places.matcher, places.ground, places.landmarks)
        found: list[list[dict[str, Any]]] = [[] for _ in range(len(rows))]
        for row in table.to_dict("records"):  # in the order of the records, by rank
            found[int(row["record_id"])].append(row)
        return [self._place(of, rows, at) for at, of in enumerate(found)]

    def points(self, lon: pd.Series, lat: pd.Series) -> list[Place]:
        """Places of points in degrees CGCS2000: the grid around each, and the nearest building within 50 m."""
        if self._places.cut is None:
            return [Place(reason="outside") for _ in lon]
        found = self._places.cut.assign(lon, lat)
        answers = zip(self._nearest(lon, lat), found["grid_id"], found["reason"], strict=True)
        return [self._at(near, grid, reason) for near, grid, reason in answers]

    def _at(self, near: tuple[int, float] | None, grid: str | None, reason: str | None) -> Place:
        place = Place(grids=self._chain(grid), method="polygon" if grid else None, reason=reason)
        if near is None:
            return place
        node = self._standing.loc[near[0]]
        return replace(
            place, address_id=str(node["address_id"]), address=str(node["full_text"]), level=str(node["level"]),
            match_class="nearest", building_id=str(node["building_id"]), metres=round(near[1], 1),
        )  # fmt: skip

    def _place(self, rows: list[dict[str, Any]], said: pd.DataFrame, at: int) -> Place:
        first, landmark = rows[0], next((row for row in rows[1:2] if row["match_class"] == LANDMARK), None)
        others = [row for row in rows[1:] if row["address_id"] and row is not landmark]
        runners = tuple((str(self._text.at[row["address_id"]]), int(row["score"])) for row in others)
        if first["match_class"] == "unresolved":
            runners = runners or tuple(self._alike(said.iloc[at]))
        known = str(self._text.at[first["address_id"]]) if first["address_id"] else None
        return Place(
            address_id=first["address_id"], address=known,
            level=first["level"], match_class=first["match_class"], score=int(first["score"]),
            gap=int(first["score"]) - runners[0][1] if first["match_class"] != "unresolved" and runners else None,
            building_id=first["building_id"], grids=self._chain(first["grid_id"]), method=first["method"],
            reason=first["reason"], runners_up=runners,
            beside=str(self._text.at[landmark["address_id"]]) if landmark else None,
        )  # fmt: skip

    def _alike(self, said: pd.Series) -> Iterator[tuple[str, int]]:
        """Nodes of the finest division said that are most like the text: for a person to look at."""
        scope = next(((name, said[name]) for name in DIVISIONS[:2] if isinstance(said[name], str)), None)
        if scope is None:
            return
        told = {name: said[name] for name in (*LEVELS, "residual") if isinstance(said[name], str)}
        if scope not in self._near_in:
            self._near_in[scope] = self._known_in(*scope)
        likeness, rows = self._near_in[scope]
        scored = [(str(row["full_text"]), likeness.of(told, row)) for row in rows]
        yield from sorted((s for s in scored if s[1] >= _AT_LEAST), key=lambda s: (-s[1], s[0]))[:_SUGGESTIONS]

    def _known_in(self, level: str, code: str) -> tuple[Likeness, list[dict[str, Any]]]:
        """Nodes of a division above the unit, and how alike they are to anything."""
        library = self._places.library
        nodes = library[library[level].eq(code) & ~library["level"].isin(["unit", "floor", "room"])]
        rows = nodes[["full_text", *LEVELS]].where(nodes[["full_text", *LEVELS]].notna(), None).to_dict("records")
        return Likeness(rows), rows

    def _chain(self, grid_id: str | None) -> tuple[tuple[str, str], ...]:
        """(level, code) from a grid upward."""
        found: list[tuple[str, str]] = []
        code = str(self._grid.at[grid_id, "code"]) if grid_id else ""
        while code in self._level and len(found) < len(self._level):
            found.append((self._level[code], code))
            code = self._parent[code] or ""
        return tuple(found)

    def _nearest(self, lon: pd.Series, lat: pd.Series) -> Iterator[tuple[int, float] | None]:
        """Position of the nearest building's node and its distance; None beyond :data:`NEAR_METRES`."""
        narrow = float(np.cos(np.deg2rad(self._standing["lat"].mean()))) if len(self._standing) else 1.0
        tree = shapely.STRtree(shapely.points(self._standing["lon"] * narrow, self._standing["lat"]))
        for x, y in zip(lon, lat, strict=True):
            if not len(self._standing) or not np.isfinite([x, y]).all():
                yield None
                continue
            point = shapely.Point(x * narrow, y)
            at = int(tree.nearest(point))
            metres = float(tree.geometries[at].distance(point)) * _METRES_PER_DEGREE
            yield (at, metres) if metres <= NEAR_METRES else None
