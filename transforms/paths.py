"""Canonical paths of addresses (docs/rooms.md): ``village|level:text|level:text``, from coarse to fine."""

from __future__ import annotations

INSIDE = ("unit", "floor", "room")
DOORS = ("door", "building")
_WORDS = {"building": "栋", "unit": "单元", "floor": "层", "room": "室", "door": "号"}


def written(level: str, text: str) -> str:
    """An element as a standard address writes it: 3栋, 2单元, 1502室, 12-1号."""
    return text + _WORDS.get(level, "") if text[-1:].isdigit() or text.isascii() else text


def doors(path: str) -> tuple[str, ...]:
    """The doors and buildings that a path names, the coarsest first."""
    steps = path.split("|")
    named = (at for at, step in enumerate(steps) if at and step.partition(":")[0] in DOORS)
    return tuple("|".join(steps[: at + 1]) for at in named)


def roadless(path: str) -> str:
    """The path without the road and door of its estate, as people write it."""
    village, _, _ = path.partition("|")
    return village + path[path.index("|estate:") :] if "|estate:" in path else path
