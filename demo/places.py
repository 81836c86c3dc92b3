"""Buildings and houses: every house has one standard address and lies in exactly one small grid."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd

from demo.config import CityConfig
from demo.draw import Dice, Ints, Texts
from demo.settlement import Grids
from demo.tiling import Surveyor

DWELLINGS = 0.35  # per resident: about 1 M houses for 2.9 M residents
_PUBLIC = ["小学", "中心市场", "商务大厦", "中学", "综合市场", "卫生服务中心"]


@dataclass(frozen=True)
class Places:
    """`buildings` and `houses`, row positions are their ids.

    buildings: grid (row of the grid table on night 1), village, x, y (square), lon, lat, road, hamlet, group,
    door, sub, estate, block, floors, year, kind, code, from_night. houses: building, unit, floor, room, label,
    use, area.
    """

    buildings: pd.DataFrame
    houses: pd.DataFrame

    def dwellings(self) -> Ints:
        """Positions of the dwellings that stand from the first night on."""
        old = self.buildings["from_night"].to_numpy()[self.houses["building"].to_numpy()] == 1
        return np.flatnonzero(old & (self.houses["use"] == "dwelling").to_numpy()).astype(np.int64)


class _Builder:
    """Collects buildings and houses grid by grid and keeps door numbers unique."""

    def __init__(self, config: CityConfig, seed: int) -> None:
        self.config = config
        self.seed = seed
        self.rng = np.random.default_rng([seed, 20_260_101])
        self.doors: dict[tuple[str, str], int] = defaultdict(int)
        self.blocks: dict[tuple[str, str], int] = defaultdict(int)
        self.estate_door: dict[tuple[str, str], tuple[str, int]] = {}
        self.building_parts: list[dict[str, Ints | Texts | int | str]] = []
        self.house_parts: list[dict[str, Ints | Texts | str]] = []
        self.count = 0

    def add(self, number: int, **columns: Ints | Texts | int | str) -> Ints:
        """Add buildings (missing columns empty) and return their positions."""
        base: dict[str, Ints | Texts | int | str] = {
            "road": "", "hamlet": "", "group": 0, "door": 0, "sub": 0, "estate": "", "block": 0, "kind": "self_built",
        }  # fmt: skip
        base.update(columns)
        base["n"] = number
        self.building_parts.append(base)
        positions = np.arange(self.count, self.count + number, dtype=np.int64)
        self.count += number
        return positions

    def house(self, building: Ints, unit: Ints, floor: Ints, room: Ints, label: str, use: str) -> None:
        """Add houses of one use."""
        self.house_parts.append(
            {"building": building, "unit": unit, "floor": floor, "room": room, "label": label, "use": use}
        )

    def next_doors(self, area: str, road: str, number: int) -> tuple[Ints, Ints]:
        """Door and sub-door numbers (附号) along a road: mostly new doors, a few 之一 at the one before."""
        sub = (self.rng.random(number) < 0.06).astype(np.int64)
        sub[0] = 0
        step = np.where(sub == 1, 0, 1 + (self.rng.random(number) < 0.1))
        door = self.doors[(area, road)] + np.cumsum(step)
        starts = np.maximum.accumulate(np.where(sub == 0, np.arange(number), 0))
        self.doors[(area, road)] = int(door[-1])
        return door.astype(np.int64), np.arange(number, dtype=np.int64) - starts

    def rural(self, grid: int, village: str, serial: int, plated: bool, dwellings: int) -> None:
        """Self-built houses of a villagers' group, with door plates in a hamlet or numbered in the group."""
        if plated:
            names = self.config.hamlets
            hamlet = names[(int(village[-4:]) * 7 + serial // 2) % len(names)] + "自然村"
            door, sub = self.next_doors(village, hamlet, dwellings)
            at = self.add(dwellings, grid=grid, hamlet=hamlet, door=door, sub=sub, floors=self._floors(dwellings, 4))
        else:
            door = np.arange(1, dwellings + 1, dtype=np.int64)
            at = self.add(dwellings, grid=grid, group=serial, door=door, floors=self._floors(dwellings, 4))
        zero = np.zeros(dwellings, dtype=np.int64)
        self.house(at, zero, zero, zero, "", "dwelling")

    def lane(self, grid: int, town: str, serial: int, dwellings: int) -> None:
        """An urban village: lanes of self-built houses."""
        names = self.config.hamlets
        road = f"{names[(grid * 5 + serial) % len(names)]}{'一二三四五六七八九'[serial % 9]}巷"
        door, sub = self.next_doors(town, road, dwellings)
        at = self.add(dwellings, grid=grid, road=road, door=door, sub=sub, floors=self._floors(dwellings, 6))
        zero = np.zeros(dwellings, dtype=np.int64)
        self.house(at, zero, zero, zero, "", "dwelling")

    def street(self, grid: int, town: str, road: str, dwellings: int) -> None:
        """Houses along a road: shops on the ground floor, flats above."""
        floors = self.rng.integers(3, 7, size=max(1, dwellings // 5 + 1))
        flats = self.rng.integers(1, 3, size=len(floors))
        keep = int(np.searchsorted(np.cumsum((floors - 1) * flats), dwellings)) + 1
        floors, flats = floors[:keep], flats[:keep]
        door, sub = self.next_doors(town, road, len(floors))
        at = self.add(len(floors), grid=grid, road=road, door=door, sub=sub, floors=floors, kind="flats")
        self._flats(at, np.zeros(len(at), dtype=np.int64), floors, flats, first_floor=2)
        shops = self.rng.integers(0, 3, size=len(at))
        self._numbered(at, shops, "铺", "commercial")

    def estate(self, grid: int, town: str, village: str, road: str, estate: str, dwellings: int) -> None:
        """Blocks of an estate (小区): units, floors and two to four flats on each floor."""
        if (village, estate) not in self.estate_door:
            door, _ = self.next_doors(town, road, 1)
            self.estate_door[(village, estate)] = (road, int(door[0]))
        road, number = self.estate_door[(village, estate)]
        units, floors = int(self.rng.integers(1, 4)), int(self.rng.choice([6, 7, 9, 11, 18]))
        flats = int(self.rng.choice([2, 2, 3, 4]))
        blocks = max(1, round(dwellings / (units * floors * flats)))
        first = self.blocks[(village, estate)] + 1
        self.blocks[(village, estate)] += blocks
        block = np.arange(first, first + blocks, dtype=np.int64)
        at = self.add(blocks, grid=grid, road=road, door=number, estate=estate, block=block,
                      floors=np.full(blocks, floors), kind="flats")  # fmt: skip
        building = np.repeat(at, units)
        unit = np.tile(np.arange(1, units + 1) if units > 1 else np.zeros(1, dtype=np.int64), blocks)
        size = len(building)
        self._flats(building, unit, np.full(size, floors), np.full(size, flats), first_floor=1)

    def public(self, grid: int, town: str, road: str, name: str, short: str) -> None:
        """The school, market or business building of an exclusive grid."""
        door, sub = self.next_doors(town, road, 1)
        floors = int(self.rng.integers(2, 9))
        at = self.add(1, grid=grid, road=road, door=door, sub=sub, estate=short + name, kind="public", floors=floors)
        if name.endswith("市场"):
            self._numbered(at, self.rng.integers(8, 25, size=1), "铺", "commercial")
        elif name.endswith("大厦"):
            self._flats(at, np.zeros(1, dtype=np.int64), np.full(1, floors), np.full(1, 4), 1, use="office")
        else:
            zero = np.zeros(1, dtype=np.int64)
            self.house(at, zero, zero, zero, "", "public")

    def _floors(self, number: int, most: int) -> Ints:
        return self.rng.integers(1, most, size=number)

    def _flats(self, at: Ints, unit: Ints, floors: Ints, flats: Ints, first_floor: int, use: str = "dwelling") -> None:
        """Flats x01, x02 ... on every floor from the first one used."""
        per = (floors - first_floor + 1) * flats
        index = np.repeat(np.arange(len(at)), per)
        rank = np.arange(int(per.sum())) - np.repeat(np.cumsum(per) - per, per)
        floor = rank // flats[index] + first_floor
        room = floor * 100 + rank % flats[index] + 1
        self.house(at[index], unit[index], floor, room, "室", use)

    def _numbered(self, at: Ints, number: Ints, label: str, use: str) -> None:
        """Shops 101, 102 ... on the ground floor."""
        index = np.repeat(np.arange(len(at)), number)
        rank = np.arange(int(number.sum())) - np.repeat(np.cumsum(number) - number, number)
        zero = np.zeros(len(index), dtype=np.int64)
        self.house(at[index], zero, zero + 1, 101 + rank, label, use)


def build_places(config: CityConfig, villages: pd.DataFrame, grids: Grids, surveyor: Surveyor, seed: int) -> Places:
    """Fill every small grid with dwellings for its residents, shops and public buildings."""
    builder = _Builder(config, seed)
    table = grids.table
    small = table[table["level"] == "小网格"]
    plated = Dice(seed, "plated").happens(villages["code"].astype(np.int64).to_numpy(), 0.6)
    usual = DWELLINGS * config.residents / config.small_grids
    style = Dice(seed, "style").weighted(small.index.to_numpy(), [0.45, 0.4, 0.15])
    size = Dice(seed, "dwellings").normal(small.index.to_numpy())
    info = list(villages[["code", "town_code", "community", "short"]].itertuples(index=False, name=None))
    for (row, grid), look, spread in zip(small.iterrows(), style, size, strict=True):
        village, town, community, short = info[grid["village"]]
        serial = int(grid["code"][13:16])
        road = config.roads[(int(village[-4:]) * 3 + serial % 4) % len(config.roads)]
        dwellings = max(20, int(usual * (1 + 0.11 * spread)))
        position = int(str(row))
        if grid["type"] == "专属":
            builder.public(position, town, road, _PUBLIC[(serial + int(village[-3:])) % len(_PUBLIC)], short)
        elif not community:
            builder.rural(position, village, serial, bool(plated[grid["village"]]), dwellings)
        elif look == 0:
            names = config.estates
            estate = names[(int(village[-4:]) * 5 + serial // 3) % len(names)]
            builder.estate(position, town, village, road, estate, dwellings)
        elif look == 1:
            builder.street(position, town, road, dwellings)
        else:
            builder.lane(position, town, serial, dwellings)
    return _assemble(builder, grids, villages, surveyor, seed)


def _stack(parts: list[dict[str, Ints | Texts | int | str]], name: str, sizes: list[int]) -> Ints | Texts:
    values = [np.broadcast_to(np.asarray(part[name]), (n,)) for part, n in zip(parts, sizes, strict=True)]
    joined = np.concatenate(values)
    return joined.astype(object) if joined.dtype.kind == "U" else joined


def _assemble(b: _Builder, grids: Grids, villages: pd.DataFrame, surveyor: Surveyor, seed: int) -> Places:
    sizes = [int(str(part["n"])) for part in b.building_parts]
    names = ["grid", "road", "hamlet", "group", "door", "sub", "estate", "block", "floors", "kind"]
    buildings = pd.DataFrame({name: _stack(b.building_parts, name, sizes) for name in names})
    ids = np.arange(len(buildings), dtype=np.int64)
    grid = buildings["grid"].to_numpy()
    lengths = np.array([len(cells) for cells in grids.cells])
    starts = np.r_[0, np.cumsum(lengths)[:-1]]
    every_x = np.concatenate([cells.x for cells in grids.cells])
    every_y = np.concatenate([cells.y for cells in grids.cells])
    dice = Dice(seed, "building point")
    square = starts[grid] + dice.below(ids, lengths[grid])
    buildings["x"], buildings["y"] = every_x[square], every_y[square]
    buildings["lon"], buildings["lat"] = surveyor.points(every_x[square], every_y[square], ids, dice)
    buildings["village"] = grids.table["village"].to_numpy()[grid]
    buildings["year"] = 2024 - np.minimum(45, np.abs(Dice(seed, "year").normal(ids) * 14).astype(np.int64))
    buildings["code"] = _building_codes(buildings, villages, seed)
    buildings["from_night"] = 1
    house_sizes = [len(np.asarray(part["building"])) for part in b.house_parts]
    parts: list[dict[str, Ints | Texts | int | str]] = [dict(part) for part in b.house_parts]
    houses = pd.DataFrame(
        {name: _stack(parts, name, house_sizes) for name in ["building", "unit", "floor", "room", "label", "use"]}
    )
    house_ids = np.arange(len(houses), dtype=np.int64)
    dwelling = houses["use"].isin(["dwelling"]).to_numpy()
    area = np.where(dwelling, 95.0, 48.0) * np.exp(0.35 * Dice(seed, "area").normal(house_ids))
    houses["area"] = np.round(np.clip(area, 12, 900), 2)
    return Places(buildings, houses)


def _building_codes(buildings: pd.DataFrame, villages: pd.DataFrame, seed: int) -> Texts:
    """Village code + five digits, given in no order of ours (as in DB6101/T 3185)."""
    ids = np.arange(len(buildings), dtype=np.int64)
    village = buildings["village"].to_numpy()
    order = np.lexsort((Dice(seed, "building code").bits(ids), village))
    counts = np.bincount(village, minlength=len(villages))
    rank = np.empty(len(ids), dtype=np.int64)
    rank[order] = np.arange(len(ids)) - np.repeat(np.cumsum(counts) - counts, counts)
    codes = villages["code"].to_numpy()
    return np.array([f"{codes[v]}{r + 1:05d}" for v, r in zip(village, rank, strict=True)], dtype=object)
