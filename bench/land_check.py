"""Land and check of a large register beside bare reads of the same file by pyarrow and polars, in the same run.

    python -m bench.land_check [--rows 300000] [--standardise] [--out bench/land_check.json]

A made-up household register (14 columns, GB18030; three of them differ in nearly every row, every twentieth row has
something wrong) goes through the rooms as a night's first delivery: land, check (Great Expectations included), the
verdict pass alone, then the same night again, a night in which the same bytes come with another day and one in which
every hundredth row changed; with ``--standardise`` that room too. Each is a process of its own, watched from outside
with all it starts: seconds of wall and of processor (the imports, which every step pays, stand alone), MB at the peak
of all together and of the largest. The bare readers decode and split the file and do nothing else. Values are
synthetic, as in :mod:`bench.receipts_xlsx`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pyarrow.csv as pv

from bench.night_scale import family, own
from bench.receipts_xlsx import FILE, HEAD, NIGHT, SOURCE, line
from expectations.purposes import Register
from expectations.rules import derive
from transforms import check, divisions, keys, kinds, land, standardise, store
from transforms import contract as contracts
from transforms.check import verdict
from transforms.run import Run

LATER, THIRD = "2026-10-02", "2026-10-03"
POLARS, IMPORTS, CLEAN = "polars, bare", "imports alone", "standardise"
CITY_ROWS = 14_000_000  # what a whole city's night of snapshots has (design.md: Yunfu)


def drop(home: Path, night: str, rows: int, *, changed: int = 0) -> None:
    """Put the register of a night's day into its box; of ``changed`` rows one is another than before."""
    box = home / "boxes" / night / SOURCE
    box.mkdir(parents=True)
    with (box / FILE.replace("20261001", night.replace("-", ""))).open("w", encoding="gb18030", newline="") as file:
        file.write(f"{HEAD}\n")
        for number in range(rows):
            told = line(number)
            file.write((told.replace("正常", "注销", 1) if changed and number % changed == 0 else told) + "\n")


def at(home: Path, night: str) -> Run:
    """The night with its box."""
    return Run.of(night, drops=home / "boxes" / night)


def read_pyarrow(home: Path) -> None:
    """The bare floor."""
    (path,) = (home / "boxes" / NIGHT / SOURCE).iterdir()
    pv.read_csv(path, read_options=pv.ReadOptions(encoding="gb18030"))


def read_polars(home: Path) -> None:
    """Another, where it is installed: polars reads UTF-8 only, so the text is decoded first."""
    import polars as pl  # noqa: PLC0415 - it may be missing

    (path,) = (home / "boxes" / NIGHT / SOURCE).iterdir()
    pl.read_csv(path.read_bytes().decode("gb18030").encode(), infer_schema=False)


def verdicts(home: Path) -> None:
    """The verdict pass alone; its own processor seconds are printed, the reading of the landed table is not in them."""
    run = at(home, NIGHT)
    known = contracts.load_all(run.settings.expectations)[SOURCE]
    (batch,) = store.landed(run, SOURCE)
    expectations = run.settings.expectations
    denied, towns = Register.of(expectations, NIGHT).denied, divisions.towns(expectations)
    rules = derive(known, kinds.load_all(expectations), NIGHT, denied, towns)
    path, spent = store.batch_dir(run.settings, "land", batch) / "rows.parquet", 0.0
    for piece in store.read_pieces(path, store.PIECE):
        start = time.process_time()
        verdict.judge(piece, rules, known.arrives.null_marks)
        spent += time.process_time() - start
    print(json.dumps({"pass": spent}))


def void(_: object) -> None:
    """Nothing of it."""


def both(night: str) -> Callable[[Path], None]:
    """Land and check of a night."""

    def rooms(home: Path) -> None:
        land.run(at(home, night), [SOURCE])
        check.run(at(home, night), [SOURCE])

    return rooms


