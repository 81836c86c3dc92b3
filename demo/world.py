"""The truth of a city and what of it holds on a night."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa

from demo.config import CityConfig, Rates, all_rates
from demo.draw import Dice, Texts, opaque_array
from demo.licences import Trade
from demo.people import People
from demo.places import Places
from demo.settlement import Grids
from demo.tiling import Surveyor
from demo.wording import AddressWriter

FIRST_NIGHT = date(2026, 10, 1)


@dataclass(frozen=True, eq=False)
class World:
    """Everything that is true, with the night from which it is true; row positions of the tables are ids."""

    config: CityConfig
    seed: int
    villages: pd.DataFrame
    grids: Grids
    surveyor: Surveyor
    places: Places
    people: People
    organizations: pd.DataFrame
    facilities: pd.DataFrame
    institutions: pd.DataFrame
    trade: Trade
    writer: AddressWriter

    @property
    def rates(self) -> Rates:
        """The city's own rates."""
        return all_rates()["city"]

    @cached_property
    def address_names(self) -> pa.Array:
        """Truth names of the standard address of each house."""
        return opaque_array(self.seed, "address", np.arange(len(self.places.houses), dtype=np.int64))

    @property
    def addresses(self) -> Texts:
        """`address_names` as ordinary texts, made anew each time: they are large."""
        names: Texts = self.address_names.to_numpy(zero_copy_only=False)
        return names

    @cached_property
    def building_codes(self) -> pa.Array:
        """The codes of the buildings as an Arrow array."""
        return pa.array(self.places.buildings["code"].to_numpy(dtype=object), pa.string())


@dataclass(frozen=True, eq=False)
class State:
    """One night's view: persons as they are then, and which small grid each building lies in."""

    world: World
    night: int
    persons: pd.DataFrame
    small_grid: Texts

    @property
    def day(self) -> date:
        """The calendar day of the night."""
        return FIRST_NIGHT + timedelta(days=self.night - 1)

    def dice(self, *labels: str) -> Dice:
        """Draws for a department; equal on every night."""
        return Dice(self.world.seed, *labels)

    def rates(self, source: str) -> Rates:
        """The error rates of a department."""
        return all_rates()[source]

    @cached_property
    def small_grid_names(self) -> pa.Array:
        """`small_grid` as an Arrow array."""
        return pa.array(self.small_grid, pa.string())

    @property
    def house_exists(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each house stands on this night."""
        buildings = self.world.places.buildings
        built = (buildings["from_night"].to_numpy() <= self.night) & (buildings["until_night"].to_numpy() > self.night)
        flags: np.ndarray[tuple[int], np.dtype[np.bool_]] = built[self.world.places.houses["building"].to_numpy()]
        return flags


_PLANS = ["twin_of", "move_house", "marry_household", "marry_house", "marry_registered_house"]


def state_of(world: World, night: int) -> State:
    """The world on a night: events up to it have happened."""
    every = world.people.persons
    moved = (every["move_night"] > 0) & (every["move_night"] <= night)
    married = (every["marry_night"] > 0) & (every["marry_night"] <= night)
    changes = {"house": every["house"].where(~moved, every["move_house"])}
    for name in ("household", "house", "registered_house"):
        changes[name] = changes.get(name, every[name]).where(~married, every[f"marry_{name}"])
    persons = every.copy(deep=False)  # unchanged columns are shared
    for name in _PLANS:
        del persons[name]
    for name, values in changes.items():
        persons[name] = values
    firms = world.organizations.copy(deep=False)
    gone = (firms["move_night"] > 0) & (firms["move_night"] <= night)
    firms["house"] = firms["house"].where(~gone, firms["move_house"])
    tonight = replace(world, writer=world.writer.at(night), organizations=firms)
    return State(tonight, night, persons, small_grid_codes(world, night))


def small_grid_codes(world: World, night: int) -> Texts:
    """The small or exclusive grid each building lies in by the cut of a night."""
    table = world.grids.table
    buildings = world.places.buildings
    codes: Texts = table["code"].to_numpy(dtype=object)[buildings["grid"].to_numpy()]
    late = table[(table["from_night"] > 1) & (table["from_night"] <= night) & (table["until_night"] > night)]
    place = buildings["x"].to_numpy() * 1_000_003 + buildings["y"].to_numpy()
    village = buildings["village"].to_numpy()
    for row, grid in late.iterrows():
        cells = world.grids.cells[int(str(row))]
        inside = np.isin(place, cells.x * 1_000_003 + cells.y) & (village == grid["village"])
        codes[inside] = grid["code"]
    return codes
