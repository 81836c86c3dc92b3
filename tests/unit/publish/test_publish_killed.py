"""Killed at any instant: the old release or the new one, and a plain re-run ends right. Two at once: one release."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests import small_release as small
from transforms import checksum, database, publish
from transforms.run import Run, Settings

ROOT = Path(__file__).parents[3]
KILLS = 4
READERS, WHOLE = 20, 2  # two of the readers compute the checksum of every row
# Counts what the room's own code does (calls, returns, calls into the drivers) and kills the process at the n-th.
CHILD = """
import os, signal, sys
from transforms import publish
from transforms.run import Run
at, done = int(sys.argv[2]), 0
def count(frame, event, argument):
    global done
    if f"{os.sep}transforms{os.sep}" in frame.f_code.co_filename:
        done += 1
        if done == at:
            os.kill(os.getpid(), signal.SIGKILL)
run = Run.of(sys.argv[1])
sys.setprofile(count)
publish.run(run)
sys.setprofile(None)
print(done)
"""


def environment(settings: Settings) -> dict[str, str]:
    plain = {key: value for key, value in os.environ.items() if not key.startswith("GRIDFACTS_")}
    return plain | {
        "GRIDFACTS_HOME": str(settings.home),
        "GRIDFACTS_DATABASE_URL": settings.database_url,
        "PYTHONPATH": str(ROOT),
    }


def start(settings: Settings, night: str, at: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, night, str(at)],
        env=environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def state_of(settings: Settings) -> tuple[int, str, str]:
    """Number, stored checksum and true checksum of the current release, in one snapshot."""
    with database.reading(database.open_databases(settings).release) as connection:
        number, stored = connection.exec_driver_sql("SELECT release, checksum FROM release ORDER BY 1 DESC").all()[0]
        return number, stored, checksum.release_checksum(connection)


def cities(large: bool) -> tuple[small.City, small.City]:
    first, second = small.first_city(), small.second_city()
    if not large:
        second = small.first_city()
        second["fact_person"][1]["name"] = "张改名"
    return first, second


ONE_ROW = pytest.mark.thorough("a night of many kinds of rows is killed in every run")


@pytest.mark.parametrize("large", [True, pytest.param(False, marks=ONE_ROW)], ids=["large", "small"])
def test_killed_at_any_instant_and_run_again(settings: Settings, large: bool) -> None:
    before, after = cities(large)
    publish.run(small.close(settings, "2026-10-01", {}, before, 0).run)
    instants, ends = [0], set()
    for number in range(2, KILLS + 3):
        night = f"2026-10-{number:02d}"
        closed = small.close(settings, night, before, after, number - 1)
        old = state_of(settings)
        child = start(settings, night, instants[number - 2])
        out, err = child.communicate(timeout=100)
        if number == 2:  # undisturbed: how many instants are there?
            assert child.returncode == 0, err
            instants += [int(out) * (i + 1) // (KILLS + 1) for i in range(KILLS)]
        else:
            assert child.returncode == -signal.SIGKILL, err
        found = state_of(settings)
        assert found in (old, (number, closed.checksum, closed.checksum)), "neither the old release nor the new one"
        ends.add(found[0] - number)
        publish.run(closed.run)
        dbs = database.open_databases(settings)
        assert state_of(settings) == (number, closed.checksum, closed.checksum)
        assert database.read(dbs.control, "reconciled")["release"].to_pylist() == list(range(1, number + 1))
        assert database.read(dbs.release, "change")["seq"].to_pylist() == list(range(1, 2 * number + 2))
        assert publish.reconcile(closed.run) == number
        before, after = after, before
    assert ends == {-1, 0}, "the instants should lie on both sides of the commit"


def test_two_publishes_at_once_make_one_release(settings: Settings) -> None:
    closed = small.close(settings, "2026-10-01", {}, small.first_city(), 0)
    children = [start(settings, "2026-10-01", 0) for _ in range(3)]
    for child in children:
        _, err = child.communicate(timeout=100)
        assert child.returncode == 0, err
    assert state_of(settings) == (1, closed.checksum, closed.checksum)
    assert database.read(database.open_databases(settings).release, "change").num_rows == 3


def told_by(settings: Settings) -> tuple[object, ...]:
    """What a reader puts together from five tables in one snapshot; cheap, so that many can ask often."""
    with database.reading(database.open_databases(settings).release) as connection:
        number = connection.exec_driver_sql("SELECT MAX(release) FROM release").scalar_one()
        names = connection.exec_driver_sql("SELECT person_id, name FROM fact_person WHERE known_to IS NULL ORDER BY 1")
        last = connection.exec_driver_sql("SELECT MAX(release) FROM change").scalar_one()
        minted = connection.exec_driver_sql("SELECT COUNT(*) FROM identity").scalar_one()
        records = connection.exec_driver_sql("SELECT COUNT(*) FROM record WHERE entity_id = 'per1'").scalar_one()
        return number, [tuple(row) for row in names], last, minted, records


def expected(number: int, city: small.City) -> tuple[object, ...]:
    names = sorted((str(row["person_id"]), str(row["name"])) for row in city["fact_person"])
    mine = sum(row["entity_id"] == "per1" for row in city["record"])
    return number, names, number, len(city["identity"]), mine


def test_twenty_readers_see_the_old_release_or_the_new_one(settings: Settings) -> None:
    first, second, renamed = small.first_city(), small.second_city(), small.second_city()
    renamed["fact_person"][1]["name"] = "张改名"  # little changes: on SQLite a transaction, else a file of its own
    nights = [first, second, renamed, second, first]
    known = {1: small.close(settings, "2026-10-01", {}, first, 0).checksum}
    told = {1: expected(1, first)}
    publish.run(Run.of("2026-10-01", settings=settings))
    wrong: list[object] = []
    seen: list[set[int]] = [set() for _ in range(READERS)]
    over = threading.Event()

    def poll(reader: int) -> None:
        while not over.is_set() and not wrong:
            try:
                if reader < WHOLE:
                    number, stored, true = state_of(settings)
                    fits = stored == true == known[number]
                else:
                    found = told_by(settings)
                    number = int(str(found[0]))
                    fits = found == told[number]
            except Exception as error:
                wrong.append(error)
                return
            seen[reader].add(number)
            if not fits:
                wrong.append(number)

    readers = [threading.Thread(target=poll, args=(reader,)) for reader in range(READERS)]
    for reader in readers:
        reader.start()
    try:
        for number, (then, now) in enumerate(itertools.pairwise(nights), 2):
            closed = small.close(settings, f"2026-10-{number:02d}", then, now, number - 1)
            known[number], told[number] = closed.checksum, expected(number, now)
            publish.run(closed.run)
    finally:
        over.set()
        for reader in readers:
            reader.join()
    assert wrong == []
    assert all(seen), "every reader got an answer"
    assert len(set().union(*seen)) > 2
