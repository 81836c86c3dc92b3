"""One person under two valid numbers: apart until a person says so, but asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.golden.living import Row, clusters, deploy
from transforms import link, resolve
from transforms.review.queue import LEAST, _of_kind
from transforms.run import REPOSITORY, Run

OWN, WRONG = "449991199003050013", "449991199003051032"
HOME = "v|road:甲|door:1|room:101"
OWNER = Row("gongan_hukou", "王小明", OWN, "1990-03-05", "male", "13800000001", HOME)
RECHECKED = replace(OWNER, source="shebao_canbao", number=WRONG, address="")
NAMESAKE = replace(RECHECKED, phone="13800000009")
BROTHER = replace(RECHECKED, name="王小亮")


def night(folder: Path, *rows: Row) -> Run:
    run = deploy(folder, list(rows), REPOSITORY / "expectations")
    link.run(run, "person")
    resolve.run(run, "person")
    return run


@pytest.mark.parametrize("other", [RECHECKED, replace(RECHECKED, phone="", address=HOME)])
def test_two_numbers_of_one_name_day_and_phone_or_home_are_asked_and_not_joined(other: Row, tmp_path: Path) -> None:
    run = night(tmp_path, OWNER, other)
    assert len(set(clusters(run).values())) == 2
    [item] = _of_kind(run, "person", set(), None, 1.0, LEAST)
    assert item.question == "join"
    assert {item.left, item.right} == {OWNER.record_id, other.record_id}
    assert item.evidence.startswith("to=number name=exact birth_date=exact")


@pytest.mark.parametrize(
    "other", [NAMESAKE, BROTHER, replace(RECHECKED, birth="1990-03-06", number="449991199003061011")]
)
def test_whose_name_day_or_contacts_differ_is_somebody_else(other: Row, tmp_path: Path) -> None:
    run = night(tmp_path, OWNER, other)
    assert len(set(clusters(run).values())) == 2
    assert _of_kind(run, "person", set(), None, 1.0, LEAST) == []


def test_what_a_person_judged_is_not_asked_again(tmp_path: Path) -> None:
    run = night(tmp_path, OWNER, RECHECKED)
    left, right = sorted((OWNER.record_id, RECHECKED.record_id))
    assert _of_kind(run, "person", {(left, right)}, None, 1.0, LEAST) == []
