"""A clerk's way: template, filled in wrong, dropped, receipt read, mended in the receipt itself, dropped again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pytest

from tests.homes import NIGHTS, Home
from tests.spreadsheet import saved_again

SOURCE, SHEET = "shebao_canbao", "参保人员"
FIRST, CORRECTION = "参保人员名单20261001.xlsx", "参保人员名单20261001（更正1）.xlsx"
SOUND = {"证件类型": "居民身份证", "性 别": "女", "出生年月日": "1990/01/01", "手机": "15400001234"}
FILLED = [  # every one synthetic: area 449990 is no county's
    SOUND | {"个人编号": "GR1", "参保人姓名": "王*芳", "证件号码": "449990199001010011"},
    SOUND | {"个人编号": "GR2", "参保人姓名": '=HYPERLINK("http://x","y")', "证件号码": "44999019900101002X"},
    SOUND | {"个人编号": "GR3", "参保人姓名": "", "证件号码": "449990199001010038"},
    SOUND | {"个人编号": "GR4", "参保人姓名": "赵示例", "出生年月日": "2090/01/01"},
    SOUND | {"个人编号": "GR5", "参保人姓名": "钱示例", "证件号码": "449990199001010012"},
    SOUND | {"个人编号": "", "参保人姓名": "孙示例"},
    SOUND | {"个人编号": "GR1", "参保人姓名": "王*芳", "证件号码": "449990199001010011"},
    SOUND | {"个人编号": "GR8", "参保人姓名": "'; DROP TABLE fact_person; --"},
]
MENDED = {"GR3": ("参保人姓名", "李示例"), "GR4": ("出生年月日", "1990/01/01"), None: ("个人编号", "GR6")}


def drop(city: Path, folder: Path) -> Path:
    """A drop box with the grids, the houses and an empty place for the clerk's file."""
    for source in ("zhengfa_wangge", "zhujian_fangwu"):
        shutil.copytree(city / "drops" / NIGHTS[0] / source, folder / source)
    (folder / SOURCE).mkdir()
    return folder


def filled(home: Home, path: Path) -> None:
    """The template as a clerk fills it in."""
    home.call("contract", "template", SOURCE, "--out", str(path))
    book = openpyxl.load_workbook(path)
    sheet = book[SHEET]
    headings = [cell.value for cell in sheet[2]]
    for number, row in enumerate(FILLED, 3):
        for heading, value in row.items():
            cell = sheet.cell(number, headings.index(heading) + 1)
            cell.value = value
            cell.data_type = "s"  # what a cell in text format does to a leading =
    book.save(path)


def read(path: Path) -> tuple[list[str], list[dict[str, object]]]:
    """The headings and rows of a receipt, as a spreadsheet program sees them."""
    sheet = openpyxl.load_workbook(path)[SHEET]
    headings = [str(cell.value) for cell in sheet[2]]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row), "no cell is a formula"
    rows = [dict(zip(headings, row, strict=True)) for row in sheet.iter_rows(min_row=3, values_only=True)]
    return headings, rows


def receipt(home: Home, out: Path, night: str, name: str) -> Path:
    home.call("receipt", "make", "--night", night, "--source", SOURCE, "--out", str(out))
    return out / SOURCE / night / f"{name}.回执.xlsx"


def waiting(home: Home) -> list[dict[str, object]]:
    told: list[dict[str, object]] = json.loads(home.call("quarantine", "list", "--source", SOURCE, "--json").stdout)
    return told


def mend(book_path: Path, target: Path) -> None:
    """Change the red cells in the receipt and save it under the name of a correction."""
    book = openpyxl.load_workbook(book_path)
    sheet = book[SHEET]
    headings = [cell.value for cell in sheet[2]]
    key, verdict = headings.index("个人编号"), headings.index("结论")
    mended = 0
    for row in sheet.iter_rows(min_row=3):
        if str(row[verdict].value).startswith("隔离"):
            heading, value = MENDED[row[key].value or None]
            row[headings.index(heading)].value = value
            mended += 1
    assert mended == len(MENDED)
    book.save(target)


