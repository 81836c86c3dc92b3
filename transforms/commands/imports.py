"""Imports of a process that lives for a night: a million objects that stay until its end."""

from __future__ import annotations

import atexit
import gc
import importlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Nobody looks for garbage meanwhile, nor ever after in what is there at the end: neither here nor in a fork."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
        atexit.register(gc.unfreeze)  # at its end some extensions count what nobody collected


def rooms(names: Iterable[str]) -> None:
    """Import these rooms."""
    with uncollected():
        for name in names:
            importlib.import_module(f"transforms.{name}")
