"""Where a share among real rows lies that was seen among examined ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

Z, _TAIL = 1.96, 0.025  # of a standard normal: 95 %, and what is beyond either end


@dataclass(frozen=True)
class Interval:
    """An estimate, its 95 % interval, and what is true of the same rows where that is known."""

    estimate: float
    low: float
    high: float
    true: float | None = None

    @property
    def covers(self) -> bool | None:
        """The truth lies inside, to a hundred-thousandth; None where it is not known."""
        return None if self.true is None else self.low - 1e-5 <= self.true <= self.high + 1e-5


def interval(share: float, examined: float, real: float, true: float | None = None) -> Interval:
    """Where a share among real rows lies that was seen among examined ones: both are draws (Wilson's interval, 1927).

    Of few real rows all, or none, may well be right: then the end itself is inside.

    Args:
        share: seen among the examined.
        examined: how many, by their weights.
        real: how many.
        true: the share among the real, where it is known.
    """
    many = 1 / (1 / examined + 1 / real) if examined and real else 0.0
    if not many:
        return Interval(share, 0.0, 1.0, true)
    middle = (share + Z**2 / (2 * many)) / (1 + Z**2 / many)
    half = Z / (1 + Z**2 / many) * math.sqrt(max(share * (1 - share), 0.0) / many + Z**2 / (4 * many**2))
    half += 0.5 / real  # what is true is a whole number of rows
    low = 0.0 if (1 - share) ** real > _TAIL else max(middle - half, 0.0)
    return Interval(share, low, 1.0 if share**real > _TAIL else min(middle + half, 1.0), true)
