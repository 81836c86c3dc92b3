"""A poisoned source beside two good ones: nobody is merged with anybody else, whatever it says of everyone."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from tests.golden.living import Row, clusters, deploy
from transforms import link, resolve
from transforms.run import REPOSITORY

PEOPLE = 160
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超兰霞平刚桂英华玉萍红梅建国海燕志林文斌雪松"
DISTRICT = "445391"
POISONED = "shebao_canbao"


def people(dice: random.Random) -> list[tuple[Row, Row, Row]]:
    """Each person's row in the register of households, in taxes and in the source that will be poisoned."""
    found = []
    for i in range(PEOPLE):
        name = dice.choice(SURNAMES) + dice.choice(GIVEN) + dice.choice(GIVEN)
        birth = f"{dice.randrange(1950, 1964)}-{dice.randrange(1, 13):02d}-{dice.randrange(1, 29):02d}"
        number = f"{DISTRICT}{birth.replace('-', '')}{i:03d}{dice.randrange(10)}"
        sex = ("female", "male")[int(number[16]) % 2]
        row = Row("gongan_hukou", name, number, birth, sex, f"1380000{i:04d}", f"v|road:甲|door:{i}|room:101")
        tax = replace(row, source="shuiwu_nashui", address="", number=number if dice.random() < 0.5 else "")
        found.append((row, tax, replace(row, source=POISONED, address="")))
    return found


def _borrowed(rows: list[Row], dice: random.Random) -> list[Row]:
    numbers = [row.number for row in rows]
    return [replace(row, number=dice.choice(numbers)) if dice.random() < 0.2 else row for row in rows]


POISONS: dict[str, Callable[[list[Row], random.Random], list[Row]]] = {
    "clean": lambda rows, _: rows,
    "one row in five has another person's number": _borrowed,
    "one phone on everything": lambda rows, _: [replace(row, phone="13900000000", number="") for row in rows],
    "one number for everybody": lambda rows, _: [replace(row, number=f"{DISTRICT}199001010017") for row in rows],
    "a known person's number for everybody": lambda rows, _: [replace(row, number=rows[0].number) for row in rows],
    "everybody is called the same": lambda rows, _: [replace(row, name="张三") for row in rows],
    "everybody is called the same and has no number": lambda rows, _: [
        replace(row, name="张三", number="") for row in rows
    ],
    "everybody was born on one day": lambda rows, _: [replace(row, birth="1900-01-01", number="") for row in rows],
    "nothing but the name": lambda rows, _: [Row(POISONED, row.name) for row in rows],
}


@pytest.mark.parametrize("poison", POISONS)
def test_nobody_is_merged_with_anybody_else(poison: str, tmp_path: Path) -> None:
    dice = random.Random(11)
    everyone = people(dice)
    poisoned = POISONS[poison]([rows[2] for rows in everyone], dice)
    rows = [row for told in everyone for row in told[:2]] + poisoned
    whose = {row.record_id: i for i, told in enumerate(everyone) for row in told[:2]}
    whose |= {row.record_id: i for i, row in enumerate(poisoned)}
    run = deploy(tmp_path, list({row.record_id: row for row in rows}.values()), REPOSITORY / "expectations")
    link.run(run, "person")
    resolve.run(run, "person")
    found = clusters(run)
    assert len(set(found.values())) >= PEOPLE
    wrong = [(a, b) for a, b in combinations(sorted(found), 2) if found[a] == found[b] and whose[a] != whose[b]]
    assert len(wrong) == 0, f"{len(wrong)} pairs of different people"
