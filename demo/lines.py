"""Rows of text columns as bytes, joined by Arrow instead of cell by cell in Python."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from demo.draw import Floats, Ints, Texts

BLOCK = 50_000  # rows at a time: bounds the memory of a large file
Column = Texts | Floats | Ints


def blocks(rows: int) -> Iterator[slice]:
    """Slices of at most BLOCK rows."""
    return (slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


def texts(values: Column) -> pa.Array:
    """A column as text; missing values are empty."""
    if values.dtype.kind in "iu":
        return pa.array(values).cast(pa.large_string())
    plain = values if values.dtype == object else values.astype(str).astype(object)
    return pc.fill_null(pa.array(plain, pa.large_string()), "")


def joined(columns: list[pa.Array | pa.Scalar]) -> pa.Array:
    """The columns of each row, one behind the other."""
    return pc.binary_join_element_wise(*columns, pa.scalar("", pa.large_string()))


def content(rows: pa.Array) -> bytes:
    """All rows, one behind the other."""
    _, offsets, data = rows.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)
    first, last = int(ends[rows.offset]), int(ends[rows.offset + len(rows)])
    return bytes(data.slice(first, last - first).to_pybytes()) if data is not None else b""


def quoted(column: pa.Array, delimiter: str) -> pa.Array:
    """Cells in quotes where they hold the delimiter, a quote or a line break (RFC 4180)."""
    special = pc.match_substring_regex(column, f'[{delimiter}"\r\n]')
    if not pc.any(special).as_py():
        return column
    sign = pa.scalar('"', pa.large_string())
    return pc.if_else(special, joined([sign, pc.replace_substring(column, '"', '""'), sign]), column)


def records(columns: list[Column], delimiter: str, newline: str) -> bytes:
    """Delimited records in UTF-8, each with its line end."""
    cells: list[pa.Array | pa.Scalar] = [quoted(texts(values), delimiter) for values in columns]
    sign = pa.scalar(delimiter, pa.large_string())
    parts = [part for cell in cells for part in (cell, sign)][:-1]
    return content(joined([*parts, pa.scalar(newline, pa.large_string())]))


def breaks(columns: list[Column]) -> Ints:
    """How many line feeds the texts of each row hold."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for values in columns:
        if values.dtype == object:
            counts = pc.count_substring(texts(values), "\n")
            found += counts.to_numpy(zero_copy_only=False)
    return found


def sheet_cells(values: Texts, letter: str, numbers: pa.Array, typed: Texts | None = None) -> pa.Array:
    """Inline-string cells of a worksheet column (ECMA-376); empty values make no cell.

    Args:
        values: texts.
        letter: the column's letter.
        numbers: the row numbers as texts.
        typed: for cells that are no text: a number, `#N/A` and the like (an error), `=...` (a formula of which
            no value was kept); empty where the cell is text.
    """
    text = texts(values)
    if pc.any(pc.match_substring_regex(text, "[&<>]")).as_py():
        for sign, name in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;")):
            text = pc.replace_substring(text, sign, name)
    start = joined([pa.scalar(f'<c r="{letter}', pa.large_string()), numbers])
    cell = joined([start, pa.scalar('" t="inlineStr"><is><t>', pa.large_string()), text,
                   pa.scalar("</t></is></c>", pa.large_string())])  # fmt: skip
    cell = pc.if_else(pc.equal(text, ""), "", cell)
    if typed is None:
        return cell
    other = typed != ""
    heads = start.filter(pa.array(other)).to_pylist()
    cells = [_typed_cell(head, said) for head, said in zip(heads, typed[other].tolist(), strict=True)]
    return pc.replace_with_mask(cell, pa.array(other), pa.array(cells, pa.large_string()))


def _typed_cell(start: str, said: str) -> str:
    """A cell that is no text."""
    if said.startswith("#"):
        return f'{start}" t="e"><v>{said}</v></c>'
    return f'{start}"><f>{said[1:]}</f></c>' if said.startswith("=") else f'{start}"><v>{said}</v></c>'


def sheet_rows(cells: list[pa.Array], numbers: pa.Array) -> bytes:
    """Rows of a worksheet from the cells of its columns."""
    parts = [pa.scalar('<row r="', pa.large_string()), numbers, pa.scalar('">', pa.large_string()), *cells]
    return content(joined([*parts, pa.scalar("</row>", pa.large_string())]))
