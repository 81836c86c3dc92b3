from __future__ import annotations

import numpy as np
import pytest

from demo.city import build_world
from demo.draw import Dice
from demo.wording import AddressWriter, numeral
from demo.world import World

FORMS = [
    "address_no_province", "address_from_county", "address_from_town", "address_from_village", "address_no_town",
    "address_committee", "address_building_word", "address_room_word", "address_no_room_word", "address_sub_form",
    "address_chinese_numeral", "address_dashes", "address_full_width", "address_traditional", "address_spaces",
    "address_no_door", "address_old_road", "address_old_county", "address_estate_only", "address_note",
    "address_repeated_prefix", "address_zero_width", "address_beside", "address_typo",
    "address_no_village", "address_no_city", "address_no_county",
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return build_world("yunfu", 9000, 2, 3)


def writer(world: World, county: str = "云安区") -> AddressWriter:
    """The city's writer on the second night; one county has had another name."""
    return AddressWriter(world.config, world.villages.assign(county=county), world.places).at(2)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_changes_some_addresses_and_says_which(world: World, form: str) -> None:
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    use = writer(world)
    standard = use.standard(houses)
    text, found = use.write(houses, {form: 1.0}, Dice(3, "forms"), houses)
    assert found[form].any()
    changed = text != standard
    assert changed.any()
    assert not (changed & ~found[form]).any()
    assert set(found) == {form}


@pytest.mark.parametrize("form", FORMS)
def test_without_a_rate_the_standard_is_written(world: World, form: str) -> None:
    houses = np.arange(50, dtype=np.int64)
    use = writer(world)
    text, found = use.write(houses, {form: 0.0}, Dice(3, "forms"), houses)
    assert found == {}
    assert (text == use.standard(houses)).all()


def test_a_flat_three_ways(world: World) -> None:
    buildings, houses = world.places.buildings, world.places.houses
    at = houses["building"].to_numpy()
    block = buildings["block"].to_numpy()[at]
    (flat, *_) = np.flatnonzero((block > 0) & (houses["unit"] > 0).to_numpy() & (houses["room"] > 0).to_numpy())
    one = np.array([flat], dtype=np.int64)
    n, unit, room = int(block[flat]), int(houses["unit"][flat]), int(houses["room"][flat])
    ways = [
        writer(world).write(one, {form: 1.0} if form else {}, Dice(3, "flat"), one)[0][0]
        for form in ("", "address_dashes", "address_chinese_numeral")
    ]
    assert ways[0].endswith(f"{n}幢{unit}单元{room}室")
    assert ways[1].endswith(f"{n}-{unit}-{room}")
    assert ways[2].endswith(f"{numeral(n)}幢{numeral(unit)}单元{room}室")


def test_numerals() -> None:
    known = {1: "一", 10: "十", 12: "十二", 20: "二十", 105: "一百零五", 128: "一百二十八", 1010: "一千零一十"}
    assert {number: numeral(number) for number in known} == known


def test_former_counties_are_those_of_the_table(world: World) -> None:
    houses = np.arange(20, dtype=np.int64)
    text, _ = writer(world).write(houses, {"address_old_county": 1.0}, Dice(3, "old"), houses)
    assert all("云安县" in value for value in text)
    _, none = writer(world, "云城区").write(houses, {"address_old_county": 1.0}, Dice(3, "old"), houses)
    assert not none["address_old_county"].any()


def test_a_road_has_its_new_name_from_its_night_on(world: World) -> None:
    buildings = world.places.buildings
    renamed = np.flatnonzero((buildings["road_night"] == 2).to_numpy())
    houses = np.flatnonzero(np.isin(world.places.houses["building"], renamed)).astype(np.int64)
    assert len(houses) > 1
    old, new = buildings["road"][renamed[0]], buildings["new_road"][renamed[0]]
    before, after = (world.writer.at(night).standard(houses) for night in (1, 2))
    assert all(old in text for text in before)
    assert [text.replace(old, new) for text in before] == after.tolist()
    kept, found = world.writer.at(2).write(houses, {"address_old_road": 1.0}, Dice(3, "road"), houses)
    assert found["address_old_road"].all()
    assert (kept == before).all()
