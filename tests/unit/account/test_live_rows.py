"""Live rows of a kind from several batches, in memory and by pieces on disk."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms import store
from transforms.account import live_rows

CHOSEN = ["batch", "ordinal", "record_id", "as_of", "since"]


def batch(folder: Path, called: str, records: list[str], **columns: pa.Array) -> Path:
    """A standardised file: ordinals from 1 in the order given."""
    path = folder / called / "person.parquet"
    path.parent.mkdir(parents=True)
    ordinals = pa.array(range(1, len(records) + 1), pa.int64())
    told = {"batch": [called] * len(records), "ordinal": ordinals, "record_id": records, **columns}
    store.write_table(path, pa.table(told))
    return path


def chosen(*rows: tuple[str, int, str]) -> pa.Table:
    """Which rows are live: batch, ordinal and record; the day of each is its batch's name."""
    told = [(*row, row[0], row[0]) for row in rows]
    types = [pa.string(), pa.int64(), pa.string(), pa.string(), pa.string()]
    return pa.table([pa.array([row[at] for row in told], of) for at, of in enumerate(types)], names=CHOSEN)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two batches; the second knows a column more, and one of its rows is not live."""
    near = pa.array([["p", "q"], [], None, ["r"]], pa.list_(pa.string()))
    return [
        batch(tmp_path, "b1", ["k", "a", "z"], name=pa.array(["K", "A", "Z"]), place=pa.array(["x", "y", "z"])),
        batch(tmp_path, "b2", ["m", "a", "c", "y"], name=pa.array(["M", "A2", "C", "Y"]), near=near),
    ]


LIVE = chosen(("b2", 4, "y"), ("b1", 1, "k"), ("b1", 3, "z"), ("b1", 2, "a"), ("b2", 1, "m"), ("b2", 3, "c"))


@pytest.mark.parametrize("piece", [1, 2, 4, 5, 6])
def test_the_rows_do_not_depend_on_the_pieces(tmp_path: Path, files: list[Path], piece: int) -> None:
    live_rows.write(tmp_path / "out.parquet", files, LIVE, tmp_path / "spill", piece)
    told = store.read_table(tmp_path / "out.parquet")
    assert told["record_id"].to_pylist() == ["a", "c", "k", "m", "y", "z"]
    assert told["name"].to_pylist() == ["A", "C", "K", "M", "Y", "Z"]
    assert told["near"].to_pylist() == [None, None, None, ["p", "q"], ["r"], None]
    assert told["since"].to_pylist() == told["as_of"].to_pylist() == told["batch"].to_pylist()
    assert told.column_names == ["batch", "ordinal", "record_id", "name", "place", "near", "as_of", "since"]
    assert not list((tmp_path / "spill").glob("*"))


def test_a_row_of_another_ordinal_is_not_the_live_one(tmp_path: Path) -> None:
    file = batch(tmp_path, "b1", ["a", "b", "a"], name=pa.array(["first", "B", "third"]))
    live_rows.write(tmp_path / "out.parquet", [file], chosen(("b1", 3, "a")), tmp_path / "spill")
    assert store.read_table(tmp_path / "out.parquet")["name"].to_pylist() == ["third"]


def test_a_kind_without_live_rows_keeps_its_columns(tmp_path: Path, files: list[Path]) -> None:
    live_rows.write(tmp_path / "out.parquet", files, chosen(), tmp_path / "spill")
    told = store.read_table(tmp_path / "out.parquet")
    assert told.num_rows == 0
    assert told.column_names == ["batch", "ordinal", "record_id", "name", "place", "as_of", "since"]
