"""Layers and old tables that were cut or had bits turned over end as an answer that names the file, never otherwise."""

from __future__ import annotations

import random
import struct

import pytest

from tests.unit.land import layers, old_books, packages
from tests.unit.land.makers import HEADINGS, ROWS, SHEET, Office, encode

KINDS = ("xls", "gpkg", "dbf", "shapefile")
CUTS, TURNED = 5, 7  # of each kind; a long hunt with 150 of each found nothing else
MARK = "张三丰标记"
TELLING = [(str(number), MARK, f"测试路{number}号", "甲") for number in range(12)]


def cuts(data: bytes) -> list[bytes]:
    """The file up to every so many bytes, its first byte and all but the last two included."""
    return [data[: max(len(data) * part // CUTS, 1)] for part in range(CUTS)] + [data[:-2]]


def turned(data: bytes, chance: random.Random) -> list[bytes]:
    """The file with some bits turned over."""
    found = []
    for _ in range(TURNED):
        spoilt = bytearray(data)
        for _ in range(chance.choice((1, 3, 20))):
            spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
        found.append(bytes(spoilt))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_cut_and_spoilt_files_are_answered_and_the_good_one_beside_them_lands(office: Office, kind: str) -> None:
    data = encode(kind, TELLING)
    spoilt = {"cut": cuts(data), "turned": turned(data, random.Random(5))}
    names = {}
    for what, files in spoilt.items():
        for file in files:
            path = office.drop(kind, file, tail=f"-c{len(names) + 1}")
            names[path.name] = what
    good = office.drop(kind, data).name
    told = {str(one["file"]): one for one in office.land(kind)}
    assert told.keys() == {*names, good}
    assert (told[good]["state"], told[good]["rows"]) == ("landed", len(TELLING))
    assert {told[name]["state"] for name, what in names.items() if what == "cut"} == {"refused"}
    assert {told[name]["state"] for name in names} <= {"refused", "landed", "held"}
    for name in names:
        assert str(told[name]["message"]).startswith(name)
        assert MARK not in str(told[name]["message"])


ENDLESS = (
    "DROP TABLE layer; CREATE VIEW layer AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
    "SELECT i AS fid, NULL AS geom, 'x' AS 编号, 'x' AS 姓名, 'x' AS 住址, 'x' AS 备注 FROM n"
)


def bomb(kind: str) -> bytes:
    """A view without end, 300 MB in a small archive, a chain of sectors that goes in a circle, a head that lies."""
    if kind == "gpkg":
        return packages.package(HEADINGS, ROWS, after=ENDLESS)
    if kind == "shapefile":
        return layers.zipped(layers.parts(HEADINGS, ROWS) | {"图层.dbf": bytes(300 << 20)})
    if kind == "xls":
        book = old_books.container(old_books.stream([["标题"], HEADINGS, *ROWS], SHEET))
        chain, circle = struct.pack("<II", 2, 3), struct.pack("<II", 0, 0)
        assert chain in book
        return book.replace(chain, circle, 1)
    table = layers.attributes(HEADINGS, ROWS, "gb18030")
    return table[:4] + struct.pack("<I", 2**31 - 1) + table[8:]


@pytest.mark.parametrize("kind", KINDS)
def test_what_promises_more_than_it_holds_is_refused(office: Office, kind: str) -> None:
    office.drop(kind, bomb(kind))
    [told] = office.land(kind)
    assert told["state"] == "refused"
    assert told["code"] in {"ZIP_BOMB", "DAMAGED", "TRUNCATED", "WRONG_TYPE", "NO_SHEET", "SCHEMA"}
    assert str(told["file"]) in str(told["message"])
