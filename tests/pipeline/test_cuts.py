"""Two cuts of the grids side by side: who was in a grid, as the old cut draws it and as the new one does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tests.homes import NIGHTS, Home
from transforms import database, tables
from transforms.run import Settings

QUESTION = (tables.SQL / "queries" / "persons_in_a_grid_on_a_day.sql").read_text("utf-8")
CUTS = ("2026-10-01", "2026-10-02")
_SMALL = 16  # digits of a small grid's code


@pytest.fixture
def release(both_nights: Path) -> Iterator[Connection]:
    stores = database.open_databases(Settings.from_environment(Home(both_nights).environment))
    with database.reading(stores.release) as connection:
        yield connection


def listed(connection: Connection, text: str, **bound: object) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(sa.text(text), bound)]


def small_codes(connection: Connection, cut: str) -> set[str]:
    found = listed(connection, "SELECT code FROM std_grid WHERE cut = :cut AND level = 'small'", cut=cut)
    return {str(code) for (code,) in found}


def living(city: Path, night: str) -> pd.DataFrame:
    """``source file_sha256 line grid`` of the truth of a night's persons: the small grid they live in, by that cut."""
    truth = pd.read_parquet(city / "truth" / "person.parquet")
    truth = truth[truth["night"].astype(str).eq(night)]
    return truth.assign(grid=truth["grid"].str[:_SMALL])


def test_a_re_cut_leaves_the_cut_before_it_open(release: Connection) -> None:
    cuts = listed(release, "SELECT cut, COUNT(*) FROM place_grid WHERE known_to IS NULL GROUP BY cut ORDER BY cut")
    assert [cut for cut, _ in cuts] == list(CUTS)
    ended = listed(release, "SELECT COUNT(*) FROM place_grid WHERE cut = :cut AND known_to IS NOT NULL", cut=CUTS[0])
    assert ended == [(0,)]


def test_buildings_in_two_grids_are_those_of_the_truth_and_count_where_most_of_them_lies(
    first_night: Path, city: Path
) -> None:
    truth = pd.read_parquet(city / "truth" / "building.parquet")
    truth = truth[truth["night"].astype(str).eq(NIGHTS[0]) & truth["source"].eq("ziran_zongdi")]
    told = truth[truth["cases"].map(lambda cases: "straddler" in cases)]
    assert len(told) > 0
    question = """
        SELECT b.code, g.code, p.assigned FROM building_grid p
        JOIN std_building b ON b.building_id = p.building_id AND b.known_to IS NULL
        JOIN std_grid g ON g.grid_id = p.grid_id AND g.known_to IS NULL
        WHERE p.known_to IS NULL
    """
    stores = database.open_databases(Settings.from_environment(Home(first_night).environment))
    with database.reading(stores.release) as connection:
        found = listed(connection, question)
    assert {code for code, _, _ in found} == set(told["building"])
    assert {(code, grid) for code, grid, assigned in found if assigned} == set(
        zip(told["building"], told["grid"], strict=True)
    )


def test_readers_see_the_newest_cut_alone(release: Connection) -> None:
    assert listed(release, "SELECT DISTINCT cut FROM v1_place") == [(CUTS[1],)]
    assert listed(release, "SELECT DISTINCT cut FROM v1_grid") == [(CUTS[1],)]
    twice = "SELECT person_id FROM v1_person GROUP BY person_id HAVING COUNT(*) > 1"
    assert listed(release, twice) == []


def test_who_was_in_a_grid_is_one_question_under_the_old_cut_and_the_new_one(release: Connection, city: Path) -> None:
    old, new = (small_codes(release, cut) for cut in CUTS)
    assert old - new, "the second night re-cuts a village"
    entity = {
        (str(source), str(batch).rsplit("-", 1)[-1], line): str(entity)
        for source, batch, line, entity in listed(
            release, "SELECT source, batch, line, entity_id FROM record WHERE kind = 'person' AND entity_id IS NOT NULL"
        )
    }
    for cut, codes in zip(CUTS, (old, new), strict=True):
        truth = living(city, cut)
        truth = truth[truth["source"].eq("wangge_renkou")] if cut == CUTS[0] else truth
        rows = zip(truth["source"], truth["file_sha256"], truth["line"], truth["grid"], strict=True)
        home = {entity[s, f, n]: grid for s, f, n, grid in rows if (s, f, n) in entity}
        answers = {code: {str(p) for p, _ in listed(release, QUESTION, cut=cut, grid=code, day=cut)} for code in codes}
        asked = [(person, code) for code, found in answers.items() for person in found if person in home]
        assert len(asked) > 50
        assert sum(home[person] == code for person, code in asked) > 0.9 * len(asked)


def test_the_old_cut_answers_the_same_after_the_new_one_came(first_night: Path, release: Connection) -> None:
    stores = database.open_databases(Settings.from_environment(Home(first_night).environment))
    asked = sorted(small_codes(release, CUTS[0]) - small_codes(release, CUTS[1]))
    with database.reading(stores.release) as before:
        for code in asked:
            bound = {"cut": CUTS[0], "grid": code, "day": NIGHTS[0]}
            assert len(listed(release, QUESTION, **bound)) == len(listed(before, QUESTION, **bound)) > 0
