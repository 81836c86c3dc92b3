"""Tables of one key, range by range of that key: what does not fit into memory waits on disk, a file a range.

Where the ranges end is taken from the keys themselves and changes nothing of what comes out: the same rows, in the
order of the key.
"""

from __future__ import annotations

import bisect
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import ipc

from transforms.account import settled
from transforms.account.pieces import ROWS, Pieces, ordered

_BETWEEN = "\x01"  # parts of a key; what stands in a key is greater, so that the text is in the order of the parts
_DIGITS = 20
_LOOKED = 64  # keys of a range that are looked at, to see where it may end
_LZ4 = ipc.IpcWriteOptions(compression="lz4")


def ranges(
    spill: Path, key: Sequence[str], sides: Sequence[Pieces], rows: int = ROWS, order: Sequence[str] = ()
) -> Iterator[list[pa.Table]]:
    """The rows of each side, sorted by key, all those of one range of keys at once; the ranges ascend.

    Args:
        spill: a folder for what does not fit; nothing of it stays.
        key: its columns; they are on every side.
        sides: the tables.
        rows: of the largest side, how many a range has, more or less.
        order: further columns by which rows of one key are ordered, on the sides that have them.
    """
    orders = [[*key, *(name for name in order if name in side.schema.names)] for side in sides]
    largest = max(sides, key=lambda side: side.rows)
    if largest.rows <= rows:
        yield [side.whole(by) for side, by in zip(sides, orders, strict=True)]
        return
    ends = _ends(largest, key, rows)
    spill.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ranges.", dir=spill) as folder:
        laid = [_lay(Path(folder) / str(at), side, key, ends) for at, side in enumerate(sides)]
        for at in range(len(ends) + 1):
            yield [ordered(_read(paths[at]), by) for paths, by in zip(laid, orders, strict=True)]


def text(rows: pa.Table, key: Sequence[str]) -> pa.Array:
    """The key of each row as one text; texts are in the order of the keys."""
    parts = []
    for name in key:
        column = rows[name].combine_chunks()
        if pa.types.is_integer(column.type):
            column = pc.utf8_lpad(column.cast(pa.string()), _DIGITS, "0")
        parts.append(pc.fill_null(column.cast(pa.large_string()), ""))
    if len(parts) > 1:
        parts = [pc.binary_join_element_wise(*parts, pa.scalar(_BETWEEN, pa.large_string()))]
    whole = parts[0]
    return whole.combine_chunks() if isinstance(whole, pa.ChunkedArray) else whole


def _ends(side: Pieces, key: Sequence[str], rows: int) -> list[str]:
    """Keys at which a range ends and the next begins."""
    step, start, seen = max(1, rows // _LOOKED), 0, []
    for piece in side.each(key):
        seen += text(piece.take(pa.array(np.arange(start, piece.num_rows, step))), key).to_pylist()
        start = (start - piece.num_rows) % step
    return sorted(set(sorted(seen)[_LOOKED::_LOOKED]))


def _lay(stem: Path, side: Pieces, key: Sequence[str], ends: list[str]) -> list[Path]:
    """Lay every row into the file of its range."""
    names = [stem.with_name(f"{stem.name}.{at}") for at in range(len(ends) + 1)]
    writers = [ipc.new_file(str(name), side.schema, options=_LZ4) for name in names]
    for told in side.each():
        keys, piece = text(told, key), told
        if not settled.ascending(keys):
            by = pc.sort_indices(keys)
            keys, piece = keys.take(by), told.take(by)
        at = [_place(keys, end) for end in ends]
        for writer, start, stop in zip(writers, [0, *at], [*at, piece.num_rows], strict=True):
            if stop > start:
                writer.write_table(piece.slice(start, stop - start))
    for writer in writers:
        writer.close()
    return names


def _place(keys: pa.Array, end: str) -> int:
    return bisect.bisect_left(range(len(keys)), end, key=lambda at: str(keys[at].as_py()))


def _read(path: Path) -> pa.Table:
    with pa.OSFile(str(path)) as file:
        told = ipc.open_file(file).read_all()
    path.unlink()
    return told
