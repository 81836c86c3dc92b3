"""Cells that are not looked at, or read from their bytes: the readers and checks find the same in their texts."""

from __future__ import annotations

import math
import sys
import unicodedata

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import kernels, readers
from tests.unit.check.rows import BREAKS, FINE, GRID, contract_of, landed, rules_of
from tests.unit.check.sound import SOUND
from transforms.check import quiet, verdict
from transforms.check.column import Column
from transforms.check.quiet import QUIET
from transforms.check.usual import USUAL
from transforms.documents import check_character

MARKS = ("", "①", "-", "/", "无", "null", "20200101", "440524188001010014", "42", "13900009999")
OPTIONS = {
    "fits_bytes": {"most": 12},
    "length": {"most": 12},
    "filled": {"rule": "KEY"},
    "person_number": {"towns": GRID[:9]},
    "numeric": {"heading": "姓名"},
}
KINDS = {"居民身份证": "111", "护照": "414", "港澳通行证": "516", "永久居留证": "553", "-": "414"}
READ = {
    "document": [
        {"fixed": None, "as_of": "2026-10-01"},
        {"fixed": "414", "as_of": "2026-10-01"},
        {"fixed": None, "as_of": "1949-01-01", "kinds": KINDS},
        {"fixed": None, "as_of": "2026-10-01", "kinds": {}},
    ],
    "dates": [{"formats": "%Y%m%d|%Y%m00"}, {"formats": "%Y/%m/%d|%Y年%m月%d日|%Y-%m|%Y"}, {"formats": "%Y／%m"}],
    "sexes": [{"codes": {"男": "male", "女": "female", "1": "male", "2": "female", "-": "male", "不明": "unknown"}}],
    "numbers": [{"whole": True}, {"whole": False}],
}
ODD = (
    *MARKS, "ｘｘ", "⽆名氏", "２０２００２２８", "１３９００００１１１１", "合\u200b计", "\u200b", "①", "2020年2月",
    "", " ", "-", "/", "无", "null", "合计", "⼩计", "总 计：3", "小计", "\t", "\x00", "\x7f", "\x85", "\x9b",
    "\ufffd", "·", "（", "\ufdfa" * 3, "é", "某某", "测试x", "姓名", "XX", "** ", "不明", "13900001111",
    "13900001111、13900002222", "13800138000;1", "13900001111 139", "139 0000 1111", " 13900001111",
    "13333333333", "0766-8812345", "13900001111/\u0338", "113900001111", "11010519491231002X",
    "11010519491231002x", "110105194912310021", "110105199902300021", "440524188001010014", "110105491231002",
    "１１０１０５１９４９１２３１００２ｘ", "111111111111111111", "110105194912311000", "9111", "G12345678",
    "449990200201010011", GRID, "1.10105194912E+17", "2020-02-30", "20200230", "20200200", "2020/2/30",
    "2020/02/28", "2020年2月28日", "20200228 ", "1677/9/21", "2262/4/12", "2020-13", "2020-7", "0000-01",
    "2020／2", "7", "007", "1e3", "+4", ".5", "5.", "1.5", "1234567890123456", "123456789012345.5", "٣", "男",
    "女", "1", "2", " 男", "居民身份证", "护照", "港澳通行证", "414", "姓名|证件号码", "兴云西路1号", "路" * 12,
)  # fmt: skip
TEXT = st.none() | st.sampled_from(ODD) | st.text(max_size=6) | st.from_regex(r"[0-9X;/ .-]{1,19}", fullmatch=True)


@st.composite
def numbers(draw):
    """Numbers of the resident's form, half of them right."""
    born = draw(st.dates()).strftime("%Y%m%d")
    first = f"{draw(st.integers(10, 99))}{draw(st.integers(0, 9999)):04}{born.zfill(8)}{draw(st.integers(0, 999)):03}"
    return first + (check_character(first) if draw(st.booleans()) else draw(st.sampled_from("0123456789X")))


ROWS = st.tuples(TEXT | numbers(), st.sampled_from([None, *KINDS, "414", "111", "?"]))


def column_of(cells, *, chunks=False):
    return Column(pa.chunked_array([[cell] for cell in cells] if chunks else [cells], pa.string()), MARKS)


