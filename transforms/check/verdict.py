"""The verdict pass: every rule on every row, once per distinct value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import kernels
from expectations.rules import FAULT, Rule
from transforms import model
from transforms.check.columns import Columns, Positions, Readings


@dataclass(frozen=True)
class Verdicts:
    """What the pass found, as :data:`model.VERDICT` and :data:`model.FINDING` tables sorted by ordinal."""

    verdict: pa.Table
    finding: pa.Table


@dataclass(frozen=True)
class _Found:
    """Rows (positions in the batch) that break one rule."""

    rule: str
    heading: str | None
    effect: str
    rows: Positions


def judge(landed: pa.Table, rules: Sequence[Rule], null_marks: Sequence[str]) -> Verdicts:
    """Hold every row of a batch against its source's rules.

    Args:
        landed: :data:`model.LANDED` plus one text column per landed heading.
        rules: in order of weight; the first quarantine rule a row breaks names it in the verdict.
        null_marks: the contract's words for nothing.

    A row that land could not split breaks ``FAULT_<code>`` and nothing else: it has no values to judge.
    """
    if (np.diff(landed["ordinal"].to_numpy()) < 0).any():
        landed = landed.sort_by("ordinal")
    split = pc.is_null(landed["fault"])
    rows = np.flatnonzero(split.to_numpy())
    found = _faults(landed)
    found += _broken(landed.filter(split) if len(rows) < landed.num_rows else landed, rows, rules, null_marks)
    return Verdicts(_verdict(landed, found), _finding(landed, found))


def _faults(landed: pa.Table) -> list[_Found]:
    fault = landed["fault"].combine_chunks()
    codes = sorted(code for code in pc.unique(fault).to_pylist() if code is not None)
    rows = {code: pc.equal(fault, code).fill_null(False).to_numpy(zero_copy_only=False) for code in codes}
    return [_Found(f"{FAULT}_{code}", None, "quarantine", np.flatnonzero(rows[code])) for code in codes]


def _broken(split: pa.Table, rows: Positions, rules: Sequence[Rule], null_marks: Sequence[str]) -> list[_Found]:
    readings = Readings(Columns(split, null_marks))
    answers: dict[object, tuple[kernels.Reasons, Positions | None]] = {}
    found = []
    for rule in rules:
        if rule.id == FAULT:
            continue
        if rule.judgement not in answers:
            answers[rule.judgement] = readings.answer(rule)
        reasons, codes = answers[rule.judgement]
        bad = np.asarray(reasons == rule.id, dtype=bool)
        if bad.any():
            found.append(_Found(rule.id, rule.heading, rule.effect, rows[bad if codes is None else bad[codes]]))
    return found


def _verdict(landed: pa.Table, found: Sequence[_Found]) -> pa.Table:
    first = np.full(landed.num_rows, -1, dtype=np.int32)
    for position in range(len(found) - 1, -1, -1):
        if found[position].effect == "quarantine":
            first[found[position].rows] = position
    blamed = pa.array(first, mask=first < 0)
    rules = pa.array([f.rule for f in found], model.TEXT)
    fields = pa.array([f.heading for f in found], model.TEXT)
    columns = [landed["batch"], landed["ordinal"], pa.array(first < 0), rules.take(blamed), fields.take(blamed)]
    return pa.table(columns, schema=model.VERDICT)


def _finding(landed: pa.Table, found: Sequence[_Found]) -> pa.Table:
    rows = np.concatenate([f.rows for f in found]) if found else np.zeros(0, dtype=np.int64)
    which = np.repeat(np.arange(len(found)), [len(f.rows) for f in found]) if found else np.zeros(0, dtype=np.int64)
    order = np.lexsort((which, rows))  # rows lie by ordinal; within a row the rules' own order
    rows, which = rows[order], pa.array(which[order], model.LONG)
    of_row = landed.select(["batch", "ordinal", "line"]).take(pa.array(rows))
    words = {
        "field": pa.array([f.heading for f in found], model.TEXT).take(which),
        "rule": pa.array([f.rule for f in found], model.TEXT).take(which),
        "effect": pa.array([f.effect for f in found], model.TEXT).take(which),
    }
    table = pa.table({"batch": of_row["batch"], "ordinal": of_row["ordinal"], "line": of_row["line"], **words})
    return table.select(model.FINDING.names).cast(model.FINDING)


def counts(finding: pa.Table, together: Sequence[str] = ()) -> dict[tuple[str, str | None], int]:
    """(rule, heading) → findings; all faults of lines count as one rule, as in the suite.

    The rules of ``together`` count as (rule, None): the rows that break them under any heading.
    """
    grouped = finding.group_by(["rule", "field"]).aggregate([("ordinal", "count")])
    found: dict[tuple[str, str | None], int] = {}
    for row in grouped.to_pylist():
        rule = FAULT if row["rule"].startswith(f"{FAULT}_") else row["rule"]
        if rule not in together:
            found[rule, row["field"]] = found.get((rule, row["field"]), 0) + row["ordinal_count"]
    for rule in together:
        if rows := pc.count_distinct(finding.filter(pc.equal(finding["rule"], rule))["ordinal"]).as_py():
            found[rule, None] = rows
    return found