@pytest.fixture
def clerk(home: Home, city: Path, tmp_path: Path) -> tuple[Home, Path, Path]:
    """A home after the night in which the wrongly filled template came; the drop box; where receipts lie."""
    box = drop(city, tmp_path / "drops")
    filled(home, box / SOURCE / FIRST)
    home.run(NIGHTS[0], box)
    return home, box, tmp_path / "receipts"


def test_a_clerk_mends_three_rows_in_the_receipt_and_none_is_withdrawn(clerk: tuple[Home, Path, Path]) -> None:
    home, box, out = clerk
    first = receipt(home, out, NIGHTS[0], FIRST)
    headings, rows = read(first)
    assert [row["参保人姓名"] or "" for row in rows] == [row["参保人姓名"] for row in FILLED], (
        "its own rows, its own order"
    )
    told = [str(row["结论"]).split("：")[0].split("，")[0] for row in rows]
    assert told == ["接收", "接收", "隔离", "隔离", "接收", "隔离", "重复", "接收"]
    assert rows[6]["以哪一行为准"] == "第 3 行"
    assert "该内容未采用" in str(rows[4]["规则"])
    assert rows[4]["字段"] == "证件号码"
    assert "参保人姓名" in str(rows[2]["字段"])
    assert {"结论", "规则", "字段", "怎么改"} <= set(headings)
    assert sum(int(str(group["rows"])) for group in waiting(home)) == 3

    (box / SOURCE / FIRST).unlink()
    mend(saved_again(first, out), box / SOURCE / CORRECTION)
    home.run(NIGHTS[1], box)
    book = receipt(home, out, NIGHTS[1], CORRECTION)
    assert json.loads(book.with_suffix(".json").read_text("utf-8"))["mended"] == [3, 3]
    assert "在回执上更正：改了 3 行的 3 个单元格" in book.with_suffix(".html").read_text("utf-8")
    _, rows = read(book)
    assert len(rows) == len(FILLED)
    assert [r["结论"] for r in rows if str(r["结论"]).startswith(("隔离", "已撤出", "被替代"))] == []
    assert waiting(home) == [], "the three rows are closed"
    home.call("department", "page", "--out", str(out / "pages"))
    page = (out / "pages" / f"{SOURCE}.html").read_text("utf-8")
    assert "已更正 3 行，中位用时 1 天；待更正 0 行" in page
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"


def test_a_receipt_is_signed_stable_and_tells_no_value_outside_the_workbook(clerk: tuple[Home, Path, Path]) -> None:
    home, _, out = clerk
    book = receipt(home, out, NIGHTS[0], FIRST)
    before = {path.name: path.read_bytes() for path in book.parent.iterdir()}
    assert len(before) == 3
    receipt(home, out, NIGHTS[0], FIRST)
    assert {path.name: path.read_bytes() for path in book.parent.iterdir()} == before, "issued again, the same bytes"

    said = {value for row in FILLED for value in row.values() if len(value) > 2}
    open_parts = [data.decode() for name, data in before.items() if not name.endswith(".xlsx")]
    assert len(open_parts) == 2
    shown = home.call("quarantine", "show", f"{SOURCE}:{FIRST}:6").stdout
    export = out / "quarantine.csv"
    home.call("quarantine", "export", "--out", str(export))
    for text in (*open_parts, shown, export.read_text("utf-8-sig")):
        assert [value for value in sorted(said) if value in text] == []
    assert "2********1" in shown, "the masked value of the row's birth date"

    assert home.call("receipt", "verify", str(book)).returncode == 0
    book.write_bytes(book.read_bytes() + b"x")
    assert "ALTERED" in home.call("receipt", "verify", str(book), check=False).stderr
