"""Keeps the tables of a large city small: texts in Arrow memory, which forked processes share without copying."""

from __future__ import annotations

import ctypes
import gc

import numpy as np
import pandas as pd
import pyarrow as pa

TEXT = pd.ArrowDtype(pa.large_string())


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
