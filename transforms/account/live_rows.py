"""The live rows of a kind, gathered from the batches that hold them and laid in the order of their records.

A city's persons have eighty columns, ten gigabytes of them: no more than a piece of them is ever held. Batch by batch
each live row goes to the piece of the result in which its record stands; several pieces wait on disk until they are put
in order, one alone does not leave memory. The rows and their order do not depend on how many pieces there are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import ipc

from transforms import store
from transforms.account import tail

_WHOLE = 150_000  # rows of a result that never leave memory
_PIECE = 60_000  # rows of the result that are put in order at once: a hundred megabytes of persons
_AT_ONCE = 60_000  # rows that are read of a batch at once
_PLACE = "#"  # no property can be called that

Places = npt.NDArray[np.int64]


class Chosen:
    """Which rows are live, each at its place in the order of the record ids."""

    def __init__(self, rows: pa.Table) -> None:
        """Take (batch, ordinal, record_id, as_of, since), a row a record."""
        self.rows = rows.take(pc.sort_indices(rows["record_id"])).combine_chunks()
        batch = self.rows["batch"].combine_chunks().dictionary_encode()
        self._names, self._codes = batch.dictionary, batch.indices.to_numpy(zero_copy_only=False)

    @cached_property
    def _ordinals(self) -> Places:
        return np.asarray(self.rows["ordinal"].to_numpy(), dtype=np.int64)

    def among(self, files: list[Path]) -> list[Path]:
        """The files that hold live rows: of a batch that has one, and those of checkpoints, which hold several."""
        names = set(self._names.to_pylist())
        return [file for file in files if file.parent.name in names or tail.in_checkpoint(file)]

    def places(self, path: Path) -> Places:
        """Row of a standardised file, of one batch or of several → its place, -1 where it is not live."""
        with pq.ParquetFile(path, read_dictionary=["batch"], page_checksum_verification=True) as file:
            told = file.read(["batch", "ordinal", "record_id"])
        code = pc.fill_null(pc.index_in(told["batch"].cast(pa.string()), value_set=self._names), -1).to_numpy()
        mine = np.flatnonzero(np.isin(self._codes, np.unique(code)))
        if not len(mine):
            return np.full(told.num_rows, -1)
        known = self.rows["record_id"].combine_chunks().take(pa.array(mine))
        at = pc.fill_null(pc.index_in(told["record_id"], value_set=known), -1).to_numpy()
        found = np.where(at >= 0, mine[at], -1)
        same = (self._ordinals[found] == told["ordinal"].to_numpy()) & (self._codes[found] == code)
        return np.where(same, found, -1)

    def since(self, rows: pa.Table) -> pa.Table:
        """Rows with their places as they came → in order, with ``as_of`` and ``since``."""
        places = rows[_PLACE].to_numpy()
        order = np.argsort(places)
        result, said = rows.drop_columns(_PLACE).take(pa.array(order)), pa.array(places[order])
        for name in ("as_of", "since"):
            result = result.append_column(name, self.rows[name].take(said).cast(pa.string()))
        return result


def gathered(files: list[Path], rows: pa.Table) -> pa.Table:
    """The live rows of a kind with all their clean columns, sorted by record.

    Args:
        files: standardised files of the kind, one at least: the first says the columns where no row is live.
        rows: which rows are live (:class:`Chosen`).
    """
    chosen = Chosen(rows)
    told = [table for file in chosen.among(files) for table in _live(file, chosen)] or [_none(files[0])]
    return chosen.since(pa.concat_tables(told, promote_options="permissive"))


def write(path: Path, files: list[Path], rows: pa.Table, spill: Path, piece: int | None = None) -> None:
    """Write the live rows of a kind (:func:`gathered`).

    Args:
        path: where to.
        files: standardised files of the kind, one at least.
        rows: which rows are live (:class:`Chosen`).
        spill: a folder for what does not fit; nothing of it stays.
        piece: rows of the result that are put in order at once; default: all of a few, else a part.
    """
    if rows.num_rows <= (_WHOLE if piece is None else piece):
        store.write_table(path, gathered(files, rows))
        return
    chosen, piece = Chosen(rows), piece or _PIECE
    spill.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="live.", dir=spill) as folder:
        pieces = _spilled(Path(folder), chosen.among(files), chosen, piece)
        store.write_pieces(path, (chosen.since(told) for told in pieces))


def _live(file: Path, chosen: Chosen) -> Iterator[pa.Table]:
    """The live rows of a file in parts, each row with its place."""
    places, start = chosen.places(file), 0
    for part in store.read_pieces(file, _AT_ONCE):
        here = places[start : start + part.num_rows]
        start += part.num_rows
        live = here >= 0
        yield (part if live.all() else part.filter(pa.array(live))).append_column(_PLACE, pa.array(here[live]))


def _none(file: Path) -> pa.Table:
    return pq.read_schema(file).append(pa.field(_PLACE, pa.int64())).empty_table()


def _spilled(folder: Path, files: list[Path], chosen: Chosen, piece: int) -> Iterator[pa.Table]:
    """Lay every live row into the file of its piece; then piece by piece."""
    schema = pa.unify_schemas([_none(file).schema for file in files], promote_options="permissive")
    names = [folder / str(at) for at in range(-(-chosen.rows.num_rows // piece))]
    options = ipc.IpcWriteOptions(compression="lz4")
    writers = [ipc.new_file(str(name), schema, options=options) for name in names]
    for file in files:
        for part in _live(file, chosen):
            whole = pa.concat_tables([schema.empty_table(), part], promote_options="permissive").select(schema.names)
            pieces = whole[_PLACE].to_numpy() // piece
            order = np.argsort(pieces, kind="stable")
            ends = np.cumsum(np.bincount(pieces, minlength=len(names)))
            whole = whole.take(pa.array(order))
            for writer, start, end in zip(writers, [0, *ends], ends, strict=False):
                writer.write_table(whole.slice(start, end - start))
    for writer in writers:
        writer.close()
    for name in names:
        with pa.OSFile(str(name)) as file:
            yield ipc.open_file(file).read_all()
        name.unlink()
