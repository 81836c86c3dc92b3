"""Grids of nodes without a point: what everything below or beside them agrees on, and nothing else."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.locate.inherit import inherited

BASE = pd.Series({"s1": "s1", "s2": "s2", "u1": "s1", "u2": "s1"})
TREE = [("group", None), *[(f"door{i}", "group") for i in range(1, 6)]]


def grids(told, tree=TREE, levels=None):
    nodes = pd.DataFrame(tree, columns=["address_id", "parent_id"])
    levels = levels or {"group": "group", "road": "road"}
    nodes["level"] = [levels.get(name, "door") for name in nodes["address_id"]]
    own = nodes["address_id"].map(told).astype(object)
    return dict(zip(nodes["address_id"], inherited(nodes, own.where(own.notna(), None), BASE), strict=True))


@pytest.mark.parametrize(
    ("told", "group", "door5"),
    [
        ({f"door{i}": "s1" for i in range(1, 5)}, "s1", "s1"),  # all agree: the group, and the door nobody measured
        ({"door1": "u1", "door2": "u2", "door3": "s1"}, "s1", "s1"),  # micro grids of one small grid
        ({"door1": "s1", "door2": "s1", "door3": "s2"}, None, None),  # two small grids: no majority
        ({"door1": "s1", "door2": "s1"}, None, None),  # two of five say nothing of the others
        ({f"door{i}": "s2" for i in range(1, 6)}, "s2", "s2"),
    ],
)
def test_a_group_stands_where_all_its_houses_stand(told, group, door5):
    found = grids(told)
    assert (found["group"], found["door5"]) == (group, door5)


def test_a_road_speaks_for_itself_but_not_for_its_doors():
    tree = [("road", None), *[(f"door{i}", "road") for i in range(1, 6)]]
    found = grids({f"door{i}": "s1" for i in range(1, 5)}, tree)
    assert (found["road"], found["door5"]) == ("s1", None)


def test_all_leaves_are_enough_however_few():
    found = grids({"door1": "s2"}, [("group", None), ("door1", "group")])
    assert found["group"] == "s2"


@given(st.lists(st.sampled_from([None, "s1", "s2", "u1", "u2"]), min_size=5, max_size=5), st.randoms())
def test_the_order_of_nodes_does_not_matter_and_nobody_loses_its_own_grid(told, shuffle):
    named = {f"door{i}": grid for i, grid in enumerate(told, start=1)}
    tree = list(TREE)
    shuffle.shuffle(tree)
    assert grids(named) == grids(named, tree)
    assert all(grids(named)[door] == grid for door, grid in named.items() if grid)
