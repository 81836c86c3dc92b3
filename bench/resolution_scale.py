"""Speed and memory of person resolution (link + resolve + merge) beside the floor, in one run.

``python -m bench.resolution_scale --residents 30000 100000 300000 --work DIR`` generates each sample city, brings its
persons to the door of link, then times the three rooms, and on the same standardised rows the floor: DuckDB groups
the rows by document token and writes a label each. Splink is timed on the same rows where it is installed (it is not
in requirements.txt), else said to be skipped. Every measurement is a process of its own (wall and CPU seconds once
its libraries are loaded, peak resident MB). JSON on standard output; ``exponent`` is the slope of log CPU seconds over
log rows.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import math
import multiprocessing
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from transforms import contract, keys, kinds, store
from transforms.run import Run, Settings

NIGHT = "2026-10-01"
ROOMS = ("link", "resolve", "merge")
SPLINK = ("splink", "splink.backends.duckdb", "splink.internals.settings_creator", "splink.comparison_library")
_KILOBYTE = 1024


def measured(function: Callable[..., Any], *arguments: object, needs: tuple[str, ...] = ()) -> dict[str, Any]:
    """Call in a fresh process; what it returned, and what it took once the modules it needs were loaded."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_timed, (function, arguments, needs))


def _timed(function: Callable[..., Any], arguments: tuple[object, ...], needs: tuple[str, ...]) -> dict[str, Any]:
    for name in needs:
        importlib.import_module(name)
    wall, cpu = time.perf_counter(), time.process_time()
    told = function(*arguments)
    found: dict[str, Any] = {
        "wall_s": round(time.perf_counter() - wall, 2), "cpu_s": round(time.process_time() - cpu, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // _KILOBYTE,
    }  # fmt: skip
    return found | ({"told": told} if told is not None else {})


def night_of(home: Path, drops: Path) -> Run:
    """The night that is measured."""
    settings = Settings.from_environment({**os.environ, "GRIDFACTS_HOME": str(home)})
    return Run.of(NIGHT, settings=settings, drops=drops)


def prepare(run: Run) -> None:
    """Everything up to the door of link of stage person; what is there already is reused."""
    if not (run.settings.home / "keys.yml").is_file():
        keys.create(run.settings.home / "keys.yml")
    sources = list(contract.load_all(run.settings.expectations))
    for name in ("land", "check", "standardise"):
        importlib.import_module(f"transforms.{name}").run(run, sources)
    importlib.import_module("transforms.account").apply(run)
    for stage in kinds.STAGES[: kinds.STAGES.index("person")]:
        for name in kinds.rooms_of(stage):
            importlib.import_module(f"transforms.{name}").run(run, stage)
    importlib.import_module("transforms.locate").run(run, "person")


def room(run: Run, name: str) -> None:
    """One room of stage person, made anew."""
    shutil.rmtree(store.night_dir(run, name, "person"), ignore_errors=True)
    importlib.import_module(f"transforms.{name}").run(run, "person")


def live_rows(run: Run) -> Path:
    """The standardised rows that are linked."""
    return store.night_dir(run, "account", "live") / "person.parquet"


def floor(run: Run) -> int:
    """Group by number, write a label for each row: what no resolution can do without."""
    out = run.settings.home / "floor.parquet"
    connection = duckdb.connect(config={"threads": run.settings.threads, "memory_limit": run.settings.memory})
    connection.execute("SET enable_progress_bar=false").fetchall()
    connection.execute(
        f"""COPY (SELECT record_id, COALESCE(MIN(record_id) OVER (PARTITION BY document_token), record_id) AS label
        FROM read_parquet('{live_rows(run)}') WHERE document_token IS NOT NULL
        UNION ALL SELECT record_id, record_id FROM read_parquet('{live_rows(run)}') WHERE document_token IS NULL)
        TO '{out}' (FORMAT parquet)"""  # noqa: S608 (both paths are ours)
    ).fetchall()
    return int(pq.read_metadata(out).num_rows)


def splink(run: Run) -> int:
    """Splink 5 on the same rows, as its own documentation does it: the number of clusters.

    Names, birth dates, tokens of number and phone; term frequencies on names; EM on two blocks; clusters at 0.95.
    """
    api = importlib.import_module("splink.backends.duckdb")
    settings = importlib.import_module("splink.internals.settings_creator")
    library, blocks = importlib.import_module("splink.comparison_library"), importlib.import_module("splink").block_on
    connection = duckdb.connect(config={"threads": run.settings.threads})
    rows = connection.sql(
        f"""SELECT record_id AS unique_id, name_key, name_pinyin, CAST(birth_date AS VARCHAR) AS birth, sex,
        document_token, phone_tokens[1] AS phone FROM read_parquet('{live_rows(run)}')"""  # noqa: S608
    ).to_arrow_table()
    rules = [blocks("document_token"), blocks("name_pinyin", "birth"), blocks("phone"), blocks("name_key", "sex")]
    declared = settings.SettingsCreator(
        link_type="dedupe_only",
        comparisons=[
            library.NameComparison("name_pinyin"),
            library.ExactMatch("name_key").configure(term_frequency_adjustments=True),
            library.DateOfBirthComparison("birth", input_is_string=True),
            *(library.ExactMatch(c) for c in ("sex", "document_token", "phone")),
        ],
        blocking_rules_to_generate_predictions=rules,
    )
    database = api.DuckDBAPI(connection)
    frame = database.register(rows, dataset_display_name="person")
    linker = importlib.import_module("splink").Linker(frame, declared)
    linker.training.estimate_probability_two_random_records_match([blocks("document_token")], recall=0.8)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for rule in (blocks("document_token"), blocks("name_pinyin", "birth")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.95)
    return int(found.as_duckdbpyrelation().aggregate("count(DISTINCT cluster_id)").fetchall()[0][0])


def city(residents: int, work: Path, nights: int = 1) -> Path:
    """The sample city's folder, generated once."""
    folder = work / (f"city{residents}" if nights == 1 else f"city{residents}x{nights}")
    if not (folder / "truth").is_dir():
        size = ["--residents", str(residents), "--nights", str(nights)]
        command = [sys.executable, "-m", "demo", *size, "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder


def measure(residents: int, work: Path) -> dict[str, Any]:
    """All measurements of one size."""
    run = night_of(work / f"home{residents}", city(residents, work) / "drops" / NIGHT)
    measured(prepare, run)
    rooms = {name: measured(room, run, name, needs=(f"transforms.{name}",)) for name in ROOMS}
    total = {key: round(sum(r[key] for r in rooms.values()), 2) for key in ("wall_s", "cpu_s")}
    bottom = measured(floor, run)
    there = importlib.util.find_spec("splink")
    peer = measured(splink, run, needs=SPLINK) if there else "skipped: splink is not installed"
    return {
        "residents": residents, "rows": pq.read_metadata(live_rows(run)).num_rows, **rooms,
        "total": {**total, "peak_mb": max(r["peak_mb"] for r in rooms.values())}, "floor": bottom,
        "times_the_floor": round(total["wall_s"] / max(bottom["wall_s"], 0.01), 1), "splink": peer,
    }  # fmt: skip


def slope(points: list[tuple[float, float]]) -> float | None:
    """Least-squares slope of log cost over log rows; None for a single size or a cost of nothing."""
    if len(points) < 2 or min(cost for _, cost in points) <= 0:
        return None
    logs = [(math.log(rows), math.log(cost)) for rows, cost in points]
    mean_x, mean_y = (sum(p[i] for p in logs) / len(logs) for i in (0, 1))
    return round(sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs), 3)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, nargs="+", default=[30_000])
    parser.add_argument("--work", type=Path, required=True, help="folder for cities and homes; may be used again")
    options = parser.parse_args()
    sizes = [measure(residents, options.work.resolve()) for residents in sorted(options.residents)]
    exponent = slope([(size["rows"], size["total"]["cpu_s"]) for size in sizes])
    print(json.dumps({"night": NIGHT, "sizes": sizes, "exponent": exponent}, indent=1))


if __name__ == "__main__":
    main()
