"""A landed column as the questions of rules need it: its bytes, which cells say nothing, its distinct values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from expectations import readers
from transforms.cells import Cells, Mask, Positions


@dataclass(frozen=True)
class Distinct:
    """Distinct values (the last one is null) and, per row, the position of its own."""

    values: pd.Series
    codes: Positions


class Column:
    """One column of a batch; nothing of it is read before it is asked for."""

    def __init__(self, landed: pa.ChunkedArray, null_marks: Sequence[str]) -> None:
        """Keep the column."""
        self._landed = landed
        self._null_marks = null_marks

    @cached_property
    def cells(self) -> Cells:
        """The landed cells."""
        return Cells(self._landed)

    @cached_property
    def nothing(self) -> Mask:
        """Cells that surely say nothing: null, or one of the contract's words for it as it stands."""
        marked = self.cells.among(self._null_marks)
        if marked.any():
            marked &= self.cells.plain
        return np.asarray(self.cells.null | marked, dtype=np.bool_)

    @cached_property
    def raw(self) -> Distinct:
        """The landed text."""
        encoded = pc.dictionary_encode(self._landed.combine_chunks())
        words = np.full(len(encoded.dictionary) + 1, None, dtype=object)
        words[:-1] = encoded.dictionary.to_numpy(zero_copy_only=False)
        codes = encoded.indices.fill_null(len(words) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        return Distinct(pd.Series(words, dtype=object), codes)

    @cached_property
    def clean(self) -> Distinct:
        """The cleaned text, None where the cell says nothing."""
        return Distinct(readers.clean(self.raw.values, self._null_marks), self.raw.codes)
