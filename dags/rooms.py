"""How a task calls a room: one night, one entry point, counts back. The rooms are imported inside the task only.

What leaves a task goes into Airflow's database and logs, which everybody who operates the schedule can read. So a
task returns source codes and counts and nothing else, and an error of a library, whose text may quote a row, is
replaced by one that says its type and place in the code.
"""

from __future__ import annotations

import errno
import logging
import traceback
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow.sdk import get_current_context

from dags.alerts import alert_strays
from transforms.errors import GridfactsError

if TYPE_CHECKING:
    from airflow.sdk import Context

    from transforms.model import Report
    from transforms.run import Run

TIMEZONE = ZoneInfo("Asia/Shanghai")
BUNDLES = 4  # 3 mapped tasks a bundle, 20 of the stages, 8 around them: the 40 a night may have
_LOG = logging.getLogger("gridfacts")


class PassingError(GridfactsError):
    """The machine, the disk or the database failed, not the data: the same call may succeed in a minute."""


class UnexpectedError(GridfactsError):
    """A library or a room raised what it never should."""


def night_of(context: Context) -> str:
    """The night a run is for: its parameter, else the day in China on which the run was due.

    ``run_after`` is set once when the run is made, for scheduled, manual and asset-driven runs alike (the logical
    date is None for the latter two), so every task and every retry of a run sees the same night.
    """
    return context["params"].get("night") or context["dag_run"].run_after.astimezone(TIMEZONE).date().isoformat()


def current_run(context: Context) -> Run:
    """The run of the current task: settings from the worker's environment, night and drop box from its parameters."""
    from transforms.run import Run

    drops = context["params"].get("drops")
    return Run.of(night_of(context), drops=Path(drops) if drops else None, say=_LOG.info)


def enter(room: str, *arguments: object, entry: str = "run") -> dict[str, int]:
    """Call one room's entry point for the current task's night and return its counts, summed.

    Args:
        room: folder below ``transforms``.
        arguments: what the entry point takes after the run (docs/rooms.md).
        entry: its name.

    Raises:
        GridfactsError: what the room raised on purpose, as it is.
        PassingError, UnexpectedError: anything else, without its text.
    """
    from transforms import key_marks

    with value_free_errors():
        call: Callable[..., list[Report]] = getattr(import_module(f"transforms.{room}"), entry)
        run = current_run(get_current_context())
        key_marks.require(run.settings)
        reports = call(run, *arguments)
    return dict(sum((Counter(report.counts) for report in reports), Counter()))


def close() -> dict[str, int]:
    """Account's last door: it compares with land's own second reading of the raw bytes, which only we can hand it."""
    return enter("account", import_module("transforms.land").reread, entry="close")


def brake() -> dict[str, int]:
    """Hold the closed night against its budgets; where a source is frozen, compute the night again without it, here."""
    from transforms.brakes import FrozenError
    from transforms.kinds import STAGES, rooms_of

    reconcile = import_module("transforms.publish").reconcile
    while True:
        try:
            return enter("brakes", reconcile)
        except FrozenError as frozen:  # each time at least one delivery fewer counts
            _LOG.warning("frozen: %s", ", ".join(frozen.sources))
        enter("account", entry="apply")
        for stage in STAGES:
            for room in rooms_of(stage):
                enter(room, stage)
        close()


def tell() -> dict[str, int]:
    """After the release: a receipt for every drop of the night. Names of files stay out of what the task returns."""
    from transforms import receipts

    with value_free_errors():
        run = current_run(get_current_context())
        made = receipts.make(run, run.settings.home / "receipts")
    return {"receipts": len(made)}


def rights() -> dict[str, int]:
    """After the release, on PostgreSQL: consumers' tokens of its newest identities."""
    from transforms.reader import package, roles

    with value_free_errors():
        settings = current_run(get_current_context()).settings
        made = roles.after_release(settings, package.load_all(settings.expectations))
    return {"roles": len(made), "tokens": sum(made.values())}


def retain() -> dict[str, int]:
    """Last: what was kept long enough goes."""
    from transforms import account, publish
    from transforms.publish import aged
    from transforms.retain import step

    with value_free_errors():
        made = step.Rooms(
            account.expirable, account.past, account.outcome_of_past, publish.reconcile, aged.ended, aged.forget
        )  # fmt: skip
        found = step.run(current_run(get_current_context()).settings, made, _LOG.info)
    return dict(Counter(one.what for one in found))


@contextmanager
def value_free_errors() -> Iterator[None]:
    """Let our own errors pass without what caused them, and turn every other one into :func:`without_text`."""
    try:
        yield
    except GridfactsError as error:
        raise error from None
    except Exception as error:
        raise without_text(error) from None


def without_text(error: Exception) -> GridfactsError:
    """An error of ours that says type, ``errno`` and the places (last of all, last in a room) where it was raised."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno is not None:
        name = f"{name} {errno.errorcode.get(error.errno, error.errno)}"
    frames = traceback.extract_tb(error.__traceback__)
    rooms = [frame for frame in frames if "transforms" in Path(frame.filename).parts]
    places = [f"{'/'.join(Path(f.filename).parts[-2:])}:{f.lineno}" for f in [*rooms[-1:], frames[-1]]]
    message = f"{name} at {', in '.join(dict.fromkeys(places))}"
    return PassingError("PASSING", message) if _passes(error) else UnexpectedError("UNEXPECTED", message)


def _passes(error: Exception) -> bool:
    from sqlalchemy.exc import InterfaceError, OperationalError
    from sqlalchemy.exc import TimeoutError as PoolTimeoutError

    return isinstance(error, OSError | MemoryError | OperationalError | InterfaceError | PoolTimeoutError)


def dropped_sources(events: Mapping[Any, Sequence[Any]] | None) -> set[str] | None:
    """The source codes in the events that started a run (several may come as one), or None: there was no event."""
    found = [event.extra.get("payload", {}).get("source") for told in (events or {}).values() for event in told]
    return {source for source in found if isinstance(source, str)} if found else None


def tell_strays(context: Context, run: Run) -> None:
    """Log and alert what no source takes of the drop box; its names, which may be persons', stay out of both."""
    from transforms import land

    found = land.strays(run)
    if found.things:
        meant = f", perhaps of {', '.join(found.sources)}" if found.sources else ""
        _LOG.warning("drop box: %s%s (gridfacts summary --night %s)", found.counted, meant, run.night)
        alert_strays(context, found)


def plan(only: Collection[str] | None = None) -> list[list[str]]:
    """The bundles of the current task's night; with ``only``, of those sources among them.

    Nothing begins beside a database that HEAD does not know. What lies in the drop box and no source takes is told
    once a night, and when a drop with the name of no source came.
    """
    from transforms import contract, publish
    from transforms.bundles import bundles, sources_with_work

    context = get_current_context()
    with value_free_errors():
        run = current_run(context)
        publish.require_head(run)
        waiting = sources_with_work(run)
        if only is None or set(only) - set(contract.load_all(run.settings.expectations)):
            tell_strays(context, run)
    chosen = waiting if only is None else {code: size for code, size in waiting.items() if code in only}
    made = bundles(chosen, BUNDLES)
    _LOG.info("bundles: %d sources in %d bundles", len(chosen), len(made))
    return made
