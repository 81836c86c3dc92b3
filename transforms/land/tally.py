"""How much lies in a folder that is not taken in: names and sizes are read, nothing is opened, no link is followed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from transforms import dropped

MOST = 1_000_000  # things that are looked at in all; a night has no time for more
_NAMES = 10  # of files, which may tell whose they are


@dataclass
class Budget:
    """How many things may still be looked at."""

    left: int = MOST

    def spend(self) -> bool:
        """Take one; whether there was one."""
        self.left -= 1
        return self.left >= 0


@dataclass
class Tally:
    """What was counted.

    Attributes:
        files, bytes: links, pipes and devices are files without bytes.
        whole: all of it was looked at.
        names: of some of its files.
        sources: its folders that are named as sources.
    """

    files: int = 0
    bytes: int = 0
    whole: bool = True
    names: list[str] = field(default_factory=list)
    sources: set[str] = field(default_factory=set)


def tally(folder: Path, budget: Budget, sources: Collection[str] = ()) -> Tally:
    """Count what lies in a folder and in those below it.

    Args:
        folder: where.
        budget: shared by all that are counted.
        sources: codes.
    """
    found, waiting = Tally(), [os.fspath(folder)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if not budget.spend():
                        found.whole = False
                        return found
                    if dropped.is_delivery(entry.name):
                        _add(found, entry, waiting, sources)
        except OSError:  # shut to us, gone meanwhile, or nested deeper than the system can say
            found.whole = False
    return found


def _add(found: Tally, entry: os.DirEntry[str], waiting: list[str], sources: Collection[str]) -> None:
    if entry.is_dir(follow_symlinks=False):
        waiting.append(entry.path)
        if entry.name in sources:
            found.sources.add(entry.name)
        return
    found.files += 1
    if len(found.names) < _NAMES:
        found.names.append(entry.name)
    if entry.is_file(follow_symlinks=False):
        with contextlib.suppress(FileNotFoundError):
            found.bytes += entry.stat(follow_symlinks=False).st_size
