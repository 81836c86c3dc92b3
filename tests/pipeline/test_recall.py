"""A department takes back a file it sent by mistake: the state before it returns; it can be taken up again."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.homes import NIGHTS, Home

SOURCE, SENT, WRONG = "jiaoyu_xueji", "学籍20261001.tsv", "学籍20261002.tsv"
ENCODING, KEY, NAME, NUMBER = "gb18030", "学籍辅号", "学生姓名", "身份证件号"
BY = ("--by", "Chen", "--reason", "last year's extract")


def wrong_file(city: Path, path: Path) -> None:
    """Last night's extract with some of its rows missing, some under another name, and pupils nobody knows."""
    told = (city / "drops" / NIGHTS[0] / SOURCE / SENT).read_text(ENCODING)
    lines = [line.split("\t") for line in told.splitlines()]
    headings, rows = lines[0], [line for at, line in enumerate(lines[1:]) if at % 40]
    key, name, number = (headings.index(heading) for heading in (KEY, NAME, NUMBER))
    assert len(rows) > 20
    for at, row in enumerate(rows):
        if at % 30 == 0:
            row[key], row[name], row[number] = f"9{row[key][1:]}", f"示例{at}", ""
        elif at % 30 == 1:
            row[name] = f"{row[name][0]}示例"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in [headings, *rows]), ENCODING)


def control(home: Home, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(home.path / "control.db") as connection:
        return connection.execute(query).fetchall()


def state(home: Home) -> dict[str, pd.DataFrame]:
    """What readers and the books say: persons, live identities, where each source stands, the ledger's other rows."""
    release = sa.create_engine(f"sqlite:///{home.path / 'release.db'}")
    found = {
        "person": pd.read_sql("SELECT * FROM fact_person WHERE known_to IS NULL ORDER BY person_id", release),
        "identity": pd.read_sql("SELECT entity_id FROM identity WHERE state = 'live' ORDER BY entity_id", release),
        "source": pd.read_sql(
            "SELECT source, as_of, batch, state, rows FROM source_state "
            "WHERE release = (SELECT max(release) FROM release) ORDER BY source", release,
        ),
    }  # fmt: skip
    found["person"] = found["person"].drop(columns="known_from")
    return found


def same(one: dict[str, pd.DataFrame], other: dict[str, pd.DataFrame]) -> None:
    for name, table in one.items():
        pd.testing.assert_frame_equal(table, other[name])
        assert len(table)


@pytest.fixture(scope="module")
def mistaken(first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home after a second night with the wrong file, and that night's drop box."""
    folder = tmp_path_factory.mktemp("mistaken")
    home = Home.copy_of(first_night, folder / "home")
    drops = Path(shutil.copytree(city / "drops" / NIGHTS[1], folder / "drops"))
    wrong_file(city, drops / SOURCE / WRONG)
    home.run(NIGHTS[1], drops)
    return home.path, drops


@pytest.fixture
def home_and_drops(mistaken: tuple[Path, Path], tmp_path: Path) -> tuple[Home, Path]:
    home, drops = mistaken
    return Home.copy_of(home, tmp_path / "home"), drops


def test_a_recalled_file_is_as_if_it_had_never_come(
    home_and_drops: tuple[Home, Path], both_nights: Path, undisturbed: tuple[str, str], tmp_path: Path
) -> None:
    home, drops = home_and_drops
    wrong, before = home.checksum(), state(home)
    became = control(home, f"SELECT state, code FROM delivery WHERE file = '{WRONG}'")
    assert became == [("landed", None)], "too little for a brake to stop it"
    assert wrong != undisturbed[1]

    said = home.call("drop", "recall", f"{SOURCE}:{WRONG}", *BY).stdout
    assert WRONG in said
    assert home.checksum() == wrong, "nothing changes before the next run"
    home.run(NIGHTS[1], drops)
    assert home.checksum() == undisturbed[1], "the release of one that never saw the file"
    same(state(home), state(Home(both_nights)))
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"

    [(told, code)] = control(home, f"SELECT state, code FROM delivery WHERE file = '{WRONG}'")
    assert (told, code) == ("recalled", "RECALLED")
    [counts] = control(
        home,
        "SELECT landed, withdrawn FROM outcome WHERE kind = 'person' AND batch = "
        f"(SELECT batch FROM recall WHERE source = '{SOURCE}')",
    )
    assert counts[0] == counts[1] > 0
    home.call("receipt", "make", "--night", NIGHTS[1], "--source", SOURCE, "--out", str(tmp_path / "out"))
    receipt = json.loads((tmp_path / "out" / SOURCE / NIGHTS[1] / f"{WRONG}.回执.json").read_text("utf-8"))
    assert (receipt["state"], receipt["counts"]) == ("recalled", {"recalled": counts[0]})
    batch = receipt["batch"]
    explained = home.call("explain", f"{SOURCE}:{batch}:2", "--night", NIGHTS[1]).stdout
    assert "withdrawn by rule RECALLED" in explained

    again = home.call("drop", "recall", batch, *BY, check=False)
    assert (again.returncode, "DECIDED" in again.stderr) == (1, True)
    home.call("drop", "restore", batch, "--by", "Chen")
    home.run(NIGHTS[1], drops)
    assert home.checksum() == wrong, "taken up again, everything is as the file says"
    same(state(home), before)
    assert control(home, f"SELECT state, code FROM delivery WHERE file = '{WRONG}'") == became
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"


def test_a_recall_needs_a_delivery_and_a_name(home_and_drops: tuple[Home, Path]) -> None:
    home, _ = home_and_drops
    assert "NOT_FOUND" in home.call("drop", "recall", f"{SOURCE}:none.tsv", *BY, check=False).stderr
    unnamed = ("--by", " ", "--reason", "x")
    assert "NOBODY" in home.call("drop", "recall", f"{SOURCE}:{WRONG}", *unnamed, check=False).stderr
    assert "NOT_FOUND" in home.call("drop", "restore", f"{SOURCE}:{WRONG}", "--by", "Chen", check=False).stderr
    listed = json.loads(home.call("drop", "list", "--source", SOURCE, "--json").stdout)
    assert [(one["file"], one["recall"]) for one in listed] == [(SENT, None), (WRONG, None)]
