"""The department's Excel template, drawn from its contract and kinds. The same contract, the same bytes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from expectations.contract_asks import Ask, asks, file_names
from transforms.contract import Arrival, Contract
from transforms.kinds import Kind

GUIDE, WORDS, ROWS = "填表说明", "代码表", "数据"
AUTHOR = "网格数据中心"
LAST_ROW = 1_048_576  # of a worksheet (ECMA-376)
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip archive can tell
_TIMES = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*(<)")
_TEXT = "@"
_REQUIRED = PatternFill("solid", fgColor="FFF2CC")
_OPTIONAL = PatternFill("solid", fgColor="F2F2F2")
_EDGE = Border(*[Side("thin", color="BFBFBF")] * 4)
_WRAP = Alignment(wrap_text=True, vertical="top")
_GUIDE_HEADS = ("列名", "必填", "含义", "怎么填", "示例（虚构）", "用途", "依据")
_GUIDE_WIDTHS = (18, 8, 20, 46, 34, 30, 34)
_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8（Excel 里叫“CSV UTF-8”）",
    "gb18030": "GB18030（Excel 里叫“CSV（逗号分隔）”）",
}
_BY_PROGRAM = {
    "jsonl": "JSON Lines", "parquet": "Parquet", "geojson": "GeoJSON", "shapefile": "Shapefile", "gpkg": "GeoPackage",
    "dbf": "dBase",
}  # fmt: skip


def template(contract: Contract, kinds: Mapping[str, Kind], expectations: Path) -> bytes:
    """The workbook: the sheet to fill, how to fill it, and the words of the drop-downs.

    For a source that sends workbooks the first sheet is what its contract reads: same name, same row of headings.
    """
    asked = asks(contract, kinds, expectations)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = contract.arrives.sheet or ROWS
    words = book.create_sheet(WORDS)
    _fill(sheet, contract, asked)
    _drop_downs(sheet, words, asked, contract.arrives.header_row)
    _guide(book.create_sheet(GUIDE, 1), contract, asked)
    if not any(ask.words for ask in asked):
        book.remove(words)
    book.properties.creator = AUTHOR
    raw = io.BytesIO()
    book.save(raw)
    return stable(raw.getvalue())


def stable(raw: bytes) -> bytes:
    """A workbook without the time at which it was written."""
    fresh = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            if part.filename == "docProps/core.xml":
                data = _TIMES.sub(rb"\g<1>1980-01-01T00:00:00Z\2", data)
            new.writestr(zipfile.ZipInfo(part.filename, _EPOCH), data, zipfile.ZIP_DEFLATED)
    return fresh.getvalue()


def _put(sheet: Worksheet, row: int, column: int, text: str) -> Any:  # noqa: ANN401 - openpyxl's cell
    """A cell that is text whatever it begins with: a heading like =1+1 is no formula."""
    cell = sheet.cell(row, column)
    cell.value = text
    cell.data_type = "s"
    return cell


def _fill(sheet: Worksheet, contract: Contract, asked: Sequence[Ask]) -> None:
    head = contract.arrives.header_row
    if head > 1:
        _put(sheet, 1, 1, contract.label).font = Font(bold=True, size=14)
    for at, ask in enumerate(asked, 1):
        letter = get_column_letter(at)
        column = sheet.column_dimensions[letter]
        column.width = max(12, 2 * len(ask.heading) + 4)
        column.number_format = _TEXT if ask.text else "General"
        cell = _put(sheet, head, at, ask.heading)
        cell.font = Font(bold=True, color="C00000" if ask.required else "000000")
        cell.fill = _REQUIRED if ask.required else _OPTIONAL
        cell.border, cell.number_format = _EDGE, _TEXT
        told = f"{'必填' if ask.required else '选填'}：{ask.label}\n{ask.how}\n用途：{ask.purpose}"
        cell.comment = Comment(told, AUTHOR, height=140, width=280)
    sheet.freeze_panes = sheet.cell(head + 1, 1)


def _drop_downs(sheet: Worksheet, words: Worksheet, asked: Sequence[Ask], head: int) -> None:
    for at, ask in enumerate(asked, 1):
        if not ask.words:
            continue
        place = words.max_column + bool(words.cell(1, 1).value)
        _put(words, 1, place, ask.heading).font = Font(bold=True)
        for row, word in enumerate(ask.words, 2):
            _put(words, row, place, word).number_format = _TEXT
        column = get_column_letter(place)
        listed = DataValidation(
            "list", f"'{WORDS}'!${column}$2:${column}${len(ask.words) + 1}", allow_blank=not ask.required,
            showErrorMessage=True, errorTitle="不在代码表内", error="请从下拉框中选择",
        )  # fmt: skip
        letter = get_column_letter(at)
        listed.add(f"{letter}{head + 1}:{letter}{LAST_ROW}")
        sheet.add_data_validation(listed)


def _guide(sheet: Worksheet, contract: Contract, asked: Sequence[Ask]) -> None:
    row = 0
    for row, line in enumerate(_lines(contract), 1):
        cell = _put(sheet, row, 1, line)
        cell.font = Font(bold=row == 1, size=14 if row == 1 else 11)
    row += 2
    for at, (text, width) in enumerate(zip(_GUIDE_HEADS, _GUIDE_WIDTHS, strict=True), 1):
        cell = _put(sheet, row, at, text)
        cell.font, cell.fill, cell.border = Font(bold=True), _OPTIONAL, _EDGE
        sheet.column_dimensions[get_column_letter(at)].width = width
    for ask in asked:
        row += 1
        told = (ask.heading, "必填" if ask.required else "", ask.label, ask.how, ask.example, ask.purpose, ask.basis)
        for at, text in enumerate(told, 1):
            cell = _put(sheet, row, at, text)
            cell.alignment, cell.border, cell.number_format = _WRAP, _EDGE, _TEXT


def _lines(contract: Contract) -> list[str]:
    owner = contract.owner
    head = contract.arrives.header_row
    rows = f"第 {head} 行是列名，一字不改，不合并单元格；从第 {head + 1} 行起一行填一条"
    names = list(file_names(contract))
    named = f"文件名：{names[0]}（数字换成数据截止日期）" if names else f"文件名须符合：{contract.arrives.file_pattern}"
    if len(names) > 1:
        named += f"；更正同一期时：{names[1]}"
    return [
        f"{contract.label} 填表说明", rows,
        "编号、证件、电话、日期各列已设为“文本”格式：请直接录入，不要改格式，不要从其他表格连同格式粘贴",
        "红字黄底的列必填；不知道的内容留空，不要用“无”“0”或一串相同的数字代替；不要写合计行",
        _sending(contract.arrives), named,
        "本表没有列出的内容请不要填报；示例都是虚构的",
        f"报送单位：{owner.department} {owner.contact}；退回的行请在 {owner.answers_within_days} 天内更正",
    ]  # fmt: skip


def _sending(arrives: Arrival) -> str:
    if arrives.format == "xlsx":
        return f"填好后直接报送本文件（.xlsx），工作表“{arrives.sheet}”不要改名"
    if arrives.format == "xls":
        return f"填好后另存为“Excel 97-2003 工作簿”（.xls）再报送，工作表“{arrives.sheet}”不要改名"
    if arrives.format == "csv":
        mark = "制表符" if arrives.delimiter == "\t" else f"“{arrives.delimiter}”"
        encoding = _ENCODINGS[arrives.encoding or "utf-8"]
        return f"填好后把第一张工作表另存为文本文件再报送：分隔符 {mark}，编码 {encoding}，最后一行以换行结束"
    form = _BY_PROGRAM.get(arrives.format, arrives.format)
    return f"本单位由系统导出 {form} 文件报送；本表用来核对列名和取值，不能直接报送"
