"""Faults of files that no other test here plants: each by what it is called in tests/faults.csv."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import struct
import tempfile
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.land import layers, old_books
from tests.unit.land.makers import HEADINGS, ROWS, SHEET, Office, contract, encode, workbook
from transforms import contract as contracts
from transforms.errors import ConfigError, RefusedError
from transforms.land import intake
from transforms.standardise import records

NOBODY = 65534


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Root may read everything: be somebody else for a moment."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


def test_a_file_that_nobody_lets_us_read_is_told() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        path = Path(folder, "utf-20261001.csv")
        path.write_text("x")
        path.chmod(0)
        with as_nobody(), pytest.raises(RefusedError) as refused:
            intake.open_regular(path)
        assert refused.value.code == "CANNOT_READ"
        path.chmod(0o644)
        with as_nobody():
            os.close(intake.open_regular(path))


def test_a_file_that_is_still_being_written_waits_for_the_next_scan(office: Office) -> None:
    path = office.drop("utf", encode("utf") * 200_000)
    done = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            while not done.is_set():
                file.write(b"4,x,y,z\n")
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        [told] = office.land("utf")
    finally:
        done.set()
        writer.join()
    assert (told["state"], told["code"], told["batch"]) == ("held", "CHANGING", None)


@pytest.mark.parametrize("kind", ["csv", "utf", "jsonl", "geojson", "xlsx", "parquet"])
def test_a_file_cut_at_any_byte_lands_no_value_that_nobody_sent(office: Office, kind: str) -> None:
    """It is refused; or, cut just behind a whole row, its rows are the first ones as they were sent."""
    data, sent = encode(kind), [row[:3] for row in ROWS]
    step = 1 if kind in ("csv", "utf", "jsonl", "geojson") else max(len(data) // 150, 1)
    codes = set()
    for end in range(0, len(data), step):
        result, table = office.split(kind, data[:end])
        codes.add(result.code)
        if table is not None:
            told = [tuple(row[h] for h in HEADINGS[:3]) for row in table.to_pylist() if row["fault"] is None]
            assert told == sent[: len(told)], end
            assert result.rows <= len(sent)
    assert codes - {None} <= {"EMPTY_FILE", "TRUNCATED", "NOT_JSON", "DAMAGED", "WRONG_TYPE", "SCHEMA", "ENCODING"}
    assert len(codes) > 1


NAMES = [
    os.fsdecode("名单".encode("gbk")),
    "a'b\";--",
    "office_*[0-9]",
    "http:x",
    "$(id)`",
    "\u202egnp",
    "= 1+1",
    "王*芳",
]


def test_any_name_that_keeps_the_pattern_lands_by_its_hash_and_is_shown_in_print(office: Office) -> None:
    """Each is one file in its own place: nothing reads a star as other files, and no name is a path."""
    pattern = r".+-(?P<as_of>\d{8})(?:-c(?P<correction>\d+))?\.csv"
    office.promise(contract("utf", arrives={"file_pattern": pattern}))
    office.drop("csv", encode("csv"))
    for number, name in enumerate(NAMES, 1):
        rows = [(str(number), "张三", "路", "")]
        (office.box("utf") / f"{name}-20261001-c{number}.csv").write_bytes(encode("utf", rows))
    found = office.land("utf")
    assert [one["state"] for one in found] == ["landed"] * len(NAMES)
    assert all(str(one["file"]).isprintable() and str(one["message"]).isprintable() for one in found)
    assert sorted(office.table(one["batch"])["编号"].to_pylist() for one in found) == [[str(n + 1)] for n in range(8)]
    lake = [str(path.relative_to(office.settings.lake)) for path in office.settings.lake.rglob("*")]
    assert [path for path in lake if not path.isascii() or set(path) & set("*[]'\"; $`")] == []


def test_a_mark_in_the_middle_of_a_file_is_no_part_of_a_key(office: Office) -> None:
    """Two files that somebody joined: the second begins with a byte order mark of its own."""
    rest = encode("utf", [("4", "赵六", "路", "")]).split(b"\n", 1)[1]
    result, table = office.split("utf", b"\xef\xbb\xbf" + encode("utf") + b"\xef\xbb\xbf" + rest)
    assert table is not None
    assert (result.code, result.rows) == (None, 4)
    promise = contracts.load(office.path / "expectations" / "contracts" / "office_utf.yml")
    assert records.natural_keys(promise, "person", table.to_pandas()) == [("1",), ("2",), ("3",), ("4",)]


@pytest.mark.parametrize("kind", ["xls", "xlsx", "parquet", "gpkg", "dbf", "shapefile", "geojson", "jsonl"])
@pytest.mark.parametrize("data", [b"<html><table><tr><td>1</td></tr></table></html>", b"%PDF-1.7\n", b"\x1f\x8b\x08\0"])
def test_a_page_or_a_packed_file_is_none_of_any_format(office: Office, kind: str, data: bytes) -> None:
    result, table = office.split(kind, data)
    assert (result.code, table) == ("WRONG_TYPE", None)


def test_a_hundred_files_at_once_are_a_hundred_answers(office: Office) -> None:
    for number in range(1, 101):
        office.drop("utf", encode("utf"), tail=f"-c{number}")
    office.drop("utf", b"")
    states = [one["state"] for one in office.land("utf")]
    assert (states.count("landed"), states.count("refused")) == (100, 1)


def test_a_workbook_with_a_password_is_refused(office: Office) -> None:
    locked = old_books.workbook([HEADINGS], SHEET, names=("EncryptedPackage",))
    assert office.split("xlsx", locked)[0].code == "ENCRYPTED"
    data = bytearray(encode("shapefile"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    assert office.split("shapefile", bytes(data))[0].code == "ENCRYPTED"


def archive_with(*more: tuple[zipfile.ZipInfo, bytes]) -> bytes:
    sink = io.BytesIO(encode("shapefile"))
    with zipfile.ZipFile(sink, "a", zipfile.ZIP_DEFLATED) as made:
        for info, data in more:
            made.writestr(info, data)
    return sink.getvalue()


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_links_doubles_and_places_outside_an_archive_are_refused(office: Office) -> None:
    link = zipfile.ZipInfo("notes.txt")
    link.external_attr = 0o120777 << 16
    spoilt = {
        "link": archive_with((link, b"/etc/passwd")),
        "double": archive_with((zipfile.ZipInfo("图层.dbf"), b"other")),
        "above": archive_with((zipfile.ZipInfo("../图层.txt"), b"x")),
        "absolute": archive_with((zipfile.ZipInfo("/etc/图层.txt"), b"x")),
        "drive": archive_with((zipfile.ZipInfo("C:图层.txt"), b"x")),
        "nameless": archive_with((zipfile.ZipInfo("notes.txt"), b"x")).replace(b"notes.txt", b"\0otes.txt"),
    }
    assert {name: office.split("shapefile", data)[0].code for name, data in spoilt.items()} == dict.fromkeys(
        spoilt, "BAD_ARCHIVE"
    )


def test_a_part_that_is_longer_than_it_says_is_refused(office: Office) -> None:
    parts = layers.parts(HEADINGS, ROWS)
    whole = parts["图层.dbf"]
    data = bytearray(layers.zipped(parts))
    told = len(whole) - 61  # a row less, and the check sum of what is left
    entry = data.index("图层.dbf".encode(), data.index(b"PK\x01\x02")) - 46
    struct.pack_into("<I", data, entry + 16, zlib.crc32(whole[:told]))
    struct.pack_into("<I", data, entry + 24, told)
    with zipfile.ZipFile(io.BytesIO(bytes(data))) as library:
        assert len(library.read("图层.dbf")) == told, "the case: the library reads it without a word"
    assert office.split("shapefile", bytes(data))[0].code == "DAMAGED"


def test_an_archive_in_an_archive_is_no_layer(office: Office) -> None:
    assert office.split("shapefile", layers.zipped({"图层.zip": encode("shapefile")}))[0].code == "WRONG_TYPE"
    assert office.split("xlsx", layers.zipped({"book.xlsx": encode("xlsx")}))[0].code == "WRONG_TYPE"
    assert {office.split(kind, layers.zipped({}))[0].code for kind in ("shapefile", "xlsx")} == {"WRONG_TYPE"}


def test_a_bomb_of_many_parts_is_refused(office: Office) -> None:
    assert office.split("shapefile", layers.zipped({f"{n}.txt": b"" for n in range(2_001)}))[0].code == "ZIP_BOMB"


def test_links_to_other_files_are_refused_and_hidden_rows_told(office: Office) -> None:
    sink = io.BytesIO(encode("xlsx"))
    with zipfile.ZipFile(sink, "a") as made:
        made.writestr("xl/externalLinks/externalLink1.xml", "<x/>")
    assert office.split("xlsx", sink.getvalue())[0].code == "EXTERNAL_LINK"
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADINGS, *ROWS])))
    book[SHEET].row_dimensions[4].hidden = True
    sink = io.BytesIO()
    book.save(sink)
    result, _ = office.split("xlsx", sink.getvalue())
    assert (result.code, result.rows) == (None, len(ROWS))
    assert [note for note in result.notes if "hides" in note and "row 4" in note]
    assert not [note for note in office.split("xlsx", encode("xlsx"))[0].notes if "hides" in note]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "xls", "jsonl", "parquet"])
def test_words_that_programs_take_for_nothing_stay_words(office: Office, kind: str) -> None:
    words = ("NA", "null", "None", "nan", "007", "020", "1E5", "TRUE", "=1+1", "12/3")
    rows = [(str(n), word, word, None if kind == "parquet" else "") for n, word in enumerate(words)]
    data = encode(kind, rows)
    if kind == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(data))
        for row in book[SHEET].iter_rows(min_row=3):
            for cell in row:
                cell.data_type = "s"
        sink = io.BytesIO()
        book.save(sink)
        data = sink.getvalue()
    result, table = office.split(kind, data)
    assert result.code is None
    assert table is not None
    assert table["姓名"].to_pylist() == list(words)


@pytest.mark.parametrize("kind", ["xlsx", "parquet", "jsonl"])
def test_whole_numbers_beside_gaps_stay_whole(office: Office, kind: str) -> None:
    """What a program reads as 1.0 because a cell of the column is empty."""
    numbers = [1, None, 445_300_000_001]
    if kind == "xlsx":
        data = workbook([HEADINGS, *((str(at), "x", number, "") for at, number in enumerate(numbers))])
    elif kind == "parquet":
        sink = io.BytesIO()
        words = [str(at) for at in range(len(numbers))]
        pq.write_table(
            pa.table({"编号": words, "姓名": words, "住址": pa.array(numbers, pa.int64()), "备注": words}), sink,
            write_page_checksum=True,
        )  # fmt: skip
        data = sink.getvalue()
    else:
        rows = [dict(zip(HEADINGS, (str(at), "x", number, ""), strict=True)) for at, number in enumerate(numbers)]
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    result, table = office.split(kind, data)
    assert result.code is None
    assert table is not None
    assert table["住址"].to_pylist() == ["1", None, "445300000001"]


def test_a_number_of_five_thousand_digits_is_a_text(office: Office) -> None:
    long = "9" * 5_000
    result, table = office.split("jsonl", f'{{"编号": {long}, "姓名": "x", "住址": "y"}}\n'.encode())
    assert result.code is None
    assert table is not None
    assert table["编号"].to_pylist() == [long]


DISGUISED = {
    "vrt": b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>'
    b"</OGRVRTDataSource>",
    "gdalg": json.dumps(
        {"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read /etc/passwd"}
    ).encode(),
    "remote": b'{"type": "FeatureCollection", "features": "http://127.0.0.1/x"}',
    "link": b'{"type": "Link", "href": "/vsicurl/http://127.0.0.1/x"}',
}


@pytest.mark.parametrize("name", DISGUISED)
def test_a_layer_that_names_another_file_reads_none(office: Office, name: str) -> None:
    result, table = office.split("geojson", DISGUISED[name])
    assert result.code in {"WRONG_TYPE", "SCHEMA", "NOT_JSON", "EMPTY_FILE", "DAMAGED"}
    assert table is None
    assert "root:" not in result.message


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xlsx", "dbf"])
def test_pickles_and_feathers_are_refused(office: Office, kind: str) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.putenv, ("HARMED",)

    for data in (pickle.dumps(Harm()), b"ARROW1\0\0" + b"\0" * 64, b"FEA1" + b"\0" * 64):
        assert office.split(kind, data)[0].code in {"WRONG_TYPE", "ENCODING", "SCHEMA", "TRUNCATED", "NOT_JSON"}
    assert "HARMED" not in os.environ


def test_statements_in_cells_and_headings_are_texts(office: Office) -> None:
    words = [
        "'; DROP TABLE fact_person; --",
        '" OR 1=1',
        "${jndi:ldap://x}",
        "{{7*7}}",
        "%s%n",
        "<script>alert(1)</script>",
    ]
    rows = [(str(n), word, word, "") for n, word in enumerate(words)]
    result, table = office.split("utf", encode("utf", rows, (*HEADINGS[:3], "备注")))
    assert table is not None
    assert (result.code, table["姓名"].to_pylist()) == (None, words)
    result, _ = office.split("utf", encode("utf", ROWS, ("编号", "姓名", "住址", words[0])))
    assert (result.code, result.extras) == (None, [words[0]])


def test_flipped_bytes_of_parquet_harm_only_their_own_file(office: Office) -> None:
    data = encode("parquet")
    places = range(4, len(data), max(len(data) // 60, 1))
    for number, at in enumerate(places, 1):
        office.drop("parquet", data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :], tail=f"-c{number}")
    found = office.land("parquet")
    assert len(found) == len(places) > 50
    assert {one["state"] for one in found} <= {"landed", "refused", "held"}
    good = [row[1] for row in ROWS]
    read = [office.table(one["batch"])["姓名"].to_pylist() for one in found if one["state"] == "landed"]
    assert all(names == good for names in read), "what was read at all was read right: its pages are checksummed"


def test_the_sheet_may_lie_behind_another(office: Office) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([HEADINGS, *ROWS])))
    other = book.create_sheet("说明", 0)
    other.append(["不是这张表"])
    sink = io.BytesIO()
    book.save(sink)
    result, table = office.split("xlsx", sink.getvalue())
    assert table is not None
    assert (result.code, table["姓名"].to_pylist()) == (None, [row[1] for row in ROWS])


def test_a_head_that_stands_lower_is_found_where_the_contract_says(office: Office) -> None:
    office.promise(contract("utf", arrives={"header_row": 3}))
    told = "某某局名单\n填报人：示例\n".encode() + encode("utf")
    assert office.split("utf", told)[0].code is None
    office.promise(contract("csv"))
    assert office.split("csv", "某某局名单\n填报人：示例\n".encode("gb18030") + encode("csv"))[0].code == "SCHEMA"


@pytest.mark.parametrize("kind", ["shapefile", "gpkg"])
def test_coordinates_need_a_system_that_the_contract_declares(office: Office, kind: str) -> None:
    told = contract(kind)
    del told["arrives"]["crs"]
    office.promise(told)
    with pytest.raises(ConfigError, match="crs"):
        contracts.load(office.path / "expectations" / "contracts" / f"office_{kind}.yml")


def test_a_heading_that_is_somebodys_number_is_told_masked(office: Office) -> None:
    """Two rows of a head slipped into one another: the columns are all there, and one more that is a value."""
    for day, heading, told in (("20261001", "110105199001011239", "＊"), ("20261002", "备用列", "备用列")):
        office.drop("utf", encode("utf", [(*row, "x") for row in ROWS], (*HEADINGS, heading)), day)
        notes = [str(one) for one in office.land("utf") if day in one["file"]]
        assert len(notes) == 1
        assert f"columns the contract does not know: {told}" in notes[0]
        assert "110105199001011239" not in notes[0]
