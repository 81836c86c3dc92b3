"""How fast the sample city is written and how much memory that takes, beside the floor. Prints JSON.

    python bench/demo_speed.py --residents 290000 --processes 2 [--out result.json]

The city is written by `python -m demo` in a process of its own (one night), its whole tree watched: memory is the sum
of the proportional set sizes, so pages that forked processes share count once. The floor is what no generator can
beat: the very same rows, made beforehand, written bare by pyarrow's CSV writer. On a busy machine compare CPU
seconds; `rows_per_second_of_cores` is what the CPU time would give on that many idle cores.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from demo.city import build_world
from demo.deliveries import of_night
from demo.world import state_of

ROOT = Path(__file__).parents[1]


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        try:
            left += [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            continue
    return found


def proportional_bytes(root: int) -> int:
    """Memory of a process tree, shared pages counted once."""
    total = 0
    for pid in tree(root):
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        except OSError:  # it has ended
            continue
        total += int(found.group(1)) * 1024 if found else 0
    return total


def written(residents: int, seed: int, processes: int) -> dict[str, float]:
    """Write a city and measure it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "demo", "--residents", str(residents), "--nights", "1", "--seed", str(seed),
                   "--processes", str(processes), "--out", folder]  # fmt: skip
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        peak, said = 0, []
        reader = threading.Thread(target=lambda: said.extend(process.stderr or ()))
        reader.start()
        while process.poll() is None:
            peak = max(peak, proportional_bytes(process.pid))
            time.sleep(0.2)
        reader.join()
        seconds = time.monotonic() - start
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if process.returncode:
            raise RuntimeError("".join(said))
        size = sum(path.stat().st_size for path in (Path(folder) / "drops").rglob("*") if path.is_file())
    numbers = re.search(r"(\d+) residents, (\d+) rows", said[-1])
    if numbers is None:
        raise RuntimeError("the command did not say what it wrote")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    rows = int(numbers.group(2))
    return {
        "residents": int(numbers.group(1)), "rows": rows, "bytes": size, "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2), "rows_per_second": round(rows / seconds),
        "rows_per_second_of_cores": round(rows / cpu * processes), "peak_gib": round(peak / 2**30, 3),
    }  # fmt: skip


def floor(residents: int, seed: int) -> dict[str, float]:
    """Write the same rows bare, source by source."""
    world = build_world("yunfu", residents, 1, seed)
    state = state_of(world, 1)
    rows, seconds, cpu = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for source, make in of_night(state, state):
            for place, delivery in enumerate(make()):
                columns = {n: v for n, v in delivery.extract.columns.items() if n != "geometry"}
                table = pa.table({n: pa.array(v if v.dtype != object else v.astype(str)) for n, v in columns.items()})
                start, used = time.monotonic(), time.process_time()
                pc.write_csv(table, Path(folder) / f"{source}{place}.csv")
                seconds, cpu = seconds + time.monotonic() - start, cpu + time.process_time() - used
                rows += len(table)
    return {
        "rows": rows,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "rows_per_second": round(rows / seconds),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--residents", type=int, default=290_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--floor-residents", type=int, default=100_000, help="the floor's size; its speed hardly depends on it"
    )
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    result = {
        "what": "demo_speed", "cores": os.cpu_count(), "load_before": round(load, 2), "numpy": np.__version__,
        "pyarrow": pa.__version__, "city": written(asked.residents, asked.seed, asked.processes),
        "floor": floor(min(asked.floor_residents, asked.residents), asked.seed),
    }  # fmt: skip
    text = json.dumps(result, indent=2)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
