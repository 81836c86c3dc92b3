"""Of all homes that a night hands over only those reach control that the release before did not set alike."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import hypothesis
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import small_release as small
from transforms import database, manifest, publish, store, tables
from transforms.publish import ahead, homes
from transforms.publish import bundle as bundles
from transforms.publish.checks import CheckError
from transforms.publish.homes import Before
from transforms.publish.state import State
from transforms.run import Settings

Home = tuple[str, str, str]  # kind, record, identity
Homes = dict[tuple[str, str], str]
ANY = st.dictionaries(
    st.tuples(st.sampled_from(["house", "person"]), st.text("ab", min_size=1, max_size=3)), st.sampled_from("xyz")
)
SCHEMA = pa.schema([field for field in tables.load_all()["home"].schema if field.name != homes.STAMP])


def rows(told: Homes) -> list[Home]:
    return sorted((kind, record, entity) for (kind, record), entity in told.items())


@hypothesis.settings(max_examples=40)
@given(was=ANY, now=ANY, piece=st.integers(1, 5))
def test_exactly_the_rows_that_differ(
    was: Homes, now: Homes, piece: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("homes")
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(folder)})
    for number, (night, told) in enumerate(zip(small.NIGHTS, (was, now), strict=True)):
        closed = small.close(settings, night, {}, {}, number)
        there = store.night_dir(closed.run, "account", "release")
        columns = list(zip(*rows(told), strict=True)) or [[], [], []]
        store.write_table(there / "home.parquet", pa.table([pa.array(c, pa.string()) for c in columns], SCHEMA))
        manifest.write(there, "account", {})
    found, before = bundles.released(settings, small.NIGHTS[1], 2), Before(1, small.NIGHTS[0], "")
    before = dataclasses.replace(before, checksum=bundles.released(settings, small.NIGHTS[0], 1).checksum)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundles, "ROWS", piece)
        told = [tuple(row.values()) for rows in homes.news(settings, found, before) for row in rows.to_pylist()]
        every = [tuple(row.values()) for rows in homes.news(settings, found, None) for row in rows.to_pylist()]
    assert told == sorted(set(rows(now)) - set(rows(was)))
    assert every == rows(now)


def in_control(settings: Settings) -> list[tuple[str, int]]:
    found = database.read(database.open_databases(settings).control, "home", ["record_id", "homed_release"])
    return [(row["record_id"], row["homed_release"]) for row in found.to_pylist()]


def brought(settings: Settings, night: str, before: Before) -> list[str]:
    found = bundles.released(settings, night, 1)
    return [record for rows in homes.news(settings, found, before) for record in rows["record_id"].to_pylist()]


def test_homes_that_stand_are_not_brought_again_and_none_is_lost(settings: Settings) -> None:
    first = small.close(settings, "2026-10-01", {}, small.first_city(), 0)
    publish.run(first.run)
    second = small.close(settings, "2026-10-02", small.first_city(), small.second_city(), 1)
    assert brought(settings, "2026-10-02", Before(1, "2026-10-01", first.checksum)) == ["rec4"]
    publish.run(second.run)
    assert in_control(settings) == [("rec1", 1), ("rec2", 1), ("rec3", 1), ("rec4", 2)]


def test_a_release_whose_file_is_not_known_to_be_its_own_brings_every_home(settings: Settings) -> None:
    """The same night twice: its folder holds what the second release brought, which the first did not."""
    publish.run(small.close(settings, "2026-10-01", {}, small.first_city(), 0).run)
    again = small.close(settings, "2026-10-01", small.first_city(), small.second_city(), 1)
    publish.run(again.run)
    assert in_control(settings) == [("rec1", 1), ("rec2", 1), ("rec3", 1), ("rec4", 2)]
    for before in (Before(1, "2026-10-01", "another"), Before(9, "2026-10-01", again.checksum), Before(1, "no", "")):
        assert len(brought(settings, "2026-10-01", before)) == 3
    mine = Before(2, "2026-10-01", again.checksum)
    assert brought(settings, "2026-10-01", mine) == []


def test_a_file_that_is_not_as_it_was_written_says_nothing_unless_tonights_is_the_same(settings: Settings) -> None:
    first = small.close(settings, "2026-10-01", {}, small.first_city(), 0)
    before = Before(1, "2026-10-01", first.checksum)
    path = store.night_dir(first.run, "account", "release") / "home.parquet"
    small.close(settings, "2026-10-02", small.first_city(), small.second_city(), 1)
    small.close(settings, "2026-10-03", {}, small.first_city(), 0)
    assert [len(brought(settings, night, before)) for night in ("2026-10-02", "2026-10-03")] == [1, 0]
    store.write_table(path, store.read_table(path).slice(0, 1))
    assert [len(brought(settings, night, before)) for night in ("2026-10-02", "2026-10-03")] == [3, 0]
    path.unlink()
    assert [len(brought(settings, night, before)) for night in ("2026-10-02", "2026-10-03")] == [3, 0]


def test_homes_that_went_ahead_stay_only_with_their_release(settings: Settings) -> None:
    left = settings.home / "control.homes.new"
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_text("of a killed run")
    torn = small.first_city()
    torn["fact_person"][0]["household_id"] = "nowhere"
    run = small.close(settings, "2026-10-01", {}, torn, 0).run
    with pytest.raises(CheckError, match="household_id_resolves"):
        publish.run(run)
    assert in_control(settings) == []
    publish.run(small.close(settings, "2026-10-01", {}, small.first_city(), 0).run)
    assert in_control(settings) == [("rec1", 1), ("rec2", 1), ("rec3", 1)]
    on_a_server = database.open_databases(settings).release_file is None
    assert left.exists() == on_a_server, "there it is nobody's file"


@pytest.mark.parametrize(("asked", "goes"), [({}, True), ({"base": 1}, False), ({"rows": {}}, False)])
def test_only_a_first_release_with_homes_lets_them_go_ahead(
    settings: Settings, asked: dict[str, Any], goes: bool
) -> None:
    small.close(settings, "2026-10-01", {}, small.first_city(), 0)
    dbs, found = (
        database.open_databases(settings),
        dataclasses.replace(bundles.released(settings, "2026-10-01", 1), **asked),
    )
    with ThreadPoolExecutor(1) as beside, ahead.going(settings, dbs, found, State(), beside) as own:
        assert (own.taking is not None) == goes


@pytest.mark.parametrize("held", [0, 1, 100])
@pytest.mark.parametrize("many", [1, 2, 100])
def test_news_that_were_sought_beside_are_those_that_control_lacks(
    settings: Settings, held: int, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are held, and whether or not the pages they touch were read before."""
    before = State(1, "2026-10-01", small.close(settings, "2026-10-01", {}, small.first_city(), 0).checksum)
    dbs, found = database.open_databases(settings), bundles.released(settings, "2026-10-01", 1)
    found, read = dataclasses.replace(found, base=2), []
    monkeypatch.setattr(bundles, "ROWS", 1)
    monkeypatch.setattr(ahead, "_HELD", held)
    monkeypatch.setattr(ahead, "_MANY", many)
    monkeypatch.setattr(ahead, "_read", read.append)
    for known, news in ((before, []), (State(1, "2026-10-01", "another"), ["rec1", "rec2", "rec3"])):
        with ThreadPoolExecutor(1) as beside, ahead.going(settings, dbs, found, known, beside) as own:
            assert own.news is not None
            assert [record for rows in own.news() for record in rows["record_id"].to_pylist()] == news
    assert len(read) == (dbs.release_file is not None and (many, held) in ((1, 1), (1, 100), (2, 100)))


def test_the_pages_that_are_read_are_those_of_homes_and_their_indexes(settings: Settings) -> None:
    publish.run(small.close(settings, "2026-10-01", {}, small.first_city(), 0).run)
    dbs = database.open_databases(settings)
    if dbs.release_file is not None:
        with database.reading(dbs.control) as connection:
            asked = "SELECT name FROM sqlite_master WHERE tbl_name = 'home'"
            there = list(connection.exec_driver_sql(asked).scalars())
            plans = [str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()) for text in ahead.PAGES]
        assert len(there) == len(plans) == 3
        assert all(any(f"INDEX {name}'" in plan or plan.endswith("SCAN home')]") for plan in plans) for name in there)
