"""Great Expectations suites, built in memory from the rules of a source and run on its landed rows.

The same rules drive the verdict pass; a test holds the two counts equal, and every night's ``suite.json`` says whether
they were. Results carry counts only: no unexpected values, no value lists, no expectation that reports a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from expectations import kernels, quick, readers
from expectations.rules import FAULT, Option, Rule
from transforms.contract import Contract

TOGETHER = ("CONTROL_CHAR", "FIELD_TOO_LONG")  # rules of every heading alike: one expectation over all of them
MOST_ROWS = 200_000  # above this a hash-chosen sample of as many is checked (design.md section 4)
_RAW = "landed "  # prefix of a column's text as it came, beside the cleaned one
_COUNTS_ONLY = {
    "result_format": "BASIC", "partial_unexpected_count": 0, "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What Great Expectations counted for one rule: no values. ``heading`` is null for a rule of the whole row."""

    rule: str
    heading: str | None
    severity: str
    expectation: str
    evaluated: int
    unexpected: int
    success: bool


@dataclass(frozen=True)
class ColumnSummary:
    """Whole-column aggregates over all rows, whatever was sampled."""

    heading: str
    rows: int
    nulls: int
    distinct: int
    longest: int


def sample(landed: pa.Table, most: int = MOST_ROWS) -> pa.Table:
    """All rows, or the ``most`` whose content digests are smallest: the same rows in any order of the file."""
    if landed.num_rows <= most:
        return landed
    by_digest = [("digest", "ascending"), ("ordinal", "ascending")]
    order = pc.sort_indices(landed.select(["digest", "ordinal"]), sort_keys=by_digest)
    return landed.take(order[:most]).sort_by("ordinal")


def summaries(landed: pa.Table, contract: Contract) -> list[ColumnSummary]:
    """Rows, nulls, distinct values and the longest text of every landed heading."""
    found = []
    for heading in contract.landed_headings:
        column = landed[heading]
        longest = pc.max(pc.utf8_length(column)).as_py() or 0
        distinct = pc.count_distinct(column, mode="only_valid").as_py()
        found.append(ColumnSummary(heading, landed.num_rows, column.null_count, distinct, longest))
    return found


def validate(landed: pa.Table, contract: Contract, rules: Sequence[Rule]) -> list[Outcome]:
    """Run the suite of a source on landed rows.

    Args:
        landed: :data:`transforms.model.LANDED` plus one text column per landed heading.
        contract: for the null marks.
        rules: as derived; one expectation each, in their order (those of :data:`TOGETHER` one for all headings).

    Raises:
        RuntimeError: an expectation could not be evaluated; names rule and heading, never a value.
    """
    asked, rows = _asked(rules), frame(landed, contract, rules)
    parts = [(asked, rows)]
    if landed["fault"].null_count < landed.num_rows:  # of a record that could not be split only its fault is asked
        of_all = [rule for rule in asked if rule.id == FAULT]
        of_split = [rule for rule in asked if rule.id != FAULT]
        parts = [(of_all, rows), (of_split, rows[rows["fault"].isna()].reset_index(drop=True))]
    found: dict[tuple[str, str | None], Outcome] = {}
    for some, told in parts:
        results = _in_order(_run(contract.source, [_expectation(rule) for rule in some], told), len(some))
        found |= {(rule.id, rule.heading): _outcome(rule, each) for rule, each in zip(some, results, strict=True)}
    return [found[rule.id, rule.heading] for rule in asked]


def _asked(rules: Sequence[Rule]) -> list[Rule]:
    """The rules in order, those of :data:`TOGETHER` as one each over all their headings."""
    found: dict[object, Rule] = {}
    for rule in rules:
        key: object = (rule.id, rule.heading)
        if rule.id in TOGETHER:
            key, before = rule.id, found.get(rule.id)
            rule = replace(rule, heading=None, columns=(*(before.columns if before else ()), *rule.columns))  # noqa: PLW2901
        found[key] = rule
    return list(found.values())


def frame(landed: pa.Table, contract: Contract, rules: Sequence[Rule]) -> pd.DataFrame:
    """The batch as Great Expectations sees it: cleaned text per heading, landed text where a rule asks for it.

    Every column is categorical: what looks at text looks at each distinct one, and picking rows moves numbers.
    """
    columns = {name: _coded(landed[name], None) for name in ("fault", "numeric")}
    for rule in rules:
        for heading in rule.columns:
            wanted = _column(rule, heading)
            if wanted not in columns:
                columns[wanted] = _coded(landed[heading], None if rule.raw else contract.arrives.null_marks)
    return pd.DataFrame(columns)


