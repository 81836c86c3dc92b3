"""Whatever a person reads through gridfacts is written down first; where it cannot be, nothing is shown."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home
from transforms import database
from transforms.run import Settings


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def reader(request: pytest.FixtureRequest, first_night: Path, tmp_path: Path) -> Home:
    """A published city of one's own, on each of the two databases."""
    if request.param == "sqlite":
        return Home.copy_of(first_night, tmp_path / "home")
    shutil.copytree(first_night, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("head", "*.db*"))
    home = Home(tmp_path / "home", (("GRIDFACTS_DATABASE_URL", request.getfixturevalue("postgres_url")),))
    home.call("room", "publish", "--night", NIGHTS[0])
    return home


def test_no_read_without_a_row_and_a_changed_row_is_named(reader: Home, tmp_path: Path) -> None:
    dbs = database.open_databases(Settings.from_environment(reader.settings))
    [house] = database.read(dbs.release, "fact_house", ["house_id"]).slice(0, 1)["house_id"].to_pylist()
    batch = tmp_path / "points.csv"
    batch.write_text("lon,lat\n112.04,22.93\n112.05,22.93\n", "utf-8")
    reads = {
        "explain": ("explain", house),
        "address": ("locate", "兴云东路1号"),
        "points": ("locate", "--file", str(batch)),
        "query": ("query", "persons_in_a_house", f"house={house}"),
        "export": ("export", "yuncheng_wangge", "--out", str(tmp_path / "out")),
    }
    before = database.read(dbs.control, "audit").num_rows
    for words in reads.values():
        assert reader.call(*words, "--who", "李查阅").stdout
    rows = database.read(dbs.control, "audit").slice(before).to_pylist()
    assert [row["action"] for row in rows] == ["explain", "lookup", "lookup", "query", "export"]
    assert {row["who"] for row in rows} == {"李查阅"}
    assert "兴云" not in str(rows)
    assert house not in str(rows)
    assert reader.call("audit", "verify").stdout.strip() == "the chain is whole"

    with database.writing(dbs.control) as connection:
        connection.exec_driver_sql(f"UPDATE audit SET who = 'another' WHERE audit_id = {before + 3}")
    told = reader.call("audit", "verify", check=False)
    assert (told.returncode, f"audit row {before + 3} is not as it was written" in told.stdout) == (1, True)

    with database.writing(dbs.control) as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    shutil.rmtree(tmp_path / "out")
    for name, words in reads.items():
        refused = reader.call(*words, "--who", "李查阅", check=False)
        assert (name, refused.returncode, refused.stdout) == (name, 1, "")
        assert "the read is refused" in refused.stderr
    assert not (tmp_path / "out").exists()
