"""The kernels of names and days for all pairs at once, as :mod:`transforms.link.kernels` says it of one pair.

A large city has as many pairs of days and of names to compare as it has namesakes. What is not of the usual shape (a
long name, a clerk's note behind one) is left to the kernel: level 0.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import code_of_row
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
        return type(self)(*(getattr(self, column.name).take(rows, axis=0) for column in fields(self)))


@dataclass(frozen=True)
class _Days(_Columns):
    text: Array  # (n, 10) characters of YYYY-MM-DD
    known: Array
    number: Array
    usual: Flags


def _parted(texts: pa.Array) -> tuple[pa.Array, pa.Array]:
    """What stands before ``JOIN`` and what behind it; null where there is none."""
    parts = pc.split_pattern(texts, JOIN, max_splits=1)
    begin = parts.offsets.to_numpy()
    lone = np.diff(begin) < 2
    return parts.values.take(pa.array(begin[:-1])), parts.values.take(pa.array(begin[:-1] + 1, mask=lone))


def _days(texts: pa.Array) -> _Days:
    said, what = _parted(texts)
    known = pc.index_in(what, pa.array(list(_KNOWN)))
    usual = (pc.utf8_length(said).to_numpy() == _KNOWN["day"]) & known.is_valid().to_numpy(zero_copy_only=False)
    days = pc.if_else(pa.array(usual), said, "1970-01-01").to_pylist()
    meant = np.array([*_KNOWN.values(), 0], dtype=np.int8)[pc.fill_null(known, -1).to_numpy()]
    text = np.array(days, dtype="S10").view(np.uint8).reshape(-1, _KNOWN["day"])
    return _Days(text, meant, np.array(days, dtype="datetime64[D]").astype(np.int32), usual)


def date_levels(texts: pa.Array, left: Whole, right: Whole) -> Array:
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


def _names(texts: pa.Array) -> _Names:
    key, sound = _parted(texts)
    length = pc.utf8_length(key).to_numpy()
    noted = pc.is_in(pc.utf8_slice_codeunits(key, -1), pa.array(sorted(NOTE_ENDS)))
    usual = (length > 0) & (length <= _LONGEST) & ~noted.to_numpy(zero_copy_only=False)
    points = np.array(pc.if_else(pa.array(usual), key, "").to_pylist(), dtype=f"U{_LONGEST}")
    points = points.view(np.int32).reshape(-1, _LONGEST)
    group, masked = _signs()
    sounds = _numbered(pc.if_else(pc.equal(sound, ""), pa.scalar(None, pa.string()), sound))
    return _Names(_numbered(key), sounds, points, group[points], masked[points], length, usual)


@lru_cache(maxsize=1)
def _signs() -> tuple[Array, Flags]:
    """By code point the number of its look-alike group, below 0 for a character of none; whether it masks another."""
    group, masked = -1 - np.arange(sys.maxunicode + 1, dtype=np.int32), np.zeros(sys.maxunicode + 1, dtype=bool)
    groups = shapes()
    group[[ord(sign) for sign in groups]] = list(groups.values())
    masked[[ord(sign) for sign in WILDCARDS]] = True
    return group, masked


def _numbered(texts: pa.Array) -> Array:
    """A number per distinct text, -1 where there is none."""
    return code_of_row(texts.dictionary_encode())


def name_levels(texts: pa.Array, left: Whole, right: Whole) -> Array:
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


AT_ONCE: dict[str, Callable[[pa.Array, Whole, Whole], Array]] = {"name": name_levels, "date": date_levels}
