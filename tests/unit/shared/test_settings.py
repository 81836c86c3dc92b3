"""What the environment says is taken or refused by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from transforms import database
from transforms.errors import ConfigError
from transforms.run import Settings


@pytest.mark.parametrize(("told", "size"), [("4GB", 4 * 10**9), ("512MiB", 2**29), ("0.5gb", 5 * 10**8)])
def test_memory_is_a_size(told: str, size: int) -> None:
    assert Settings.from_environment({"GRIDFACTS_MEMORY": told}).memory_bytes == size


@pytest.mark.parametrize(
    ("name", "told"),
    [*(("MEMORY", told) for told in ("", "lots", "4", "80%", "-1GB")), ("THREADS", "0"), ("ENGINE", "abacus")],
)
def test_what_is_none_is_refused_by_its_name(name: str, told: str) -> None:
    with pytest.raises(ConfigError, match=f"GRIDFACTS_{name}") as refused:
        Settings.from_environment({f"GRIDFACTS_{name}": told})
    assert repr(told) in str(refused.value)


def test_who_writes_a_release_holds_no_more_pages_than_memory_allows(tmp_path: Path) -> None:
    told = {"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_MEMORY": "300MiB"}
    dbs = database.open_databases(Settings.from_environment(told))
    pages = []
    for begins in (database.writing, database.reading):
        with begins(dbs.release) as connection:
            pages.append(connection.exec_driver_sql("PRAGMA cache_size").scalar_one())
    assert pages == [-300 * 1024, -16 * 1024]