STEPS: dict[str, Callable[[Path], None]] = {
    IMPORTS: void,
    "pyarrow, bare": read_pyarrow,
    POLARS: read_polars,
    "land": lambda home: void(land.run(at(home, NIGHT), [SOURCE])),
    "check": lambda home: void(check.run(at(home, NIGHT), [SOURCE])),
    "verdicts alone": verdicts,
    "the same night again": both(NIGHT),
    "unchanged rows, a day later": both(LATER),
    "one row in a hundred changed": both(THIRD),
    f"{CLEAN}": lambda home: void(standardise.run(at(home, NIGHT), [SOURCE])),
    f"{CLEAN}, unchanged rows": lambda home: void(standardise.run(at(home, LATER), [SOURCE])),
    f"{CLEAN}, one row in a hundred changed": lambda home: void(standardise.run(at(home, THIRD), [SOURCE])),
}


def measure(name: str, home: Path) -> dict[str, float]:
    """Run a step in a process of its own."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench.land_check", "--step", name, "--home", str(home)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        found = watch(child)
        told = (child.stdout.read() if child.stdout else "").strip().splitlines()
    if child.returncode:
        raise SystemExit(f"{name}: the step failed")
    found["wall"] = time.perf_counter() - start
    if told and told[-1].startswith("{"):
        found |= json.loads(told[-1])
    return {key: round(value, 2) for key, value in found.items()}


def watch(child: subprocess.Popen[str]) -> dict[str, float]:
    """Processor seconds of a process and all below it, MB of all together and of the largest, until it ends.

    A parser of land is nobody's to wait for, so what it took is only seen while it runs.
    """
    spent: dict[int, float] = {}
    together = largest = 0.0
    while child.poll() is None:
        sizes = []
        for pid in family(child.pid):
            seconds, size = own(pid)
            spent[pid] = max(spent.get(pid, 0.0), seconds)
            sizes.append(size)
        together, largest = max(together, sum(sizes)), max(largest, *sizes, 0.0)
        time.sleep(0.05)
    return {"processor": sum(spent.values()), "megabytes": together, "largest": largest}


def main() -> None:
    """Measure and write JSON."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, default=300_000)
    options.add_argument("--out", type=Path, default=None)
    options.add_argument("--standardise", action="store_true")
    options.add_argument("--step", choices=STEPS)
    options.add_argument("--home", type=Path)
    told = options.parse_args()
    home = told.home or Path(tempfile.mkdtemp(prefix="land-check-"))
    os.environ["GRIDFACTS_HOME"] = str(home)
    if told.step:
        STEPS[told.step](home)
        return
    try:
        keys.create(home / "keys.yml")
        for night, changed in ((NIGHT, 0), (LATER, 0), (THIRD, 100)):
            drop(home, night, told.rows, changed=changed)
        size = sum(path.stat().st_size for path in (home / "boxes" / NIGHT / SOURCE).iterdir())
        names = [name for name in STEPS if told.standardise or not name.startswith(CLEAN)]
        steps = {name: measure(name, home) for name in names if name != POLARS or find_spec("polars")}
    finally:
        shutil.rmtree(home)
    both_rooms = sum(steps[room]["processor"] - steps[IMPORTS]["processor"] for room in ("land", "check"))
    night = both_rooms * CITY_ROWS / told.rows  # too much: Great Expectations looks at 200 000 rows of a source at most
    found = {
        "rows": told.rows, "polars": bool(find_spec("polars")), "megabytes": round(size / 1e6, 1),
        "cores": os.cpu_count(), "steps": steps,
        "city_night_extrapolated": {"rows": CITY_ROWS, "processor_seconds": round(night)},
    }  # fmt: skip
    text = json.dumps(found, ensure_ascii=False, indent=1)
    if told.out:
        told.out.write_text(text + "\n", "utf-8")
    print(text)


if __name__ == "__main__":
    main()
