"""Another city, by its configuration alone, goes through the same rooms: nothing is wired to the first one."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.homes import NIGHTS, Home

PREFIX = "3204"  # Changzhou's division codes


@pytest.mark.thorough("unit/demo makes a city by configuration alone")
def test_changzhou_is_published_and_balances(home: Home, tmp_path: Path) -> None:
    out = tmp_path / "city"
    size = ("--city", "changzhou", "--residents", "700", "--nights", "1", "--seed", "3")
    home.call("demo", "city", *size, "--out", str(out))
    home.run(NIGHTS[0], out / "drops" / NIGHTS[0])

    told = json.loads(home.call("balance", "--night", NIGHTS[0], "--json").stdout)
    assert told == {"balanced": True, "findings": []}
    engine = sa.create_engine(f"sqlite:///{home.path / 'release.db'}")
    people = pd.read_sql("SELECT person_id, grid_id, division_code FROM v1_person", engine)
    assert len(people) > 300
    assert people["division_code"].dropna().str.startswith(PREFIX).mean() > 0.9
    assert people["grid_id"].notna().mean() > 0.5
    found = json.loads(home.call("evaluate", "--truth", str(out / "truth"), "--night", NIGHTS[0], "--json").stdout)
    person = next(kind for kind in found["kinds"] if kind["kind"] == "person")
    assert person["resolved"]["f1"] > person["baseline"]["f1"]
