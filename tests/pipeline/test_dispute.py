"""A grid worker doubts a published value: its department is asked, and its next delivery is the answer."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

from tests.homes import NIGHTS, Home

SOURCE = "gongan_hukou"
WHO = ("--by", "Wu", "--reason", "nobody of that name lives there")


def disputes(home: Home) -> dict[int, dict[str, object]]:
    told = json.loads(home.call("dispute", "list", "--source", SOURCE, "--json").stdout)
    return {one["number"]: one for one in told}


def said_by(home: Home, line: int) -> tuple[str, str]:
    """The person at a line of the register whose name is the register's, and that name."""
    with sqlite3.connect(home.path / "release.db") as release:
        [(entity, record)] = release.execute(
            "SELECT entity_id, record_id FROM record WHERE source = ? AND kind = 'person' AND line = ? "
            "AND state = 'merged'",
            (SOURCE, line),
        ).fetchall()
        [(name, provenance)] = release.execute(
            "SELECT name, provenance FROM fact_person WHERE person_id = ? AND known_to IS NULL", (entity,)
        ).fetchall()
    assert json.loads(provenance)["name"] == record, "the register's own name won"
    return entity, name


def lines_of_the_register(home: Home) -> list[int]:
    with sqlite3.connect(home.path / "release.db") as release:
        rows = release.execute(
            "SELECT r.line FROM record r JOIN fact_person p ON p.person_id = r.entity_id AND p.known_to IS NULL "
            "WHERE r.source = ? AND r.kind = 'person' AND r.state = 'merged' "
            "AND json_extract(p.provenance, '$.name') = r.record_id ORDER BY r.line",
            (SOURCE,),
        ).fetchall()
    return [line for (line,) in rows]


def under_review(home: Home) -> set[tuple[str, str, str]]:
    with sqlite3.connect(home.path / "release.db") as release:
        return set(release.execute("SELECT entity_id, property, department FROM v1_disputed").fetchall())


def told_by_the_feed(home: Home) -> list[tuple[int, str]]:
    with sqlite3.connect(home.path / "release.db") as release:
        return release.execute(
            "SELECT release, entity_id FROM change WHERE event = 'update' AND fields = 'disputed' ORDER BY seq"
        ).fetchall()


def own_page(home: Home, out: Path) -> str:
    home.call("department", "page", "--out", str(out))
    return (out / f"{SOURCE}.html").read_text("utf-8")


def test_the_next_delivery_answers(first_night: Path, city: Path, tmp_path: Path) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    changed, confirmed, gone = lines_of_the_register(home)[:3]
    people = {line: said_by(home, line) for line in (changed, confirmed, gone)}
    for entity, name in people.values():
        said = home.call("dispute", "raise", entity, "name", *WHO).stdout
        assert name not in said
    told = disputes(home)
    assert [one["state"] for one in told.values()] == ["open"] * 3
    asked = {(entity, "name", str(told[1]["department"])) for entity, _ in people.values()}
    assert under_review(home) == asked
    assert "核查中 3 项" in own_page(home, tmp_path / "pages")
    assert {one["heading"] for one in told.values()} == {"姓名"}
    [again, unknown] = [
        home.call("dispute", "raise", entity, field, *WHO, check=False)
        for entity, field in ((people[changed][0], "name"), (people[changed][0], "shoe_size"))
    ]
    assert "DECIDED" in again.stderr
    assert "NOT_FOUND" in unknown.stderr

    out = tmp_path / "out"
    home.call("receipt", "make", "--night", NIGHTS[0], "--source", SOURCE, "--out", str(out))
    [receipt] = (out / SOURCE / NIGHTS[0]).glob("*.json")
    dues = {str(one["due"]) for one in told.values()}
    expected = sorted([line, "姓名", due] for line in people for due in dues)
    assert json.loads(receipt.read_text("utf-8"))["disputes"] == expected
    [page] = (out / SOURCE / NIGHTS[0]).glob("*.html")
    assert "核查中" in page.read_text("utf-8")

    [extract] = (city / "drops" / NIGHTS[0] / SOURCE).iterdir()
    lines = extract.read_bytes().decode("gb18030").splitlines(keepends=True)
    lines[changed - 1] = lines[changed - 1].replace(people[changed][1], f"{people[changed][1]}示", 1)
    del lines[gone - 1]
    box = tmp_path / "drops" / SOURCE
    box.mkdir(parents=True)
    (box / extract.name.replace("20261001", "20261002")).write_bytes("".join(lines).encode("gb18030"))
    home.run(NIGHTS[1], tmp_path / "drops")
    assert [one["state"] for one in disputes(home).values()] == ["changed", "confirmed", "withdrawn"]
    assert under_review(home) == set()
    said = own_page(home, tmp_path / "pages")
    assert "核查中 0 项" in said
    assert "已答复 3 项：更改 1，属实 1，撤出 1" in said
    assert told_by_the_feed(home) == [], "raised and answered between two releases"
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
    home.call("dispute", "withdraw", "2", "--by", "Wu")
    assert sorted(disputes(home)) == [1, 3]
