"""Zipped Shapefiles: what stands in them comes out as text, and what is wrong with them is said."""

from __future__ import annotations

import json
import struct

import pytest
import shapely

from tests.unit.land import layers
from tests.unit.land.makers import HEADINGS, ROWS, Office, contract

OUTER, HOLE = [(0, 0), (0, 9), (9, 9), (9, 0), (0, 0)], [(2, 2), (4, 2), (4, 4), (2, 4), (2, 2)]
AWAY = [(20, 20), (20, 30), (30, 30), (30, 20), (20, 20)]


def promise(office: Office, *headings: str, **arrives: object) -> None:
    told = contract("shapefile", arrives=arrives)
    told["columns"] += [{"heading": h, "to": "person.actual_address", "purpose": "P-ADDRESS"} for h in headings]
    office.promise(told)


def made(**changes: object) -> bytes:
    return layers.zipped(layers.parts(HEADINGS, ROWS, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8"])
@pytest.mark.parametrize("declared", [True, False])
def test_points_are_handed_over_as_geojson_and_as_two_columns(office: Office, encoding: str, declared: bool) -> None:
    promise(office, "geometry.x", "geometry.y", encoding=encoding if declared else None)
    result, table = office.split("shapefile", made(encoding=encoding))
    assert table is not None, result
    assert table["姓名"].to_pylist() == [row[1] for row in ROWS]
    assert json.loads(table["geometry"][0].as_py()) == {"type": "Point", "coordinates": list(layers.PLACE)}
    assert (table["geometry.x"][2].as_py(), table["geometry.y"][2].as_py()) == ("112.1", "22.9")
    assert result.extras == []


def test_holes_lines_and_nothing(office: Office) -> None:
    shapes = [layers.rings(OUTER, AWAY, HOLE), layers.rings(OUTER, AWAY, kind=3), struct.pack("<i", 0)]
    result, table = office.split("shapefile", made(shapes=shapes))
    assert table is not None, result
    polygon, line, nothing = table["geometry"].to_pylist()
    wanted = shapely.MultiPolygon([shapely.Polygon(OUTER, [HOLE]), shapely.Polygon(AWAY)])
    assert shapely.from_geojson(polygon).equals(wanted)
    assert shapely.from_geojson(line).equals(shapely.MultiLineString([OUTER, AWAY]))
    assert nothing is None


@pytest.mark.parametrize(
    "shape",
    [
        struct.pack("<idd", 1, float("nan"), 1.0),
        struct.pack("<id", 1, 1.0),
        layers.rings(OUTER)[:-16],
        layers.rings(OUTER[:-1]),
        layers.rings(OUTER)[:36] + struct.pack("<ii", 1 << 30, 5) + layers.rings(OUTER)[44:],
    ],
)
def test_a_bad_geometry_spoils_only_its_row(office: Office, shape: bytes) -> None:
    good = layers.point(*layers.PLACE)
    result, table = office.split("shapefile", made(shapes=[good, shape, good]))
    assert table is not None, result
    assert table["fault"].to_pylist() == [None, "BAD_GEOMETRY", None]


def test_a_number_field_may_have_lost_digits(office: Office) -> None:
    result, table = office.split("shapefile", made(types="NCCC"))
    assert table is not None, result
    assert table["numeric"].to_pylist() == ["编号"] * 3
    assert table["编号"].to_pylist() == [row[0] for row in ROWS]


def test_a_deleted_record_is_none_and_is_told(office: Office) -> None:
    parts = layers.parts(HEADINGS, ROWS)
    dbf = bytearray(parts["图层.dbf"])
    (first, width) = struct.unpack_from("<HH", dbf, 8)
    dbf[first + width] = ord("*")
    result, table = office.split("shapefile", layers.zipped(parts | {"图层.dbf": bytes(dbf)}))
    assert table is not None, result
    assert table["line"].to_pylist() == [1, 3]
    assert result.notes == ["1 rows are deleted records, no records, first in line 2"]


PARTS = layers.parts(HEADINGS, ROWS)
METRES = b'PROJCS["CGCS2000_3_Degree_GK_CM_111E",GEOGCS["x"]]'
SPOILED = [
    ("no attributes", {"图层.dbf": None}, "BAD_ARCHIVE"),
    ("no index", {"图层.shx": None}, "BAD_ARCHIVE"),
    ("no geometry", {"图层.shp": None}, "WRONG_TYPE"),
    ("two layers", {"另一.shp": PARTS["图层.shp"]}, "BAD_ARCHIVE"),
    ("outside", {"../x.txt": b""}, "BAD_ARCHIVE"),
    ("cut geometry", {"图层.shp": PARTS["图层.shp"][:-20]}, "TRUNCATED"),
    ("cut attributes", {"图层.dbf": PARTS["图层.dbf"][:-80]}, "TRUNCATED"),
    ("no head", {"图层.dbf": b"\x03"}, "TRUNCATED"),
    ("another program's data", {"图层.shp": b"<OGRVRTDataSource/>" * 20}, "WRONG_TYPE"),
    ("one attribute row less", {"图层.dbf": layers.attributes(HEADINGS, ROWS[:2], "gb18030")}, "ROW_COUNT"),
    ("one attribute row more", {"图层.dbf": layers.attributes(HEADINGS, [*ROWS, ROWS[0]], "gb18030")}, "ROW_COUNT"),
    ("one index entry less", {"图层.shx": layers.geometries([layers.point(1, 1)] * 2)[1]}, "ROW_COUNT"),
    ("a memo", {"图层.dbf": layers.attributes(HEADINGS, ROWS, "gb18030", "M")}, "WRONG_TYPE"),
    ("metres", {"图层.prj": METRES}, "WRONG_CRS"),
    ("other encoding told", {"图层.cpg": b"UTF-8"}, "ENCODING"),
    ("other encoding", {"图层.dbf": layers.attributes(HEADINGS, ROWS, "utf-8"), "图层.cpg": b""}, "ENCODING"),
]


@pytest.mark.parametrize(("changed", "code"), [pytest.param(c, code, id=i) for i, c, code in SPOILED])
def test_a_spoiled_layer_is_refused(office: Office, changed: dict[str, bytes | None], code: str) -> None:
    parts = {name: data for name, data in (PARTS | changed).items() if data is not None}
    result, _ = office.split("shapefile", layers.zipped(parts))
    assert result.code in {code, "SCHEMA"} if changed.get("图层.cpg") == b"" else result.code == code, result.message


def test_an_encoding_that_nobody_says_is_refused(office: Office) -> None:
    promise(office, encoding=None)
    parts = {name: data for name, data in PARTS.items() if not name.endswith("cpg")}
    assert office.split("shapefile", layers.zipped(parts))[0].code == "ENCODING"


def test_names_of_an_archive_may_be_any_bytes(office: Office) -> None:
    folder = {f"县\\区/{name}".replace("\\", ""): data for name, data in PARTS.items()}
    result, _ = office.split("shapefile", layers.zipped(folder))
    assert (result.code, result.rows) == (None, len(ROWS))
