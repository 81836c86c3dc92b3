"""Comparison kernels: two aligned columns of text in, small integer levels out. 1 is the closest; 0 is "not said".

Hanzi are compared here, by code points, never by an engine's string distances (which count bytes in DuckDB and
characters in Spark). A kernel sees each distinct pair of values once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from itertools import permutations
from operator import ne
from pathlib import Path

import numpy as np
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import ratio, token_sort_ratio

from transforms.coordinates import bd09, gcj02

JOIN = "\x1f"  # between the parts of one value: name key and pinyin, day and precision, longitude and latitude
CLOSE, ALIKE = 0.92, 0.80  # Jaro-Winkler, 0..1
SIMILAR = 80.0  # rapidfuzz.fuzz.ratio, 0..100: two or three characters of a dozen differ
WILDCARDS = frozenset("?？*＊□〇■�")
# What a clerk writes behind one of two namesakes, or beside a head of household: 王伟(大), 王伟2, 王伟(户主).
_NOTE = re.compile(r"(?:\([^()]{1,4}\)|[0-9]{1,2})$")
NOTE_ENDS = frozenset(")0123456789")
_LOOKALIKES = Path(__file__).with_name("lookalikes.txt")
_BRACKETED = re.compile(r"[((][^()()]{1,8}[))]")  # (云浮), (个体工商户)
_REGION = re.compile(r"^(?:[一-鿿]{2,3}省)?(?:[一-鿿]{2,3}市)?(?:[一-鿿]{2,3}[区县市])?")  # 云浮市云城区
_LEGAL_FORM = re.compile(r"有限责任公司|股份有限公司|有限公司|股份公司|公司|专业合作社|合作社|经营部|商行")
_BRANCH_MARKS = ("分公司", "分店", "分部", "支行", "办事处", "门市")
_WORD = re.compile(r"\w+")
_EARTH_METRES = 6_371_008.8  # mean radius, IUGG
_ONE_POINT, _FARTHEST = 15.0, 2_000.0  # metres: two surveys of one point; the datums are some 600 to 1 300 apart
_METRES = (5, 10, 15, 25, 40, 100)  # surveys are a metre off, hand-held receivers some five: finer says nothing

LEVELS: dict[str, tuple[str, ...]] = {
    "name": ("exact", "pinyin", "near", "half", "surname", "differ"),
    "organization_name": ("exact", "core", "contained", "similar", "differ"),
    "date": ("exact", "partial", "near", "lunar", "close", "differ"),
    "text": ("exact", "similar", "differ"),
    "distance": ("metres5", "metres10", "metres15", "metres25", "metres40", "metres100", "datum", "differ"),
    "equal": ("same", "differ"),
    "tokens": ("shared", "differ"),
    "near": ("shared", "differ"),
    "spelling": ("exact", "close", "alike", "differ"),
    "digits": ("exact", "slip", "differ"),
    "words": ("exact", "contained", "similar", "differ"),
    "address": ("same", "building", "differ"),
    "beside": ("same", "differ"),
}


@lru_cache(maxsize=1)
def shapes() -> dict[str, int]:
    """Character → number of its look-alike group (transforms/link/lookalikes.txt)."""
    lines = [line for line in _LOOKALIKES.read_text("utf-8").split("\n") if line and not line.startswith("#")]
    return {character: number for number, line in enumerate(lines) for character in line}


def _alike(a: str, b: str) -> bool:
    groups = shapes()
    return a == b or a in WILDCARDS or b in WILDCARDS or (a in groups and groups[a] == groups.get(b))


@lru_cache(maxsize=1 << 18)
def name_level(left: str, right: str) -> int:
    """Level of two values ``key US pinyin``: see :data:`LEVELS` under ``name``.

    near: one character apart, swapped or dropped in a name of three or more; a look-alike; a masked character.
    half: two-character names of one surname (王伟, 王芳): weak, often another person. Another surname beside the same
    given name (王伟, 李伟) is another name. A note behind one of the names is no part of it, and makes it near at best;
    two that are told apart by their notes are half.
    """
    a, _, pinyin_a = left.partition(JOIN)
    b, _, pinyin_b = right.partition(JOIN)
    if a == b:
        return 1
    if pinyin_a and pinyin_a == pinyin_b:
        return 2
    bare_a, bare_b = _bare(a), _bare(b)
    if (bare_a, bare_b) != (a, b):
        told_apart = bare_a == bare_b and a != bare_a and b != bare_b
        return 4 if told_apart else 3 if bare_a == bare_b else max(3, name_level(bare_a, bare_b))
    if _one_slip(a, b):
        return 3
    if len(a) == len(b) == 2 and a[0] == b[0]:
        return 4
    return 5 if a[:1] == b[:1] else 6


def _bare(name: str) -> str:
    """The name without a clerk's note behind it, unless less than a name would be left."""
    found = _NOTE.sub("", name) if name[-1:] in NOTE_ENDS else name
    return found if len(found) > 1 else name


