"""Workbooks whose every cell is text: read back by two programs, never a formula, the same bytes again."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import openpyxl
import pyarrow as pa
import pytest
import python_calamine
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.receipts import workbook
from transforms.receipts.own import unformula

NASTY = [
    '=HYPERLINK("http://x","y")', "=1+1", "+86 154", "-5", "@SUM(A1)", "＝1", "\t=1", "王*芳", "<b>&amp;", "a\nb",
    " leading", "]]>", "'=1", "\U00020000𠮷",
]  # fmt: skip
# What a cell may hold (escapes have a test of their own): XML has no U+FFFE, and readers make U+000D a line feed.
TEXT = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="_\x00\ufffe\uffff\r"), max_size=40)


def write(path: Path, table: pa.Table, **told: object) -> Path:
    workbook.write(path, [workbook.Sheet("数据", table.column_names, [table], **told)])  # type: ignore[arg-type]
    return path


def cells(path: Path) -> list[list[str | None]]:
    sheet = openpyxl.load_workbook(path).worksheets[0]
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def test_nasty_cells_come_back_as_text(tmp_path: Path) -> None:
    table = pa.table({"=A": NASTY, "B": [None, *NASTY[1:]]})
    path = write(tmp_path / "a.xlsx", table)
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["=A", "B"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}, (
        "no cell is a formula"
    )
    assert [row[0] for row in cells(path)] == NASTY
    assert cells(path)[0][1] is None
    assert [row[0] for row in python_calamine.load_workbook(path).get_sheet_by_index(0).to_python()[1:]] == NASTY


def test_an_escape_of_the_format_is_text_too(tmp_path: Path) -> None:
    """A workbook reads _x0041_ as A (ECMA-376 part 1, 22.4.2.4), so the underscore itself is escaped."""
    path = write(tmp_path / "a.xlsx", pa.table({"A": ["_x0041_", "_y0041_"]}))
    assert [row[0] for row in cells(path)] == ["_x005F_x0041_", "_y0041_"]


def test_a_cell_that_looks_like_a_formula_stays_text_when_edited(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", pa.table({"A": ["=1", "1"]}))
    _, formula, plain = openpyxl.load_workbook(path).worksheets[0]["A"]
    assert (formula.quotePrefix, formula.number_format) == (True, "@")
    assert (bool(plain.quotePrefix), plain.number_format) == (False, "@")


@settings(max_examples=40)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=8))
def test_any_text_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    table = pa.table({"A": [a for a, _ in rows], "B": [b for _, b in rows]})
    path = write(tmp_path_factory.mktemp("any") / "a.xlsx", table)
    control = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f]")
    expected = [[control.sub("\ufffd", text) or None for text in row] for row in rows]
    assert [[cell or None for cell in row] for row in cells(path)] == expected


def test_the_same_table_makes_the_same_bytes_however_it_is_cut(tmp_path: Path) -> None:
    whole = pa.table({"A": [f"行{n}" for n in range(50)]})
    pieces = [whole.slice(0, 7), whole.slice(7)]
    workbook.write(tmp_path / "a.xlsx", [workbook.Sheet("数据", ["A"], [whole])])
    workbook.write(tmp_path / "b.xlsx", [workbook.Sheet("数据", ["A"], pieces)])
    read = [[row[0] for row in cells(tmp_path / name)] for name in ("a.xlsx", "b.xlsx")]
    assert read[0] == read[1] == whole["A"].to_pylist()
    workbook.write(tmp_path / "c.xlsx", [workbook.Sheet("数据", ["A"], [whole])])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "c.xlsx").read_bytes()
    times = {entry.date_time for entry in zipfile.ZipFile(tmp_path / "a.xlsx").infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}, "no clock enters the archive"


def test_styles_and_lines_above_stand_where_they_should(tmp_path: Path) -> None:
    table = pa.table({"A": ["x", "y"], "look": pa.array([workbook.RED, workbook.TEXT], pa.int64())})
    sheet = workbook.Sheet("数据", ["A"], [table], above=("标题", ""), styles={"A": "look"}, widths=(9,))
    workbook.write(tmp_path / "a.xlsx", [sheet])
    found = openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets[0]
    assert [found["A1"].value, found["A3"].value, found["A4"].value] == ["标题", "A", "x"]
    assert found["A4"].fill.fgColor.rgb != found["A5"].fill.fgColor.rgb


def test_more_rows_than_a_sheet_holds_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    assert write(tmp_path / "a.xlsx", pa.table({"A": ["x"] * 2})).exists()
    with pytest.raises(ValueError, match="more rows"):
        write(tmp_path / "b.xlsx", pa.table({"A": ["x"] * 3}))


@pytest.mark.parametrize(("number", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_letters_of_a_column(number: int, letters: str) -> None:
    assert workbook.letters(number) == letters
    assert openpyxl.utils.get_column_letter(number + 1) == letters


def test_an_overlong_cell_is_cut_to_what_a_workbook_may_hold(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", pa.table({"A": ["字" * (workbook.LONGEST + 5), "字"]}))
    assert [len(row[0] or "") for row in cells(path)] == [workbook.LONGEST, 1]


def test_csv_cells_that_look_like_formulas_get_an_apostrophe() -> None:
    text = pa.array(["=1", "+1", "-1", "@a", "\ta", "＝1", "a=1", "王*芳", None])
    assert unformula(text).to_pylist() == ["'=1", "'+1", "'-1", "'@a", "'\ta", "'＝1", "a=1", "王*芳", None]


def test_an_archive_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", pa.table({"A": ["x"]}))
    assert zipfile.ZipFile(io.BytesIO(path.read_bytes())).testzip() is None


def test_on_paper_it_is_as_wide_as_the_sheet_and_begins_with_its_headings(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", pa.table({"A": ["1"]}), above=("a title", ""))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (
        "landscape", 1, 0,
    )  # fmt: skip
    assert (sheet.sheet_properties.pageSetUpPr.fitToPage, sheet.print_title_rows) == (True, "$3:$3")


def test_a_wrapped_cell_has_the_lines_it_needs(tmp_path: Path) -> None:
    """A column of ten characters takes ten letters or five hanzi in a line."""
    table = pa.table({"A": [None, "a" * 9, "网" * 4, "a" * 19, "网" * 9, "网" * 24], "B": ["网" * 50] * 6})
    path = write(tmp_path / "a.xlsx", table, wrapped=("A",), widths=(10, 10))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    lines = [(sheet.row_dimensions[row].height or workbook._LINE) / workbook._LINE for row in range(2, 8)]
    assert lines == [1, 1, 1, 2, 2, 5]
    assert (sheet["A2"].alignment.wrap_text, sheet["A4"].alignment.wrap_text) == (None, True)
    assert not sheet["B4"].alignment.wrap_text
