"""Small cities published night by night, with the events that lead from one to the next, on either database."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests import small_release as small
from transforms import keys, manifest, publish, store, tables
from transforms.reader import feed
from transforms.run import Settings


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def settings(request: pytest.FixtureRequest, migrated_home: Path, tmp_path: Path) -> Settings:
    """A home with demonstration keys on each of the two databases, which have their structure."""
    shutil.copytree(migrated_home, tmp_path / "home")
    told = {"GRIDFACTS_HOME": str(tmp_path / "home")}
    if request.param == "postgresql":
        told["GRIDFACTS_DATABASE_URL"] = request.getfixturevalue("migrated_url")
    made = Settings.from_environment(told)
    keys.create(made.home / "keys.yml")
    return made


def publish_city(settings: Settings, number: int, before: small.City, now: small.City) -> None:
    """Publish a night as release ``number`` with the events that are the difference."""
    night = f"2026-10-{number:02d}"
    closed = small.close(settings, night, before, now, number - 1)
    folder = store.night_dir(closed.run, "account", "release")
    names = [name for name in tables.load_all()["change"].schema.names if name not in ("seq", "release")]
    rows = events(settings, before, now)
    store.write_table(
        folder / "change.parquet", pa.Table.from_pylist(rows, pa.schema([(n, pa.string()) for n in names]))
    )
    counts = json.loads((folder / "release.json").read_text("utf-8"))
    assert counts["night"] == night
    manifest.write(folder, "account", {"base_release": str(number - 1)})
    small.braked(closed.run)
    publish.run(closed.run)


def events(settings: Settings, before: small.City, now: small.City) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    signposts = {row["entity_id"]: row.get("signpost") for row in now["identity"]}
    for kind, table in feed.followed(settings).items():
        key = table.key[0]
        old, new = ({row[key]: row for row in city.get(table.table, [])} for city in (before, now))
        for entity in sorted({*old, *new}, key=str):
            name = "create" if entity not in old else "retire" if entity not in new else "update"
            if old.get(entity) != new.get(entity):
                fields = (
                    [n for n in table.facts.names if old[entity].get(n) != new[entity].get(n)]
                    if name == "update"
                    else []
                )
                other = signposts.get(entity) if name == "retire" else None
                name = "merge" if other else name
                event = {"kind": kind, "entity_id": entity, "event": name, "fields": "|".join(fields) or None}
                found.append(event | {"other_id": other})
    return found
