"""Which villages a city of a given size holds, and the grids drawn over them."""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely

from demo.config import DATA, CityConfig, divisions
from demo.draw import Dice, Floats, Ints
from demo.tiling import Cells, county_cells, divide

_STREETS_BELOW = 100  # GB/T 10114: 001-099 streets, 100-199 towns, 200-399 townships
_COMMUNITIES_BELOW = 200  # village codes 001-199: residents' committees


@dataclass(frozen=True)
class Grids:
    """Grids of every level and night; `cells` and `ring` run beside the rows of `table`.

    `table` columns: code, name, level, type, parent, village (position), from_night, until_night.
    """

    table: pd.DataFrame
    cells: list[Cells]


def short_name(name: str, community: bool) -> str:
    """A village's name as addresses write it: 城中社区, 大塘村 (no committee)."""
    stem = re.sub(r"(居民委员会|村民委员会|居委会|村委会)$", "", name)
    if stem.endswith(("社区", "村")):
        return stem
    return stem + ("社区" if community else "村")


def all_villages(config: CityConfig, seed: int) -> pd.DataFrame:
    """Every village and community of the city with its number of small grids.

    The numbers are drawn log-normally and add up to the published total exactly.
    """
    table = divisions()
    current = table[(table["pseudo"] == "false") & (table["valid_to"] == "")]
    names = dict(zip(current["code"], current["name"], strict=True))
    counties = current[(current["level"] == "county") & (current["parent"] == config.city_code)]
    towns = current[(current["level"] == "town") & current["parent"].isin(counties["code"])]
    frame = current[(current["level"] == "village") & current["parent"].isin(towns["code"])]
    frame = frame.sort_values("code", ignore_index=True)[["code", "name", "parent"]]
    frame = frame.rename(columns={"parent": "town_code"})
    frame["county_code"] = frame["town_code"].str[:6] + "000000"
    frame["town"] = frame["town_code"].map(names)
    frame["county"] = frame["county_code"].map(names)
    frame["community"] = frame["code"].str[9:].astype(int) < _COMMUNITIES_BELOW
    frame["street"] = frame["town_code"].str[6:9].astype(int) < _STREETS_BELOW
    frame["short"] = [short_name(n, c) for n, c in zip(frame["name"], frame["community"], strict=True)]
    ids = frame["code"].astype(np.int64).to_numpy()
    weight = np.exp(0.35 * Dice(seed, "village size").normal(ids)) * np.where(frame["community"], 1.25, 1.0)
    frame["small_grids"] = apportion(weight, config.small_grids)
    frame["area"] = (
        frame["small_grids"]
        * np.where(frame["street"], config.figures["street_area"], 1.0)
        * np.where(frame["community"], config.figures["community_area"], 1.0)
    )
    return frame


def apportion(weight: Floats, total: int) -> Ints:
    """Whole numbers of at least 2 in proportion to the weights that add up to the total."""
    exact = 2 + weight / weight.sum() * (total - 2 * len(weight))
    base: Ints = np.floor(exact).astype(np.int64)
    rest = total - int(base.sum())
    base[np.argsort(base - exact, kind="stable")[:rest]] += 1
    return base


def choose(villages: pd.DataFrame, config: CityConfig, residents: int, seed: int) -> pd.DataFrame:
    """Whole towns in the seed's order, then whole villages of the next, until the size is reached.

    A city smaller than two villages gets the first grids of one community and one village. The first town
    is a street, so that every size holds both sorts. Adds the column `cut` (town not complete).
    """
    want = max(2, round(residents * config.small_grids / config.residents))
    towns = villages.groupby("town_code", as_index=False).agg(
        grids=("small_grids", "sum"), street=("street", "first"), communities=("community", "mean")
    )
    order = Dice(seed, "town order").order(towns["town_code"].astype(np.int64).to_numpy())
    towns = towns.iloc[order]
    mixed = towns["street"] & towns["communities"].between(0.2, 0.8)
    towns = pd.concat([towns[mixed].head(1), towns.drop(towns[mixed].head(1).index)])
    taken: list[pd.DataFrame] = []
    left = want
    for town in towns.itertuples():
        inside = villages[villages["town_code"] == town.town_code]
        if town.grids <= left or residents >= config.residents:
            taken.append(inside.assign(cut=False))
            left -= int(inside["small_grids"].sum())
        elif left > 0:
            taken.append(_part(inside, left, seed).assign(cut=True))
            break
    return pd.concat(taken).sort_values("code", ignore_index=True)


