"""The verdict pass: every rule on every row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.rules import FAULT, Rule
from transforms import model
from transforms.cells import Positions
from transforms.check.answers import Answers


@dataclass(frozen=True)
class Verdicts:
    """What the pass found, as :data:`model.VERDICT` and :data:`model.FINDING` tables sorted by ordinal.

    ``freed`` are findings that a person answered: they stand in neither of the others.
    """

    verdict: pa.Table
    finding: pa.Table
    freed: pa.Table = field(default_factory=model.FINDING.empty_table)


@dataclass(frozen=True)
class Found:
    """Rows (positions among those looked at, ascending) that break one rule."""

    rule: str
    heading: str | None
    effect: str
    rows: Positions


@dataclass(frozen=True)
class Asked:
    """Rows (positions, ascending) that are held against some of the rules."""

    rows: Positions
    of: Callable[[Rule], bool] = lambda _rule: True


def judge(
    landed: pa.Table,
    rules: Sequence[Rule],
    null_marks: Sequence[str],
    asked: Sequence[Asked] | None = None,
    known: Iterable[Found] = (),
) -> Verdicts:
    """Hold every row of a batch against its source's rules.

    Args:
        landed: :data:`model.LANDED` plus one text column per landed heading that a rule asked for reads.
        rules: in order of weight; the first quarantine rule a row breaks names it in the verdict.
        null_marks: the contract's words for nothing.
        asked: which rows are held against which rules, no row against a rule twice; without it all against all.
        known: what is known to be broken without asking.

    A row that land could not split breaks ``FAULT_<code>`` and nothing else: it has no values to judge.
    """
    if (np.diff(landed["ordinal"].to_numpy()) < 0).any():
        landed = landed.sort_by("ordinal")
    split = pc.is_null(landed["fault"]).to_numpy()
    parts = [Asked(np.flatnonzero(split))] if asked is None else [Asked(p.rows[split[p.rows]], p.of) for p in asked]
    broken = [*known, *(one for part in parts if len(part.rows) for one in _broken(landed, part, rules, null_marks))]
    found = [*_faults(landed), *_in_order(broken, rules)]
    return Verdicts(_verdict(landed, found), _finding(landed, found))


def _faults(landed: pa.Table) -> list[Found]:
    fault = landed["fault"].combine_chunks()
    codes = sorted(code for code in pc.unique(fault).to_pylist() if code is not None)
    rows = {code: pc.equal(fault, code).fill_null(False).to_numpy(zero_copy_only=False) for code in codes}
    return [Found(f"{FAULT}_{code}", None, "quarantine", np.flatnonzero(rows[code])) for code in codes]


def _in_order(found: Sequence[Found], rules: Sequence[Rule]) -> list[Found]:
    """What was found by the rules' weight, one for each."""
    told: dict[tuple[str, str | None], list[Found]] = {}
    for one in found:
        told.setdefault((one.rule, one.heading), []).append(one)
    every = ((rule, told.get((rule.id, rule.heading), [])) for rule in rules)
    return [
        mine[0] if len(mine) == 1 else Found(r.id, r.heading, r.effect, np.sort(np.concatenate([m.rows for m in mine])))
        for r, mine in every
        if mine
    ]


def _broken(landed: pa.Table, asked: Asked, rules: Sequence[Rule], null_marks: Sequence[str]) -> list[Found]:
    mine = [rule for rule in rules if rule.id != FAULT and asked.of(rule)]
    here = landed.select(list(dict.fromkeys(heading for rule in mine for heading in rule.columns)))
    few = 2 * len(asked.rows) < len(here)  # else judging the others too is cheaper than laying these out by themselves
    answers = Answers(here.take(pa.array(asked.rows)) if few else here, null_marks)
    wanted = np.zeros(len(here), dtype=bool)
    wanted[asked.rows] = True
    found = []
    for rule in mine:
        rows = answers.rows(rule)
        rows = asked.rows[rows] if few else rows[wanted[rows]]
        if len(rows):
            found.append(Found(rule.id, rule.heading, rule.effect, rows))
    return found


def _verdict(landed: pa.Table, found: Sequence[Found]) -> pa.Table:
    first = np.full(landed.num_rows, -1, dtype=np.int32)
    for position in range(len(found) - 1, -1, -1):
        if found[position].effect == "quarantine":
            first[found[position].rows] = position
    blamed = pa.array(first, mask=first < 0)
    rules = pa.array([f.rule for f in found], model.TEXT)
    fields = pa.array([f.heading for f in found], model.TEXT)
    columns = [landed["batch"], landed["ordinal"], pa.array(first < 0), rules.take(blamed), fields.take(blamed)]
    return pa.table(columns, schema=model.VERDICT)


def _finding(landed: pa.Table, found: Sequence[Found]) -> pa.Table:
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
