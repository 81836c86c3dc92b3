"""A night with one bad file per source: each fails only itself, says so, and the rest is published and balances."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import canary
from tests.homes import NIGHTS, ROOT, Home
from transforms import contract as contracts

REFUSED, HELD = "refused", "held"


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def header_only(path: Path) -> None:
    path.write_bytes(path.read_bytes().split(b"\n", 1)[0] + b"\n")


def recoded(path: Path) -> None:
    path.write_bytes(path.read_bytes().decode("gb18030").encode("utf-16"))


def renamed_column(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace("纳税人名称".encode(), "纳税人全称".encode(), 1))


def bad_rows(path: Path) -> None:
    """A line that is no JSON, one with a NUL, one with an unknown code; the file itself is sound."""
    first, second, *others = path.read_text("utf-8").splitlines(keepends=True)
    nul = json.dumps(dict.fromkeys(json.loads(first), "a\0b")) + "\n"
    odd = json.dumps(dict.fromkeys(json.loads(second), "zz")) + "\n"
    path.write_text("".join([first, "{no json}\n", nul, second, odd, *others]), "utf-8")


def no_json(path: Path) -> None:
    path.write_bytes(b"{" + path.read_bytes())


LANDED = "landed"
SPOILERS: list[tuple[str, Callable[[Path], None], str]] = [
    ("gongan_hukou", recoded, REFUSED),
    ("shuiwu_nashui", renamed_column, REFUSED),
    ("shichang_zhuti", empty, REFUSED),
    ("xiaofang_sheshi", cut, REFUSED),
    ("shebao_canbao", cut, REFUSED),
    ("zhengfa_wangge", no_json, REFUSED),
    ("zhujian_fangwu", header_only, HELD),
    ("chengguan_bujian", bad_rows, LANDED),
]


def deliveries(home: Home, source: str) -> list[dict[str, object]]:
    told = home.path / "lake" / "night" / NIGHTS[1] / "land" / source / "deliveries.json"
    found: list[dict[str, object]] = json.loads(told.read_text("utf-8"))
    return found


@dataclass(frozen=True)
class Spoilt:
    """A home after the night in which every file had marked rows and eight of them were spoilt; what it printed."""

    home: Home
    said: str


@pytest.fixture(scope="module")
def spoilt(first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    folder = tmp_path_factory.mktemp("spoilt")
    home = Home.copy_of(first_night, folder / "home")
    drops = canary.marked(Path(shutil.copytree(city / "drops" / NIGHTS[0], folder / "drops")))
    spoilers = {source: spoil for source, spoil, _ in SPOILERS}
    for box in drops.iterdir():
        for path in list(box.iterdir()):
            later = path.rename(path.with_name(path.name.replace("20261001", "20261002")))
            spoilers.get(box.name, lambda path: None)(later)
    (drops / "gongan_hukuo").mkdir()
    for stray in (f"gongan_hukuo/{canary.NUMBER}.csv", f"{canary.NUMBER}.csv"):
        (drops / stray).write_bytes(b"of no source")
    (drops / "dianli_yonghu" / "2026").mkdir()
    done = home.run(NIGHTS[1], drops)
    return Spoilt(home, done.stdout + done.stderr)


def test_what_no_source_takes_is_told_once_at_the_console_and_on_the_page_of_the_night(spoilt: Spoilt) -> None:
    meant = "no contract of this name; did you mean gongan_hukou?"
    lines = spoilt.said.splitlines()
    assert lines.count("drop box: 2 things that no source takes, 2 files, 24 bytes") == 1
    assert f"  gongan_hukuo/ (1 file, 12 bytes): {meant}" in lines
    assert "  ＊.csv (1 file, 12 bytes): lies beside the folders of the sources" in lines
    page = spoilt.home.call("summary", "--night", NIGHTS[1]).stdout
    assert "Drop box: 2 things that no source takes, 2 files, 24 bytes" in page
    assert meant in page
    assert canary.NUMBER not in page
    assert f"Files that do not count: {sum(state != LANDED for *_, state in SPOILERS) + 1}" in page
    assert re.search(r"│ dianli_yonghu +│ 云浮供电局 +│ refused │ NOT_A_FILE +│ 2026: this is a folder", page)
    folder = "this is a folder (0 files, 0 bytes): nothing in it is taken in; lay each file beside it"
    assert f"dianli_yonghu: refused, NOT_A_FILE: 2026: {folder}" in lines


def test_each_bad_file_fails_only_itself(spoilt: Spoilt) -> None:
    home, expected = spoilt.home, {source: state for source, _, state in SPOILERS}
    assert {source: [d["state"] for d in deliveries(home, source)] for source in expected} == {
        source: [state] for source, state in expected.items()
    }
    for source, state in expected.items():
        (told,) = deliveries(home, source)
        assert bool(told["code"]) == (state != LANDED)
        line = f"{source}: {state}, {told['code']}: {told['message']}"
        assert (line in spoilt.said.splitlines()) == (state != LANDED)
        assert state == LANDED or str(told["file"]) in str(told["message"])
    with sqlite3.connect(home.path / "control.db") as control:
        rules = control.execute("SELECT rule FROM quarantine WHERE source = 'chengguan_bujian'").fetchall()
    assert {"FAULT_NOT_JSON", "FAULT_CONTROL_CHAR"} <= {rule for (rule,) in rules}
    with sqlite3.connect(home.path / "release.db") as release:
        (people,) = release.execute("SELECT count(*) FROM fact_person WHERE known_to IS NULL").fetchone()
    assert people > 300, "sources stay at their last good state"
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"


def test_no_marked_value_of_any_source_or_fault_is_in_what_is_told(spoilt: Spoilt, tmp_path: Path) -> None:
    """What is told: logs, reports, messages, pages, the parts of a receipt for programs, control."""
    home = spoilt.home
    sources = [path.name for path in (home.path / "lake" / "raw").parent.joinpath("land").iterdir()]
    assert set(sources) == set(contracts.load_all(ROOT / "expectations"))
    raw = [path.read_bytes() for path in (home.path / "lake" / "raw").rglob("*") if path.is_file()]
    assert {mark for data in raw for mark in canary.found_in(data)} == set(canary.MARKS), "the marks never came in"
    findings = [s for s in sources for d in deliveries(home, s) if d["state"] == LANDED and d["batch"]]
    assert len(set(findings)) >= len(sources) - len(SPOILERS) > 5, "most sources took their marked rows in"
    home.call("receipt", "make", "--night", NIGHTS[1], "--out", str(tmp_path / "receipts"))
    home.call("department", "page", "--out", str(tmp_path / "pages"))
    told = {
        "log": spoilt.said.encode(),
        "quarantine": home.call("quarantine", "list", "--json").stdout.encode(),
        "control": (home.path / "control.db").read_bytes(),
    }
    folders = (tmp_path / "receipts", tmp_path / "pages", home.path / "reports", home.path / "lake")
    for folder in folders:
        paths = [p for ending in ("html", "json", "txt") for p in folder.rglob(f"*.{ending}")]
        assert len(paths) > 20, folder
        told |= {str(path): path.read_bytes() for path in paths}
    assert {where: canary.found_in(data) for where, data in told.items() if canary.found_in(data)} == {}
    assert told_to_others(tmp_path / "receipts", sources) == {}


def told_to_others(receipts: Path, sources: list[str]) -> dict[str, list[str]]:
    """Source → sources whose own mark stands in a workbook of its receipts."""
    marks, found = {canary.own(source): source for source in sources}, {}
    for source in sources:
        books = [zipfile.ZipFile(path) for path in (receipts / source).rglob("*.xlsx")]
        data = b"".join(book.read(name) for book in books for name in book.namelist())
        found[source] = [marks[mark] for mark in canary.found_in(data, marks)]
    assert sum(source in whose for source, whose in found.items()) > 15, "every department reads its own words again"
    return {source: sorted({*whose} - {source}) for source, whose in found.items() if {*whose} - {source}}


def test_no_number_or_phone_is_published_in_clear(spoilt: Spoilt) -> None:
    """Not in a name, a remark or a number of a thing either. What a scheme calls a code is asked for phones alone."""
    shown = []
    with sqlite3.connect(spoilt.home.path / "release.db") as release:
        tables = [name for (name,) in release.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        columns = [(t, row[1]) for t in tables for row in release.execute(f"PRAGMA table_info({t})")]
        for table, column in columns:
            for mark in (canary.NUMBER, canary.PHONE, canary.FAULT):
                query = f"SELECT count(*) FROM {table} WHERE CAST({column} AS TEXT) LIKE ?"
                if release.execute(query, (f"%{mark}%",)).fetchone()[0]:
                    shown.append((table, column, mark))
    assert len(columns) > 200
    assert [one for one in shown if not (one[1].endswith("code") and one[2] == canary.NUMBER)] == []


@pytest.mark.parametrize(
    "name", ["户籍人口.csv", "a\nb.csv", "x'; DROP TABLE fact_person; --.csv", "*.csv", "\x1b[31mred\u202e.csv"]
)
def test_a_strange_name_is_held_and_shown_safely(first_night: Path, city: Path, tmp_path: Path, name: str) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    drops = tmp_path / "drops" / "gongan_hukou"
    drops.mkdir(parents=True)
    (extract,) = (city / "drops" / NIGHTS[0] / "gongan_hukou").iterdir()
    shutil.copy(extract, drops / name)
    home.call("room", "land", "--night", NIGHTS[1], "--drops", str(drops.parent), "--source", "gongan_hukou")
    (told,) = deliveries(home, "gongan_hukou")
    assert (told["state"], told["code"]) == (HELD, "NO_AS_OF")
    assert str(told["file"]).isprintable()
    assert str(told["message"]).isprintable()