def text_of(cells, *, raw=False):
    text = pd.Series(cells, dtype=object)
    return text if raw else readers.clean(text, MARKS)


def loud(check, cells, *, chunks=False):
    """Cells that pass as quiet although the check finds something in them."""
    options = OPTIONS.get(check, {})
    passed = QUIET[check](column_of(cells, chunks=chunks), options)
    raw = check in ("control", "fits_bytes", "numeric")
    reasons = kernels.CHECKS[check].judge(pd.DataFrame({0: text_of(cells, raw=raw)}), options)
    return [cell for cell, still, why in zip(cells, passed, reasons, strict=True) if still and why is not None]


@pytest.mark.parametrize("check", list(QUIET))
def test_of_quiet_cells_among_odd_ones_the_check_says_nothing(check):
    assert loud(check, [None, *ODD]) == []


@pytest.mark.parametrize("check", list(QUIET))
@given(cells=st.lists(TEXT, min_size=1, max_size=6), chunks=st.booleans())
@settings(max_examples=20)
def test_of_quiet_cells_the_check_says_nothing(check, cells, chunks):
    assert loud(check, cells, chunks=chunks) == []


@pytest.mark.parametrize(
    ("check", "still", "not_still"),
    [
        ("control", "兴云西路\t1号", "\x9b"),
        ("fits_bytes", "兴云西路", "兴云西路1"),
        ("length", "兴1", "路" * 13),
        ("length", "1234", "（"),
        ("total", "FW12", "小计"),
        ("filled", "P1", "无"),
        ("name", "王小明", "某某"),
        ("numeric", None, "姓名"),
        ("phone", "13900001111、0766", "13800138000"),
        ("phone", "139 0000 1111", "138 0013 8000"),
        ("phone", "13900001111 0766", "139000011112"),
        ("person_number", "FW0717740237123", "a13900001111"),
    ],
)
def test_usual_cells_are_quiet_and_others_are_not(check, still, not_still):
    assert QUIET[check](column_of([still, not_still]), OPTIONS.get(check, {})).tolist() == [True, False]


def test_cleaning_makes_no_text_longer_than_is_reckoned_with():
    """Decomposed, as long as a text may become: what NFKC composes again is shorter."""
    every = (chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000)
    longer = {True: 0, False: 0}
    for character in every:
        told = character.encode()
        of_kind = told[0] == 0xEF
        made = math.ceil(len(unicodedata.normalize("NFKD", character)) / len(told))
        longer[of_kind] = max(longer[of_kind], made)
    assert longer == {True: quiet._LONGEST, False: quiet._LONGER}


def assert_read_alike(reader, options, rows):
    """Bytes and texts say the same, of cells with the kind of document beside each."""
    columns = [[cell for cell, _ in rows], *([[kind for _, kind in rows]] if "kinds" in options else [])]
    usual = USUAL[reader]([column_of(cells) for cells in columns], options)
    frame = pd.DataFrame({at: text_of(cells) for at, cells in enumerate(columns)}, dtype=object)
    read = readers.READERS[reader].read(frame, options)
    assert set(usual.told) == set(read.columns)
    for name in read:
        mine, theirs = (pd.Series(told)[usual.rows].astype(object) for told in (usual.told[name], read[name]))
        assert mine.where(mine.notna(), None).tolist() == theirs.where(theirs.notna(), None).tolist()


@pytest.mark.parametrize(("reader", "options"), [(reader, options) for reader in READ for options in READ[reader]])
def test_odd_cells_are_read_from_their_bytes_as_from_their_texts(reader, options):
    assert set(READ) == set(USUAL)
    kinds = [None, *KINDS, "414", "?"] if "kinds" in options else [None]
    assert_read_alike(reader, options, [(cell, kind) for cell in [None, *ODD] for kind in kinds])


@pytest.mark.parametrize("reader", list(USUAL))
@given(data=st.data(), rows=st.lists(ROWS, min_size=1, max_size=6))
@settings(max_examples=30)
def test_cells_are_read_from_their_bytes_as_from_their_texts(reader, data, rows):
    assert_read_alike(reader, data.draw(st.sampled_from(READ[reader])), rows)