def _part(inside: pd.DataFrame, want: int, seed: int) -> pd.DataFrame:
    """Villages and communities in turn until `want` small grids are reached."""
    bits = Dice(seed, "village order").order(inside["code"].astype(np.int64).to_numpy())
    mixed = inside.iloc[bits]
    mixed = mixed.assign(turn=mixed.groupby("community").cumcount())
    mixed = mixed.sort_values(["turn", "community"], ascending=[True, False], kind="stable").drop(columns="turn")
    before = mixed["small_grids"].cumsum() - mixed["small_grids"]
    chosen = mixed[(before + mixed["small_grids"] / 2) < want]
    if len(chosen) > 2 or (len(chosen) == 2 and abs(int(chosen["small_grids"].sum()) - want) <= 2):
        return chosen
    pair = mixed.head(2).copy()
    pair["small_grids"] = [max(1, want - want // 2), max(1, want // 2)]
    return pair


def outlines(config: CityConfig) -> dict[str, shapely.Geometry]:
    """County outlines by 12-digit code."""
    text = (DATA / f"counties_{config.name}.geojson").read_text(encoding="utf-8")
    features = json.loads(text)["features"]
    return {f["properties"]["code"]: shapely.from_geojson(json.dumps(f["geometry"])) for f in features}


def village_cells(everything: pd.DataFrame, chosen: pd.DataFrame, config: CityConfig) -> dict[str, Cells]:
    """The lattice squares of each chosen village, inside its county's real outline."""
    shapes = outlines(config)
    result: dict[str, Cells] = {}
    for county in sorted(chosen["county_code"].unique()):
        towns = everything[everything["county_code"] == county].groupby("town_code")["area"].sum().sort_index()
        parts = divide(county_cells(shapes[county]), towns.tolist())
        for town, cells in zip(towns.index, parts, strict=True):
            inside = chosen[chosen["town_code"] == town]
            if not len(inside):
                continue
            area = cells
            if bool(inside["cut"].iloc[0]):
                used = float(inside["area"].sum())
                area = divide(cells, [used, max(float(towns[town]) - used, 1e-9)])[0]
            pieces = divide(area, inside["area"].tolist())
            result.update(zip(inside["code"], pieces, strict=True))
    return result


class _Village(NamedTuple):
    """What drawing a village's grids needs to know of it."""

    position: int
    code: str
    short: str
    small_grids: int
    community: bool
    street: bool


class _Draft:
    """Grid rows as they are drawn."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str, str, str, str, int]] = []
        self.cells: list[Cells] = []

    def add(self, row: tuple[str, str, str, str, str, int], cells: Cells) -> None:
        self.rows.append(row)
        self.cells.append(cells)


def draw_grids(chosen: pd.DataFrame, regions: dict[str, Cells], seed: int) -> Grids:
    """Large, medium, small, exclusive and micro grids of the chosen villages."""
    draft = _Draft()
    for town_code, inside in chosen.groupby("town_code", sort=True):
        codes = inside["code"].tolist()
        whole = Cells(*(np.concatenate([getattr(regions[c], a) for c in codes]) for a in ("x", "y")))
        town = inside["town"].iloc[0]
        draft.add((town_code[:9], f"{town}大网格", "大网格", "综合", "", int(inside.index[0])), whole)
    wanted = ["code", "short", "small_grids", "community", "street"]
    for position, row in enumerate(chosen[wanted].itertuples(index=False, name=None)):
        village = _Village(position, *row)
        _draw_village(draft, village, regions[village.code], seed)
    columns = ["code", "name", "level", "type", "parent", "village"]
    table = pd.DataFrame(draft.rows, columns=columns)
    table["from_night"] = 1
    table["until_night"] = 1_000_000
    return Grids(table, draft.cells)


def _draw_village(draft: _Draft, village: _Village, cells: Cells, seed: int) -> None:
    """The medium grid of a village and everything below it."""
    position, code, short, count, community, street = village
    draft.add((code, f"{short}中网格", "中网格", "综合", code[:9], position), cells)
    ids = int(code) * 1000 + np.arange(1, count + 1)
    weights = 0.7 + 0.6 * Dice(seed, "grid area").uniform(ids)
    exclusive = Dice(seed, "exclusive grid").happens(ids, 0.06 if community else 0.03)
    exclusive[0] |= community  # every community has a market or a school
    special = 0
    for serial, piece_of in enumerate(divide(cells, weights.tolist()), start=1):
        part = piece_of
        small = f"{code}1{serial:03d}"
        word = f"第{serial}网格" if community else f"第{serial}村民小组网格"
        if exclusive[serial - 1] and len(part) >= 4:
            special += 1
            part, hole = divide(part, [0.75, 0.25])
            draft.add((f"{code}2{special:03d}", f"{short}专属网格{special}", "小网格", "专属", code, position), hole)
        draft.add((small, short + word, "小网格", "综合", code, position), part)
        if street and community and len(part) >= 6:
            for number, piece in enumerate(divide(part, [1.0] * min(4, len(part) // 3)), start=1):
                name = f"{short}{word}微{number:02d}"
                draft.add((f"{small}{number:02d}", name, "微网格", "综合", small, position), piece)


def split_grid(grids: Grids, night: int, seed: int) -> Grids:
    """Split one general small grid into two from this night on (a new cut).

    One without micro grids is preferred; where there is none, the micro grids end with their small grid.
    """
    table = grids.table
    alive = (table["from_night"] <= night) & (table["until_night"] > night)
    parents = set(table.loc[table["level"] == "微网格", "parent"])
    big = np.array([len(cells) >= 4 for cells in grids.cells])
    fit = (alive & (table["level"] == "小网格") & (table["type"] == "综合")).to_numpy() & big
    plain = fit & ~table["code"].isin(parents).to_numpy()
    candidates = np.flatnonzero(plain if plain.any() else fit)
    if not len(candidates):
        return grids
    ids = table["code"].to_numpy()[candidates].astype(np.int64)
    chosen = int(candidates[Dice(seed, "split grid", str(night)).order(ids)[0]])
    row = table.iloc[chosen]
    siblings = table.loc[table["code"].str.startswith(row["parent"] + "1") & (table["level"] == "小网格"), "code"]
    serial = int(siblings.str[13:16].astype(int).max())
    stem = re.sub(r"第\d+", "", row["name"])
    rows, cells = [], list(grids.cells)
    for step, part in enumerate(divide(grids.cells[chosen], [1.0, 1.0]), start=1):
        name = stem.replace("村民小组网格", "").replace("网格", "") + f"第{serial + step}网格"
        new = {**row.to_dict(), "code": f"{row['parent']}1{serial + step:03d}", "name": name, "from_night": night}
        rows.append(new)
        cells.append(part)
    table = pd.concat([table, pd.DataFrame(rows)], ignore_index=True)
    table.loc[(table["code"] == row["code"]) | (table["parent"] == row["code"]), "until_night"] = night
    return Grids(table, cells)


def merge_grids(grids: Grids, night: int, seed: int) -> Grids:
    """Join two neighbouring general small grids without micro grids into one from this night on (a new cut).

    Only pairs whose union is one run in each row and column are joined, so that its ring is a simple one.
    """
    table = grids.table
    alive = (table["from_night"] < night) & (table["until_night"] > night)
    parents = set(table.loc[table["level"] == "微网格", "parent"])
    fit = alive & (table["level"] == "小网格") & (table["type"] == "综合") & ~table["code"].isin(parents)
    rows = np.flatnonzero(fit.to_numpy())
    pairs = [(a, b) for a, b in itertools.pairwise(rows.tolist()) if table["parent"][a] == table["parent"][b]]
    order = Dice(seed, "merge grids", str(night)).order(np.arange(len(pairs), dtype=np.int64))
    for place in order.tolist():
        joined = _joined([grids.cells[at] for at in pairs[place]])
        if joined is not None:
            return _with_merged(grids, pairs[place], joined, night)
    return grids


def _joined(parts: list[Cells]) -> Cells | None:
    """The union of two regions where each row and column of it is one run, none otherwise."""
    both = Cells(*(np.concatenate([getattr(part, axis) for part in parts]) for axis in ("x", "y")))
    for line, along in ((both.x, both.y), (both.y, both.x)):
        runs = pd.DataFrame({"line": line, "along": along}).groupby("line")["along"].agg(["min", "max", "size"])
        if ((runs["max"] - runs["min"] + 1) != runs["size"]).any() or np.ptp(runs.index) + 1 != len(runs):
            return None
    edges = pd.DataFrame({"x": both.x, "y": both.y}).groupby("x")["y"].agg(["min", "max"])
    touching = (edges["min"].to_numpy()[1:] <= edges["max"].to_numpy()[:-1]) & (
        edges["max"].to_numpy()[1:] >= edges["min"].to_numpy()[:-1]
    )
    return both if touching.all() else None


def _with_merged(grids: Grids, pair: tuple[int, int], joined: Cells, night: int) -> Grids:
    table = grids.table
    row = table.iloc[pair[0]]
    siblings = table.loc[table["code"].str.startswith(row["parent"] + "1") & (table["level"] == "小网格"), "code"]
    serial = int(siblings.str[13:16].astype(int).max()) + 1
    name = re.sub(r"第\d+(村民小组)?网格$", f"第{serial}网格", row["name"])
    new = {**row.to_dict(), "code": f"{row['parent']}1{serial:03d}", "name": name, "from_night": night,
           "until_night": 1_000_000}  # fmt: skip
    table = pd.concat([table, pd.DataFrame([new])], ignore_index=True)
    table.loc[list(pair), "until_night"] = night
    return Grids(table, [*grids.cells, joined])
