from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from demo.config import table
from demo.people import ages
from demo.world import World


def test_size_and_density(world: World) -> None:
    persons, houses = world.people.persons, world.places.houses
    small = int(world.villages["small_grids"].sum())
    assert len(persons) == pytest.approx(29_000, rel=0.15)
    assert len(persons) / small == pytest.approx(206, rel=0.1)
    assert len(houses) / small == pytest.approx(71, rel=0.12)
    assert len(world.organizations) / small == pytest.approx(2.0, rel=0.05)
    placed = world.organizations[world.organizations["site"] >= 0]
    assert placed["premises"].nunique() / small == pytest.approx(1.1, abs=0.25)


def test_surnames_follow_their_source(world: World) -> None:
    source = table("surnames").assign(weight=lambda f: f["weight"].astype(float))
    top = source.nlargest(100, "weight")
    share = world.people.persons["surname"].isin(top["surname"]).mean()
    assert share == pytest.approx(top["weight"].sum() / source["weight"].sum(), abs=0.02)
    assert (world.people.persons["surname"].str.len() > 1).sum() > 5, "compound surnames"
    assert world.people.persons["name"].str.contains("·").sum() > 5, "names with a dot"


def test_some_characters_are_outside_gbk(world: World) -> None:
    def outside(text: str) -> bool:
        try:
            text.encode("gbk")
        except UnicodeEncodeError:
            return len(text.encode("gb18030")) > 2 * len(text)
        return False

    assert 10 < sum(map(outside, world.people.persons["name"])) < 300


def test_households_ages_and_twins(world: World) -> None:
    persons = world.people.persons
    family = persons[~world.people.households["collective"].to_numpy()[persons["household"]]]
    sizes = family.groupby("household").size()
    assert 2.6 < sizes.mean() < 3.4
    assert sizes.max() <= 7
    age = ages(persons)
    shares = {name: float(np.mean(flag)) for name, flag in {
        "young": age < 15, "old": age >= 65, "very old": age >= 90}.items()}  # fmt: skip
    assert 0.15 < shares["young"] < 0.30
    assert 0.08 < shares["old"] < 0.22
    assert shares["very old"] < 0.02
    assert 0.002 < persons["twin"].mean() < 0.015
    assert persons["male"].mean() == pytest.approx(0.51, abs=0.03)


def test_every_standard_address_is_unique_and_homes_differ_for_some(world: World) -> None:
    houses = np.arange(len(world.places.houses), dtype=np.int64)
    texts = pd.Series(world.writer.standard(houses))
    assert not texts.duplicated().any()
    assert texts.str.startswith("广东省云浮市").all()
    persons = world.people.persons
    assert (persons["house"] != persons["registered_house"]).mean() == pytest.approx(0.15, abs=0.04)
    assert not persons["number"].duplicated().any()
