"""A folder of the lake appears whole or not at all; a damaged table is noticed."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from transforms import store
from transforms.run import Settings


def test_nothing_is_seen_of_a_failed_output(tmp_path: Path) -> None:
    def fail() -> None:
        with store.output(tmp_path / "out") as folder:
            (folder / "half").write_text("x")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_an_output_replaces_the_old_one_whole(tmp_path: Path) -> None:
    for name in ("first", "second"):
        with store.output(tmp_path / "out") as folder:
            (folder / name).write_text(name)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["second"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_two_writers_at_once_leave_one_whole_folder(tmp_path: Path) -> None:
    def write() -> None:
        for _ in range(20):
            with store.output(tmp_path / "out") as folder:
                (folder / "a").write_text("a")
                (folder / "b").write_text("b")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a", "b"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    store.write_table(path, pa.table({"x": [f"value {i}" for i in range(5000)]}))
    whole = bytearray(path.read_bytes())
    noticed = 0
    places = range(200, len(whole) - 2000, max(1, len(whole) // 25))
    assert len(places) > 5
    for place in places:
        flipped = bytearray(whole)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        try:
            store.read_table(path)
        except OSError:
            noticed += 1
    assert noticed == len(places)


@pytest.mark.parametrize(
    ("sizes", "compression"), [([], None), ([3, 0], "UNCOMPRESSED"), ([0, 3, 30_000], "ZSTD"), ([30_000, 1], "ZSTD")]
)
def test_a_table_is_compressed_when_all_its_pieces_are_many(
    tmp_path: Path, sizes: list[int], compression: str | None
) -> None:
    path, schema = tmp_path / "x.parquet", pa.schema([("n", pa.int64())])
    ends = [sum(sizes[: at + 1]) for at in range(len(sizes))]
    with store.writing(path, schema) as write:
        for size, end in zip(sizes, ends, strict=True):
            write(pa.table([pa.array(range(end - size, end), pa.int64())], schema))
    assert store.read_table(path)["n"].to_pylist() == list(range(sum(sizes)))
    told = pq.read_metadata(path)
    used = {
        told.row_group(at).column(0).compression for at in range(told.num_row_groups) if told.row_group(at).num_rows
    }
    assert used == ({compression} if compression else set())


def test_texts_that_come_as_codes_are_texts_in_the_file(tmp_path: Path) -> None:
    words = pa.array(["a", None, "b", "a"]).dictionary_encode()
    store.write_table(tmp_path / "t.parquet", pa.table({"word": words, "id": ["1", "2", "3", "4"]}))
    found = store.read_table(tmp_path / "t.parquet")
    assert found.schema.types == [pa.string(), pa.string()]
    assert found["word"].to_pylist() == ["a", None, "b", "a"]
    word, one = (pq.read_metadata(tmp_path / "t.parquet").row_group(0).column(at) for at in (0, 1))
    assert (word.has_dictionary_page, one.has_dictionary_page) == (True, False)


def test_who_reads_many_words_as_codes_has_those_that_were_written(tmp_path: Path) -> None:
    words = [f"{n:026d}" for n in range(70_000)]  # more than a megabyte, and more than are few
    at = [69_999, 0, 0, 5] * 30_000
    told = pa.table({"id": pa.DictionaryArray.from_arrays(pa.array(at, pa.int32()), pa.array(words))})
    with store.writing(tmp_path / "t.parquet", told.schema) as write:
        write(told)
        write(told.slice(0, 1))
    assert [pq.read_metadata(tmp_path / "t.parquet").row_group(n).num_rows for n in (0, 1)] == [len(at), 1]
    for column, said in (
        (store.read_group(tmp_path / "t.parquet", 0)["id"], at),
        (store.read_table(tmp_path / "t.parquet")["id"], [*at, at[0]]),
    ):
        assert column.to_pylist() == [words[n] for n in said]
    with pq.ParquetFile(tmp_path / "t.parquet", read_dictionary=["id"]) as file:
        (codes,) = file.read_row_group(0)["id"].chunks
    assert (codes.dictionary.to_pylist(), codes.indices.to_pylist()) == (words, at)


def test_a_long_column_of_many_words_is_one_group_of_rows_and_one_of_few_words_is_several(tmp_path: Path) -> None:
    rows = (1 << 20) + 1  # one more than the library puts into a group
    for many, groups in ((70_000, 1), (7, 2)):
        words = pa.array([str(n) for n in range(many)])
        told = pa.table({"id": pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, dtype=np.int32)), words)})
        with store.writing(tmp_path / "t.parquet", told.schema) as write:
            write(told)
        assert pq.read_metadata(tmp_path / "t.parquet").num_row_groups == groups


def test_what_a_killed_process_left_goes_after_a_day(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    scratch, yesterday = settings.home / "tmp", time.time() - 90_000
    for name in ("merge.old", "merge.new"):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "names").touch()
        (scratch / f"{name}.file").touch()
    for name in ("merge.old", "merge.old.file"):
        os.utime(scratch / name, (yesterday, yesterday))
    store.sweep(settings)
    assert sorted(path.name for path in scratch.iterdir()) == ["merge.new", "merge.new.file"]


@pytest.mark.parametrize("columns", [None, ["tokens"], ["tokens", "id"]])
def test_a_long_table_with_lists_is_read_in_batches(tmp_path, monkeypatch, columns):
    """Arrow reads a column of lists at once only up to 2 GiB of text: a city's tokens are more."""
    rows = pa.table({"id": [str(n) for n in range(10)], "tokens": [[str(n)] * (n % 3) for n in range(9)] + [None]})
    store.write_pieces(tmp_path / "rows.parquet", [rows.slice(0, 6), rows.slice(6)])
    whole = store.read_table(tmp_path / "rows.parquet", columns)
    assert whole["tokens"].num_chunks == 1
    monkeypatch.setattr(store, "_LISTED_ROWS", 4)
    read = store.read_table(tmp_path / "rows.parquet", columns)
    assert read["tokens"].num_chunks > 1
    assert read.equals(whole)
    assert read.schema.equals(whole.schema, check_metadata=True)
