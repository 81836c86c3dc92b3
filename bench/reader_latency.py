"""How long a reader waits while a publish runs, beside bare driver reads of the same rows. JSON on stdout or in a file.

    PYTHONPATH=. python bench/reader_latency.py --home HOME [--seconds 20] [--out FILE] [--postgres]

HOME is a GRIDFACTS_HOME whose first night has been closed; it is only read. Its first night is published into a new
home; then a reader, a process of its own, asks for pages of 1 000 events and for single entities at seeded places, in
quiet first, then while one small night after another (one person in a hundred renamed) is published. ``bare`` is the
driver's own connection, opened once, on the tables without views: the floor. Milliseconds; read the ratios.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psycopg
import sqlalchemy as sa

from bench.nights import Made, small_night
from bench.publish_load import settings_of, take_over
from tests import postgres
from tests.small_release import braked
from transforms import checksum, database, publish
from transforms.reader import feed
from transforms.run import Run, Settings

PAGE = "SELECT * FROM change WHERE seq > {} ORDER BY seq LIMIT 1000"
ONE = "SELECT * FROM fact_person WHERE person_id = {} AND known_to IS NULL"
PERSONS = "SELECT person_id FROM fact_person WHERE known_to IS NULL ORDER BY 1"
VIEW = sa.text("SELECT * FROM v1_person WHERE person_id = :one")


def questions(settings: Settings) -> dict[str, Callable[[random.Random], object]]:
    """What a reader asks, by name; each takes the chance that says where."""
    dbs = database.open_databases(settings)
    follow = feed.followed(settings)
    bare: Any
    mark = "?"
    if dbs.release_file:
        bare = sqlite3.connect(dbs.release_file, isolation_level=None)
    else:
        url = sa.make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
        bare, mark = psycopg.connect(url, autocommit=True, options="-c search_path=release"), "%s"
    kept = dbs.release.connect().execution_options(isolation_level="AUTOCOMMIT")
    with database.reading(dbs.release) as connection:
        last = int(connection.scalar(sa.text("SELECT MAX(seq) FROM change")) or 0)
        persons = list(
            connection.scalars(sa.text("SELECT person_id FROM fact_person WHERE known_to IS NULL ORDER BY 1"))
        )

    def page(chance: random.Random) -> object:
        with database.reading(dbs.release) as connection:
            return feed.Whole(connection, follow).page(chance.randrange(max(1, last - 1000)))

    def page_kept(chance: random.Random) -> object:
        return feed.Whole(kept, follow).page(chance.randrange(max(1, last - 1000)))

    def entity(chance: random.Random) -> object:
        with database.reading(dbs.release) as connection:
            return connection.execute(VIEW, {"one": chance.choice(persons)}).all()

    return {
        "feed page of 1000": page,
        "feed page of 1000, connection kept": page_kept,
        "bare page of 1000": lambda chance: bare.execute(
            PAGE.format(mark), (chance.randrange(max(1, last - 1000)),)
        ).fetchall(),
        "entity": entity,
        "entity, connection kept": lambda chance: kept.execute(VIEW, {"one": chance.choice(persons)}).all(),
        "bare entity": lambda chance: bare.execute(ONE.format(mark), (chance.choice(persons),)).fetchall(),
    }


def ask(settings: Settings, ready: Event, until: Event, out: Path) -> None:
    """The reader: every question in turn until told to stop."""
    asked = questions(settings)
    gc.freeze()  # of no reader, but of this bench: the ids of all persons, which the collector would go through
    took: dict[str, list[float]] = {name: [] for name in asked}
    chance = random.Random(11)  # noqa: S311 - no secret
    ready.set()
    while not until.is_set():
        for name, question in asked.items():
            start = time.perf_counter()
            question(chance)
            took[name].append(1_000 * (time.perf_counter() - start))
    out.write_text(json.dumps(took), "utf-8")


def reader(settings: Settings, out: Path, meanwhile: Callable[[], int]) -> tuple[dict[str, list[float]], int]:
    """Milliseconds of each answer while something is done, and how often it was."""
    fresh = multiprocessing.get_context("spawn")
    ready, until = fresh.Event(), fresh.Event()
    process = fresh.Process(target=ask, args=(settings, ready, until, out))
    process.start()
    ready.wait(120)
    done = meanwhile()
    until.set()
    process.join()
    return json.loads(out.read_text("utf-8")), done


def measure(home: Path, url: str | None, seconds: float) -> list[dict[str, Any]]:
    """Quiet and during publishes, on one home."""
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_of(Path(folder), url)
        first = min((home / "lake" / "night").iterdir()).name
        run = Run.of(first, settings=settings)
        _, last = take_over(home, run, checksum.EMPTY)
        braked(run)
        publish.run(run)
        state = {"release": 1, "checksum": last}

        def publishing() -> int:
            end, nights = time.monotonic() + seconds, 0
            while time.monotonic() < end:
                night = Run.of(f"9999-{1 + nights // 28:02d}-{1 + nights % 28:02d}", settings=settings)
                state["checksum"] = small_night(Made(night, str(state["checksum"]), int(state["release"]), home))
                state["release"] = publish.run(night)[0].counts["release"]
                nights += 1
            return nights

        def quiet() -> int:
            time.sleep(seconds)
            return 0

        out, results = Path(folder) / "took.json", []
        for what, meanwhile in (("quiet", quiet), ("publishing", publishing)):
            took, nights = reader(settings, out, meanwhile)
            for name, times in took.items():
                cut = statistics.quantiles(times, n=20)
                told = {"p50": round(cut[9], 2), "p95": round(cut[18], 2), "most": round(max(times), 1)}
                more = {"asked": len(times), "publishes": nights, "load": round(os.getloadavg()[0], 1)}
                results.append({"home": "postgresql" if url else "sqlite", "while": what, "what": name, **told, **more})
        return results


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--postgres", action="store_true", help="also on a throw-away PostgreSQL of this machine")
    given = parser.parse_args()
    results = measure(given.home, None, given.seconds)
    if given.postgres:
        binaries = postgres.binaries()
        if binaries is None:
            sys.exit("no PostgreSQL binaries on this machine")
        with postgres.server(binaries) as url:
            results += measure(given.home, url, given.seconds)
    text = json.dumps(results, ensure_ascii=False, indent=2)
    print(text)
    if given.out:
        given.out.write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    main()
