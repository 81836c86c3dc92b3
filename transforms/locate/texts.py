"""What the records of a kind say of where they are: every distinct text once, as codes instead of strings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms.divisions import LEVELS as DIVISIONS
from transforms.locate.library import LEVELS

Codes = npt.NDArray[np.int64]
SAID = ("level", "among", *DIVISIONS, *LEVELS, "relation", "residual")
SILENT = "silent"  # nothing stands in the cell
_PIECE = 500_000  # rows read at a time
_LARGEST = 1 << 62
_Column = Callable[[str], tuple[Codes, list[str]]]


@dataclass(frozen=True)
class Texts:
    """Parsed addresses of a kind's records.

    Attributes:
        table: one row per distinct text: columns :data:`SAID` as categories, and :data:`SILENT`.
        of_row: property → per record, in the order of the records, the place of its text in ``table``.
    """

    table: pd.DataFrame
    of_row: dict[str, Codes]


def of_file(path: Path, props: Sequence[str]) -> Texts:
    """The texts of live records, read column by column: no column of strings is ever held."""
    with pq.ParquetFile(path, page_checksum_verification=True) as file:
        silent = [_silent(file, prop) for prop in props]
    words = [f"{prop}_{name}" for prop in props for name in SAID]
    with pq.ParquetFile(path, page_checksum_verification=True, read_dictionary=words) as file:
        return _distinct(props, np.concatenate(silent), lambda name: _read(file, name))


def of_frame(live: pd.DataFrame, prop: str) -> Texts:
    """The texts of a table that is small enough to be held."""
    return _distinct([prop], live[prop].isna().to_numpy(), lambda name: _factorized(live[name]))


def _silent(file: pq.ParquetFile, prop: str) -> npt.NDArray[np.bool_]:
    batches = file.iter_batches(_PIECE, columns=[prop])
    nulls = [batch.column(0).is_null().to_numpy(zero_copy_only=False) for batch in batches]
    return np.concatenate([np.zeros(0, dtype=bool), *nulls])


def _read(file: pq.ParquetFile, name: str) -> tuple[Codes, list[str]]:
    """Codes of a column, -1 where it is null, and the words they stand for."""
    words: dict[str, int] = {}
    codes = [np.zeros(0, dtype=np.int64)]
    for batch in file.iter_batches(_PIECE, columns=[name]):
        column = batch.column(0)
        column = column if pa.types.is_dictionary(column.type) else column.cast(pa.string()).dictionary_encode()
        place = np.array([words.setdefault(word, len(words)) for word in column.dictionary.to_pylist()] + [-1])
        codes.append(place[pc.fill_null(column.indices, len(place) - 1).to_numpy()])
    return np.concatenate(codes), list(words)


def _factorized(column: pd.Series) -> tuple[Codes, list[str]]:
    codes, words = pd.factorize(column)
    return codes.astype(np.int64), list(words)


def _distinct(props: Sequence[str], silent: npt.NDArray[np.bool_], column: _Column) -> Texts:
    keys, words = _Keys(np.zeros(len(silent), dtype=np.int64)), []
    keys.add(silent.astype(np.int64), 2)
    for name in SAID:
        place: dict[str, int] = {}
        codes = np.concatenate([_joined(place, *column(f"{prop}_{name}")) for prop in props])
        keys.add(codes, len(place))
        words.append(list(place))
    of_text, (flags, *columns) = keys.distinct()
    said = {
        name: pd.Categorical.from_codes(codes, pd.Index(known, dtype=object))
        for name, codes, known in zip(SAID, columns, words, strict=True)
    }
    rows = np.split(of_text, len(props))
    return Texts(pd.DataFrame(said | {SILENT: flags.astype(bool)}), dict(zip(props, rows, strict=True)))


def _joined(place: dict[str, int], codes: Codes, words: list[str]) -> Codes:
    """Codes of one property in the words of all."""
    return np.array([place.setdefault(word, len(place)) for word in words] + [-1], dtype=np.int64)[codes]


@dataclass
class _Keys:
    """Columns of codes as one number per row; before it grows too large, it becomes its place among the distinct."""

    key: Codes
    _size: int = 1
    _bases: list[int] = field(default_factory=list)
    _done: list[tuple[Codes, list[int]]] = field(default_factory=list)

    def add(self, codes: Codes, words: int) -> None:
        """One column more; its codes are -1 to ``words`` - 1."""
        base = words + 1
        if self._size > _LARGEST // base:
            self._collapse()
        self.key *= base
        self.key += codes + 1
        self._size *= base
        self._bases.append(base)

    def distinct(self) -> tuple[Codes, list[Codes]]:
        """Per row the place of its combination, and the columns of the distinct combinations."""
        self._collapse()
        columns: list[Codes] = []
        rest = np.arange(self._size, dtype=np.int64)
        for distinct, bases in reversed(self._done):
            rest = distinct[rest]
            for base in reversed(bases):
                columns.append(rest % base - 1)
                rest = rest // base
        return self.key, columns[::-1]

    def _collapse(self) -> None:
        places, distinct = pd.factorize(self.key)
        self.key = places.astype(np.int64, copy=False)
        self._done.append((distinct, self._bases))
        self._size, self._bases = len(distinct), []
