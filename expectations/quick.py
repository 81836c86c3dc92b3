"""Great Expectations without what it does for nothing: a third of its import, a sixth of a small suite.

Two of its modules draw charts (altair) and fit distributions (scipy.stats) for expectations that no suite of ours has;
an import makes a million objects that stay, which a collector of garbage need not look through again and again; and an
expectation makes its configuration anew each of the hundred times a suite asks for it.
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType

_POSTPONED = ("altair", "scipy.stats")


class _Postponed(ModuleType):
    """Stands in for a module until somebody looks into it."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):  # the import system's questions
            raise AttributeError(name)
        return getattr(importlib.import_module(self.__name__), name)


@lru_cache(maxsize=1)
def great_expectations() -> ModuleType:
    """The package, imported once."""
    with _postponing(*_POSTPONED), _without_collecting():
        return importlib.import_module("great_expectations")


@contextmanager
def configured_once() -> Iterator[None]:
    """Meanwhile an expectation makes its configuration once, and again when one of its fields was set since."""
    base = importlib.import_module("great_expectations.expectations.expectation").Expectation
    own = vars(base)["configuration"]
    made: dict[int, tuple[object, tuple[int, ...], object]] = {}

    def configuration(self: object) -> object:
        fields = tuple(map(id, vars(self).values()))
        known = made.get(id(self))
        if known is None or known[0] is not self or known[1] != fields:
            known = made[id(self)] = (self, fields, own.fget(self))
        return known[2]

    base.configuration = property(configuration)
    try:
        yield
    finally:
        base.configuration = own


@contextmanager
def _postponing(*names: str) -> Iterator[None]:
    """Whoever imports one of these modules meanwhile gets a stand-in that imports it at first use."""
    stand_ins = {name: _Postponed(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]


@contextmanager
def _without_collecting() -> Iterator[None]:
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
