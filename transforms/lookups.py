"""Reviewed words (``expectations/lookups/<name>.csv``) and the days on which they hold.

Any of them but ``rules`` may have the columns ``valid_from`` and ``valid_to`` (ISO days, both inclusive; empty: without
end). Words of one department hold by the day of its delivery (:mod:`transforms.code_words`); what all sources are read
by holds by the night, for values that are compared must have been read by the same words.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path

from transforms.run import REPOSITORY

FROM, TO = "valid_from", "valid_to"
_FIRST, _LAST = "0001-01-01", "9999-12-31"


def rows(expectations: Path, name: str, day: str | None = None) -> list[dict[str, str]]:
    """The rows of a lookup that hold on a day (null: all): the deployment's own file, else that of the repository."""
    own = expectations / "lookups" / f"{name}.csv"
    path = own if own.is_file() else REPOSITORY / "expectations" / "lookups" / f"{name}.csv"
    return [row for row in _read(path) if day is None or days(row)[0] <= day <= days(row)[1]]


def days(row: Mapping[str, str]) -> tuple[str, str]:
    """The first and the last day on which a row holds."""
    return row.get(FROM) or _FIRST, row.get(TO) or _LAST


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def problems(folder: Path) -> Iterator[str]:
    """Days of lookups that are none, or that end before they begin: sentences that name file and line."""
    for path in sorted(folder.glob("*.csv")):
        for line, row in enumerate(_read(path), 2):
            first, last = days(row)
            if not (_is_day(first) and _is_day(last)):
                yield f"{path.name}: line {line}: {FROM} or {TO} is no day of the form 2026-01-31"
            elif first > last:
                yield f"{path.name}: line {line}: {TO} lies before {FROM}"


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
