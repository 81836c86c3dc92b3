"""``gridfacts run`` and ``gridfacts room``: the rooms of a night, in order or alone, without Airflow."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path

import click

from transforms import bundles, contract, key_marks, kinds
from transforms.commands.options import drops_option, json_option, night_option, progress, show
from transforms.errors import GridfactsError
from transforms.model import Report
from transforms.run import Run

SOURCE_ROOMS = ("land", "check", "standardise")
STAGE_ROOMS = ("locate", "link", "resolve", "merge")
NIGHT_ROOMS = ("apply", "close", "brakes", "publish")
_BESIDE = 5  # how much the listener gives way to the rooms (nice)


@click.command()
@night_option
@drops_option
@click.option("--dry-run", is_flag=True, help="Everything up to the balanced delta; the release stays as it is.")
@json_option
def run(night: str, drops: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Run all rooms of a night in order and publish one release (what the DAG nightly_merge does, without Airflow)."""
    from transforms import publish

    this = Run.of(night, drops=drops, say=progress())
    key_marks.require(this.settings)
    reports = _source_rooms(this)
    reports += closed(this, brake=not dry_run)
    if not dry_run:
        reports += publish.run(this)
    lines = [f"{r.room:12} {r.part:28} " + "  ".join(f"{k} {v}" for k, v in r.counts.items()) for r in reports]
    show(reports, "\n".join(lines[-6:]), as_json=as_json)
    for trouble in _troubles(this):
        click.secho(trouble, fg="yellow", err=True)


def closed(this: Run, *, brake: bool) -> list[Report]:
    """The rooms after standardise up to the delta; once more without every source that its brakes freeze."""
    from transforms.brakes import FrozenError

    with _listening(this) as done:
        done("sources")
        reports = _computed(this, done)
    reports += _room(this, "close", [], None)
    while brake:
        try:
            return reports + _room(this, "brakes", [], None)
        except FrozenError:  # each time at least one delivery fewer counts
            reports = _computed(this, lambda _step: None) + _room(this, "close", [], None)
    return reports


def _troubles(this: Run) -> Iterator[str]:
    """Files of the night that were refused or wait for a person, with what was wrong: nobody should have to look."""
    from transforms.receipts.drops import drops as dropped

    for drop in dropped(this):
        if drop.state in ("refused", "held", "recalled") or drop.hold:
            said = drop.message or f"{drop.file}: the quality report says why"
            state = f"held, {drop.hold}" if drop.hold else f"refused, {drop.told['code']}"
            state = "recalled" if drop.recalled else state
            yield f"{drop.contract.source}: {state}: {said}"


def _computed(this: Run, done: Callable[[str], None]) -> list[Report]:
    """The rooms between standardise and close, in order; ``done`` hears of apply and of each stage."""
    reports = _room(this, "apply", [], None)
    done("apply")
    for stage in kinds.STAGES:
        reports += [report for room in kinds.rooms_of(stage) for report in _room(this, room, [], stage)]
        done(stage)
    return reports


@contextlib.contextmanager
def _listening(this: Run) -> Iterator[Callable[[str], None]]:
    """A process beside the rooms tells doors as soon as what lies behind them is ``done``; close tells the rest.

    Only where there is a core to spare. If it fails, nothing is lost: close tells every door that was not told.
    """
    if this.settings.threads == 1:
        yield lambda _step: None
        return
    ours, theirs = multiprocessing.Pipe(duplex=False)
    listener = _clean().Process(target=_listen, args=(dataclasses.replace(this, say=_nothing), ours))
    listener.start()
    ours.close()
    try:
        with theirs:
            yield functools.partial(_tell, theirs)
    except BaseException:
        listener.terminate()  # the night has failed: nobody will ask for what it would hear
        raise
    finally:
        listener.join()


def _tell(listener: Connection, step: str) -> None:
    with contextlib.suppress(BrokenPipeError):  # it has stopped before its time
        listener.send(step)


def _listen(this: Run, done: Connection) -> None:
    from transforms import account, land

    os.nice(_BESIDE)
    with contextlib.suppress(GridfactsError):  # close will meet it, and say it
        account.listen(this, land.reread, _received(done))


