"""A tiny lake: landed and checked rows written as rooms 1 and 2 would, so that room 3 can be run alone."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from transforms import contract as contracts
from transforms import keys, manifest, model, store
from transforms.run import REPOSITORY, Run, Settings

DIVISIONS = [
    ("440000000000", "广东省", "province", "", "", ""),
    ("445300000000", "云浮市", "city", "440000000000", "", ""),
    ("445302000000", "云城区", "county", "445300000000", "", ""),
    ("445303000000", "云安区", "county", "445300000000", "", ""),
    ("445323000000", "云安县", "county", "445300000000", "2014-09-09", "445303000000"),
    ("445321000000", "新兴县", "county", "445300000000", "", ""),
    ("445381000000", "罗定市", "county", "445300000000", "", ""),
    ("445302001000", "云城街道", "town", "445302000000", "", ""),
    ("445302102000", "腰古镇", "town", "445302000000", "", ""),
    ("445303100000", "六都镇", "town", "445303000000", "", ""),
    ("445321107000", "太平镇", "town", "445321000000", "", ""),
    ("445381101000", "太平镇", "town", "445381000000", "", ""),
    ("445302001011", "育华社区居民委员会", "village", "445302001000", "", ""),
    ("445302001012", "高峰社区居民委员会", "village", "445302001000", "", ""),
    ("445302102201", "大塘村民委员会", "village", "445302102000", "", ""),
    ("445302102202", "礼村村民委员会", "village", "445302102000", "", ""),
    ("445303100213", "冬城村民委员会", "village", "445303100000", "", ""),
    ("445321107201", "悦村村民委员会", "village", "445321107000", "", ""),
]


@pytest.fixture(scope="session")
def expectations(tmp_path_factory):
    folder = tmp_path_factory.mktemp("expectations")
    for name in ("contracts", "kinds", "lookups"):
        shutil.copytree(REPOSITORY / "expectations" / name, folder / name)
    with (folder / "lookups" / "divisions.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["code", "name", "level", "parent", "pseudo", "valid_from", "valid_to", "successor"])
        writer.writerows((c, n, lv, p, "false", "", to, s) for c, n, lv, p, to, s in DIVISIONS)
    return folder


@pytest.fixture
def run(tmp_path, expectations):
    keys.create(tmp_path / "keys.yml")
    settings = Settings(tmp_path, "sqlite://", expectations, None, "duckdb", 1, "1GB")
    return Run(settings, "2026-10-01", tmp_path / "drops")


@pytest.fixture
def deliver(run):
    """Write one batch as land and check hand it over; returns its id."""

    def write(source, rows, *, refused=(), struck=(), day="20261001", hold=None, sha=None):
        contract = contracts.load_all(run.settings.expectations)[source]
        sha = sha or hashlib.sha256(repr((rows, day)).encode()).hexdigest()
        batch = f"{source}-{day}-0-{sha}"
        total = len(rows)
        table = {
            "batch": [batch] * total, "ordinal": list(range(1, total + 1)), "line": list(range(2, total + 2)),
            "fault": [None] * total, "numeric": [None] * total, "digest": [f"{i}" for i in range(total)],
        }  # fmt: skip
        schema = list(model.LANDED)
        for heading in contract.landed_headings:
            table[heading] = [row.get(heading) for row in rows]
            schema.append(pa.field(heading, pa.string()))
        land = _room(run, "land", batch, {"first_night": "2026-10-01", "rows": total, "hold": hold},
                     rows=pa.table(table, schema=pa.schema(schema)))  # fmt: skip
        verdict = pa.table(
            {"batch": [batch] * total, "ordinal": table["ordinal"],
             "accepted": [i not in refused for i in table["ordinal"]],
             "rule": [None] * total, "field": [None] * total}, schema=model.VERDICT)  # fmt: skip
        finding = pa.table(
            {"batch": [batch] * len(struck), "ordinal": [i for i, _ in struck], "line": [i + 1 for i, _ in struck],
             "field": [f for _, f in struck], "rule": ["usable"] * len(struck), "effect": ["strike"] * len(struck)},
            schema=model.FINDING)  # fmt: skip
        _room(run, "check", batch, {}, land=land, verdict=verdict, finding=finding)
        return batch

    return write


def _room(run, room, batch, facts, land=None, **tables) -> Path:
    folder = store.batch_dir(run.settings, room, batch)
    inputs = dict([manifest.upstream(run.settings.lake, land, manifest.Manifest.read(land))]) if land else {}
    with store.output(folder) as fresh:
        for name, table in tables.items():
            store.write_table(fresh / f"{name}.parquet", table)
        manifest.write(fresh, room, inputs, facts)
    return folder


@pytest.fixture
def table(run):
    """Read one table of a batch that room 3 wrote."""

    def read(batch, name):
        return store.read_table(store.batch_dir(run.settings, "standardise", batch) / f"{name}.parquet")

    return read
