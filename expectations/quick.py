"""Great Expectations without what it does for nothing: a third of its import, a sixth of a small suite.

Two of its modules draw charts (altair) and fit distributions (scipy.stats) for expectations that no suite of ours has;
an import makes a million objects that stay, which a collector of garbage need not look through again and again; an
expectation makes its configuration anew each of the hundred times a suite asks for it; a metric's arguments are looked
through for what JSON cannot tell, although all are words; a frame is hashed, twice, for a fingerprint nobody reads; and
a context writes its settings out as YAML each time something is added to it.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any

import pandas as pd

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


@lru_cache(maxsize=1)
def _asset() -> Any:  # noqa: ANN401 - an asset of Great Expectations
    """The frames of this process: one ephemeral context for all suites, no progress bars, nothing stored."""
    gx = great_expectations()
    base = importlib.import_module("great_expectations.data_context.types.base")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = base.ProgressBarsConfig(globally=False)
    return context.data_sources.add_pandas("gridfacts").add_dataframe_asset("rows")


@contextmanager
def batch(rows: pd.DataFrame) -> Iterator[Any]:
    """A frame as a batch that suites are run on. One after the other, each in an engine that has seen no other frame.

    Afterwards nothing of the frame is left.
    """
    asset = _asset()
    told = asset.batch_definitions or [asset.add_batch_definition_whole_dataframe("rows")]
    try:
        with _without_fingerprint(), _plain_arguments(), configured_once():
            yield told[0].get_batch(batch_parameters={"dataframe": rows})
    finally:
        asset.datasource._execution_engine = None  # it remembers every metric, and the frame


@contextmanager
def _without_fingerprint() -> Iterator[None]:
    """Meanwhile no frame is small enough to be hashed."""
    engine: Any = importlib.import_module("great_expectations.execution_engine.pandas_execution_engine")
    own = engine.HASH_THRESHOLD
    engine.HASH_THRESHOLD = 0
    try:
        yield
    finally:
        engine.HASH_THRESHOLD = own


@contextmanager
def _plain_arguments() -> Iterator[None]:
    """Meanwhile arguments of which JSON tells each as it is are told so; the same id, in a quarter of the time."""
    base = importlib.import_module("great_expectations.core.id_dict").IDDict
    own = base.to_id

    def to_id(self: dict[str, object], id_keys: object = None, id_ignore_keys: object = None) -> object:
        asked = id_keys or id_ignore_keys or base._id_ignore_keys
        if type(self) is base and not asked and len(self) > 1 and all(map(_plain, self.values())):
            return hashlib.md5(json.dumps(self, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
        return own(self, id_keys, id_ignore_keys)

    base.to_id = to_id
    try:
        yield
    finally:
        base.to_id = own


def _plain(value: object) -> bool:
    return value is None or type(value) is str or (type(value) is list and all(type(one) is str for one in value))


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
