"""What the delivery before told of a row is told again without asking: the same verdicts as judging every row anew."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from expectations import rules, suites
from tests.unit.check.lake import Lake
from tests.unit.check.rows import BREAKS, DENIED, EXPECTATIONS, FINE, Broken, contract_of, landed
from tests.unit.check.sound import SOUND
from transforms import kinds, manifest, model, store
from transforms.check import verdict
from transforms.check.again import Before, delivery_before
from transforms.documents import check_character

HOUSEHOLD = "gongan_hukou"
COMING = "11010520261002002"  # a number of somebody born on the day after the first delivery
DAYS = ("2026-10-01", "2026-10-02", "2026-10-03", "2027-12-01")
AGEING = [
    {"公民身份号码": None, "出生日期": "19061001"},
    {"公民身份号码": None, "出生日期": "19061002"},
    {"公民身份号码": COMING + check_character(COMING), "出生日期": "20261001", "性别": "1"},
    {"公民身份号码": COMING + check_character(COMING), "出生日期": "20261002", "性别": "9"},
]
SOURCES = {
    HOUSEHOLD: [*AGEING, *(b for b in BREAKS if b.source == HOUSEHOLD), *(c for s, c in FINE if s == HOUSEHOLD)],
    "shebao_canbao": [
        *(b for b in BREAKS if b.source == "shebao_canbao"),
        {"出生年月日": "1906-10-01", "证件号码": None},
    ],
}


def rules_on(source, day):
    return rules.derive(contract_of(source), kinds.load_all(EXPECTATIONS), day, DENIED)


def rows_of(source, picked):
    """A landed table whose digests tell its values and nothing else, as land's do."""
    key = contract_of(source).key[0]
    rows = []
    for number, change in picked:
        own = {key: f"P{number}"}
        cells = dataclasses.replace(change, cells=own | change.cells) if isinstance(change, Broken) else own | change
        rows.append(cells)
    table = landed(source, rows)
    told = [repr(row) for row in table.select(contract_of(source).landed_headings).to_pylist()]
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in told]
    return table.set_column(5, "digest", pa.array(digests, pa.string()))


