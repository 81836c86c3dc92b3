"""Writes workbooks whose every cell is text: fast, in columns, with the same bytes for the same table.

No cell can become a formula: each is an inline string (ECMA-376 part 1, 18.3.1.53) in text format, and one that begins
like a formula also carries a quote prefix, so that it stays text when somebody edits it or saves it as CSV.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterable, Mapping, Sequence
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
TEXT, HEAD, RED, YELLOW, GREEN, TITLE, WRAPPED = range(0, 14, 2)
_FILLS = {HEAD: "FFD9E1F2", RED: "FFF8CBAD", YELLOW: "FFFFF2CC", GREEN: "FFE2EFDA"}
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# On paper: across, as wide as the sheet, as many sheets long as it takes (ECMA-376 part 1, 18.3.1.63 and 18.3.1.65).
_FIT = '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
_PAPER = '<pageSetup paperSize="9" orientation="landscape" fitToWidth="1" fitToHeight="0"/>'
_LINE = 16  # points of a line; programs do not all make room for a second one by themselves
_HEIGHT = f'<sheetFormatPr defaultRowHeight="{_LINE}" customHeight="1"/>'
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
        wrapped: headings (with a width) whose cells go on in a second line rather than under their neighbour.
    """

    name: str
    headings: Sequence[str]
    tables: Iterable[pa.Table]
    above: Sequence[str] = ()
    styles: Mapping[str, str] = field(default_factory=dict)
    widths: Sequence[int] = ()
    frozen: int = 0
    wrapped: Collection[str] = ()


