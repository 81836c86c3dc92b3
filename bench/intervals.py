"""How often the intervals of hidden numbers hold what is true of the rows without one: nights beside their truth.

    python -m bench.intervals --of HOME TRUTH [--of HOME TRUTH ...]

HOME has run one night of the city whose truth is in TRUTH (``gridfacts run``). Writes JSON: per home and kind the
groups, how many of their intervals hold the truth, the widths, and the misses.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import click

from transforms import account
from transforms.run import Run, Settings


def coverage(home: Path, truth: Path) -> dict[str, Any]:
    """One night: kind → groups, intervals whose truth is known, those that hold it, median width, misses."""
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(home)})
    night = max(path.name for path in (settings.lake / "night").iterdir())
    told: dict[str, Any] = {}
    for kind in account.evaluate(Run.of(night, settings=settings), truth).kinds:
        if kind.examined is None:
            continue
        shares = [
            (g, name, i) for g in kind.examined.groups for name, i in (("precision", g.precision), ("recall", g.recall))
        ]
        known = [(group, name, share) for group, name, share in shares if share.covers is not None]
        told[kind.kind] = {
            "groups": len(kind.examined.groups),
            "intervals": len(known),
            "hold": sum(bool(share.covers) for _, _, share in known),
            "median_width": round(statistics.median(share.high - share.low for _, _, share in known), 4)
            if known
            else None,
            "missed": [f"{name} {group.by} {group.name}" for group, name, share in known if not share.covers],
            "unexamined": kind.examined.unexamined,
            "all": {name: vars(share) for group, name, share in shares if group.by == "all"},
            "strangers": vars(kind.examined.strangers) if kind.examined.strangers else None,
        }
    return told


@click.command()
@click.option("--of", "nights", nargs=2, type=click.Path(path_type=Path, exists=True), multiple=True, required=True)
def main(nights: tuple[tuple[Path, Path], ...]) -> None:
    """Print the coverage of every night given as HOME TRUTH."""
    found = [{"home": home.name} | coverage(home, truth) for home, truth in nights]
    click.echo(json.dumps(found, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
