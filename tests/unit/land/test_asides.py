"""Rows that are no records, merged cells and renamed columns: accepted only as the contract says, and told."""

from __future__ import annotations

import io
import json
from typing import Any

import openpyxl
import pytest

from tests.unit.land.makers import FORMATS, HEADINGS, ROWS, SHEET, Office, contract, encode, feature, workbook

MARKS = {"comment_prefix": "＃", "footer_marks": ["合计", "填表说明"]}
SHEETS = ("csv", "utf", "xlsx")


def sheet(kind: str, *rows: tuple[Any, ...]) -> bytes:
    return workbook([HEADINGS, *rows]) if kind == "xlsx" else encode(kind, rows)


@pytest.mark.parametrize("kind", SHEETS)
def test_remarks_and_totals_are_no_records_and_are_told(office: Office, kind: str) -> None:
    office.promise(contract(kind, arrives=MARKS))
    rows = [("＃ 说明", "", "", ""), ROWS[0], ("", "合计：1", "", "1"), ROWS[1], ("填表说明：略", "", "", "")]
    result, table = office.split(kind, sheet(kind, *rows))
    assert (result.code, result.rows) == (None, 2)
    assert table is not None
    first = 3 if kind == "xlsx" else 2
    assert table["姓名"].to_pylist() == [ROWS[0][1], ROWS[1][1]]
    assert table["line"].to_pylist() == [first + 1, first + 3]
    assert result.notes == [
        f"1 rows are remarks, no records, first in line {first}",
        f"2 rows are totals or notes, no records, first in line {first + 2}",
    ]


@pytest.mark.parametrize("kind", SHEETS)
def test_without_a_word_in_the_contract_they_are_rows_like_any(office: Office, kind: str) -> None:
    result, table = office.split(kind, sheet(kind, ROWS[0], ("合计", "", "", "1")))
    assert (result.code, result.rows, result.notes) == (None, 2, [])
    assert table is not None
    assert table["fault"].null_count == 2


@pytest.mark.parametrize("kind", ["csv", "utf"])
@pytest.mark.parametrize("last", ["合计", "合计,2", ",,合计,2,3,4", '"合计","2"', " 　合计"])
def test_a_total_of_any_width_is_one(office: Office, kind: str, last: str) -> None:
    office.promise(contract(kind, arrives=MARKS))
    for broken in ("", '3,王"五,路,丙\n'):  # the second goes record by record
        data = encode(kind, ROWS[:2]) + (broken + last + "\n").encode("gb18030" if kind == "csv" else "utf-8")
        result, table = office.split(kind, data)
        assert table is not None, result
        assert result.rows == 2 + bool(broken)
        assert [note[:1] for note in result.notes] == ["1"]


@pytest.mark.parametrize("kind", ["csv", "utf"])
def test_a_mark_inside_a_value_makes_no_total(office: Office, kind: str) -> None:
    office.promise(contract(kind, arrives=MARKS))
    rows = [("1", "张三", "路\n合计路\n＃ 1", "甲"), ("2", "合计", "路", "乙")]
    result, table = office.split(kind, encode(kind, rows))
    assert (result.code, result.rows, result.notes) == (None, 2, [])
    assert table is not None
    assert table["住址"].to_pylist() == [row[2] for row in rows]


def test_the_deliverys_message_tells_what_was_left_out(office: Office) -> None:
    office.promise(contract("utf", arrives=MARKS))
    office.drop("utf", encode("utf", [*ROWS, ("合计", "", "", "3")]))
    (one,) = office.land("utf")
    assert (one["state"], one["rows"]) == ("landed", len(ROWS))
    assert "1 rows are totals or notes, no records, first in line 5" in one["message"]


def merged_book(*ranges: str) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = SHEET
    rows = [
        ["名单标题"],
        HEADINGS,
        ["1", "张三", "路1号", ""],
        ["2", "李四", None, ""],
        ["3", "王五", None, ""],
        ["4", "赵六", "路2号", ""],
    ]
    for row in rows:
        page.append(list(row))
    for cells in ranges:
        page.merge_cells(cells)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def test_merged_cells_are_filled_down_where_the_contract_names_the_heading(office: Office) -> None:
    office.promise(contract("xlsx", arrives={"merged": ["住址"]}))
    result, filled = office.split("xlsx", merged_book("A1:D1", "C3:C5"))
    assert filled is not None, result
    assert filled["fault"].null_count == 4
    assert filled["住址"].to_pylist() == ["路1号"] * 3 + ["路2号"]


def test_elsewhere_a_merged_cell_sets_its_rows_aside(office: Office) -> None:
    _, table = office.split("xlsx", merged_book("A1:D1", "C3:C5"))
    assert table is not None
    assert table["fault"].to_pylist() == [None, "MERGED_CELL", "MERGED_CELL", None]


def test_a_merge_across_columns_says_nothing_of_the_others(office: Office) -> None:
    office.promise(contract("xlsx", arrives={"merged": ["姓名"]}))
    _, table = office.split("xlsx", merged_book("B3:C4"))
    assert table is not None
    assert table["fault"].to_pylist() == ["MERGED_CELL", "MERGED_CELL", None, None]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_alias_that_is_written_down_is_the_column(office: Office, kind: str) -> None:
    headings = ("编号", "名字", "住址", "备注")
    data = encode(kind, ROWS, headings)
    told = contract(kind)
    told["columns"][0]["aliases"] = ["名字", "姓 名"]
    office.promise(told)
    result, table = office.split(kind, data)
    assert table is not None, result
    assert table["姓名"].to_pylist() == [row[1] for row in ROWS]
    assert (result.extras, result.notes) == ([], ["column 姓名 came as 名字"])
    if kind in ("jsonl", "geojson"):  # rows that name their columns themselves are set aside one by one
        row = json.dumps(dict(zip((*HEADINGS, "名字"), (*ROWS[0], "x"), strict=True)), ensure_ascii=False)
        one = row if kind == "jsonl" else feature(row)
        more = data.decode().replace('{"type": "Feature",', one + ', {"type": "Feature",', 1)
        both, rows = office.split(kind, (one + "\n" + data.decode() if kind == "jsonl" else more).encode())
        assert rows is not None, both
        assert rows["fault"].to_pylist() == ["DUPLICATE_KEY", None, None, None]
    else:
        both, _ = office.split(kind, encode(kind, [(*row, "x") for row in ROWS], (*HEADINGS, "名字")))
        assert both.code == "DUPLICATE_HEADING"


def test_a_tab_may_be_the_delimiter(office: Office) -> None:
    office.promise(contract("utf", arrives={"delimiter": "\t"}))
    result, table = office.split("utf", encode("utf").replace(b",", b"\t"))
    assert table is not None, result
    assert table["住址"].to_pylist() == [row[2] for row in ROWS]
