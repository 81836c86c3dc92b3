"""What is surely right is nothing at which the SQL of a door finds anything; and what is right is surely so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms import kinds, store
from transforms.account import doors_merge, sure
from transforms.account.claims import Claims
from transforms.account.doors_night import decisive
from transforms.engine import Engine
from transforms.paired import named
from transforms.run import REPOSITORY, Settings

SQL = REPOSITORY / "transforms" / "account"
Rows = list[tuple[Any, ...]]
LIVE = pa.table({"source": ["s", "s", "t"], "record_id": ["a", "b", "c"], "name": ["x", "y", None]})
IDS = LIVE["record_id"].combine_chunks()
RECORD, ENTITY = st.sampled_from("abcd"), st.sampled_from("efg")
few = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sure")


@pytest.fixture(scope="module")
def engine(home: Path) -> Iterator[Engine]:
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(home), "GRIDFACTS_THREADS": "1"})) as made:
        yield made


def table(rows: Rows, *columns: str) -> pa.Table:
    """Rows of columns: ``name`` a text, ``name#`` a number, ``name?`` yes or no."""
    types = {"#": pa.int64(), "?": pa.bool_()}
    fields = [pa.field(name.rstrip("#?"), types.get(name[-1], pa.string())) for name in columns]
    return pa.Table.from_pylist(
        [dict(zip((f.name for f in fields), row, strict=True)) for row in rows], pa.schema(fields)
    )


def altered(good: Rows, *others: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Rows, bool]]:
    """Rows of which one may be left out and others come beside, and whether they are as they were."""
    left, more = st.integers(0, len(good)), st.lists(st.tuples(*others), max_size=2)
    return st.tuples(left, more).map(
        lambda told: ([row for at, row in enumerate(good) if at != told[0]] + told[1], told == (len(good), []))
    )


def test_two_numbers_of_one_plate_are_one_where_pairs_are_asked() -> None:
    """A survey that lists a hydrant twice gives it two numbers: link joins by the plate, and the door knows it."""
    facility = kinds.load_all(REPOSITORY / "expectations")["facility"]
    told = [
        ("s", "a", "1", "P"),
        ("s", "b", "2", "P"),
        ("t", "c", "2", "P"),
        ("t", "d", "3", "P"),
        ("u", "e", "4", "P"),
    ]
    told += [("s", "f", "5", "Q"), ("t", "g", "6", "Q"), ("s", "h", None, "P"), ("s", "i", "7", None)]
    live = table(told, "source", "record_id", "code", "own_number")
    assert facility.link.second == "own_number"
    alone, together = (decisive(facility, live, second=second) for second in (None, "own_number"))
    assert dict(zip(*alone.to_pydict().values(), strict=True)) == {row[1]: row[2] for row in told if row[2]}
    found = dict(zip(*together.to_pydict().values(), strict=True))
    assert len({found[row] for row in "abcd"}) == 1
    assert [found[row] for row in "efgi"] == ["4", "5", "6", "7"]
    pair, ids = table([(0, 1, "number")], "left#", "right#", "how"), live["record_id"].combine_chunks()
    assert not sure.paired(pair, ids, alone)
    assert sure.paired(pair, ids, together)
    assert not sure.paired(table([(5, 6, "number")], "left#", "right#", "how"), ids, together)


def agree(*, said: bool, wrong: Any, untouched: bool) -> None:
    """Never sure of what is wrong, always of what nobody touched."""
    assert not (said and wrong)
    assert said or not untouched


PLACED: Rows = [
    ("a", "p", 1, "g", None),
    ("b", "p", 1, "g", None),
    ("b", "p", 2, "g", None),
    ("c", "p", 1, None, "gap"),
]


@few
@given(
    told=altered(
        PLACED, RECORD, st.sampled_from("pq"), st.integers(1, 3), st.none() | st.just("g"), st.none() | st.just("gap")
    )
)
def test_located(home: Path, engine: Engine, told: tuple[Rows, bool]) -> None:
    located = table(told[0], "record_id", "property", "rank#", "grid_id", "reason")
    store.write_table(home / "located.parquet", located)
    wrong = engine.run(SQL / "door_locate.sql", {"live_row": LIVE, "located": located}).num_rows
    agree(said=sure.located(home / "located.parquet", IDS), wrong=wrong, untouched=told[1])


PAIRS: Rows = [(0, 1, "number"), (0, 2, "scored"), (1, 2, "key")]
NUMBER = st.integers(-1, len(IDS))
TOKENS: Rows = [("a", "1"), ("b", "1")]


