"""Accuracy: pair counting against a brute-force oracle, and who is counted."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.account.deployment import INSURED, PEOPLE, World
from transforms import account
from transforms.account.measures import Measure, Partitions
from transforms.errors import ConfigError


def measured(found: pd.Series, truth: pd.Series, inside: pd.Series | None = None) -> Measure:
    own, true = (codes.to_numpy() if codes.dtype == int else pd.factorize(codes)[0] for codes in (found, truth))
    return Partitions(own, true).measure(None if inside is None else inside.to_numpy(dtype=bool))


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=1, max_size=14)


@settings(max_examples=200)
@given(rows=ROWS)
def test_pairs_and_b3_agree_with_counting_them_one_by_one(rows: list[tuple[int, int, bool]]) -> None:
    found, truth, inside = (pd.Series(column) for column in zip(*rows, strict=True))
    told = measured(found, truth, inside)
    pairs = [(a, b) for a, b in combinations(range(len(rows)), 2) if inside[a] or inside[b]]
    both = sum(found[a] == found[b] and truth[a] == truth[b] for a, b in pairs)
    of_found = sum(found[a] == found[b] for a, b in pairs)
    of_truth = sum(truth[a] == truth[b] for a, b in pairs)
    assert told.precision == pytest.approx(both / of_found if of_found else 1)
    assert told.recall == pytest.approx(both / of_truth if of_truth else 1)
    members = [at for at in range(len(rows)) if inside[at]]
    assert told.records == len(members)
    for name, column in (("b3_precision", found), ("b3_recall", truth)):
        shares = [
            sum(found[a] == found[b] and truth[a] == truth[b] for b in range(len(rows)))
            / sum(column[a] == column[b] for b in range(len(rows)))
            for a in members
        ]
        assert getattr(told, name) == pytest.approx(sum(shares) / len(shares) if shares else 1)
    mixed = {e for e in set(found[inside]) if truth[found == e].nunique() > 1}
    torn = {e for e in set(truth[inside]) if found[truth == e].nunique() > 1}
    assert (told.over_merged, told.under_merged) == (len(mixed), len(torn))


def test_a_perfect_partition_and_one_of_single_rows() -> None:
    truth = pd.Series(["a", "a", "b"])
    perfect, single = measured(truth, truth), measured(pd.Series([-1, -1, -1]), truth)
    assert (perfect.f1, perfect.b3_f1, perfect.over_merged, perfect.under_merged) == (1, 1, 0, 0)
    assert (single.precision, single.recall, single.under_merged) == (1, 0, 1)


def truth_of(world: World, folder: Path, entities: dict[str, list[str]], **more: list[object]) -> Path:
    """A truth file of persons: source → true entity per line from 2."""
    rows = []
    for batch in world.files:
        source, *_, sha = batch.split("-")
        for at, entity in enumerate(entities.get(source, []), 2):
            rows.append({"night": world.night, "source": source, "file_sha256": sha, "line": at, "entity": entity})
    folder.mkdir(exist_ok=True)
    pd.DataFrame(rows).assign(**more).to_parquet(folder / "person.parquet")
    return folder


TRUE = {"registry": ["A", "B", "C", "D", "E"], "roster": ["A", "B", "C"]}


def test_every_landed_row_counts_once_and_a_quarantined_one_for_itself(city: World, tmp_path: Path) -> None:
    account.close(city.run, city.reread)
    found = account.evaluate(city.run, truth_of(city, tmp_path / "truth", TRUE))
    [person] = found.kinds
    assert person.resolved.records == len(PEOPLE) + len(INSURED)
    assert (person.own_entity, person.without_truth) == (1, 0)
    # pairs of the truth: A, B, C; found by number: A, B
    assert person.resolved.precision == 1
    assert person.resolved.recall == pytest.approx(2 / 3)
    assert person.baseline is not None
    assert person.baseline.recall == pytest.approx(2 / 3)
    assert person.subgroups["no usable number"].recall == 0
    assert "person: 8 records" in account.render_evaluation(found)


def test_a_quarantined_row_replaces_the_version_that_is_kept(city: World, tmp_path: Path) -> None:
    account.close(city.run, city.reread)
    city.night = "2026-10-02"
    city.deliver("roster", [INSURED[0] | {"name": None}, INSURED[1], INSURED[2]], {1: "name"})
    city.rooms()
    account.close(city.run, city.reread)
    [person] = account.evaluate(city.run, truth_of(city, tmp_path / "truth", TRUE)).kinds
    assert person.resolved.records == len(PEOPLE) + len(INSURED)
    assert person.own_entity == 2
    assert person.resolved.recall == pytest.approx(1 / 3)


@pytest.mark.parametrize(("as_of", "waiting"), [("2026-09-30", 0), ("2026-10-02", len(INSURED))])
def test_rows_held_count_until_a_later_delivery_does(city: World, tmp_path: Path, as_of: str, waiting: int) -> None:
    city.night = "2026-10-02"
    city.deliver("roster", INSURED, hold="ROW_COUNT", as_of=as_of)
    city.rooms()
    account.close(city.run, city.reread)
    [person] = account.evaluate(city.run, truth_of(city, tmp_path / "truth", TRUE)).kinds
    assert person.resolved.records == len(PEOPLE) + len(INSURED) + waiting
    assert person.own_entity == 1 + waiting


def test_subgroups_come_from_the_truths_errors_and_cases(city: World, tmp_path: Path) -> None:
    account.close(city.run, city.reread)
    errors: list[object] = [["id_borrowed"] if at == 0 else [] for at in range(8)]
    [person] = account.evaluate(city.run, truth_of(city, tmp_path / "truth", TRUE, errors=errors)).kinds
    assert person.subgroups["id_borrowed"].records == 1


def test_a_grid_is_right_where_the_published_one_is_the_true_one(city: World, tmp_path: Path) -> None:
    account.close(city.run, city.reread)
    code = {f"g{i}": city.record_id("areas", "grid", f"g{i}") for i in (1, 2)}
    right = min(code, key=lambda g: f"grid-{code[g]}")
    truth = truth_of(city, tmp_path / "truth", TRUE, grid=[right] * 8)
    [person] = account.evaluate(city.run, truth).kinds
    assert person.grid_rows == 8
    assert 0 < person.grid_right < 8


def test_households_are_measured_by_residents_too(city: World, tmp_path: Path) -> None:
    account.close(city.run, city.reread)
    truth = truth_of(city, tmp_path / "truth", TRUE | {"roster": ["A", "B", "X"]})
    pd.read_parquet(truth / "person.parquet").to_parquet(truth / "household.parquet")
    [household] = [kind for kind in account.evaluate(city.run, truth).kinds if kind.kind == "household"]
    assert household.members is None, "this truth does not tell"

    # 甲 and 乙 stand in h1, as is true, 丙 in h2 alone; 丁 has gone, 戊 is in quarantine, nobody knows Z
    night = [("A", "one"), ("B", "one"), ("C", "two"), ("E", "two"), ("Z", "two")]
    rows = [{"night": "2026-10-01", "entity": e, "household": h, "cases": []} for e, h in night]
    rows += [{"night": day, "entity": "A", "household": day, "cases": []} for day in ("2026-09-30", "2026-10-02")]
    pd.DataFrame(rows).to_parquet(truth / "household_members.parquet")
    found = account.evaluate(city.run, truth)
    [members] = [kind.members for kind in found.kinds if kind.members]
    assert (members.resolved.records, members.without) == (5, 2)
    assert (members.resolved.precision, members.resolved.recall) == (1, pytest.approx(1 / 4))
    assert members.subgroups["in a household"].records == 3
    assert "every resident once (2 in no household" in account.render_evaluation(found)


def test_a_folder_without_truth_is_refused(city: World, tmp_path: Path) -> None:
    account.close(city.run, city.reread)
    with pytest.raises(ConfigError, match="holds no truth"):
        account.evaluate(city.run, tmp_path)
    (tmp_path / "person.parquet").parent.mkdir(exist_ok=True)
    pd.DataFrame({"night": ["2026-10-01"], "source": ["x"]}).to_parquet(tmp_path / "person.parquet")
    with pytest.raises(ConfigError, match="file_sha256, line, entity are missing"):
        account.evaluate(city.run, tmp_path)
