"""Facilities: the number on the plate joins what two departments list, else the nearest of its class."""

import pyarrow as pa

from transforms import contract, kinds, store
from transforms.engine import Engine
from transforms.link.scored import Records, link
from transforms.link.scorer import DEFAULT, Model
from transforms.live import Live
from transforms.run import REPOSITORY, Settings

CITY, FIRE = "chengguan_bujian", "xiaofang_sheshi"
LON, LAT, METRE = 112.0, 22.9, 9.75e-6  # degrees of longitude to a metre, there


def joined(tmp_path, *rows):
    """Pairs of two departments' rows that a score joins.

    A row is (source, metres east or None, number on the plate) and, where it has an address, (road, "door word").
    Within one register resolve joins nothing (``same_source``).
    """
    said = [row[3] if len(row) > 3 else (None, None) for row in rows]
    rows = [row[:3] for row in rows]
    columns = {
        "record_id": [f"r{i}" for i in range(len(rows))],
        "source": [source for source, _, _ in rows],
        "code": [f"445302010600{i:04d}" if source == CITY else None for i, (source, _, _) in enumerate(rows)],
        "own_number": [plate for _, _, plate in rows],
        "facility_class": ["0106"] * len(rows),
        "lon": [None if east is None else LON + east * METRE for _, east, _ in rows],
        "lat": [None if east is None else LAT for _, east, _ in rows],
        "address_path": pa.array([road for road, _ in said], pa.string()),
        "address_relation": pa.array([relation for _, relation in said], pa.string()),
    }
    store.write_table(tmp_path / "facility.parquet", pa.table(columns))
    settings = Settings(tmp_path, "sqlite://", REPOSITORY / "expectations", None, "duckdb", 1, "1GB")
    kind = kinds.load_all(settings.expectations)["facility"]
    with Engine(settings) as engine:
        records = Records(engine, kind, Live(tmp_path / "facility.parquet"), None)
        found = link(records, contract.load_all(settings.expectations), [Model.read(DEFAULT).kinds["facility"]]).scored
    sure = found.score >= kind.link.accept
    pairs = zip(found.u[sure].tolist(), found.v[sure].tolist(), strict=True)
    return [(u, v) for u, v in pairs if rows[u][0] != rows[v][0]]


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
