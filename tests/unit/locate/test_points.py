"""The vote of points on their coordinate system, and single points that look wrong: told, never moved."""

import numpy as np
import pandas as pd
import pytest
import shapely

from transforms.coordinates import bd09, gcj02
from transforms.locate.points import FEWEST, examine

A, B = "445302001001", "445302001002"
SHAPES = {A: shapely.box(112.00, 22.00, 112.004, 22.004), B: shapely.box(112.02, 22.00, 112.024, 22.004)}
VILLAGES = pd.Series(SHAPES, dtype=object)


def rows(count=40, shift=None, village=A):
    """Points spread over a village of some 400 m, written in the datum of ``shift``."""
    at = np.random.default_rng(3).random((count, 2)) * 0.0038 + 0.0001
    lon, lat = at[:, 0] + SHAPES[village].bounds[0], at[:, 1] + 22.0
    for forward in shift or ():
        lon, lat = forward(lon, lat)
    told = {"raw_lon": [f"{x:.7f}" for x in lon], "raw_lat": [f"{y:.7f}" for y in lat], "village": village}
    doors = {"record_id": [f"r{i:03d}" for i in range(count)], "path": [f"{village}|door:{i}" for i in range(count)]}
    return pd.DataFrame(doors | told)


@pytest.mark.parametrize(
    ("shift", "declared", "suggestion"),
    [
        ((), "cgcs2000", None),
        ((), "wgs84", None),
        ((gcj02,), "gcj02", None),
        ((gcj02, bd09), "bd09", None),
        ((gcj02,), "cgcs2000", "gcj02"),
        ((gcj02, bd09), "cgcs2000", "bd09"),
        ((gcj02, gcj02), "gcj02", "gcj02_twice"),
        ((), "gcj02", "cgcs2000"),
        ((lambda x, y: (y, x),), "cgcs2000", "swapped"),
    ],
)
def test_the_points_tell_their_datum(shift, declared, suggestion):
    vote, wrong = examine(rows(shift=shift), declared, VILLAGES)
    assert (vote.points, vote.suggestion) == (40, suggestion)
    assert len(wrong) == 0 if suggestion is None else len(wrong) > 30


def test_few_points_have_no_say():
    vote, _ = examine(rows(FEWEST - 1, (gcj02,)), "cgcs2000", VILLAGES)
    assert vote.suggestion is None


@pytest.mark.parametrize(
    ("lon", "lat", "fault"),
    [
        ("0", "0", "zero"),
        ("22.0020001", "112.0020001", "swapped"),
        ("37602345.5", "2434567.25", "projected"),
        ("112.002", "22.002", "truncated"),
        ("113.2020001", "23.0020001", "elsewhere"),
    ],
)
def test_one_wrong_point_is_told_and_the_others_are_not(lon, lat, fault):
    table = rows()
    table.loc[7, ["raw_lon", "raw_lat"]] = lon, lat
    vote, wrong = examine(table, "cgcs2000", VILLAGES)
    assert (wrong["record_id"].tolist(), wrong["fault"].tolist()) == (["r007"], [fault])
    assert wrong["suggestion"].notna().all()
    assert (vote.faults, vote.suggestion) == ({fault: 1}, None)


@pytest.mark.parametrize(("shift", "fault"), [((gcj02,), "shifted"), ((gcj02, gcj02), "twice_shifted")])
def test_a_shifted_point_among_sound_ones_is_told(shift, fault):
    table = rows()
    middle = (np.array([112.002]), np.array([22.002]))
    for forward in shift:
        middle = forward(*middle)
    table.loc[7, ["raw_lon", "raw_lat"]] = [f"{float(v[0]):.7f}" for v in middle]
    _, wrong = examine(table, "cgcs2000", VILLAGES)
    assert dict(zip(wrong["record_id"], wrong["fault"], strict=True)) == {"r007": fault}


def test_a_whole_file_at_the_town_hall_is_told_but_flats_of_one_building_are_not():
    table = rows()
    table.loc[:11, ["raw_lon", "raw_lat"]] = "112.0020012", "22.0020034"
    _, wrong = examine(table, "cgcs2000", VILLAGES)
    assert wrong["fault"].tolist() == ["crowded"] * 12
    table.loc[:11, "path"] = f"{A}|door:1"
    assert len(examine(table, "cgcs2000", VILLAGES)[1]) == 0


def test_without_villages_nobody_votes_and_nothing_is_wrong():
    vote, wrong = examine(rows(), "gcj02", VILLAGES.iloc[:0])
    assert (vote.points, len(wrong)) == (0, 0)
