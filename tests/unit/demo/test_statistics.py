"""What the sample city is like, held against the sources that demo/README.md names."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd
import pytest

from demo.config import HERE, all_rates, city_config, divisions
from demo.deliveries import of_night
from demo.extract import Extract
from demo.old_grids import business_grids
from demo.people import ages
from demo.settlement import all_villages
from demo.utilities import accounts
from demo.world import World, state_of
from tests.unit.demo.sample import contract

UNUSABLE = {"id_missing", "id_typo", "id_15_digit", "id_excel_number", "id_transposed", "id_exponent", "id_masked",
            "id_placeholder", "id_float", "id_cyrillic_x", "id_star_x", "id_spaces", "id_apostrophe",
            "full_width"}  # fmt: skip
WIDENED = {"id_15_digit", "full_width"}  # of these `usable` makes a usable number again
OF_X = ("id_cyrillic_x", "id_star_x")  # rates among the numbers that end in X


@pytest.fixture(scope="module")
def first_night(world: World) -> dict[str, list[Extract]]:
    state = state_of(world, 1)
    return {source: [delivery.extract for delivery in make()] for source, make in of_night(state, state)}


def test_the_sexes(world: World) -> None:
    """105.07 men to 100 women (seventh census, 2020, whole country)."""
    assert world.people.persons["male"].mean() == pytest.approx(105.07 / 205.07, abs=0.02)


def test_the_share_of_the_hundred_largest_surnames(world: World) -> None:
    """84.77 % (ministry of public security, 2007) to 85.9 % (its report of 2019); the three largest by that of 2007."""
    shares = world.people.persons["surname"].value_counts(normalize=True)
    assert 0.8477 - 0.02 < shares.head(100).sum() < 0.859 + 0.02
    published = {"王": 0.0725, "李": 0.0719, "张": 0.0683}
    assert set(shares.index[:3]) == set(published)
    assert all(shares[name] == pytest.approx(share, abs=0.012) for name, share in published.items())


def test_the_age_pyramid(world: World) -> None:
    """Census 2020, whole country: 17.95 % under 15, 13.50 % from 65; here younger, as a city that others leave."""
    age = ages(world.people.persons)
    assert 0.1795 - 0.01 < np.mean(age < 15) < 0.1795 + 0.08
    assert np.mean(age >= 65) == pytest.approx(0.135, abs=0.03)
    bands = np.histogram(age, bins=[0, 15, 30, 45, 60, 75, 105])[0]
    assert (bands > 0.02 * len(age)).all()
    assert bands[-1] == bands.min()


def test_the_size_of_households(world: World) -> None:
    """2.62 to a household in the country (census 2020); about three in the towns and villages of the west."""
    persons = world.people.persons
    family = ~world.people.households["collective"].to_numpy()[persons["household"].to_numpy()]
    sizes = persons[family].groupby("household").size()
    assert 2.62 < sizes.mean() < 3.3
    shares = sizes.value_counts(normalize=True)
    assert 0.1 < shares[1] < 0.26
    assert shares[shares.index > 5].sum() < 0.1


def test_twins(world: World) -> None:
    """One birth in about ninety brings twins (Hellin's rule): about one child in fifty among siblings is one."""
    persons = world.people.persons
    twins = persons[persons["twin"]]
    assert 0.002 < persons["twin"].mean() < 0.015
    assert len(twins) > 50
    pairs = twins.groupby(["household", "birth"])
    assert (pairs.size() >= 2).all()
    assert pairs["number"].nunique().equals(pairs.size())


def test_moves_and_migrants_are_as_configured(world: World) -> None:
    persons = world.people.persons
    assert persons["migrant"].mean() == pytest.approx(world.config.figures["migrant_share"], abs=0.015)
    assert (persons["house"] != persons["registered_house"]).mean() == pytest.approx(0.15, abs=0.04)
    foreign = persons["document_kind"] != "111"
    assert foreign.sum() > 10
    assert not (foreign & ~persons["migrant"]).any()


def test_rows_per_resident(world: World, first_night: dict[str, list[Extract]]) -> None:
    """About 4.2 rows of 25 departments to a resident (resolution.md's set had 4.25)."""
    assert len(first_night) == 25
    rows = sum(part.rows for parts in first_night.values() for part in parts)
    assert rows / len(world.people.persons) == pytest.approx(4.2, abs=0.1)


def test_every_resident_is_somewhere(world: World, first_night: dict[str, list[Extract]]) -> None:
    named = set().union(
        *(part.marks["person"][0] for parts in first_night.values() for part in parts if "person" in part.marks)
    )
    assert len(named) / len(world.people.persons) > 0.97


def document_heading(source: str) -> str | None:
    for column in contract(source)["columns"]:
        to = column["to"] if isinstance(column["to"], list) else [column["to"]]
        if "person.document" in to:
            return str(column["heading"])
    return None


def usable(number: str) -> str:
    """A document number as grouping by number alone would use it: 15 digits widened, damaged ones unusable."""
    text = unicodedata.normalize("NFKC", number)
    if re.fullmatch(r"\d{15}", text):
        text = f"{text[:6]}19{text[6:]}"
        return text + check_character(text)
    if re.fullmatch(r"\d{17}[\dXx]", text):
        return text.upper() if text[17].upper() == check_character(text) else ""
    return text if re.fullmatch(r"[A-Z0-9]{6,15}", text) else ""


def check_character(number: str) -> str:
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[total % 11]


def numbered(first_night: dict[str, list[Extract]]) -> pd.DataFrame:
    """Every person row: source, entity, usable number (or nothing) and whether an error says it has none."""
    rows = []
    for source, parts in first_night.items():
        for part in parts:
            if "person" not in part.marks:
                continue
            heading = document_heading(source)
            assert heading, source
            excel = part.errors.get("id_excel_number", np.zeros(part.rows, dtype=bool))
            keys = [usable(str(n)) for n in part.columns[heading]]
            known = [flags for name, flags in part.errors.items() if name in UNUSABLE]
            spoilt = np.any(known, axis=0) if known else np.zeros(part.rows, dtype=bool)
            rows.append(pd.DataFrame({
                "source": source, "entity": part.marks["person"][0], "key": np.where(excel, "", keys), "spoilt": spoilt,
            }))  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def test_rows_with_a_valid_number_per_department(first_night: dict[str, list[Extract]]) -> None:
    """What is recorded as damaged is what is damaged; 9 to 13 % of all person rows have no usable number."""
    rows = numbered(first_night)
    assert rows["source"].nunique() >= 8
    for source, part in rows.groupby("source"):
        none = part["key"] == ""
        assert not (none & ~part["spoilt"]).any(), f"{source}: a number is unusable and no error says so"
        assert 0.70 < 1 - none.mean() < 0.995, source
    assert 0.085 < (rows["key"] == "").mean() < 0.135


def expected_unusable(source: str) -> float:
    """The share of rows without a usable number that the rates of a department promise."""
    rates = all_rates()[source]
    spoilt = sum(rates.get(name, 0.0) for name in UNUSABLE - WIDENED - {"id_missing", *OF_X})
    ends = sum(rates.get(name, 0.0) for name in OF_X) / 11  # one number in eleven ends in X
    missing = rates.get("id_missing", rates.get("id_missing_other", 0.0))
    return missing + (1 - missing) * (spoilt + ends)


def test_rows_with_a_valid_number_are_as_many_as_the_rates_say(first_night: dict[str, list[Extract]]) -> None:
    """Per department, from `rates.yml`; the register's rates of the young and the old come on top."""
    rows = numbered(first_night)
    for source, part in rows.groupby("source"):
        share, wanted = (part["key"] == "").mean(), expected_unusable(str(source))
        more = 0.075 if source == "gongan_hukou" else 0.006  # newborns have none anywhere
        noise = 4 * np.sqrt(wanted * (1 - wanted) / len(part))
        assert wanted - noise - 0.004 < share < wanted + more + noise, source


def test_grouping_by_number_alone_is_neither_easy_nor_absurd(first_night: dict[str, list[Extract]]) -> None:
    """Pairwise F1 of 0.88 to 0.95 over all departments' person rows."""
    rows = numbered(first_night)
    keyed = rows[rows["key"] != ""]

    def pairs(sizes: pd.Series) -> float:
        return float((sizes * (sizes - 1) / 2).sum())

    true, made = pairs(rows.groupby("entity").size()), pairs(keyed.groupby("key").size())
    right = pairs(keyed.groupby(["key", "entity"]).size())
    assert true > 50_000
    assert 0.88 <= 2 * right / (true + made) <= 0.95
    assert right / made > 0.975, "a wrong number is the exception"


def test_rates_tell_where_they_come_from() -> None:
    """Every rate of the city has a source, or the word chosen and a reason."""
    lines = (HERE / "rates.yml").read_text(encoding="utf-8").splitlines()
    begin, end = lines.index("city:"), next(n for n, line in enumerate(lines) if line.startswith("gongan_hukou:"))
    rates = [line for line in lines[begin + 1 : end] if re.match(r"  \w+: ", line)]
    assert len(rates) > 20
    assert [line for line in rates if not re.search(r"# .*(chosen|\[.+\])", line)] == []


def test_pseudo_units_are_labelled_and_left_out() -> None:
    """Statistical units (town codes 400 to 599, villages 498 and 598) stand in the table and get no grids."""
    table = divisions()
    pseudo = table[(table["pseudo"] == "true") & table["code"].str.startswith("4453")]
    assert len(pseudo) >= 8
    config = city_config("yunfu")
    assert not set(pseudo["code"]) & set(all_villages(config, 7)["code"])


def test_a_dozen_departments_had_26_grids_to_one_of_today(world: World) -> None:
    """400 000 business grids became 15 000 (published); each department's cross today's in both directions."""
    buildings = np.arange(len(world.places.buildings), dtype=np.int64)
    small = world.places.buildings["grid"].to_numpy()
    nets = [business_grids(world, f"department {n}", buildings) for n in range(12)]
    assert sum(len(set(net)) for net in nets) / len(set(small)) == pytest.approx(26, rel=0.25)
    table = pd.DataFrame({"old": nets[0], "new": small})
    assert (table.groupby("old")["new"].nunique() > 1).mean() > 0.1
    assert (table.groupby("new")["old"].nunique() > 1).mean() > 0.3
    assert table["old"].str.len().eq(15).all()


def test_utility_accounts_have_holders(world: World) -> None:
    persons, houses = world.people.persons, world.places.houses
    for utility, share in (("water", 0.82), ("power", 1.0), ("gas", 0.35)):
        table = accounts(world, utility)
        assert not table["house"].duplicated().any()
        assert not table["meter"].duplicated().any()
        assert 0.1 * share < len(table) / len(houses) < share + 0.03
        resident = table[table["holder_kind"] == "resident"]
        households = world.people.households["house"].to_numpy()[persons["household"].to_numpy()[resident["holder"]]]
        assert (households == resident["house"]).all()
        assert table["holder_kind"].value_counts(normalize=True)["former"] == pytest.approx(0.08, abs=0.02)


def test_premises_and_licences_are_many_to_many(world: World) -> None:
    licences, premises = world.trade.licences, world.trade.premises
    assert licences.groupby("premises")["number"].nunique().max() > 2
    assert licences.groupby("number")["premises"].nunique().max() > 1
    assert set(licences["premises"]) <= set(premises["premises"])
    assert premises.groupby("premises")["organization"].nunique().max() > 1


def test_pupils_go_to_a_school_of_their_town(world: World) -> None:
    persons = world.people.persons
    pupils = persons[persons["school"] >= 0]
    kinds = world.institutions["kind"].to_numpy()[pupils["school"]]
    age = ages(pupils)
    assert set(kinds) == {"kindergarten", "primary_school", "middle_school"}
    assert (age[kinds == "primary_school"] >= 6).all()
    assert (age[kinds == "kindergarten"] < 7).all()
    towns = world.villages["town_code"].to_numpy()
    home = world.places.buildings["village"].to_numpy()[world.places.houses["building"].to_numpy()[pupils["house"]]]
    school = world.institutions["village"].to_numpy()[pupils["school"]]
    assert (towns[home] == towns[school]).mean() > 0.95


def test_institutions_are_bodies_of_their_own(world: World) -> None:
    table = world.institutions
    assert {"village_committee", "residents_committee", "hospital", "primary_school"} <= set(table["kind"])
    assert not table["code"].duplicated().any()
    assert not set(table["code"]) & set(world.organizations["code"])
    inhabited = set(world.people.households["house"])
    assert np.mean([house in inhabited for house in table["house"]]) < 0.05