def _coded(column: pa.ChunkedArray, null_marks: Sequence[str] | None) -> pd.Categorical:
    """A column as its distinct texts, cleaned where the contract's null marks are given."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    words = pd.Series(encoded.dictionary.to_pylist(), dtype=object)
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
    if null_marks is not None:
        of_word, words = pd.factorize(readers.clean(words, null_marks))
        codes = np.append(of_word, -1)[codes]
    return pd.Categorical.from_codes(codes, categories=pd.Index(words, dtype=object))


def as_json(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Plain values for ``suite.json``."""
    return [asdict(outcome) for outcome in outcomes]


def _column(rule: Rule, heading: str) -> str:
    return _RAW + heading if rule.raw else heading


def _expectation(rule: Rule) -> dict[str, Any]:
    kind, arguments = _native(rule) or _custom(rule)
    meta = {"rule": rule.id, "heading": rule.heading}
    return {"type": kind, "kwargs": arguments, "severity": rule.severity, "meta": meta}


def _native(rule: Rule) -> tuple[str, dict[str, Any]] | None:
    """Great Expectations' own expectation, where it has one that says the same."""
    made: dict[str, tuple[str, dict[str, Any]]] = {
        "fault": ("expect_column_values_to_be_null", {}),
        "filled": ("expect_column_values_to_not_be_null", {}),
        "total": ("expect_column_values_to_not_match_regex", {"regex": kernels.TOTAL}),
        "length": ("expect_column_value_lengths_to_be_between", {"max_value": rule.options.get("most")}),
    }
    if rule.check == "code":
        made["code"] = _native_code(rule.options)
    if rule.check not in made:
        return None
    kind, arguments = made[rule.check]
    return kind, arguments | {"column": _column(rule, rule.columns[0])}


def _native_code(options: Mapping[str, Option]) -> tuple[str, dict[str, Any]]:
    codes = options.get("codes")
    if isinstance(codes, dict):
        return "expect_column_values_to_be_in_set", {"value_set": readers.accepted_words(codes)}
    return "expect_column_values_to_match_regex", {"regex": rf"^(?:{options['pattern']})\Z"}


def _custom(rule: Rule) -> tuple[str, dict[str, Any]]:
    quick.great_expectations()
    from expectations import custom  # noqa: PLC0415 - imports Great Expectations, which takes a while

    alone, beside = custom.OF_CHECK.get(rule.check, custom.DEFAULT)
    columns = [_column(rule, heading) for heading in rule.columns]
    options = json.dumps(dict(rule.options), ensure_ascii=False, sort_keys=True)
    arguments: dict[str, Any] = {"check": rule.check, "rule": rule.id, "options": options}
    if rule.id in TOGETHER and len(columns) > 1:
        return custom.EACH, arguments | {"column_list": columns, "ignore_row_if": "never"}
    if len(columns) == 1:
        return alone or custom.DEFAULT[0], arguments | {"column": columns[0]}
    return beside or custom.DEFAULT[1], arguments | {"column_list": columns, "ignore_row_if": "never"}


def _run(name: str, suite: list[dict[str, Any]], rows: pd.DataFrame) -> list[Any]:
    """Validate, and leave nothing for the next run."""
    gx = quick.great_expectations()
    from expectations import custom  # noqa: PLC0415 - imports Great Expectations, which takes a while

    numbered = [item | {"meta": item["meta"] | {"position": position}} for position, item in enumerate(suite)]
    try:
        with quick.batch(rows) as batch:
            made = gx.ExpectationSuite(name=name, expectations=numbered)
            return list(batch.validate(made, result_format=_COUNTS_ONLY).results)
    finally:
        custom.forget()


def _in_order(results: list[Any], count: int) -> list[Any]:
    ordered = sorted(results, key=lambda result: int(result.expectation_config.meta["position"]))
    if len(ordered) != count:
        raise RuntimeError(f"Great Expectations answered {len(ordered)} of {count} expectations")
    return ordered


def _outcome(rule: Rule, result: Any) -> Outcome:  # noqa: ANN401 - a result of Great Expectations
    told = result.result
    if "unexpected_count" not in told:
        raise RuntimeError(f"Great Expectations could not evaluate {rule.id} on {rule.heading}")
    kind = result.expectation_config.type
    evaluated, unexpected = int(told["element_count"]), int(told["unexpected_count"])
    return Outcome(rule.id, rule.heading, rule.severity, kind, evaluated, unexpected, unexpected == 0)
