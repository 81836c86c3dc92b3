"""How alike two parsed addresses are, element by element: for suggestions to people, never for a verdict.

A conflict of numbers is a veto. Names (road, estate, what could not be read) are compared as names, by the pairs of
characters they share; what one side lacks says little. The weights were set by hand after a logistic regression on
real pairs; bench/places_real_text.py measures them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

FULL = 10_000
_SHORTEST = 3  # characters of a name that says something when it lies within another
_SAME_ROAD = 0.6
_WITHIN, _SHARED, _ROAD = 2_500, 3_800, 1_300
_NUMBERS = {"building": 1_000, "floor": 700, "door": 350, "unit": 175, "room": 175}  # both say the same
_COARSER = 1_100  # one side names the building, the other only what it stands in
_Said = Mapping[str, str | None]


def likeness(left: _Said, right: _Said) -> int:
    """Likeness of two addresses, 0..10 000; 0 where a number or a division contradicts.

    Args:
        left: element texts and division codes of :mod:`transforms.standardise.address.parser`; None where not said.
        right: likewise.
    """
    road = _shared(_told(left, "road"), _told(right, "road"))
    if _contradict(left, right, same_road=road >= _SAME_ROAD):
        return 0
    places = _places(left), _places(right)
    score = _WITHIN * max((_within(a, b) for a in places[0] for b in places[1]), default=0.0)
    score += _SHARED * _shared(*places) + _ROAD * road
    score += sum(weight for name, weight in _NUMBERS.items() if left.get(name) and left.get(name) == right.get(name))
    score -= _COARSER * (bool(left.get("building")) != bool(right.get("building")))
    return round(max(0.0, min(float(FULL), score)))


def _contradict(left: _Said, right: _Said, *, same_road: bool) -> bool:
    """A door belongs to its road: 12 of another road is no contradiction of this road's 14."""
    numbers = ("building", "unit", "room", "county", *(["door"] if same_road else []))
    return any(left.get(name) and right.get(name) and left.get(name) != right.get(name) for name in numbers)


def _told(said: _Said, name: str) -> list[str]:
    return [text] if (text := said.get(name)) else []


def _places(said: _Said) -> list[str]:
    parts = [*_told(said, "estate"), *(said.get("residual") or "").split(","), *_told(said, "group")]
    return [part for part in parts if len(part) > 1]


def _within(left: str, right: str) -> float:
    """Share of the shorter name's pairs of characters that the other has."""
    if min(len(left), len(right)) < _SHORTEST:
        return 0.0
    a, b = _pairs(left), _pairs(right)
    return len(a & b) / min(len(a), len(b))


def _shared(left: list[str], right: list[str]) -> float:
    """Pairs of characters that all the names of both sides share, of all they have."""
    a, b = (frozenset().union(*map(_pairs, side)) for side in (left, right))
    return len(a & b) / max(1, len(a | b))


@lru_cache(maxsize=1 << 16)
def _pairs(text: str) -> frozenset[str]:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))
