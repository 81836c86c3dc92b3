"""A late file in a later night: the same partition and golden values, identities up to renaming."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from tests.homes import NIGHTS, Home

LATE = "shebao_canbao"


def partition(home: Home) -> set[frozenset[str]]:
    rows = read(home, "SELECT record_id, entity_id FROM record WHERE kind = 'person'")
    return {frozenset(group) for _, group in rows.dropna().groupby("entity_id")["record_id"]}


def golden(home: Home) -> pd.DataFrame:
    """Current persons without the columns that hold identities, in an order of their own."""
    people = read(home, "SELECT * FROM fact_person WHERE known_to IS NULL")
    plain = [c for c in people if not c.endswith("_id") and c != "known_from"]
    return people[plain].sort_values(plain, ignore_index=True)


def read(home: Home, query: str) -> pd.DataFrame:
    return pd.read_sql(query, sa.create_engine(f"sqlite:///{home.path / 'release.db'}"))


def test_late_is_as_good_as_in_time(home: Home, both_nights: Path, city: Path, tmp_path: Path) -> None:
    in_time = Home(both_nights)
    drops = Path(shutil.copytree(city / "drops", tmp_path / "drops"))
    late_files = list((drops / NIGHTS[0] / LATE).iterdir())
    assert late_files
    for path in late_files:
        path.rename(drops / NIGHTS[1] / LATE / path.name)
    for night in NIGHTS:
        home.run(night, drops / night)

    assert partition(home) == partition(in_time)
    pd.testing.assert_frame_equal(golden(home), golden(in_time))
    assert len(golden(home)) > 100
