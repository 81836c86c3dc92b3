"""Keeps the tables of a large city small: texts in Arrow memory, which forked processes share without copying.

A text per resident as a Python object takes three times the room, and a few that outlive the others (the names of
owners) keep all of their memory from being given back. So these texts are made in Arrow and never leave it.
"""

from __future__ import annotations

import ctypes
import gc
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from demo.draw import Ints, Texts

STRING = pa.large_string()
TEXT = pd.ArrowDtype(STRING)


def joined(*parts: pa.Array | str) -> pa.Array:
    """The texts of each row, one behind the other; a plain text stands in every row."""
    every = [pa.scalar(part, STRING) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*every, pa.scalar("", STRING))


def zero_filled(numbers: Ints, width: int) -> pa.Array:
    """Whole numbers as texts of at least `width` digits."""
    return pc.utf8_lpad(pa.array(numbers).cast(STRING), width, "0")


def picked(values: Sequence[str] | Texts, index: Ints) -> pa.Array:
    """The texts at the given positions."""
    return pa.array(values, STRING).take(pa.array(index))


def column(texts: pa.Array) -> pd.Series[str]:
    """A column of a table with these texts."""
    return pd.Series(pd.array(texts, dtype=TEXT))


def compacted(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with texts as Arrow strings and nights as 32-bit integers; values are the same.

    `frame[name].to_numpy(dtype=object)` gives ordinary texts.
    """
    result = frame.copy(deep=False)
    for name in frame.columns:
        if frame[name].dtype == object:
            result[name] = pd.array(frame[name].to_numpy(), dtype=TEXT)
        elif name.endswith("_night") or name in {"role", "floor", "unit"}:
            result[name] = frame[name].to_numpy().astype(np.int32)
    return result


def give_back() -> None:
    """Return freed memory to the system before processes are forked (they would inherit it)."""
    gc.collect()
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc only
    if trim is not None:
        trim(0)