def left(folder: Path, table: pa.Table, found: verdict.Verdicts, *, whole: bool) -> Before:
    """The tables of a delivery as the rooms leave them."""
    for name in ("land", "check"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    store.write_table(folder / "land" / "rows.parquet", table)
    store.write_table(folder / "check" / "finding.parquet", found.finding)
    return Before(folder / "land", folder / "check", whole)


@pytest.mark.parametrize("source", list(SOURCES))
@given(data=st.data())
@settings(max_examples=20)
def test_verdicts_are_those_of_judging_every_row_anew(tmp_path_factory, source, data):
    row = st.tuples(st.integers(1, 3), st.sampled_from([{}, {}, *SOURCES[source]]))
    first, second = sorted((data.draw(st.sampled_from(DAYS)), data.draw(st.sampled_from(DAYS))))
    one = rows_of(source, data.draw(st.lists(row, min_size=1, max_size=8)))
    whole = data.draw(st.booleans())
    other = one if whole else rows_of(source, data.draw(st.lists(row, max_size=8)))
    marks = contract_of(source).arrives.null_marks
    found = verdict.judge(one, rules_on(source, first), marks)
    before = left(tmp_path_factory.getbasetemp() / f"before-{source}", one, found, whole=whole)
    derived = rules_on(source, second)
    asked, known = before.asked(other, derived)
    again, anew = verdict.judge(other, derived, marks, asked, known), verdict.judge(other, derived, marks)
    assert again.verdict.equals(anew.verdict)
    assert again.finding.equals(anew.finding)


@pytest.mark.parametrize("whole", [True, False])
def test_of_sound_rows_that_stood_before_only_the_birth_is_asked(tmp_path, whole):
    table = rows_of(HOUSEHOLD, [(1, {}), (2, {"户口状态": "休眠"}), (3, {})])
    derived = rules_on(HOUSEHOLD, DAYS[0])
    found = verdict.judge(table, derived, ())
    assert found.finding["ordinal"].to_pylist() == [2]
    before = left(tmp_path, table, found, whole=whole)
    first, second = before.asked(table, derived)[0]
    assert [first.rows.tolist(), second.rows.tolist()] == ([[], [0, 1, 2]] if whole else [[1], [0, 2]])
    assert {rule.check for rule in derived if second.of(rule)} == {"birth"}


def test_a_day_has_a_part_only_in_rules_that_read_births_and_numbers():
    dated = {rule.check for source in SOUND for rule in rules_on(source, DAYS[0]) if "as_of" in rule.options}
    assert dated == {"birth", "document", "birth_of_number", "sex_of_number"}


def written(lake, batch):
    return {path.name: store.file_sha256(path) for path in sorted(lake.folder(batch).iterdir()) if path.name[0] != "m"}


def deliver(lake, table, day):
    """Land a table as bytes of their own."""
    sha256 = hashlib.sha256("".join(table["digest"].to_pylist()).encode()).hexdigest()
    batch = model.Batch(HOUSEHOLD, day, 0, sha256).id
    with store.output(store.batch_dir(lake.run().settings, "land", batch)) as fresh:
        store.write_table(
            fresh / "rows.parquet", table.set_column(0, "batch", pa.array([batch] * table.num_rows, pa.string()))
        )
        facts = {"first_night": day, "file": "x.csv", "bytes": 1, "rows": table.num_rows, "hold": None}
        manifest.write(fresh, "land", {"raw": sha256}, facts)
    return batch


@pytest.mark.parametrize("day", ["2026-10-02", "2026-10-03"])
def test_bytes_that_come_again_have_the_verdicts_of_that_day_and_a_suite_of_their_own(lake: Lake, monkeypatch, day):
    monkeypatch.setattr(store, "PIECE", 3)
    sound = [(number, {}) for number in range(5, 12)]
    table = rows_of(HOUSEHOLD, [(1, BREAKS[0]), (2, {"户口状态": "休眠"}), (3, AGEING[1]), (4, AGEING[3]), *sound])
    first = table if day == "2026-10-03" else table.filter(pa.array([True, True, True, False] + [True] * len(sound)))
    ran = []
    validate = suites.validate
    monkeypatch.setattr(suites, "validate", lambda *told: ran.append(1) or validate(*told))
    deliver(lake, first, "2026-10-01")
    lake.check(HOUSEHOLD)
    second = deliver(lake, first, day)
    inputs = manifest.Manifest.read(lake.folder(_only(lake))).inputs
    assert delivery_before(lake.run(day), second, inputs).whole
    lake.check(HOUSEHOLD, night=day)
    assert len(ran) == 2, "Great Expectations looks at every delivery, whatever was found before"
    assert lake.suite(second)["differing"] == []
    told = written(lake, second)
    assert {"verdict.parquet", "finding.parquet", "suite.json"} == set(told)
    other = Lake(lake.home.with_name("anew"))
    deliver(other, first, day)
    other.check(HOUSEHOLD, night=day)
    assert written(other, second) == told


def test_columns_are_counted_again_where_rows_came_or_went(lake: Lake):
    rows = [(number, {}) for number in range(5, 12)]
    told = []
    for day, some in (("2026-10-01", rows), ("2026-10-02", rows), ("2026-10-03", rows[:-2])):
        batch = deliver(lake, rows_of(HOUSEHOLD, some), day)
        lake.check(HOUSEHOLD, night=day)
        told.append({(column["rows"], column["distinct"]) for column in lake.suite(batch)["columns"]})
    assert told[0] == told[1]
    assert {rows for rows, _ in told[0]} == {7}
    assert {rows for rows, _ in told[2]} == {5}


def _only(lake):
    (folder,) = (lake.run().settings.lake / "check" / HOUSEHOLD).iterdir()
    return folder.name


def test_pieces_are_judged_as_the_whole(lake: Lake, monkeypatch):
    every = [(n, change) for n, change in enumerate([{}, *SOURCES[HOUSEHOLD], *[{}] * 60])]
    batch = deliver(lake, rows_of(HOUSEHOLD, every), "2026-10-01")
    lake.check(HOUSEHOLD)
    whole = {name: store.read_table(lake.folder(batch) / f"{name}.parquet") for name in ("verdict", "finding")}
    suite, facts = lake.suite(batch), lake.facts(batch)
    assert facts["hold"] is None
    (lake.folder(batch) / "manifest.json").unlink()
    monkeypatch.setattr(store, "PIECE", 7)
    lake.check(HOUSEHOLD)
    assert {n: store.read_table(lake.folder(batch) / f"{n}.parquet") for n in whole} == whole
    assert (lake.suite(batch), lake.facts(batch)) == (suite, facts)
