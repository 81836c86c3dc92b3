"""grid_crosswalk: which shares of an old business grid are told, and where a record stands that names one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.account import crosswalk
from transforms.account.crosswalk import weighed
from transforms.engine import Engine
from transforms.run import Settings

COLUMNS = ["source", "old_code", "grid_id", "records"]
STEPS = Path(crosswalk.__file__).with_name("crosswalk.sql")
counts = st.dictionaries(
    st.tuples(st.sampled_from(["o1", "o2"]), st.sampled_from(["g1", "g2", "g3", None])), st.integers(1, 400), min_size=1
)


def frame(rows: dict[tuple[str, str | None], int]) -> pd.DataFrame:
    return pd.DataFrame([("src", old, grid, n) for (old, grid), n in rows.items()], columns=COLUMNS)


def told(rows: dict[tuple[str, str | None], int]) -> dict[tuple[str, str], float]:
    return {(row.old_code, row.grid_id): row.weight for row in weighed(frame(rows)).itertuples()}


@given(counts)
def test_few_records_are_never_told_and_a_share_is_of_what_is_located(rows: dict[tuple[str, str | None], int]) -> None:
    found = told(rows)
    for (old, grid), records in rows.items():
        located = sum(n for (o, g), n in rows.items() if o == old and g is not None)
        if grid is None or records < 5:
            assert (old, grid) not in found
        elif records * 100 >= located:
            assert found[(old, grid)] == pytest.approx(records / located, abs=0.00501)


@given(counts, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: dict[tuple[str, str | None], int], dice: object) -> None:
    mixed = list(rows.items())
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert told(dict(mixed)) == told(rows)


def test_what_is_located_nowhere_takes_no_share_away() -> None:
    assert told({("o1", "g1"): 5, ("o1", "g2"): 4, ("o1", None): 90}) == {("o1", "g1"): 0.56}


@pytest.fixture
def standing(tmp_path: Path) -> dict[str, str | None]:
    """Record → grid, for one record per way of being located."""
    grids = [("s1", "small", "general", "m1"), ("s2", "small", "general", "m1"), ("u1", "micro", "general", "s1"),
             ("x1", "micro", "exclusive", "m1"), ("m1", "medium", "general", None)]  # fmt: skip
    placed = [
        ("point first", "address", "s1", "building"), ("point first", "point", "s2", "polygon"),
        ("micro", "actual_address", "u1", "building"), ("exclusive", "point", "x1", "polygon"),
        ("actual first", "actual_address", "s2", "address"), ("actual first", "registered_address", "s1", "address"),
        ("village", "actual_address", "s1", "village"), ("medium", "actual_address", "m1", "polygon"),
        ("not said", "point", "s1", "polygon"),
    ]  # fmt: skip
    named = sorted({record for record, *_ in placed} - {"not said"} | {"nowhere"})
    given_tables = {
        "said": pa.table({"source": ["src"] * len(named), "old_code": named, "record_id": named}),
        "located": pa.table(
            dict(zip(("record_id", "property", "grid_id", "method"), zip(*placed, strict=True), strict=True))
        ),
        "std_grid": pa.table(
            dict(zip(("grid_id", "level", "type", "parent_id"), zip(*grids, strict=True), strict=True))
        ),
    }
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_THREADS": "1"})) as engine:
        rows = engine.run(STEPS, given_tables).to_pylist()
    assert {row["records"] for row in rows} == {1}
    return {row["old_code"]: row["grid_id"] for row in rows}


def test_a_records_own_point_speaks_before_its_address(standing: dict[str, str | None]) -> None:
    assert standing["point first"] == "s2"


def test_where_somebody_lives_speaks_before_where_they_are_registered(standing: dict[str, str | None]) -> None:
    assert standing["actual first"] == "s2"


def test_a_micro_grid_counts_for_its_small_one_and_an_exclusive_one_for_itself(
    standing: dict[str, str | None],
) -> None:
    assert (standing["micro"], standing["exclusive"]) == ("s1", "x1")


def test_the_village_alone_is_no_place_and_a_record_that_names_no_old_grid_does_not_count(
    standing: dict[str, str | None],
) -> None:
    assert (standing["village"], standing["medium"], standing["nowhere"]) == (None, None, None)
    assert "not said" not in standing
