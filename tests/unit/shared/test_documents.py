"""Document rules against the published examples of the standards (domain.md section 2.1 to 2.3)."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import documents

GOOD = {
    "11010519491231002X": dt.date(1949, 12, 31),  # GB 11643-1999, the standard's own example
    "440524188001010014": dt.date(1880, 1, 1),  # GB 11643-1999, a centenarian
    "１１０１０５１９４９１２３１００２ｘ": dt.date(1949, 12, 31),
    "110105 19491231 002X": dt.date(1949, 12, 31),
    "810000199408230021": dt.date(1994, 8, 23),  # published permit samples
    "830000199201300022": dt.date(1992, 1, 30),
    "932682198501010017": dt.date(1985, 1, 1),
}
BAD = {
    "110105194912310021": "CHECKSUM",
    "110105199902300021": "DATE",
    "010105194912310021": "FORMAT",
    "11010519491231002*": "FORMAT",
    "4.4532E+17": "PRECISION_LOSS",
    "445391199001011000": "PRECISION_LOSS",
    "": None,
}


@pytest.mark.parametrize(("text", "birth"), GOOD.items())
def test_a_good_number_tells_its_birth_date(text: str, birth: dt.date) -> None:
    row = documents.resident(pd.Series([text])).iloc[0]
    assert (row["valid"], row["reason"], row["birth"]) == (True, None, birth)


@pytest.mark.parametrize(("text", "reason"), BAD.items())
def test_a_bad_number_says_why(text: str, reason: str | None) -> None:
    row = documents.resident(pd.Series([text])).iloc[0]
    assert (row["valid"], row["reason"]) == (False, reason)


def test_fifteen_digits_become_eighteen() -> None:
    rows = documents.resident(pd.Series(["610104620927690", "110105491231996"]))
    assert rows["number"].iloc[0] == "610104196209276908"
    assert rows["birth"].iloc[1] == dt.date(1849, 12, 31) or rows["number"].iloc[1][6:8] == "18"


PROVINCES = {
    *range(11, 16),
    *range(21, 24),
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
    81,
    82,
    83,
}


def wrong_with(number: str) -> str | None:
    """What is wrong with a number of eighteen characters, by the standard's words, one number at a time."""
    if not re.fullmatch("[0-9]{17}[0-9X]", number) or (int(number[:2]) not in PROVINCES and number[0] != "9"):
        return "PRECISION_LOSS" if re.fullmatch("[1-9][0-9]{14}000", number) else "FORMAT"
    try:
        born = dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        born = dt.date.min
    dated = dt.date(1880, 1, 1) <= born <= dt.date(2199, 12, 31)
    total = sum(int(figure) * 2 ** (17 - at) for at, figure in enumerate(number[:17]))
    if dated and "10X98765432"[total % 11] == number[17]:
        return None
    return "PRECISION_LOSS" if number.endswith("000") else "CHECKSUM" if dated else "DATE"


@given(
    st.lists(
        st.tuples(
            st.integers(0, 99), st.dates(dt.date(1870, 1, 1), dt.date(2210, 1, 1)), st.integers(0, 999),
            st.sampled_from("right0123456789Xx"), st.sampled_from(["", "0231", "1301", "0001", "1131"]),
        ), min_size=1, max_size=8,
    )
)  # fmt: skip
def test_numbers_are_read_from_bytes_as_from_texts(told: list[tuple[int, dt.date, int, str, str]]) -> None:
    numbers = []
    for province, born, serial, last, day in told:
        first17 = f"{province:02}0105{born.year}{day or born.strftime('%m%d')}{serial:03}"
        numbers.append(first17 + (documents.check_character(first17) if last in "right" else last.upper()))
    read = documents.resident(pd.Series(numbers))
    assert read["reason"].tolist() == [wrong_with(number) for number in numbers]
    assert read["valid"].tolist() == [wrong_with(number) is None for number in numbers]
    good = read[read["valid"].astype(bool)]
    assert [f"{day:%Y%m%d}" for day in good["birth"]] == [number[6:14] for number in good["number"]]
    assert good["sex"].tolist() == ["male" if int(number[16]) % 2 else "female" for number in good["number"]]


@given(st.text("0123456789", min_size=3, max_size=3), st.dates(dt.date(1900, 1, 1), dt.date(2025, 12, 31)), st.data())
def test_every_single_slip_is_caught(serial: str, birth: dt.date, data: st.DataObject) -> None:
    """ISO 7064 MOD 11-2 finds every wrong character and every swap of neighbours."""
    first17 = f"445391{birth:%Y%m%d}{serial}"
    number = first17 + documents.check_character(first17)
    place = data.draw(st.integers(0, 16))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != number[place]]))
    mistyped = number[:place] + other + number[place + 1 :]
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    valid = documents.resident(pd.Series([number, mistyped, swapped]))["valid"].tolist()
    assert valid == [True, False, swapped == number]


def test_other_kinds_of_documents() -> None:
    numbers = pd.Series(["H12345678", "H1234567801", "12345678", "KAZ110090123105", "G12345678", "H1234", "H12345678"])
    kinds = pd.Series(["516", "516", "511", "553", "414", "516", "111"])
    rows = documents.document(numbers, kinds)
    assert rows["valid"].tolist() == [True, True, True, True, True, False, False]
    assert rows["number"].iloc[0] == rows["number"].iloc[1]  # a re-issued permit keeps its first nine characters


def test_credit_codes() -> None:
    codes = pd.Series(
        ["91350100M000100Y43", "91110000101623741k", "911101066976941872", "12100000400000624D",  # domain.md 2.2
         "91350211M0000XUF46", "9135", "11010519491231002X", None]
    )  # fmt: skip
    rows = documents.credit_code(codes)
    assert rows["valid"].tolist() == [True] * 4 + [False] * 4
    assert rows["reason"].tolist()[4:] == ["CHECKSUM", "FORMAT", "CITIZEN_NUMBER", None]
