"""Live records read column by column: in order, and as the file stands, however often it was read before."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms import live, store
from transforms.live import Live

TABLE = pa.schema([("record_id", pa.string()), ("name", pa.string())])


def lay(path: Path, ids: list[str], names: list[str]) -> Path:
    """A new file in the old one's place, as rooms leave theirs."""
    store.write_table(path.with_suffix(".new"), pa.table([ids, names], TABLE))
    return path.with_suffix(".new").rename(path)


@pytest.mark.parametrize("ids", [["a", "b", "c"], ["c", "a", "b"], ["a"], []])
def test_records_stand_in_the_order_of_their_ids(tmp_path: Path, ids: list[str]) -> None:
    records = Live(lay(tmp_path / "kind.parquet", ids, [i.upper() for i in ids]))
    assert records.ids.to_pylist() == sorted(ids)
    assert records.column("name").to_pylist() == sorted(i.upper() for i in ids)


def test_a_file_put_in_the_place_of_another_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_SETTLED", 0)  # as if it had lain there for long
    for name in ("x", "y"):
        records = Live(lay(tmp_path / "kind.parquet", ["a"], [name]))
        assert [records.column("name").to_pylist() for _ in range(2)] == [[name], [name]]


def test_columns_are_kept_up_to_so_many_bytes_the_latest_longest(tmp_path: Path) -> None:
    path = lay(tmp_path / "kind.parquet", ["a", "b"], ["x", "y"])
    size = store.read_table(path, ["name"]).column("name").nbytes
    recent = live._Recent(2 * size)
    first = recent.column(path, (1,), "name")
    assert recent.column(path, (1,), "name") is first
    recent.column(path, (2,), "name")
    recent.column(path, (1,), "name")  # asked for again: the other is now the oldest
    recent.column(path, (3,), "name")
    assert recent.column(path, (1,), "name") is first
    assert {seen for _, seen, _ in recent._columns} == {(1,), (3,)}
    nothing = live._Recent(size - 1)
    assert nothing.column(path, (1,), "name").to_pylist() == ["x", "y"]
    assert not nothing._columns


@pytest.mark.parametrize("ids", [["a", "b", "c"], ["c", "a", "b"], []])
def test_codes_say_what_the_column_says_in_the_order_of_the_ids(tmp_path: Path, ids: list[str]) -> None:
    path = tmp_path / "kind.parquet"
    store.write_table(path, pa.table([ids, [{"b": None}.get(i, "x") for i in ids]], TABLE))
    records = Live(path)
    assert records.codes("name").to_pylist() == records.column("name").to_pylist() == ["x", None, "x"][: len(ids)]
    assert not records.listed("name")
