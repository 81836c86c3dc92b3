"""The exam hides from records with a number what those that really lack one do not say, and asks both ways."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.golden.living import NIGHT, deploy
from tests.golden.test_poisoned import people
from transforms import link
from transforms.run import REPOSITORY

Answer = dict[str, Any]
LACKING, BARE = 30, 10  # rows of the insurance without a number, and of those the ones without birth date and phone


@pytest.fixture(scope="module")
def exam(tmp_path_factory: pytest.TempPathFactory) -> list[Answer]:
    """What became of the records whose number was hidden; the insurance's rows with a number say everything."""
    everyone = [tuple(replace(row, name=row.name[:2]) for row in told) for told in people(random.Random(11))]
    rows = [row for told in everyone for row in told[:2]]
    for i, told in enumerate(everyone):
        number = "" if i < LACKING else told[2].number
        bare = {"birth": "", "phone": ""} if i < BARE else {}
        rows.append(replace(told[2], number=number, **bare))
    run = deploy(
        tmp_path_factory.mktemp("exam"), list({r.record_id: r for r in rows}.values()), REPOSITORY / "expectations"
    )
    link.run(run, "person")
    source = {row.record_id: row.source for row in rows}
    found = pq.read_table(run.settings.lake / "night" / NIGHT / "link" / "person" / "exam.parquet").to_pylist()
    return [row | {"source": source[row["record_id"]]} for row in found]


def test_those_asked_stand_for_all_that_lack_a_number(exam: list[Answer]) -> None:
    insured = [row for row in exam if row["source"] == "shebao_canbao"]
    assert sum(row["weight"] for row in insured) == pytest.approx(LACKING * 10_000, abs=len(insured))
    bare = [row for row in insured if {"birth_date", "phone"} <= set(row["hidden"])]
    assert sum(row["weight"] for row in bare) == pytest.approx(BARE * 10_000, abs=len(insured))
    assert 0 < len(bare) < len(insured)


def test_what_is_hidden_is_not_matched_by(exam: list[Answer]) -> None:
    bare = [row for row in exam if "birth_date" in row["hidden"]]
    whole = [row for row in exam if not row["hidden"] and row["source"] == "shebao_canbao"]
    assert bare
    assert whole
    assert all(row["own"] and not row["other"] for row in whole)
    assert not all(row["own"] for row in bare)  # names of two characters are borne by several


def test_with_its_own_anchor_away_hardly_anybody_finds_one(exam: list[Answer]) -> None:
    assert exam
    assert sum(row["alone_other"] for row in exam) <= len(exam) / 20
