"""A receipt that comes back: the workbook that gridfacts wrote, in which its department mended cells.

In the parser's process, like any file: it has been in other hands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import python_calamine as calamine

from transforms.errors import RefusedError
from transforms.land import archive, xlsx_file
from transforms.land.job import Chunk, Found, Job
from transforms.receipt_form import BATCH, GUIDE

count = xlsx_file.count


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the receipt: the line they are of and the department's own cells; ``found.mends`` names the batch.

    Raises:
        RefusedError: ``RECEIPT``: the sheet that says what the receipt is of is gone; and as :mod:`xlsx_file`.
    """
    archive.workbook(raw)
    raw.seek(0)
    try:
        guide = calamine.load_workbook(raw).get_sheet_by_name(GUIDE).to_python()
    except calamine.CalamineError:
        raise RefusedError("RECEIPT", f"sheet {GUIDE} is gone, which says what the receipt is of") from None
    said = [str(row[0]) for row in guide if row and str(row[0]).startswith(BATCH)]
    if len(said) != 1:
        raise RefusedError("RECEIPT", f"sheet {GUIDE} does not say once of which batch the receipt is")
    found.mends = said[0].removeprefix(BATCH).strip()
    raw.seek(0)
    yield from xlsx_file.read(job, raw, found)
