"""Each class whose days are over goes, on both databases; what a way back or a live delivery needs stays."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests import small_release as small
from tests.unit.publish.conftest import home, settings
from transforms import bulk, checksum, database, keys, publish, store
from transforms.checkpoint import Checkpoint, Expired
from transforms.commands.retain import rooms
from transforms.publish.schema import ensure_schema
from transforms.retain import ledger, rules, step
from transforms.retain.ledger import Gone
from transforms.run import REPOSITORY, Run, Settings

__all__ = ["home", "settings"]
YOUNG, OLD, LANDED = ("f" * 64, "e" * 64, "d" * 64)  # files: refused lately, refused long ago, taken in later


@pytest.fixture
def three_nights(settings: Settings, tmp_path: Path) -> Settings:
    """Vault rows that ended in the second and in the third release, files that were refused; each is kept for a day."""
    expectations = Path(shutil.copytree(REPOSITORY / "expectations", tmp_path / "expectations"))
    text = (expectations / rules.FILE).read_text("utf-8")
    for long, short in (("vault: {days: 365}", "vault: {days: 1}"), ("refused: {days: 30}", "refused: {days: 1}")):
        assert long in text
        text = text.replace(long, short)
    (expectations / rules.FILE).write_text(text, "utf-8")
    settings = dataclasses.replace(settings, expectations=expectations)
    keys.create(settings.home / "keys.yml")
    first = small.first_city()
    [row] = first["vault_identifier"]
    first["vault_identifier"] = [row | {"token": f"tok{i}"} for i in (1, 2, 3)]
    cities = [{}, first, first | {"vault_identifier": first["vault_identifier"][1:]},
              first | {"vault_identifier": first["vault_identifier"][2:]}]  # fmt: skip
    for number, night in enumerate(("2026-10-01", "2026-10-02", "2026-10-03")):
        publish.run(small.close(settings, night, cities[number], cities[number + 1], number).run)
    for night, digests in (("2026-10-02", (OLD, LANDED)), ("2026-10-03", (YOUNG,))):
        folder = settings.lake / "night" / night / "land" / "src"
        folder.mkdir(parents=True)
        told = [{"file": "x.csv", "sha256": sha256, "batch": None} for sha256 in digests]
        (folder / "deliveries.json").write_text(json.dumps(told), "utf-8")
        for sha256 in digests:
            store.raw_path(settings, sha256).parent.mkdir(parents=True, exist_ok=True)
            store.raw_path(settings, sha256).write_bytes(b"bytes")
    (settings.lake / "land" / "src" / f"src-20261003-0-{LANDED}").mkdir(parents=True)
    return settings


def vault(settings: Settings) -> list[tuple[str, int | None]]:
    rows = database.read(database.open_databases(settings).release, "vault_identifier", ["token", "known_to"])
    return [(row["token"], row["known_to"]) for row in rows.to_pylist()]


def retain(settings: Settings, *, dry: bool = False) -> list[Gone]:
    return step.run(settings, rooms(), lambda _: None, dry=dry)


def test_numbers_that_ended_and_files_that_were_refused_go_when_their_days_are_over(three_nights: Settings) -> None:
    settings = three_nights
    raw = {sha256: store.raw_path(settings, sha256) for sha256 in (YOUNG, OLD, LANDED)}
    before = vault(settings)
    assert before == [("tok1", 2), ("tok2", 3), ("tok3", None)]
    expected = [Gone("refused", OLD, 1), Gone("vault", "2", 1)]
    assert retain(settings, dry=True) == expected
    assert (vault(settings), all(path.exists() for path in raw.values())) == (before, True)

    assert retain(settings) == expected
    assert vault(settings) == before[1:], "what stands, and what a way back needs"
    assert {name: path.exists() for name, path in raw.items()} == {YOUNG: True, OLD: False, LANDED: True}
    dbs = database.open_databases(settings)
    told = database.read(dbs.control, "expired", ["what", "name", "night", "rows"]).to_pylist()
    assert [tuple(row.values()) for row in told] == [(o.what, o.name, "2026-10-03", o.rows) for o in expected]
    assert retain(settings) == []
    with database.reading(dbs.release) as connection:
        stored = connection.exec_driver_sql("SELECT checksum FROM release WHERE release = 3").scalar_one()
        assert checksum.release_checksum(connection) == stored
    assert publish.rollback(Run.of("2026-10-04", settings=settings))[0].counts["release"] == 4
    assert ("tok2", None) in vault(settings)


def test_rows_in_quarantine_go_with_their_delivery_and_never_before(settings: Settings) -> None:
    ensure_schema(database.open_databases(settings))
    dbs, gone, held = database.open_databases(settings), f"src-20261001-0-{'a' * 64}", f"src-20261002-0-{'b' * 64}"
    row = {"source": "src", "line": 2, "field": "姓名", "rule": "REQUIRED", "state": "open"}
    told = ((gone, 1, "2026-10-01"), (gone, 2, "2026-10-03"), (held, 1, "2026-10-01"))
    rows = [row | {"batch": batch, "ordinal": at, "since": since} for batch, at, since in told]
    with database.writing(dbs.control) as connection:
        bulk.insert(connection, "quarantine", pa.Table.from_pylist(rows, bulk.schema_of("quarantine")))
    made = Checkpoint(night="2026-10-05", batches={gone: Expired(gone, "src.csv", "2026-10-01", 3, "landed")})
    expected = [Gone("quarantine", gone, 1)]
    assert ledger.forget_quarantine(dbs, made, "2026-10-02", dry=True) == expected
    assert database.read(dbs.control, "quarantine").num_rows == 3
    assert ledger.forget_quarantine(dbs, made, "2026-10-02", dry=False) == expected
    left = database.read(dbs.control, "quarantine", ["batch", "ordinal"]).to_pylist()
    assert [(one["batch"], one["ordinal"]) for one in left] == [(gone, 2), (held, 1)]
    assert database.read(dbs.control, "expired", ["what", "name"]).to_pylist() == [{"what": "quarantine", "name": gone}]
    assert ledger.forget_quarantine(dbs, Checkpoint(), "2026-10-09", dry=False) == [], "no delivery went"
