"""A road that everybody renames in one night: its nodes keep their ids, or retire with a successor, or are gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from transforms import store
from transforms.engine import Engine
from transforms.model import IDENTITY
from transforms.resolve.identity import HOME, LIVE, RETIRED, Past, assign
from transforms.resolve.passed import LOST, SAID, lost, passed_on, said, with_successors
from transforms.run import Settings

HERE = "445302001011"
Said = list[tuple[str, str | None]]  # a path and the code of the building there


def road(name: str, codes: str) -> Said:
    """The road and a door of each building: ``-`` says none."""
    doors: Said = [(f"{HERE}|road:{name}|door:{n}", None if c == "-" else c) for n, c in enumerate(codes, 1)]
    return [(f"{HERE}|road:{name}", None), *doors]


OLD, NEW = road("竹园4巷", "abc-"), road("安泰街", "abc-")


def minted(founding: pa.Array, number: int) -> pa.Array:
    """Ids as whoever founded them, and when."""
    return pc.binary_join_element_wise(founding, str(number), "@")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = str(tmp_path_factory.mktemp("passed"))
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": home, "GRIDFACTS_THREADS": "1"})) as opened:
        yield opened


def table(rows: Said, source: str) -> pa.Table:
    """One department's mentions; a record id says who mentions what."""
    told = [(f"{source} {path.removeprefix(HERE)}", path, code) for path, code in sorted(rows)]
    return pa.table([pa.array(column, pa.string()) for column in zip(*told, strict=True)], schema=SAID)


def nights(engine: Engine, *told: Said, sources: str = "x") -> list[Past]:
    """Homes and identities after each night; every path is one node, whoever says it."""
    past, found = Past(HOME.empty_table(), IDENTITY.empty_table()), []
    everything = [pa.concat_tables([table(rows, source) for source in sources]).sort_by("record_id") for rows in told]
    for release, live in enumerate(everything, 1):
        ids, paths = live["record_id"].combine_chunks(), live["path"].to_pylist()
        root = np.array([paths.index(path) for path in paths], dtype=np.int64)
        records = lost(ids, past)
        gone = pa.concat_tables(everything[: release - 1] or [live.slice(0, 0)])
        at = pc.index_in(records["record_id"], gone["record_id"].combine_chunks())
        gone = gone.take(at).append_column("entity_id", records["entity_id"])
        passed = passed_on(gone, live, past.homes["record_id"].combine_chunks(), release)
        named = assign(engine, ids, root, past.with_homes(passed.homes), release, minted)
        whose = named.entities.take(pa.array(np.unique(root, return_inverse=True)[1]))
        past = Past(
            pa.concat_tables(named.homes()), with_successors(named.standing().table(), ids, whose, passed.heirs)
        )
        found.append(past)
    return found


def entity(past: Past, path: str, source: str = "x") -> str:
    homes = dict(zip(past.homes["record_id"].to_pylist(), past.homes["entity_id"].to_pylist(), strict=True))
    return str(homes[f"{source} {path.removeprefix(HERE)}"])


def standing(past: Past, name: str) -> tuple[object, object, object]:
    (row,) = [one for one in past.identities.to_pylist() if one["entity_id"] == name]
    return row["state"], row["retired_release"], row["signpost"]


@pytest.mark.parametrize("sources", ["x", "xyz"])
def test_all_its_nodes_keep_their_ids_whoever_says_the_new_name(engine: Engine, sources: str) -> None:
    first, second = nights(engine, OLD, NEW, sources=sources)
    for (old, _), (new, _) in zip(OLD, NEW, strict=True):
        for source in sources:
            assert entity(second, new, source) == entity(first, old, source)
    assert set(second.identities["state"].to_pylist()) == {LIVE}
    assert second.identities.num_rows == len(OLD)


def test_another_night_and_the_old_name_again_change_nothing(engine: Engine) -> None:
    first, second, third, fourth = nights(engine, OLD, NEW, NEW, OLD)
    assert third.homes == second.homes
    assert fourth.identities["entity_id"].to_pylist() == first.identities["entity_id"].to_pylist()
    assert {entity(fourth, path) for path, _ in OLD} == {entity(first, path) for path, _ in OLD}


def test_two_buildings_give_the_old_nodes_their_successors(engine: Engine) -> None:
    first, second = nights(engine, road("竹园4巷", "ab"), road("安泰街", "ab"))
    for (old, _), (new, _) in zip(road("竹园4巷", "ab"), road("安泰街", "ab"), strict=True):
        assert entity(second, new) != entity(first, old)
        assert standing(second, entity(first, old)) == (RETIRED, 2, entity(second, new))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (road("竹园4巷", "---"), road("安泰街", "---")),  # nobody says which buildings
        (road("竹园4巷", "abc"), road("安泰街", "xabc")),  # other doors
        (road("竹园4巷", "abcd"), road("安泰街", "abce")),  # one door, two buildings
        (
            road("竹园4巷", "ab"),
            [*road("竹园4巷", "ab")[::2], *road("安泰街", "a")],
        ),  # a corner house, the road remains
        ([*road("竹园4巷", "ab"), *road("安泰街", "-")], road("安泰街", "ab")),  # the other road was there before
    ],
)
def test_where_nothing_tells_it_the_road_is_gone(engine: Engine, before: Said, after: Said) -> None:
    first, second = nights(engine, before, after)
    gone = {entity(first, path) for path in {path for path, _ in before} - {path for path, _ in after}}
    assert gone
    assert {standing(second, name) for name in gone} == {(RETIRED, 2, None)}


def test_a_road_that_takes_the_name_of_another_leads_to_it(engine: Engine) -> None:
    other = road("安泰街", "---xyz")
    first, second = nights(engine, [*OLD, *other], road("安泰街", "abcxyz"))
    assert standing(second, entity(first, OLD[0][0])) == (RETIRED, 2, entity(first, other[0][0]))
    assert standing(second, entity(first, other[1][0])) == (LIVE, None, None)


def test_what_lost_records_said_is_the_newest_word_of_the_batches(tmp_path: Path) -> None:
    for name, code in (("new", "b"), ("old", "a")):
        store.write_table(tmp_path / name, table([(OLD[0][0], code)], "x"))
    store.write_table(tmp_path / "older", table([(OLD[1][0], "a")], "x"))
    names = [f"x {path.removeprefix(HERE)}" for path, _ in OLD[:3]]
    records = pa.table([names, ["e1", "e2", "e3"]], schema=LOST)
    found = said((tmp_path / name for name in ("new", "old", "older")), records)
    assert found.select(["entity_id", "building_code"]).to_pylist() == [
        {"entity_id": "e1", "building_code": "b"}, {"entity_id": "e2", "building_code": "a"},
    ]  # fmt: skip
