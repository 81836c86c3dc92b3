"""How alike two parsed addresses are, element by element: for suggestions to people, never for a verdict.

A conflict of numbers is a veto. Names (road, group, estate, what could not be read) are compared by the pairs of
characters they share, and a pair that few addresses of the place have says more than one that many have (花园, 公司).
Four questions of equal weight, and half a one more for the same building: no weight is fitted to labelled pairs.
bench/places_real_text.py measures it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log

FULL = 10_000
_SAME_ROAD = 0.6
_NAMES = ("group", "road", "estate", "residual", "relation")
_NUMBERS = ("door", "building", "unit", "floor", "room")
_NO_NUMBER = 0.5  # an address that asks for no number is neither met nor missed
_BUILDING = 0.5
_QUESTIONS = 4
_EXACT = 1_000  # rarities are whole numbers, so that their sums do not depend on an order
_Said = Mapping[str, str | None]
_Pairs = frozenset[str]


class Likeness:
    """Likeness among the addresses of one place: how rare a pair of characters is there is learned from them."""

    def __init__(self, rows: Iterable[_Said]) -> None:
        """Count the pairs.

        Args:
            rows: element texts of :mod:`transforms.standardise.address.parser`, one per address; None where not said.
        """
        self._addresses, self._having = 0, Counter[str]()
        for row in rows:
            self._addresses += 1
            self._having.update(_all_pairs(row))
        self._rarity = {pair: self._rare(having) for pair, having in self._having.items()}
        self._rarest = self._rare(0)

    def of(self, asked: _Said, other: _Said) -> int:
        """Likeness of an address to what is asked for, 0..10 000; 0 where a number or a county contradicts.

        The questions: how much of what either says do both say; how much of what is asked for does the other say; how
        far does one name of a place lie within one of the other's; which of the numbers asked for does the other have.

        Args:
            asked: element texts and division codes; None where not said.
            other: likewise.
        """
        roads = (_pairs(said.get("road") or "") for said in (asked, other))
        if _contradict(asked, other, same_road=self._shared(*roads) >= _SAME_ROAD):
            return 0
        mine, theirs = _all_pairs(asked), _all_pairs(other)
        score = self._shared(mine, theirs) + self._share(mine & theirs, mine)
        score += max((self._within(_pairs(a), _pairs(b)) for a in _places(asked) for b in _places(other)), default=0.0)
        numbers = _numbers(asked)
        score += len(numbers & _numbers(other)) / len(numbers) if numbers else _NO_NUMBER
        score += _BUILDING * (asked.get("building") is not None and asked.get("building") == other.get("building"))
        return round(FULL * score / (_QUESTIONS + _BUILDING))

    def _rare(self, having: int) -> int:
        return round(_EXACT * log((self._addresses + 2) / (having + 1)))

    def _weight(self, pairs: _Pairs) -> int:
        return max(1, sum(self._rarity.get(pair, self._rarest) for pair in pairs)) if pairs else 0

    def _share(self, part: _Pairs, whole: _Pairs) -> float:
        return self._weight(part) / self._weight(whole) if whole else 0.0

    def _shared(self, left: _Pairs, right: _Pairs) -> float:
        return self._share(left & right, left | right)

    def _within(self, left: _Pairs, right: _Pairs) -> float:
        return self._weight(left & right) / min(self._weight(left), self._weight(right))


def _contradict(left: _Said, right: _Said, *, same_road: bool) -> bool:
    """A door belongs to its road: 12 of another road is no contradiction of this road's 14."""
    numbers = ("building", "unit", "room", "county", *(["door"] if same_road else []))
    return any(left.get(name) and right.get(name) and left.get(name) != right.get(name) for name in numbers)


def _names(said: _Said, of: Iterable[str] = _NAMES) -> list[str]:
    return [part for name in of for part in re.split("[, ]", said.get(name) or "") if len(part) > 1]


def _places(said: _Said) -> list[str]:
    return _names(said, (name for name in _NAMES if name != "road"))


def _all_pairs(said: _Said) -> _Pairs:
    return frozenset().union(*map(_pairs, _names(said)))


def _numbers(said: _Said) -> frozenset[str]:
    """Numbers of elements, and those within names."""
    own = {text for name in _NUMBERS if (text := said.get(name))}
    return frozenset(own.union(*(re.findall(r"\d+", said.get(name) or "") for name in _NAMES)))


@lru_cache(maxsize=1 << 16)
def _pairs(text: str) -> _Pairs:
    return frozenset(text[i : i + 2] for i in range(len(text) - 1))
