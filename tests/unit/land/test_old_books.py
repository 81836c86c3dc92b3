"""Old workbooks beyond what every format is held to: cell types, lost values, and files that mean harm."""

from __future__ import annotations

import struct

import pytest

from tests.unit.land import old_books
from tests.unit.land.makers import HEADINGS, ROWS, SHEET, Office, encode


def test_a_number_in_an_old_workbook_is_marked(office: Office) -> None:
    rows = [HEADINGS, ["1", 441900199001011.0, "测试路1号", None], [2.0, "李四", None, "x"]]
    result, table = office.split("xls", old_books.workbook(rows, SHEET))
    assert (result.code, result.rows) == (None, 2)
    assert table is not None
    assert table["姓名"].to_pylist() == ["441900199001011", "李四"]
    assert table["numeric"].to_pylist() == ["姓名", "编号"]
    assert table["住址"].to_pylist() == ["测试路1号", None]


def test_a_row_that_lost_its_value_is_set_aside(office: Office) -> None:
    rows = [
        HEADINGS,
        ["1", "张三", "路", None],
        ["2", old_books.error(), "路", None],
        [None] * 4,
        ["3", "王五", "路", None],
    ]
    result, table = office.split("xls", old_books.workbook(rows, SHEET))
    assert (result.code, result.rows) == (None, 3)
    assert table is not None
    assert table["fault"].to_pylist() == [None, "NO_VALUE", None]
    assert table["line"].to_pylist() == [3, 4, 6]


def test_the_sheet_is_found_by_its_name_only(office: Office) -> None:
    assert office.split("xls", old_books.workbook([HEADINGS, *ROWS], "another"))[0].code == "NO_SHEET"


def _book(text: bytes) -> bytes:
    """What a workbook refers to stands behind the list of its sheets ([MS-XLS] 2.1.7.20.3)."""
    return old_books.workbook([HEADINGS, *ROWS], SHEET, behind=old_books.record(0x1AE, text))


HARMFUL = {
    "macros": (old_books.workbook([HEADINGS, *ROWS], SHEET, names=("Workbook", "_VBA_PROJECT_CUR")), "MACRO"),
    "password": (old_books.workbook([HEADINGS, *ROWS], SHEET, old_books.record(0x2F, b"\1\0" * 27)), "ENCRYPTED"),
    "protected": (old_books.workbook([HEADINGS, *ROWS], SHEET, names=("EncryptedPackage",)), "ENCRYPTED"),
    "other file": (_book(struct.pack("<HH", 1, 9) + b"\0file.xls"), "EXTERNAL_LINK"),
    "no workbook": (old_books.workbook([HEADINGS, *ROWS], SHEET, names=("WordDocument",)), "WRONG_TYPE"),
    "older": (old_books.container(struct.pack("<HHHH", 9, 4, 2, 16)), "WRONG_TYPE"),
    "nothing": (old_books.container(b""), "WRONG_TYPE"),
    "half a head": (encode("xls")[:300], "TRUNCATED"),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_an_old_workbook_that_means_harm_is_refused(office: Office, name: str) -> None:
    data, code = HARMFUL[name]
    assert office.split("xls", data)[0].code == code


@pytest.mark.parametrize(
    "book",
    [struct.pack("<HH", 1, 0x0401), struct.pack("<HH", 1, 0x3A01), struct.pack("<HHBB", 0, 1, 0, ord(" "))],
    ids=["itself", "add-ins", "nothing"],
)
def test_its_own_references_are_no_links(office: Office, book: bytes) -> None:
    assert office.split("xls", _book(book))[0].code is None


def test_rows_that_the_sheet_hides_are_read_and_told(office: Office) -> None:
    above = old_books.hidden(0) + old_books.hidden(3) + old_books.hidden(99)  # a title, a record, and nothing
    result, _ = office.split("xls", old_books.workbook([HEADINGS, *ROWS], SHEET, above=above))
    assert (result.code, result.rows) == (None, len(ROWS))
    assert [note for note in result.notes if "1 rows" in note and "row 4" in note]
    assert not [note for note in office.split("xls", encode("xls"))[0].notes if "hides" in note]


def test_an_old_workbook_cut_in_its_allocation_table_is_named_so(office: Office) -> None:
    """The library that reads the values ends its process on one."""
    data = encode("xls")
    for length in (len(data) - 1, len(data) - 500):
        assert office.split("xls", data[:length])[0].code == "TRUNCATED"


def test_flipped_bytes_harm_only_their_own_file(office: Office) -> None:
    """The library that reads old workbooks ends its process on some of these: that is what the parser's own is for."""
    data = encode("xls")
    places = [*range(30, 80, 2), *range(512, 700, 12), *range(700, len(data), 199)]
    for number, at in enumerate(places, 1):
        office.drop("xls", data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :], tail=f"-c{number}")
    found = office.land("xls")
    assert len(found) == len(places) > 50
    assert {one["state"] for one in found} <= {"landed", "refused", "held"}
    refused = [one["code"] for one in found if one["state"] == "refused"]
    assert len(refused) > 10
    assert "UNREADABLE" not in refused
