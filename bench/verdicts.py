"""The verdict pass over a city's registers, beside a bare pyarrow read of the same files in the same run.

    python -m bench.verdicts --drops DIR/drops/NIGHT --work DIR [--source NAME ...] [--rows 600000]

The registers are landed first, in a home of the bench's own that later runs use again. Of each the first rows are held
in memory as land wrote them, in pieces as check reads them, and judged: by one process alone, and by as many as there
are cores at once, each with pieces of its own, as a night has several sources on the way. Only judging is on the clock
(every rule on every row, no reading, nothing written); a process judges one piece before, for what it does once. The
floor reads the whole file and drops it, with as many threads as there are cores. Seconds of wall and of processor,
rows in a second of each; ``differing``: of so many columns, how many have more distinct values than half the cells
that say something. JSON on standard output. Without ``--source``: every register with as many rows.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from bench.night_drops import bare
from expectations.purposes import Register
from expectations.rules import Rule, derive
from transforms import contract as contracts
from transforms import divisions, keys, kinds, land, store
from transforms.check import verdict
from transforms.contract import Contract
from transforms.run import Run

ROWS = 600_000
_SPAWN = multiprocessing.get_context("spawn")
_start: list[Barrier] = []  # of a worker: what all of them wait for


def rules_of(run: Run, contract: Contract) -> tuple[Rule, ...]:
    """What check holds a source's rows against."""
    expectations = run.settings.expectations
    denied, towns = Register.of(expectations, run.night).denied, divisions.towns(expectations)
    return derive(contract, kinds.load_all(expectations), run.night, denied, towns)


def landed(run: Run, source: str) -> Path:
    """The table that land wrote of a source's one file."""
    (batch,) = store.landed(run, source)
    return store.batch_dir(run.settings, "land", batch) / "rows.parquet"


def pieces(run: Run, source: str, rows: int) -> list[pa.Table]:
    """The first rows of what was landed of a source."""
    found: list[pa.Table] = []
    for piece in store.read_pieces(landed(run, source), store.PIECE):
        if sum(map(len, found)) >= rows:
            break
        found.append(piece)
    return found


def begin_with(others: Barrier) -> None:
    """In a worker: what it waits at until all are ready."""
    _start.append(others)


def judge(run: Run, source: str, rows: int, part: int, parts: int) -> tuple[int, float, float, float]:
    """Judge every piece whose turn it is: rows, when it began and ended (the machine's clock), processor seconds."""
    contract = contracts.load_all(run.settings.expectations)[source]
    rules, mine = rules_of(run, contract), pieces(run, source, rows)[part::parts]
    for piece in mine[:1]:
        verdict.judge(piece, rules, contract.arrives.null_marks)
    _start[0].wait()
    began, spent = time.perf_counter(), time.process_time()
    for piece in mine:
        verdict.judge(piece, rules, contract.arrives.null_marks)
    return sum(map(len, mine)), began, time.perf_counter(), time.process_time() - spent


def at_once(run: Run, source: str, rows: int, processes: int) -> dict[str, float]:
    """The pass by so many processes."""
    together = _SPAWN.Barrier(processes)
    with ProcessPoolExecutor(processes, _SPAWN, initializer=begin_with, initargs=(together,)) as pool:
        parts = [pool.submit(judge, run, source, rows, part, processes) for part in range(processes)]
        judged, began, ended, spent = zip(*(part.result() for part in parts), strict=True)
    return rates(sum(judged), max(ended) - min(began), sum(spent))


def floor(run: Run, contract: Contract) -> dict[str, float] | None:
    """The bare read of the register's file; None of a file that pyarrow does not read."""
    (path,) = (run.drops / contract.source).iterdir()
    wall, spent = time.perf_counter(), time.process_time()
    table = bare(path, contract.arrives)
    return table and rates(table.num_rows, time.perf_counter() - wall, time.process_time() - spent)


def rates(rows: int, wall: float, spent: float) -> dict[str, float]:
    """Seconds, and rows in a second."""
    told = {"wall": wall, "processor": spent}
    return {k: round(v, 2) for k, v in told.items()} | {f"rows/s {k}": round(rows / v) for k, v in told.items()}


def differing(found: Sequence[pa.Table], headings: Iterable[str]) -> int:
    """How many columns have a value of its own in most cells that say something."""
    columns = (pa.chunked_array([chunk for table in found for chunk in table[one].chunks]) for one in headings)
    said = (column.filter(pc.greater(pc.binary_length(column), 0)) for column in columns)
    return sum(2 * pc.count_distinct(column).as_py() > len(column) for column in said)


def measure(run: Run, source: str, rows: int) -> dict[str, Any]:
    """One register."""
    contract = contracts.load_all(run.settings.expectations)[source]
    found = pieces(run, source, rows)
    told = {
        "source": source, "rows": sum(map(len, found)), "rules": len(rules_of(run, contract)),
        "columns": len(contract.landed_headings), "differing": differing(found, contract.landed_headings),
    }  # fmt: skip
    del found
    cores = os.cpu_count() or 1
    passes = {f"{n} at once": at_once(run, source, rows, n) for n in sorted({1, cores})}
    return told | {"pyarrow, bare": floor(run, contract)} | passes


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--drops", type=Path, required=True)
    options.add_argument("--work", type=Path, required=True)
    options.add_argument("--source", nargs="*")
    options.add_argument("--rows", type=int, default=ROWS)
    told = options.parse_args()
    home = told.work / "home"
    os.environ["GRIDFACTS_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "keys.yml").exists():
        keys.create(home / "keys.yml")
    run = Run.of(told.drops.name, drops=told.drops)
    asked = told.source or sorted(path.name for path in run.drops.iterdir() if any(path.iterdir()))
    land.run(run, asked)
    sources = told.source or [source for source in asked if store.rows_of(landed(run, source)) >= told.rows]
    print(
        json.dumps({"cores": os.cpu_count(), "registers": [measure(run, one, told.rows) for one in sources]}, indent=1)
    )


if __name__ == "__main__":
    main()
