"""The place part of a whole night at a city's size: every stage of room locate in a process of its own, one by one.

The night is one that ran (``--home``), so many times over (``--times``): each copy stands on roads, estates and groups
of other names, its records lie between those of the others, and its grids are the same. So a city of 100 000 becomes
one of 2.9 million with as many nodes, texts and records, but no more villages, and its buildings are neighbours.

    python -m bench.places_night --home HOME --night 2026-10-01 --times 29 --work FOLDER > night.json
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import kinds, locate, manifest, store
from transforms.locate.texts import SAID
from transforms.run import Run, Settings

TARGETS = {"minutes": 3, "gib": 8}
PLACES = ("address", "building", "house", "grid")
_SLICE = 20_000  # rows taken so many times at once
_NAMED = ("road", "estate", "group")
_APART = 1e-7  # of a degree, a centimetre: other buildings, in the same grid
_IDS = ("record_id", "entity_id", "code", "building_code")


def multiplied(table: pa.Table, times: int) -> pa.Table:
    """The rows so many times over, the copies of a row one behind the other."""
    copies = pa.concat_tables([_copy(table, number) for number in range(times)])
    order = np.arange(times * len(table)).reshape(times, len(table)).T.ravel()
    return copies.take(pa.array(order))


def _copy(table: pa.Table, number: int) -> pa.Table:
    for at, name in enumerate(table.column_names):
        column = table.column(at)
        if name in _IDS:
            column = pc.binary_join_element_wise(column, f"{number:02d}", "")
        elif name.endswith("path") or name == "full_text":
            for level in _NAMED:
                column = pc.replace_substring(column, f"|{level}:", f"|{level}:{number}新")
        elif name.endswith(tuple(f"_{level}" for level in _NAMED)):
            column = pc.binary_join_element_wise(f"{number}新", column, "")
        elif name in ("lon", "lat"):
            column = pc.round(pc.add(column, number * _APART), 7)
        table = table.set_column(at, name, column)
    return table


def _slices(path: Path, columns: list[str], times: int) -> Iterator[pa.Table]:
    for piece in store.read_pieces(path, _SLICE, columns):
        yield multiplied(piece, times) if times > 1 else piece


def make(home: Path, night: str, times: int, work: Path) -> None:
    """Write what room locate reads, so many times over."""
    old, new = (Run.of(night, settings=settings(at)) for at in (home, work))
    live = store.night_dir(old, "account", "live")
    with store.output(store.night_dir(new, "account", "live")) as fresh:
        for path in sorted(live.glob("*.parquet")):
            again = 1 if path.stem == "grid" else times
            store.write_pieces(fresh / path.name, _slices(path, _columns(path, old), again))
        manifest.write(fresh, "account", {})
    for kind in PLACES:
        path = store.night_dir(old, "resolve", kind) / "cluster.parquet"
        with store.output(store.night_dir(new, "resolve", kind)) as fresh:
            again = 1 if kind == "grid" else times
            store.write_pieces(fresh / path.name, _slices(path, ["record_id", "entity_id"], again))
            manifest.write(fresh, "resolve", {})


def _columns(path: Path, run: Run) -> list[str]:
    """What room locate may read of a kind; the other columns of persons are wide and not its business."""
    names = pq.read_schema(path).names
    if path.stem in PLACES:
        return names
    kind = kinds.load_all(run.settings.expectations)[path.stem]
    points = [*kind.typed("lon"), *kind.typed("lat")]
    said = ["", *(f"_{name}" for name in SAID), *(["_path"] if points else [])]
    wanted = {f"{prop}{name}" for prop in kind.typed("address") for name in said}
    wanted |= {"record_id", "source", *points, *(f"raw_{name}" for name in points)}
    return [name for name in names if name in wanted]


def settings(home: Path) -> Settings:
    """Of a home."""
    os.environ["GRIDFACTS_HOME"] = str(home)
    return Settings.from_environment()


def stage(work: Path, night: str, name: str) -> dict[str, float]:
    """One stage in a process of its own: seconds and peak."""
    start = time.perf_counter()
    words = ["--home", str(work), "--night", night, "--stage", name]
    done = subprocess.run([sys.executable, "-m", "bench.places_night", *words], stdout=subprocess.PIPE, check=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told | {"wall_seconds": round(time.perf_counter() - start, 1)}


def main() -> None:
    """Print seconds and peak memory per stage as JSON."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--home", type=Path, required=True)
    asked.add_argument("--night", required=True)
    asked.add_argument("--times", type=int, default=3)
    asked.add_argument("--work", type=Path, help="an empty folder, or one of before")
    asked.add_argument("--only-make", action="store_true", help="make the folder and stop")
    asked.add_argument("--stage", choices=kinds.STAGES, help="this stage of the home alone")
    wanted = asked.parse_args()
    if wanted.stage:
        locate.run(Run.of(wanted.night, settings=settings(wanted.home)), wanted.stage)
        used = resource.getrusage(resource.RUSAGE_SELF)
        print(json.dumps({"cpu_seconds": round(used.ru_utime + used.ru_stime, 1), "peak_mib": used.ru_maxrss // 1024}))
        return
    if not (wanted.work / "lake").exists():
        make(wanted.home, wanted.night, wanted.times, wanted.work)
    if wanted.only_make:
        return
    run = Run.of(wanted.night, settings=settings(wanted.work))
    live = store.night_dir(run, "account", "live").glob("*.parquet")
    rows = {path.stem: pq.read_metadata(path).num_rows for path in sorted(live)}
    stages = {name: stage(wanted.work, wanted.night, name) for name in kinds.STAGES}
    library = (
        store.night_dir(Run.of(wanted.night, settings=settings(wanted.work)), "locate", "place") / "library.parquet"
    )
    every = {name: round(sum(told[name] for told in stages.values()), 1) for name in ("cpu_seconds", "wall_seconds")}
    figures = {
        "times": wanted.times, "rows": rows, "library_nodes": pq.read_metadata(library).num_rows, "stages": stages,
        "all": every | {"peak_mib": max(told["peak_mib"] for told in stages.values())}, "targets": TARGETS,
    }  # fmt: skip
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
