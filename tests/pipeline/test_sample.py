"""The release to develop against: everything a platform needs, readable without gridfacts, and nothing secret."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import yaml

from tests.homes import Home
from transforms import tables
from transforms.errors import GridfactsError
from transforms.reader import package, sample
from transforms.run import Settings

TODAY = dt.date(2026, 10, 3)


def test_a_sample_has_everything_and_nothing_secret(both_nights: Path, tmp_path: Path) -> None:
    home = Home.copy_of(both_nights, tmp_path / "home").path
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(home)})
    packages = package.load_all(settings.expectations)
    out = tmp_path / "sample"
    files = sample.write(settings, packages, out, "测试", TODAY)
    assert {"README.md", "promise.yml", "dictionary.html", "release.db"} < set(files)
    with sqlite3.connect(out / "release.db") as release:
        assert release.execute("SELECT COUNT(*) FROM v1_person").fetchone()[0] > 500
        assert release.execute("SELECT MAX(release) FROM v1_source").fetchone()[0] == 2
        assert release.execute("SELECT COUNT(*) FROM vault_identifier").fetchone()[0] == 0
        ids = {row[0] for row in release.execute("SELECT person_id FROM fact_person")}
    for name in packages:
        with sqlite3.connect(out / name / "copy.db") as copied:
            for table in packages[name].tables:
                exported = pq.read_table(out / name / "export" / f"{table}.parquet").num_rows
                assert copied.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0] == exported > 0
    with sqlite3.connect(out / "minzheng_yanglao" / "copy.db") as copied:
        assert not ids & {row[0] for row in copied.execute("SELECT person_id FROM v1_person")}
    keys = [
        secret for held in yaml.safe_load((home / "keys.yml").read_text("utf-8")).values() for secret in held.values()
    ]
    with sqlite3.connect(home / "release.db") as whole:
        sealed = [bytes(row[0]) for row in whole.execute("SELECT ciphertext FROM vault_identifier LIMIT 200")]
    assert sealed
    written = b"".join((out / file).read_bytes() for file in files)
    assert [one for one in keys if one.encode() in written] == []
    assert [one for one in sealed if one in written] == []
    with pytest.raises(GridfactsError, match="EXISTS"):
        sample.write(settings, packages, out, "测试", TODAY)


def test_what_the_dictionary_says_of_valid_to_is_so(both_nights: Path) -> None:
    """A division that was abolished says its last day; of everything else the next version says from when it holds."""
    said = {name: table.columns["valid_to"].description for name, table in tables.load_all().items() if table.history}
    with sqlite3.connect(both_nights / "release.db") as release:
        ended = {name for name in said if release.execute(f"SELECT COUNT(valid_to) FROM {name}").fetchone()[0]}
        assert release.execute("SELECT COUNT(*) FROM fact_person WHERE known_to IS NOT NULL").fetchone()[0]
    assert ended == {"std_division"} == {name for name, text in said.items() if "last day" in text}
    assert {name for name, text in said.items() if "Null in every version" in text} == set(said) - ended
