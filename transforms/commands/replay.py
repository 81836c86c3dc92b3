"""``gridfacts replay``: judges again what a changed rule, lookup or contract concerns; nobody has to send anything."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from transforms import contract, database, key_marks, store
from transforms.commands import touched as compare
from transforms.commands.night import closed, published
from transforms.commands.options import json_option, progress, show
from transforms.commands.touched import Touched
from transforms.errors import GridfactsError
from transforms.run import Run, Settings

_ROOMS = ("land", "check", "standardise")


@click.command()
@click.option("--source", "wanted", multiple=True, help="Only these sources; default: all.")
@click.option("--dry-run", is_flag=True, help="Only say which rows a replay would touch; nothing changes.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Issue the receipts of these rows anew there."
)
@json_option
def replay(wanted: tuple[str, ...], out: Path | None, *, dry_run: bool, as_json: bool) -> None:
    """Judge again what a changed rule, lookup, contract or attestation concerns, and publish; departments send nothing.

    Batches whose verdicts and clean columns rest on what changed are made anew from the rows that lie in the lake, and
    the current night runs on from there. To try a change first: GRIDFACTS_EXPECTATIONS=<a changed copy> and --dry-run.
    """
    from transforms import receipts

    this = _night(Settings.from_environment())
    sources = _sources(this, wanted)
    if dry_run:
        with _copy(this.settings, sources) as scratch:
            found = _judged(dataclasses.replace(this, settings=scratch), this.settings, sources)
    else:
        with _copy(this.settings, sources) as before:
            found = _judged(this, before, sources)
        closed(this, brake=True)
        published(this)
        if out is not None:
            receipts.again(this, out, [one.batch for one in found if one.differs])
    rows = sum(one.freed + one.caught + one.otherwise for one in found)
    lines = [compare.told(one) for one in found if one.differs]
    lines.append(f"{len(found)} batches made anew, {rows} verdicts differ, {len(lines)} batches have rows that differ")
    show(found, "\n".join(lines), as_json=as_json)


def _night(settings: Settings) -> Run:
    """The night of the current release: what is judged again becomes the next release of that night."""
    key_marks.require(settings)
    dbs = database.open_databases(settings)
    number = database.current_release(dbs)
    if not number:
        raise GridfactsError("NOT_FOUND", "no night has been published yet: there is nothing to replay")
    night = str(database.read(dbs.release, "release", ["night"], {"release": number})["night"][0])
    return Run.of(night, settings=settings, say=progress())


def _sources(this: Run, wanted: Sequence[str]) -> list[str]:
    known = contract.load_all(this.settings.expectations)
    if unknown := sorted(set(wanted) - set(known)):
        raise click.BadParameter(f"no contract for {', '.join(unknown)}", param_hint="--source")
    return [source for source in wanted or known if store.landed(this, source)]


def _judged(this: Run, before: Settings, sources: Sequence[str]) -> list[Touched]:
    """Run the rooms of the sources on one of two lakes that were equal, and compare them."""
    from transforms import check, land, standardise

    found: list[Touched] = []
    for source in sources:
        land.refresh(this, [source])
        check.run(this, [source])
        standardise.run(this, [source])
        found += compare.touched(this, before, source)
    return found


@contextlib.contextmanager
def _copy(settings: Settings, sources: Sequence[str]) -> Iterator[Settings]:
    """The sources' batches as they stand, linked: rooms replace files and change none, so a copy costs no bytes."""
    settings.home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".replay.", dir=settings.home) as folder:
        scratch = dataclasses.replace(settings, home=Path(folder), keys=settings.key_file)
        scratch.lake.mkdir()
        (scratch.lake / "raw").symlink_to(settings.lake / "raw")
        for room in _ROOMS:
            for source in sources:
                if (settings.lake / room / source).is_dir():
                    shutil.copytree(settings.lake / room / source, scratch.lake / room / source, copy_function=os.link)
        yield scratch
