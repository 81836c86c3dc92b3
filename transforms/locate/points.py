"""Do a source's points lie where its addresses say? A vote on its coordinate system, and points that look wrong.

The vote (domain.md finding 8): under each hypothesis, the share of points that fall in the village that the address of
their own row names. A wrong datum moves everything by 500 to 1 300 m, which is out of most villages. Nothing is
corrected: a fault is told with a suggestion, and the point stays as the source gave it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from transforms.coordinates import to_cgcs2000

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
HYPOTHESES = ("cgcs2000", "gcj02", "bd09", "gcj02_twice", "swapped")
FEWEST = 20  # points that must vote
LEAD = 0.1  # by which another hypothesis must beat the declared one
CROWD = 10  # records at one very point, of at least two addresses: the town hall, not their homes
_COARSE = 3  # decimals of a degree: 100 m
_DEGREES = 360.0  # beyond: projected metres
FAULTS = ("zero", "projected", "swapped", "shifted", "twice_shifted", "truncated", "crowded", "elsewhere")


@dataclass(frozen=True)
class Vote:
    """One source's points.

    Attributes:
        declared: the contract's coordinate system.
        points: how many have numbers and an address in a village with a polygon.
        inside: hypothesis → how many of them fall in that village.
        suggestion: the hypothesis that beats the declared one clearly, else None.
        faults: fault → points; what each word means: transforms/locate/README.md.
    """

    declared: str
    points: int
    inside: dict[str, int]
    suggestion: str | None
    faults: dict[str, int]


def examine(rows: pd.DataFrame, declared: str | None, villages: pd.Series) -> tuple[Vote, pd.DataFrame]:
    """Let one source's points vote.

    Args:
        rows: ``record_id raw_lon raw_lat village path``, texts or None; one row per record.
        declared: the contract's coordinate system; None is cgcs2000.
        villages: village code → polygon (shapely, degrees CGCS2000).

    Returns:
        The vote, and ``record_id fault suggestion`` of the points that look wrong, sorted by record id.
    """
    declared = "cgcs2000" if declared in (None, "wgs84") else str(declared)
    x, y = (pd.to_numeric(rows[name], errors="coerce").to_numpy(dtype=np.float64) for name in ("raw_lon", "raw_lat"))
    at = villages.index.get_indexer(pd.Index(rows["village"]))
    known = np.isfinite(x) & np.isfinite(y)
    votes = known & (at >= 0) & (np.abs(x) < _DEGREES) & (np.abs(y) < _DEGREES) & (x != 0) & (y != 0)
    polygons = np.full(len(rows), None, dtype=object)
    polygons[at >= 0] = villages.to_numpy(dtype=object)[at[at >= 0]]
    read = _readings(x[votes], y[votes])
    inside = {name: _inside(read[name], polygons, votes) for name in HYPOTHESES}
    count = {name: int(flags.sum()) for name, flags in inside.items()}
    best = max(HYPOTHESES, key=lambda name: (count[name], name == declared, -HYPOTHESES.index(name)))
    enough = int(votes.sum()) >= FEWEST and count[best] - count[declared] >= LEAD * int(votes.sum())
    words = _faults(rows, x, y, known, votes, inside, declared)
    wrong = pd.DataFrame({"record_id": rows["record_id"], "fault": words[0], "suggestion": words[1]}, dtype=object)
    wrong = wrong[wrong["fault"].notna()].sort_values("record_id", ignore_index=True)
    told = {fault: int((wrong["fault"] == fault).sum()) for fault in FAULTS}
    return Vote(
        declared, int(votes.sum()), count, best if enough else None, {k: n for k, n in told.items() if n}
    ), wrong


def _inside(read: tuple[Floats, Floats], polygons: npt.NDArray[np.object_], votes: Flags) -> Flags:
    """Points that fall in their village when read in one way."""
    found = np.zeros(len(votes), dtype=bool)
    found[votes] = shapely.intersects_xy(polygons[votes], *read)
    return found


def _readings(x: Floats, y: Floats) -> dict[str, tuple[Floats, Floats]]:
    """Hypothesis → the points as it reads them."""
    once = to_cgcs2000(x, y, "gcj02")
    twice = to_cgcs2000(*once, "gcj02")
    return {
        "cgcs2000": (x, y), "gcj02": once, "bd09": to_cgcs2000(x, y, "bd09"), "gcj02_twice": twice, "swapped": (y, x)
    }  # fmt: skip


def _faults(
    rows: pd.DataFrame, x: Floats, y: Floats, known: Flags, votes: Flags, inside: dict[str, Flags], declared: str
) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """The first fault of each point and what to try, in the order of :data:`FAULTS`."""
    out = votes & ~inside[declared]
    others = [name for name in ("cgcs2000", "gcj02", "bd09") if name != declared]
    shifted = {name: out & inside[name] for name in others}
    coarse = known & np.array(
        [_decimals(a, b) <= _COARSE for a, b in zip(rows["raw_lon"], rows["raw_lat"], strict=True)]
    )
    tests = [
        ("zero", known & ((x == 0) | (y == 0)), "leave empty"),
        ("projected", known & ((np.abs(x) > _DEGREES) | (np.abs(y) > _DEGREES)), "send degrees"),
        ("swapped", out & inside["swapped"], "swap longitude and latitude"),
        *(("shifted", flags, f"read as {name}") for name, flags in shifted.items()),
        ("twice_shifted", out & inside["gcj02_twice"], "undo the shift twice"),
        ("truncated", coarse, "send five decimals or more"),
        ("crowded", known & _crowded(rows), "measure at the place itself"),
        ("elsewhere", out, "check point and address"),
    ]
    fault, suggestion = (np.full(len(rows), None, dtype=object) for _ in range(2))
    for word, flags, remedy in tests:
        free = flags & pd.isna(fault)
        fault[free], suggestion[free] = word, remedy
    return fault, suggestion


def _decimals(*texts: object) -> int:
    """Decimals of the longer of two numbers as they were sent."""
    return max(len(text.strip().rstrip("0").partition(".")[2]) if isinstance(text, str) else 99 for text in texts)


def _crowded(rows: pd.DataFrame) -> Flags:
    """Points at which many records of several addresses stand."""
    group = rows.groupby(["raw_lon", "raw_lat"], sort=False, dropna=False)
    many = group["record_id"].transform("size") >= CROWD
    return np.asarray(many & (group["path"].transform("nunique") > 1), dtype=bool)
