"""Buildings in several small grids: shares, the one grid they count in, and those that are no straddlers."""

import pandas as pd
import pytest
import shapely

from tests.unit.locate.conftest import PATHS, grid
from transforms import model
from transforms.locate import library, place_grid
from transforms.locate.cut import Cut
from transforms.locate.straddle import straddlers

DAY = "2026-10-01"


def drawn(**boxes):
    rows = [(name, shapely.to_wkb(shapely.box(*box))) for name, box in boxes.items()]
    return pd.DataFrame(rows, columns=["building_id", "outline"], dtype=object)


def parts(cut, outlines):
    found = straddlers(cut, outlines)
    return {
        building: {row.grid_id: (row.share, row.assigned) for row in of.itertuples()}
        for building, of in found.groupby("building_id")
    }


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((1.5, 1.2, 2.1, 1.6), {"s1": (0.8333, True), "s2": (0.1667, False)}),
        ((1.9, 1.2, 2.4, 1.6), {"s1": (0.2, False), "s2": (0.8, True)}),
        ((1.8, 1.2, 2.2, 1.6), {"s1": (0.5, True), "s2": (0.5, False)}),  # equal: the smaller code
        ((2.3, 0.2, 2.6, 0.4), {"s2": (0.6667, True), "x1": (0.3333, False)}),  # the exclusive one takes its ground
        ((1.2, 1.2, 1.6, 1.6), {}),  # in one
        ((0.8, 0.2, 1.2, 0.6), {}),  # in a micro grid and beside it: still one small grid
        ((1.0, 1.2, 2.002, 1.6), {}),  # less than a hundredth is drawing noise
        ((1.6, 1.2, 2.0, 1.6), {}),  # it touches the border
        ((2.8, 1.2, 3.4, 1.6), {}),  # the rest is in a gap
        ((10.5, 0, 11, 1), {}),
    ],
)
def test_shares_and_the_one_grid(grids, box, expected):
    assert parts(Cut(grids, DAY), drawn(b=box)) == ({"b": expected} if expected else {})


def test_of_overlapping_grids_nobody_is_a_straddler(grids):
    twice = pd.concat([grids, pd.DataFrame([grid("s3", "445302001011" + "1003", "small", (0, 0, 2, 2))])])
    assert parts(Cut(twice, DAY), drawn(b=(1.2, 1.2, 1.6, 1.6))) == {}


def test_it_does_not_depend_on_the_order_of_anything(grids):
    outlines = drawn(b=(1.8, 1.2, 2.2, 1.6), a=(1.5, 1.2, 2.1, 1.6), c=(0.2, 0.2, 0.4, 0.4))
    found = straddlers(Cut(grids, DAY), outlines)
    assert found["building_id"].tolist() == ["a", "a", "b", "b"]
    again = straddlers(Cut(grids.iloc[::-1], DAY), outlines.iloc[::-1])
    pd.testing.assert_frame_equal(found, again)
    assert found.groupby("building_id")["assigned"].sum().eq(1).all()


def test_a_straddler_and_its_rooms_stand_where_most_of_it_lies(grids, nodes, places):
    at_point = pd.DataFrame({"building_id": ["b3", "b4"], "lon": [1.9, 0.5], "lat": [0.5, 0.5]})
    cut = Cut(grids, DAY)
    outlines = drawn(b3=(1.9, 0.2, 2.4, 0.6), b4=(0.4, 0.4, 0.6, 0.6))
    table = place_grid.assign(cut, nodes.assign(lon=1.9, lat=0.5), at_point, places, straddlers(cut, outlines))
    by_node = table.set_index(["node_kind", "node_id"])["grid_id"]
    assert (by_node["building", "b3"], by_node["building", "b4"]) == ("s2", "u1")
    room = nodes.loc[nodes["path"] == PATHS[0], "address_id"].iloc[0]
    other = nodes.loc[nodes["building_id"].isna() & (nodes["level"] == "door"), "address_id"].iloc[0]
    assert (by_node["address", room], by_node["address", other]) == ("s2", "s1")


def test_of_the_assigned_grid_the_micro_grid_that_holds_most(grids):
    found = straddlers(Cut(grids, DAY), drawn(low=(0.2, 0.2, 2.1, 0.4), high=(0.2, 0.9, 2.1, 1.9)))
    assert dict(zip(found["building_id"], found["finest_id"], strict=True)) == {"low": "s1", "high": "s1"}
    wide = pd.concat([grids[grids["grid_id"] != "u1"], pd.DataFrame(
        [grid("u2", "445302001011100101", "micro", (0, 0, 1.9, 2), parent="4453020010111001")]
    )])  # fmt: skip
    found = straddlers(Cut(wide, DAY), drawn(low=(0.2, 0.2, 2.1, 0.4)))
    assert set(found["finest_id"]) == {"u2"}


def test_the_outline_of_the_most_trusted_record_counts():
    rows = pd.DataFrame(
        {"record_id": [0, 1, 2, 3], "source": ["a", "b", "b", "a"], "entity_id": ["x", "x", "x", "y"],
         "outline": [b"0", b"1", b"2", None]},
        dtype=object,
    )  # fmt: skip
    found = library.outlines(rows, {"a": 50, "b": 90})
    assert found.to_dict("records") == [{"building_id": "x", "outline": b"1"}]


def test_without_outlines_there_is_an_empty_table(grids):
    found = straddlers(Cut(grids, DAY), drawn())
    assert not len(found)
    assert set(model.STRADDLE.names) < set(found.columns)
