"""Dates and phones as departments write them."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest

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
