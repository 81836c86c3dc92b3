"""Addresses that leave out the head of their path: one node that ends as they do is theirs, of two neither is."""

from __future__ import annotations

from itertools import permutations

import pyarrow as pa
import pytest

from transforms import store
from transforms.engine import Engine
from transforms.link import short
from transforms.live import Live
from transforms.run import REPOSITORY, Settings

EXPECTATIONS = REPOSITORY / "expectations"
HERE, THERE, AWAY = "445302001011", "445302001012", "445302102001"  # two villages of a town, one of another
TOWN, COUNTY, CITY = "445302001000", "445302000000", "445300000000"


@pytest.fixture
def engine(tmp_path):
    with Engine(Settings(tmp_path, "sqlite://", EXPECTATIONS, None, "duckdb", 1, "1GB")) as opened:
        yield opened


def village(path):
    scope = path.partition("|")[0]
    return scope if scope in (HERE, THERE, AWAY) else None


def fuller(engine, *paths):
    """Path → the path it stands for."""
    told = pa.array(paths, pa.string()), pa.array([village(p) for p in paths], pa.string())
    return dict(zip(paths, short.fuller(engine, *told, EXPECTATIONS, "2026-10-01").to_pylist(), strict=True))


FLAT = "road:人民路|door:12|estate:锦绣花园|building:3"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (f"{TOWN}|road:人民路|door:12", f"{HERE}|road:人民路|door:12"),
        (f"{COUNTY}|road:人民路|door:12", f"{HERE}|road:人民路|door:12"),
        (f"{CITY}|road:人民路|door:12", f"{HERE}|road:人民路|door:12"),
        ("*|road:人民路|door:12", f"{HERE}|road:人民路|door:12"),
        (f"{HERE}+{AWAY}|group:大塘|door:5", f"{AWAY}|group:大塘|door:5"),  # two villages of one name
        (f"{TOWN}|estate:锦绣花园|building:3", f"{HERE}|{FLAT}"),
        (f"{HERE}|estate:锦绣花园|building:3", f"{HERE}|{FLAT}"),  # the village, but neither road nor door
    ],
)
def test_the_one_node_that_ends_so_is_meant(engine, said, known):
    assert fuller(engine, said, known) == {said: known, known: known}


@pytest.mark.parametrize(
    ("said", "known"),
    [
        (f"{TOWN}|road:人民路|door:12", [f"{HERE}|road:人民路|door:12", f"{THERE}|road:人民路|door:12"]),
        (f"{TOWN}|estate:锦绣花园", [f"{HERE}|road:人民路|door:12|estate:锦绣花园", f"{THERE}|estate:锦绣花园"]),
        (f"{HERE}|estate:锦绣花园", [f"{HERE}|road:{r}|door:1|estate:锦绣花园" for r in ("人民路", "解放路")]),
    ],
)
def test_of_two_none_is_chosen_and_what_lies_below_is_as_open(engine, said, known):
    below = f"{said}|room:101"
    found = fuller(engine, said, below, *known)
    assert (found.pop(said), found.pop(below)) == (None, None)
    assert found == {path: path for path in known}


@pytest.mark.parametrize(
    ("said", "other"),
    [
        (f"{TOWN}|road:人民路|door:12", f"{AWAY}|road:人民路|door:12"),  # in another town
        (f"{TOWN}|road:人民路|door:12", f"{HERE}|road:人民路|door:14"),
        (f"{TOWN}|road:人民路", f"{HERE}|road:人民路|door:12"),  # a road is not its door
        (f"{TOWN}|door:12", f"{HERE}|road:人民路|door:12"),
        (f"{TOWN}|road:人民路|door:12|room:101", f"{HERE}|road:人民路|door:12|estate:锦绣花园|room:101"),
    ],
)
def test_what_ends_otherwise_stays_what_it_is(engine, said, other):
    assert fuller(engine, said, other) == {said: said, other: other}


def test_a_room_that_nobody_else_names_stands_in_the_door_that_is_known(engine):
    door, room = f"{HERE}|road:人民路|door:12", "room:101"
    found = fuller(engine, door, f"{TOWN}|road:人民路|door:12", f"{TOWN}|road:人民路|door:12|{room}")
    assert set(found.values()) == {door, f"{door}|{room}"}


def test_two_short_words_for_one_block_meet_in_the_node(engine):
    """The village's own word without a road counts once, with the node it is."""
    paths = [f"{HERE}|{FLAT}", f"{HERE}|estate:锦绣花园|building:3", f"{COUNTY}|estate:锦绣花园|building:3"]
    assert set(fuller(engine, *paths).values()) == {paths[0]}


DOOR, OPEN = "road:人民路|door:12", "road:解放路|door:3"
ROWS = [
    f"{HERE}|{DOOR}", f"{TOWN}|{DOOR}", f"{COUNTY}|{DOOR}", f"{COUNTY}|{DOOR}",
    f"{HERE}|{OPEN}", f"{THERE}|{OPEN}", f"{TOWN}|{OPEN}", f"{TOWN}|{OPEN}",
]  # fmt: skip


def groups(engine, folder, rows):
    """What the edges join: groups of (path, which of the equal ones)."""
    told = {"record_id": [f"r{at}" for at in range(len(rows))], "path": rows, "village": [village(p) for p in rows]}
    store.write_table(folder / "address.parquet", pa.table({k: pa.array(v, pa.string()) for k, v in told.items()}))
    part = list(range(len(rows)))
    for pairs in short.edges(engine, Live(folder / "address.parquet"), EXPECTATIONS, "2026-10-01"):
        for u, v in zip(pairs.u.tolist(), pairs.v.tolist(), strict=True):
            assert u < v
            assert (pairs.how == "key") == (rows[u] == rows[v])
            part = [part[u] if p == part[v] else p for p in part]
    return sorted(sorted(rows[at] for at in range(len(rows)) if part[at] == p) for p in set(part))


def test_equal_words_join_unless_they_leave_open_which_door_is_meant(engine, tmp_path):
    found = groups(engine, tmp_path, ROWS)
    assert sorted(ROWS[:4]) in found
    assert sorted([path] for path in ROWS[4:]) == [group for group in found if len(group) == 1]


def test_the_order_of_the_records_changes_nothing(engine, tmp_path):
    expected = groups(engine, tmp_path, ROWS)
    orders = list(permutations(ROWS))[:: 40320 // 12]
    assert len(orders) >= 12
    for order in orders:
        assert groups(engine, tmp_path, list(order)) == expected


def test_no_records_no_edges(engine, tmp_path):
    assert groups(engine, tmp_path, []) == []
