"""What waits in quarantine, masked, and the pages of departments: from a home after two nights."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from pathlib import Path

import openpyxl
import pytest

from tests.homes import NIGHTS, Home
from transforms import contract
from transforms.receipts.department import Point
from transforms.receipts.department_page import chart, source_page
from transforms.receipts.quarantine import masked
from transforms.run import REPOSITORY


@pytest.mark.parametrize(
    ("value", "shown"),
    [("449990199001010011", "4****************1"), ("王芳", "王*"), ("王小芳", "王*芳"), ("1", "*"),
     ("", None), (None, None),
     ("a\nb", "a*b"), ("x" * 99, "x" + "*" * 20 + "x")],
)  # fmt: skip
def test_a_value_is_masked_but_for_its_ends(value: str | None, shown: str | None) -> None:
    assert masked(value) == shown


def waiting(home: Path) -> list[tuple[str, str, int]]:
    with sqlite3.connect(home / "control.db") as control:
        found: list[tuple[str, str, int]] = control.execute(
            "SELECT source, batch, line FROM quarantine WHERE state = 'open' ORDER BY source, batch, line"
        ).fetchall()
    return found


def test_the_list_the_row_and_the_export_tell_of_the_same_rows(first_night: Path, tmp_path: Path) -> None:
    home, rows = Home(first_night), waiting(first_night)
    assert rows, "the sample city has rows in quarantine"
    for source in {source for source, _, _ in rows}:
        assert source in home.call("quarantine", "list").stdout
    source, batch, line = rows[0]
    assert f"line {line}" in home.call("quarantine", "show", f"{source}:{batch}:{line}").stdout
    missing = home.call("quarantine", "show", f"{source}:{batch}:0", check=False)
    assert "NOT_FOUND" in missing.stderr

    for name in ("q.csv", "q.xlsx"):
        home.call("quarantine", "export", "--out", str(tmp_path / name))
    listed = list(csv.reader(io.StringIO((tmp_path / "q.csv").read_text("utf-8-sig"))))
    assert {(r[0], int(r[3])) for r in listed[1:]} == {(source, line) for source, _, line in rows}
    book = openpyxl.load_workbook(tmp_path / "q.xlsx").worksheets[0]
    assert [[cell or "" for cell in row] for row in book.iter_rows(values_only=True)] == listed
    refused = home.call("quarantine", "export", "--out", str(tmp_path / "q.txt"), check=False)
    assert "ENDING" in refused.stderr


def test_the_list_can_be_narrowed(first_night: Path) -> None:
    home = Home(first_night)
    source = waiting(first_night)[0][0]
    assert home.call("quarantine", "list", "--rule", "NO_SUCH_RULE").stdout.strip() == "nothing waits"
    lines = home.call("quarantine", "list", "--source", source).stdout.strip().splitlines()
    assert lines
    assert all(source in line for line in lines)


def test_a_page_per_source_shows_what_the_databases_say(both_nights: Path, tmp_path: Path) -> None:
    home = Home(both_nights)
    home.call("department", "page", "--out", str(tmp_path / "a"))
    home.call("department", "page", "--out", str(tmp_path / "b"))
    pages = {path.name: path.read_bytes() for path in (tmp_path / "a").iterdir()}
    assert pages == {path.name: path.read_bytes() for path in (tmp_path / "b").iterdir()}, "no clock enters a page"
    with sqlite3.connect(both_nights / "release.db") as release:
        states = release.execute("SELECT source, release, rows FROM source_state").fetchall()
        (placed, known), = release.execute(
            "SELECT count(f.address_id), count(*) FROM fact_person AS f WHERE f.known_to IS NULL AND f.person_id IN"
            " (SELECT entity_id FROM record WHERE source = 'shebao_canbao')"
        ).fetchall()  # fmt: skip
    assert {f"{source}.html" for source, _, _ in states} <= pages.keys()
    text = pages["shebao_canbao.html"].decode()
    assert known
    assert f'<td class="n">{100 * placed / known:.2f}%</td></tr>' in text
    for source, _, rows in states:
        if rows is not None:
            assert f'<td class="n">{rows}</td>' in pages[f"{source}.html"].decode()
    for page in pages.values():
        assert b"<svg" in page or b"<table" in page
        assert not re.search(rb'(?:src|href)="(?!\w+\.html")', page), "nothing is fetched from elsewhere"


def point(release: int, **told: object) -> Point:
    sound = {"release": release, "night": NIGHTS[0], "state": "fresh", "age": 1, "rows": 10, "quarantined": 1,
             "placed": 5, "known": 10}  # fmt: skip
    return Point(**(sound | told))  # type: ignore[arg-type]


def test_a_picture_has_a_gap_where_nothing_is_known() -> None:
    assert chart(list("abc"), [1.0, 2.0, 3.0], "天").count("<line") == 3, "two strokes and the axis"
    assert chart(list("abc"), [1.0, None, 3.0], "天").count("<line") == 1
    assert "<svg" not in chart(list("ab"), [None, None], "天")


def test_a_source_that_never_delivered_has_a_page_too() -> None:
    some = next(iter(contract.load_all(REPOSITORY / "expectations").values()))
    assert "还没有发布过" in source_page(some, [])
    never = source_page(some, [point(1, state="never", age=None, rows=None, quarantined=0, placed=0, known=0)])
    assert "未报送" in never
    assert point(1).quarantine_share == 10.0
    assert point(1).placed_share == 50.0
