from __future__ import annotations

import re

import pandas as pd

from demo.config import DATA, DIVISIONS
from tests.unit.demo.sample import City, read

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BAD = {"id_missing", "id_typo", "id_15_digit", "id_borrowed", "id_excel_number", "full_width"}


def resident_valid(number: str) -> bool:
    total = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return len(number) == 18 and number[17] == "10X98765432"[total % 11]


def credit_valid(code: str) -> bool:
    body = code[8:16]
    total = sum(int(c, 36) * w for c, w in zip(body, (3, 7, 9, 10, 5, 8, 4, 2), strict=True))
    org = "0X987654321"[total % 11] if total % 11 else "0"
    whole = sum(ALPHABET.index(c) * pow(3, place, 31) for place, c in enumerate(code[:17]))
    return code[16] == org and code[17] == ALPHABET[-whole % 31]


def test_the_checkers_themselves() -> None:
    assert resident_valid("11010519491231002X")
    assert not resident_valid("110105194912310021")
    assert credit_valid("911101066976941872")
    assert not credit_valid("911101066976941873")


def test_resident_numbers_are_valid_synthetic_and_fit_the_person(city: City) -> None:
    synthetic = set(pd.read_csv(DATA / "synthetic_counties.csv", dtype=str)["code"])
    real = set(pd.read_csv(DIVISIONS, dtype=str)["code"].str[:6])
    assert synthetic
    assert not synthetic & real
    assert all(code[2:4] == "99" and int(code[4:]) >= 90 for code in synthetic)
    truth = city.truth("person").query("night == '2026-10-01' and source == 'gongan_hukou'")
    rows = city.rows("2026-10-01", "gongan_hukou")
    checked = typos = 0
    for line, errors in truth[["line", "errors"]].itertuples(index=False):
        row = rows[line]
        number = str(row["公民身份号码"])
        if "id_typo" in errors:
            typos += 1
            assert not resident_valid(number)
        if number and not BAD & set(errors):
            checked += 1
            assert resident_valid(number)
            assert number[:6] in synthetic
            assert str(int(number[16]) % 2 or 2) == row["性别"] or "unknown_code" in errors
            assert number[6:14] == row["出生日期"] or "birth_year_month_only" in errors
    assert checked > 4000
    assert typos > 0


def test_credit_codes_are_valid_and_synthetic(city: City) -> None:
    truth = city.truth("organization").query("night == '2026-10-01' and source == 'shichang_zhuti'")
    rows = city.rows("2026-10-01", "shichang_zhuti")
    codes = [
        str(rows[line]["统一社会信用代码"])
        for line, errors in truth[["line", "errors"]].itertuples(index=False)
        if not {"id_missing", "full_width"} & set(errors)
    ]
    assert len(codes) > 40
    assert len(set(codes)) == len(codes)
    assert all(credit_valid(code) and code[2:8] == "449991" for code in codes)


def test_phones_belong_to_nobody(city: City) -> None:
    known = {"13800138000", "11111111111", "00000000000", "无", "", "None"}
    phones = {
        str(row[heading])
        for source, heading in (("gongan_hukou", "联系电话"), ("shebao_canbao", "手机"), ("shichang_zhuti", "联系电话"))
        for row in read(city.file("2026-10-01", source)).values()
    } - known
    assert len(phones) > 3000
    assert all(re.fullmatch(r"154\d{7,8}|0766-0\d{5,6}", phone) for phone in phones), "also where a digit is lost"