def same_given(left: str, right: str) -> bool:
    """Names of three or more characters that differ in the surname's first alone: 超礼锋, 赵礼锋.

    Beside one number that is a slip, or a child that took its other parent's name; relatives who borrow a number share
    the surname, not the given name.
    """
    a, b = left.partition(JOIN)[0], right.partition(JOIN)[0]
    return len(a) == len(b) > 2 and a[1:] == b[1:]


def _one_slip(a: str, b: str) -> bool:
    if len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True)):
        return True
    short, long = sorted((a, b), key=len)
    if len(long) < 3 or len(short) < 2 or short[0] not in (long[0], long[1]):
        return False
    if len(long) > 4 and len(short) >= 3 and long.startswith(short):
        return True
    return bool(OSA.distance(a, b, score_cutoff=1) <= 1)


def _core(name: str) -> str:
    """The name without its region, bracketed additions and legal form, unless nothing would be left."""
    for pattern in (_BRACKETED, _REGION, _LEGAL_FORM):
        shorter = pattern.sub("", name)
        name = shorter if len(shorter) > 1 else name
    return name


@lru_cache(maxsize=1 << 17)
def organization_level(left: str, right: str) -> int:
    """Level of two normalised organization names: see :data:`LEVELS` under ``organization_name``."""
    a, b = left, right
    if a == b:
        return 1
    if any((mark in a) != (mark in b) for mark in _BRANCH_MARKS):
        return 5  # a branch is not its head office, however alike the names
    core_a, core_b = _core(a), _core(b)
    if core_a == core_b and core_a:
        return 2
    short, long = sorted((core_a, core_b), key=len)
    if len(short) >= 4 and short in long:
        return 3
    return 4 if ratio(a, b) >= SIMILAR else 5


@lru_cache(maxsize=1 << 18)
def date_level(left: str, right: str) -> int:
    """Level of two values ``day US precision``: see :data:`LEVELS` under ``date``.

    partial: equal as far as the coarser one is known; the first of January counts as a year only.
    near: day and month swapped, or one digit apart. lunar: 15 to 55 days apart (a lunar day read as a solar one).
    """
    (a, precise_a), (b, precise_b) = left.split(JOIN), right.split(JOIN)
    coarse = {"year": 4, "month": 7, "day": 10}
    known = min(coarse[precise_a], coarse[precise_b])
    if a == b and known == coarse["day"]:
        return 1
    if known < coarse["day"] or (a[:4] == b[:4] and "01-01" in (a[5:], b[5:])):
        kept = known if known < coarse["day"] else coarse["year"]
        return 2 if a[:kept] == b[:kept] else _distant(a, b)
    if sum(map(ne, a, b)) == 1 or a == f"{b[:5]}{b[8:]}-{b[5:7]}":
        return 3
    return _distant(a, b)


