"""The issue's list of bad input, format by format: refused whole, or one row set aside and the others landed."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.land.makers import FORMATS, HEADINGS, POINT, ROWS, Office, contract, encode, feature, workbook
from transforms.errors import RefusedError
from transforms.land import geojson
from transforms.land.job import Found, Job

OTHER = ("统一代码", "名称", "地址", "状态")
TEXTS = ("csv", "utf", "jsonl", "geojson")
CSVS = ("csv", "utf")


def coded(kind: str, text: str) -> bytes:
    return text.encode("gb18030" if kind == "csv" else "utf-8")


def lines(kind: str, *rows: str) -> bytes:
    return coded(kind, "".join(row + "\n" for row in (",".join(HEADINGS), *rows)))


@pytest.mark.parametrize("kind", FORMATS)
def test_a_good_file_is_split_as_it_stands(office: Office, kind: str) -> None:
    result, table = office.split(kind, encode(kind))
    assert (result.code, result.rows, result.extras) == (None, len(ROWS), [])
    assert table is not None
    assert table["姓名"].to_pylist() == [row[1] for row in ROWS]
    assert table["ordinal"].to_pylist() == [1, 2, 3]
    start = {"csv": 2, "utf": 2, "xlsx": 3, "xls": 3}.get(kind, 1)
    assert table["line"].to_pylist() == [start, start + 1, start + 2]
    assert "备注" not in table.column_names
    assert table["fault"].null_count == len(ROWS)
    assert len(set(table["digest"].to_pylist())) == len(ROWS)


@pytest.mark.parametrize("kind", FORMATS)
def test_a_cell_that_no_record_has_refuses_the_file_by_name(
    office: Office, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("rows", "gpkg", "job"):
        monkeypatch.setattr(f"transforms.land.{module}.CELL_BYTES", 60)
    rows = [(str(i), "张三", f"测试路{i}号", "甲") for i in range(3)]
    assert office.split(kind, encode(kind, rows))[0].code is None
    rows[1] = ("1", "张三", "路" * 21, "甲")  # 63 bytes
    result, table = office.split(kind, encode(kind, rows))
    assert (result.code, table) == ("CELL_TOO_LARGE", None)
    assert re.search(r"^(line|feature) [234], column 住址: one value has 63 bytes, and 60 is the most$", result.message)


@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_feature_too_large_is_refused_before_it_is_taken_apart(
    office: Office, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    monkeypatch.setattr("transforms.land.geojson.CELL_BYTES", 200)
    monkeypatch.setattr("transforms.land.geojson.json_text.members", None)  # nothing is taken apart
    features = [feature("{}") for _ in range(3)]
    features[at] = feature("{}", f'{{"type":"Polygon","coordinates":[[{"[112.1,22.9]," * 60}[112.1,22.9]]]}}')
    result, _ = office.split("geojson", f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'.encode())
    assert result.code == "CELL_TOO_LARGE"
    assert result.message.startswith(f"feature {at + 1}: one value has ")


def test_a_drawing_may_be_longer_than_a_text(office: Office) -> None:
    ring = ",".join(f"[112.{i + 1:06d},22.9]" for i in range(5_000))
    properties = json.dumps(dict(zip(HEADINGS, ROWS[0], strict=True)))
    long = feature(properties, f'{{"type":"Polygon","coordinates":[[{ring}]]}}')
    assert len(long) > 64 * 1024
    result, table = office.split("geojson", f'{{"type":"FeatureCollection","features":[{long}]}}'.encode())
    assert (result.code, result.rows) == (None, 1)
    assert table is not None
    assert table["fault"].to_pylist() == [None]


@pytest.mark.parametrize("kind", FORMATS)
def test_an_empty_file_is_refused(office: Office, kind: str) -> None:
    assert office.split(kind, b"")[0].code == "EMPTY_FILE"


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_without_rows_has_none(office: Office, kind: str) -> None:
    data = b"\n\n" if kind == "jsonl" else encode(kind, [])
    result, table = office.split(kind, data)
    assert (result.code, result.rows) == (None, 0)
    assert table is not None
    assert table.num_rows == 0


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
def test_a_cut_file_is_refused(office: Office, kind: str, share: float) -> None:
    data = encode(kind, [(str(i), "张三", f"测试路{i}号", "甲") for i in range(200)])
    at = int(len(data) * share)
    while data[at - 1 : at] == b"\n":  # a cut at the end of a row only control totals can show
        at -= 1
    result, _ = office.split(kind, data[:at])
    assert result.code in {"TRUNCATED", "DAMAGED", "ENCODING"}


@pytest.mark.parametrize("kind", CSVS)
def test_control_totals_vouch_for_a_missing_last_line_break(office: Office, kind: str) -> None:
    data = encode(kind).removesuffix(b"\n")
    assert office.split(kind, data)[0].code == "TRUNCATED"
    result, table = office.split(kind, data, whole=True)
    assert (result.code, result.rows) == (None, 3)
    assert table is not None
    assert table["住址"].to_pylist()[-1] == ROWS[-1][2]


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-16", "big5"])
def test_another_encoding_is_refused(office: Office, kind: str, encoding: str) -> None:
    declared = "gb18030" if kind == "csv" else "utf-8"
    data = encode(kind).decode(declared).encode(encoding, "replace")
    code = office.split(kind, data)[0].code
    assert (code is None) == (encoding == declared)
    if encoding == "utf-16" or declared == "utf-8":
        assert code in (None, "ENCODING")


def test_a_short_file_in_another_encoding_that_decodes_by_luck_is_told(office: Office) -> None:
    headings = ("姓名", "住址", "编号", "备注")
    data = encode("utf", [("甲乙", "测试", "1", "")], headings)
    assert data.decode("gb18030"), "the case: UTF-8 that is also valid GB18030"
    result, _ = office.split("csv", data)
    assert result.code == "ENCODING"
    assert "utf-8" in result.message


@pytest.mark.parametrize("kind", CSVS)
def test_a_byte_order_mark_is_no_part_of_a_heading(office: Office, kind: str) -> None:
    text = encode(kind).decode("gb18030" if kind == "csv" else "utf-8")
    assert office.split(kind, coded(kind, "\ufeff" + text))[0].code is None


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("headings", [("编号", "名字", "住址", "备注"), ("编号", "x", "y", "备注")])
def test_missing_and_renamed_columns_are_refused_and_all_named(
    office: Office, kind: str, headings: tuple[str, ...]
) -> None:
    result, _ = office.split(kind, encode(kind, ROWS, headings))
    assert result.code == "SCHEMA"
    for heading in {"姓名", "住址"} - set(headings):
        assert heading in result.message
    assert "名字" not in result.message, "what the file calls it may be somebody's value"


@pytest.mark.parametrize("kind", FORMATS)
def test_an_ignored_column_may_be_missing_and_columns_may_change_places(office: Office, kind: str) -> None:
    result, table = office.split(kind, encode(kind, [row[2::-1] for row in ROWS], HEADINGS[2::-1]))
    assert result.code is None
    assert table is not None
    assert table["姓名"].to_pylist() == ["张三", "李四", "王五"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_new_column_is_told_and_not_loaded(office: Office, kind: str) -> None:
    result, table = office.split(kind, encode(kind, [(*row, "秘密") for row in ROWS], (*HEADINGS, "新列")))
    assert (result.code, result.extras) == (None, ["新列"])
    assert table is not None
    assert "新列" not in table.column_names


@pytest.mark.parametrize("kind", ["csv", "utf", "xlsx"])
def test_a_doubled_heading_is_refused(office: Office, kind: str) -> None:
    result, _ = office.split(kind, encode(kind, ROWS, ("编号", "姓名", "姓名", "住址")))
    assert result.code == "DUPLICATE_HEADING"
    assert "姓名" in result.message


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_of_another_department_is_recognised(office: Office, kind: str) -> None:
    told = contract("utf", source="office_other", key=["统一代码"], ignored=[])
    told["feeds"] = {"person": {"key": ["统一代码"]}}
    told["columns"] = [{"heading": h, "to": "person.name", "purpose": "P-ORG"} for h in OTHER]
    office.promise(told)
    result, _ = office.split(kind, encode(kind, ROWS, OTHER))
    assert result.code == "OTHER_SOURCE"
    assert "office_other" in result.message


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("shape", FORMATS)
def test_bytes_of_another_format_are_refused(office: Office, kind: str, shape: str) -> None:
    result, _ = office.split(kind, encode(shape))
    assert (result.code is None) == (kind == shape)
    wrong = "SCHEMA" if (kind, shape) == ("jsonl", "geojson") else "WRONG_TYPE"  # a collection is an object on a line
    assert result.code in {None, wrong, "ENCODING"}


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b"a,b\n1,2\n", mtime=0), b"<html><table></table></html>", b"%PDF-1.7\n", b"PK\x03\x04"],
    ids=["gzip", "html", "pdf", "zip"],
)
def test_a_name_that_lies_is_refused(office: Office, data: bytes) -> None:
    assert office.split("utf", data)[0].code == "WRONG_TYPE"


FAULTY = [
    ("extra field in the first row", ["1,张三,路,甲,多", "2,李四,路,乙"], ["FIELD_COUNT", None]),
    ("extra field in a middle row", ["1,张三,路,甲", "2,李四,路,乙,多", "3,王五,路,丙"], [None, "FIELD_COUNT", None]),
    ("short row", ["1,张三,路,甲", "2,李四", "3,王五,路,丙"], [None, "FIELD_COUNT", None]),
    ("NUL", ["1,张三,路,甲", "2,李\0四,路,乙", "3,王五,路,丙"], [None, "CONTROL_CHAR", None]),
    ("unclosed quote", ["1,张三,路,甲", '2,"李四,路,乙', "3,王五,路,丙"], [None, "UNCLOSED_QUOTE", None]),
    ("unclosed before quoted", ["1,张三,路,甲", '2,"李四,路,乙', '3,"王五",路,丙'], [None, "UNCLOSED_QUOTE", None]),
    ("stray quote", ["1,张三,路,甲", '2,李"四,路,乙', "3,王五,路,丙"], [None, None, None]),
    ("too long", ["1,张三,路,甲", f"2,李四,{'路' * 30_000},乙", "3,王五,路,丙"], [None, "FIELD_TOO_LONG", None]),
]


@pytest.mark.parametrize("kind", CSVS)
@pytest.mark.parametrize(("rows", "faults"), [case[1:] for case in FAULTY], ids=[case[0] for case in FAULTY])
def test_a_bad_row_spoils_only_itself(office: Office, kind: str, rows: list[str], faults: list[str | None]) -> None:
    result, table = office.split(kind, lines(kind, *rows))
    assert (result.code, result.rows) == (None, len(rows))
    assert table is not None
    assert table["fault"].to_pylist() == faults
    assert table["line"].to_pylist() == list(range(2, len(rows) + 2))
    for at, fault in enumerate(faults):
        told = table["姓名"][at].as_py()
        assert told == (None if fault else rows[at].split(",")[1].strip('"'))


@pytest.mark.parametrize("kind", CSVS)
def test_a_quote_left_open_without_a_row_after_it_is_refused_with_its_line(office: Office, kind: str) -> None:
    result, _ = office.split(kind, lines(kind, "1,张三,路,甲", '2,"李四,路,乙', "3,王五", "4,赵六,路,丁"))
    assert result.code == "UNCLOSED_QUOTE"
    assert "line 3" in result.message
    assert "李" not in result.message
    assert office.split(kind, lines(kind, "1,张三,路,甲", '2,"李四,路,乙'))[0].code == "TRUNCATED"


@pytest.mark.parametrize("kind", CSVS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_kind_and_blank_lines(office: Office, kind: str, end: str) -> None:
    rows = [",".join(HEADINGS), "1,张三,路,甲", "", '2,"李\n四",路,乙', "3,王五,路,丙"]
    result, table = office.split(kind, coded(kind, end.join(rows) + end))
    assert (result.code, result.rows) == (None, 3)
    assert table is not None
    assert table["line"].to_pylist() == [2, 4, 6]
    assert table["姓名"].to_pylist() == ["张三", "李\n四", "王五"]


JSON_ROWS = [
    ("[1, 2]", "NOT_AN_OBJECT"),
    ('{"姓名": "甲", "姓名": "乙"}', "DUPLICATE_KEY"),
    ('{"姓名": "甲"', "NOT_JSON"),
    ('{"姓名": NaN}', "NOT_JSON"),
    (r'{"姓名": "\ud800"}', "LONE_SURROGATE"),
    (r'{"姓名": "a\u0000b"}', "CONTROL_CHAR"),
]


@pytest.mark.parametrize(("row", "fault"), JSON_ROWS)
def test_a_bad_json_line_spoils_only_itself(office: Office, row: str, fault: str) -> None:
    good = encode("jsonl").decode().splitlines()
    result, table = office.split("jsonl", "\n".join([good[0], row, good[1], ""]).encode())
    assert result.code is None
    assert table is not None
    assert table["fault"].to_pylist() == [None, fault, None]


@pytest.mark.parametrize(
    ("one", "fault"),
    [
        ("7", "NOT_AN_OBJECT"),
        ('{"type": "Point", "coordinates": [1, 2]}', "NOT_A_FEATURE"),
        (feature('{"姓名": "甲", "姓名": "乙"}'), "DUPLICATE_KEY"),
        (feature(r'{"姓名": "\ud800"}'), "LONE_SURROGATE"),
    ],
)
def test_a_bad_feature_spoils_only_itself(office: Office, one: str, fault: str) -> None:
    good = feature('{"编号": "1", "姓名": "张三", "住址": "路"}')
    document = f'{{"type": "FeatureCollection", "features": [{good}, {one}, {good}]}}'
    result, table = office.split("geojson", document.encode())
    assert result.code is None
    assert table is not None
    assert table["fault"].to_pylist() == [None, fault, None]
    assert table["line"].to_pylist() == [1, 2, 3]


TRICKY = [
    feature('{"姓名": "},{\\"", "住址": [{"a": 1}, {"b": [{}, {}]}]}'),
    feature(r'{"姓名": "\ud800 \\", "住址": "}, {"}'),
    '{"geometry": {"type": "GeometryCollection", "geometries": [{}, {}, {}]}, "type": "Feature"}',
]


@pytest.mark.parametrize("after", ["", ', "x": [{"a": 1}, {"a": 2}]'])
@pytest.mark.parametrize("before", ["", '"crs": {"a": [{}, {}]}, '])
def test_features_are_counted_piece_by_piece(monkeypatch: pytest.MonkeyPatch, before: str, after: str) -> None:
    document = f'{{{before}"type": "FeatureCollection", "features": [{" , ".join(TRICKY * 4)}]{after}}}'
    job = Job("b", "geojson", "utf-8", ",", 1, None, (), (), {}, whole=True, memory=0, cpu=0)
    for size in (1, 40, 200, 700, 10_000):
        monkeypatch.setattr(geojson, "_PIECE", size)
        geojson.count(job, io.BytesIO(document.encode()), Found(rows=12))
        for wrong in (11, 13):
            with pytest.raises(RefusedError) as refused:
                geojson.count(job, io.BytesIO(document.encode()), Found(rows=wrong))
            assert refused.value.code == "ROW_COUNT"
        with pytest.raises(RefusedError) as refused:
            geojson.count(job, io.BytesIO(document.replace('"b"', '"b').encode()), Found(rows=12))
        assert refused.value.code == "NOT_JSON"


def test_json_values_are_kept_as_written(office: Office) -> None:
    row = '{"编号": 44530219900101123400, "姓名": {"a":  [1.50]}, "住址": 1.10, "备注": null}\n'
    result, table = office.split("jsonl", (row + '{"编号": true, "姓名": " x ", "住址": null}\n').encode())
    assert result.code is None
    assert table is not None
    assert table["编号"].to_pylist() == ["44530219900101123400", "true"]
    assert table["姓名"].to_pylist() == ['{"a":  [1.50]}', " x "]
    assert table["住址"].to_pylist() == ["1.10", None]
    result, table = office.split("geojson", encode("geojson"))
    assert table is not None
    assert table["geometry"].to_pylist() == [POINT] * 3


@pytest.mark.parametrize("kind", ["jsonl", "geojson"])
def test_deep_nesting_is_refused(office: Office, kind: str) -> None:
    deep = "[" * 20_000 + "]" * 20_000
    row = json.dumps({"编号": "1", "住址": "路"})[:-1] + f', "姓名": {deep}}}'
    data = row + "\n" if kind == "jsonl" else f'{{"type": "FeatureCollection", "features": [{feature(row)}]}}'
    assert office.split(kind, data.encode())[0].code == "TOO_DEEP"


def test_an_identity_number_typed_as_a_number_is_marked(office: Office) -> None:
    rows = [
        HEADINGS,
        (119991199001011234, "张三", 12, "甲"),
        ("119991199001011234", "李四", "1.5", ""),
        (7.25, 1, True, ""),
    ]
    result, table = office.split("xlsx", workbook(rows))
    assert result.code is None
    assert table is not None
    assert table["numeric"].to_pylist() == ["住址|编号", None, "姓名|编号"]
    first, second, third = table["编号"].to_pylist()
    assert first.isdecimal()
    assert len(first) == 18
    assert (second, third) == ("119991199001011234", "7.25")
    assert table["住址"].to_pylist() == ["12", "1.5", "TRUE"]


def test_rows_of_a_sheet_that_lost_their_value_are_set_aside(office: Office) -> None:
    rows = [HEADINGS, ("1", "#N/A", "路", ""), ("2", "=1+1", "路", ""), (None,) * 4, ("4", "赵六", "路", "#N/A")]
    result, table = office.split("xlsx", workbook(rows))
    assert result.code is None
    assert table is not None
    assert table["fault"].to_pylist() == ["NO_VALUE", "NO_VALUE", None]
    assert table["line"].to_pylist() == [3, 4, 6]


def test_the_sheet_is_found_by_its_name_only(office: Office) -> None:
    assert office.split("xlsx", workbook([HEADINGS, *ROWS], "其他"))[0].code == "NO_SHEET"


def rezipped(data: bytes, **changed: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changed.pop(name.rpartition("/")[2].partition(".")[0], old.read(name)))
        for name, content in changed.items():
            new.writestr(f"xl/{name}.bin", content)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"vbaProject": b"x"}, "MACRO"),
        ({"workbook": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'}, "DTD"),
        ({"styles": b" " * (120 << 20)}, "ZIP_BOMB"),
    ],
)
def test_a_workbook_is_looked_over_before_it_is_read(office: Office, changed: dict[str, bytes], code: str) -> None:
    assert office.split("xlsx", rezipped(encode("xlsx"), **changed))[0].code == code


def test_parquet_damage_is_found_by_its_page_checksums(office: Office) -> None:
    sink = io.BytesIO()
    table = pa.table({h: [f"{h}{i}" for i in range(5000)] for h in HEADINGS})
    pq.write_table(table, sink, write_page_checksum=True, compression="none", use_dictionary=False)
    data = bytearray(sink.getvalue())
    assert office.split("parquet", bytes(data))[0].code is None
    data[len(data) // 2] ^= 1
    assert office.split("parquet", bytes(data))[0].code == "DAMAGED"


def test_parquet_types_become_text(office: Office) -> None:
    sink = io.BytesIO()
    columns = {
        "编号": pa.array([445391199001011234, None]),
        "姓名": pa.array([1.5, 1e17]),
        "住址": pa.array([None, b"x"]),
    }
    pq.write_table(pa.table(columns), sink)
    result, table = office.split("parquet", sink.getvalue())
    assert result.code is None
    assert table is not None
    assert table["编号"].to_pylist() == ["445391199001011234", None]
    assert table["姓名"].to_pylist() == ["1.5", "100000000000000000"]
    assert table["numeric"].to_pylist() == ["姓名", "姓名"]
