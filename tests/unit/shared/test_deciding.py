"""A person's word before the first night: there is nothing to speak of, said so, and no database is made by asking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from transforms import database, decisions, holds, review
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.publish.schema import ensure_schema
from transforms.run import Settings

WORDS: dict[str, Callable[[Databases], object]] = {
    "hold": lambda stores: holds.decide(stores, "a", "release", "王工", "seen"),
    "judgement": lambda stores: review.undo(stores, 1, "王工"),
    "recall": lambda stores: decisions.retire(stores, "recall", 1, "王工"),
    "attestation": lambda stores: decisions.retire(stores, "attestation", 1, "王工"),
}


@pytest.fixture
def stores(tmp_path: Path) -> Databases:
    return database.open_databases(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path / "home")}))


@pytest.mark.parametrize("table", WORDS)
def test_before_the_first_night_there_is_nothing_to_speak_of(stores: Databases, tmp_path: Path, table: str) -> None:
    with pytest.raises(GridfactsError, match=f"NOT_FOUND: no night has been run yet: there is no {table}"):
        WORDS[table](stores)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("table", WORDS)
def test_afterwards_only_the_thing_itself_is_missing(stores: Databases, tmp_path: Path, table: str) -> None:
    (tmp_path / "home").mkdir()
    ensure_schema(stores)
    with pytest.raises(GridfactsError, match=r"NOT_FOUND: (?!no night)"):
        WORDS[table](stores)
