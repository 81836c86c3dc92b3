"""Who is one household with whom: every resident once, whoever knows of one."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms.account.members import Members, counted
from transforms.engine import Engine
from transforms.run import REPOSITORY, Settings

STEPS = REPOSITORY / "transforms" / "account" / "members.sql"
Rows = list[tuple[object, ...]]
# Of six residents: two families of two, one from elsewhere, one whom no department knows.
RESIDENTS: Rows = [("A", "H1", ""), ("B", "H1", ""), ("C", "H2", "migrant"), ("D", "H2", "migrant"), ("E", "H1", ""),
                   ("F", "H3", "")]  # fmt: skip
TRUTH: Rows = [("s", "a" * 64, line, entity) for line, entity in enumerate("ABCDE", 2)]
RECORDS: Rows = [("s", f"s-20261001-0-{'a' * 64}", line, "person", "merged", f"p{line}") for line in range(2, 7)]
HOUSED: Rows = [("p2", "h1"), ("p3", "h1"), ("p6", "h9")]


def table(columns: str, rows: Rows) -> pa.Table:
    names = columns.split()
    schema = pa.schema([(name, pa.int64() if name == "line" else pa.string()) for name in names])
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)


def found(folder: Path, truth: Rows = TRUTH, records: Rows = RECORDS, housed: Rows = HOUSED) -> Members:
    tables = {
        "truth": table("source file_sha256 line entity", truth),
        "resident": table("entity household cases", RESIDENTS),
        "record": table("source batch line kind state entity_id", records),
        "person_household": table("person_id household_id", housed),
    }
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(folder), "GRIDFACTS_THREADS": "1"})) as engine:
        return counted(engine.run(STEPS, tables))


def test_one_without_a_household_is_one_of_his_own(tmp_path: Path) -> None:
    told = found(tmp_path)
    assert (told.resolved.records, told.without) == (6, 3)
    assert (told.resolved.precision, told.resolved.recall) == (
        1,
        pytest.approx(1 / 4),
    )  # A with B; C with D, E with both
    assert told.resolved.b3_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 2 + 1 / 2 + 1 / 3 + 1) / 6)
    assert told.subgroups["migrant"].b3_recall == pytest.approx(1 / 2)
    assert told.subgroups["in a household"].records == 3
    assert set(told.subgroups) == {"in a household", "migrant"}


def test_strangers_in_one_household_cost_precision(tmp_path: Path) -> None:
    told = found(tmp_path, housed=[*HOUSED, ("p4", "h1"), ("p5", "h2")])
    assert told.resolved.precision == pytest.approx(1 / 3)
    assert (told.resolved.over_merged, told.without) == (1, 1)


def test_a_resident_stands_where_most_of_its_records_do(tmp_path: Path) -> None:
    more: Rows = [("s", f"s-20261001-0-{'b' * 64}", line, "person", "merged", f"q{line}") for line in (2, 3)]
    split: Rows = [("s", "b" * 64, line, "E") for line in (2, 3)]
    told = found(tmp_path, [*TRUTH, *split], [*RECORDS, *more], [*HOUSED, ("q2", "h1"), ("q3", "h1")])
    assert told.resolved.recall == pytest.approx(1 / 4), "one record each: the smallest id, of household h9"
    both = [*more[:1], (*more[1][:5], "q2")]
    told = found(tmp_path, [*TRUTH, *split], [*RECORDS, *both], [*HOUSED, ("q2", "h1")])
    assert told.resolved.recall == pytest.approx(3 / 4)


def test_a_row_that_the_truth_tells_on_two_nights_is_one(tmp_path: Path) -> None:
    other = ("s", f"s-20261001-0-{'b' * 64}", 2, "person", "merged", "o1")
    told = found(tmp_path, [*TRUTH, *TRUTH, ("s", "b" * 64, 2, "E")], [*RECORDS, other], [*HOUSED, ("o1", "h1")])
    assert told.resolved.recall == pytest.approx(3 / 4), "of one record each the smallest id"


@pytest.mark.parametrize(("place", "word"), [(3, "household"), (4, "withdrawn"), (1, f"s-20261001-0-{'c' * 64}")])
def test_only_rows_of_persons_that_stand_count(tmp_path: Path, place: int, word: str) -> None:
    other = [(*RECORDS[0][:place], word, *RECORDS[0][place + 1 :]), *RECORDS[1:]]
    assert found(tmp_path, records=other).without == 4
