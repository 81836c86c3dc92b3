"""Writes workbooks whose every cell is text: fast, in columns, with the same bytes for the same table.

No cell can become a formula: each is an inline string (ECMA-376 part 1, 18.3.1.53) in text format, and one that begins
like a formula also carries a quote prefix, so that it stays text when somebody edits it or saves it as CSV.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

ROWS = 20_000  # written at once
MOST_ROWS, LONGEST = 1_048_576, 32_767  # of a worksheet; of a cell
_FORMULA = r"^[\t\r\n ]*[=+\-@＝＋－＠]"
_FORBIDDEN = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]"
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))
_ESCAPED = r"_(x[0-9A-Fa-f]{4}_)"  # a workbook reads _x0041_ as A
# Cell styles, by their place in styles.xml; each is followed by the same with a quote prefix.
TEXT, HEAD, RED, YELLOW, GREEN, TITLE = range(0, 12, 2)
_FILLS = {HEAD: "FFD9E1F2", RED: "FFF8CBAD", YELLOW: "FFFFF2CC", GREEN: "FFE2EFDA"}
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"


@dataclass(frozen=True)
class Sheet:
    """One worksheet.

    Attributes:
        name: its name. above: lines over the row of headings.
        headings: the row of headings, empty for none.
        tables: text columns, in as many pieces as one likes; the columns stand in the order of ``headings``.
        styles: heading → style of each row's cell, a column of the piece called so, else :data:`TEXT`.
        widths: per column, in characters. frozen: columns that stay in sight.
    """

    name: str
    headings: Sequence[str]
    tables: Iterable[pa.Table]
    above: Sequence[str] = ()
    styles: Mapping[str, str] = field(default_factory=dict)
    widths: Sequence[int] = ()
    frozen: int = 0


def write(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook; the same sheets make the same bytes.

    Raises:
        ValueError: a sheet has more rows than a worksheet can hold.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _frame([sheet.name for sheet in sheets]).items():
            with book.open(name, "w") as part:
                part.write(text.encode())
        for number, sheet in enumerate(sheets, 1):
            with book.open(f"xl/worksheets/sheet{number}.xml", "w", force_zip64=True) as part:
                for block in _sheet(sheet):
                    part.write(block)


def escape(text: pa.Array) -> pa.Array:
    """Text as it may stand in a cell's XML; null stays null."""
    if pc.any(pc.match_substring_regex(text, f"{_FORBIDDEN}|{_ESCAPED}")).as_py():
        text = pc.replace_substring_regex(text, _FORBIDDEN, "\ufffd")
        text = pc.replace_substring_regex(text, _ESCAPED, r"_x005F_\1")
    if pc.any(pc.greater(pc.utf8_length(text), LONGEST)).as_py():
        text = pc.if_else(pc.greater(pc.utf8_length(text), LONGEST), pc.utf8_slice_codeunits(text, 0, LONGEST), text)
    for character, entity in _ESCAPES:
        if pc.any(pc.match_substring(text, character)).as_py():
            text = pc.replace_substring(text, character, entity)
    return text


def letters(column: int) -> str:
    """A column's letters, from 0."""
    found = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        found = chr(65 + rest) + found
    return found


def _sheet(sheet: Sheet) -> Iterable[bytes]:
    width, head = len(sheet.headings), len(sheet.above) + bool(sheet.headings)
    yield f"{_XML}<worksheet {_MAIN}>{_views(sheet, head)}{_columns(sheet)}<sheetData>".encode()
    for number, line in enumerate(sheet.above, 1):
        yield _row(number, [line], TITLE if number == 1 else TEXT)
    if width:
        yield _row(head, list(sheet.headings), HEAD)
    row = head
    for table in sheet.tables:
        for piece in table.combine_chunks().to_batches(max_chunksize=ROWS):
            if row + piece.num_rows > MOST_ROWS:
                raise ValueError("more rows than a worksheet can hold")
            yield _rows(sheet, piece, row + 1)
            row += piece.num_rows
    ending = f'<autoFilter ref="A{head}:{letters(width - 1)}{max(row, head)}"/>' if width else ""
    yield f"</sheetData>{ending}</worksheet>".encode()


