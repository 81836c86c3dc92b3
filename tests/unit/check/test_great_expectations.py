"""Great Expectations and the verdict pass count the same on the same rows, and no value leaves either."""

from __future__ import annotations

import gc
import hashlib
import json
import weakref

import pandas as pd
import pyarrow as pa
import pytest

from expectations import quick, suites
from tests.unit.check.rows import BREAKS, contract_of, landed, rules_of
from tests.unit.check.sound import SOUND
from transforms.check import verdict
from transforms.check.batch import Sample


def counted_as(rule: str, heading: str | None) -> tuple[str, str | None]:
    return rule, None if rule in suites.TOGETHER else heading


def both_counts(source: str, rows: list) -> tuple[dict, dict]:
    table = landed(source, rows)
    outcomes = suites.validate(table, contract_of(source), rules_of(source))
    found = verdict.judge(table, rules_of(source), contract_of(source).arrives.null_marks)
    theirs = {(o.rule, o.heading): o.unexpected for o in outcomes if o.unexpected}
    assert {(o.rule, o.heading) for o in outcomes} == {counted_as(r.id, r.heading) for r in rules_of(source)}
    assert all(o.success == (o.unexpected == 0) for o in outcomes)
    return theirs, verdict.counts(found.finding, suites.TOGETHER)


@pytest.mark.parametrize("source", sorted(SOUND))
def test_counts_agree_on_rows_with_every_rule_broken_and_kept(source: str) -> None:
    broken = [b for b in BREAKS if b.source == source]
    assert broken
    rows = [{}, *[b for position, b in enumerate(broken) for _ in range(1 + position % 3)], {}]
    theirs, ours = both_counts(source, rows)
    assert theirs == ours
    assert {counted_as(b.rule, b.heading) for b in broken if not b.fault} <= set(ours)


def test_counts_agree_where_nothing_is_wrong_or_nothing_is_there() -> None:
    assert both_counts("shebao_canbao", [{}, {}]) == ({}, {})
    assert both_counts("shebao_canbao", []) == ({}, {})


def test_a_large_batch_is_sampled_by_content_in_any_order() -> None:
    table = landed("shuiwu_nashui", [{"登记序号": f"T{n}"} for n in range(40)])
    chosen = suites.sample(table, most=10)
    backwards = suites.sample(table.take(list(range(39, -1, -1))), most=10)
    assert chosen.num_rows == 10
    assert chosen.equals(backwards)
    assert chosen["ordinal"].to_pylist() != list(range(1, 11))
    assert suites.sample(table, most=40).num_rows == 40


@pytest.mark.parametrize("size", [7, 40, 400])
def test_a_sample_gathered_piece_by_piece_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(suites, "MOST_ROWS", 51)
    table = landed("shuiwu_nashui", [{"登记序号": f"T{n % 300}"} for n in range(400)])
    twice = [hashlib.sha256(str(n // 2).encode()).hexdigest() for n in range(400)]  # each of two rows
    table = table.set_column(table.schema.get_field_index("digest"), "digest", pa.array(twice, pa.string()))
    gathered = Sample()
    for start in range(0, 400, size):
        gathered.add(table.slice(start, size))
        assert sum(map(len, gathered._rows)) <= 63, "what cannot be among them any more is dropped"
    assert gathered.rows.equals(suites.sample(table, 51))


def test_whole_columns_are_summed_up_over_all_rows() -> None:
    table = landed("shuiwu_nashui", [{"登记序号": f"T{n}", "行业": None if n < 3 else "零售业"} for n in range(9)])
    of = {s.heading: s for s in suites.summaries(table, contract_of("shuiwu_nashui"))}
    assert (of["登记序号"].rows, of["登记序号"].nulls, of["登记序号"].distinct) == (9, 0, 9)
    assert (of["行业"].nulls, of["行业"].distinct, of["行业"].longest) == (3, 1, 3)


def test_outcomes_hold_no_value_of_a_row(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    marked = "哨兵张三丰"
    rows = [{"姓名": marked, "与户主关系": marked, "联系电话": marked, "公民身份号码": marked, "出生日期": marked}] * 3
    table = landed("gongan_hukou", rows)
    outcomes = suites.validate(table, contract_of("gongan_hukou"), rules_of("gongan_hukou"))
    assert any(o.unexpected == 3 for o in outcomes)
    told = json.dumps(suites.as_json(outcomes), ensure_ascii=False) + caplog.text + "".join(capfd.readouterr())
    assert marked not in told


def test_an_expectation_configured_once_is_what_it_is_and_follows_its_fields() -> None:
    made = quick.great_expectations().expectations.ExpectColumnValuesToMatchRegex
    expectation = made(column="a", regex="x")
    plain = expectation.configuration
    assert expectation.configuration is not plain, "the library makes it anew each time"
    with quick.configured_once():
        once = expectation.configuration
        assert once == plain
        assert expectation.configuration is once
        expectation.regex = "y"
        assert expectation.configuration.kwargs["regex"] == "y"
        other = made(column="b", regex="x")
        assert other.configuration.kwargs["column"] == "b"
    assert expectation.configuration is not expectation.configuration


def test_a_configuration_makes_its_expectation_once_and_follows_its_arguments() -> None:
    made = quick.great_expectations().expectations.ExpectColumnValuesToMatchRegex(column="a", regex="x").configuration
    assert made.to_domain_obj() is not made.to_domain_obj(), "the library makes it anew each time"
    with quick.configured_once():
        once = made.to_domain_obj()
        assert (once.column, once.regex) == ("a", "x")
        assert made.to_domain_obj() is once
        made.kwargs["regex"] = "y"
        assert made.to_domain_obj().regex == "y"
    assert made.to_domain_obj() is not made.to_domain_obj()


def test_two_suites_of_one_process_know_nothing_of_each_other() -> None:
    found = []
    for names in (["甲", None], [None, None], ["甲", "乙"]):
        table = landed("shuiwu_nashui", [{"登记序号": f"T{n}", "纳税人名称": name} for n, name in enumerate(names)])
        outcomes = suites.validate(table, contract_of("shuiwu_nashui"), rules_of("shuiwu_nashui"))
        found.append({(o.rule, o.heading): o.unexpected for o in outcomes}["REQUIRED", "纳税人名称"])
    assert found == [1, 2, 0]


@pytest.mark.parametrize(
    "arguments",
    [
        {"column": "姓名", "row": None},
        {"column_list": ["a", "b"], "options": "{}"},
        {"most": 3, "column": "a"},
        {"a": "b"},
    ],
)
def test_a_metric_keeps_its_id_while_its_arguments_are_told_plainly(arguments: dict[str, object]) -> None:
    quick.great_expectations()
    from great_expectations.core.id_dict import IDDict

    own = IDDict(arguments).to_id()
    with quick.batch(pd.DataFrame({"a": [1]})):
        assert IDDict(arguments).to_id() == own


def test_nothing_of_a_frame_is_left_when_its_suite_ends() -> None:
    gx = quick.great_expectations()
    frame = pd.DataFrame({"a": ["甲", None]})
    kept = weakref.ref(frame)
    with quick.batch(frame) as batch:
        assert not batch.validate(gx.expectations.ExpectColumnValuesToNotBeNull(column="a")).success
    del batch, frame
    gc.collect()
    assert kept() is None
