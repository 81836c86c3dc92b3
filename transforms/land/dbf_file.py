"""A dBase table by itself, as old registers still export it: the attributes of a Shapefile without its shapes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError
from transforms.land.dbf import Table
from transforms.land.headings import judge
from transforms.land.job import Chunk, Found, Gathered, Job, differing

_ROWS = 50_000
_END = b"\x1a"


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the table; ``line`` is the record's number, from 1; records marked deleted are none.

    Raises:
        RefusedError: what :mod:`dbf` refuses, or fields that break the contract.
    """
    table = Table.of(raw.read(), (job.encoding or "").removesuffix("-sig"))
    headings = judge(job, [field.name for field in table.fields], found)
    fields = {heading: table.fields[headings.index(heading)] for heading in job.landed}
    gathered = Gathered(len(job.landed))
    for number, record in table.rows():
        if record is None:
            found.leave("deleted", number)
            continue
        told = tuple(table.text(field, record, number) for field in fields.values())
        numbers = zip(fields.items(), told, strict=True)
        numeric = "|".join(heading for (heading, field), text in numbers if field.numeric and text) or None
        gathered.add(number, told, numeric)
        if len(gathered.lines) >= _ROWS:
            yield gathered.chunk()
            gathered = Gathered(len(job.landed))
    yield gathered.chunk()


def count(_job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: what is left of the file behind its head, in records of the width that the head tells.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ, ``TRUNCATED``.
    """
    data = raw.read()
    first, width = int.from_bytes(data[8:10], "little"), int.from_bytes(data[10:12], "little")
    if not width or len(data) < first:
        raise RefusedError("TRUNCATED", "the table ends inside its head")
    length = len(data[first:].rstrip(b"\0").removesuffix(_END))  # the last record may itself be padded so
    records = -(-length // width)
    if records != found.rows + found.left:
        raise differing(found.rows + found.left, records, "records")
