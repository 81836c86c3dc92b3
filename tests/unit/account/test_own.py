"""Mentions of the system's own: laid among the live rows and versions, kept for their homes' sake, and proven."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tests.unit.account.deployment import World
from transforms import account, database, model, review, store
from transforms.account import own
from transforms.account.balance import doors
from transforms.account.night import Night
from transforms.account.pages import Pages
from transforms.proposed import SOURCE, Judged

DOOR = "v|road:a|door:7"


def rows(*ids: str, source: str = "a") -> pa.Table:
    schema = pa.schema([*model.STANDARD, *model.LIVE])
    return pa.Table.from_pylist(
        [{"record_id": i, "source": source, "batch": f"b{i}", "ordinal": 1} for i in ids], schema
    )


@pytest.mark.parametrize("mine", [["a"], ["c", "e"], ["z"], ["a", "c", "x", "z"], []])
@pytest.mark.parametrize("piece", [1, 2, 60])
def test_they_lie_in_the_order_of_the_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mine: list[str], piece: int
) -> None:
    monkeypatch.setattr(own, "_ROWS", piece)
    store.write_table(tmp_path / "address.parquet", rows("b", "d", "f"))
    own.put(tmp_path / "address.parquet", rows(*mine, source=SOURCE))
    told = store.read_table(tmp_path / "address.parquet")
    assert told["record_id"].to_pylist() == sorted(["b", "d", "f", *mine])
    assert told.filter(pc.equal(told["source"], SOURCE))["record_id"].to_pylist() == mine


@pytest.mark.parametrize("pieces", [[["a", "b", "z"]], [["a"], ["b", "q"], ["z"]], [["a"]], [["z"]], [[]]])
def test_their_versions_stand_where_their_source_does(pieces: list[list[str]]) -> None:
    told = [pa.Table.from_pylist([{"source": s} for s in of], model.VERSION) for of in pieces]
    found = pa.concat_tables(own.versions(iter(told), rows("k", "c", source=SOURCE)))
    others = [source for of in pieces for source in of]
    assert found["source"].to_pylist() == sorted([*others, SOURCE, SOURCE])
    assert set(found.filter(pc.equal(found["source"], SOURCE))["state"].to_pylist()) == {"merged"}


def test_what_decides_is_read_from_both_databases(city: World) -> None:
    stores = database.open_databases(city.settings)
    assert own.judged(city.run) == Judged()
    review.judge(stores, model.DOOR, (DOOR, DOOR), "same", "Chen", "seen")
    review.judge(stores, model.DOOR, ("v|x:1", "v|x:1"), "different", "Chen", "seen")
    undone = review.judge(stores, model.DOOR, ("v|x:2", "v|x:2"), "different", "Chen", "seen")
    before = own.digest(own.judged(city.run))
    review.undo(stores, undone, "Chen")
    assert own.judged(city.run) == Judged(frozenset({DOOR}), frozenset({"v|x:1"}))
    assert own.digest(own.judged(city.run)) != before


def test_doors_that_the_live_records_do_not_make_are_told(city: World) -> None:
    account.apply(city.run)
    path = city.folder("account", "live") / "address.parquet"
    told = own.digest(own.judged(city.run))
    assert list(own.own_door(city.run, path, told)) == []
    table = store.read_table(path)
    foreign = table.slice(0, 1).set_column(0, "source", pa.array([SOURCE]))
    own.put(path, foreign)
    assert ["1 mentions of the system's own that" in line for line in own.own_door(city.run, path, told)] == [True]
    assert ["1 mentions of the system's own that" in line for line in own.own_door(city.run, path, "since")] == [True]


def test_a_batch_of_its_own_is_no_delivery(city: World) -> None:
    assert own.is_own(f"{SOURCE}-20261001-0-ab")
    assert not own.is_own("flats-20261001-0-ab")
    assert doors(Pages(Night(city.run)), city.reread) == []
