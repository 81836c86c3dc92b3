"""A column of which the bytes say that a rule finds nothing: judging every value finds nothing either."""

from __future__ import annotations

import dataclasses

import pandas as pd
import pyarrow as pa
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from expectations import kernels, readers
from tests.unit.check.rows import contract_of, rules_of
from transforms.check import quiet
from transforms.check.columns import Columns, Readings

SOURCE = "gongan_hukou"
RULES = [rule for rule in rules_of(SOURCE) if rule.check in ("control", "fits_bytes", "total", "filled", "length")]
SHORT = [dataclasses.replace(rule, options={"most": 12}) for rule in RULES if "most" in rule.options]
ODD = [
    "",
    " ",
    "-",
    "/",
    "无",
    "合计",
    "⼩计",
    "\t",
    "\x00",
    "\x7f",
    "\x85",
    "\x9b",
    "\ufffd",
    "·",
    "（",
    "\ufdfa" * 3,
    "é",
]
TEXT = st.none() | st.sampled_from([*ODD, "P1", "1520001", "兴云西路1号"]) | st.text(max_size=6)


def broken(rule, column, marks):
    """Whether the rule's own check finds anything in the column."""
    text = pd.Series(column.to_pylist(), dtype=object)
    text = text if rule.raw else readers.clean(text, marks)
    return any(reason is not None for reason in kernels.CHECKS[rule.check].judge(pd.DataFrame({0: text}), rule.options))


@given(cells=st.lists(TEXT, min_size=1, max_size=5), rule=st.sampled_from([*RULES, *SHORT]), chunks=st.booleans())
@settings(max_examples=150)
def test_quiet_columns_break_nothing(cells, rule, chunks):
    column = pa.chunked_array([[cell] for cell in cells] if chunks else [cells], pa.string())
    marks = contract_of(SOURCE).arrives.null_marks
    assume(quiet.quiet(rule, quiet.Look.at(column), column, marks))
    assert not broken(rule, column, marks)


def test_a_plain_column_is_quiet_and_one_bad_cell_ends_it():
    marks, found = ("-",), set()
    for rule in [*RULES, *SHORT]:
        plain = pa.chunked_array([["P1", "P2"], ["P3"]], pa.string())
        assert quiet.quiet(rule, quiet.Look.at(plain), plain, marks), rule
        for bad in ("\x9b", "-", None, "合计", "x" * 70_000):
            column = pa.chunked_array([["P1"], [bad]], pa.string())
            if not quiet.quiet(rule, quiet.Look.at(column), column, marks):
                found.add(rule.check)
    assert found == {rule.check for rule in RULES}


def test_usual_mobiles_are_not_looked_at_and_all_others_are():
    (rule, *_) = [rule for rule in rules_of(SOURCE) if rule.check == "phone"]
    cells = ["13900001111", None, "13800138000", "12900001111", " 13900001111", "13900001111", "/"]
    columns = Columns(pa.table({rule.columns[0]: pa.array(cells, pa.string())}), ("/",))
    reasons, codes = Readings(columns).answer(rule)
    assert [reasons[at] for at in codes] == [None, None, "PLACEHOLDER", "PHONE_INVALID", None, None, None]
    assert columns.phones(rule.columns[0])[1].tolist() == [2, 3, 4, 6]
