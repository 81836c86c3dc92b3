"""GeoPackages and dBase tables beyond what every format is held to: geometry, types, and files that mean harm."""

from __future__ import annotations

import pytest

from tests.unit.land import layers, packages
from tests.unit.land.makers import HEADINGS, ROWS, Office, contract

RING = [(112.0, 22.9), (112.1, 22.9), (112.1, 23.0), (112.0, 22.9)]


def test_geometries_of_a_package(office: Office) -> None:
    shapes = [packages.polygon(RING), None, packages.point(112.5, 22.5)]
    _, table = office.split("gpkg", packages.package(HEADINGS, ROWS, shapes=shapes))
    assert table is not None
    polygon, nothing, point = table["geometry"].to_pylist()
    assert polygon == '{"type":"Polygon","coordinates":[[[112.0,22.9],[112.1,22.9],[112.1,23.0],[112.0,22.9]]]}'
    assert nothing is None
    assert point == '{"type":"Point","coordinates":[112.5,22.5]}'


@pytest.mark.parametrize(
    "shape",
    [b"GP", b"no geometry at all", packages.point(1.0, 2.0)[:-1], packages.point(float("nan"), 2.0),
     packages.point(1.0, 2.0) + b"x", packages.point(1.0, 2.0).replace(b"\x01\x01\0\0\0", b"\x01\x11\0\0\0")],
    ids=["short", "other", "cut", "nan", "longer", "kind"],
)  # fmt: skip
def test_a_bad_geometry_spoils_only_its_row(office: Office, shape: bytes) -> None:
    shapes = [packages.point(*packages.PLACE), shape, packages.point(*packages.PLACE)]
    result, table = office.split("gpkg", packages.package(HEADINGS, ROWS, shapes=shapes))
    assert (result.code, result.rows) == (None, 3)
    assert table is not None
    assert table["fault"].to_pylist() == [None, "BAD_GEOMETRY", None]


def test_types_of_a_package_become_text(office: Office) -> None:
    rows = [(440106, 1.5, "路", None), (2**60, 4.41e17, "", "x")]
    _, table = office.split("gpkg", packages.package(HEADINGS, rows))
    assert table is not None
    assert table["编号"].to_pylist() == ["440106", str(2**60)]
    assert table["姓名"].to_pylist() == ["1.5", "441000000000000000"]
    assert table["住址"].to_pylist() == ["路", ""]
    assert table["numeric"].to_pylist() == ["姓名", "姓名"], "a float may have lost digits, a whole number has not"


def test_many_rows_are_counted_over_all_pages(office: Office) -> None:
    rows = [(str(n), "张三", "测试路" * 30, "甲") for n in range(3_000)]
    result, _ = office.split("gpkg", packages.package(HEADINGS, rows))
    assert (result.code, result.rows) == (None, len(rows))


