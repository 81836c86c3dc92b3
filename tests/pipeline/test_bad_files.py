"""A night with one bad file per source: each fails only itself, says so, and the rest is published and balances."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home

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


def test_each_bad_file_fails_only_itself(first_night: Path, city: Path, tmp_path: Path) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    drops = Path(shutil.copytree(city / "drops" / NIGHTS[0], tmp_path / "drops"))
    expected = {}
    for source, spoil, state in SPOILERS:
        (path,) = (drops / source).iterdir()
        later = path.rename(path.with_name(path.name.replace("20261001", "20261002")))
        spoil(later)
        expected[source] = state
    shown = home.run(NIGHTS[1], drops).stderr
    assert {source: [d["state"] for d in deliveries(home, source)] for source in expected} == {
        source: [state] for source, state in expected.items()
    }
    for source, state in expected.items():
        (told,) = deliveries(home, source)
        assert bool(told["code"]) == (state != LANDED)
        line = f"{source}: {state}, {told['code']}: {told['message']}"
        assert (line in shown.splitlines()) == (state != LANDED)
        assert state == LANDED or str(told["file"]) in str(told["message"])
    with sqlite3.connect(home.path / "control.db") as control:
        rules = control.execute("SELECT rule FROM quarantine WHERE source = 'chengguan_bujian'").fetchall()
    assert {"FAULT_NOT_JSON", "FAULT_CONTROL_CHAR"} <= {rule for (rule,) in rules}
    with sqlite3.connect(home.path / "release.db") as release:
        (people,) = release.execute("SELECT count(*) FROM fact_person WHERE known_to IS NULL").fetchone()
    assert people > 300, "sources stay at their last good state"
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"


@pytest.mark.parametrize("name", ["户籍人口.csv", "a\nb.csv", "x'; DROP TABLE fact_person; --.csv", "*.csv"])
def test_a_strange_name_is_held_and_shown_safely(first_night: Path, city: Path, tmp_path: Path, name: str) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    drops = tmp_path / "drops" / "gongan_hukou"
    drops.mkdir(parents=True)
    (extract,) = (city / "drops" / NIGHTS[0] / "gongan_hukou").iterdir()
    shutil.copy(extract, drops / name)
    home.call("room", "land", "--night", NIGHTS[1], "--drops", str(drops.parent), "--source", "gongan_hukou")
    (told,) = deliveries(home, "gongan_hukou")
    assert (told["state"], told["code"]) == (HELD, "NO_AS_OF")
    assert "\n" not in str(told["file"])
