"""Publish beside bare driver loads of the same rows, on both databases. JSON on stdout or in a file.

    PYTHONPATH=. python bench/publish_load.py --home HOME [--out FILE] [--postgres]

HOME is a GRIDFACTS_HOME whose nights have been closed; it is only read. Each night's ``account/release`` is published
into a new home; after the last one a small night (one person in a hundred renamed) and the same one again.
The bare load of a database is ``executemany`` (SQLite, no log, no sync) or ``COPY`` (PostgreSQL) of the rows that the
first night begins, into the same tables with their keys and no other index, and nothing else is done.
Times are wall clock and this process's CPU seconds; the load of the machine stands beside them.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa

from tests import postgres
from tests.small_release import braked
from transforms import bulk, checksum, database, manifest, publish, store, tables
from transforms.publish.schema import ensure_schema
from transforms.run import Run, Settings


@contextlib.contextmanager
def timed(what: str, results: list[dict[str, Any]], **more: object) -> Iterator[None]:
    """Measure the block."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    took = {"wall": round(time.perf_counter() - wall, 3), "cpu": round(time.process_time() - cpu, 3)}
    results.append({"what": what, **more, **took, "load": round(os.getloadavg()[0], 1)})


def settings_of(home: Path, url: str | None) -> Settings:
    """The settings of a home of our own."""
    return Settings.from_environment({"GRIDFACTS_HOME": str(home)} | ({"GRIDFACTS_DATABASE_URL": url} if url else {}))


def take_over(source: Path, run: Run, base: str) -> tuple[Path, str]:
    """A night's bundle in a home of its own, with the checksum that follows from its rows."""
    there = source / "lake" / "night" / run.night / "account" / "release"
    here = store.night_dir(run, "account", "release")
    shutil.copytree(there, here)
    (here / manifest.NAME).unlink()
    dbs = database.open_databases(run.settings)
    ended: dict[str, pa.Table] = {}
    begun: dict[str, pa.Table] = {}
    for name, table in checksum.counted().items():
        if (path := here / f"{name}.close.parquet").exists() and base != checksum.EMPTY:
            keys = store.read_table(path).select(table.key)
            current = database.read(dbs.release, name, where={"known_to": None} if table.history else None)
            ended[name] = current.join(keys, list(table.key), join_type="left semi")
        if (path := here / f"{name}.open.parquet").exists():
            begun[name] = store.read_table(path)
    told = json.loads((here / "release.json").read_text("utf-8"))
    told["checksum"] = checksum.advance(base, ended, begun)
    (here / "release.json").write_text(json.dumps(told), "utf-8")
    manifest.write(here, "account", {})
    return here, told["checksum"]


def small_night(run: Run, base: str, number: int) -> str:
    """One person in a hundred has another name; returns the checksum that follows."""
    dbs, table = database.open_databases(run.settings), tables.load_all()["fact_person"]
    now = database.read(dbs.release, "fact_person", where={"known_to": None})
    some = now.take(list(range(0, now.num_rows, 100)))
    at = some.schema.get_field_index("name")
    other = some.set_column(at, "name", pc.binary_join_element_wise(some["name"], "改", "")).select(table.facts.names)
    with database.reading(dbs.release) as connection:
        counts = json.loads(str(connection.scalar(sa.text("SELECT counts FROM release ORDER BY release DESC LIMIT 1"))))
    after = checksum.advance(base, {"fact_person": some}, {"fact_person": other})
    told = {"night": run.night, "base_release": number, "counts": counts, "checksum": after}
    with store.output(store.night_dir(run, "account", "release")) as folder:
        store.write_table(folder / "fact_person.close.parquet", some.select(table.key))
        store.write_table(folder / "fact_person.open.parquet", other)
        (folder / "release.json").write_text(json.dumps(told), "utf-8")
        manifest.write(folder, "account", {})
    return after


def publish_all(source: Path, url: str | None, results: list[dict[str, Any]]) -> None:
    """Every night, a small one and the same again, into one new home."""
    kind = "postgresql" if url else "sqlite"
    with tempfile.TemporaryDirectory() as folder:
        settings, last = settings_of(Path(folder), url), checksum.EMPTY
        nights = sorted(path.name for path in (source / "lake" / "night").iterdir())
        for night in nights:
            run = Run.of(night, settings=settings)
            _, last = take_over(source, run, last)
            braked(run)
            with timed("publish", results, home=kind, night=night):
                report = publish.run(run)[0]
            results[-1]["rows"] = report.counts["rows"]
        run = Run.of("9999-01-01", settings=settings)
        small_night(run, last, len(nights))
        braked(run)
        for what in ("publish a small night", "publish it again"):
            with timed(what, results, home=kind):
                report = publish.run(run)[0]
            results[-1]["rows"] = report.counts["rows"]
        with timed("checksum of every row", results, home=kind):
            dbs = database.open_databases(settings)
            with database.reading(dbs.release) as connection:
                checksum.release_checksum(connection)


def bare(source: Path, url: str | None, results: list[dict[str, Any]]) -> None:
    """What the drivers need for the rows of the first night."""
    night = min(path for path in (source / "lake" / "night").iterdir())
    found = {
        name: store.read_table(path).select(table.facts.names)
        for name, table in checksum.counted().items()
        if (path := night / "account" / "release" / f"{name}.open.parquet").exists()
    }
    found = {
        name: rows.append_column("known_from", pa.array([1] * len(rows), pa.int64()))
        if tables.load_all()[name].history
        else rows
        for name, rows in found.items()
    }
    with tempfile.TemporaryDirectory() as folder:
        dbs = database.open_databases(settings_of(Path(folder), url))
        ensure_schema(dbs)
        _drop_indexes(dbs)
        rows = sum(one.num_rows for one in found.values())
        if url:
            with timed("bare COPY", results, home="postgresql", rows=rows), database.writing(dbs.release) as connection:
                for name, table in found.items():
                    bulk.insert(connection, name, table)
            return
        with contextlib.closing(sqlite3.connect(Path(folder) / "release.db", isolation_level=None)) as connection:
            for pragma in ("journal_mode=OFF", "synchronous=OFF"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            with timed("bare executemany", results, home="sqlite", rows=rows):
                connection.execute("BEGIN")
                for name, table in found.items():
                    columns = [c.cast(pa.string()) if pa.types.is_date(c.type) else c for c in table.columns]
                    marks = ", ".join("?" * len(columns))
                    text = f'INSERT INTO "{name}" ({bulk.listed(table.column_names)}) VALUES ({marks})'  # noqa: S608
                    connection.executemany(text, zip(*(c.to_pylist() for c in columns), strict=True))
                connection.execute("COMMIT")


def _drop_indexes(dbs: database.Databases) -> None:
    looked = sa.inspect(dbs.release)
    names = [index["name"] for table in looked.get_table_names() for index in looked.get_indexes(table)]
    with database.writing(dbs.release) as connection:
        for name in names:
            connection.exec_driver_sql(f'DROP INDEX "{name}"')


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--postgres", action="store_true", help="also on a throw-away PostgreSQL of this machine")
    given = parser.parse_args()
    results: list[dict[str, Any]] = []
    bare(given.home, None, results)
    publish_all(given.home, None, results)
    if given.postgres:
        binaries = postgres.binaries()
        if binaries is None:
            sys.exit("no PostgreSQL binaries on this machine")
        for measure in (bare, publish_all):
            with postgres.server(binaries) as url:
                measure(given.home, url, results)
    text = json.dumps(results, ensure_ascii=False, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
