"""What stands in the grids: markets and schools, urban villages, hamlets with plates and groups without."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from demo.config import all_rates
from demo.draw import Dice
from demo.old_grids import business_grids
from demo.world import World


@pytest.fixture(scope="module")
def buildings(world: World) -> pd.DataFrame:
    """Buildings with what their grid and village are."""
    table, villages = world.grids.table, world.villages
    frame = world.places.buildings.copy()
    frame["type"] = table["type"].to_numpy()[frame["grid"]]
    frame["level"] = table["level"].to_numpy()[frame["grid"]]
    frame["community"] = villages["community"].to_numpy()[frame["village"]]
    return frame


def test_every_building_lies_in_a_small_grid_of_its_village(world: World, buildings: pd.DataFrame) -> None:
    assert (buildings["level"] == "小网格").all()
    assert (world.grids.table["village"].to_numpy()[buildings["grid"]] == buildings["village"]).all()
    table = world.grids.table
    small = (table["level"] == "小网格") & (table["from_night"] == 1)
    assert set(buildings["grid"]) == set(table.index[small]), "no grid is empty"


def test_an_exclusive_grid_is_one_school_market_or_business_building(world: World, buildings: pd.DataFrame) -> None:
    special = buildings[buildings["type"] == "专属"]
    assert len(special) > 5
    assert special["grid"].is_unique
    assert (special["kind"] == "public").all()
    assert not (buildings.loc[buildings["type"] == "综合", "kind"] == "public").any()
    words = special["estate"].str.extract("(学|市场|大厦|卫生服务中心)$")[0]
    assert words.notna().all()
    assert words.nunique() >= 3
    houses = world.places.houses
    inside = houses["building"].isin(special.index)
    assert set(houses.loc[inside, "use"]) <= {"public", "office", "commercial"}
    assert not world.people.households["house"].isin(houses.index[inside]).any(), "nobody lives there"


def test_urban_villages_are_lanes_of_self_built_houses_in_communities(buildings: pd.DataFrame) -> None:
    lanes = buildings[buildings["road"].str.endswith("巷")]
    assert len(lanes) > 100
    assert lanes["community"].all()
    assert (lanes["kind"] == "self_built").all()
    assert 0.02 < (lanes["sub"] > 0).mean() < 0.12, "doors with a 之一"
    flats = buildings[buildings["kind"] == "flats"]
    assert lanes["grid"].nunique() > 3
    assert not set(lanes["grid"]) & set(flats["grid"]), "a grid is an urban village or it is not"


def test_in_the_country_hamlets_have_door_plates_and_groups_have_none(world: World, buildings: pd.DataFrame) -> None:
    """A house of a group has a number only in its register; departments that do not know it stop at the group."""
    country = buildings[~buildings["community"] & (buildings["kind"] == "self_built")]
    plated, grouped = country["hamlet"] != "", country["group"] > 0
    assert (plated ^ grouped).all()
    assert country.groupby("village")["group"].agg(lambda groups: (groups > 0).nunique()).max() == 1
    houses = np.flatnonzero(world.places.houses["building"].isin(country.index[grouped]))
    rates = all_rates()
    sources = [name for name, block in rates.items() if block.get("address_no_door")]
    assert len(sources) > 5
    for source in sources:
        texts, forms = world.writer.write(houses, rates[source], Dice(5, source), houses)
        without = forms["address_no_door"]
        assert without.mean() == pytest.approx(rates[source]["address_no_door"], abs=0.04), source
        assert all("号" not in text for text in texts[without]), source


def test_small_grids_had_about_26_business_grids_each(world: World) -> None:
    """400 000 business grids to 15 104 unified ones (published): 26 to one over a dozen departments, each about 2.2."""
    every = np.arange(len(world.places.buildings), dtype=np.int64)
    nets = [set(business_grids(world, f"net {n}", every)) for n in range(12)]
    assert all(1.2 < len(net) / world.places.buildings["grid"].nunique() < 3.2 for net in nets)
    assert sum(map(len, nets)) / world.places.buildings["grid"].nunique() == pytest.approx(400_000 / 15_104, rel=0.25)


def test_a_door_is_given_once_in_a_road_of_a_town(world: World, buildings: pd.DataFrame) -> None:
    towns = world.villages["town_code"].to_numpy()[buildings["village"]]
    road = (buildings["road"] != "") & (buildings["estate"] == "")
    doors = buildings.assign(town=towns)[road].groupby(["town", "road", "door", "sub"]).size()
    assert (doors == 1).all()
    assert buildings["code"].is_unique
    assert (buildings["code"].str[:12] == world.villages["code"].to_numpy()[buildings["village"]]).all()
