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


def test_the_largest_of_given_characters_follow_their_source(world: World) -> None:
    """The share of each sex whose first given character is one of the fifty most frequent, against the source's."""
    source = table("given_characters")
    persons = world.people.persons
    plain = persons[~persons["name"].str.contains("·")]
    first = [name[len(surname)] for name, surname in zip(plain["name"], plain["surname"], strict=True)]
    for sex, male in (("male", True), ("female", False)):
        weight = source[sex].astype(float)
        top = set(source.loc[weight.nlargest(50).index, "char"])
        mine = [char in top for char, is_male in zip(first, plain["male"], strict=True) if is_male == male]
        assert len(mine) > 5000
        assert np.mean(mine) == pytest.approx(weight.nlargest(50).sum() / weight.sum(), abs=0.02), sex


def test_fathers_and_sons_share_a_character(world: World) -> None:
    persons = world.people.persons
    sons = persons[persons["father_and_son"]]
    fathers = persons.iloc[sons["relative"]]
    assert len(sons) > 20
    assert (sons["household"].to_numpy() == fathers["household"].to_numpy()).all()
    pairs = zip(sons["name"], sons["surname"], fathers["name"], fathers["surname"], strict=True)
    shared = [a[len(b) : len(b) + 1] == c[len(d) : len(d) + 1] for a, b, c, d in pairs]
    assert np.mean(shared) > 0.9, "a father of a minority, or renamed, has another first character"


def test_namesakes_live_at_one_address(world: World) -> None:
    persons = world.people.persons
    same = persons[persons.duplicated(["name", "household"], keep=False)]
    assert same.groupby(["name", "household"]).ngroups > 10
    assert same.groupby(["name", "household"])["number"].nunique().min() > 1


def test_collective_households(world: World) -> None:
    households, persons = world.people.households, world.people.persons
    dormitory = households["collective"].to_numpy()[persons["household"]]
    sizes = persons[dormitory].groupby("household").size()
    assert len(sizes) > 3
    assert sizes.min() > 8, "more than a family"
    assert (persons.loc[dormitory, "relative"] == -1).all()
    assert not households.loc[households["collective"], "migrant"].any()


def test_newborns_have_no_number_yet(world: World) -> None:
    persons = world.people.persons
    age = ages(persons)
    waiting = persons["number_night"] > 1
    assert 5 < waiting.sum() < 0.02 * len(persons)
    assert age[waiting].max() < 1.5
    later = persons["born_night"] > 1
    assert later.any()
    assert (persons.loc[later, "number_night"] > persons.loc[later, "born_night"]).all()


def test_holders_of_other_documents(world: World) -> None:
    """Permits of Hong Kong, Macao and Taiwan, foreigners' cards of both kinds, passports: each by its form."""
    forms = {
        "516": r"[HM]99\d{6}", "511": r"99\d{6}", "414": r"X99\d{6}", "553": r"999999\d{11}[\dX]|XXX9999\d{8}",
        "550": r"8[123]99\d{13}[\dX]",
    }  # fmt: skip
    persons = world.people.persons
    others = persons[persons["document_kind"] != "111"]
    assert set(others["document_kind"]) == set(forms)
    for kind, part in others.groupby("document_kind"):
        assert part["document"].str.fullmatch(forms[kind]).all(), kind
    assert not others["document"].duplicated().any()
    resident = persons[persons["document_kind"] == "111"]
    assert (resident["document"] == resident["number"]).all()
