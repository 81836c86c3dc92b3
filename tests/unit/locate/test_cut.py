"""Point in polygon: one owner for every point, edges and vertices among them, or a reason."""

import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.locate.conftest import STREET, grid
from transforms.locate import place_grid
from transforms.locate.cut import Cut
from transforms.locate.straddle import COLUMNS as PARTS

NO_PARTS = pd.DataFrame(columns=PARTS)


def owner(cut, x, y):
    return tuple(cut.assign(pd.Series([x], dtype=float), pd.Series([y], dtype=float)).iloc[0])


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.5, 0.5, ("u1", None)),  # micro under small
        (1.5, 1.5, ("s1", None)),
        (2.7, 0.5, ("x1", None)),  # exclusive over the general small one
        (2.7, 1.5, ("s2", None)),
        (3.5, 1.0, (None, "gap")),  # in the medium grid, in none of its small ones
        (9.0, 9.0, ("l", None)),
        (20.0, 1.0, (None, "outside")),
        (None, 1.0, (None, "no_coordinate")),
    ],
)
def test_the_finest_grid_or_the_reason(grids, x, y, expected):
    assert owner(Cut(grids, "2026-10-01"), x, y) == expected


def test_a_large_grid_with_medium_ones_beside_the_point_is_a_gap(grids):
    divided = grids.assign(parent_code=grids["parent_code"].where(grids["grid_id"] != "m", STREET[:9]))
    assert owner(Cut(divided, "2026-10-01"), 9.0, 9.0) == (None, "gap")


def test_a_point_inside_two_grids_of_one_level_is_an_overlap():
    two = pd.DataFrame([grid("a", "1", "small", (0, 0, 2, 2)), grid("b", "2", "small", (1, 0, 3, 2))])
    cut = Cut(two, "2026-10-01")
    assert owner(cut, 1.5, 1.0) == (None, "overlap")
    assert owner(cut, 1.0, 1.0) == ("a", None)  # on the edge of b, inside a


@pytest.mark.parametrize("order", [1, -1])
def test_edges_and_vertices_belong_to_the_smallest_code_in_any_order(order):
    rows = [grid(f"g{x}{y}", f"{9 - x}{9 - y}", "small", (x, y, x + 1, y + 1)) for x in range(2) for y in range(2)]
    cut = Cut(pd.DataFrame(rows[::order]), "2026-10-01")
    assert owner(cut, 1.0, 1.0) == ("g11", None)
    assert owner(cut, 1.0, 0.5) == ("g10", None)
    assert owner(cut, 0.5, 1.0) == ("g01", None)


TILES = [(x, y) for x in range(3) for y in range(3)]


@given(st.lists(st.tuples(st.integers(-2, 14), st.integers(-2, 14)), min_size=1, max_size=40), st.randoms())
def test_every_point_has_the_owner_that_brute_force_finds(points, shuffle):
    """Points on a lattice of quarter tiles: a good part of them on shared edges and vertices."""
    tiles = list(TILES)
    shuffle.shuffle(tiles)
    codes = {tile: f"{100 + 7 * i % 9}" for i, tile in enumerate(sorted(tiles))}
    rows = [grid(f"g{codes[t]}", codes[t], "small", (t[0], t[1], t[0] + 1, t[1] + 1)) for t in tiles]
    x, y = (pd.Series([p[axis] / 4 for p in points], dtype=float) for axis in (0, 1))
    found = Cut(pd.DataFrame(rows), "2026-10-01").assign(x, y)
    for i in range(len(points)):
        touching = [
            codes[t]
            for t in tiles
            if shapely.intersects(shapely.box(t[0], t[1], t[0] + 1, t[1] + 1), shapely.Point(x[i], y[i]))
        ]
        expected = (f"g{min(touching)}", None) if touching else (None, "outside")
        assert tuple(found.iloc[i]) == expected


def test_nodes_of_a_cut(grids, nodes, buildings, places):
    table = place_grid.assign(Cut(grids, "2026-10-01"), nodes, buildings, places, NO_PARTS)
    assert not table.duplicated(["node_kind", "node_id", "cut"]).any()
    assert set(table["cut"]) == {"2026-10-01"}
    by_node = table.set_index(["node_kind", "node_id"])
    assert tuple(by_node.loc[("building", "b3"), ["grid_id", "method"]]) == ("u1", "polygon")
    assert tuple(by_node.loc[("division", STREET), ["grid_id", "method"]]) == ("m", "village")
    assert tuple(by_node.loc[("division", STREET[:9] + "000"), ["grid_id", "method"]]) == ("l", "village")
    assert by_node.loc[("division", "445302001012"), "reason"] == "outside"
    room = nodes.loc[nodes["building_id"].notna() & (nodes["level"] == "room"), "address_id"].iloc[0]
    assert tuple(by_node.loc[("address", room), ["grid_id", "method"]]) == ("u1", "building")
    road = nodes.loc[nodes["level"] == "road", "address_id"].iloc[0]
    assert by_node.loc[("address", road), "reason"] == "no_coordinate"
    assert (table["grid_id"].isna() == table["reason"].notna()).all()
    assert np.array_equal(table["grid_id"].notna(), table["method"].notna())
