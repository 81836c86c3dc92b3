"""``gridfacts demo``: the sample city and its keys."""

from __future__ import annotations

from pathlib import Path

import click

from transforms import keys
from transforms.commands.options import progress
from transforms.run import Settings


@click.group()
def demo() -> None:
    """The sample city: synthetic, with its truth."""


@demo.command(name="keys")
def demo_keys() -> None:
    """Make demonstration keys in $GRIDFACTS_HOME/keys.yml. Production must not use them."""
    settings = Settings.from_environment()
    path = settings.keys or settings.home / "keys.yml"
    if path.exists():
        click.echo(f"keys are already at {path}")
        return
    keys.create(path)
    click.secho(
        f"DEMONSTRATION KEYS written to {path}. PRODUCTION MUST NOT USE THEM: bring your own key file", fg="yellow"
    )


@demo.command(name="city")
@click.option("--city", default="yunfu", show_default=True, help="A city of demo/cities.")
@click.option("--residents", default=29_000, show_default=True, help="About how many; whole towns at true density.")
@click.option("--nights", default=2, show_default=True)
@click.option("--seed", default=7, show_default=True)
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
def demo_city(city: str, residents: int, nights: int, seed: int, out: Path) -> None:
    """Write a city that knows who is who: OUT/drops/<night>/<source>/... and OUT/truth/<kind>.parquet."""
    from demo.city import build

    found = build(city, residents, nights, seed, out, progress())
    wide = max(map(len, found.rows))
    click.echo("\n".join(f"{source:{wide}}  {rows:>10,} rows" for source, rows in found.rows.items()))
    click.echo("truth: " + ", ".join(f"{kind} {entities:,}" for kind, entities in found.entities.items()))
    total = f"{found.residents:,} residents, {sum(found.rows.values()):,} rows of {len(found.rows)} departments"
    click.echo(f"{total} in {len(found.nights)} night(s)")
    click.echo(f"next: gridfacts run --night {found.nights[0]} --drops {out / 'drops' / found.nights[0]}")
