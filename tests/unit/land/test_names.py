"""What the name of a file tells, and what its sender is told to do where it tells nothing."""

from __future__ import annotations

import pytest

from transforms import contract as contracts
from transforms.errors import GridfactsError
from transforms.land.delivery import Period, period
from transforms.run import REPOSITORY

NIGHT = "2026-10-02"
LIKE = "the contract takes a name like 户籍人口_20261002.csv"


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("户籍人口.csv", "NO_AS_OF", f"file name tells no as_of: {LIKE}"),
        ("户籍人口_20261002.csv.part", "NO_AS_OF", f"file name tells no as_of: {LIKE}"),
        ("户籍人口_20261302.csv", "NO_AS_OF", f"file name tells no such day as an as_of: {LIKE}"),
        ("户籍人口_20261003.csv", "FUTURE_AS_OF", f"file name tells an as_of after the night {NIGHT}"),
        (
            "NSR_20261002.tsv",
            "OTHER_SOURCE",
            "this is the name of a file of shuiwu_nashui, not of gongan_hukou: lay it into shuiwu_nashui/",
        ),
    ],
)
def test_a_name_that_tells_no_period_is_answered_with_what_to_do(name: str, code: str, said: str) -> None:
    known = contracts.load_all(REPOSITORY / "expectations")
    with pytest.raises(GridfactsError) as caught:
        period(name, known["gongan_hukou"], known, NIGHT)
    assert (caught.value.code, caught.value.detail) == (code, said)
    assert period("户籍人口_20261002_更正2.csv", known["gongan_hukou"], known, NIGHT) == Period(NIGHT, 2)
