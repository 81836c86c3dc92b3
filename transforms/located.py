"""Where the records of a kind stand, as numbers: what locate leaves beside its table for whoever asks of all of them.

Two Arrow files a kind, which a reader maps into its memory as they lie: ``<kind>.text.arrow``, a row per live record,
which text it says with each located property, and ``<kind>.best.arrow``, a row per distinct text, its best candidate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import whole
from transforms.places import ordered

Numbers = npt.NDArray[np.int32]
COLUMNS = ("address_id", "building_id", "house_id", "level", "match_class", "grid_id", "method", "reason", "village")
_CODED = pa.dictionary(pa.int32(), pa.string())


def files(kind: str) -> tuple[str, str]:
    """The names of a kind's two files: the texts of its records, and the best candidates of these."""
    return f"{kind}.text.arrow", f"{kind}.best.arrow"


@dataclass(frozen=True)
class Best:
    """The best candidates of a kind's live records: rank 1 of model.LOCATED.

    Attributes:
        text: located property → by record number (its place among the ascending record ids) the row of its text in
            ``table``.
        table: a row per distinct text: :data:`COLUMNS` as codes into the distinct words of each, which ascend.
    """

    text: Mapping[str, Numbers]
    table: pa.Table

    @classmethod
    def read(cls, folder: Path, kind: str) -> Self | None:
        """What lies in a folder of locate, mapped, not copied; None: the kind is not located there."""
        texts, best = (folder / name for name in files(kind))
        if not texts.is_file():
            return None
        said = _mapped(texts)
        return cls({name: whole(said[name]).to_numpy() for name in said.column_names}, _mapped(best))

    def write(self, folder: Path, kind: str) -> None:
        """Lay the two files into a folder."""
        said = {name: pa.array(self.text[name], pa.int32()) for name in sorted(self.text)}
        for name, rows in zip(files(kind), (pa.table(said), self.table), strict=True):
            with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_file(file, rows.schema) as writer:
                writer.write_table(rows)

    def codes(self, name: str) -> Numbers:
        """Row by row of ``table`` the code of a column, -1 where it is null."""
        return np.asarray(pc.fill_null(whole(self.table[name]).indices, -1).to_numpy(), dtype=np.int32)

    def times(self) -> npt.NDArray[np.int64]:
        """Row by row of ``table`` how often it is said, by all records with all properties."""
        size = self.table.num_rows
        return sum((np.bincount(text, minlength=size) for text in self.text.values()), np.zeros(size, dtype=np.int64))

    def says(self, name: str, words: pa.Array) -> npt.NDArray[np.bool_]:
        """Row by row of ``table``: a column says one of these words."""
        said = pc.is_in(whole(self.table[name]).dictionary, words).to_numpy(zero_copy_only=False)
        return np.asarray(np.append(said, False)[self.codes(name)], dtype=bool)


NOTHING = Best({}, pa.schema([(name, _CODED) for name in COLUMNS]).empty_table())  # of a kind that is not located


def coded(codes: Numbers, words: pa.Array) -> pa.DictionaryArray:
    """A column of :attr:`Best.table`, of the words alone that are said.

    Args:
        codes: places in the words, -1 for null.
        words: distinct, in any order.
    """
    used = np.flatnonzero(np.bincount(codes[codes >= 0], minlength=len(words)))
    said = words.take(pa.array(used))
    order = ordered(said)
    place = np.full(len(words) + 1, -1, dtype=np.int32)  # the last is where -1 points
    place[used[order]] = np.arange(len(used), dtype=np.int32)
    at = place[codes]
    return pa.DictionaryArray.from_arrays(pa.array(at, mask=at < 0), said.take(pa.array(order)))


def _mapped(path: Path) -> pa.Table:
    with pa.memory_map(str(path)) as file, pa.ipc.open_file(file) as read:
        return read.read_all()
