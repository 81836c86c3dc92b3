"""Households and persons of the city, those included who will be born or move in on a later night."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from demo.compact import STRING, column, joined, picked, zero_filled
from demo.config import CityConfig, table
from demo.draw import Dice, Flags, Floats, Ints, Texts, pick
from demo.numbers import mobile_array, other_documents, resident_numbers, unique_serials
from demo.places import Places

TODAY = np.datetime64("2026-10-01")
HEAD, SPOUSE, CHILD, GRANDCHILD, FATHER, MOTHER, OTHER, COLLECTIVE = range(8)
RARE = "㴋㛃䴖䶮㼆㛤㑇㳘𬭛𠅤𨱇𤧛"  # characters outside GBK; four bytes in GB18030
# Household forms: the rate that weighs it, head's age (low, high), members after the head.
_FORMS: list[tuple[str, int, int, list[int]]] = [
    ("household_alone", 22, 88, []),
    ("household_old_couple", 50, 85, [SPOUSE]),
    ("household_young_couple", 24, 34, [SPOUSE]),
    ("household_one_child", 27, 52, [SPOUSE, CHILD]),
    ("household_two_children", 29, 52, [SPOUSE, CHILD, CHILD]),
    ("household_three_children", 31, 50, [SPOUSE, CHILD, CHILD, CHILD]),
    ("household_single_parent", 28, 55, [CHILD]),
    ("household_three_generations", 30, 50, [SPOUSE, CHILD, CHILD, FATHER, MOTHER]),
    ("household_with_mother", 30, 50, [SPOUSE, CHILD, MOTHER]),
    ("household_grandparents", 55, 78, [SPOUSE, CHILD, GRANDCHILD]),
    ("household_left_behind", 55, 78, [GRANDCHILD, GRANDCHILD]),
]
_FOREIGN = ["516", "511", "553", "414", "550"]  # GA/T 517, and 550 as banks have it (domain.md section 2.3)


def ages(persons: pd.DataFrame) -> Floats:
    """Ages in years on the first night."""
    days = (TODAY - persons["birth"].to_numpy()).astype("timedelta64[D]").astype(np.int64)
    return np.asarray(days / 365.2425, dtype=np.float64)


@dataclass(frozen=True)
class People:
    """`persons` and `households`, row positions are their ids.

    households: house, registered_house, migrant, collective, code (户号), landline ("" none).
    persons: household, role, male, birth, name, former_name, number, document_kind, document, phone, ethnic, migrant,
    house, registered_house, twin, mother or father as `relative` (position, -1 none), born_night, number_night;
    school (institution) and employer (organization), -1 none, by `daily.py`; the event columns of `events.py`.
    """

    persons: pd.DataFrame
    households: pd.DataFrame


def build_people(config: CityConfig, places: Places, rates: dict[str, float], seed: int) -> People:
    """Fill the dwellings with households."""
    households, form = _households(config, places, rates, seed)
    persons = _members(households, form, rates, seed)
    _names(persons, config, rates, seed)
    _documents(persons, config, rates, seed)
    _homes(persons, households, places, rates, seed)
    return People(persons, households)


def _households(config: CityConfig, places: Places, rates: dict[str, float], seed: int) -> tuple[pd.DataFrame, Ints]:
    dwellings = places.dwellings()
    home = dwellings[~Dice(seed, "vacant").happens(dwellings, rates["vacant"])]
    form = Dice(seed, "form").weighted(home, [rates[entry[0]] for entry in _FORMS])
    frame = pd.DataFrame({"house": home})
    frame["migrant"] = Dice(seed, "migrant").happens(home, config.figures["migrant_share"])
    frame["collective"] = Dice(seed, "collective").happens(home, rates["collective_household"]) & ~frame["migrant"]
    ids = np.arange(len(frame), dtype=np.int64)
    frame["code"] = column(zero_filled(Dice(seed, "household code").scramble(ids), 13))
    fixed = joined(f"{config.area_code}-0", zero_filled(Dice(seed, "landline").below(ids, 1_000_000), 6))
    has = Dice(seed, "has landline").happens(ids, rates["landline"])
    frame["landline"] = column(pc.if_else(pa.array(has), fixed, pa.scalar("", STRING)))
    return frame, form


def _members(households: pd.DataFrame, form: Ints, rates: dict[str, float], seed: int) -> pd.DataFrame:
    """One row per person: household, role, sex, age and birth date."""
    count = len(households)
    collective = households["collective"].to_numpy()
    shapes = [[HEAD, *entry[3]] for entry in _FORMS] + [[COLLECTIVE] * 14]
    form = np.where(collective, len(_FORMS), form)
    widths = np.array([len(shape) for shape in shapes])
    flat = np.concatenate([np.array(shape) for shape in shapes])
    starts = np.r_[0, np.cumsum(widths)[:-1]]
    household = np.repeat(np.arange(count), widths[form])
    first = np.repeat(np.cumsum(widths[form]) - widths[form], widths[form])
    rank = np.arange(len(household)) - first
    role = flat[starts[form][household] + rank]
    ids = np.arange(len(role), dtype=np.int64)
    lows = np.array([entry[1] for entry in _FORMS] + [20])
    highs = np.array([entry[2] for entry in _FORMS] + [60])
    head_age = lows[form] + Dice(seed, "head age").uniform(np.arange(count)) * (highs - lows)[form]
    head_male = Dice(seed, "head sex").happens(np.arange(count), 0.78)
    age, male = _ages(role, household, rank, head_age, head_male, rates["male"], seed)
    birth = TODAY - np.maximum(2, np.floor(age * 365.2425)).astype("timedelta64[D]")
    persons = pd.DataFrame({"household": household, "role": role, "male": male, "birth": birth})
    persons["relative"] = np.where(role == COLLECTIVE, -1, np.where(rank == 0, -1, first))
    alone = widths[form][household] == 1
    persons.loc[(role == HEAD) & ~alone, "relative"] = ids[(role == HEAD) & ~alone] + 1
    _twins(persons, rates, seed)
    persons["migrant"] = households["migrant"].to_numpy()[household]
    persons["born_night"] = 1
    return persons


def _ages(
    role: Ints, household: Ints, rank: Ints, head_age: Floats,
    head_male: Flags, males: float, seed: int,
) -> tuple[Floats, Flags]:  # fmt: skip
    """Ages that fit the roles: spouses near the head, children a generation below, parents above."""
    ids = np.arange(len(role), dtype=np.int64)
    dice = Dice(seed, "age")
    base = head_age[household]
    gap = 22 + 13 * dice.uniform(ids)
    age = np.select(
        [role == HEAD, role == SPOUSE, role == CHILD, role == GRANDCHILD, role >= FATHER],
        [base, base + 2.5 * dice.normal(ids), base - gap - 2.2 * np.maximum(rank - 2, 0), base - 2 * gap, base + gap],
    )
    age = np.where(role == COLLECTIVE, 18 + 30 * dice.uniform(ids, 1) ** 2, age)
    floor = np.where(role == SPOUSE, 21.0, 0.05)
    age = np.where(age < floor, floor + (0.8 + 16 * (role != SPOUSE)) * dice.uniform(ids, 2), age)
    age = np.clip(age, 0.02, 103)
    male = Dice(seed, "sex").happens(ids, males)
    male = np.where(role == HEAD, head_male[household], male)
    male = np.where(role == SPOUSE, ~head_male[household], male)
    male = np.where(role == FATHER, True, np.where(role == MOTHER, False, male))
    return age, male


def _twins(persons: pd.DataFrame, rates: dict[str, float], seed: int) -> None:
    """Give a child the birth date of the one before: twins, by rate among later children."""
    role, household = persons["role"].to_numpy(), persons["household"].to_numpy()
    second = np.flatnonzero((role[1:] == CHILD) & (role[:-1] == CHILD) & (household[1:] == household[:-1])) + 1
    second = second[Dice(seed, "twins").happens(second.astype(np.int64), rates["twins"])]
    birth = persons["birth"].to_numpy().copy()
    birth[second] = birth[second - 1]
    twin = np.zeros(len(persons), dtype=bool)
    twin[second] = twin[second - 1] = True
    persons["birth"] = birth
    persons["twin"] = twin
    sibling = np.full(len(persons), -1)
    sibling[second] = second - 1
    persons["twin_of"] = sibling


def _surnames(persons: pd.DataFrame, seed: int) -> pa.Array:
    """Surnames by frequency; children and fathers share the family's, spouses and mothers bring their own."""
    source = table("surnames")
    weights = source["weight"].astype(float).to_numpy()
    household = persons["household"].to_numpy().astype(np.int64)
    role = persons["role"].to_numpy()
    family = Dice(seed, "family name").weighted(household, weights)
    own = Dice(seed, "own surname").weighted(np.arange(len(persons), dtype=np.int64), weights)
    head_male = persons["male"].to_numpy()[np.searchsorted(household, household)]
    brings = (role == MOTHER) | (role == COLLECTIVE) | ((role == SPOUSE) & head_male) | ((role == HEAD) & ~head_male)
    return picked(source["surname"].to_numpy(dtype=object), np.where(brings, own, family))


