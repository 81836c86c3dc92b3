"""What a brake counts, whom it blames, and what its budget allows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms import database
from transforms.brakes import budget, measure
from transforms.brakes.budget import Budget
from transforms.brakes.columns import _share
from transforms.brakes.night import Closed
from transforms.brakes.step import first_to_blame
from transforms.engine import Engine
from transforms.errors import ConfigError
from transforms.run import REPOSITORY, Run, Settings

STEPS = Path(measure.__file__).with_suffix(".sql")
TEXT = pa.string()


def table(columns: str, rows: list[tuple[object, ...]], **types: pa.DataType) -> pa.Table:
    names = columns.split()
    schema = pa.schema([(name, types.get(name, TEXT)) for name in names])
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)


def counts(
    tmp_path: Path, events: list[tuple[object, ...]], opened: list[tuple[object, ...]], excused: tuple[str, ...] = ()
) -> set[tuple[object, ...]]:
    """measure.sql on one kind: events (entity, event, other), opened rows (source, record, entity, state)."""
    batches = [(source, f"{source}-new", int(source in excused)) for source in ("a", "b")]
    tables = {
        "event": table("kind entity_id event other_id", [("k", *event) for event in events]),
        "opened": table(
            "source batch kind record_id entity_id state", [(s, f"{s}-new", "k", r, e, w) for s, r, e, w in opened]
        ),
        "new_batch": table("source batch excused", batches, excused=pa.int64()),
        "crowd": table("kind entity_id", []),
    }
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_THREADS": "1"})
    with Engine(settings) as engine:
        return {tuple(row.values()) for row in engine.run(STEPS, tables).to_pylist()}


def test_a_merge_is_blamed_on_who_brought_new_rows_into_it(tmp_path: Path) -> None:
    merges = [("e1", "merge", "e9"), ("e2", "merge", "e8")]
    opened = [("a", "r1", "e9", "merged"), ("a", "r2", "e8", "merged"), ("b", "r3", "e8", "merged")]
    assert counts(tmp_path, merges, opened) == {
        ("merges", "k", None, 2), ("merges", "k", "a", 2), ("merges", "k", "b", 1),
    }  # fmt: skip


def test_rows_of_older_deliveries_are_nobodys_fault(tmp_path: Path) -> None:
    moved = [("c", "r1", "e9", "merged")]  # its batch is not new: it only went from one entity to the other
    assert counts(tmp_path, [("e1", "merge", "e9")], moved) == {("merges", "k", None, 1)}


def test_what_a_released_delivery_did_is_not_counted(tmp_path: Path) -> None:
    merges = [("e1", "merge", "e9"), ("e2", "merge", "e8")]
    opened = [("a", "r1", "e9", "merged"), ("b", "r3", "e8", "merged")]
    assert counts(tmp_path, merges, opened, excused=("a",)) == {("merges", "k", None, 1), ("merges", "k", "b", 1)}


def test_a_split_is_one_whichever_of_its_two_ends_has_the_new_row(tmp_path: Path) -> None:
    for end in ("e1", "e9"):
        found = counts(tmp_path, [("e9", "split", "e1")], [("a", "r1", end, "merged")])
        assert found == {("splits", "k", None, 1), ("splits", "k", "a", 1)}


def test_a_withdrawn_record_counts_once_for_its_source(tmp_path: Path) -> None:
    opened = [("a", "r1", None, "withdrawn"), ("a", "r1", None, "withdrawn"), ("a", "r2", None, "superseded")]
    assert counts(tmp_path, [("e1", "retire", None)], opened) == {
        ("departures", "k", None, 1), ("withdrawals", "k", "a", 1),
    }  # fmt: skip


@pytest.mark.parametrize(("of", "before", "allowed"), [(100, 0.0, 20), (10, 0.0, 5), (100, 0.5, 70)])
def test_a_budget_is_a_share_and_never_under_its_least(of: int, before: float, allowed: int) -> None:
    assert Budget(share=0.2, least=5).allowed(of, before) == allowed
    assert not measure.Count("m", "k", None, allowed, allowed).spent
    assert measure.Count("m", "k", None, allowed + 1, allowed).spent


def test_the_commonest_value_of_cells_and_of_lists() -> None:
    assert _share(pa.array(["x", "x", None, "y"])) == (3, 2)
    assert _share(pa.array([["x"], ["x", "y"], [], None])) == (2, 2)
    assert _share(pa.array([None, None], TEXT)) == (0, 0)


def test_the_budgets_of_the_repository_are_read_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    assert 0 < budget.load(REPOSITORY / "expectations").merges.share < 0.05
    with pytest.raises(ConfigError, match="missing"):
        budget.load(tmp_path)
    text = (REPOSITORY / "expectations" / budget.FILE).read_text("utf-8")
    (tmp_path / budget.FILE).write_text(text.replace("share: 0.005", "share: 5", 1))
    with pytest.raises(ConfigError, match=r"merges\.share"):
        budget.load(tmp_path)


def test_a_file_from_before_collapses_were_counted_allows_none(tmp_path: Path) -> None:
    text = (REPOSITORY / "expectations" / budget.FILE).read_text("utf-8")
    older = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("collapse"))
    assert older != text
    (tmp_path / budget.FILE).write_text(older)
    assert (
        budget.load(tmp_path).collapse == budget.load(REPOSITORY / "expectations").collapse == Budget(share=0, least=0)
    )


def test_a_file_that_accuses_itself_is_frozen_before_one_that_others_accuse(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    run = Run.of("2026-10-02", settings=settings)
    night = Closed(run, database.open_databases(settings), tmp_path, 1, {})
    lost = measure.Count("lost_numbers", "person", "shebao_canbao", 9, 4)
    authority = measure.Count("lost_numbers", "person", "gongan_hukou", 9, 4)
    same = measure.Count("sameness", "person", "yibao_canbao", 9, 4, "phone")
    assert first_to_blame(night, [lost, authority, same]) == [same]
    assert first_to_blame(night, [lost, authority]) == [authority]
    assert first_to_blame(night, [lost]) == [lost]
