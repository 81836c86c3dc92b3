"""Merging a range of entities at a time gives the tables of merging all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.homes import NIGHTS, Home
from transforms import merge, store
from transforms.merge import parts
from transforms.merge.pieces import Order
from transforms.merge.sealed import Sealed
from transforms.run import Run, Settings

TEXTS = st.lists(st.text("ab2", min_size=1, max_size=4), max_size=30)


@pytest.mark.parametrize(("stage", "threads"), [("place", "3"), ("person", "1"), ("household", "2")])
def test_many_small_pieces_make_the_tables_of_one(
    first_night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str, threads: str
) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    settings = Settings.from_environment({**home.settings, "GRIDFACTS_THREADS": threads})
    run = Run.of(NIGHTS[0], settings=settings, drops=tmp_path)
    monkeypatch.setattr(parts, "RECORDS", 150)
    kinds = [report.part for report in merge.run(run, stage)]
    folders = [store.night_dir(run, "merge", kind) for kind in kinds]
    whole = {path: store.read_table(path) for folder in folders for path in sorted(folder.glob("*.parquet"))}
    for folder in folders:
        shutil.rmtree(folder)
    merge.run(run, stage)
    assert {path for folder in folders for path in folder.glob("*.parquet")} == whole.keys()
    assert sum(table.num_rows for table in whole.values())
    for path, table in whole.items():
        assert store.read_table(path).equals(table), path
    if stage != "household":
        claims = [pq.read_metadata(folder / "claim.parquet") for folder in folders]
        assert max(found.num_row_groups for found in claims) > 2
    assert not list((home.path / "tmp").glob("merge.*"))


@given(TEXTS, st.integers(1, 5))
def test_records_lie_by_their_entities_and_a_piece_holds_whole_ones(ids: list[str], size: int) -> None:
    order = Order(pa.array(ids, pa.string()))
    assert order.record.tolist() == sorted(range(len(ids)), key=lambda record: (ids[record], record))
    assert order.ids.to_pylist() == sorted(set(ids))
    assert [order.ids[e].as_py() for e in order.entity.tolist()] == sorted(ids)
    words = pa.array([*dict.fromkeys(ids), "nobody's"], pa.string())
    coded = Order(
        pa.DictionaryArray.from_arrays(pa.array([words.to_pylist().index(one) for one in ids], pa.int32()), words)
    )
    assert (coded.record.tolist(), coded.entity.tolist()) == (order.record.tolist(), order.entity.tolist())
    assert coded.ids == order.ids
    cuts = order.cuts(size).tolist()
    assert (cuts[0], cuts[-1]) == (0, len(ids))
    assert all(order.entity[at] != order.entity[at - 1] for at in cuts[1:-1])


@pytest.mark.parametrize("threads", [1, 2])
def test_rows_are_laid_out_once_and_found_by_piece_in_their_order(tmp_path: Path, threads: int) -> None:
    size = 20  # pieces of two places, in five files
    cuts, place = np.arange(0, 2 * size + 1, 2), np.arange(2 * size, dtype=np.int32)[::-1].copy()
    records = [np.array([39, 0, 17]), np.array([0, 16, 38])]
    tables = [pa.table({"told": told}) for told in (["a", "b", "c"], ["d", "e", "f"])]
    sealed = Sealed(tmp_path, tables[0].schema, cuts)
    assert not sealed.part(0).table.num_rows
    sealed.lay(threads, zip(tables, records, strict=True), place)
    found = [sealed.part(at) for at in range(size)]
    told = {at: (one.table["told"].to_pylist(), one.record.tolist()) for at, one in enumerate(found) if len(one.record)}
    assert told == {0: (["a", "f"], [0, 1]), 11: (["c", "e"], [0, 1]), 19: (["b", "d"], [1, 1])}
    assert sealed.part(0).table["told"].to_pylist() == ["a", "f"]