@few
@given(
    told=altered(PAIRS, NUMBER, NUMBER, st.sampled_from(["number", "key", "scored"])),
    tokens=altered(TOKENS, st.sampled_from("abc"), st.sampled_from("12")),
)
def test_paired(engine: Engine, told: tuple[Rows, bool], tokens: tuple[Rows, bool]) -> None:
    pair = table(told[0], "left#", "right#", "how")
    unique = list({row[0]: row for row in tokens[0]}.values())
    decisive = table(unique, "record_id", "token")
    tables = {"live_row": LIVE, "pair": named(pair, IDS), "decisive": decisive}
    wrong = engine.run(SQL / "door_link.sql", tables).num_rows
    agree(said=sure.paired(pair, IDS, decisive), wrong=wrong, untouched=told[1] and tokens[1])


CLUSTER: Rows = [("a", "e", True), ("b", "e", True), ("c", "f", True)]
IDENTITY: Rows = [("e", "live"), ("f", "live"), ("h", "retired")]
HOME: Rows = [("a", "e"), ("b", "h"), ("c", "f"), ("z", "h")]
STATES = st.sampled_from(["live", "retired"])


@few
@given(
    cluster=altered(CLUSTER, RECORD, ENTITY, st.just(value=True)),
    identity=altered(IDENTITY, ENTITY, STATES),
    home=altered(HOME, st.sampled_from("abcz"), st.sampled_from("efgh")),
    number=altered([("a", "1"), ("c", "2")], st.sampled_from("abc"), st.sampled_from("12")),
)
def test_resolved(engine: Engine, **told: tuple[Rows, bool]) -> None:
    cluster = table(told["cluster"][0], "record_id", "entity_id", "trusted?").sort_by("record_id")
    identity = table(told["identity"][0], "entity_id", "state").sort_by("entity_id")
    home = table(told["home"][0], "record_id", "entity_id").sort_by("record_id")
    number = table(told["number"][0], "record_id", "token")
    tables = {"live_row": LIVE, "cluster": cluster, "identity": identity, "home": home, "number": number}
    nobody = pa.table({"entity_id": pa.array([], pa.string())})
    wrong = engine.run(SQL / "door_resolve.sql", tables | {"sworn": nobody}).num_rows
    members = sure.Members.made(IDS, cluster)
    said = (
        members is not None
        and members.identified(identity, home)
        and members.numbered_apart(np.ones(cluster.num_rows, dtype=bool), number)
    )
    agree(said=said, wrong=wrong, untouched=all(untouched for _, untouched in told.values()))


def test_a_record_without_a_home_waits_only_where_its_cluster_has_several() -> None:
    members = sure.Members.made(IDS, table([("a", "e"), ("b", "e"), ("c", "e")], "record_id", "entity_id"))
    assert members is not None
    identity = table([("e", "live"), ("h", "retired")], "entity_id", "state")
    several, one = (table([("a", "e"), ("b", other)], "record_id", "entity_id") for other in "he")
    assert members.identified(identity, several)
    assert not members.identified(identity, one)


CLAIMS: Rows = [("e", "name", "a", "s"), ("e", "sex", "b", "s"), ("f", "sex", "c", "t")]
GOLDEN: Rows = [("e", "x"), ("f", None)]


@few
@given(
    claim=altered(CLAIMS, ENTITY, st.sampled_from(["name", "sex"]), RECORD, st.sampled_from("st")),
    golden=altered(GOLDEN, ENTITY, st.sampled_from(["x", "y", None])),
)
def test_merged(home: Path, engine: Engine, claim: tuple[Rows, bool], golden: tuple[Rows, bool]) -> None:
    cluster = table([("a", "e"), ("b", "e"), ("c", "f")], "record_id", "entity_id")
    members = sure.Members.made(IDS, cluster)
    assert members is not None
    told = table(claim[0], "entity_id", "property", "record_id", "source")
    made, nobody = table(golden[0], "entity_id", "name"), pa.table({"entity_id": pa.array([], pa.string())})
    tables = {"live_row": LIVE, "cluster": cluster, "claim": told, "golden": made, "left_out": nobody}
    wrong = engine.run(SQL / "door_merge.sql", tables).num_rows
    store.write_table(home / "claim.parquet", told)
    claims = Claims(home / "claim.parquet", members, LIVE["source"].combine_chunks())
    said = claims.known and doors_merge._sure(claims, members, made, nobody)
    agree(said=said, wrong=wrong, untouched=claim[1] and golden[1])
    if said:
        value = {
            "golden": made.rename_columns(["entity_id", "told"]),
            "claim": told.filter(pa.array([row[1] == "name" for row in claim[0]], pa.bool_())),
            "live_row": LIVE.rename_columns(["source", "record_id", "told"]),
        }
        wrong = engine.run(SQL / "door_value.sql", value).num_rows
        agree(said=doors_merge._claimed(claims, made, LIVE["name"]), wrong=wrong, untouched=claim[1] and golden[1])
