"""Memory that is held no longer, given back: a large city's columns lie in as many pieces as threads asked for them."""

from __future__ import annotations

import ctypes

import pyarrow as pa


def give_back() -> None:
    """Give to the system what Arrow and numpy let go of; without glibc what Arrow did.

    A column of some thirty megabytes, from 8 million records, is just too small for glibc to map it by itself: it
    stays in the arena of the thread that made it (mallopt(3), M_MMAP_THRESHOLD), a quarter of all in the end.
    """
    pa.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
