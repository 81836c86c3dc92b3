"""A department's own database as a source: what is fetched is landed like any file; no password is told."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.unit.land.makers import Office, contract
from transforms import contract as contracts
from transforms.database import DatabaseError
from transforms.errors import ConfigError
from transforms.land.fetch import Fetched, fetch

VARIABLE = "OFFICE_DATABASE_URL"
NAME = "jsonl-20261001.jsonl"


def promised(office: Office, **changes: Any) -> contracts.Contract:
    office.promise(contract("jsonl", arrives={"database": {"url_from": VARIABLE, "name": "people"} | changes}))
    return contracts.load(office.path / "expectations" / "contracts" / "office_jsonl.yml")


def database(path: Path, *statements: str) -> str:
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE people (编号 TEXT, 姓名 TEXT, 住址 TEXT, 备注 TEXT, 宗教 TEXT, 年龄 NUMERIC)")
        rows = [("2", "李四", None, "甲", "secret", 1.5), ("1", "张\n三", "测试路1号", "乙", "secret", 7)]
        made.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?, ?)", rows)
        for statement in statements:
            made.execute(statement)
    return f"sqlite:///{path}"


def fetched(office: Office, url: str, **changes: Any) -> Fetched:
    return fetch(promised(office, **changes), office.box("jsonl"), NAME, {VARIABLE: url})


def test_a_table_is_landed_by_its_key_with_control_totals(office: Office) -> None:
    done = fetched(office, database(office.path / "own.db"))
    assert (done.rows, done.left) == (2, ("备注", "宗教", "年龄"))
    assert "secret" not in done.path.read_text("utf-8"), "what the contract does not load stays in the database"
    [told] = office.land("jsonl")
    assert (told["state"], told["rows"]) == ("landed", 2)
    table = office.table(told["batch"])
    assert table["编号"].to_pylist() == ["1", "2"]
    assert table["姓名"].to_pylist() == ["张\n三", "李四"]
    assert table["住址"].to_pylist() == ["测试路1号", None]


def test_fetched_again_the_same_rows_are_the_same_bytes(office: Office) -> None:
    url = database(office.path / "own.db")
    first = fetched(office, url).path.read_bytes()
    before = office.land("jsonl")
    assert fetched(office, url).path.read_bytes() == first
    assert office.land("jsonl") == before


def test_an_empty_table_is_refused_and_deletes_nobody(office: Office) -> None:
    assert fetched(office, database(office.path / "own.db", "DELETE FROM people")).rows == 0
    [told] = office.land("jsonl")
    assert (told["state"], told["code"]) == ("refused", "EMPTY_FILE")


def test_a_table_without_a_promised_column_is_refused(office: Office) -> None:
    fetched(office, database(office.path / "own.db", "ALTER TABLE people DROP COLUMN 姓名"))
    [told] = office.land("jsonl")
    assert (told["state"], told["code"]) == ("refused", "SCHEMA")
    assert "姓名" in told["message"]


def test_a_file_cut_on_its_way_differs_from_its_totals(office: Office) -> None:
    done = fetched(office, database(office.path / "own.db"))
    done.path.write_bytes(done.path.read_bytes().splitlines(keepends=True)[0])
    [told] = office.land("jsonl")
    assert (told["state"], told["code"]) == ("refused", "CONTROL_TOTAL")


@pytest.mark.parametrize("name", ["people; DROP TABLE people", 'people" --', "absent"])
def test_a_strange_table_name_reaches_nothing(office: Office, name: str) -> None:
    url = database(office.path / "own.db")
    with pytest.raises(DatabaseError):
        fetched(office, url, name=name)
    with sqlite3.connect(office.path / "own.db") as own:
        assert own.execute("SELECT count(*) FROM people").fetchone() == (2,)
    assert list(office.box("jsonl").iterdir()) == [], "nothing half is left in the drop box"


def test_the_password_is_told_nowhere(office: Office) -> None:
    with pytest.raises(ConfigError, match=VARIABLE):
        fetch(promised(office), office.box("jsonl"), NAME, {})
    for url in ("no url at all:hunter2", "nosuchbase://user:hunter2@host/db"):
        with pytest.raises(ConfigError) as refused:
            fetched(office, url)
        assert "hunter2" not in str(refused.value)
    with pytest.raises(DatabaseError) as broken:
        fetched(office, "postgresql+psycopg://user:hunter2@127.0.0.1:1/db?connect_timeout=1")
    assert "hunter2" not in str(broken.value)
