"""Which files arrive on a night.

Every module of `departments/` whose name (its source) has a block in `rates.yml` takes part, in the order of the
names. A module says when it sends by `deliveries(state, first) -> Iterable[Delivery]`; one without sends its
`extract(state)` every night.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from types import ModuleType

from demo import departments
from demo.config import error_names
from demo.departments import chengguan_bujian, shuiwu_nashui
from demo.extract import Delivery
from demo.world import State

Calendar = Callable[[State, State], Iterable[Delivery]]


@cache
def modules() -> dict[str, ModuleType]:
    """The departments' modules by source, in order."""
    return {source: importlib.import_module(f"{departments.__name__}.{source}") for source in sorted(error_names())}


def of_night(state: State, first: State) -> Iterator[tuple[str, Callable[[], list[Delivery]]]]:
    """Sources of a night and how to make their files (made when called, so that sources can be made in parallel)."""
    for source, module in modules().items():
        calendar: Calendar = getattr(module, "deliveries", None) or _CALENDARS.get(source) or nightly(module)
        yield source, partial(_made, calendar, state, first)


def _made(calendar: Calendar, state: State, first: State) -> list[Delivery]:
    return list(calendar(state, first))


def nightly(module: ModuleType) -> Calendar:
    """A file every night."""
    return lambda state, _first: [Delivery(module.extract(state), state.day, 0, module.write)]


def once(module: ModuleType) -> Calendar:
    """A file on the first night; later nothing (weekly and monthly sources)."""
    return lambda state, first: nightly(module)(state, first) if state.night == 1 else []


def _chengguan(state: State, first: State) -> Iterable[Delivery]:
    """A corrected file for the first night comes on the second."""
    if state.night == 1:
        return [Delivery(chengguan_bujian.extract(state), state.day, 0, chengguan_bujian.write)]
    if state.night == 2:
        mended = chengguan_bujian.extract(first, corrected=True)
        return [Delivery(mended, first.day, 1, chengguan_bujian.write)]
    return []


def _shuiwu(state: State, first: State) -> Iterable[Delivery]:
    """The file of the month before comes late, on the second night, after the one of the first night."""
    if state.night == 1:
        return [Delivery(shuiwu_nashui.extract(state), state.day, 0, shuiwu_nashui.write)]
    if state.night == 2:
        before = first.day.replace(month=first.day.month - 1)
        return [Delivery(shuiwu_nashui.extract(first, before=True), before, 0, shuiwu_nashui.write)]
    return []


def _xiaofang(state: State, first: State) -> Iterable[Delivery]:
    """Expected every night and missing on the second."""
    return once(modules()["xiaofang_sheshi"])(state, first)


_CALENDARS: dict[str, Calendar] = {
    "chengguan_bujian": _chengguan, "shuiwu_nashui": _shuiwu, "xiaofang_sheshi": _xiaofang,
}  # fmt: skip
