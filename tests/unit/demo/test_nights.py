"""What happens between nights, and that the truth tells of it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import shapely

from demo import press
from demo.city import build, build_world
from demo.departments import gongan_hukou
from demo.world import World, state_of
from tests.unit.demo.sample import City

EVENTS = {
    "birth", "death", "move", "marriage", "built", "demolished", "road_renamed", "grid_cut", "grid_ended", "founded",
    "renamed", "closed", "merged", "moved", "file_corrected", "file_late", "file_missing", "file_out_of_order",
    "file_broken", "columns_changed", "columns_reordered",
}  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return build_world("yunfu", 6000, 3, 11)


@pytest.fixture(scope="module")
def events(city: City) -> pd.DataFrame:
    return city.truth("events")


def test_the_second_night_has_at_least_one_of_each_event(events: pd.DataFrame) -> None:
    assert list(events.columns) == ["night", "event", "kind", "entity", "detail"]
    second = events[events["night"] == "2026-10-02"]
    assert set(second["event"]) == EVENTS
    assert set(events["night"]) == {"2026-10-02"}


def test_events_name_entities_of_the_truth(city: City, events: pd.DataFrame) -> None:
    told = events[events["kind"] != "source"]
    assert set(told["kind"]) == {"person", "organization", "building", "grid"}
    for kind, part in told.groupby("kind"):
        known = set(city.truth(str(kind))["entity"])
        assert len(part)
        assert len(set(part["entity"]) & known) > 0.5 * part["entity"].nunique(), kind
    merged = events[events["event"] == "merged"]
    closed = set(events.loc[events["event"] == "closed", "entity"])
    assert set(merged["entity"]) <= closed, "the company taken over is struck off"
    assert not set(merged["detail"]) & closed


def test_file_events_tell_of_the_files(city: City, events: pd.DataFrame) -> None:
    night = city.folder / "drops" / "2026-10-02"
    files = events[events["event"].isin(["file_corrected", "file_late", "file_out_of_order"])]
    assert len(files) >= 3
    assert all(
        (night / source / name).is_file() for source, name in files[["entity", "detail"]].itertuples(index=False)
    )
    missing = events.loc[events["event"] == "file_missing", "entity"].tolist()
    assert missing
    assert not any((night / source).exists() for source in missing)
    assert all((city.folder / "drops" / "2026-10-01" / source).exists() for source in missing)
    changed = events[events["event"] == "columns_changed"]
    first, second = (
        set(next(iter(city.rows(day, changed["entity"].iloc[0]).values()))) for day in ("2026-10-01", "2026-10-02")
    )
    assert " ".join(sorted(first ^ second)) == changed["detail"].iloc[0]


def test_a_demolished_house_is_empty_and_gone(world: World) -> None:
    buildings, at = world.places.buildings, world.places.houses["building"].to_numpy()
    for night in (2, 3):
        gone = np.flatnonzero((buildings["until_night"] == night).to_numpy())
        assert len(gone)
        before, after = state_of(world, night - 1), state_of(world, night)
        houses = np.flatnonzero(np.isin(at, gone))
        assert before.house_exists[houses].all()
        assert not after.house_exists[houses].any()
        lived = before.persons["house"].isin(houses).to_numpy()
        assert lived.any()
        assert not after.persons["house"].isin(houses).any()
        moved = after.persons.loc[lived]
        together = moved[before.persons.loc[lived, "house"].to_numpy() == before.persons.loc[lived, "house"].iloc[0]]
        assert together.groupby("household")["house"].nunique().max() == 1, "a household moves as one"


def test_grids_of_every_cut_tile_the_same_land(world: World) -> None:
    table = world.grids.table
    small = (table["level"] == "小网格").to_numpy()
    cuts = []
    for night in (1, 2, 3):
        alive = small & (table["from_night"] <= night).to_numpy() & (table["until_night"] > night).to_numpy()
        rings = [shapely.Polygon(world.surveyor.ring(world.grids.cells[at])) for at in np.flatnonzero(alive)]
        assert all(ring.is_valid for ring in rings)
        cuts.append(rings)
        whole = shapely.union_all(rings)
        assert sum(ring.area for ring in rings) == pytest.approx(whole.area, rel=1e-9)
        assert whole.symmetric_difference(shapely.union_all(cuts[0])).area < 1e-12
        codes = state_of(world, night).small_grid
        assert set(codes) <= set(table["code"][alive])
    born = table[small & (table["from_night"] == 2).to_numpy()]
    ended = table[small & (table["until_night"] == 2).to_numpy()]
    assert (len(born), len(ended)) == (3, 3), "one grid split in two, two joined"
    assert not set(born["code"]) & set(ended["code"])


def test_newborns_get_their_number_later(world: World) -> None:
    persons = world.people.persons
    born = np.flatnonzero((persons["born_night"] == 2).to_numpy())
    assert len(born)
    keys = [gongan_hukou.extract(state_of(world, night)) for night in (1, 2, 3)]
    rows = [dict(zip(part.marks["person"][0], part.columns["公民身份号码"], strict=True)) for part in keys]
    new = set(rows[1]) - set(rows[0])
    assert new
    assert all(rows[1][name] == "" for name in new)
    assert any(rows[2][name] for name in new & set(rows[2]))


def test_the_bytes_do_not_depend_on_the_number_of_processes(tmp_path: Path) -> None:
    digests = []
    for processes in (1, 3):
        folder = tmp_path / str(processes)
        build("yunfu", 900, 2, 3, folder, lambda _: None, processes)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        digests.append({path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in files})
    assert len(digests[0]) > 30
    assert digests[0] == digests[1]


def test_parts_of_the_truth_do_not_stay(city: City) -> None:
    assert not list((city.folder / "truth").glob(".*"))
    assert press.TruthBook.__doc__
