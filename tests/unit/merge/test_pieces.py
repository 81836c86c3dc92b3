"""Merging a range of entities at a time gives the tables of merging all at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.homes import NIGHTS, Home
from transforms import merge, store
from transforms.merge import parts
from transforms.merge.pieces import Order
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
