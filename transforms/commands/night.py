"""``gridfacts run`` and ``gridfacts room``: the rooms of a night, in order or alone, without Airflow."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path

import click

from transforms import bundles, contract, key_marks, kinds
from transforms.commands import beside, imports
from transforms.commands.options import drops_option, json_option, night_option, progress, show
from transforms.model import Report
from transforms.run import Run

SOURCE_ROOMS = ("land", "check", "standardise")
STAGE_ROOMS = ("locate", "link", "resolve", "merge")
NIGHT_ROOMS = ("apply", "close", "brakes", "publish")
_REGISTER = 32 << 20  # bytes; a larger delivery has so many rows that memory counts more than the start of a process


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
    publish.require_head(this)
    reports = source_rooms(this)
    with _strays_told(this):
        reports += closed(this, brake=not dry_run)
        if not dry_run:
            reports += published(this)
    lines = [f"{r.room:12} {r.part:28} " + "  ".join(f"{k} {v}" for k, v in r.counts.items()) for r in reports]
    show(reports, "\n".join(lines[-6:]), as_json=as_json)
    from transforms.commands.troubles import troubles  # what they need is imported by now

    for trouble in troubles(this):
        click.secho(trouble, fg="yellow", err=True)


def closed(this: Run, *, brake: bool) -> list[Report]:
    """The rooms after standardise up to the delta; once more without every source that its brakes freeze."""
    from transforms.brakes import FrozenError

    with beside.listening(this) as done:
        done("sources")
        reports = _computed(this, done)
    reports += _room(this, "close", [], None)
    while brake:
        try:
            return reports + _room(this, "brakes", [], None)
        except FrozenError:  # each time at least one delivery fewer counts
            reports = _computed(this, lambda _step: None) + _room(this, "close", [], None)
    return reports


def published(this: Run) -> list[Report]:
    """Publish; on PostgreSQL consumers' views get the tokens of the newest identities then."""
    reports = _called("transforms.publish", "run", this)
    if this.settings.database_url.startswith("postgresql"):  # elsewhere nothing is imported for it
        from transforms.reader import package, roles

        for role, tokens in roles.after_release(this.settings, package.load_all(this.settings.expectations)).items():
            this.say(f"rights: {role}: {tokens} new tokens")
    return reports


@contextlib.contextmanager
def _strays_told(this: Run) -> Iterator[None]:
    """Say what no source takes of the drop box where the night ends, well or not: else it is scrolled away."""
    from transforms import land  # it is imported by now: the night does not wait for it

    found = land.strays(this)
    try:
        yield
    finally:
        for line in found.lines:
            click.secho(line, fg="yellow", err=True)


def _computed(this: Run, done: beside.Done) -> list[Report]:
    """The rooms between standardise and close, in order; ``done`` hears of each."""
    reports = _room(this, "apply", [], None)
    done("apply")
    for stage in kinds.STAGES:
        for room in kinds.rooms_of(stage):
            reports += _room(this, room, [], stage)
            done(f"{room} {stage}")
    return reports


def source_rooms(this: Run, rooms: tuple[str, ...] = SOURCE_ROOMS) -> list[Report]:
    """Land, check and standardise, source by source, those with most to do first; each is fast on its own.

    ``rooms``: all three, or the first of them.
    """
    waiting = bundles.sources_with_work(this)
    order = sorted(waiting, key=lambda source: (-waiting[source], source))
    workers = min(len(order), this.settings.threads, os.cpu_count() or 1)
    if workers <= 1:
        return [report for source in order for room in rooms for report in _room(this, room, [source], None)]
    clean = beside.clean()
    forkserver.ensure_running()  # it imports for seconds; land, whose parsers are processes of its own, does not wait
    first, *others = rooms
    with (
        ThreadPoolExecutor(workers) as landing,
        ProcessPoolExecutor(workers, clean) as pool,
        ProcessPoolExecutor(workers, clean, max_tasks_per_child=1) as fresh,
    ):
        registers = [source for source in order if waiting[source] > _REGISTER]
        through = [landing.submit(_through, this, rooms, source, fresh) for source in registers]
        landed = [(one, landing.submit(_room, this, first, [one], None)) for one in order[len(registers) :]]
        judged = [(one.result(), pool.submit(_each, this, others, source)) for source, one in landed]
        imports.rooms(("account", *STAGE_ROOMS, "publish"))
        reports = [report for whole in through for report in whole.result()]
        return reports + [report for land, rest in judged for report in (*land, *rest.result())]


def _through(this: Run, rooms: tuple[str, ...], source: str, fresh: ProcessPoolExecutor) -> list[Report]:
    """A city's register through all rooms before its thread takes the next: as many at once as there are cores.

    Each in a process of its own, which gives back all that the register took.
    """
    from transforms.memory import give_back

    first, *others = rooms
    landed = _room(this, first, [source], None)
    give_back()
    return [*landed, *fresh.submit(_each, this, others, source).result()]


def _each(this: Run, rooms: list[str], source: str) -> list[Report]:
    return [report for room in rooms for report in _room(this, room, [source], None)]


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
    return published(this)


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
    with _strays_told(this) if name == "land" and not sources else contextlib.nullcontext():
        reports = [report for stage in each for report in _room(this, name, list(sources) or known, stage)]
    lines = [f"{r.room} {r.part}: " + ", ".join(f"{k} {v}" for k, v in r.counts.items()) for r in reports]
    show(reports, "\n".join(lines), as_json=as_json)
