"""One URL changed, the same release: a whole night on a real PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home


@pytest.mark.postgres
def test_the_same_night_gives_the_same_release(
    home: Home, city: Path, undisturbed: tuple[str, str], postgres_url: str
) -> None:
    there = Home(home.path, (("GRIDFACTS_DATABASE_URL", postgres_url),))
    for night, expected in zip(NIGHTS, undisturbed, strict=True):
        there.run(night, city / "drops" / night)
        assert there.checksum() == expected
    assert there.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