def _nothing(_message: str) -> None:
    """Doors told ahead make no progress of their own."""


def _received(done: Connection) -> Iterator[str]:
    with contextlib.suppress(EOFError):  # the night is through its stages, or stopped
        while True:
            yield done.recv()


def _clean() -> ForkServerContext:
    """Processes forked from one that has imported and done nothing: threads of engines do not survive a fork."""
    clean = multiprocessing.get_context("forkserver")
    clean.set_forkserver_preload([*(f"transforms.{room}" for room in SOURCE_ROOMS), "expectations.preloaded"])
    return clean


def _source_rooms(this: Run) -> list[Report]:
    """Land, check and standardise, source by source, those with most to do first; each is fast on its own."""
    waiting = bundles.sources_with_work(this)
    order = sorted(waiting, key=lambda source: (-waiting[source], source))
    workers = min(len(order), this.settings.threads, os.cpu_count() or 1)
    if workers <= 1:
        return [report for source in order for room in SOURCE_ROOMS for report in _room(this, room, [source], None)]
    clean = _clean()
    forkserver.ensure_running()  # it imports for seconds; land, whose parsers are processes of its own, does not wait
    with ThreadPoolExecutor(workers) as landing, ProcessPoolExecutor(workers, clean) as pool:
        landed = [landing.submit(_room, this, "land", [source], None) for source in order]
        for room in ("account", *STAGE_ROOMS, "publish"):
            importlib.import_module(f"transforms.{room}")
        judged = [(one.result(), pool.submit(_judged, this, source)) for one, source in zip(landed, order, strict=True)]
        return [report for first, rest in judged for report in (*first, *rest.result())]


def _judged(this: Run, source: str) -> list[Report]:
    return [report for room in SOURCE_ROOMS[1:] for report in _room(this, room, [source], None)]


def _room(this: Run, name: str, sources: list[str], stage: str | None) -> list[Report]:
    """Call one room's entry point (docs/rooms.md). Only that room is imported, none pays for another."""
    this.say(f"{name} {stage or ''}".rstrip())
    if name in SOURCE_ROOMS:
        return _called(f"transforms.{name}", "run", this, sources)
    if name in STAGE_ROOMS:
        return _called(f"transforms.{name}", "run", this, stage)
    if name == "apply":
        return _called("transforms.account", "apply", this)
    if name == "close":
        from transforms import land

        return _called("transforms.account", "close", this, land.reread)
    if name == "brakes":
        from transforms import publish

        return _called("transforms.brakes", "run", this, publish.reconcile)
    return _called("transforms.publish", "run", this)


def _called(module: str, function: str, *arguments: object) -> list[Report]:
    reports: list[Report] = getattr(importlib.import_module(module), function)(*arguments)
    return reports


@click.command()
@click.argument("name", type=click.Choice([*SOURCE_ROOMS, *STAGE_ROOMS, *NIGHT_ROOMS]))
@night_option
@drops_option
@click.option("--source", "sources", multiple=True, help="Only these sources (land, check, standardise).")
@click.option("--stage", "stages", multiple=True, type=click.Choice(kinds.STAGES), help="Only these stages.")
@json_option
def room(
    name: str, night: str, drops: Path | None, sources: tuple[str, ...], stages: tuple[str, ...], *, as_json: bool
) -> None:
    """Run one room alone; what did not change is reused."""
    this = Run.of(night, drops=drops, say=progress())
    key_marks.require(this.settings)
    known = list(contract.load_all(this.settings.expectations))
    if unknown := sorted(set(sources) - set(known)):
        raise click.BadParameter(f"no contract for {', '.join(unknown)}", param_hint="--source")
    each: list[str | None] = list(stages or kinds.STAGES) if name in STAGE_ROOMS else [None]
    reports = [report for stage in each for report in _room(this, name, list(sources) or known, stage)]
    lines = [f"{r.room} {r.part}: " + ", ".join(f"{k} {v}" for k, v in r.counts.items()) for r in reports]
    show(reports, "\n".join(lines), as_json=as_json)
