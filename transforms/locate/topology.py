"""What is wrong with a cut of the grids: the topology rules of domain.md section 3.3, with areas.

Areas are square metres on Lambert's cylindrical equal-area projection of the mean sphere (IUGG radius): exact on the
sphere, within half a percent of the ellipsoid anywhere in China. Slivers below :data:`TOLERANCE` are drawing noise.
An exclusive grid (专属) is cut out of the general ones or lies over them and wins at its place: no overlap of theirs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

TOLERANCE = 1.0  # square metres
BANDS = {"small": (300, 500), "micro": (30, 70)}  # households (domain.md section 3.1: 郑州, 周口, 海口)
LEVELS = ("large", "medium", "small", "micro")
_EARTH_METRES = 6_371_008.8  # mean radius, IUGG
_Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Finding:
    """One fault: the rule's word, the grids by code, the faulty area in square metres (None: no area is at fault)."""

    rule: str
    code: str
    other: str | None = None
    area_m2: float | None = None
    shape: bytes | None = None  # WKB in degrees, for the picture


@dataclass(frozen=True)
class Straddler:
    """A building in several small grids: the grids by code with their share of its area, the one it counts in first."""

    building_id: str
    shares: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Topology:
    """A cut, checked: grids per level and type, area per level, findings, households against their band, straddlers."""

    grids: dict[str, int]
    area_m2: dict[str, float]
    findings: tuple[Finding, ...]
    households: dict[str, dict[str, int]]
    straddlers: tuple[Straddler, ...] = ()

    def counts(self) -> dict[str, int]:
        """Findings per rule."""
        rules = pd.Series([finding.rule for finding in self.findings], dtype=object)
        return {str(rule): int(count) for rule, count in rules.value_counts().sort_index().items()}


def check(grids: pd.DataFrame, households: pd.Series | None = None) -> Topology:
    """Check one cut.

    Args:
        grids: ``code level type parent_code polygon`` (WKB, degrees CGCS2000 or null), one row per grid.
        households: code → households in the grid; None where nobody was counted.
    """
    grids = grids.sort_values("code", ignore_index=True)
    raw = shapely.from_wkb(grids["polygon"].where(grids["polygon"].notna(), None).to_numpy(dtype=object))
    usable = ~shapely.is_missing(raw) & ~shapely.is_empty(raw) & shapely.is_valid(raw)
    flat = shapely.transform(raw, _flat)
    areas = np.where(usable, shapely.area(flat), 0.0)
    sound = grids[usable].assign(shape=flat[usable]).reset_index(drop=True)
    findings = [Finding("invalid", str(code)) for code in grids.loc[~usable, "code"]]
    for rule in (_overlaps, _gaps, _escapes, _family):
        findings += rule(sound)
    kind = grids["level"] + " " + grids["type"]
    return Topology(
        {str(k): int(n) for k, n in kind.value_counts().sort_index().items()},
        {level: round(float(areas[(grids["level"] == level).to_numpy()].sum()), 1) for level in LEVELS},
        tuple(sorted(findings, key=lambda f: (f.rule, f.code, f.other or ""))),
        _bands(grids, households) if households is not None else {},
    )


def _flat(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Degrees → metres, area preserved."""
    return np.column_stack((_EARTH_METRES * np.deg2rad(points[:, 0]), _EARTH_METRES * np.sin(np.deg2rad(points[:, 1]))))


def _degrees(shape: shapely.Geometry) -> bytes:
    back = shapely.transform(
        shape,
        lambda xy: np.column_stack(
            (np.rad2deg(xy[:, 0] / _EARTH_METRES), np.rad2deg(np.arcsin(xy[:, 1] / _EARTH_METRES)))
        ),
    )
    return bytes(shapely.to_wkb(back))


def _found(rule: str, code: object, other: object, shape: shapely.Geometry) -> Iterator[Finding]:
    area = float(shape.area)
    if area > TOLERANCE:
        yield Finding(rule, str(code), None if other is None else str(other), round(area, 1), _degrees(shape))


def _overlaps(grids: pd.DataFrame) -> list[Finding]:
    """Two grids of one level and type that share ground."""
    findings: list[Finding] = []
    for _, peers in grids.groupby(["level", "type"], sort=True):
        shapes: _Shapes = peers["shape"].to_numpy(dtype=object)
        codes = peers["code"].to_numpy(dtype=object)
        left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
        for a, b in zip(left[left < right], right[left < right], strict=True):
            findings += _found("overlap", codes[a], codes[b], shapely.intersection(shapes[a], shapes[b]))
    return findings


def _gaps(grids: pd.DataFrame) -> list[Finding]:
    """Ground of a divided general grid that none of its parts covers; an exclusive part may be cut out or lie over."""
    general = grids[grids["type"].ne("exclusive")]
    parts = {code: of["shape"].to_numpy(dtype=object) for code, of in grids.groupby("parent_code")}
    findings: list[Finding] = []
    for code, shape in zip(general["code"], general["shape"], strict=True):
        if code in parts:
            findings += _found("gap", code, None, shapely.difference(shape, shapely.union_all(parts[code])))
    return findings


def _escapes(grids: pd.DataFrame) -> list[Finding]:
    """A grid that reaches out of the one it belongs to."""
    shapes = dict(zip(grids["code"], grids["shape"], strict=True))
    findings: list[Finding] = []
    for code, parent, shape in zip(grids["code"], grids["parent_code"], grids["shape"], strict=True):
        if parent in shapes:
            findings += _found("outside_parent", code, parent, shapely.difference(shape, shapes[parent]))
    return findings


def _family(grids: pd.DataFrame) -> list[Finding]:
    """Belonging: a known parent one level up whose code begins one's own, and no micro grid in an exclusive one."""
    level, kind = (dict(zip(grids["code"], grids[name], strict=True)) for name in ("level", "type"))
    findings = []
    for code, parent in zip(grids["code"], grids["parent_code"], strict=True):
        if not isinstance(parent, str):
            if level[code] != LEVELS[0]:
                findings.append(Finding("no_parent", code))
            continue
        if parent not in level:
            findings.append(Finding("unknown_parent", code, parent))
            continue
        if LEVELS.index(level[parent]) + 1 != LEVELS.index(level[code]):
            findings.append(Finding("wrong_level_of_parent", code, parent))
        if not code.startswith(parent):
            findings.append(Finding("prefix", code, parent))
        if kind[parent] == "exclusive" and level[code] == "micro":
            findings.append(Finding("micro_in_exclusive", code, parent))
    return findings


def _bands(grids: pd.DataFrame, households: pd.Series) -> dict[str, dict[str, int]]:
    """Per level how many grids hold fewer households than the band, so many, or more: a measure, not a fault."""
    told = {}
    for level, (least, most) in BANDS.items():
        of_level = grids[grids["level"].eq(level) & grids["type"].ne("exclusive")]
        count = of_level["code"].map(households).fillna(0)
        told[level] = {
            "below": int((count < least).sum()), "within": int(count.between(least, most).sum()),
            "above": int((count > most).sum()),
        }  # fmt: skip
    return told
