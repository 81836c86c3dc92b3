"""File writers with fixed bytes: same rows, same file. Each returns the bytes; rows keep their order."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import escape

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from demo import lines
from demo.draw import Flags, Ints, Texts
from demo.extract import Column

_ZIP_TIME = (2026, 1, 1, 0, 0, 0)
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACK = "http://schemas.openxmlformats.org/package/2006"


def delimited(
    columns: dict[str, Column], encoding: str, delimiter: str, newline: str, above: Sequence[str] = ()
) -> bytes:
    """CSV or TSV; record i stands in line i + 2, lower by the lines `above` and by line breaks (`record_lines`).

    Args:
        columns: values by heading.
        encoding: of the file.
        delimiter: between fields.
        newline: after every line.
        above: lines over the headings, such as a title, as they stand.
    """
    every = list(columns.values())
    head = lines.records([np.array([name], dtype=object) for name in columns], delimiter, newline)
    buffer = io.BytesIO()
    title = "".join(line + newline for line in above)
    buffer.write((title + head.decode("utf-8")).encode(encoding))
    for rows in lines.blocks(len(every[0])):
        block = lines.records([values[rows] for values in every], delimiter, newline)
        buffer.write(block if encoding in {"utf-8", "utf-8-sig"} else block.decode("utf-8").encode(encoding))
    return buffer.getvalue()


def record_lines(columns: dict[str, Column], first: int = 2) -> Ints:
    """The physical line in which each record of a delimited file starts, where cells hold line breaks."""
    broken = lines.breaks(list(columns.values()))
    return np.arange(first, first + len(broken), dtype=np.int64) + np.cumsum(broken) - broken


def json_lines(columns: dict[str, Column]) -> bytes:
    """One JSON object a line, keys in the order of the columns."""
    names = list(columns)
    buffer = io.BytesIO()
    for block in lines.blocks(len(columns[names[0]])):
        rows = zip(*(values[block].tolist() for values in columns.values()), strict=True)
        buffer.writelines(orjson.dumps(dict(zip(names, row, strict=True))) + b"\n" for row in rows)
    return buffer.getvalue()


def parquet(columns: dict[str, Column]) -> bytes:
    """A Parquet file: text columns and doubles."""
    arrays = {
        name: pa.array(values, pa.float64() if values.dtype.kind == "f" else pa.string())
        for name, values in columns.items()
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays), sink, compression="zstd", write_page_checksum=True)
    return sink.getvalue()


def geojson(columns: dict[str, Column]) -> bytes:
    """A FeatureCollection, one feature a line; the column `geometry` holds closed rings of degrees."""
    names = [name for name in columns if name != "geometry"]
    buffer = io.BytesIO()
    buffer.write(b'{"type":"FeatureCollection","features":[\n')
    for block in lines.blocks(len(columns["geometry"])):
        rows = zip(*(columns[name][block].tolist() for name in names), strict=True)
        features = [
            orjson.dumps(
                {
                    "type": "Feature",
                    "properties": dict(zip(names, row, strict=True)),
                    "geometry": {"type": "Polygon", "coordinates": [ring]},
                }
            )
            for row, ring in zip(rows, columns["geometry"][block].tolist(), strict=True)
        ]
        buffer.write((b",\n" if block.start else b"") + b",\n".join(features))
    buffer.write(b"\n]}\n")
    return buffer.getvalue()


def _column_name(index: int) -> str:
    return chr(65 + index)


def _cell(text: str, letter: str, row: int) -> str:
    """One inline-string cell."""
    return f'<c r="{letter}{row}" t="inlineStr"><is><t>{escape(text)}</t></is></c>' if text else ""


def workbook(
    sheet: str, title: str, columns: dict[str, Column], typed: dict[str, Texts], remark: str = "",
    footer: Sequence[str] = (), merged: Sequence[str] = (), joined: Mapping[str, Flags] | None = None,
    groups: Sequence[tuple[str, int]] = (), before: Mapping[str, str] | None = None,
) -> bytes:  # fmt: skip
    """An XLSX with a merged title in row 1, headings in row 2, a remark in row 3 (if any), then the records.

    Args:
        sheet: sheet name.
        title: text of the title row (unused with `groups`).
        columns: texts, at most 26 columns.
        typed: per column what stands in cells that are no texts (`lines.sheet_cells`).
        remark: text of the row under the headings.
        footer: texts of rows under the records.
        merged: headings whose equal neighbours share one merged cell.
        joined: heading -> rows whose cell somebody merged with the one above, whatever it said (never the first).
        groups: instead of a title, headings over so many columns each: a heading of two rows.
        before: name and text of sheets that stand before the one with the records.
    """
    letters = [_column_name(i) for i in range(len(columns))]
    first = 4 if remark else 3
    size = len(next(iter(columns.values())))
    top, merges = _top(groups or [(title, len(letters))], letters)
    merges += [f"A3:{letters[-1]}3"] if remark else []
    shown = {name: values.astype(object) for name, values in columns.items()}
    for letter, name in zip(letters, columns, strict=True):
        spans: list[tuple[int, int]] = []
        if name in merged:
            shown[name], spans = _merged(shown[name])
        elif joined and name in joined:
            shown[name], spans = _joined(shown[name], joined[name])
        merges += [f"{letter}{first + start}:{letter}{first + end}" for start, end in spans]
    names = [_cell(name, letter, 2) for letter, name in zip(letters, columns, strict=True)]
    rows = [top, f'<row r="2">{"".join(names)}</row>'] + ([_single(remark, 3)] if remark else [])
    told = "".join(f'<mergeCell ref="{span}"/>' for span in merges)
    tail = [_single(text, number) for number, text in enumerate(footer, start=first + size)]
    tail.append(f'</sheetData><mergeCells count="{len(merges)}">{told}</mergeCells></worksheet>')
    head = "".join([f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>', *rows])
    records = _sheet_records(shown, typed, letters, first)
    sheets: dict[str, Iterable[bytes]] = {name: [_notice(text)] for name, text in (before or {}).items()}
    sheets[sheet] = itertools.chain([head.encode()], records, ["".join(tail).encode()])
    bodies = {f"xl/worksheets/sheet{at}.xml": body for at, body in enumerate(sheets.values(), start=1)}
    return archive(bodies | {part: [text] for part, text in _book_parts(list(sheets)).items()})


def _top(groups: Sequence[tuple[str, int]], letters: list[str]) -> tuple[str, list[str]]:
    """The first row: texts over so many columns each, and what is merged for them."""
    cells, merges, at = [], [], 0
    for text, width in groups:
        cells.append(_cell(text, letters[at], 1))
        merges += [f"{letters[at]}1:{letters[at + width - 1]}1"] if width > 1 else []
        at += width
    return f'<row r="1">{"".join(cells)}</row>', merges


def _notice(text: str) -> bytes:
    """A worksheet with one text."""
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{_single(text, 1)}</sheetData></worksheet>'.encode()


def _sheet_records(shown: dict[str, Texts], typed: dict[str, Texts], letters: list[str], first: int) -> Iterator[bytes]:
    """The records' rows, a block at a time; the first stands in row `first`."""
    for block in lines.blocks(len(next(iter(shown.values())))):
        numbers = lines.texts(np.arange(first + block.start, first + block.stop))
        cells = [
            lines.sheet_cells(values[block], letter, numbers, typed[name][block] if name in typed else None)
            for letter, (name, values) in zip(letters, shown.items(), strict=True)
        ]
        yield lines.sheet_rows(cells, numbers)


