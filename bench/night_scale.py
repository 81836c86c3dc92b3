"""What every room of a night costs, and how it grows with the city: wall, CPU of all processes, peak memory.

``python -m bench.night_scale --residents 30000 100000 300000 --nights 1 --work DIR`` runs ``gridfacts run`` as an
engineer does, in a home made for it, and watches its processes from outside four times a second; a step begins where
the command says so on stderr. ``land``, ``check`` and ``standardise`` work side by side and are one step, ``sources``.
Seconds of the doors that are told beside the rooms count for the room that runs meanwhile.

JSON on standard output. ``exponent`` of a step is the slope of log CPU seconds over log rows landed, ``peak_exponent``
that of its peak.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import IO, Any

from bench.resolution_scale import city, slope
from transforms import keys

_TICK, _PAGE, _MEGABYTE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE"), 1024 * 1024
_SOURCE_ROOMS = {"land", "check", "standardise"}
_FOLLOWS = {"merge household": "doors", "brakes": "publish"}
_GRIDFACTS = [sys.executable, "-c", "from transforms.cli import main; main()"]
_EVERY = 0.25  # seconds


def taken(root: int) -> tuple[float, float]:
    """CPU seconds so far and resident megabytes now of a process and all below it; shared pages count once.

    CPU counts with a process's own seconds those of the children it has buried.
    """
    spent = private = shared = 0
    for pid in family(root):
        with contextlib.suppress(OSError):  # it has just ended
            ticks = _after_name(pid)[11:15]
            resident, common = (int(pages) for pages in Path(f"/proc/{pid}/statm").read_text().split()[1:3])
            spent, private, shared = spent + sum(map(int, ticks)), private + resident - common, max(shared, common)
    return spent / _TICK, (private + shared) * _PAGE / _MEGABYTE


def family(root: int) -> list[int]:
    """A process and all below it."""
    found, children = [root], _children()
    for pid in found:
        found += children.get(pid, [])
    return found


def own(pid: int) -> tuple[float, float]:
    """CPU seconds of a process alone so far, without its children's, and resident megabytes now; zero if it ended."""
    try:
        ticks = _after_name(pid)[11:13]
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0, 0.0
    return sum(map(int, ticks)) / _TICK, resident * _PAGE / _MEGABYTE


def _children() -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):
                found[int(_after_name(int(folder.name))[1])].append(int(folder.name))
    return found


def _after_name(pid: int) -> list[str]:
    """The fields of ``/proc/<pid>/stat`` behind the name, which may hold anything."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return stat[stat.rindex(")") + 2 :].split()


def step_of(line: str) -> str | None:
    """The step that a line of progress opens: ``  12.3s  link person``; None for what opens none.

    A room that tells what it has done is still the step that runs, but for two after which others follow unsaid.
    """
    clock, _, words = line.strip().partition("s  ")
    if not clock.replace(".", "", 1).isdigit() or not words:
        return None
    room, _, done = words.partition(": ")
    if done:
        return _FOLLOWS.get(room)
    return "sources" if words.split()[0] in _SOURCE_ROOMS else words


def watched(command: list[str], environment: dict[str, str]) -> tuple[dict[str, dict[str, float]], str]:
    """Run a command; step → wall and CPU seconds and peak megabytes, and what it printed.

    Raises:
        RuntimeError: it failed; the last lines of its stderr say why.
    """
    costs: dict[str, dict[str, float]] = defaultdict(lambda: {"wall_s": 0.0, "cpu_s": 0.0, "peak_mb": 0.0})
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    said, printed = ["start"], [""]
    told = threading.Thread(target=_follow, args=(child.stderr, said))
    answer = threading.Thread(target=lambda: printed.__setitem__(0, child.stdout.read() if child.stdout else ""))
    told.start()
    answer.start()
    clock, spent = time.monotonic(), 0.0
    while child.poll() is None:
        time.sleep(_EVERY)
        cost, (cpu, resident), now = costs[said[0]], taken(child.pid), time.monotonic()
        cost["wall_s"] += now - clock
        cost["cpu_s"] += max(cpu - spent, 0.0)
        cost["peak_mb"] = max(cost["peak_mb"], resident)
        clock, spent = now, max(cpu, spent)
    told.join()
    answer.join()
    if child.returncode:
        raise RuntimeError("\n".join(said[-5:]))
    return costs, printed[0]


def _follow(lines: IO[str] | None, said: list[str]) -> None:
    """Keep the step that runs in front of all that is said."""
    for line in lines or ():
        said[0] = step_of(line) or said[0]
        said.append(line.rstrip())


def measure(residents: int, nights: int, work: Path) -> list[dict[str, Any]]:
    """Every night of one size, in a fresh home."""
    drops, home = city(residents, work, nights) / "drops", work / f"night{residents}"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    keys.create(home / "keys.yml")
    found = []
    for night in sorted(path.name for path in drops.iterdir())[:nights]:
        environment = {**os.environ, "GRIDFACTS_HOME": str(home)}
        command = [*_GRIDFACTS, "run", "--night", night, "--drops", str(drops / night), "--json"]
        costs, printed = watched(command, environment)
        rows = sum(report["counts"]["rows"] for report in json.loads(printed) if report["room"] == "land")
        steps = {step: {what: round(n, 2) for what, n in cost.items()} for step, cost in costs.items()}
        total = {what: round(sum(cost[what] for cost in costs.values()), 1) for what in ("wall_s", "cpu_s")}
        peak = round(max(cost["peak_mb"] for cost in costs.values()))
        found.append({"residents": residents, "night": night, "rows": rows, "steps": steps, **total, "peak_mb": peak})
    return found


def growth(nights: list[dict[str, Any]]) -> dict[str, dict[str, float | None]]:
    """Step → how its CPU seconds and its peak grow with the rows of the night, over all sizes of one night."""
    found = {}
    for step in nights[0]["steps"]:
        each = [(night["rows"], night["steps"][step]) for night in nights if step in night["steps"]]
        found[step] = {
            "exponent": slope([(rows, cost["cpu_s"]) for rows, cost in each]),
            "peak_exponent": slope([(rows, cost["peak_mb"]) for rows, cost in each]),
        }
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--residents", type=int, nargs="+", default=[30_000])
    parser.add_argument("--nights", type=int, default=1)
    parser.add_argument("--work", type=Path, required=True, help="folder for cities and homes; may be used again")
    options = parser.parse_args()
    found = [n for size in sorted(options.residents) for n in measure(size, options.nights, options.work.resolve())]
    by_night: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for night in found:
        by_night[night["night"]].append(night)
    grown = {night: growth(sizes) for night, sizes in by_night.items() if len(sizes) > 1}
    print(json.dumps({"nights": found, "growth": grown}, indent=1))


if __name__ == "__main__":
    main()
