"""The department's own columns: in its file's order, and all rows in its own format where a workbook is too small."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from transforms import store
from transforms.contract import Contract
from transforms.model import Batch
from transforms.receipts.drops import Drop

_HEAD = 1 << 20  # bytes within which the row of headings of a text file ends
_FORMULA = r"^([\t\r\n ]*[=+\-@＝＋－＠]|[\t\r\n])"


def headings(drop: Drop) -> list[str]:
    """The landed headings in the order of the file; in the contract's where the file is no table of columns.

    The raw bytes are read only as far as their headings, and only of a file that land's own parser has been through.
    """
    contract, batch = drop.contract, str(drop.batch)
    while mended := store.mends(drop.run.settings, batch):  # a receipt that came back has the order of what it mends
        batch = mended
    raw = store.held_raw(drop.run.settings, Batch.parse(batch).sha256)
    alias = {other: column.heading for column in contract.columns for other in column.aliases}
    landed = dict.fromkeys(contract.landed_headings)
    said = [alias.get(heading, heading) for heading in _head(contract, raw)]
    return list(dict.fromkeys([h for h in said if h in landed] + list(landed)))


def _head(contract: Contract, raw: Path) -> list[str]:
    arrives = contract.arrives
    if arrives.format != "parquet" and _is_parquet(raw):  # land's own table: rows were blanked, its format could not be
        return []
    if arrives.format == "csv":
        with raw.open("rb") as file:
            text = file.read(_HEAD).decode(arrives.encoding or "utf-8", "replace").removeprefix("\ufeff")
        lines = text.splitlines()[arrives.header_row - 1 : arrives.header_row]
        return next(csv.reader(lines, delimiter=arrives.delimiter), [])
    if arrives.format == "xlsx":
        with raw.open("rb") as file:
            sheet = openpyxl.load_workbook(file, read_only=True)[str(arrives.sheet)]
            row = next(sheet.iter_rows(arrives.header_row, arrives.header_row, values_only=True), ())
        return [str(cell) for cell in row]
    if arrives.format == "parquet":
        return list(pq.read_schema(raw).names)
    if arrives.format == "jsonl":
        with raw.open("rb") as file:
            return _keys(file.readline(_HEAD))
    return []


def _is_parquet(raw: Path) -> bool:
    with raw.open("rb") as file:
        return file.read(4) == b"PAR1"


def _keys(line: bytes) -> list[str]:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError:
        return []
    return list(told) if isinstance(told, dict) else []


def write_all(drop: Drop, path: Path, names: list[str], tables: Iterator[pa.Table]) -> Path:
    """Write every row in the format of the drop (what has no such form as CSV); the path with its ending.

    Args:
        drop: whose format counts.
        path: without an ending.
        names: the columns, in order.
        tables: text columns of these names, piece by piece.
    """
    form = drop.contract.arrives.format
    if form == "parquet":
        return _parquet(path.with_name(f"{path.name}.parquet"), names, tables)
    if form == "jsonl":
        return _json_lines(path.with_name(f"{path.name}.jsonl"), names, tables)
    arrives = drop.contract.arrives
    encoding = arrives.encoding if form == "csv" and arrives.encoding else "utf-8-sig"
    delimiter = arrives.delimiter if form == "csv" else ","
    ending = "tsv" if delimiter == "\t" else "csv"
    return _separated(path.with_name(f"{path.name}.{ending}"), names, tables, encoding, delimiter)


def _parquet(path: Path, names: list[str], tables: Iterator[pa.Table]) -> Path:
    schema = pa.schema([(name, pa.string()) for name in names])
    with pq.ParquetWriter(path, schema, compression="zstd", write_page_checksum=True) as file:
        for table in tables:
            file.write_table(table.select(names).cast(schema))
    return path


def _json_lines(path: Path, names: list[str], tables: Iterator[pa.Table]) -> Path:
    with path.open("wb") as file:
        for table in tables:
            for row in table.select(names).to_pylist():
                file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return path


def _separated(path: Path, names: list[str], tables: Iterator[pa.Table], encoding: str, delimiter: str) -> Path:
    """CSV in which no cell begins like a formula: an apostrophe goes before it (faults.md L3)."""
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerow(names)
        for table in tables:
            safe = pa.table({name: unformula(table[name].combine_chunks()) for name in names})
            block = io.BytesIO()
            how = pv.WriteOptions(include_header=False, delimiter=delimiter, quoting_style="needed")
            pv.write_csv(safe, block, how)
            file.write(block.getvalue().decode())
    return path


def unformula(text: pa.Array) -> pa.Array:
    """Text with an apostrophe before what a spreadsheet would take for a formula; null stays null."""
    formula = pc.fill_null(pc.match_substring_regex(text, _FORMULA), False)
    if not pc.any(formula).as_py():
        return text
    return pc.if_else(formula, pc.binary_join_element_wise(pa.scalar("'"), text, ""), text)
