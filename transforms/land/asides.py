"""Rows of a sheet that are no records: remarks and lines of totals, as the contract says they look."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from transforms.land.job import Found, Job

COMMENT, FOOTER = "comment", "footer"
_BLANK = " \t\u3000\ufeff"


def aside(job: Job, cells: Iterable[object]) -> str | None:
    """What a row is if it is no record, told by its first filled cell."""
    for cell in cells:
        text = cell.strip(_BLANK) if isinstance(cell, str) else cell
        if text is not None and text != "":
            return _kind(job, text) if isinstance(text, str) else None
    return None


def _kind(job: Job, text: str) -> str | None:
    if job.comment_prefix and text.startswith(job.comment_prefix):
        return COMMENT
    return FOOTER if text.startswith(job.footer_marks) else None


def pattern(job: Job) -> re.Pattern[bytes] | None:
    """Finds, in UTF-8, line starts that such a row may have; null where the contract knows none."""
    marks = [*([job.comment_prefix] if job.comment_prefix else []), *job.footer_marks]
    if not marks:
        return None
    before = "|".join(re.escape(text) for text in (job.delimiter, '"', *_BLANK))
    wanted = "|".join(re.escape(mark) for mark in marks)
    return re.compile(f"^(?:{before})*(?:{wanted})".encode(), re.MULTILINE)


def told(found: Found) -> list[str]:
    """One note for people: how many rows are no records, and where the first stands."""
    return [_note(kind, lines) for kind, lines in sorted(found.asides.items())]


def _note(kind: str, lines: Sequence[int]) -> str:
    what = {COMMENT: "remarks", FOOTER: "totals or notes", "deleted": "deleted records"}[kind]
    return f"{len(lines)} rows are {what}, no records, first in line {min(lines)}"