def _single(text: str, row: int) -> str:
    """A row with one text in its first cell."""
    return f'<row r="{row}">{_cell(text, "A", row)}</row>'


def _merged(values: Texts) -> tuple[Texts, list[tuple[int, int]]]:
    """The values with every repeated neighbour blank, and the (first, last) position of each run of two or more."""
    new = np.r_[True, values[1:] != values[:-1]]
    starts = np.flatnonzero(new)
    ends = np.r_[starts[1:], len(values)] - 1
    runs = [(a, b) for a, b in zip(starts.tolist(), ends.tolist(), strict=True) if b > a and values[a]]
    shown: Texts = np.where(new, values, "").astype(object)
    return shown, runs


def _joined(values: Texts, flags: Flags) -> tuple[Texts, list[tuple[int, int]]]:
    """The values with flagged cells blank, and the (first, last) position of each run of a cell and flagged ones."""
    starts = np.flatnonzero(np.r_[~flags[:-1] & flags[1:], False])
    ends = np.flatnonzero(flags & ~np.r_[flags[1:], False])
    shown: Texts = np.where(flags, "", values).astype(object)
    return shown, list(zip(starts.tolist(), ends.tolist(), strict=True))


def _book_parts(sheets: list[str]) -> dict[str, bytes]:
    """The parts every workbook has, in their smallest form (ECMA-376)."""
    numbered = list(enumerate(sheets, start=1))
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACK}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        + "".join(
            f'<Override PartName="/xl/worksheets/sheet{at}.xml" ContentType="{kind}.worksheet+xml"/>'
            for at, _ in numbered
        )
        + "</Types>",
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACK}/relationships"><Relationship Id="rId1" '
        f'Type="{_RELS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_RELS}"><sheets>'
        + "".join(f'<sheet name="{escape(name)}" sheetId="{at}" r:id="rId{at}"/>' for at, name in numbered)
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACK}/relationships">'
        + "".join(
            f'<Relationship Id="rId{at}" Type="{_RELS}/worksheet" Target="worksheets/sheet{at}.xml"/>'
            for at, _ in numbered
        )
        + "</Relationships>",
    }
    return {name: text.encode("utf-8") for name, text in parts.items()}


def archive(parts: Mapping[str, Iterable[bytes]]) -> bytes:
    """A zip with fixed times and a fixed order of parts."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as opened:
        for name in sorted(parts):
            info = zipfile.ZipInfo(name, _ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3
            info._compresslevel = 1  # type: ignore[attr-defined]
            with opened.open(info, "w") as entry:
                for piece in parts[name]:
                    entry.write(piece)
    return sink.getvalue()