def _distant(a: str, b: str) -> int:
    days = abs((date.fromisoformat(a) - date.fromisoformat(b)).days)
    if 15 <= days <= 55:
        return 4
    return 5 if days <= 730 else 6


def text_level(left: str, right: str) -> int:
    """Equal, similar (one within the other, or few characters apart) or different short texts."""
    if left == right:
        return 1
    short, long = sorted((left, right), key=len)
    if len(short) >= 3 and short in long:
        return 2
    return 2 if ratio(left, right) >= SIMILAR else 3


def spelling_level(left: str, right: str) -> int:
    """Level of two words in letters, capitals or not: names and streets of people who write with an alphabet.

    Jaro-Winkler similarity (Winkler 1990). 0.92 is the usual threshold for names; what lies below 0.80 has little in
    common.
    """
    a, b = left.casefold(), right.casefold()
    if a == b:
        return 1
    alike = JaroWinkler.similarity(a, b)
    return 2 if alike >= CLOSE else 3 if alike >= ALIKE else 4


def digits_level(left: str, right: str) -> int:
    """Equal, one slip apart (a character changed, dropped, added, or two neighbours swapped) or different numbers."""
    if left == right:
        return 1
    return 2 if OSA.distance(left, right, score_cutoff=1) <= 1 else 3


def words_level(left: str, right: str) -> int:
    """Level of two texts of several words in an alphabet, in any order: names of organizations, titles, streets.

    contained: every word of one stands in the other. similar: few characters apart once their words are sorted.
    """
    a, b = (_WORD.findall(text.casefold()) for text in (left, right))
    if sorted(a) == sorted(b):
        return 1
    few, many = sorted((frozenset(a), frozenset(b)), key=len)
    if few and few <= many:
        return 2
    return 3 if token_sort_ratio(" ".join(a), " ".join(b)) >= SIMILAR else 4


def distance_level(left: str, right: str) -> int:
    """Level of two points ``lon US lat`` in degrees by metres between them (spherical, exact enough below 100 m).

    datum: they are one point once one of them is read in another datum (GCJ-02, BD-09) than it was told in.
    """
    (lon_a, lat_a), (lon_b, lat_b) = (tuple(map(float, v.split(JOIN))) for v in (left, right))
    east, north, lon, lat = lon_a - lon_b, lat_a - lat_b, (lon_a + lon_b) / 2, (lat_a + lat_b) / 2
    metres = _metres(east, north, lat)
    told = next((level for level, most in enumerate(_METRES, start=1) if metres <= most), 0)
    if told or metres > _FARTHEST:
        return told or len(_METRES) + 2
    shifted = min(_metres(east - x, north - y, lat) for x, y in _datums(round(lon, 2), round(lat, 2)))
    return len(_METRES) + (1 if shifted <= _ONE_POINT else 2)


def _metres(east: float, north: float, lat: float) -> float:
    """Metres of some degrees."""
    return _EARTH_METRES * math.hypot(math.radians(east) * math.cos(math.radians(lat)), math.radians(north))


@lru_cache(maxsize=1 << 12)
def _datums(lon: float, lat: float) -> tuple[tuple[float, float], ...]:
    """How far apart one point told in two datums stands there, in degrees, each way."""
    here = np.array([lon]), np.array([lat])
    mars = gcj02(*here)
    readings = [(float(x[0]), float(y[0])) for x, y in (here, mars, bd09(*mars))]
    return tuple((ax - bx, ay - by) for (ax, ay), (bx, by) in permutations(readings, 2))


KERNELS: dict[str, Callable[[str, str], int]] = {
    "name": name_level,
    "organization_name": organization_level,
    "date": date_level,
    "text": text_level,
    "distance": distance_level,
    "spelling": spelling_level,
    "digits": digits_level,
    "words": words_level,
}
PARTLY = frozenset({"date"})  # equal words are not the closest level: of a day only the year may be known
