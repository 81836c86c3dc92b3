"""A changed contract or lookup: what a replay would touch, that it touches exactly that, and the way back."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
from pathlib import Path

import pytest
import yaml

from tests.homes import NIGHTS, ROOT, Home

SOURCE, SENT, ENCODING = "jiaoyu_xueji", "学籍20261001.tsv", "gb18030"
NAME, OPTIONAL = "学生姓名", "现住地址"


def changed(folder: Path, name: str, text: str) -> tuple[tuple[str, str], ...]:
    """A copy of the expectations in which one file says something else, as the setting that names it."""
    copy = Path(shutil.copytree(ROOT / "expectations", folder))
    assert text != (copy / name).read_text("utf-8")
    (copy / name).write_text(text, "utf-8")
    return (("GRIDFACTS_EXPECTATIONS", str(copy)),)


def blank_lines(city: Path) -> set[int]:
    text = (city / "drops" / NIGHTS[0] / SOURCE / SENT).read_bytes().decode(ENCODING)
    rows = csv.DictReader(io.StringIO(text), delimiter="\t")
    return {at for at, row in enumerate(rows, 2) if row[OPTIONAL].strip() in ("", "无", "暂无", "-", "—", "/", "不详")}


def in_quarantine(home: Home) -> dict[int, tuple[str, str]]:
    with sqlite3.connect(home.path / "control.db") as control:
        rows = control.execute(f"SELECT line, rule, state FROM quarantine WHERE source = '{SOURCE}'").fetchall()
    return {line: (rule, state) for line, rule, state in rows}


@pytest.fixture
def home_now(both_nights: Path, tmp_path: Path) -> Home:
    return Home.copy_of(both_nights, tmp_path / "home")


def test_a_stricter_contract_and_the_way_back(home_now: Home, city: Path, tmp_path: Path) -> None:
    checksum = home_now.checksum()
    nothing = json.loads(home_now.call("replay", "--dry-run", "--json").stdout)
    assert nothing == [], "nothing changed, nothing is made anew"

    name = f"contracts/{SOURCE}.yml"
    promise = yaml.safe_load((ROOT / "expectations" / name).read_text("utf-8"))
    [column] = [one for one in promise["columns"] if one["heading"] == OPTIONAL]
    column["required"] = True
    strict = changed(tmp_path / "strict", name, yaml.safe_dump(promise, allow_unicode=True, sort_keys=False))
    home = Home(home_now.path, strict)
    waited = in_quarantine(home)
    expected = blank_lines(city) - set(waited)
    assert expected

    [told] = json.loads(home.call("replay", "--dry-run", "--json").stdout)
    assert (told["batch"].split("-")[0], told["caught"], told["freed"]) == (SOURCE, len(expected), 0)
    assert (home.checksum(), in_quarantine(home)) == (checksum, waited), "a dry run changes nothing"
    home.call("balance", "--night", NIGHTS[1])

    out = tmp_path / "out"
    [done] = json.loads(home.call("replay", "--out", str(out), "--json").stdout)
    assert done == told
    assert {line for line, row in in_quarantine(home).items() if row == ("REQUIRED", "open")} == expected
    receipt = json.loads((out / SOURCE / NIGHTS[1] / f"{SENT}.回执.json").read_text("utf-8"))
    assert receipt["counts"]["quarantined"] == len(expected | set(waited))
    assert home.checksum() != checksum
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"

    home = home_now
    [back] = json.loads(home.call("replay", "--json").stdout)
    assert (back["caught"], back["freed"]) == (0, len(expected))
    assert home.checksum() == checksum, "nobody had to send anything again"
    assert {row for line, row in in_quarantine(home).items() if line in expected} == {("REQUIRED", "closed")}
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"


def test_a_lookup_says_which_rows_it_would_touch(home_now: Home, city: Path, tmp_path: Path) -> None:
    text = (city / "drops" / NIGHTS[0] / SOURCE / SENT).read_bytes().decode(ENCODING)
    names = [row[NAME].strip() for row in csv.DictReader(io.StringIO(text), delimiter="\t")]
    common = max({name[0] for name in names if name}, key=lambda one: (sum(n.startswith(one) for n in names), one))
    lookup = "lookups/surname_readings.csv"
    before = (ROOT / "expectations" / lookup).read_text("utf-8")
    assert f"\n{common}," not in before
    home = Home(home_now.path, changed(tmp_path / "other", lookup, f"{before.rstrip()}\n{common},qq\n"))
    [told] = json.loads(home.call("replay", "--dry-run", "--source", SOURCE, "--json").stdout)
    assert (told["caught"], told["freed"], told["otherwise"]) == (0, 0, 0)
    assert 0 < told["cleaned"]["person"] <= sum(name.startswith(common) for name in names)
