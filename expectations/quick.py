"""Great Expectations without what it does for nothing: a third of its import, a sixth of a small suite.

Two of its modules draw charts (altair) and fit distributions (scipy.stats) for expectations that no suite of ours has;
an import makes a million objects that stay, which a collector of garbage need not look through again and again; an
expectation makes its configuration anew each of the hundred times a suite asks for it, and a configuration its
expectation; a metric's arguments are looked through for what JSON cannot tell, although all are words; a frame is
hashed, twice, for a fingerprint nobody reads; and a context writes its settings out as YAML each time something is
added to it.
"""

from __future__ import annotations

import gc
import hashlib
import importlib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from operator import is_
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
    """Meanwhile an expectation makes its configuration once, and a configuration its expectation.

    Each is made again when a field (or an argument) of what it is made from was set since.
    """
    home = "great_expectations.expectations.expectation"
    base = importlib.import_module(home).Expectation
    there = importlib.import_module(f"{home}_configuration").ExpectationConfiguration
    configuration, expectation = vars(base)["configuration"], there.to_domain_obj
    base.configuration = property(_once(configuration.fget, _fields))
    there.to_domain_obj = _once(expectation, _arguments)
    try:
        yield
    finally:
        base.configuration, there.to_domain_obj = configuration, expectation


def _fields(of: object) -> tuple[object, ...]:
    return tuple(vars(of).values())


def _arguments(of: Any) -> tuple[object, ...]:  # noqa: ANN401 - a configuration of Great Expectations
    return (*_fields(of), *of.kwargs, *of.kwargs.values())


def _once(make: Callable[[object], object], seen: Callable[[Any], tuple[object, ...]]) -> Callable[[object], object]:
    """What ``make`` makes of an object, made again only when one of the things ``seen`` in it is another thing."""
    made: dict[int, tuple[object, tuple[object, ...], object]] = {}

    def known(of: object) -> object:
        now, held = seen(of), made.get(id(of))
        if held is None or held[0] is not of or len(held[1]) != len(now) or not all(map(is_, held[1], now)):
            held = made[id(of)] = (of, now, make(of))
        return held[2]

    return known


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
