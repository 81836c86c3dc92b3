"""What ``gridfacts model`` works on: scored kinds, the model in use, what nights trained, and who compares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from transforms import frozen, kinds, manifest, store
from transforms.errors import ConfigError, GridfactsError
from transforms.run import Run, Settings

if TYPE_CHECKING:
    from transforms.database import Databases
    from transforms.frozen import Kinds
    from transforms.kinds import Kind
    from transforms.shadow.compare import Exam, Rooms


def scored(settings: Settings) -> dict[str, Kind]:
    """The kinds that a model scores."""
    return {n: k for n, k in kinds.load_all(settings.expectations).items() if k.certainty == "scored"}


def nights(settings: Settings) -> list[str]:
    """The nights that are held, the newest first."""
    return sorted((path.name for path in (settings.lake / "night").glob("*") if path.is_dir()), reverse=True)


def stores_of(settings: Settings) -> Databases:
    """Both databases, their structure brought up to this code where there are any."""
    from transforms import database
    from transforms.publish.schema import ensure_schema

    stores = database.open_databases(settings)
    if database.exists(stores.control):
        ensure_schema(stores)
    return stores


def in_use(settings: Settings) -> Path:
    """The model file that the next night will use."""
    from transforms.link import scorer

    return scorer.in_use(settings.home)


def used_model(settings: Settings, stores: Databases) -> dict[str, Any]:
    """The model in use: version, content, and in words since when."""
    from transforms.shadow import versions

    version, content = frozen.read(in_use(settings))
    row = versions.in_use(settings, stores)
    if row:
        since = f"since {row['decided_at']}, promoted by {row['decided_by']}: {row['reason']}"
    else:
        since = "found in place: nobody promoted it" if frozen.path(settings.home).is_file() else "shipped"
    return {"version": version, "since": since, "content": content}


def content_of(settings: Settings, which: str, run: Run, names: tuple[str, ...]) -> tuple[str, Kinds]:
    """Version and kinds of what was asked for.

    Raises:
        GridfactsError: ``NOT_FOUND``: no such version, or the night has no shadow.
    """
    from transforms.shadow import versions

    if which == "shadow":
        return f"shadow of night {run.night}", chosen_of(settings, scored(settings), names, run.night)
    version, content = frozen.read(in_use(settings))
    if which in ("", version):
        return version, content
    for row in versions.promotions(stores_of(settings)):
        if row["version"] == which:
            return which, dict(json.loads(row["content"])["kinds"])
    raise GridfactsError("NOT_FOUND", f"no model of version {which} was ever promoted")


def chosen_of(settings: Settings, known: dict[str, Kind], names: tuple[str, ...], whence: Path | str) -> Kinds:
    """Scorers of the kinds that are asked for; without names of all that there are.

    Args:
        settings: of the deployment.
        known: the scored kinds.
        names: those that are asked for.
        whence: a model file, or the night whose shadows are meant.

    Raises:
        GridfactsError: ``NOT_TRAINED``: of a kind that is asked for there is none; or of no kind at all.
        ConfigError: such a kind is not scored, or a file is no model.
    """
    if unknown := sorted(set(names) - set(known)):
        raise ConfigError(f"no scored kind: {', '.join(unknown)}")
    given = frozen.read(whence)[1] if isinstance(whence, Path) else _of_night(Run.of(whence, settings=settings), known)
    for kind in (kind for kind in names or known if kind not in given):
        why = f"{kind}: {_why_not(settings, kind, whence)}"
        if names:
            raise GridfactsError("NOT_TRAINED", why)
        click.echo(why, err=True)
    found = {kind: given[kind] for kind in names or known if kind in given}
    if not found:
        raise GridfactsError("NOT_TRAINED", f"{whence}: there is no model of any scored kind")
    return found


def _of_night(run: Run, known: dict[str, Kind]) -> Kinds:
    """What a night trained."""
    paths = {kind: store.night_dir(run, "link", kind) / frozen.SHADOW for kind in known}
    return {kind: frozen.read(path)[1][kind] for kind, path in paths.items() if path.is_file()}


def _why_not(settings: Settings, kind: str, whence: Path | str) -> str:
    if isinstance(whence, Path):
        return f"{whence} does not know it"
    made = manifest.Manifest.read(store.night_dir(Run.of(whence, settings=settings), "link", kind))
    return f"no shadow of night {whence}: {made.facts.get('shadow') if made else 'it was not linked'}"


def rooms() -> Rooms:
    """What a comparison asks of rooms."""
    from transforms import link, resolve
    from transforms.account.changes import foretold
    from transforms.link.scorer import DEFAULT
    from transforms.shadow.compare import Rooms

    return Rooms(link.run, resolve.run, _examined, foretold, DEFAULT)


def _examined(run: Run, kind: str) -> Exam | None:
    from transforms.account.examined import examined
    from transforms.account.night import Night
    from transforms.shadow.compare import Exam

    found = examined(Night(run), kind)
    if found is None or not found.groups:
        return None
    shares = ((i.estimate, i.low, i.high) for i in (found.groups[0].precision, found.groups[0].recall))
    return Exam(*shares)
