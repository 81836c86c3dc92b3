"""Columns of a large table, each in a file of its own that is mapped into memory: nobody decodes or codes it again.

Link, resolve and merge ask a city's live records for the same columns, and of most of them only who says the same.
Beside ``<kind>.parquet`` stands ``<kind>.<column>.arrow`` (Arrow IPC, one batch; docs/rooms.md, "Columns beside live
records"): texts and lists as codes of what is distinct, found once. An IPC file has no page checksums: who maps it has
asked first whether its sha256 is the one that the folder's manifest says.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from transforms import store
from transforms.coded import codes, small, whole
from transforms.groups import groups
from transforms.threads import Task, ahead, together

FEW = 100_000  # rows of a table of which columns are read from Parquet as quickly
_SUFFIX = ".arrow"
_KEY = "record_id"  # each its own: no codes
_UNREAD = ("line", "kind", "content_hash", "operation")  # nobody asks for them by column; nor for landed texts
_RAW = "raw_"
_Numbers = npt.NDArray[np.uint64]


def name_of(kind: str, column: str) -> str:
    """The file of a column."""
    return f"{kind}.{column}{_SUFFIX}"


def column_of(kind: str, file: str) -> str | None:
    """The column that a file holds of a kind; None: the file is something else."""
    mine = file.startswith(f"{kind}.") and file.endswith(_SUFFIX)
    return file.removeprefix(f"{kind}.").removesuffix(_SUFFIX) if mine else None


def lay(path: Path, threads: int) -> None:
    """Lay the columns of a table beside it; of a small one none.

    Args:
        path: Parquet, a kind's live records.
        threads: how many columns are laid at once.
    """
    if store.rows_of(path) > FEW:
        schema = pq.read_schema(path)
        told = [field for field in schema if field.name not in _UNREAD and not field.name.startswith(_RAW)]
        together(threads, [partial(_lay, path, field) for field in told])


def _lay(path: Path, field: pa.Field) -> None:
    write(path.with_name(name_of(path.stem, field.name)), _read(path, field))


def write(path: Path, values: pa.Array) -> None:
    """Write a column."""
    batch = pa.RecordBatch.from_arrays([values], ["values"])
    with pa.OSFile(str(path), "wb") as file, ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def column(path: Path) -> pa.Array:
    """A column that was laid, whose file is whole; it is not read before somebody looks at it."""
    return ipc.open_file(pa.memory_map(str(path))).get_batch(0).column(0)


def _read(path: Path, field: pa.Field) -> pa.Array:
    if _of_numbers(field.type):
        return _numbered(list(groups(path, [field.name])), field.type)
    coded = [field.name] if pa.types.is_string(field.type) and field.name != _KEY else None
    values = whole(store.read_table(path, [field.name], coded).column(0))
    return values if field.name == _KEY else in_codes(values)


def in_codes(values: pa.Array) -> pa.Array:
    """A column as it is laid: of texts, days and lists of numbers codes, of lists of texts codes of these."""
    of = values.type
    if _of_numbers(of):
        return _numbered([lambda: pa.table([values], ["values"])], of)
    if pa.types.is_list(of) or pa.types.is_large_list(of):
        said = small(codes(pc.list_flatten(values)))
        times = pc.fill_null(pc.list_value_length(values), 0).to_numpy()
        ends = pa.array(np.append(0, np.cumsum(times)).astype(np.int32))
        return pa.ListArray.from_arrays(ends, said, mask=values.is_null())
    said = pa.types.is_string(of) or pa.types.is_date(of) or pa.types.is_dictionary(of)
    return small(codes(values)) if said else values


def _of_numbers(of: pa.DataType) -> bool:
    return bool(pa.types.is_list(of) and pa.types.is_integer(of.value_type))


def _numbered(pieces: list[Task[pa.Table]], of: pa.DataType) -> pa.DictionaryArray:
    """Lists of numbers as codes of the distinct ones, piece by piece: the lists of all records are never held.

    Two lists are one where their first numbers and the sums of all (mod 2^64) are equal, and so their lengths are: the
    numbers are tokens, so that two lists have 128 bits to differ in.
    """
    first, total, said = (np.concatenate(told) for told in zip(*map(_told, pieces), strict=True))
    leader = _leaders(first, total)
    leads = (leader == np.arange(len(leader))) & said
    codes = (np.cumsum(leads, dtype=np.int32) - np.int32(1))[leader]
    lists = pa.concat_arrays([pa.array([], of), *_taken(pieces, leads)])
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=~said), lists)


def _told(read: Task[pa.Table]) -> tuple[_Numbers, _Numbers, npt.NDArray[np.bool_]]:
    """Per list its first number, and the sum of its numbers and its length (0: no list); and whether there is one."""
    values = whole(read().column(0))
    said = values.is_valid().to_numpy(zero_copy_only=False)
    times = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = pc.list_flatten(values).to_numpy(zero_copy_only=False).astype(np.uint64)
    starts, some = np.cumsum(times) - times, times > 0
    first, total = np.zeros((2, len(values)), dtype=np.uint64)
    first[some] = flat[starts[some]]
    total[some] = np.add.reduceat(flat, starts[some]) if some.any() else 0
    return first, np.where(said, total + times.astype(np.uint64) + np.uint64(1), np.uint64(0)), said


def _leaders(first: _Numbers, total: _Numbers) -> npt.NDArray[np.int64]:
    """Per list the place of the first that is the same."""
    codes, distinct = pd.factorize(first)
    found = np.empty(len(distinct), dtype=np.int64)
    found[codes[::-1]] = np.arange(len(codes))[::-1]
    leader: npt.NDArray[np.int64] = found[codes]
    other = np.flatnonzero(total != total[leader])  # one in common, the smallest: few
    if len(other):
        rows = np.stack([first[other], total[other]], axis=1)
        _, at, whose = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        leader[other] = other[at[whose.ravel()]]
    return leader


def _taken(pieces: list[Task[pa.Table]], leads: npt.NDArray[np.bool_]) -> Iterator[pa.Array]:
    """The lists that lead, in their order."""
    start = 0
    for table in ahead(1, pieces):
        values = whole(table.column(0))
        yield values.filter(pa.array(leads[start : start + len(values)]))
        start += len(values)