def _names(persons: pd.DataFrame, config: CityConfig, rates: dict[str, float], seed: int) -> None:
    """Full names, former names and the ethnic group."""
    ids = np.arange(len(persons), dtype=np.int64)
    male = persons["male"].to_numpy()
    source = table("given_characters")
    characters = source["char"].to_numpy(dtype=object)
    weights = {sex: source[sex].astype(float).to_numpy() for sex in ("male", "female")}
    dice = Dice(seed, "given name")
    drawn = [{sex: dice.weighted(ids, weights[sex], turn) for sex in weights} for turn in (1, 2, 3)]
    chars = [pick(characters, np.where(male, index["male"], index["female"])) for index in drawn]
    twin_of = persons["twin_of"].to_numpy()
    chars[0] = np.where(twin_of >= 0, chars[0][np.maximum(twin_of, 0)], chars[0])
    rare = Dice(seed, "rare character").happens(ids, rates["rare_character"])
    chars[1] = np.where(rare, pick(list(RARE), Dice(seed, "which rare").below(ids, len(RARE))), chars[1])
    age = ages(persons)
    single = Dice(seed, "one character").happens(ids, np.where(age > 45, 0.2, 0.1)) & ~rare
    surname = _surnames(persons, seed)
    name = joined(surname, _texts(chars[0]), _texts(np.where(single, "", chars[1])))
    minority = Dice(seed, "minority").happens(ids, config.figures["minority_share"])
    use_dots = minority & Dice(seed, "dotted").happens(ids, 0.35)
    name = pc.replace_with_mask(name, pa.array(use_dots), _texts(_dotted(male[use_dots], ids[use_dots], dice)))
    persons["surname"] = column(surname)
    persons["name"] = column(_kin(persons, name, surname, chars, rates, seed))
    former = Dice(seed, "former name").happens(ids, rates["former_name"]) & ~use_dots
    before = joined(surname.filter(pa.array(former)), _texts(chars[2][former]), _texts(chars[1][former]))
    nothing = pa.repeat(pa.scalar("", STRING), len(ids))
    persons["former_name"] = column(pc.replace_with_mask(nothing, pa.array(former), before))
    persons["ethnic"] = column(picked(["01", "08", "05"], minority.astype(np.int64) + use_dots))


