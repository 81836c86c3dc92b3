"""The old workbook (Excel 97 to 2003): one sheet by name, read as :mod:`xlsx_file` reads the new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from transforms.land import biff, xlsx_file
from transforms.land.job import Chunk, Found, Job, differing


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the sheet below its headings that say something; ``line`` is the sheet's row number.

    Raises:
        RefusedError: what :mod:`biff` refuses, ``EMPTY_FILE``, ``DAMAGED``, ``ROW_COUNT`` or headings that break the
            contract.
    """
    yield from xlsx_file.sheet(job, raw, found, biff.look(raw, job.sheet or ""))


def count(job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: rows of which a record of the sheet says something.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ.
    """
    rows = sum(1 for number in biff.look(raw, job.sheet or "").filled if number > job.header_row)
    if rows != found.rows + found.left:
        raise differing(found.rows + found.left, rows, "rows")
