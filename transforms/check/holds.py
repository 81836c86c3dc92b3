"""What a whole file can be wrong about although its rows are judged one by one (faults.md F6, F7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from expectations.rules import FAULT, UNREADABLE, Rule
from expectations.suites import ColumnSummary
from transforms.contract import Contract

UNKNOWN_CODES, DISTRIBUTION, QUARANTINE_SHARE = "UNKNOWN_CODES", "DISTRIBUTION", "QUARANTINE_SHARE"
TYPE_CHANGED = "TYPE_CHANGED"
UNREADABLE_PERCENT = 50  # most of a column: it is another column now, not a clerk's slips
UNKNOWN_PERCENT = 3  # faults.md F6
UNKNOWN_ROWS = 10  # one odd word in a file of thirty rows is that row's fault, not the file's
QUARANTINE_PERCENT = 50


@dataclass(frozen=True)
class Hold:
    """Why a delivery waits for a named person; ``field`` is the heading it is about, if one."""

    code: str
    field: str | None = None


@dataclass(frozen=True)
class Counts:
    """What was found in a file: rows, rows accepted, and how often (rule, heading) was found."""

    rows: int
    accepted: int
    found: Mapping[tuple[str, str | None], int]


def judge(contract: Contract, rules: Sequence[Rule], told: Counts, columns: Sequence[ColumnSummary]) -> Hold | None:
    """The first reason to hold a file back, or None.

    A required column that is empty in every row that could be split comes first, then a column of which more than 3 %
    (and at least ten rows; any, where the contract says stop) is in no code map, then one of which more than half (and
    at least ten rows) cannot be read as its type, then more than half of the rows in quarantine.
    """
    return (
        _empty_column(rules, told)
        or _unknown_codes(told, columns, at_once=contract.on_new_code == "stop")
        or (_unreadable(told, columns) if contract.on_type_change == "stop" else None)
        or _quarantined(told)
    )


def _empty_column(rules: Sequence[Rule], told: Counts) -> Hold | None:
    split = told.rows - sum(n for (rule, _), n in told.found.items() if rule.startswith(f"{FAULT}_"))
    for rule in rules:
        if split and rule.check == "filled" and told.found.get((rule.id, rule.heading), 0) == split:
            return Hold(DISTRIBUTION, rule.heading)
    return None


def _unknown_codes(told: Counts, columns: Sequence[ColumnSummary], *, at_once: bool) -> Hold | None:
    for column in columns:
        unknown, said = told.found.get(("CODE_UNKNOWN", column.heading), 0), column.rows - column.nulls
        many = unknown >= UNKNOWN_ROWS and unknown * 100 > said * UNKNOWN_PERCENT
        if many or (at_once and unknown):
            return Hold(UNKNOWN_CODES, column.heading)
    return None


def _unreadable(told: Counts, columns: Sequence[ColumnSummary]) -> Hold | None:
    """A column that is not what it was: other dates, words where numbers were, numbers where texts were."""
    for column in columns:
        unread = max(told.found.get((rule, column.heading), 0) for rule in UNREADABLE)  # a cell may break two
        if unread >= UNKNOWN_ROWS and unread * 100 > (column.rows - column.nulls) * UNREADABLE_PERCENT:
            return Hold(TYPE_CHANGED, column.heading)
    return None


def _quarantined(told: Counts) -> Hold | None:
    return Hold(QUARANTINE_SHARE) if (told.rows - told.accepted) * 100 > told.rows * QUARANTINE_PERCENT else None
