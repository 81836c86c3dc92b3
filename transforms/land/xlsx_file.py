"""XLSX: the contract's sheet only, cell types kept in mind: a number cell is marked, it may have lost digits.

An identity number typed as a number comes back as a well-formed but wrong one (faults.md, finding 1).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import BinaryIO

import python_calamine as calamine

from transforms.errors import RefusedError
from transforms.land import archive, sheet_xml
from transforms.land.asides import aside
from transforms.land.headings import judge
from transforms.land.job import Chunk, Found, Gathered, Job, differing
from transforms.land.parquet_file import plain
from transforms.receipt_form import GUIDE

RETURNED = "RETURNED"  # for land alone: it takes the file as the correction that it is
_ROWS = 50_000
_EXACT = 1e15  # whole numbers below it are exact in a workbook
Cell = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the sheet below its headings that say something; ``line`` is the sheet's row number.

    Raises:
        RefusedError: what :mod:`archive` and :mod:`sheet_xml` refuse, ``EMPTY_FILE``, ``DAMAGED``, ``ROW_COUNT``
            or headings that break the contract.
    """
    yield from sheet(job, raw, found, sheet_xml.look(archive.workbook(raw), job.sheet or ""))


def sheet(job: Job, raw: BinaryIO, found: Found, seen: sheet_xml.Seen) -> Iterator[Chunk]:
    """Rows of the sheet of a workbook, old or new, that was looked over.

    Args:
        job: what the file should be.
        raw: the file, wherever it stands.
        found: what is learnt beside the rows.
        seen: what the second reader saw.

    Raises:
        RefusedError: ``EMPTY_FILE``, ``ENCRYPTED``, ``DAMAGED``, ``ROW_COUNT`` or headings that break the contract.
    """
    sheet_name = job.sheet or ""
    raw.seek(0)
    try:
        book = calamine.load_workbook(raw)
        if GUIDE in book.sheet_names and job.format != "receipt":
            raise RefusedError(RETURNED, "this is a receipt that came back")
        page = book.get_sheet_by_name(sheet_name)
        merged = page.merged_cell_ranges or []
    except calamine.PasswordError:
        raise RefusedError("ENCRYPTED", "the workbook is protected by a password") from None
    except calamine.CalamineError:
        raise RefusedError("DAMAGED", "the workbook cannot be read") from None
    rows = page.to_python(skip_empty_area=False)
    if len(rows) < job.header_row or not any(cell != "" for cell in rows[job.header_row - 1]):
        raise RefusedError("EMPTY_FILE", f"sheet {sheet_name} has no headings in row {job.header_row}")
    if below := [number for number in seen.hidden if number > job.header_row]:
        found.notes.append(f"{len(below)} rows that the sheet hides are read like any, the first is row {min(below)}")
    headings = judge(job, _headings(rows, job.header_row), found)
    fields = [headings.index(h) for h in job.landed]
    filled = {headings.index(h) for h in job.merged}
    yield from _rows(job, rows, fields, seen, _under(rows, merged, filled), found)


def _headings(rows: list[list[Cell]], header_row: int) -> list[str]:
    head = [_text(cell) or "" for cell in rows[header_row - 1]]
    width = len(head)
    while width and not head[width - 1] and not any(row[width - 1] != "" for row in rows[header_row:]):
        width -= 1
    return head[:width]


def _under(
    rows: list[list[Cell]], merged: Sequence[tuple[tuple[int, int], tuple[int, int]]], filled: set[int]
) -> dict[int, dict[int, Cell | None]]:
    """Row number → columns whose cell lies under a merged one.

    Its value is not there: it is the merged cell's in the columns the contract wants ``filled``, else nobody knows.
    """
    under: dict[int, dict[int, Cell | None]] = {}
    for (top, left), (bottom, right) in merged:
        for row in range(top, min(bottom, len(rows) - 1) + 1):
            for column in range(left + (row == top), min(right, len(rows[row]) - 1) + 1):
                known = column == left and column in filled
                under.setdefault(row + 1, {})[column] = rows[top][left] if known else None
    return under


def _rows(
    job: Job,
    rows: list[list[Cell]],
    fields: list[int],
    seen: sheet_xml.Seen,
    under: dict[int, dict[int, Cell | None]],
    found: Found,
) -> Iterator[Chunk]:
    gathered = Gathered(len(fields))
    for number, row in enumerate(rows[job.header_row :], job.header_row + 1):
        says = any(cell != "" for cell in row)
        if says and number not in seen.filled:
            raise RefusedError("ROW_COUNT", f"row {number} was seen by one reader only")
        if number not in seen.filled:
            continue
        if kind := aside(job, row):
            found.leave(kind, number)
            continue
        covered = under.get(number, {})
        if not says or seen.unusable.get(number, frozenset()).intersection(fields):
            gathered.fail(number, "NO_VALUE")
        elif any(covered.get(field, "") is None for field in fields):
            gathered.fail(number, "MERGED_CELL")
        else:
            cells = [covered.get(field, row[field]) for field in fields]
            numeric = "|".join(h for h, cell in zip(job.landed, cells, strict=True) if _is_number(cell)) or None
            gathered.add(number, tuple(map(_text, cells)), numeric)
        if len(gathered.lines) >= _ROWS:
            yield gathered.chunk()
            gathered = Gathered(len(fields))
    if gathered.lines:
        yield gathered.chunk()
    if beyond := [n for n in seen.filled if n > len(rows)]:
        raise RefusedError("ROW_COUNT", f"row {min(beyond)} was seen by one reader only")


def _is_number(cell: Cell | None) -> bool:
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _text(cell: Cell | None) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell or None
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, int | float):
        return str(int(cell)) if abs(cell) < _EXACT and cell == int(cell) else plain(float(cell))
    if isinstance(cell, dt.timedelta):
        return str(cell)
    return cell.isoformat(sep=" ") if isinstance(cell, dt.datetime) else cell.isoformat()


def count(job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: row tags of the sheet's XML whose cells say something.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ.
    """
    seen = sheet_xml.look(archive.workbook(raw), job.sheet or "")
    rows = sum(1 for number in seen.filled if number > job.header_row)
    if rows != found.rows + found.left:
        raise differing(found.rows + found.left, rows, "rows")
