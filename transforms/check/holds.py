"""What a whole file can be wrong about although its rows are judged one by one (faults.md F6, F7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from expectations.rules import FAULT, UNREADABLE, Rule
from expectations.suites import ColumnSummary
from transforms.check.verdict import Verdicts
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


def judge(contract: Contract, rules: Sequence[Rule], found: Verdicts, columns: Sequence[ColumnSummary]) -> Hold | None:
    """The first reason to hold a file back, or None.

    A required column that is empty in every row that could be split comes first, then a column of which more than 3 %
    (and at least ten rows; any, where the contract says stop) is in no code map, then one of which more than half (and
    at least ten rows) cannot be read as its type, then more than half of the rows in quarantine.
    """
    rows = found.verdict.num_rows
    return (
        _empty_column(rules, found, rows)
        or _unknown_codes(found, columns, at_once=contract.on_new_code == "stop")
        or (_unreadable(found, columns) if contract.on_type_change == "stop" else None)
        or _quarantined(found, rows)
    )


def _count(found: Verdicts, rule: str, field: str | None) -> int:
    of_rule = pc.equal(found.finding["rule"], rule)
    return int(pc.sum(pc.and_(of_rule, pc.equal(found.finding["field"], field))).as_py() or 0)


def _empty_column(rules: Sequence[Rule], found: Verdicts, rows: int) -> Hold | None:
    split = rows - int(pc.sum(pc.starts_with(found.finding["rule"], f"{FAULT}_")).as_py() or 0)
    for rule in rules:
        if split and rule.check == "filled" and _count(found, rule.id, rule.heading) == split:
            return Hold(DISTRIBUTION, rule.heading)
    return None


def _unknown_codes(found: Verdicts, columns: Sequence[ColumnSummary], *, at_once: bool) -> Hold | None:
    for column in columns:
        unknown, told = _count(found, "CODE_UNKNOWN", column.heading), column.rows - column.nulls
        many = unknown >= UNKNOWN_ROWS and unknown * 100 > told * UNKNOWN_PERCENT
        if many or (at_once and unknown):
            return Hold(UNKNOWN_CODES, column.heading)
    return None


def _unreadable(found: Verdicts, columns: Sequence[ColumnSummary]) -> Hold | None:
    """A column that is not what it was: other dates, words where numbers were, numbers where texts were."""
    of_type = found.finding.filter(pc.is_in(found.finding["rule"], pa.array(UNREADABLE, pa.string())))
    counted = of_type.group_by("field").aggregate([("ordinal", "count_distinct")])
    rows = dict(zip(counted["field"].to_pylist(), counted["ordinal_count_distinct"].to_pylist(), strict=True))
    for column in columns:
        unread, told = rows.get(column.heading, 0), column.rows - column.nulls
        if unread >= UNKNOWN_ROWS and unread * 100 > told * UNREADABLE_PERCENT:
            return Hold(TYPE_CHANGED, column.heading)
    return None


def _quarantined(found: Verdicts, rows: int) -> Hold | None:
    accepted = int(pc.sum(found.verdict["accepted"]).as_py() or 0)
    return Hold(QUARANTINE_SHARE) if (rows - accepted) * 100 > rows * QUARANTINE_PERCENT else None
