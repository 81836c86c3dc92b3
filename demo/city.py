"""Build a city: the truth, the nights, the files of the departments and the truth of every row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from demo import chronicle, events, press
from demo.compact import compacted
from demo.config import all_rates, city_config
from demo.daily import assign_days
from demo.facilities import build_facilities
from demo.institutions import build_institutions
from demo.licences import build_trade
from demo.members import MemberBook
from demo.organizations import build_organizations
from demo.people import People, build_people
from demo.places import build_places
from demo.settlement import all_villages, choose, draw_grids, merge_grids, split_grid, village_cells
from demo.tiling import Surveyor
from demo.wording import AddressWriter
from demo.world import World, state_of


@dataclass(frozen=True)
class CitySummary:
    """What was written: residents of the truth, rows per source, and the truth's entities per kind."""

    residents: int
    rows: dict[str, int]
    entities: dict[str, int]
    nights: list[str]


def build_world(city: str, residents: int, nights: int, seed: int) -> World:
    """The truth of a city with everything that will happen until the last night.

    Raises:
        ValueError: unknown city, or fewer than one resident or night.
    """
    if residents < 1 or nights < 1:
        raise ValueError("a city needs at least one resident and one night")
    config, rates = city_config(city), all_rates()["city"]
    everything = all_villages(config, seed)
    villages = choose(everything, config, residents, seed)
    surveyor = Surveyor(seed)
    grids = draw_grids(villages, village_cells(everything, villages, config), seed)
    small = int(villages["small_grids"].sum())
    places = build_places(config, villages, grids, surveyor, seed)
    events.building_events(places, nights, seed)
    people = build_people(config, places, rates, seed)
    events.person_events(people.persons, places, rates, nights, seed)
    organizations = build_organizations(config, villages, places, people.persons, small, rates, seed)
    events.organization_events(organizations, rates, nights, seed)
    facilities = build_facilities(villages, places, small, seed)
    lived_in = people.households["house"].to_numpy().astype(np.int64)
    institutions = build_institutions(config, villages, places, people.persons, lived_in, seed)
    assign_days(people.persons, places, villages, institutions, organizations, rates["employed"], seed)
    trade = build_trade(organizations, places, rates, seed)
    used = np.concatenate(
        [organizations["house"], organizations["site"], institutions["house"], trade.premises["house"]]
    )
    events.demolitions(places, people.persons, used[used >= 0].astype(np.int64), nights, seed)
    towns = pd.factorize(villages["town_code"])[0][places.buildings["village"].to_numpy()]
    events.road_events(places, towns, config.new_roads, nights, seed)
    for night in range(2, nights + 1):
        grids = merge_grids(split_grid(grids, night, seed), night, seed)
    writer = AddressWriter(config, villages, places)
    people = People(compacted(people.persons), compacted(people.households))
    return World(
        config, seed, villages, grids, surveyor, places, people, organizations, facilities, institutions, trade, writer
    )


def build(
    city: str, residents: int, nights: int, seed: int, out: Path, progress: Callable[[str], None], processes: int = 2
) -> CitySummary:
    """Write a city's drops and truth.

    Args:
        city: a name in `cities/`.
        residents: wanted number of residents; whole towns near it are taken.
        nights: number of nights, the first on 2026-10-01.
        seed: same seed, same bytes.
        out: gets `drops/<date>/<source>/<file>`, `truth/<kind>.parquet` and what `chronicle.py` and `members.py` tell.
        progress: told what is being done.
        processes: how many departments write at once; the bytes do not depend on it.

    Raises:
        ValueError: unknown city, or fewer than one resident or night.
    """
    progress(f"the truth of {city}")
    world = build_world(city, residents, nights, seed)
    progress(f"{len(world.people.persons)} residents, {len(world.places.houses)} houses")
    book, members, watch = press.TruthBook(out / "truth"), MemberBook(out / "truth"), chronicle.FileWatch()
    rows: dict[str, int] = defaultdict(int)
    first = state_of(world, 1)
    days = []
    for night in range(1, nights + 1):
        state = first if night == 1 else state_of(world, night)
        days.append(state.day.isoformat())
        for file in press.night(press.Job(state, first, out), processes):
            for kind, path in file.truth.items():
                book.add(kind, path)
            watch.see(state, file)
            rows[file.source] += file.rows
            progress(f"{state.day.isoformat()} {file.source}: {file.rows} rows")
        members.add(state)
        watch.close_night(state)
    members.close()
    pq.write_table(chronicle.table(world, nights, watch), out / "truth" / "events.parquet", compression="zstd")
    return CitySummary(len(world.people.persons), dict(rows), book.close(), days)