def _views(sheet: Sheet, head: int) -> str:
    if not sheet.headings:
        return ""
    corner = f"{letters(sheet.frozen)}{head + 1}"
    across = f' xSplit="{sheet.frozen}"' if sheet.frozen else ""
    pane = "bottomRight" if sheet.frozen else "bottomLeft"
    return (
        f'<sheetViews><sheetView workbookViewId="0"><pane{across} ySplit="{head}" topLeftCell="{corner}" '
        f'activePane="{pane}" state="frozen"/></sheetView></sheetViews>'
    )


def _columns(sheet: Sheet) -> str:
    told = "".join(
        f'<col min="{at}" max="{at}" width="{width}" style="{TEXT}" customWidth="1"/>'
        for at, width in enumerate(sheet.widths, 1)
    )
    return f"<cols>{told}</cols>" if told else ""


def _row(number: int, cells: list[str], style: int) -> bytes:
    texts = pa.array(cells, pa.string())
    plain, prefixed = escape(texts).to_pylist(), _looks_like_a_formula(texts).to_pylist()
    told = "".join(
        f'<c r="{letters(at)}{number}" s="{style + bool(quoted)}" t="inlineStr">'
        f'<is><t xml:space="preserve">{text}</t></is></c>'
        for at, (text, quoted) in enumerate(zip(plain, prefixed, strict=True))
    )
    return f'<row r="{number}">{told}</row>'.encode()


def _looks_like_a_formula(text: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(text, _FORMULA), False)


def _rows(sheet: Sheet, piece: pa.RecordBatch, first: int) -> bytes:
    numbers = pa.array(range(first, first + piece.num_rows), pa.int64()).cast(pa.string())
    parts = [pc.binary_join_element_wise('<row r="', numbers, '">', "")]
    for at, heading in enumerate(sheet.headings):
        text = piece[heading].cast(pa.string())
        style = piece[sheet.styles[heading]] if heading in sheet.styles else pa.scalar(TEXT, pa.int64())
        style = pc.add(style, _looks_like_a_formula(text).cast(pa.int64())).cast(pa.string())
        start, middle = f'<c r="{letters(at)}', pa.scalar('" t="inlineStr"><is><t xml:space="preserve">')
        cell = pc.binary_join_element_wise(
            pa.scalar(start), numbers, pa.scalar('" s="'), style, middle, escape(text), pa.scalar("</t></is></c>"), ""
        )
        parts.append(pc.fill_null(cell, ""))
    whole = pc.binary_join_element_wise(*parts, pa.scalar("</row>"), "")
    return "".join(whole.to_pylist()).encode()


def _frame(names: Sequence[str]) -> dict[str, str]:
    """Every part of the workbook but its sheets."""
    numbers = range(1, len(names) + 1)
    told = escape(pa.array(names, pa.string())).to_pylist()
    sheets = "".join(
        f'<sheet name="{name.replace(chr(34), "&quot;")}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, told, strict=True)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    overrides = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{kind}.worksheet+xml"/>' for n in numbers
    )
    relations = "".join(
        f'<Relationship Id="rId{n}" Type="{_RELATIONS}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers
    )
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>{overrides}</Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook {_MAIN} xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId{len(names) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _styles(),
    }  # fmt: skip


def _styles() -> str:
    """Text format everywhere (49 is ``@``), a fill for what needs a look."""
    fills = "".join(
        f'<fill><patternFill patternType="solid"><fgColor rgb="{rgb}"/></patternFill></fill>' for rgb in _FILLS.values()
    )
    place = {style: number for number, style in enumerate(_FILLS, 2)}
    fonts = '<font><sz val="11"/><name val="宋体"/></font><font><b/><sz val="11"/><name val="宋体"/></font>'
    formats = "".join(
        f'<xf numFmtId="49" fontId="{int(style in (HEAD, TITLE))}" fillId="{place.get(style, 0)}" borderId="0" '
        f'xfId="0" applyNumberFormat="1" applyFill="1" applyFont="1"{quote}/>'
        for style in range(TEXT, TITLE + 2, 2)
        for quote in ("", ' quotePrefix="1"')
    )
    return (
        f'{_XML}<styleSheet {_MAIN}><fonts count="2">{fonts}</fonts><fills count="{len(_FILLS) + 2}">'
        '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
        f"{fills}</fills>"
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{TITLE + 2}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
