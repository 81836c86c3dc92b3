"""A draft from a sample file: what it recognises, what it leaves open, and that nothing personal stands in it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from expectations.contract_infer import OPEN
from expectations.contract_sample import sample
from expectations.lint import lint
from tests.homes import ROOT, Home
from tests.unit.land import layers, old_books, packages
from transforms import contract as contracts
from transforms.errors import ConfigError

SOURCE = "ceshi_xin"
HEADINGS = ["登记号", "姓名", "身份证", "性别", "出生日期", "宗教信仰", "手机", "特长"]
LAYERED = ("fid", "geometry")  # what a layer has beside its attributes
NUMBERS = ["449990199001010011", "44999019900101002X", "449990199001010038"]  # synthetic: area 449990 is no county's
ROWS = [
    [f"DJ{n:03}", f"示例{n}", NUMBERS[n % 3], "男" if n % 2 else "女", f"1990-01-{n % 28 + 1:02}", "无",
     f"1540000{n:04}", f"写字{n}"]
    for n in range(60)
]  # fmt: skip


def csv_text(delimiter: str = ",") -> str:
    return "\n".join(delimiter.join(row) for row in [HEADINGS, *ROWS]) + "\n"


def workbook(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "名单"
    book.active.append(["二〇二六年登记人员名单"])
    for row in [HEADINGS, *ROWS]:
        book.active.append(row)
    book.save(path)


def parquet(path: Path) -> None:
    pq.write_table(pa.table({h: [row[n] for row in ROWS] for n, h in enumerate(HEADINGS)}), path)


def json_lines(path: Path) -> None:
    lines = [json.dumps(dict(zip(HEADINGS, row, strict=True)), ensure_ascii=False) for row in ROWS]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def old_workbook(path: Path) -> None:
    path.write_bytes(old_books.workbook([HEADINGS, *ROWS], "名单"))


def package(path: Path) -> None:
    path.write_bytes(packages.package(HEADINGS, ROWS))


def shapefile(path: Path) -> None:
    parts = layers.parts(HEADINGS, ROWS)
    path.write_bytes(layers.zipped({name: part for name, part in parts.items() if not name.endswith(".cpg")}))


def dbase(path: Path) -> None:
    path.write_bytes(layers.attributes(HEADINGS, ROWS, "gb18030"))


FILES = {
    "a_20261001.xls": (old_workbook, ("xls", None, None, 2)),
    "a_20261001.gpkg": (package, ("gpkg", None, None, 1)),
    "a_20261001.zip": (shapefile, ("shapefile", "gb18030", None, 1)),
    "a_20261001.dbf": (dbase, ("dbf", "gb18030", None, 1)),
    "人员_20261001.csv": (lambda p: p.write_bytes(csv_text().encode("gb18030")), ("csv", "gb18030", ",", 1)),
    "a_20261001.csv": (lambda p: p.write_text(csv_text(), "utf-8-sig"), ("csv", "utf-8-sig", ",", 1)),
    "a_20261001.tsv": (lambda p: p.write_text(csv_text("\t"), "utf-8"), ("csv", "utf-8", "\t", 1)),
    "a_20261001.xlsx": (workbook, ("xlsx", None, None, 2)),
    "a_20261001.parquet": (parquet, ("parquet", None, None, 1)),
    "a-2026-10-01.jsonl": (json_lines, ("jsonl", "utf-8", None, 1)),
}


@pytest.mark.parametrize("name", FILES)
def test_the_form_of_a_file_is_seen_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    write, expected = FILES[name]
    path = tmp_path / "no ending"
    write(path)
    seen = sample(path)
    assert (seen.format, seen.encoding, seen.delimiter, seen.header_row) == expected
    assert [name for name in seen.headings if name not in LAYERED] == HEADINGS
    assert ("geometry" in seen.headings) == (seen.format in ("gpkg", "shapefile"))
    assert (len(seen.rows), seen.whole) == (len(ROWS), True)


def drafted(tmp_path: Path, name: str, write: object) -> tuple[str, dict]:
    path = tmp_path / name
    write(path)  # type: ignore[operator]
    out = tmp_path / f"{SOURCE}.yml"
    Home(tmp_path / "home").call("contract", "infer", str(path), "--source", SOURCE, "--out", str(out))
    text = out.read_text("utf-8")
    return text, yaml.safe_load(text)


@pytest.mark.parametrize("name", FILES)
def test_a_draft_is_a_contract_that_lint_takes(tmp_path: Path, name: str) -> None:
    text, told = drafted(tmp_path, name, FILES[name][0])
    mine = tmp_path / "expectations"
    shutil.copytree(ROOT / "expectations" / "kinds", mine / "kinds")
    (mine / "contracts").mkdir()
    shutil.copy(tmp_path / f"{SOURCE}.yml", mine / "contracts")
    assert [p for p in lint(mine) if SOURCE in p] == []
    draft = contracts.load(mine / "contracts" / f"{SOURCE}.yml")
    assert set(draft.headings) - set(LAYERED) == set(HEADINGS), "no column is forgotten"
    assert draft.key == ("登记号",), "a layer's own numbers are no key"
    assert "DECIDE" in text.splitlines()[0]
    assert told["arrives"]["rows"]["max"] >= len(ROWS)


def test_columns_are_recognised_by_heading_then_by_what_stands_in_them(tmp_path: Path) -> None:
    text, told = drafted(tmp_path, "人员_20261001.csv", FILES["人员_20261001.csv"][0])
    to = {column["heading"]: column["to"] for column in told["columns"]}
    assert to["姓名"] == "person.name"
    assert to["身份证"] == "person.document"
    assert to["手机"] == "person.phone"
    by_heading = {column["heading"]: column for column in told["columns"]}
    assert by_heading["性别"]["codes"] == {"男": "male", "女": "female"}
    assert by_heading["出生日期"]["formats"] == ["%Y-%m-%d"]
    assert by_heading["身份证"]["document_kind"] == "111"
    ignored = {entry["heading"]: entry["reason"] for entry in told["ignored"]}
    assert ignored["特长"] == OPEN
    assert "deny-list" in ignored["宗教信仰"]
    assert "column 特长" in text
    assert told["arrives"]["file_pattern"] == r"人员_(?P<as_of>\d{8})\.csv"


def test_no_cell_of_a_person_stands_in_a_draft(tmp_path: Path) -> None:
    text, _ = drafted(tmp_path, "a_20261001.csv", FILES["a_20261001.csv"][0])
    cells = {cell for row in ROWS for cell in row if cell not in ("男", "女", "无")}
    assert [cell for cell in sorted(cells) if cell in text] == []


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\xfa\x00",
        b"PK\x03\x04nothing",
        b"PAR1nothing",
        b"\xd0\xcf\x11\xe0nothing",
        b"SQLite format 3\0nothing",
        b"\x03\x7e\x01\x01\xff\xff\xff\xff" + b"\xff" * 60,
        b"{not json}\n",
        "姓名,姓名\n1,2\n".encode(),
    ],
    ids=["empty", "no encoding", "zip", "parquet", "old book", "package", "dbase", "json", "twice"],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "x_20261001.csv"
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match=r"x_20261001\.csv"):
        sample(path)
