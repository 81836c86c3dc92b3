"""stat_grid: small cells are hidden, and nobody can work them out from what is published."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.account.suppress import LEAST, suppress


def shown(large, mediums):
    """A large grid of medium ones of small ones that add up; returns grid id → published count."""
    rows = [("L", None, "large", large if large is not None else sum(map(sum, mediums)))]
    for m, smalls in enumerate(mediums):
        rows.append((f"M{m}", "L", "medium", sum(smalls)))
        rows += [(f"M{m}S{s}", f"M{m}", "small", count) for s, count in enumerate(smalls)]
    table = pd.DataFrame(rows, columns=["grid_id", "parent_id", "level", "persons"])
    found = suppress(table, ["persons"])
    return table, {g: None if pd.isna(n) else int(n) for g, n in zip(found["grid_id"], found["persons"], strict=True)}


@pytest.mark.parametrize(
    ("smalls", "published"),
    [
        ([10, 20, 30], [10, 20, 30]),
        ([3, 20, 30], [None, None, 30]),  # 20 goes too: else 3 is what is left over
        ([3, 4, 30], [None, None, 30]),  # 7 left over for two
        ([1, 2, 30], [None, None, None]),  # 3 left over for two would say nearly all
        ([0, 20, 30], [None, 20, 30]),  # nobody is given away
    ],
)
def test_a_small_cell_takes_the_smallest_other_with_it(smalls, published):
    _, found = shown(None, [smalls])
    assert [found[f"M0S{i}"] for i in range(3)] == published
    assert found["M0"] == sum(smalls)


def test_a_grid_hidden_for_its_neighbour_hides_a_part_of_its_own():
    _, found = shown(None, [[2, 1], [6, 7], [40, 50]])
    assert found["M0"] is None
    assert found["M1"] is None
    assert (found["M1S0"], found["M1S1"]) == (None, 7)
    assert (found["M2S0"], found["M2S1"]) == (40, 50)


def test_what_is_known_to_the_village_only_is_no_part():
    table = pd.DataFrame(
        {"grid_id": ["M", "S"], "parent_id": [None, "M"], "level": ["medium", "small"], "persons": [30, 10]}
    )
    assert suppress(table, ["persons"])["persons"].tolist() == [30, 10]


@given(st.lists(st.lists(st.integers(0, 12), min_size=1, max_size=4), min_size=1, max_size=4))
def test_no_small_cell_follows_from_what_is_published(mediums):
    """A hidden cell follows if it is the same in every solution of "parts add up": a question of rank."""
    table, found = shown(None, mediums)
    assert all(count is None or count >= LEAST for count in found.values())
    unknown = [grid for grid, count in found.items() if count is None]
    rows = []
    for parent in table["grid_id"]:
        parts = table.loc[table["parent_id"].eq(parent), "grid_id"]
        if len(parts) > 1:
            rows.append([(g in set(parts)) * 1.0 - (g == parent) * 1.0 for g in unknown])
    if not rows or not unknown:
        return
    system = np.array(rows)
    rank = np.linalg.matrix_rank(system)
    true = dict(zip(table["grid_id"], table["persons"], strict=True))
    for at, grid in enumerate(unknown):
        alone = np.eye(len(unknown))[at]
        if 0 < true[grid] < LEAST:
            assert np.linalg.matrix_rank(np.vstack([system, alone])) > rank, grid


def test_a_place_without_grids_has_no_counts():
    table = pd.DataFrame({name: pd.Series(dtype=object) for name in ("grid_id", "parent_id", "level", "persons")})
    found = suppress(table, ["persons"])
    assert list(found.columns) == list(table.columns)
    assert found.empty
