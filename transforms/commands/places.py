"""Questions about places: where is this address or point, and is the cut of the grids sound?"""

from __future__ import annotations

import csv
import dataclasses
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from transforms.commands.options import json_option, located_night_option, located_run, reader_options, show
from transforms.errors import ConfigError
from transforms.run import Run

if TYPE_CHECKING:
    from transforms.locate import Lookup, Place

_FILE = "CSV (UTF-8) with a column `address`, or `lon` and `lat`: one line of answer per line, on stdout."
_OUT = (
    "address_id", "address", "level", "match_class", "beside", "score", "gap",
    "building_id", "metres", "method", "reason",
)  # fmt: skip


_BATCH = 10_000  # lines of a file answered at a time


def find_addresses(run: Run, texts: Sequence[str], lookup: Lookup | None = None) -> list[Place]:
    """Places of address texts, as ``gridfacts locate`` finds them; equal texts are read once.

    Args:
        run: a night whose stage place is located.
        texts: addresses as people write them.
        lookup: of that night, for those who ask several times.

    Raises:
        StaleInputError: the night's places are missing or stale.
    """
    import pandas as pd

    from transforms import locate, standardise, values

    column = pd.Series(list(texts), dtype=object)
    distinct, codes = values.per_distinct(values.clean_text(column))
    parsed = standardise.read_addresses(run, distinct).assign(text=distinct.where(distinct.ne(""), None))
    found = (lookup or locate.Lookup(run)).addresses(parsed)
    return [found[code] for code in codes]


def find_points(run: Run, points: Iterable[tuple[float, float]], lookup: Lookup | None = None) -> list[Place]:
    """Places of (longitude, latitude) points in degrees CGCS2000.

    Raises:
        StaleInputError: the night's places are missing or stale.
    """
    import pandas as pd

    from transforms import locate

    table = pd.DataFrame(list(points), columns=["lon", "lat"], dtype=float)
    return (lookup or locate.Lookup(run)).points(table["lon"], table["lat"])


@click.command()
@click.argument("what", nargs=-1)
@click.option("--file", "batch", type=click.Path(path_type=Path, exists=True, dir_okay=False), help=_FILE)
@located_night_option
@reader_options
@json_option
def locate(
    what: tuple[str, ...], batch: Path | None, night: str | None, who: str, purpose: str, *, as_json: bool
) -> None:
    """Find WHAT: an "ADDRESS", or LON LAT in degrees CGCS2000 (a negative number after --)."""
    if bool(what) == bool(batch):
        raise click.UsageError("give an address, a longitude and a latitude, or --file")
    from transforms.reader import audit

    run = located_run(night)

    def looked(rows: int, subject: str | None) -> None:
        audit.record_read(
            run.settings, who=who, action="lookup", kind="place", purpose=purpose, rows=rows, subject=subject
        )

    if batch:
        _answer(run, batch, looked)
        return
    point = _point(what)
    place = find_points(run, [point])[0] if point else find_addresses(run, [" ".join(what)])[0]
    looked(1, " ".join(what))
    show(dataclasses.asdict(place), _told(place), as_json=as_json)


def _point(what: tuple[str, ...]) -> tuple[float, float] | None:
    if len(what) != 2:
        return None
    try:
        return float(what[0]), float(what[1])
    except ValueError:
        return None


def _told(place: Place) -> str:
    lines = [f"{name}: {value}" for name in _OUT if (value := getattr(place, name)) is not None]
    lines += [f"grid: {level} {code}" for level, code in place.grids]
    return "\n".join([*lines, *(f"also: {text} ({score})" for text, score in place.runners_up)])


def _answer(run: Run, batch: Path, looked: Callable[[int, str | None], None]) -> None:
    """One line per line of the file, in its order, without repeating what was asked; how far it is, on stderr."""
    from transforms import locate

    with batch.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = reader.fieldnames or [], list(reader)
    if "address" not in names and not {"lon", "lat"} <= set(names):
        raise ConfigError(f"{batch}: neither a column `address` nor `lon` and `lat`")
    lookup = locate.Lookup(run)
    looked(len(rows), None)  # before anything is told
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["line", *_OUT, "grid", "runner_up"])
    unplaced: Counter[str] = Counter()
    for begin in range(0, len(rows), _BATCH):
        asked = rows[begin : begin + _BATCH]
        if "address" in names:
            places = find_addresses(run, [row["address"] or "" for row in asked], lookup)
        else:
            places = find_points(run, [(_number(row["lon"]), _number(row["lat"])) for row in asked], lookup)
        for line, place in enumerate(places, start=begin + 2):
            finest = place.grids[0][1] if place.grids else ""
            runner = place.runners_up[0][0] if place.runners_up else ""
            writer.writerow([line, *(getattr(place, name) for name in _OUT), finest, runner])
        unplaced.update(place.reason for place in places if place.reason)
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(unplaced.items())) or "all of them placed"
        click.echo(f"{begin + len(asked)} of {len(rows)} lines: {told}", err=True)


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return float("nan")


