"""Columns laid beside live records say what the table says, and nothing that was damaged is looked at."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import manifest, mapped, store
from transforms.coded import wide
from transforms.errors import StaleInputError
from transforms.live import Live

WORDS, NUMBERS = pa.list_(pa.string()), pa.list_(pa.uint64())
LISTS = [[1, 2, 3], None, [1, 2, 4], [1, 2, 3], [], [2**64 - 1, 1], [1, 2, 4]]  # two begin alike
TABLE = pa.table({
    "record_id": ["a", "b", "c", "d", "e", "f", "g"], "source": ["x", "y", "x", "x", "y", "x", "x"],
    "name": ["王", None, "李", "", "王", "李", "王"], "since": ["2026-10-01"] * 7, "raw_name": ["王"] * 7,
    "phone_tokens": pa.array([["p", "q"], None, [], ["q"], ["p"], None, ["r"]], WORDS),
    "number_near": pa.array(LISTS, NUMBERS), "valid": [True, None, False, True, True, None, False],
    "birth": [date(2000, 1, i) for i in range(1, 8)], "lon": [1.5, None, 2.5, 3.5, 1.5, 2.0, 0.0],
    "content_hash": list("tuvwxyz"),
})  # fmt: skip


def laid(folder: Path, few: int = 0) -> Path:
    """The table in groups of three rows, its columns beside it, and the manifest."""
    folder.mkdir()
    path = folder / "person.parquet"
    pq.write_table(TABLE, path, row_group_size=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped, "FEW", few)
        mapped.lay(path, 2)
    manifest.write(folder, "account", {})
    return path


def test_columns_are_what_the_table_says(tmp_path: Path) -> None:
    path = laid(tmp_path / "live")
    plain = tmp_path / "plain.parquet"
    store.write_table(plain, TABLE)
    beside, table = Live(path), Live(plain)
    assert set(beside.column_names) == set(TABLE.column_names) - {"raw_name", "content_hash"}
    assert beside.ids.equals(table.ids)
    for name in beside.column_names:
        assert beside.listed(name) == table.listed(name), name
        assert beside.text(name) == table.text(name), name
        assert beside.column(name).to_pylist() == table.column(name).to_pylist(), name
    for name in ("source", "name", "number_near", "birth", "valid", "lon"):
        for codes in (beside.codes(name), table.codes(name)):
            assert codes.type.index_type == pa.int32()
            assert codes.to_pylist() == TABLE[name].to_pylist(), name
            told = [str(word) for word in codes.dictionary.to_pylist()]
            assert len(set(told)) == len(told), name
    assert beside.days().tolist() == table.days().tolist()
    assert beside.says("name", ["王"]).tolist() == table.says("name", ["王"]).tolist()
    path.unlink()
    assert Live(path).column("name").to_pylist() == TABLE["name"].to_pylist(), "nothing is read of the table itself"


def test_of_a_small_table_no_column_is_laid(tmp_path: Path) -> None:
    assert list(laid(tmp_path / "live").parent.glob("*.arrow"))
    path = laid(tmp_path / "small", few=TABLE.num_rows)
    assert not list(path.parent.glob("*.arrow"))
    assert Live(path).column_names == TABLE.column_names


def test_a_column_that_is_not_as_its_manifest_says_is_refused_before_it_is_looked_at(tmp_path: Path) -> None:
    path = laid(tmp_path / "live")
    file = path.with_name(mapped.name_of("person", "name"))
    told = file.read_bytes()
    live = Live(path)
    for spoilt in (told[:-9], told[:40] + bytes([told[40] ^ 1]) + told[41:], b""):
        file.write_bytes(spoilt)
        with pytest.raises(StaleInputError, match=r"person\.name\.arrow not as its manifest says"):
            live.codes("name")
        assert live.codes("source").to_pylist() == TABLE["source"].to_pylist()
    file.write_bytes(told)
    assert live.codes("name").to_pylist() == TABLE["name"].to_pylist()


def test_a_small_table_that_is_not_as_its_manifest_says_is_refused(tmp_path: Path) -> None:
    path = laid(tmp_path / "small", few=TABLE.num_rows)
    store.write_table(path, TABLE.slice(1))
    with pytest.raises(StaleInputError, match=r"person\.parquet not as its manifest says"):
        Live(path)


def test_a_column_of_another_kind_is_none_of_this(tmp_path: Path) -> None:
    assert mapped.column_of("person", mapped.name_of("person", "name")) == "name"
    for file in (mapped.name_of("persons", "name"), "person.parquet", "manifest.json"):
        assert mapped.column_of("person", file) is None


TOKENS = st.sampled_from([1, 5, 25, 2**63 + 11])  # no two lists of three have one first number and one sum, mod 2^64


@given(st.lists(st.none() | st.lists(TOKENS, max_size=3), max_size=9), st.integers(1, 4))
def test_equal_lists_and_no_others_have_one_code(lists: list[list[int] | None], size: int) -> None:
    values = pa.array([one and sorted(one) for one in lists], NUMBERS)
    pieces = [pa.table([values[at : at + size]], ["x"]) for at in range(0, max(len(values), 1), size)]
    codes = mapped._numbered([lambda piece=piece: piece for piece in pieces], NUMBERS)
    assert codes.to_pylist() == values.to_pylist()
    told = [tuple(one) for one in codes.dictionary.to_pylist()]
    assert len(set(told)) == len(told)


def test_codes_take_no_more_bytes_than_they_need() -> None:
    for many, of in ((127, pa.int8()), (128, pa.int16()), (2**15, pa.int32())):
        coded = mapped.in_codes(pa.array([str(i) for i in range(many)]))
        assert coded.type.index_type == of
        assert wide(coded).indices.to_numpy().tolist() == np.arange(many).tolist()
