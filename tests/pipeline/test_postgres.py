"""One URL changed, the same release: whole nights on a real PostgreSQL, retention and an erasure after them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home
from tests.pipeline.test_retain import impatient
from transforms import database, keys
from transforms.run import Settings

PERSON = (
    "SELECT vault.entity_id, vault.ciphertext FROM vault_identifier AS vault "
    "INNER JOIN record ON record.entity_id = vault.entity_id AND record.kind = 'person' "
    "WHERE vault.what = 'document' AND vault.known_to IS NULL GROUP BY vault.entity_id, vault.ciphertext "
    "ORDER BY count(DISTINCT record.source) DESC, vault.entity_id LIMIT 1"
)


@pytest.mark.postgres
@pytest.mark.timeout(900)  # three nights
def test_the_same_nights_give_the_same_release_and_what_goes_goes(
    home: Home, city: Path, undisturbed: tuple[str, str], postgres_url: str, tmp_path: Path
) -> None:
    there = Home(home.path, (("GRIDFACTS_DATABASE_URL", postgres_url), *impatient(tmp_path / "expectations")))
    for night, expected in zip(NIGHTS, undisturbed, strict=True):
        there.run(night, city / "drops" / night)
        assert there.checksum() == expected
    assert there.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"

    assert there.call("retain").stdout.count("delivery ") > 5
    assert there.checksum() == undisturbed[1]
    assert there.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"

    settings = Settings.from_environment(there.settings)
    with database.reading(database.open_databases(settings).release) as connection:
        entity, ciphertext = connection.exec_driver_sql(PERSON).one()
    number = keys.load(settings).unseal(bytes(ciphertext))
    there.call("subject", "erase", entity, "--by", "Chen", "--reason", "the person asked for it")
    assert there.call("subject", "prove", "1", given=number, check=False).returncode
    (tmp_path / "none").mkdir()
    there.run(NIGHTS[1], tmp_path / "none")
    assert '"found": 0' in there.call("subject", "prove", "1", given=number).stdout
    assert there.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
    with database.reading(database.open_databases(settings).release) as connection:
        for table, column in (("fact_person", "person_id"), ("vault_identifier", "entity_id"), ("record", "entity_id")):
            left = connection.exec_driver_sql(f"SELECT count(*) FROM {table} WHERE {column} = %(e)s", {"e": entity})
            assert left.scalar_one() == 0, table
