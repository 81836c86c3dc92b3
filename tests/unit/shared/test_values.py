"""Dates and phones as departments write them."""

from __future__ import annotations

import datetime as dt
import re

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import values

FORMS = ["%Y/%m/%d", "%Y年%m月%d日", "%Y-%m", "%Y%m%d"]


@pytest.mark.parametrize(
    ("text", "day", "precision"),
    [
        ("1970/1/1", dt.date(1970, 1, 1), "day"),
        ("1970年01月1日", dt.date(1970, 1, 1), "day"),
        ("1970-1", dt.date(1970, 1, 1), "month"),
        ("１９７００２２８", dt.date(1970, 2, 28), "day"),
    ],
)
def test_declared_forms_are_read(text: str, day: dt.date, precision: str) -> None:
    row = values.dates(pd.Series([text]), FORMS).iloc[0]
    assert (row["day"], row["precision"], row["ok"]) == (day, precision, True)


@pytest.mark.parametrize("text", ["19700230", "45296", "01/02/2024", "1970", "2024.1.5", "197011"])
def test_no_form_is_guessed(text: str) -> None:
    row = values.dates(pd.Series([text]), FORMS).iloc[0]
    assert (row["day"], row["ok"]) == (None, False)


PARTS = {"%Y": r"(?P<year>[0-9]{4})", "%m": r"(?P<month>[0-9]{1,2})", "%d": r"(?P<day>[0-9]{1,2})"}


def told_by_text(text: str, forms: list[str]) -> tuple[dt.date | None, str | None]:
    """A date as a regular expression and a calendar read it, one text at a time."""
    for form in forms:
        pattern = re.escape(form) if form != "%Y%m%d" else "(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
        for word, group in PARTS.items():
            pattern = pattern.replace(re.escape(word), group)
        if found := re.fullmatch(pattern, text):
            parts = {"year": 1, "month": 1, "day": 1} | {
                name: int(figures) for name, figures in found.groupdict().items()
            }
            try:
                day = dt.date(**parts)
            except ValueError:
                continue
            if dt.date(1677, 9, 22) <= day <= dt.date(2262, 4, 11):
                return day, "day" if "%d" in form else "month" if "%m" in form else "year"
    return None, None


ANY_FORMS = st.lists(
    st.sampled_from([*FORMS, "%Y%m00", "%Y", "%Y%m", "%m%d%Y", "%d%m%Y", "%m/%d", "%Y.%m.%d", "年%Y"]),
    min_size=1,
    max_size=4,
)
LIKE_DATES = st.from_regex(
    r"([0-9]{4}|1[69][0-9]{2}|202[0-9])[-/年.]?[0-3]?[0-9][-/月]?[0-3]?[0-9]?日?", fullmatch=True
)


@given(
    texts=st.lists(LIKE_DATES | st.from_regex(r"[0-9]{4,9}", fullmatch=True), min_size=1, max_size=8), forms=ANY_FORMS
)
@settings(max_examples=150)
def test_dates_are_read_from_bytes_as_from_texts(texts: list[str], forms: list[str]) -> None:
    read = values.dates(pd.Series(texts, dtype=object), forms)
    told = [told_by_text(text, forms) for text in texts]
    assert list(zip(read["day"], read["precision"], strict=True)) == told
    assert read["ok"].tolist() == [day is not None for day, _ in told]


def test_null_is_no_bad_date() -> None:
    assert values.dates(pd.Series([None]), FORMS)["ok"].tolist() == [True]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("19900001234；0766-8812345", ["07668812345", "19900001234"]),
        ("+86 199-0000-1234", ["19900001234"]),
        ("199 0000 1234", ["19900001234"]),
        ("0766 8812345 199 0000 1234", ["07668812345", "19900001234"]),
        ("19900001234 19900005678", ["19900001234", "19900005678"]),
        ("199 0000 123", []),
        ("1990000123", []),
        ("13800138000", []),
        ("00000000000", []),
        ("无", []),
        (None, []),
    ],
)
def test_phones_of_a_cell(cell: str | None, numbers: list[str]) -> None:
    cells = pd.Series([cell], dtype=object)
    assert values.phones(cells).tolist() == [numbers]
    assert values.phone_ok(cells).tolist() == [bool(numbers) or cell is None]


def test_clean_text_removes_what_cannot_be_seen() -> None:
    cleaned = values.clean_text(pd.Series(["\u200b张\ufeff三 ", "３幢", "⼭", None]))
    assert cleaned.tolist() == ["张三", "3幢", "山", None]
    assert values.is_null(pd.Series(["无 ", "", "张", None]), ("", "无")).tolist() == [True, True, False, True]


@pytest.mark.parametrize(
    ("older", "now"), [("\ue863", "䶮"), ("\ue81e", "\u9fb4"), ("\ue816", "\U00020087"), ("䶮", "䶮")]
)
def test_rare_hanzi_of_older_tables_are_todays(older: str, now: str) -> None:
    assert values.clean_text(pd.Series([f"王{older}"]))[0] == f"王{now}"