def _texts(values: Texts) -> pa.Array:
    """Few texts that many rows share, as an Arrow array."""
    return pa.array(values, STRING)


def _dotted(male: Flags, ids: Ints, dice: Dice) -> Texts:
    """A given name and the father's (`data/minority_names.csv`) with a dot between: 阿依古丽·吐尔洪."""
    source = table("minority_names")
    men, women = (source.loc[source["sex"] == sex, "name"].to_numpy(dtype=object) for sex in ("1", "2"))
    own = np.where(male, pick(men, dice.below(ids, len(men), 5)), pick(women, dice.below(ids, len(women), 6)))
    full: Texts = own + "·" + pick(men, dice.below(ids, len(men), 7))
    return full


def _kin(
    persons: pd.DataFrame, name: pa.Array, surname: pa.Array, chars: list[Texts], rates: dict[str, float], seed: int
) -> pa.Array:
    """Sons who share a character with their father, and namesakes among those who live at one address."""
    ids = np.arange(len(persons), dtype=np.int64)
    role, male = persons["role"].to_numpy(), persons["male"].to_numpy()
    relative = np.maximum(persons["relative"].to_numpy(), 0)
    son = (role == CHILD) & male & male[relative] & Dice(seed, "father and son").happens(ids, rates["father_and_son"])
    before = np.maximum(ids - 1, 0)
    dorm = (role == COLLECTIVE) & (role[before] == COLLECTIVE)
    same = dorm & Dice(seed, "namesake").happens(ids, rates["namesake_in_collective"])
    household = persons["household"].to_numpy()
    in_law = (role == MOTHER) & (household == household[np.maximum(ids - 2, 0)])
    same |= in_law & Dice(seed, "namesake in law").happens(ids, rates["namesake_in_family"])
    other = np.minimum(np.where(in_law, relative + 1, before), len(ids) - 1)
    persons["father_and_son"] = son
    result = name.take(pa.array(np.where(same, other, ids)))
    taken = joined(surname.filter(pa.array(son)), _texts(chars[0][relative[son]]), _texts(chars[1][son]))
    return pc.replace_with_mask(result, pa.array(son), taken)