@pytest.mark.parametrize(
    ("reader", "options", "usual", "unusual"),
    [
        ("document", READ["document"][0], ["11010519491231002x", "110105194912310021", "-", None], ["110105491231002"]),
        ("document", READ["document"][0], ["110105194912311000"], ["110105194902301000"]),
        ("document", READ["document"][1], [None], ["11010519491231002X"]),
        ("dates", READ["dates"][0], ["20200228", "20200200", "无"], ["20200231", " 20200228"]),
        ("dates", READ["dates"][1], ["2020年2月28日", "2020/2/1", "2020-07"], ["20200228"]),
        ("sexes", READ["sexes"][0], ["男", " 2", None], []),
        ("numbers", READ["numbers"][0], ["12", None], ["12.0", "x"]),
        ("numbers", READ["numbers"][1], ["12", "0.5"], ["1e2", "12."]),
    ],
)  # fmt: skip
def test_usual_cells_are_read_from_their_bytes_and_others_are_not(reader, options, usual, unusual):
    found = USUAL[reader]([column_of([*usual, *unusual])], options)
    assert found.rows.tolist() == [True] * len(usual) + [False] * len(unusual)


def by_texts(table, source):
    """What every rule finds, each cell read as a text of its own."""
    marks, found = contract_of(source).arrives.null_marks, set()
    for rule in rules_of(source)[1:]:
        check, read = kernels.CHECKS[rule.check], []
        for reader, places in check.readings:
            texts = [
                pd.Series(table[rule.columns[at]].to_pylist(), dtype=object) for at in places if at < len(rule.columns)
            ]
            raw = rule.raw or rule.check == "numeric"
            frame = pd.DataFrame(
                {at: t if raw else readers.clean(t, marks) for at, t in enumerate(texts)}, dtype=object
            )
            read.append(readers.READERS[reader].read(frame, rule.options))
        reasons = check.judge(*read, rule.options)
        found |= {(row + 1, rule.id, rule.heading, rule.effect) for row in np.flatnonzero(reasons == rule.id)}
    return found


@pytest.mark.parametrize("source", ["gongan_hukou", "shebao_canbao", "zhujian_fangwu"])
@given(data=st.data())
@settings(max_examples=8)
def test_every_row_is_judged_as_its_texts_are(source, data):
    changes = [dict(b.cells) for b in BREAKS if b.source == source and not b.fault] + [
        c for s, c in FINE if s == source
    ]
    odd = st.dictionaries(st.sampled_from(list(SOUND[source])), TEXT | numbers(), max_size=3)
    table = landed(source, data.draw(st.lists(st.sampled_from(changes) | odd, min_size=1, max_size=9)))
    found = verdict.judge(table, rules_of(source), contract_of(source).arrives.null_marks).finding.to_pylist()
    assert {(one["ordinal"], one["rule"], one["field"], one["effect"]) for one in found} == by_texts(table, source)


def test_rows_that_could_not_be_split_are_in_nobodys_way():
    """Few or many of them: no other row is judged differently, and they break nothing else."""
    fault = next(b for b in BREAKS if b.fault)
    broken = {"联系电话": "12900001111"}
    for rows in ([fault, broken, {}], [fault, fault, fault, broken]):
        found = verdict.judge(landed("gongan_hukou", rows), rules_of("gongan_hukou"), ()).finding.to_pylist()
        told = [(one["ordinal"], one["rule"]) for one in found]
        at = rows.index(broken) + 1
        assert told == sorted([*((n + 1, fault.rule) for n, r in enumerate(rows) if r is fault), (at, "PHONE_INVALID")])


@pytest.mark.parametrize(
    "cells", [["13900001111"] * 3 + ["12900001111"], ["13900001111", "12900001111", None, "1", "0766-1"]]
)
def test_doubtful_cells_are_found_where_they_stand_be_they_few_or_most(cells):
    rows = [{"联系电话": cell} for cell in cells]
    table = landed("gongan_hukou", rows)
    found = verdict.judge(table, rules_of("gongan_hukou"), contract_of("gongan_hukou").arrives.null_marks).finding
    expected = {(at + 1, "PHONE_INVALID") for at, cell in enumerate(cells) if cell in ("12900001111", "1", "0766-1")}
    assert {(one["ordinal"], one["rule"]) for one in found.to_pylist()} == expected
