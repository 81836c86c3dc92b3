"""Land and check of every delivery of a city's nights, beside a bare pyarrow read of the same files in the same run.

    python -m bench.night_drops --drops DIR/drops --work DIR [--nights 2] [--unchanged]

DIR/drops holds a folder a night, as ``gridfacts demo city`` writes them. Every night goes through land and check as
``gridfacts run`` does it, Great Expectations included: several sources at a time, largest first, in a home made for it.
``--unchanged`` adds a night: the whole snapshots of the first once more, byte for byte, a day after the last (in the
work folder; DIR is only read). The floor
reads what pyarrow can (CSV, TSV, JSON lines, Parquet; other files are counted and not read) and drops it. Each is a
process of its own, watched from outside with all it starts: seconds of wall and of processor, MB at the peak of all
together, what they share once, looked at once a second. JSON on standard output.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.json as pj
import pyarrow.parquet as pq

from bench.night_scale import family, own
from transforms import contract as contracts
from transforms import keys
from transforms.commands.night import source_rooms
from transforms.run import Run, Settings

FLOOR, ROOMS = "floor", "rooms"


def floor(run: Run) -> dict[str, int]:
    """Read every file of the night that pyarrow reads bare: rows, files, and files left out."""
    told = {"rows": 0, "files": 0, "left_out": 0}
    known = contracts.load_all(run.settings.expectations)
    for path in sorted(path for path in run.drops.rglob("*") if path.is_file()):
        table = bare(path, known[path.parent.name].arrives)
        told["files" if table is not None else "left_out"] += 1
        told["rows"] += table.num_rows if table is not None else 0
    return told


def bare(path: Path, arrives: contracts.Arrival) -> pa.Table | None:
    """Read a file as pyarrow does and no more; None of one that it does not read."""
    """Read a file as pyarrow does and no more; None of one that it does not read."""
    if path.suffix == ".parquet":
        return pq.read_table(path)
    try:
        if arrives.format == "csv":
            columns = pv.ParseOptions(delimiter=arrives.delimiter, invalid_row_handler=lambda _row: "skip")
            return pv.read_csv(
                path, pv.ReadOptions(encoding=arrives.encoding or "utf-8", skip_rows=arrives.header_row - 1), columns
            )
        return pj.read_json(path) if arrives.format == "jsonl" else None
    except (pa.ArrowInvalid, UnicodeDecodeError):  # what only a forgiving reader takes
        return None


def rooms(run: Run) -> dict[str, int]:
    """Land and check, as a night does them: rows landed, accepted or not."""
    told = {"rows": 0, "quarantined": 0}
    for report in source_rooms(run, ("land", "check")):
        told["rows"] += report.counts.get("rows", 0) if report.room == "land" else 0
        told["quarantined"] += report.counts.get("quarantined", 0) if report.room == "check" else 0
    return told


def measure(step: str, night: str, drops: Path, home: Path) -> dict[str, Any]:
    """One step in a process of its own."""
    start = time.perf_counter()
    command = [sys.executable, "-m", "bench.night_drops", "--step", step, "--night", night, "--drops", str(drops)]
    environment = {**os.environ, "GRIDFACTS_HOME": str(home)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        found: dict[str, Any] = watched(child)
        said = (child.stdout.read() if child.stdout else "").strip().splitlines()
    if child.returncode:
        raise SystemExit(f"{step} of {night}: the step failed")
    found |= {"wall": time.perf_counter() - start, "load": os.getloadavg()[0]}
    return {key: round(value, 1) for key, value in found.items()} | json.loads(said[-1])


def watched(child: subprocess.Popen[str]) -> dict[str, float]:
    """Processor seconds of a process and all below it, each as last seen, and MB at their peak, until it ends."""
    spent: dict[int, float] = {}
    peak = 0.0
    while child.poll() is None:
        here = family(child.pid)
        spent |= {pid: max(spent.get(pid, 0.0), own(pid)[0]) for pid in here}
        peak = max(peak, sum(map(share, here)))
        time.sleep(1)
    return {"processor": sum(spent.values()), "megabytes": peak}


def share(pid: int) -> float:
    """MB of a process, of a page that several hold its share (Pss of proc(5)); zero if it ended."""
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in told.splitlines() if line.startswith("Pss:")), 0.0)


def again(drops: Path, first: str, last: str, work: Path) -> Path:
    """The snapshots of a night once more under the names of a day later; deltas stay away."""
    then = str(dt.date.fromisoformat(last) + dt.timedelta(days=1))
    there, known = work / then, contracts.load_all(Settings.from_environment().expectations)
    for path in (path for path in (drops / first).rglob("*") if path.is_file()):
        if known[path.parent.name].arrives.mode == "snapshot":
            (there / path.parent.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(
                path, there / path.parent.name / path.name.replace(first.replace("-", ""), then.replace("-", ""))
            )
    return there


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--drops", type=Path, required=True)
    options.add_argument("--work", type=Path, help="folder for the home, made anew")
    options.add_argument("--nights", type=int, default=1)
    options.add_argument("--unchanged", action="store_true")
    options.add_argument("--step", choices=(FLOOR, ROOMS))
    options.add_argument("--night")
    told = options.parse_args()
    if told.step:
        run = Run.of(told.night, drops=told.drops)
        print(json.dumps(floor(run) if told.step == FLOOR else rooms(run)))
        return
    if told.work is None:
        options.error("--work is needed")
    home = told.work / "home"
    shutil.rmtree(home, ignore_errors=True)  # what lies there from before would not be a first delivery's
    home.mkdir(parents=True)
    keys.create(home / "keys.yml")
    found, nights = [], sorted(path.name for path in told.drops.iterdir())[: told.nights]
    waiting = [told.drops / night for night in nights]
    if told.unchanged:
        waiting.append(again(told.drops, nights[0], nights[-1], told.work))
    for drops in waiting:
        size = sum(path.stat().st_size for path in drops.rglob("*") if path.is_file())
        steps = {step: measure(step, drops.name, drops, home) for step in (FLOOR, ROOMS)}
        found.append({"night": drops.name, "megabytes": round(size / 1e6), **steps})
    print(json.dumps({"cores": os.cpu_count(), "nights": found}, indent=1))


if __name__ == "__main__":
    main()
