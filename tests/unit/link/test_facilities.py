"""Facilities: the number on the plate joins what two departments list, else the nearest of its class."""

import numpy as np
import pyarrow as pa

from transforms import contract, kinds, store
from transforms.coordinates import gcj02
from transforms.engine import Engine
from transforms.link.scored import Records, link
from transforms.link.scorer import DEFAULT, Model
from transforms.live import Live
from transforms.run import REPOSITORY, Settings

CITY, FIRE = "chengguan_bujian", "xiaofang_sheshi"
LON, LAT, METRE = 112.0, 22.9, 9.75e-6  # degrees of longitude to a metre, there


def linked(tmp_path, *rows):
    """What link makes of rows.

    A row is (source, metres east, or (longitude, latitude), or None, number on the plate) and, where it has an address,
    (road, "door word") or (None, "door word", as it is written). Within one register resolve joins nothing
    (``same_source``).
    """
    said = [(*(row[3] if len(row) > 3 else (None, None)), None)[:3] for row in rows]
    rows = [row[:3] for row in rows]
    points = [east if isinstance(east, tuple) or east is None else (LON + east * METRE, LAT) for _, east, _ in rows]
    columns = {
        "record_id": [f"r{i}" for i in range(len(rows))],
        "source": [source for source, _, _ in rows],
        "code": [f"445302010600{i:04d}" if source == CITY else None for i, (source, _, _) in enumerate(rows)],
        "own_number": [plate for _, _, plate in rows],
        "facility_class": ["0106"] * len(rows),
        "lon": pa.array([point and point[0] for point in points], pa.float64()),
        "lat": pa.array([point and point[1] for point in points], pa.float64()),
        "address": pa.array([written for _, _, written in said], pa.string()),
        "address_path": pa.array([road for road, _, _ in said], pa.string()),
        "address_relation": pa.array([relation for _, relation, _ in said], pa.string()),
    }
    store.write_table(tmp_path / "facility.parquet", pa.table(columns))
    settings = Settings(tmp_path, "sqlite://", REPOSITORY / "expectations", None, "duckdb", 1, "1GB")
    kind = kinds.load_all(settings.expectations)["facility"]
    with Engine(settings) as engine:
        records = Records(engine, kind, Live(tmp_path / "facility.parquet"), None)
        return link(records, contract.load_all(settings.expectations), [Model.read(DEFAULT).kinds["facility"]])


def joined(tmp_path, *rows):
    """Pairs of two departments' rows that a score joins."""
    found = linked(tmp_path, *rows).scored
    sure = found.score >= kinds.load_all(REPOSITORY / "expectations")["facility"].link.accept
    pairs = zip(found.u[sure].tolist(), found.v[sure].tolist(), strict=True)
    return [(u, v) for u, v in pairs if rows[u][0] != rows[v][0]]


def listed(tmp_path, *rows):
    """Pairs that a number joins."""
    found = linked(tmp_path, *rows).numbered
    return list(zip(found.u.tolist(), found.v.tolist(), strict=True))


def test_the_number_on_the_plate_joins_however_bad_the_point(tmp_path):
    assert joined(tmp_path, (CITY, 0, "XF1"), (FIRE, 400, "XF1")) == [(0, 1)]
    assert joined(tmp_path, (CITY, 0, "XF1"), (FIRE, 400, None)) == []


def test_without_one_the_nearest_of_two_is_meant(tmp_path):
    assert joined(tmp_path, (CITY, 0, None), (CITY, 16, None), (FIRE, 3, None), (FIRE, 12, None)) == [(0, 2), (1, 3)]


def test_in_the_middle_of_two_nobody_is_meant_unless_the_plate_says(tmp_path):
    assert joined(tmp_path, (CITY, 0, None), (CITY, 8, None), (FIRE, 4, None)) == []
    assert joined(tmp_path, (CITY, 0, None), (CITY, 8, "XF1"), (FIRE, 4, "XF1")) == [(1, 2)]
    assert joined(tmp_path, (CITY, 0, "XF2"), (CITY, 8, None), (FIRE, 4, "XF1")) == [(1, 2)]


def test_a_misread_plate_says_little_and_another_one_much(tmp_path):
    assert joined(tmp_path, (CITY, 0, "XF2255207110"), (FIRE, 3, "0F2255207110")) == [(0, 1)]
    assert joined(tmp_path, (CITY, 0, "XF2255207110"), (FIRE, 3, "XF3412345678")) == []


def test_without_a_point_the_door_it_stands_by_is_meant_where_one_thing_stands_there(tmp_path):
    road = "*|road:人民路"
    near, beside, other = (road, "12 旁"), (road, "12 附近"), (road, "13 附近")
    assert joined(tmp_path, (CITY, 0, None, near), (CITY, 90, None, other), (FIRE, None, None, beside)) == [(0, 2)]
    assert joined(tmp_path, (CITY, 0, None, near), (CITY, 5, None, beside), (FIRE, None, None, beside)) == []
    assert joined(tmp_path, (CITY, 0, None, near), (FIRE, None, None, (road, None))) == []


def test_of_two_at_one_door_the_one_that_no_other_row_stands_for_is_left(tmp_path):
    road = "*|road:人民路"
    here, there = (road, "12 旁"), (road, "12 对面")
    city = [(CITY, 0, None, here), (CITY, 60, None, there)]
    assert joined(tmp_path, *city, (FIRE, None, None, here)) == []
    assert joined(tmp_path, *city, (FIRE, None, None, here), (FIRE, 61, None, there)) == [(0, 2), (1, 3)]


def test_a_village_that_names_no_path_is_a_door_by_its_words(tmp_path):
    here, there = (None, "53 旁", "高峰村53号旁"), (None, "53 对面", "高峰村53号对面")
    assert joined(tmp_path, (CITY, 0, None, here), (FIRE, None, None, there)) == [(0, 1)]
    other = (None, "53 旁", "大塘村53号旁")
    assert joined(tmp_path, (CITY, 0, None, here), (FIRE, None, None, other)) == []


def test_one_point_told_in_two_datums_at_one_door_is_one_thing(tmp_path):
    door = ("*|road:人民路", "12 旁")
    east, north = (column.item() for column in gcj02(np.array([LON]), np.array([LAT])))
    assert joined(tmp_path, (CITY, 0, None, door), (FIRE, (east, north), None, door)) == [(0, 1)]
    assert joined(tmp_path, (CITY, 0, None, door), (FIRE, (east + 40 * METRE, north), None, door)) == []
    assert joined(tmp_path, (CITY, 0, None), (FIRE, (east, north), None)) == []


def test_a_thing_that_a_survey_lists_twice_under_one_plate_is_one_node(tmp_path):
    assert listed(tmp_path, (CITY, 0, "JT1"), (CITY, 2, "JT1"), (CITY, 4, "JT2")) == [(0, 1)]
    assert listed(tmp_path, (CITY, 0, "无"), (CITY, 2, "无"), (CITY, 4, "无")) == []
