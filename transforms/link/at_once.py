"""The kernels of names and days for all pairs at once, as :mod:`transforms.link.kernels` says it of one pair.

A large city has as many pairs of days and of names to compare as it has namesakes. What is not of the usual shape (a
long name, a clerk's note behind one) is left to the kernel: level 0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from transforms.link.codes import Flags, Whole
from transforms.link.kernels import JOIN, NOTE_ENDS, WILDCARDS, shapes

Array = npt.NDArray[Any]
_KNOWN = {"year": 4, "month": 7, "day": 10}  # characters of YYYY-MM-DD that are meant
_LUNAR, _CLOSE = (15, 55), 730  # days
_LONGEST = 4  # characters of a name


@dataclass(frozen=True)
class _Columns:
    """Parallel columns, a row per text."""

    def at(self, rows: Whole) -> Self:
        """Some of the rows."""
        return type(self)(*(getattr(self, column.name)[rows] for column in fields(self)))


@dataclass(frozen=True)
class _Days(_Columns):
    text: Array  # (n, 10) characters of YYYY-MM-DD
    known: Array
    number: Array
    usual: Flags


def _days(texts: list[str]) -> _Days:
    said = [text.partition(JOIN) for text in texts]
    usual = np.array([len(day) == _KNOWN["day"] and what in _KNOWN for day, _, what in said], dtype=bool)
    days = [day if fits else "1970-01-01" for (day, _, _), fits in zip(said, usual.tolist(), strict=True)]
    known = np.array([_KNOWN.get(what, 0) for _, _, what in said], dtype=np.int8)
    text = np.array(days, dtype="S10").view(np.uint8).reshape(-1, _KNOWN["day"])
    return _Days(text, known, np.array(days, dtype="datetime64[D]").astype(np.int32), usual)


def date_levels(texts: list[str], left: Whole, right: Whole) -> Array:
    """:func:`transforms.link.kernels.date_level` of pairs of texts.

    Args:
        texts: ``day US precision``.
        left: places in ``texts``.
        right: parallel to ``left``.

    Returns:
        A level per pair; 0 where the kernel has to say it.
    """
    days = _days(texts)
    a, b = days.at(left), days.at(right)
    differs = a.text != b.text
    known = np.minimum(a.known, b.known)
    year, month = (~differs[:, : _KNOWN[what]].any(axis=1) for what in ("year", "month"))
    apart = differs.sum(axis=1)
    whole = known == _KNOWN["day"]
    first = np.array(["01-01"], dtype="S5").view(np.uint8)
    defaulted = year & ((a.text[:, 5:] == first).all(axis=1) | (b.text[:, 5:] == first).all(axis=1))
    swapped = year & (a.text[:, 5:7] == b.text[:, 8:]).all(axis=1) & (a.text[:, 8:] == b.text[:, 5:7]).all(axis=1)
    distance = np.abs(a.number - b.number)
    distant = np.where((distance >= _LUNAR[0]) & (distance <= _LUNAR[1]), 4, np.where(distance <= _CLOSE, 5, 6))
    partial = np.where(~whole & (known == _KNOWN["month"]), month, year)
    level = np.where(
        (apart == 0) & whole, 1,
        np.where(~whole | defaulted, np.where(partial, 2, distant), np.where((apart == 1) | swapped, 3, distant)),
    )  # fmt: skip
    return np.where(a.usual & b.usual, level, 0).astype(np.int8)


@dataclass(frozen=True)
class _Names(_Columns):
    key: Array  # a number per distinct name
    sound: Array  # a number per distinct pinyin, -1 where there is none
    points: Array  # (n, 4) code points, 0 behind the name
    alike: Array  # (n, 4) a number per group of look-alike characters, below 0 for a character of none
    wild: Array  # (n, 4) the character is masked
    length: Array
    usual: Flags


def _names(texts: list[str]) -> _Names:
    said = [text.partition(JOIN) for text in texts]
    keys = [key for key, _, _ in said]
    usual = [0 < len(key) <= _LONGEST and key[-1] not in NOTE_ENDS for key in keys]
    points = np.array([k if u else "" for k, u in zip(keys, usual, strict=True)], dtype=f"U{_LONGEST}")
    points = points.view(np.uint32).reshape(-1, _LONGEST).astype(np.int32)
    signs, place = np.unique(points, return_inverse=True)
    groups = shapes()
    group = np.array([groups.get(chr(sign), -1 - sign) for sign in signs.tolist()], dtype=np.int64)
    masked = np.array([chr(sign) in WILDCARDS for sign in signs.tolist()], dtype=bool)
    place = place.reshape(points.shape)
    sounds = _numbered([sound for _, _, sound in said])
    sounds[[not sound for _, _, sound in said]] = -1
    length = np.array([len(key) for key in keys], dtype=np.int32)
    return _Names(_numbered(keys), sounds, points, group[place], masked[place], length, np.array(usual, dtype=bool))


def _numbered(texts: list[str]) -> Array:
    numbers: dict[str, int] = {}
    return np.array([numbers.setdefault(text, len(numbers)) for text in texts], dtype=np.int32)


def name_levels(texts: list[str], left: Whole, right: Whole) -> Array:
    """:func:`transforms.link.kernels.name_level` of pairs of texts.

    Args:
        texts: ``key US pinyin``.
        left: places in ``texts``.
        right: parallel to ``left``.

    Returns:
        A level per pair; 0 where the kernel has to say it.
    """
    names = _names(texts)
    a, b = names.at(left), names.at(right)
    surname = a.points[:, 0] == b.points[:, 0]
    half = surname & (a.length == 2) & (b.length == 2)
    far = np.where(half, 4, np.where(surname, 5, 6))
    slips = _slips(a, b)
    level = np.where(a.key == b.key, 1, np.where((a.sound >= 0) & (a.sound == b.sound), 2, np.where(slips, 3, far)))
    return np.where((level < 3) | (a.usual & b.usual), level, 0).astype(np.int8)


def _slips(a: _Names, b: _Names) -> Flags:
    """As ``kernels._one_slip``."""
    same = a.points == b.points
    alike = same | a.wild | b.wild | (a.alike == b.alike)
    one_length = a.length == b.length
    masked = one_length & (alike | (np.arange(_LONGEST) >= a.length[:, None])).all(axis=1)
    shorter = a.length <= b.length
    short = np.where(shorter[:, None], a.points, b.points)
    long = np.where(shorter[:, None], b.points, a.points)
    most, least = np.maximum(a.length, b.length), np.minimum(a.length, b.length)
    begins = (short[:, 0] == long[:, 0]) | (short[:, 0] == long[:, 1])
    changed = (~same).sum(axis=1)
    one = (one_length & ((changed <= 1) | _swapped(short, long, changed))) | (
        (most - least == 1) & _dropped(short, long)
    )
    return np.asarray(masked | ((most >= 3) & (least >= 2) & begins & one))


def _swapped(short: Array, long: Array, changed: Array) -> Flags:
    """Two neighbours changed places, and nothing else differs."""
    found = np.zeros(len(short), dtype=bool)
    for i in range(_LONGEST - 1):
        found |= (short[:, i] == long[:, i + 1]) & (short[:, i + 1] == long[:, i]) & (short[:, i] != long[:, i])
    return np.asarray(found & (changed == 2), dtype=bool)


def _dropped(short: Array, long: Array) -> Flags:
    """One is the other without one of its characters."""
    found = np.zeros(len(short), dtype=bool)
    for i in range(_LONGEST):
        before, after = short[:, :i] == long[:, :i], short[:, i : _LONGEST - 1] == long[:, i + 1 :]
        found |= before.all(axis=1) & after.all(axis=1)
    return found


AT_ONCE: dict[str, Callable[[list[str], Whole, Whole], Array]] = {"name": name_levels, "date": date_levels}