@click.group()
def grid() -> None:
    """The cut of the grids."""


@grid.command()
@located_night_option
@click.option("--picture", type=click.Path(path_type=Path, dir_okay=False), help="Write the cut and its faults as SVG.")
@json_option
def report(night: str | None, picture: Path | None, *, as_json: bool) -> None:
    """Check the topology of a night's cut: overlaps, gaps, containment, codes, households per grid."""
    from transforms import locate

    run = located_run(night)
    found, drawn = locate.grid_report(run, _households(run))
    if picture:
        picture.write_text(drawn, "utf-8")
    told: dict[str, Any] = dataclasses.asdict(found)
    told["findings"] = [{k: v for k, v in finding.items() if k != "shape"} for finding in told["findings"]]
    show(told, locate.render_grid_report(found), as_json=as_json)


@grid.command()
@located_night_option
@click.option("--scheme", default="typed", show_default=True, help="typed or serial (transforms/locate/coding.py).")
@json_option
def codes(night: str | None, scheme: str, *, as_json: bool) -> None:
    """Number the grids of a night's cut by a scheme, beside the codes they bear; nothing is changed."""
    from transforms import locate

    found = locate.grid_codes(located_run(night), scheme)
    same = sum(row["code"] == row["proposed"] for row in found)
    lines = [f"{row['code']}  {row['proposed'] or '-'}" for row in found if row["code"] != row["proposed"]]
    show(found, "\n".join([f"{same} of {len(found)} grids bear the code of the scheme", *lines]), as_json=as_json)


@grid.command()
@located_night_option
@json_option
def points(night: str | None, *, as_json: bool) -> None:
    """Show how each source's points voted on its coordinate system, and which kinds of points look wrong."""
    from transforms import store

    run = located_run(night)
    folder = store.night_dir(run, "locate", "place")
    votes = store.read_table(folder / "vote.parquet").to_pylist()
    wrong = store.read_table(folder / "points.parquet", ["source", "kind", "fault"]).to_pandas()
    for row in votes:
        mine = wrong[wrong["source"].eq(row["source"]) & wrong["kind"].eq(row["kind"])]
        row["faults"] = {str(fault): int(count) for fault, count in mine["fault"].value_counts().sort_index().items()}
    lines = [" ".join(f"{k}={v}" for k, v in row.items() if v is not None) for row in votes]
    show(votes, "\n".join(lines) or "no source sends points", as_json=as_json)


@grid.command()
@located_night_option
@json_option
def crosswalk(night: str | None, *, as_json: bool) -> None:
    """Show what became of the departments' old business grids: whole, split, or unmatched, and which."""
    from transforms import manifest, store

    run = located_run(night)
    folder = store.night_dir(run, "account", "release")
    manifest.require(run.settings.lake, folder, "account")
    codes = store.read_table(folder / "old_grid.parquet").to_pylist()
    show(codes, "\n".join(_crossed(codes)) or "no source names an old grid", as_json=as_json)


def _crossed(codes: Sequence[dict[str, Any]]) -> Iterable[str]:
    """Per source how many old grids are whole, split and unmatched, and the codes of the latter two."""
    for source in sorted({row["source"] for row in codes}):
        of_state = {
            state: [row["old_code"] for row in codes if (row["source"], row["state"]) == (source, state)]
            for state in ("whole", "split", "unmatched")
        }
        yield f"{source}: " + ", ".join(f"{len(found)} {state}" for state, found in of_state.items())
        for state in ("split", "unmatched"):
            yield from (f"  {state} {code}" for code in of_state[state])


def _households(run: Run) -> Any:  # noqa: ANN401 (pandas is imported when it is needed)
    """Grid id → households standing in it or below it, once the night is closed."""
    from transforms import store

    path = store.night_dir(run, "account", "release") / "fact_grid.parquet"
    if not path.is_file():
        return None
    placed = store.read_table(path, ["what", "grid_id"]).to_pandas()
    return placed[placed["what"].eq("household") & placed["grid_id"].notna()].groupby("grid_id").size()
