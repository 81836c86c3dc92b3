"""Which sources have work to do tonight, and how they are spread over processes or tasks."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from transforms import contract, dropped
from transforms.run import Run

A_SOURCE = 100_000  # bytes whose work costs about what a source costs however small it is


def sources_with_work(run: Run) -> dict[str, int]:
    """Source code → bytes waiting in the drop box, for every source that has something there or a landed batch.

    A landed batch is work too: a later room may have died on it, or its code or contract has changed.
    """
    found: dict[str, int] = {}
    for source in contract.load_all(run.settings.expectations):
        waiting = _bytes_below(run.drops / source)
        if waiting is not None or (run.settings.lake / "land" / source).is_dir():
            found[source] = waiting or 0
    return found


def bundles(waiting: dict[str, int], count: int) -> list[list[str]]:
    """Spread sources over at most ``count`` lists of about equal work: heaviest first, onto the lightest list."""
    made: list[tuple[int, list[str]]] = [(0, []) for _ in range(min(count, len(waiting)))]
    for source in sorted(waiting, key=lambda code: (-waiting[code], code)):
        at = min(range(len(made)), key=lambda i: (made[i][0], i))
        weight, sources = made[at]
        made[at] = (weight + waiting[source] + A_SOURCE, [*sources, source])
    return [sorted(sources) for _, sources in made if sources]


def _bytes_below(folder: Path) -> int | None:
    """Bytes of the regular files that a department dropped, links not followed; None where it dropped nothing.

    What is no file counts as nothing, and is work all the same: land refuses it, so that its department hears of it.
    """
    told = [_lstat(folder / name) for name in dropped.names(folder)]
    return sum(one.st_size for one in told if one and stat.S_ISREG(one.st_mode)) if told else None


def _lstat(path: Path) -> os.stat_result | None:
    """What it is; None of what has gone meanwhile or is shut to us."""
    try:
        return path.lstat()
    except (FileNotFoundError, PermissionError):
        return None
