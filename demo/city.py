"""Build a city: the truth, the nights, the files of eight departments and the truth of every row."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from demo import events
from demo.config import all_rates, city_config
from demo.departments import (
    chengguan_bujian,
    gongan_hukou,
    shebao_canbao,
    shichang_zhuti,
    shuiwu_nashui,
    xiaofang_sheshi,
    zhengfa_wangge,
    zhujian_fangwu,
)
from demo.draw import Dice
from demo.extract import Extract, truth_frames
from demo.facilities import build_facilities
from demo.organizations import build_organizations
from demo.people import build_people
from demo.places import build_places
from demo.settlement import all_villages, choose, draw_grids, split_grid, village_cells
from demo.tiling import Surveyor
from demo.wording import AddressWriter
from demo.world import State, World, state_of

_SCHEMA = pa.schema(
    [
        ("night", pa.string()), ("source", pa.string()), ("file_sha256", pa.string()), ("line", pa.int64()),
        ("entity", pa.string()), ("errors", pa.list_(pa.string())), ("cases", pa.list_(pa.string())),
        ("address", pa.string()), ("building", pa.string()), ("grid", pa.string()),
    ]
)  # fmt: skip
Writer = Callable[[Extract, str, int], tuple[str, bytes, int]]


@dataclass(frozen=True)
class CitySummary:
    """What was written: residents of the truth, rows per source, and the truth's entities per kind."""

    residents: int
    rows: dict[str, int]
    entities: dict[str, int]
    nights: list[str]


@dataclass(frozen=True)
class Delivery:
    """One file to be written: its rows, the day it speaks for, its correction number and its writer."""

    extract: Extract
    as_of: date
    correction: int
    write: Writer


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
    for night in range(2, nights + 1):
        grids = split_grid(grids, night, seed)
    writer = AddressWriter(config, villages, places)
    return World(config, seed, villages, grids, surveyor, places, people, organizations, facilities, writer)


def deliveries(state: State, first: State) -> Iterator[Delivery]:
    """What arrives on a night, one file at a time, by source name.

    Monthly and weekly sources arrive on the first night. Later: both person registers and the delta of market
    regulation every night, the grid office and housing because the cut and a building are new; on the second
    night also a corrected file of urban management for the first night and last month's tax file, late. The
    fire service sends nothing on a later night.
    """
    day = state.day
    if state.night == 1:
        yield Delivery(chengguan_bujian.extract(state), day, 0, chengguan_bujian.write)
    elif state.night == 2:
        mended = chengguan_bujian.extract(first, corrected=True)
        yield Delivery(mended, first.day, 1, chengguan_bujian.write)
    yield Delivery(gongan_hukou.extract(state), day, 0, gongan_hukou.write)
    yield Delivery(shebao_canbao.extract(state), day, 0, shebao_canbao.write)
    yield Delivery(shichang_zhuti.extract(state), day, 0, shichang_zhuti.write)
    if state.night == 1:
        yield Delivery(shuiwu_nashui.extract(state), day, 0, shuiwu_nashui.write)
        yield Delivery(xiaofang_sheshi.extract(state), day, 0, xiaofang_sheshi.write)
    elif state.night == 2:
        month_before = first.day.replace(month=first.day.month - 1)
        yield Delivery(shuiwu_nashui.extract(first, before=True), month_before, 0, shuiwu_nashui.write)
    yield Delivery(zhengfa_wangge.extract(state), day, 0, zhengfa_wangge.write)
    yield Delivery(zhujian_fangwu.extract(state), day, 0, zhujian_fangwu.write)


class TruthBook:
    """The truth's Parquet files, written file by file in the order (night, source, line)."""

    def __init__(self, folder: Path) -> None:
        """Open the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._writers: dict[str, pq.ParquetWriter] = {}
        self._entities: dict[str, set[str]] = {}

    def add(self, kind: str, frame: pd.DataFrame) -> None:
        """Append the rows of one file."""
        if kind not in self._writers:
            path = self._folder / f"{kind}.parquet"
            self._writers[kind] = pq.ParquetWriter(path, _SCHEMA, compression="zstd", write_page_checksum=True)
            self._entities[kind] = set()
        rows = pa.Table.from_pandas(frame, schema=_SCHEMA, preserve_index=False)
        self._writers[kind].write_table(rows.replace_schema_metadata(None))
        self._entities[kind].update(frame["entity"])

    def close(self) -> dict[str, int]:
        """Finish the files; returns the number of entities per kind."""
        for writer in self._writers.values():
            writer.close()
        return {kind: len(names) for kind, names in sorted(self._entities.items())}


def build(city: str, residents: int, nights: int, seed: int, out: Path, progress: Callable[[str], None]) -> CitySummary:
    """Write a city's drops and truth.

    Args:
        city: a name in `cities/`.
        residents: wanted number of residents; whole towns near it are taken.
        nights: number of nights, the first on 2026-10-01.
        seed: same seed, same bytes.
        out: gets `drops/<date>/<source>/<file>` and `truth/<kind>.parquet`.
        progress: told what is being done.

    Raises:
        ValueError: unknown city, or fewer than one resident or night.
    """
    progress(f"the truth of {city}")
    world = build_world(city, residents, nights, seed)
    progress(f"{len(world.people.persons)} residents, {len(world.places.houses)} houses")
    book = TruthBook(out / "truth")
    rows: dict[str, int] = defaultdict(int)
    first = state_of(world, 1)
    days = []
    for night in range(1, nights + 1):
        state = first if night == 1 else state_of(world, night)
        days.append(state.day.isoformat())
        for delivery in deliveries(state, first):
            _deliver(state, delivery, out, book)
            count = delivery.extract.rows
            rows[delivery.extract.source] += count
            progress(f"{state.day.isoformat()} {delivery.extract.source}: {count} rows")
    return CitySummary(len(world.people.persons), dict(rows), book.close(), days)


def _deliver(state: State, delivery: Delivery, out: Path, book: TruthBook) -> None:
    """Shuffle, write one file and note the truth of its rows."""
    part = delivery.extract
    as_of = delivery.as_of.strftime("%Y%m%d")
    label = f"{state.night} {as_of} {delivery.correction}"
    shuffled = part.take(Dice(state.world.seed, "file order", part.source, label).order(np.arange(part.rows)))
    name, content, first_line = delivery.write(shuffled, as_of, delivery.correction)
    folder = out / "drops" / state.day.isoformat() / part.source
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    lines = np.arange(first_line, first_line + part.rows, dtype=np.int64)
    for kind, frame in truth_frames(state, shuffled, sha256, lines).items():
        book.add(kind, frame)
