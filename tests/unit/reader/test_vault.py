"""Both databases of both homes, dumped and searched for every number and phone that was dropped: none is there."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from tests import postgres
from tests.homes import NIGHTS, Home
from transforms import contract

ROOT = Path(__file__).parents[3]
SECRET = {"person.document", "person.phone"}
_RUN = re.compile(r"[0-9A-Za-z]{6,}")


def secrets_of(home: Path) -> set[str]:
    """Every value that a department sent as a person's number or phone, as it came."""
    found: set[str] = set()
    for source, one in contract.load_all(ROOT / "expectations").items():
        headings = [c.heading for c in one.columns if SECRET & ({c.to} if isinstance(c.to, str) else set(c.to))]
        for path in sorted((home / "lake" / "land" / source).glob("*/rows.parquet")):
            for heading in headings:
                found |= {v.strip() for v in pq.read_table(path, columns=[heading])[heading].to_pylist() if v}
    return {value for value in found if len(_RUN.findall(value)) == 1 and re.search(r"\d{6}", value)}


def pieces(text: str) -> Iterator[str]:
    """Every run of letters and digits, and what stands in a run of digits at the lengths of numbers and phones."""
    for run in _RUN.findall(text):
        yield run
        if run.isdigit() and len(run) <= 40:
            for length in (11, 15, 18):
                yield from (run[at : at + length] for at in range(len(run) - length + 1))


def clear(text: str, secrets: set[str]) -> int:
    return len(secrets & set(pieces(text)))


def test_the_search_finds_what_is_there() -> None:
    secrets = {"110101199001011237", "13800000001", "H12345678"}
    assert clear('x "110101199001011237", 13800000001; H12345678', secrets) == 3
    assert clear("00110101199001011237", secrets) == 1
    assert clear("nothing 1101011990", secrets) == 0


def test_sqlite_holds_no_number_in_clear(first_night: Path) -> None:
    secrets = secrets_of(first_night)
    assert len(secrets) > 500
    for name in ("release.db", "control.db"):
        connection = sqlite3.connect(f"file:{(first_night / name).resolve()}?mode=ro", uri=True)
        text = "\n".join(connection.iterdump())
        connection.close()
        assert len(text) > 100_000
        assert clear(text, secrets) == 0, name
        raw = (first_night / name).resolve().read_bytes().decode("latin-1")
        assert clear(raw, secrets) == 0, f"free pages of {name}"


@pytest.mark.postgres
def test_postgresql_holds_no_number_in_clear(first_night: Path, postgres_url: str, tmp_path: Path) -> None:
    binaries = postgres.binaries()
    assert binaries is not None
    home = Home.copy_of(first_night, tmp_path / "home", ("GRIDFACTS_DATABASE_URL", postgres_url))
    shutil.rmtree(home.path / "head")
    home.call("room", "publish", "--night", NIGHTS[0])
    url = sa.make_url(postgres_url).set(drivername="postgresql").render_as_string(hide_password=False)
    dump = subprocess.run([str(binaries / "pg_dump"), url], capture_output=True, check=True, text=True).stdout
    assert dump.count("COPY release.") > 20
    assert clear(dump, secrets_of(first_night)) == 0
