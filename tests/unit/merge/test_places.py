"""An address that leads nowhere gives way to one that says the same and more, and to no other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.located import best_of
from tests.unit.merge.placed import places_of
from transforms import contract, model, store
from transforms.live import Live
from transforms.merge import places
from transforms.merge.golden import Golden
from transforms.merge.members import of_members
from transforms.run import REPOSITORY

LEVELS = ("county", "town", "village", "group", "road", "door", "estate", "building", "unit", "floor", "room")
HAMLET = {"town": "t", "village": "v", "group": "白石"}
Said = dict[str, str]
Winner = Callable[..., str]


def _level(said: Said) -> str:
    return next((level for level in reversed(LEVELS) if level in said), "outside")


def _golden(path: Path, records: dict[str, Said], won: str) -> Golden:
    """One entity of these records; ``source``, ``since`` and ``residual`` may stand among what a record says."""
    rows = []
    for record, said in sorted(records.items()):
        row = {f"address_{name}": said.get(name) for name in (*LEVELS, "residual")}
        plain = {"source": said.get("source", "shebao_canbao"), "since": said.get("since", "2026-10-01")}
        rows.append({"record_id": record, **plain, **row})
    schema = pa.schema([(name, pa.string()) for name in rows[0]])
    store.write_table(path, pa.Table.from_pylist(rows, schema))
    live = Live(path)
    at = live.ids.to_pylist().index(won)
    entity = np.zeros(live.num_rows, dtype=np.int64)
    return Golden(live, pa.array(["e"]), entity, pa.array(["number"]), {"address": np.array([at])})


def _located(records: dict[str, Said]) -> pa.Table:
    """Every record at the node of its own text, rank 2 elsewhere."""
    empty = dict.fromkeys(model.LOCATED.names)
    rows = [
        empty | {"record_id": record, "property": "address", "rank": rank, "score": 1, "address_id": record,
                 "village": said.get("village"), "level": "room" if rank == 2 else _level(said)}
        for record, said in records.items() for rank in (1, 2)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, model.LOCATED)


def test_two_records_stand_at_one_place_where_their_house_is_one_and_else_where_their_node_is() -> None:
    stands = [("a1", "h1"), ("a2", "h1"), ("a1", None), ("a1", None), ("a2", None), (None, None)]
    rows = [
        {"record_id": f"r{i}", "property": "address", "rank": 1, "address_id": node, "house_id": house}
        for i, (node, house) in enumerate(stands)
    ]
    located = best_of(pa.Table.from_pylist(rows, model.LOCATED), pa.array([f"r{i}" for i in range(len(rows))]))
    place = places.Candidates(located).place[located.text["address"]]
    same = {(i, j) for i in range(5) for j in range(i) if place[i] == place[j]}
    assert same == {(1, 0), (3, 2)}


@pytest.fixture
def winner(tmp_path: Path) -> Winner:
    trusted = contract.load_all(REPOSITORY / "expectations")

    def of(records: dict[str, Said], won: str, located: pa.Table | None = None) -> str:
        golden = _golden(tmp_path / "live.parquet", records, won)
        placed = places_of(_located(records) if located is None else located, golden.live)
        found = places.finer(golden, placed, ["address"], trusted)
        return str(golden.live.ids[found.winners["address"][0]].as_py())

    return of


def test_a_hamlet_gives_way_to_a_door_in_it(winner: Winner) -> None:
    assert winner({"a": HAMLET, "b": HAMLET | {"door": "3号"}}, "a") == "b"


@pytest.mark.parametrize(
    "other",
    [HAMLET | {"group": "石围", "door": "3号"}, HAMLET | {"village": "w", "door": "3号"}, HAMLET],
    ids=["another hamlet", "another village", "no door either"],
)
def test_it_gives_way_to_nothing_that_contradicts_it_or_leads_no_further(winner: Winner, other: Said) -> None:
    assert winner({"a": HAMLET, "b": other}, "a") == "a"


def test_a_door_stays_though_another_record_names_a_room_behind_it(winner: Winner) -> None:
    assert winner({"a": HAMLET | {"door": "3号"}, "b": HAMLET | {"door": "3号", "room": "301"}}, "a") == "a"


def test_a_number_that_nobody_could_read_is_not_overruled(winner: Winner) -> None:
    assert winner({"a": HAMLET | {"residual": "三十二"}, "b": HAMLET | {"door": "3号"}}, "a") == "a"


def test_among_several_trust_then_the_later_word_then_the_smaller_id(winner: Winner) -> None:
    door = HAMLET | {"door": "3号"}
    trusted = HAMLET | {"door": "4号", "source": "weijian_jigou"}
    later = HAMLET | {"door": "5号", "since": "2026-10-02"}
    assert winner({"a": HAMLET, "b": door, "c": later, "d": trusted}, "a") == "d"
    assert winner({"a": HAMLET, "b": door, "c": later}, "a") == "c"
    assert winner({"a": HAMLET, "b": door, "c": door | {"door": "6号"}}, "a") == "b"


def test_a_door_in_no_known_village_gives_way_to_the_same_door_in_one(winner: Winner) -> None:
    door = {"town": "t", "road": "建设路", "door": "12号"}
    assert winner({"a": door, "b": door | {"village": "v"}}, "a") == "b"
    assert winner({"a": door, "b": door | {"door": "21号", "village": "v"}}, "a") == "a"
    assert winner({"a": door | {"village": "w"}, "b": door | {"village": "v"}}, "a") == "a"


def test_what_is_not_in_the_library_wins_nothing(winner: Winner) -> None:
    records = {"a": HAMLET, "b": HAMLET | {"door": "3号"}}
    assert winner(records, "a", _located({"a": HAMLET})) == "a"


@pytest.fixture
def both(tmp_path: Path) -> Callable[[Said, Said], str | None]:
    """The node of a person of one record, who lives by one address and is registered by another."""

    def of(actual: Said, registered: Said) -> str | None:
        golden = _golden(tmp_path / "live.parquet", {"r": actual | registered}, "r")
        parts = {f"{role}_address": said for role, said in (("actual", actual), ("registered", registered))}
        row = {f"{prop}_{name}": said.get(name) for prop, said in parts.items() for name in (*LEVELS, "residual")}
        columns = {"record_id": "r", "source": "s", "since": "2026-10-01", **row}
        schema = pa.schema([(name, pa.string()) for name in columns])
        store.write_table(tmp_path / "live.parquet", pa.Table.from_pylist([columns], schema))
        found = [
            _located({prop: said}).to_pylist()[0] | {"record_id": "r", "property": prop} for prop, said in parts.items()
        ]
        winners = {prop: np.array([0]) for prop in parts}
        golden = replace(golden, live=Live(tmp_path / "live.parquet"), winners=winners)
        located = places_of(pa.Table.from_pylist(found, model.LOCATED), golden.live)
        placed = located.of_either(golden, *parts)
        return placed.address_id[0].as_py()  # type: ignore[no-any-return]

    return of


def test_who_lives_in_a_hamlet_and_is_registered_at_a_door_in_it_stands_at_the_door(
    both: Callable[[Said, Said], str | None],
) -> None:
    assert both(HAMLET, HAMLET | {"door": "3号"}) == "registered_address"
    assert both(HAMLET, HAMLET | {"group": "石围", "door": "3号"}) == "actual_address"
    assert both(HAMLET | {"door": "1号"}, HAMLET | {"door": "3号"}) == "actual_address"


LIBRARY = pa.table({
    "address_id": ["hamlet", "door", "room", "other"], "parent_id": [None, "hamlet", "door", None],
    "level": ["group", "door", "room", "door"], "village": ["v", "v", "v", "w"],
    "building_id": [None, "b1", "b1", "b2"], "house_id": [None, None, "h1", None],
})  # fmt: skip


@pytest.mark.parametrize(
    ("own", "members", "node"),
    [
        ("hamlet", ["room", "room"], "room"),
        (None, ["room", None], "room"),
        ("hamlet", ["room", "door"], "hamlet"),
        ("hamlet", ["other"], "hamlet"),
        (None, ["other"], None),
        ("hamlet", ["hamlet"], "hamlet"),
        ("door", ["room"], "door"),
        ("hamlet", [], "hamlet"),
    ],
    ids=["below it", "in its village", "two doors", "another place", "another village", "no door", "has one", "nobody"],
)
def test_a_household_stands_where_its_members_are_registered(
    own: str | None, members: list[str | None], node: str | None
) -> None:
    texts = {name: pa.array([value], pa.string()) for name, value in (("own", own), ("v", "v"), ("none", None))}
    place = places.Places(np.array([True]), texts["own"], texts["none"], texts["none"], texts["v"], texts["none"])
    home = np.zeros(len(members), dtype=np.int64)
    found = of_members(place, home, pa.array(members, pa.string()), LIBRARY)
    assert found.address_id.to_pylist() == [node]
    assert found.house_id.to_pylist() == ["h1" if node == "room" else None]


def test_in_a_city_whose_sources_name_no_address_a_household_stands_nowhere_and_says_why() -> None:
    nothing = pa.nulls(2, pa.string())
    why = pa.array(["no_address", "unresolved"])
    own = places.Places(np.array([False, True]), nothing, nothing, nothing, nothing, why)
    found = of_members(own, np.array([0, 1, 1]), pa.nulls(3, pa.string()), LIBRARY.slice(0, 0))
    assert found.address_id.null_count == found.house_id.null_count == 2
    assert places.first(found).reason.to_pylist() == ["no_address", "unresolved"]


@settings(max_examples=30)
@given(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.fixed_dictionaries(
            {"village": st.just("v")},
            optional={"group": st.sampled_from("gh"), "door": st.sampled_from("12"), "room": st.sampled_from("12")},
        ),
        min_size=1,
    ),
    st.data(),
)
def test_who_wins_says_everything_the_winner_before_said(
    winner: Winner, records: dict[str, Said], data: st.DataObject
) -> None:
    won = data.draw(st.sampled_from(sorted(records)))
    found = winner(records, won)
    assert records[won].items() <= records[found].items()
    assert found == won or _level(records[won]) in ("village", "group")
