"""``gridfacts demo``: the sample city and its keys."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from transforms import keys
from transforms.commands.options import progress
from transforms.run import KEYS_YAML, Settings


@click.group()
def demo() -> None:
    """The sample city: synthetic, with its truth."""


@demo.command(name="keys")
def demo_keys() -> None:
    """Make demonstration keys in $GRIDFACTS_HOME/keys.yml. Production must not use them."""
    settings = Settings.from_environment()
    if settings.keys_yaml is not None:
        click.echo(f"keys are already in {KEYS_YAML}")
        return
    path = settings.key_file
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


@demo.command(name="release")
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--residents", default=1_300, show_default=True, help="About how many.")
@click.option("--nights", default=2, show_default=True)
@click.option("--seed", default=7, show_default=True)
def demo_release(out: Path, residents: int, nights: int, seed: int) -> None:
    """Write a small made-up release to develop against below OUT: database, exports, copies, dictionary, no secrets."""
    from transforms.reader import package, sample

    if out.exists():
        raise click.BadParameter(f"{out} is there already", param_hint="OUT")
    with tempfile.TemporaryDirectory(prefix="gridfacts-") as name:
        home, city = Path(name) / "home", Path(name) / "city"
        size = ("--residents", str(residents), "--nights", str(nights), "--seed", str(seed))
        _alone(home, "demo", "keys")
        _alone(home, "demo", "city", *size, "--out", str(city))
        for drops in sorted((city / "drops").iterdir()):
            _alone(home, "run", "--night", drops.name, "--drops", str(drops))
        settings = Settings.from_environment({"GRIDFACTS_HOME": str(home)})
        packages = package.load_all(settings.expectations)
        for file in sample.write(
            settings, packages, out.resolve(), "gridfacts demo", dt.datetime.now().astimezone().date()
        ):
            click.echo(file)


def _alone(home: Path, *words: str) -> None:
    """A command in a home of its own: no setting of this deployment reaches it, and it none of its databases."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GRIDFACTS_")}
    told = [sys.executable, "-c", "from transforms.cli import main; main()", *words]
    subprocess.run(told, check=True, env=plain | {"GRIDFACTS_HOME": str(home)})  # noqa: S603 - our own words