def write(path: Path, sheets: Sequence[Sheet]) -> None:
    """Write a workbook; the same sheets make the same bytes.

    Raises:
        ValueError: a sheet has more rows than a worksheet can hold.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as book:
        for name, text in _frame(sheets).items():
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
    yield f"{_XML}<worksheet {_MAIN}>{_FIT}{_views(sheet, head)}{_HEIGHT}{_columns(sheet)}<sheetData>".encode()
    for number, line in enumerate(sheet.above, 1):
        alone = sheet.widths[0] if sheet.widths and not width else None
        yield _row(number, [line], TITLE if number == 1 else WRAPPED if alone else TEXT, alone)
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
    yield f"</sheetData>{ending}{_PAPER}</worksheet>".encode()


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


def _row(number: int, cells: list[str], style: int, width: int | None = None) -> bytes:
    texts = pa.array(cells, pa.string())
    height = "" if width is None else _height([texts], [width])[0].as_py()
    plain, prefixed = escape(texts).to_pylist(), _looks_like_a_formula(texts).to_pylist()
    told = "".join(
        f'<c r="{letters(at)}{number}" s="{style + bool(quoted)}" t="inlineStr">'
        f'<is><t xml:space="preserve">{text}</t></is></c>'
        for at, (text, quoted) in enumerate(zip(plain, prefixed, strict=True))
    )
    return f'<row r="{number}"{height}>{told}</row>'.encode()


def _height(texts: Sequence[pa.Array], widths: Sequence[int]) -> pa.Array:
    """The height of each row as an attribute: as many lines as the longest of its cells needs; empty for one line.

    A hanzi, three bytes of UTF-8, is two characters wide: so a text's width is the mean of its bytes and characters.
    """
    lines = pa.array([1] * len(texts[0]), pa.int32())
    for text, width in zip(texts, widths, strict=True):
        said = pc.fill_null(pc.add(pc.utf8_length(text), pc.binary_length(text)), 0)
        lines = pc.max_element_wise(lines, pc.add(1, pc.divide(said, 2 * width)))
    high = pc.cast(pc.multiply(lines, _LINE), pa.string())
    told = pc.binary_join_element_wise(' ht="', high, '" customHeight="1"', "")
    return pc.if_else(pc.greater(lines, 1), told, "")


def _looks_like_a_formula(text: pa.Array) -> pa.Array:
    return pc.fill_null(pc.match_substring_regex(text, _FORMULA), False)


def _rows(sheet: Sheet, piece: pa.RecordBatch, first: int) -> bytes:
    numbers = pa.array(range(first, first + piece.num_rows), pa.int64()).cast(pa.string())
    long = [at for at, heading in enumerate(sheet.headings) if heading in sheet.wrapped]
    texts = [piece[sheet.headings[at]].cast(pa.string()) for at in long]
    height = _height(texts, [sheet.widths[at] for at in long]) if long else pa.scalar("")
    parts = [pc.binary_join_element_wise('<row r="', numbers, '"', height, ">", "")]
    for at, heading in enumerate(sheet.headings):
        text = piece[heading].cast(pa.string())
        usual = pa.scalar(WRAPPED if heading in sheet.wrapped else TEXT, pa.int64())
        style = piece[sheet.styles[heading]] if heading in sheet.styles else usual
        style = pc.add(style, _looks_like_a_formula(text).cast(pa.int64())).cast(pa.string())
        start, middle = f'<c r="{letters(at)}', pa.scalar('" t="inlineStr"><is><t xml:space="preserve">')
        cell = pc.binary_join_element_wise(
            pa.scalar(start), numbers, pa.scalar('" s="'), style, middle, escape(text), pa.scalar("</t></is></c>"), ""
        )
        parts.append(pc.fill_null(cell, ""))
    whole = pc.binary_join_element_wise(*parts, pa.scalar("</row>"), "")
    return "".join(whole.to_pylist()).encode()


def _frame(of: Sequence[Sheet]) -> dict[str, str]:
    """Every part of the workbook but its sheets; on paper each page of a sheet begins with its headings."""
    names = [sheet.name for sheet in of]
    numbers = range(1, len(names) + 1)
    told = escape(pa.array(names, pa.string())).to_pylist()
    sheets = "".join(
        f'<sheet name="{name.replace(chr(34), "&quot;")}" sheetId="{n}" r:id="rId{n}"/>'
        for n, name in zip(numbers, told, strict=True)
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    heads = "".join(
        f'<definedName name="_xlnm.Print_Titles" localSheetId="{at}">{_quoted(name)}!${head}:${head}</definedName>'
        for at, (sheet, name) in enumerate(zip(of, told, strict=True))
        if sheet.headings and (head := len(sheet.above) + 1)
    )
    defined = f"<definedNames>{heads}</definedNames>" if heads else ""
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
        "xl/workbook.xml": f'{_XML}<workbook {_MAIN} xmlns:r="{_RELATIONS}"><sheets>{sheets}</sheets>{defined}'
        "</workbook>",
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId{len(names) + 1}" Type="{_RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": _styles(),
    }  # fmt: skip


def _quoted(name: str) -> str:
    """A sheet's name as it stands before a range."""
    doubled = name.replace("'", "''")
    return f"'{doubled}'"


def _styles() -> str:
    """Text format everywhere (49 is ``@``), a fill for what needs a look."""
    fills = "".join(
        f'<fill><patternFill patternType="solid"><fgColor rgb="{rgb}"/></patternFill></fill>' for rgb in _FILLS.values()
    )
    place = {style: number for number, style in enumerate(_FILLS, 2)}
    fonts = '<font><sz val="11"/><name val="宋体"/></font><font><b/><sz val="11"/><name val="宋体"/></font>'
    wrap = ' wrapText="1"'
    formats = "".join(
        f'<xf numFmtId="49" fontId="{int(style in (HEAD, TITLE))}" fillId="{place.get(style, 0)}" borderId="0" '
        f'xfId="0" applyNumberFormat="1" applyFill="1" applyFont="1" applyAlignment="1"{quote}>'
        f'<alignment vertical="top"{wrap if style == WRAPPED else ""}/></xf>'
        for style in range(TEXT, WRAPPED + 2, 2)
        for quote in ("", ' quotePrefix="1"')
    )
    return (
        f'{_XML}<styleSheet {_MAIN}><fonts count="2">{fonts}</fonts><fills count="{len(_FILLS) + 2}">'
        '<fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill>'
        f"{fills}</fills>"
        '<borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{WRAPPED + 2}">{formats}</cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )
