"""What happens on later nights: births, deaths, moves, marriages, buildings, roads, companies.

Every event is a column of the truth that says from which night it holds, so a night is a view of one world.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.draw import Dice, Flags, Floats, Ints
from demo.people import CHILD, ages
from demo.places import Places

_NEVER = 0
FOREVER = 1_000_000


def _some(dice: Dice, fit: Flags, rate: float, fewest: int = 3) -> Ints:
    """About `rate` of the fitting positions, at least `fewest` where they fit, in no order of ours."""
    ids = np.flatnonzero(fit).astype(np.int64)
    count = min(len(ids), max(fewest, round(rate * len(ids))))
    return ids[dice.order(ids)[:count]]


def person_events(persons: pd.DataFrame, places: Places, rates: dict[str, float], nights: int, seed: int) -> None:
    """Add the event columns to the persons, in place."""
    count = len(persons)
    age = ages(persons)
    migrant = persons["migrant"].to_numpy()
    free = np.ones(count, dtype=bool)
    for name in ("dead_night", "left_night", "move_night", "marry_night", "move_house"):
        persons[name] = _NEVER
    for name in ("marry_household", "marry_house", "marry_registered_house"):
        persons[name] = 0
    ids = np.arange(count, dtype=np.int64)
    gone = Dice(seed, "dead before").happens(ids, np.where(age > 60, rates["dead_before"], 0.0005)) & ~migrant
    left = Dice(seed, "left before").happens(ids, rates["left_before"]) & ~gone & ~migrant & (age > 16)
    persons.loc[gone, "dead_night"] = 1
    persons.loc[left, "left_night"] = 1
    free &= ~gone & ~left
    for night in range(2, nights + 1):
        _one_night(persons, places, rates, night, free, age, seed)


def _one_night(
    persons: pd.DataFrame, places: Places, rates: dict[str, float], night: int, free: Flags,
    age: Floats, seed: int,
) -> None:  # fmt: skip
    """Events of one night, each person in at most one."""
    label = str(night)
    here = ~persons["migrant"].to_numpy()
    young = np.sort(age[free & here & (persons["role"] == CHILD).to_numpy()])
    born = _some(Dice(seed, "births", label), free & here & (age <= max(0.16, float(young[0]))), rates["births"])
    persons.loc[born, "born_night"] = night
    persons.loc[born, "number_night"] = night + 1
    free[born] = False
    dead = _some(Dice(seed, "deaths", label), free & here & (age > 65), rates["deaths"])
    persons.loc[dead, "dead_night"] = night
    free[dead] = False
    moving = _some(Dice(seed, "moves", label), free & (age > 18), rates["moves"])
    dwellings = places.dwellings()
    persons.loc[moving, "move_night"] = night
    persons.loc[moving, "move_house"] = dwellings[Dice(seed, "move to", label).below(moving, len(dwellings))]
    free[moving] = False
    _marriages(persons, rates, night, free & here, age, seed)


def _marriages(
    persons: pd.DataFrame, rates: dict[str, float], night: int, fit: Flags,
    age: Floats, seed: int,
) -> None:  # fmt: skip
    """Grown daughters join the household of a grown son elsewhere (the register writes 其他)."""
    single = fit & (persons["role"] == CHILD).to_numpy() & (age > 22) & (age < 36)
    male = persons["male"].to_numpy()
    grooms = _some(Dice(seed, "grooms", str(night)), single & male, rates["marriages"])
    brides = _some(Dice(seed, "brides", str(night)), single & ~male, rates["marriages"])
    pairs = min(len(grooms), len(brides))
    brides, grooms = brides[:pairs], grooms[:pairs]
    persons.loc[brides, "marry_night"] = night
    for name in ("household", "house", "registered_house"):
        persons.loc[brides, f"marry_{name}"] = persons[name].to_numpy()[grooms]
    fit[brides] = fit[grooms] = False


def building_events(places: Places, nights: int, seed: int) -> None:
    """On each later night one self-built house is new: it exists, empty, only from then on."""
    buildings = places.buildings
    buildings["until_night"] = FOREVER
    buildings["road_night"], buildings["new_road"] = 0, ""
    fit = (buildings["kind"] == "self_built").to_numpy()
    if not fit.any():
        fit = (buildings["kind"] == "flats").to_numpy()
    for night in range(2, nights + 1):
        new = _some(Dice(seed, "new building", str(night)), fit, 0.0, fewest=1)
        buildings.loc[new, "from_night"] = night
        buildings.loc[new, "year"] = 2026
        fit[new] = False


def demolitions(places: Places, persons: pd.DataFrame, used: Ints, nights: int, seed: int) -> None:
    """On each later night one self-built house is pulled down; its households move, each to one other dwelling.

    Args:
        places: the buildings; `until_night` is set.
        persons: those who live there move; who is only registered there stays registered (空挂).
        used: houses that organizations or institutions use: their buildings stay.
        nights: number of nights.
        seed: of the city.
    """
    buildings, at = places.buildings, places.houses["building"].to_numpy()
    home = at[persons["house"].to_numpy()]
    quiet = (persons[["dead_night", "left_night", "move_night", "marry_night"]] == 0).all(axis=1).to_numpy()
    quiet &= (persons["born_night"] == 1).to_numpy()
    busy = [home[~quiet], at[used], at[persons["move_house"].to_numpy()], at[persons["marry_house"].to_numpy()]]
    fit = np.zeros(len(buildings), dtype=bool)
    fit[home[quiet]] = True
    fit[np.concatenate(busy)] = False
    fit &= ((buildings["kind"] == "self_built") & (buildings["from_night"] == 1)).to_numpy()
    dwellings = places.dwellings()
    for night in range(2, nights + 1):
        gone = _some(Dice(seed, "demolition", str(night)), fit, 0.0, fewest=1)
        fit[gone] = False
        buildings.loc[gone, "until_night"] = night
        target = dwellings[~np.isin(at[dwellings], np.flatnonzero(buildings["until_night"] < FOREVER))]
        moving = np.flatnonzero(np.isin(home, gone)).astype(np.int64)
        household = persons["household"].to_numpy()[moving].astype(np.int64)
        persons.loc[moving, "move_night"] = night
        persons.loc[moving, "move_house"] = target[Dice(seed, "resettled", str(night)).below(household, len(target))]
        fit[at[persons["move_house"].to_numpy()[moving]]] = False


def road_events(places: Places, towns: Ints, names: list[str], nights: int, seed: int) -> None:
    """On each later night a road of one town has a new name (`names`, in turn); one with about 20 houses.

    Args:
        places: the buildings; `road_night` and `new_road` are set.
        towns: a number of the town of each building.
        names: new road names.
        nights: number of nights.
        seed: of the city.
    """
    buildings = places.buildings
    buildings["houses"] = np.bincount(places.houses["building"].to_numpy(), minlength=len(buildings))
    roads = (
        buildings.assign(town=towns)[buildings["road"] != ""].groupby(["town", "road"], as_index=False)["houses"].sum()
    )
    del buildings["houses"]
    order = np.lexsort((roads["road"], roads["town"], np.abs(np.log(roads["houses"].to_numpy() / 20))))
    for turn, night in enumerate(range(2, min(nights, 1 + len(order)) + 1)):
        road = roads.iloc[order[turn]]
        hit = (buildings["road"] == road["road"]) & (towns == road["town"])
        buildings.loc[hit, "road_night"] = night
        buildings.loc[hit, "new_road"] = names[Dice(seed, "road name").order(np.arange(len(names)))[turn % len(names)]]


def organization_events(frame: pd.DataFrame, rates: dict[str, float], nights: int, seed: int) -> None:
    """Companies that are founded, renamed, closed, merged into another (and closed by it) or moved on a later night.

    A move is one of the registered seat (住所), to a house where another organization sits (`move_house`).
    """
    frame["merged_into"] = -1
    frame["move_night"], frame["move_house"] = _NEVER, frame["house"]
    free = np.ones(len(frame), dtype=bool)
    for night in range(2, nights + 1):
        for event, column in (("founded", "from_night"), ("renamed", "rename_night"), ("closed", "close_night")):
            fit = free & frame["status"].isin(["存续", "在业"]).to_numpy()
            chosen = _some(Dice(seed, event, str(night)), fit, rates[event])
            frame.loc[chosen, column] = night
            free[chosen] = False
        _merger(frame, free, rates, night, seed)
        moving = _some(Dice(seed, "moved", str(night)), free, rates["moved"], fewest=1)
        frame.loc[moving, "move_night"] = night
        target = frame["house"].to_numpy()[Dice(seed, "moved to", str(night)).below(moving, len(frame))]
        frame.loc[moving, "move_house"] = target
        free[moving] = False


def _merger(frame: pd.DataFrame, free: Flags, rates: dict[str, float], night: int, seed: int) -> None:
    """Companies that another one takes over; without companies sole traders stand in."""
    running = free & frame["status"].isin(["存续", "在业"]).to_numpy()
    fit = running & (frame["kind"] == "company").to_numpy()
    chosen = _some(Dice(seed, "merged", str(night)), fit if fit.sum() > 1 else running, rates["merged"], fewest=2)
    pairs = len(chosen) // 2
    frame.loc[chosen[:pairs], "close_night"] = night
    frame.loc[chosen[:pairs], "merged_into"] = chosen[pairs : 2 * pairs]
    free[chosen] = False
