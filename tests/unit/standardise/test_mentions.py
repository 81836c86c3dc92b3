"""Mentions: every node of a path once, told by the smallest row that names it; a building by one of its own."""

from __future__ import annotations

import pandas as pd

from transforms.standardise import mentions

_VILLAGE = "445302001201"
_DOOR = f"{_VILLAGE}|road:人民路|door:12"
_ROWS = [
    (2, _DOOR + "|room:301", None),
    (3, None, "B0"),
    (5, _DOOR + "|room:201", "B1"),
    (7, _DOOR + "|room:301", "B2"),
    (8, f"{_VILLAGE}|group:大塘", "B3"),
]


def mentioned() -> pd.DataFrame:
    rows = pd.DataFrame(_ROWS, columns=["ordinal", "path", "building_code"])
    told = mentions.mentions(rows.assign(line=rows["ordinal"] + 1, operation="upsert", lon=112.0, lat=22.9))
    return told.set_index("path")


def test_each_node_is_told_by_the_smallest_row_that_names_it() -> None:
    told = mentioned()
    road = f"{_VILLAGE}|road:人民路"
    assert told["ordinal"].to_dict() == {
        f"{_VILLAGE}|group:大塘": 8, road: 2, _DOOR: 2, f"{_DOOR}|room:201": 5, f"{_DOOR}|room:301": 2,
    }  # fmt: skip
    assert list(told.index) == sorted(told.index)
    assert told["line"].sub(told["ordinal"]).eq(1).all()


def test_only_what_may_stand_for_a_building_has_a_point_and_it_is_that_of_its_smallest_row() -> None:
    told = mentioned()
    assert told["lon"].dropna().index.tolist() == [_DOOR]
    assert pd.isna(told.loc[_DOOR, "building_code"]), "the smallest row tells none, and no other row speaks for it"


def test_no_row_with_a_path_mentions_nothing() -> None:
    rows = pd.DataFrame(
        {"ordinal": [1], "line": [2], "operation": ["upsert"], "path": [None], "building_code": [None],
         "lon": [1.0], "lat": [1.0]},
    )  # fmt: skip
    assert mentions.mentions(rows).empty