def _documents(persons: pd.DataFrame, config: CityConfig, rates: dict[str, float], seed: int) -> None:
    """Resident numbers for all who can have one; other documents for a few among the migrants."""
    ids = np.arange(len(persons), dtype=np.int64)
    migrant = persons["migrant"].to_numpy()
    provinces = np.array([int(code) for code in config.migrant_provinces], dtype=np.int64)
    away = provinces[Dice(seed, "home province").weighted(ids, list(config.migrant_provinces.values()))]
    settled = Dice(seed, "settled").happens(ids, 0.05)
    home = np.where(migrant | settled, away, int(config.credit_region[:2]))
    region = home * 10_000 + 9990 + Dice(seed, "home county").below(ids, 10)  # province, 99, 90 to 99
    day = persons["birth"].to_numpy().astype("datetime64[D]")
    birth = _calendar(day)
    group = region * 1_000_000 + day.astype(np.int64) + 100_000
    serial = unique_serials(Dice(seed, "serial"), group, persons["male"].to_numpy().astype(np.int64))
    number = resident_numbers(region, birth, serial)
    persons["number"] = column(number)
    persons["birth_text"] = column(pa.array(birth).cast(STRING))
    foreign = migrant & Dice(seed, "foreign").happens(ids, rates["other_document"])
    kind = Dice(seed, "which document").weighted(ids, [0.4, 0.15, 0.15, 0.15, 0.15])
    persons["document_kind"] = column(picked(["111", *_FOREIGN], np.where(foreign, kind + 1, 0)))
    theirs = number.filter(pa.array(foreign)).to_numpy(zero_copy_only=False)
    other = other_documents(theirs, ids[foreign], kind[foreign], seed)
    persons["document"] = column(pc.replace_with_mask(number, pa.array(foreign), _texts(other)))
    persons["phone"] = column(mobile_array(Dice(seed, "phone"), ids))
    persons["old_phone"] = column(mobile_array(Dice(seed, "phone"), ids + 30_000_000))
    newborn = (TODAY - day).astype(np.int64) < 60
    persons["number_night"] = np.where(newborn, 1_000_000, 1)


def _calendar(day: np.ndarray[tuple[int], np.dtype[np.datetime64]]) -> Ints:
    """Days as whole numbers YYYYMMDD."""
    month = day.astype("datetime64[M]")
    year, of_year = np.divmod(month.astype(np.int64), 12)
    days: Ints = (year + 1970) * 10_000 + (of_year + 1) * 100 + (day - month).astype(np.int64) + 1
    return days


def _homes(persons: pd.DataFrame, households: pd.DataFrame, places: Places, rates: dict[str, float], seed: int) -> None:
    """Where each person is registered and really lives; for about 15 % these differ."""
    ids = np.arange(len(households), dtype=np.int64)
    every = places.dwellings()
    away = Dice(seed, "household away").happens(ids, rates["household_lives_elsewhere"])
    other = every[Dice(seed, "away house").below(ids, len(every))]
    households["registered_house"] = np.where(away, other, households["house"].to_numpy())
    household = persons["household"].to_numpy()
    person_ids = np.arange(len(persons), dtype=np.int64)
    grown = persons["role"].isin([CHILD, COLLECTIVE]).to_numpy() & (persons["birth"].to_numpy() < TODAY - 18 * 365)
    moved = grown & Dice(seed, "person away").happens(person_ids, rates["grown_child_lives_elsewhere"])
    elsewhere = every[Dice(seed, "person away house").below(person_ids, len(every))]
    persons["house"] = np.where(moved, elsewhere, households["house"].to_numpy()[household])
    persons["registered_house"] = households["registered_house"].to_numpy()[household]
    persons["old_house"] = every[Dice(seed, "old house").below(person_ids, len(every))]
