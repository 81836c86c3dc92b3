"""``gridfacts model``: the model in use, the shadows that nights trained, and a named person's word between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from transforms import frozen
from transforms.commands.model_words import caps, facts, promotion, trained, weights
from transforms.commands.options import (
    by_option,
    json_option,
    past_night_option,
    progress,
    reader_options,
    reason_option,
    show,
)
from transforms.commands.shadows import chosen_of, content_of, in_use, nights, rooms, scored, stores_of, used_model
from transforms.errors import GridfactsError
from transforms.run import Run, Settings

if TYPE_CHECKING:
    from transforms.database import Databases

_KINDS = click.option("--kind", "names", multiple=True, help="Only this kind; may be said again.")
_MODEL = click.option("--model", "file", type=click.Path(path_type=Path, exists=True, dir_okay=False),
                      help="A model file instead of a night's shadow.")  # fmt: skip


@click.group(name="model")
def model_group() -> None:
    """What scores pairs: the frozen model in use, what nights trained beside it, and who promoted what."""


@model_group.command(name="list")
@json_option
def list_models(*, as_json: bool) -> None:
    """List the model in use, the promotions below and before it, and the shadows of the nights that are held."""
    from transforms.shadow import versions

    settings = Settings.from_environment()
    stores = stores_of(settings)
    used = used_model(settings, stores)
    rows = [{k: v for k, v in row.items() if k != "content"} for row in versions.promotions(stores)]
    shadows = [one for night in nights(settings) for one in trained(Run.of(night), scored(settings))]
    lines = [f"in use  {used['version']}  {used['since']}"]
    lines += [f"  {kind}: {facts(content)}" for kind, content in used.pop("content").items()]
    lines += [promotion(row) for row in reversed(rows)]
    lines += [f"{one['state']}  {one['night']}  {one['kind']}  {one['told']}" for one in shadows]
    show({"in_use": used, "promotions": rows, "shadows": shadows}, "\n".join(lines), as_json=as_json)


@model_group.command(name="show")
@click.argument("which", default="")
@_KINDS
@past_night_option
@json_option
def show_model(which: str, names: tuple[str, ...], night: str, *, as_json: bool) -> None:
    """Show WHICH: a version that was promoted, `shadow` of a night, or without a word the model in use."""
    settings = Settings.from_environment()
    version, content = content_of(settings, which, Run.of(night), names)
    found = {kind: one for kind, one in content.items() if kind in (names or content)}
    lines = [f"model {version}"]
    for kind, one in found.items():
        lines += [f"{kind}: {facts(one)}", f"  intercept {one['intercept']:+.2f} (logits)"]
        lines += [f"  {how} {caps(one, how)}" for how in ("cap", "crowd", "partners") if how in one]
        lines += weights(one)
    show({"version": version, "kinds": found}, "\n".join(lines), as_json=as_json)


@model_group.command()
@past_night_option
@_KINDS
@_MODEL
@reader_options
@json_option
def compare(night: str, names: tuple[str, ...], file: Path | None, who: str, purpose: str, *, as_json: bool) -> None:
    """Tell what the published night would be with its shadow: linked and resolved once more, in a scratch folder."""
    from transforms.reader import audit
    from transforms.shadow import told
    from transforms.shadow.compare import compare as compared

    this = Run.of(night, say=progress())
    known, found = scored(this.settings), []
    for kind, content in chosen_of(this.settings, known, names, file or night).items():
        one = compared(this, known[kind], content, rooms())
        subject = {"who": who, "purpose": purpose, "kind": kind, "subject": one.digest}
        audit.record_read(this.settings, action="explain", rows=len(one.joins) + len(one.parts), **subject)
        told.write_down(this, one)
        found.append(one)
    show(found, "\n".join(line for one in found for line in told.lines(one)), as_json=as_json)


@model_group.command()
@click.option("--night", help="The night whose shadow it is, YYYY-MM-DD.")
@_KINDS
@_MODEL
@by_option
@reason_option("The reason, in a sentence without values.")
@click.option("--unseen", is_flag=True, help="Though nobody compared it with the model in use.")
@click.option("--unannounced", is_flag=True, help="Though no release has told that another model comes.")
@click.option("--dry-run", is_flag=True, help="Only say whether it may be, and what its version would be.")
def promote(
    night: str | None, names: tuple[str, ...], file: Path | None, by: str, reason: str,
    *, unseen: bool, unannounced: bool, dry_run: bool,
) -> None:  # fmt: skip
    """Put the shadow of a night, or the kinds of a model file, in use; the next run of a night links with it."""
    from transforms.link.room import fitting
    from transforms.link.scorer import DEFAULT
    from transforms.shadow import versions

    if (night is None) == (file is None):
        raise click.UsageError("say one of --night and --model")
    settings = Settings.from_environment()
    stores, known = stores_of(settings), scored(settings)
    chosen = chosen_of(settings, known, names, file or str(night))
    for kind, content in chosen.items():
        fitting(known[kind], content)
        if not unseen:
            _require_seen(settings, kind, content)
    if not unannounced:
        _require_announced(stores)
    if dry_run:
        version = frozen.version_of(frozen.read(in_use(settings))[1] | chosen)
        click.echo(f"it would be model {version}: {', '.join(chosen)} ")
        return
    row = versions.promote(settings, stores, DEFAULT, chosen, night, by, reason)
    back = "gridfacts model retire takes it back"
    click.echo(f"model {row['version']} is in use: {row['kinds']}; it binds from the next run on ({back})")


@model_group.command()
@by_option
@reason_option("The reason, in a sentence without values.")
def retire(by: str, reason: str) -> None:
    """Go back to the model before the one in use; the next run of a night links with that."""
    from transforms.shadow import versions

    settings = Settings.from_environment()
    gone, now = versions.retire(settings, stores_of(settings), by, reason)
    told = f"model {now['version']}" if now else "the shipped model"
    click.echo(f"model {gone['version']} is retired; {told} is in use from the next run on")


def _require_seen(settings: Settings, kind: str, content: dict[str, Any]) -> None:
    from transforms.shadow import told

    used = frozen.read(in_use(settings))[0]
    if told.seen(settings, kind, frozen.digest(content), used) is None:
        remedy = "gridfacts model compare, or --unseen"
        raise GridfactsError("UNSEEN", f"{kind}: nobody has compared this shadow with model {used}; remedy: {remedy}")


def _require_announced(stores: Databases) -> None:
    """A release has told that another model comes, since the last promotion; before the first nobody listens."""
    from transforms import database, decisions, notices
    from transforms.shadow import versions

    if not database.current_release(stores):
        return
    words = [row[when] for row in versions.promotions(stores) for when in ("decided_at", "retired_at") if row[when]]
    told = {one.number for one in notices.published(stores) if one.what == "model"}
    made = [row for row in decisions.decisions(stores, "notice") if row["notice_id"] in told]
    if not any(row["decided_at"] >= max(words, default="") for row in made):
        remedy = "gridfacts feed notice model --on DAY, then a night; or --unannounced"
        raise GridfactsError("UNANNOUNCED", f"no release has told that another model comes; remedy: {remedy}")