KEYLESS = "(fid INTEGER PRIMARY KEY, geom BLOB, 编号, 姓名, 住址, 备注) WITHOUT ROWID"
HOSTILE = {
    "view": ("DROP TABLE layer; CREATE VIEW layer AS SELECT 1 AS fid, NULL AS geom", "WRONG_TYPE"),
    "metres": ("UPDATE gpkg_spatial_ref_sys SET definition = 'PROJCS[\"x\"]'", "WRONG_CRS"),
    "no layer": ("DELETE FROM gpkg_contents", "NO_SHEET"),
    "two layers": ("INSERT INTO gpkg_contents VALUES ('more', 'features', 1)", "NO_SHEET"),
    "layer without a name": ("UPDATE gpkg_contents SET table_name = NULL", "DAMAGED"),
    "name of no text": ("UPDATE gpkg_geometry_columns SET column_name = x'ff'", "DAMAGED"),
    "column without a name": ("UPDATE gpkg_geometry_columns SET column_name = NULL", "DAMAGED"),
    "no such column": ("UPDATE gpkg_geometry_columns SET column_name = 'GP'", "DAMAGED"),
    "no package": ("DROP TABLE gpkg_contents", "DAMAGED"),
    "no text": ("UPDATE layer SET 姓名 = CAST(x'ff' AS TEXT)", "ENCODING"),
    "keyless": (f"CREATE TABLE b {KEYLESS}; DROP TABLE layer; ALTER TABLE b RENAME TO layer", "DAMAGED"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_package_that_means_harm_is_refused(office: Office, name: str) -> None:
    spoil, code = HOSTILE[name]
    assert office.split("gpkg", packages.package(HEADINGS, ROWS, after=spoil))[0].code == code


def test_a_trigger_a_strange_name_or_a_column_that_computes_does_nothing(office: Office) -> None:
    trigger = "CREATE TRIGGER t AFTER INSERT ON layer BEGIN DELETE FROM layer; END"
    spoil = f'{trigger}; CREATE TABLE "a; DROP TABLE b" (c); ALTER TABLE layer ADD COLUMN more AS (zeroblob(1 << 40))'
    result, _ = office.split("gpkg", packages.package(HEADINGS, ROWS, after=spoil))
    assert (result.code, result.rows) == (None, len(ROWS))


@pytest.mark.parametrize(("layer", "code"), [("layer", None), ("absent", "NO_SHEET")])
def test_the_layer_is_found_by_its_name(office: Office, layer: str, code: str | None) -> None:
    office.promise(contract("gpkg", arrives={"sheet": layer}))
    two = "INSERT INTO gpkg_contents VALUES ('more', 'features', 1)"
    assert office.split("gpkg", packages.package(HEADINGS, ROWS, after=two))[0].code == code


def test_every_flipped_byte_of_a_package_is_refused_or_read_as_rows(office: Office) -> None:
    data = packages.package(HEADINGS, ROWS)
    for at in range(0, len(data), len(data) // 300):
        spoilt = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        result, table = office.split("gpkg", spoilt)
        assert (result.code is None) == (table is not None)
        assert result.code not in ("UNREADABLE", "PARSER_STOPPED"), at


def test_a_deleted_record_and_the_types_of_a_dbase_table(office: Office) -> None:
    data = bytearray(layers.attributes(HEADINGS, ROWS, "gb18030", types="NCCC"))
    first = int.from_bytes(data[8:10], "little")
    width = int.from_bytes(data[10:12], "little")
    data[first + width] = ord("*")
    result, table = office.split("dbf", bytes(data))
    assert (result.code, result.rows) == (None, 2)
    assert table is not None
    assert table["line"].to_pylist() == [1, 3]
    assert table["numeric"].to_pylist() == ["编号", "编号"]
    assert any("deleted" in note for note in result.notes)


@pytest.mark.parametrize(
    ("at", "byte", "code"),
    [(4, 99, "TRUNCATED"), (10, 1, "DAMAGED"), (43, ord("M"), "WRONG_TYPE"), (0, 0x30, "WRONG_TYPE")],
    ids=["more records", "width", "memo", "foxpro"],
)
def test_a_dbase_table_that_lies_is_refused(office: Office, at: int, byte: int, code: str) -> None:
    data = bytearray(layers.attributes(HEADINGS, ROWS, "gb18030"))
    data[at] = byte
    assert office.split("dbf", bytes(data))[0].code == code


def test_a_dbase_table_cut_behind_its_head_is_refused(office: Office) -> None:
    data = layers.attributes(HEADINGS, ROWS, "gb18030")
    for length in (33, 64, 65, 96):
        assert office.split("dbf", data[:length])[0].code == "TRUNCATED"


def test_a_dbase_table_may_be_padded_with_nothing_and_end_without_a_mark(office: Office) -> None:
    data = layers.attributes(HEADINGS, [*ROWS[:2], ("3", "王五", "", "")], "gb18030").rstrip(b"\x1a")
    stripped = data.rstrip(b" ")
    assert len(stripped) < len(data)
    result, table = office.split("dbf", stripped.ljust(len(data), b"\0"))
    assert (result.code, result.rows) == (None, 3)
    assert table is not None
    assert table["姓名"].to_pylist() == ["张三", "李四", "王五"]


def test_a_dbase_table_with_more_rows_than_its_head_says_is_refused(office: Office) -> None:
    data = bytearray(layers.attributes(HEADINGS, ROWS, "gb18030"))
    data[4] = 2
    assert office.split("dbf", bytes(data))[0].code == "ROW_COUNT"
