"""Balance: every door of a night, from the raw bytes to the published rows, by sets of rows and never by counters."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from transforms.account import seal, standing
from transforms.account.books import release_books
from transforms.account.doors_apply import past_door, version_door
from transforms.account.doors_night import KIND_DOORS, stage_doors
from transforms.account.doors_release import release_doors
from transforms.account.doors_source import Reread, read_ahead, source_doors
from transforms.account.heard import Heard, Tell
from transforms.account.night import Delivery, Night
from transforms.account.outcome import outcome_door
from transforms.account.pages import Pages
from transforms.engine import Engine
from transforms.errors import StaleInputError
from transforms.run import Run

__all__ = ["Reread", "balance", "doors", "listen"]

Say = Callable[[str, Tell], list[str]]
"""How a group of doors is told: its name and what tells it → findings."""


def doors(pages: Pages, reread: Reread) -> list[str]:
    """Findings at every door before publish; empty when the night balances.

    Where the night is strict, what was told before is not told again: sealed batches, whose page says what their doors
    said, and groups of doors that :func:`listen` told ahead.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale, and the night is strict.
    """
    night, heard = pages.night, Heard(pages)

    def say(name: str, tell: Tell) -> list[str]:
        said = heard.said(name) if night.strict else None
        return _listen(night, partial(tell, pages)) if said is None else said

    waiting = _waiting(pages)
    ahead = {one: heard.said(_name(one)) if night.strict else None for one in waiting}
    found = [finding for said in ahead.values() for finding in said or ()]
    with Engine(night.run.settings) as engine:
        found += _batches(pages, engine, [one for one in waiting if ahead[one] is None], reread, say)
        found += say(*_versions(pages, engine))
        with ThreadPoolExecutor(night.run.settings.threads) as pool:
            each = [_kind(engine, kind, group) for kind in night.kinds for group in KIND_DOORS]
            found += [finding for said in pool.map(lambda one: say(*one), each) for finding in said]
    for stage in sorted({kind.stage for kind in night.kinds.values()}):
        found += say(*_stage(stage))
    return found + _listen(night, partial(outcome_door, pages))


def listen(run: Run, reread: Reread, done: Iterable[str]) -> None:
    """Tell doors ahead of ``close``, as soon as the rooms behind them are done, and read what stands in the release.

    Args:
        run: the night.
        reread: land's own reader of raw bytes.
        done: comes as the night goes on: ``sources`` (land, check and standardise), ``apply``, and ``<room> <stage>``.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    pages = Pages(Night(run))
    say = Heard(pages).hear
    behind: dict[str, set[str]] = {kind: set() for kind in pages.night.kinds}
    with Engine(run.settings) as engine:
        for step in done:
            room, _, stage = step.partition(" ")
            if room == "sources":
                tonight = [one for one in _waiting(pages) if one.first_night == run.night]
                _batches(pages, engine, tonight, reread, say)
            elif room == "apply":
                seal.trust(pages)
                say(*_versions(pages, engine))
                standing.read_ahead(run)
            elif room == "locate":
                say(*_stage(stage))
            for kind in (kind for kind, of in pages.night.kinds.items() if room == "apply" or of.stage == stage):
                for group, (rooms, _) in KIND_DOORS.items():
                    if rooms - behind[kind] == {room}:
                        say(*_kind(engine, kind, group))
                behind[kind].add(room)


def _waiting(pages: Pages) -> list[Delivery]:
    return [one for of in pages.night.deliveries.values() for one in of if one.batch not in pages.sealed]


def _name(delivery: Delivery) -> str:
    return f"batch-{delivery.batch.id}"


def _batches(pages: Pages, engine: Engine, deliveries: list[Delivery], reread: Reread, say: Say) -> list[str]:
    """The doors of land, check and standardise, a group a batch."""
    found: list[str] = []
    with engine.apart() as own:
        for delivery, again in read_ahead(pages.night.run.settings, deliveries, reread):
            found += say(_name(delivery), partial(source_doors, own, delivery, again))
    return found


def _versions(pages: Pages, engine: Engine) -> tuple[str, Tell]:
    """The doors of apply for every batch without a seal; the group's name says which these are."""
    waiting = [one for one in _waiting(pages) if one.passed]

    def tell(pages: Pages) -> Iterator[str]:
        with engine.apart() as own:
            for delivery in waiting:
                yield from version_door(pages, own, delivery)
        yield from past_door(pages)

    return f"versions-{hashlib.sha256(' '.join(map(_name, waiting)).encode()).hexdigest()[:16]}", tell


def _kind(engine: Engine, kind: str, group: str) -> tuple[str, Tell]:
    """Some of one kind's doors, with names of their own in the engine: kinds are heard side by side."""

    def tell(pages: Pages) -> Iterator[str]:
        with engine.apart() as own:
            yield from KIND_DOORS[group][1](pages, own, kind)

    return f"{kind}-{group}", tell


def _stage(stage: str) -> tuple[str, Tell]:
    return f"stage-{stage}", lambda pages: stage_doors(pages.night, stage)


def balance(run: Run, reread: Reread) -> list[str]:
    """Findings at every door of a night, those of the published release among them; empty when all holds.

    No seal and nothing told ahead counts here: every batch ever landed is read again from its raw bytes.

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
