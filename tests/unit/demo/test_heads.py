"""What people name of an address, held against how often 8 957 real ones name it (data/address_heads.csv)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from demo.config import BY_PEOPLE, HEAD_FORMS, HERE, all_rates, table
from demo.draw import Dice, Flags, Ints, Texts
from demo.heads import STANDINGS, standing
from demo.world import World

TEXTS = 8957  # of the NAACL 2019 training set
# Shares over all its texts, by its authors' labels: 60.3 % name a road, 1.5 % of all call a villagers' group one.
NAMED = {"province": 0.4234, "city": 0.5383, "county": 0.6560, "town": 0.4403, "village": 0.1421, "road": 0.5876}
HABITS = set(HEAD_FORMS) | {"address_from_county", "address_from_town", "address_from_village"}
PEOPLE = sorted(source for source, rates in all_rates().items() if BY_PEOPLE in rates)


@pytest.fixture(scope="module")
def counted() -> pd.DataFrame:
    """Texts by what they stand by: share of all, and share that names each element."""
    rows = table("address_heads").astype({"texts": int} | dict.fromkeys(NAMED, int))
    named = rows[[*NAMED]].mul(rows["texts"], axis=0).groupby(rows["by"]).sum()
    texts = rows.groupby("by")["texts"].sum()
    return named.div(texts, axis=0).assign(texts=texts)


@pytest.fixture(scope="module")
def written(world: World) -> dict[str, tuple[Texts, dict[str, Flags]]]:
    """Every house in the words of each department whose addresses people write."""
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    return {s: world.writer.write(houses, all_rates()[s], Dice(5, s), houses) for s in PEOPLE}


@pytest.fixture(scope="module")
def by(world: World) -> Ints:
    return standing(world.places.buildings)[world.places.houses["building"].to_numpy()]


def test_the_table_is_the_set_it_was_counted_from(counted: pd.DataFrame) -> None:
    assert set(counted.index) == set(STANDINGS)
    assert counted["texts"].sum() == TEXTS
    over_all = counted[[*NAMED]].mul(counted["texts"], axis=0).sum() / TEXTS
    assert over_all.to_dict() == pytest.approx(NAMED, abs=0.0005)


def test_a_department_either_has_habits_of_its_own_or_its_addresses_are_written_by_people() -> None:
    blocks = yaml.safe_load((HERE / "rates.yml").read_text(encoding="utf-8"))
    own = {name for name, block in blocks.items() if name != "city" and HABITS & set(block["errors"])}
    assert len(PEOPLE) > 10
    assert len(own) > 4
    assert not own & set(PEOPLE)
    assert {"gongan_hukou", "zhujian_fangwu", "ziran_zongdi", "minzheng_diming", "wangge_renkou"} <= own | {
        "zhujian_fangwu"  # writes the standard form
    }


@pytest.mark.parametrize("element", NAMED)
def test_people_name_as_often_as_in_the_real_set(
    counted: pd.DataFrame, written: dict[str, tuple[Texts, dict[str, Flags]]], by: Ints, element: str
) -> None:
    """In the real set's mix of estates, roads, hamlets and groups; ours has more hamlets and groups than towns have.

    Tolerance: 13 departments × some thousand houses by each; the rarest (estates) leave 0.004 of chance at 3 sigma.
    """
    form = next(form for form, of in HEAD_FORMS.items() if of == element)
    left_out = np.concatenate([forms[form] for _, forms in written.values()])
    place = np.concatenate([by] * len(written))
    over_all = 0.0
    for at, name in enumerate(STANDINGS):
        rows = place == at
        assert rows.sum() > 5000, name
        named = 0.0 if element == "road" and name in ("hamlet", "group") else 1 - left_out[rows].mean()
        assert named == pytest.approx(counted.loc[name, element], abs=0.02), name
        over_all += named * counted.loc[name, "texts"] / TEXTS
    assert over_all == pytest.approx(NAMED[element], abs=0.01)


def test_each_department_alone_is_as_the_table(
    counted: pd.DataFrame, written: dict[str, tuple[Texts, dict[str, Flags]]], by: Ints
) -> None:
    """Few houses of a department may stand by an estate: 1 500 give 0.04 at 3 sigma."""
    assert len(written) == len(PEOPLE) > 10
    for source, (_, forms) in written.items():
        for at, name in enumerate(STANDINGS):
            told = 1 - forms["address_no_village"][by == at].mean()
            assert told == pytest.approx(counted.loc[name, "village"], abs=0.04), (source, name)


def test_what_truth_says_is_left_out_is_not_in_the_text(world: World, by: Ints) -> None:
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    text, forms = world.writer.write(houses, {BY_PEOPLE: 1.0}, Dice(5, "heads"), houses)
    building = world.places.houses["building"].to_numpy()
    of_village = world.villages.iloc[world.places.buildings["village"].to_numpy()[building]]
    for form, words in {
        "address_no_province": ["广东省"] * len(text), "address_no_city": ["云浮市"] * len(text),
        "address_no_county": of_village["county"], "address_no_town": of_village["town"],
        "address_estate_only": world.places.buildings["road"].to_numpy()[building],
    }.items():  # fmt: skip
        told = np.array([bool(word) and word in value for word, value in zip(words, text, strict=True)])
        assert forms[form].any()
        assert not (told & forms[form]).any(), form
        assert (told | forms[form] | np.array([not word for word in words])).all(), form


def test_the_elements_stand_in_the_table_s_order(world: World) -> None:
    """As in 91 % of the real set's texts: divisions from wide to narrow, road, door, estate, block, unit, room."""
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    text, forms = world.writer.write(houses, {BY_PEOPLE: 1.0}, Dice(5, "heads"), houses)
    assert list(table("address_heads").columns[1:-1]) == [*HEAD_FORMS.values()]
    building, house = world.places.buildings, world.places.houses
    at = house["building"].to_numpy()
    villages = world.villages.iloc[building["village"].to_numpy()[at]]
    rows = np.flatnonzero((building["estate"] != "").to_numpy()[at] & (house["unit"] > 0).to_numpy())
    assert len(rows) > 1000
    complete = 0
    for row in rows.tolist():
        b, v = building.iloc[at[row]], villages.iloc[row]
        pieces = ["广东省", "云浮市", v["county"], v["town"], v["short"], b["road"] + f"{b['door']}号", b["estate"],
                  f"{b['block']}幢", f"{house['unit'][row]}单元", f"{house['room'][row]}室"]  # fmt: skip
        left_out = [forms[form][row] for form in HEAD_FORMS] + [False] * 4
        said = [piece for piece, missing in zip(pieces, left_out, strict=True) if not missing]
        assert text[row] == "".join(said)
        complete += len(said) == len(pieces)
    assert complete
