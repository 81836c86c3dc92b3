"""What is held at once is bounded by a parameter: made small, everything comes out the same."""

from __future__ import annotations

import dataclasses
import itertools
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.account.deployment import INSURED, PEOPLE, World
from transforms import checkpoint, contract, store
from transforms.account import pieces, settle, standing
from transforms.account.apply import landed_of, told
from transforms.account.books import Books, release_books
from transforms.account.claims import Claims
from transforms.account.delta import Delta
from transforms.account.fold import Fold
from transforms.account.grids import grids
from transforms.account.night import Night
from transforms.account.pages import Pages
from transforms.account.ranges import ranges
from transforms.account.record import record
from transforms.account.sure import Members, located
from transforms.engine import Engine

KEY = ("code", "line")
ROWS = pa.schema([("code", pa.string()), ("line", pa.int64()), ("said", pa.string())])
EVERY = pa.Table.from_pylist(
    [{"code": code, "line": line, "said": said} for code in ("a", "ab", "b") for line in (2, 10, 9) for said in "xy"],
    ROWS,
)
SIDE = st.lists(st.integers(0, EVERY.num_rows // 2 - 1), unique=True).map(
    lambda rows: EVERY.take(pa.array([2 * row for row in rows], pa.int64()))
)


@given(before=SIDE, now=SIDE, rows=st.integers(1, 4))
def test_ranges_put_together_are_both_tables_in_the_order_of_the_key(
    before: pa.Table, now: pa.Table, rows: int
) -> None:
    order = [(name, "ascending") for name in KEY]
    with tempfile.TemporaryDirectory() as spill, pytest.MonkeyPatch.context() as patch:
        patch.setattr("transforms.account.ranges._LOOKED", 1)  # every key may end a range
        sides = [pieces.of_table(before), pieces.of_table(now)]
        found = list(ranges(Path(spill), KEY, sides, rows))
        assert not list(Path(spill).iterdir())
    largest = max(before.num_rows, now.num_rows)
    assert (len(found) > 1) == (largest > max(rows, 1))
    for at, side in enumerate((before, now)):
        assert pa.concat_tables([one[at] for one in found]).equals(side.sort_by(order))
    ends = [[(row["code"], row["line"]) for side in one for row in side.to_pylist()] for one in found]
    assert all(max(a) < min(b) for a, b in itertools.pairwise(filter(None, ends)))


def test_a_small_bound_makes_many_ranges(tmp_path: Path) -> None:
    side = pieces.of_table(pa.table({"code": [f"{n:03}" for n in range(200)]}))
    assert len(list(ranges(tmp_path, ["code"], [side, side], 1))) > 1
    assert len(list(ranges(tmp_path, ["code"], [side, side], 200))) == 1


@given(before=SIDE, now=SIDE, other=st.sets(st.integers(0, EVERY.num_rows // 2 - 1)))
def test_what_differs_is_what_one_side_has_and_the_other_has_not(
    before: pa.Table, now: pa.Table, other: set[int]
) -> None:
    texts = ["z" if at in other else said for at, said in enumerate(now["said"].to_pylist())]
    now = now.set_column(2, "said", pa.array(texts, pa.string()))
    sides = [side.sort_by([(name, "ascending") for name in KEY]) for side in (before, now)]
    delta = Delta(KEY, *sides)
    rows = [[tuple(row.values()) for row in side.to_pylist()] for side in (*sides, delta.ended, delta.begun)]
    assert rows[2] == [row for row in rows[0] if row not in rows[1]]
    assert rows[3] == [row for row in rows[1] if row not in rows[0]]
    ended = {row[:2] for row in rows[2]}
    assert [(code, fields) for code, fields in delta.updated] == [
        (row[0], ["said"]) for row in rows[3] if row[:2] in ended
    ]


def test_a_row_that_stands_twice_is_one_too_many() -> None:
    twice = pa.concat_tables([EVERY.slice(0, 1), EVERY.slice(0, 1)])
    delta = Delta(KEY, EVERY.slice(0, 1), twice)
    assert (delta.ended.num_rows, delta.begun.num_rows) == (0, 1)


@pytest.mark.parametrize("rows", [0, 5, 100])
def test_what_comes_once_is_kept_in_memory_or_in_a_file(tmp_path: Path, rows: int) -> None:
    told = (EVERY.slice(at, 4) for at in range(0, EVERY.num_rows, 4))
    found = pieces.kept(ROWS, told, tmp_path / "kept", rows)
    assert (tmp_path / "kept").exists() == (rows < EVERY.num_rows)
    assert found.rows == EVERY.num_rows
    for _ in range(2):
        assert pa.concat_tables(found.each(["line", "code"])).equals(EVERY.select(["line", "code"]).combine_chunks())


@pytest.fixture(scope="module")
def second(made_city: World, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A release stands, and the rooms of the next night are done: one is new, one went, one has another name."""
    home = tmp_path_factory.mktemp("second") / "home"
    shutil.copytree(made_city.settings.home, home)
    settings = dataclasses.replace(made_city.settings, home=home, database_url=f"sqlite:///{home / 'release.db'}")
    city = dataclasses.replace(made_city, settings=settings, files=dict(made_city.files), apart=set())
    city.publish()
    city.night = "2026-10-02"
    city.deliver("registry", [*PEOPLE[:2], PEOPLE[3]])
    city.deliver("roster", [INSURED[0], INSURED[2] | {"name": "己"}, {"no": "d", "name": "庚"}])
    city.rooms()
    return city


def settled(world: World, books: Books, folder: Path, rows: int) -> dict[str, Any]:
    """Everything that comes of comparing a night with the release."""
    folder.mkdir()
    night = Night(world.run)
    with standing.standing_tables(world.run) as before:
        found = settle.settle(night, before, books.tables, folder, rows)
    tables = {path.stem: store.read_table(path) for path in folder.iterdir()}
    return {"checksum": found.checksum, "counts": found.counts, "events": found.events, **tables}


def test_a_night_comes_to_the_same_whatever_is_held_at_once(second: World, tmp_path: Path) -> None:
    night = Night(second.run)
    books = release_books(Pages(night))
    whole, cut = (settled(second, books, tmp_path / str(rows), rows) for rows in (1_000, 1))
    assert {event["event"] for event in whole["events"].to_pylist()} >= {"create", "retire", "update"}
    assert cut == whole

    assert record(night, 1).whole(["record_id"]).equals(record(night).whole(["record_id"]))
    std_grid = books.tables["std_grid"].whole(["grid_id"])
    placed = [grids(second.settings, books.tables, std_grid, rows) for rows in (1_000, 1)]
    assert placed[0].stat_grid.equals(placed[1].stat_grid)
    facts = [pa.concat_tables(one.fact_grid).combine_chunks() for one in placed]
    assert facts[0].num_rows > 5
    assert facts[0].equals(facts[1])

    live = store.read_table(second.folder("account", "live") / "person.parquet")
    cluster = store.read_table(second.folder("resolve", "person") / "cluster.parquet")
    members = Members.made(live["record_id"].chunk(0), cluster)
    assert members is not None
    path = second.folder("merge", "person") / "claim.parquet"
    claims = [Claims(path, members, live["source"].combine_chunks(), rows) for rows in (1_000, 1)]
    assert all(one.known for one in claims)
    assert [ids.tolist() for ids in claims[0].of("name")] == [ids.tolist() for ids in claims[1].of("name")] != [[], []]


def test_the_fold_is_the_same_whatever_is_folded_at_once(second: World, tmp_path: Path) -> None:
    run, past = second.run, checkpoint.Checkpoint()
    contracts = contract.load_all(second.settings.expectations)
    given = told(run, contracts, {source: landed_of(run, source, past, {}, []) for source in contracts}, past)
    found = []
    for rows in (1_000, 6, 1):
        (tmp_path / str(rows)).mkdir()
        with Engine(run.settings) as engine:
            fold = Fold(engine, given, tmp_path / str(rows), rows)
        lives = [fold.live(kind).to_pylist() for kind in given.words["kind"]]
        found.append((pa.concat_tables(fold.versions()).combine_chunks(), [sorted(rows, key=str) for rows in lives]))
    assert found[0][0].num_rows > 15
    assert found[0][0].equals(store.read_table(second.folder("account", "versions") / "versions.parquet"))
    assert found[0] == found[1] == found[2]


LOCATED = pa.schema(
    [("record_id", pa.string()), ("property", pa.string()), ("rank", pa.int32()), ("grid_id", pa.string()),
     ("reason", pa.string())]
)  # fmt: skip


@pytest.mark.parametrize("rows", [0, 100])
def test_candidates_are_seen_across_pieces(tmp_path: Path, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.account.sure.PIECE", 2)
    ids = [f"r{at}" for at in range(5)]
    good = [(record, "a", rank, None, "gap") for record in ids for rank in (1, 2, 3)]
    cases = {"good": good, "fewer": good[3:], "not ranked": [*good[:4], good[5]], "more": [*good, ("r9", *good[0][1:])]}
    for name, told_rows in cases.items():
        table = pa.Table.from_pylist([dict(zip(LOCATED.names, row, strict=True)) for row in told_rows], LOCATED)
        store.write_table(tmp_path / f"{name}.parquet", table)
        assert located(tmp_path / f"{name}.parquet", pa.array(ids), rows) == (name == "good")
