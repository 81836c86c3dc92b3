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
from transforms.merge import parts, pieces
from transforms.run import Run, Settings

TEXTS = st.lists(st.text("ab2", min_size=1, max_size=4), max_size=30)


@pytest.mark.parametrize("kind", ["person", "household"])
def test_many_small_pieces_make_the_tables_of_one(
    first_night: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    run = Run.of(NIGHTS[0], settings=Settings.from_environment(home.settings), drops=tmp_path)
    folder = store.night_dir(run, "merge", kind)
    whole = {path.name: store.read_table(path) for path in sorted(folder.glob("*.parquet"))}
    shutil.rmtree(folder)
    monkeypatch.setattr(parts, "RECORDS", 150)
    monkeypatch.setattr(pieces, "READ", 400)
    merge.run(run, kind)
    assert {path.name for path in folder.glob("*.parquet")} == whole.keys()
    assert sum(table.num_rows for table in whole.values())
    for name, table in whole.items():
        assert store.read_table(folder / name).equals(table), name
    if kind == "person":
        assert pq.read_metadata(folder / "claim.parquet").num_row_groups > 2
    assert not list((home.path / "tmp").glob("merge.*"))


@given(TEXTS, st.integers(1, 5))
def test_a_piece_is_a_range_of_entity_ids_and_holds_all_that_tell_of_one(ids: list[str], count: int) -> None:
    piece = pieces.ranges([pieces.prefix(pa.array(ids, pa.string()))], count)
    assert len(piece) == len(ids)
    assert all(0 <= p < count for p in piece.tolist())
    assert all(x <= y for a, x in zip(ids, piece, strict=True) for b, y in zip(ids, piece, strict=True) if a <= b)
    place = pieces.within(piece)
    for one in set(piece.tolist()):
        assert place[piece == one].tolist() == list(range(np.count_nonzero(piece == one)))
