"""File writers with fixed bytes: same rows, same file. Each returns the bytes; rows keep their order."""

from __future__ import annotations

import csv
import io
import zipfile
from xml.sax.saxutils import escape

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from demo.draw import Texts
from demo.extract import Column

_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"


def delimited(columns: dict[str, Column], encoding: str, delimiter: str, newline: str) -> bytes:
    """CSV or TSV with a header in line 1; record i stands in line i + 2 (no value holds a line break)."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator=newline)
    writer.writerow(columns)
    writer.writerows(zip(*(values.tolist() for values in columns.values()), strict=True))
    return buffer.getvalue().encode(encoding)


def json_lines(columns: dict[str, Column]) -> bytes:
    """One JSON object a line, keys in the order of the columns."""
    names = list(columns)
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    return b"".join(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows)


def parquet(columns: dict[str, Column]) -> bytes:
    """A Parquet file: text columns and doubles."""
    arrays = {
        name: pa.array(values.tolist(), pa.float64() if values.dtype.kind == "f" else pa.string())
        for name, values in columns.items()
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays), sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def geojson(columns: dict[str, Column]) -> bytes:
    """A FeatureCollection, one feature a line; the column `geometry` holds closed rings of degrees."""
    names = [name for name in columns if name != "geometry"]
    rows = zip(*(columns[name].tolist() for name in names), strict=True)
    features = [
        orjson.dumps(
            {
                "type": "Feature",
                "properties": dict(zip(names, row, strict=True)),
                "geometry": {"type": "Polygon", "coordinates": [ring]},
            }
        )
        for row, ring in zip(rows, columns["geometry"].tolist(), strict=True)
    ]
    return b'{"type":"FeatureCollection","features":[\n' + b",\n".join(features) + b"\n]}\n"


def _column_name(index: int) -> str:
    return chr(65 + index)


def _text_cells(values: Texts, letter: str, first: int) -> list[str]:
    """Inline-string cells of a column; empty values make no cell."""
    texts = [str(value) for value in values.tolist()]
    if any(sign in "".join(texts) for sign in "&<>"):
        texts = [escape(text) for text in texts]
    return [
        f'<c r="{letter}{row}" t="inlineStr"><is><t>{text}</t></is></c>' if text else ""
        for row, text in enumerate(texts, start=first)
    ]


def workbook(sheet: str, title: str, columns: dict[str, Column], numeric: dict[str, Texts]) -> bytes:
    """An XLSX with a merged title in row 1, headings in row 2 and record i in row i + 3.

    Args:
        sheet: sheet name.
        title: text of the title row.
        columns: texts, at most 26 columns.
        numeric: per column the text of the number for cells typed as numbers, empty where the cell is text.
    """
    letters = [_column_name(i) for i in range(len(columns))]
    cells = []
    for letter, (name, values) in zip(letters, columns.items(), strict=True):
        made = _text_cells(values.astype(object), letter, 3)
        for at in np.flatnonzero(numeric[name] != "").tolist() if name in numeric else []:
            made[at] = f'<c r="{letter}{at + 3}"><v>{numeric[name][at]}</v></c>'
        cells.append(made)
    head = "".join(
        f'<c r="{letter}2" t="inlineStr"><is><t>{escape(name)}</t></is></c>'
        for letter, name in zip(letters, columns, strict=True)
    )
    rows = [f'<row r="1"><c r="A1" t="inlineStr"><is><t>{escape(title)}</t></is></c></row>', f'<row r="2">{head}</row>']
    rows += [f'<row r="{number}">{"".join(row)}</row>' for number, row in enumerate(zip(*cells, strict=True), start=3)]
    body = (
        f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData>'
        f'<mergeCells count="1"><mergeCell ref="A1:{letters[-1]}1"/></mergeCells></worksheet>'
    )
    return _zip({"xl/worksheets/sheet1.xml": body, **_book_parts(sheet)})


def _book_parts(sheet: str) -> dict[str, str]:
    """The parts every workbook has, in their smallest form (ECMA-376)."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACK}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    }


def _zip(parts: dict[str, str]) -> bytes:
    """A zip with fixed times and a fixed order of parts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            archive.writestr(info, parts[name].encode("utf-8"), compresslevel=1)
    return sink.getvalue()
