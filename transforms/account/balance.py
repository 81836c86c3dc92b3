"""Balance: every door of a night, from the raw bytes to the published rows, by sets of rows and never by counters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from transforms.account.books import release_books
from transforms.account.doors_apply import version_door
from transforms.account.doors_night import kind_doors, stage_doors
from transforms.account.doors_release import release_doors
from transforms.account.doors_source import Reread, read_ahead, source_doors
from transforms.account.night import Night
from transforms.account.outcome import outcome_door
from transforms.account.pages import Pages
from transforms.engine import Engine
from transforms.errors import StaleInputError
from transforms.run import Run

__all__ = ["Reread", "balance", "doors"]


def doors(pages: Pages, reread: Reread) -> list[str]:
    """Findings at every door before publish; empty when the night balances.

    Sealed batches are not told again: their page says what their doors said.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale, and the night is strict.
    """
    night = pages.night
    with Engine(night.run.settings) as engine:
        found: list[str] = []
        for delivery, again in read_ahead(pages, reread):
            found += _listen(night, partial(source_doors, night, engine, delivery, again))
            if delivery.passed:
                found += _listen(night, partial(version_door, pages, engine, delivery))
    with ThreadPoolExecutor(night.run.settings.threads) as pool:
        found += itertools.chain.from_iterable(pool.map(partial(_of_kind, pages), night.kinds))
    for stage in sorted({kind.stage for kind in night.kinds.values()}):
        found += _listen(night, partial(stage_doors, night, stage))
    return found + _listen(night, partial(outcome_door, pages))


def _of_kind(pages: Pages, kind: str) -> list[str]:
    """Findings at one kind's doors, with an engine of its own: kinds are heard side by side."""
    with Engine(pages.night.run.settings) as engine:
        return _listen(pages.night, partial(kind_doors, pages, engine, kind))


def balance(run: Run, reread: Reread) -> list[str]:
    """Findings at every door of a night, those of the published release among them; empty when all holds.

    No seal counts here: every batch ever landed is read again from its raw bytes.

    Args:
        run: the night.
        reread: land's own reader of raw bytes.
    """
    night = Night(run, strict=False)
    pages = Pages(night)
    found = doors(pages, reread)
    with Engine(run.settings) as engine:
        found += _listen(night, lambda: release_doors(night, engine, release_books(pages)))
    return list(dict.fromkeys([*sorted(night.stale), *found]))


def _listen(night: Night, door: Callable[[], Iterator[str]]) -> list[str]:
    """What a door finds. Where the night is not strict, an input that is not there is a finding too."""
    try:
        return list(door())
    except StaleInputError as error:
        if night.strict:
            raise
        return [error.detail]
