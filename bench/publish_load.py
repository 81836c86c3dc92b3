"""Publish beside bare driver loads of the same rows, on both databases. JSON on stdout or in a file.

    PYTHONPATH=. python bench/publish_load.py --home HOME [--out FILE] [--postgres]

HOME is a GRIDFACTS_HOME whose nights have been closed; it is only read. Each night's ``account/release`` is published
into a new home; after the last one nights made here (``bench/nights.py``): one person in a hundred renamed, and again;
one record in a hundred delivered anew with one row in a hundred of everything else, which is taken back; grids cut
anew; nothing.
The bare load of a database is ``executemany`` and ADBC's driver (SQLite, no log, no sync) or ``COPY`` (PostgreSQL) of
the rows that the first night begins, into the same tables with their keys and no other index, and nothing else is done.
A night made here brings every home there is, as account hands them over. Times are wall clock and CPU seconds, a
PostgreSQL server's among them; the load of the machine stands beside them, and ``mb`` is the most memory this process
had meanwhile. ``disk`` is what lies in the new home's database afterwards, ``most`` the most that ever lay there.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
import sqlalchemy as sa

from bench.nights import Made, recut_night, same_night, small_night, wide_night
from tests import postgres
from tests.small_release import braked
from transforms import bulk, checksum, database, manifest, publish, store, tables
from transforms.publish import loading
from transforms.publish.schema import ensure_schema
from transforms.run import Run, Settings

SMALL = {
    "a small night": small_night,
    "a wide night": wide_night,
    "a night that cuts the grids anew": recut_night,
    "an unchanged night": same_night,
}


@contextlib.contextmanager
def timed(what: str, results: list[dict[str, Any]], url: str | None = None, **more: object) -> Iterator[None]:
    """Measure the block; ``url`` is of the server that works for it."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew (proc(5))
    wall, cpu = time.perf_counter(), time.process_time() + server_seconds(url)
    yield
    took = {"wall": round(time.perf_counter() - wall, 3)}
    took["cpu"] = round(time.process_time() + server_seconds(url) - cpu, 3)
    took["mb"] = int(re.findall(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[0]) // 1024
    home = {"home": "postgresql" if url else "sqlite"}
    results.append({"what": what, **home, **more, **took, "load": round(os.getloadavg()[0], 1)})


def server_seconds(url: str | None) -> float:
    """CPU seconds of the server of this machine behind a URL, of its processes and of those that ended."""
    if url is None:
        return 0.0
    with psycopg.connect(_plain(url)) as connection:
        [(backend,)] = connection.execute("SELECT pg_backend_pid()").fetchall()
        told = {int(path.name): found for path in Path("/proc").glob("[0-9]*") if (found := _stat(path))}
    server = told[int(backend)][1]
    used = sum(one[11] + one[12] for pid, one in told.items() if server in (pid, one[1]))
    return (used + told[server][13] + told[server][14]) / os.sysconf("SC_CLK_TCK")


def _stat(process: Path) -> list[int]:
    """Fields 3 and on of /proc/<pid>/stat (proc(5)), the state as 0; nothing where it is gone."""
    try:
        return [0, *map(int, (process / "stat").read_text().rpartition(")")[2].split()[1:])]
    except OSError:
        return []


def _plain(url: str) -> str:
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def disk(settings: Settings, results: list[dict[str, Any]]) -> Iterator[None]:
    """What the block's databases take on the disk, at the end and at the most, logs and copies among it, in MB."""
    folders, url = [settings.home], settings.database_url if "postgres" in settings.database_url else None
    if url:
        with psycopg.connect(_plain(url)) as connection:
            folders = [Path(str(one[0])) for one in connection.execute("SHOW data_directory").fetchall()]
    before, most, over = _size(folders), [0], threading.Event()

    def look() -> None:
        while not over.wait(0.25):
            most.append(_size(folders))

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield
    finally:
        over.set()
        looking.join()
    results[-1] |= {"disk": _size(folders) - before, "most": max(most) - before}


def _size(folders: list[Path]) -> int:
    found = 0
    for path in (path for folder in folders for path in folder.rglob("*") if "lake" not in path.parts):
        with contextlib.suppress(OSError):
            found += path.lstat().st_blocks * 512 if path.is_file() and not path.is_symlink() else 0
    return found // 1_000_000


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


def publish_all(source: Path, url: str | None, results: list[dict[str, Any]]) -> None:
    """Every night, those made here, and back, in one new home."""
    with tempfile.TemporaryDirectory() as folder:
        settings, last = settings_of(Path(folder), url), checksum.EMPTY
        nights = sorted(path.name for path in (source / "lake" / "night").iterdir())
        for night in nights:
            run = Run.of(night, settings=settings)
            _, last = take_over(source, run, last)
            braked(run)
            with disk(settings, results), timed("publish", results, url, night=night):
                report = publish.run(run)[0]
            results[-1]["rows"] = report.counts["rows"]
        number = len(nights)
        for at, (what, close) in enumerate(SMALL.items()):
            run = Run.of(f"9999-01-{at + 1:02d}", settings=settings)
            before, last = last, close(Made(run, last, number, source))
            for again in ("", ", again") if not at else ("",):
                with timed(f"publish {what}{again}", results, url):
                    report = publish.run(run)[0]
                results[-1]["rows"] = report.counts["rows"]
            number += 1
            if close is wide_night:  # which went wrong: it is taken back
                with timed("back to the release before a wide night", results, url):
                    report = publish.rollback(run)[0]
                results[-1]["rows"] = report.counts["rows"]
                last, number = before, number + 1
        with timed("checksum of every row", results, url):
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
            with timed("bare COPY", results, url, rows=rows), database.writing(dbs.release) as connection:
                for name, table in found.items():
                    bulk.insert(connection, name, table)
            return
        file = Path(folder) / "release.db"
        shutil.copy(file, file.with_name("bare.db"))
        with timed("bare ADBC", results, rows=rows), loading.into(file.with_name("bare.db")) as loader:
            for name, table in found.items():
                loader.insert(name, [table])
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
            for pragma in ("journal_mode=OFF", "synchronous=OFF"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            with timed("bare executemany", results, rows=rows):
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
    publish_all(given.home, None, results)
    bare(given.home, None, results)
    if given.postgres:
        binaries = postgres.binaries()
        if binaries is None:
            sys.exit("no PostgreSQL binaries on this machine")
        for measure in (publish_all, bare):
            with postgres.server(binaries) as url:
                measure(given.home, url, results)
    text = json.dumps(results, ensure_ascii=False, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
