"""How a department answers: what it mended and how fast, what is disputed and what its deliveries said to that.

Counted to the night of the newest release, never by a clock, so that the same databases make the same page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from statistics import median

import pandas as pd

from transforms import database, disputed
from transforms.database import Databases
from transforms.disputed import Answer, Doubt
from transforms.run import Settings


@dataclass(frozen=True)
class Answers:
    """What one source was asked and answered.

    Attributes:
        mended: rows that were in quarantine and are closed. waiting: rows that still are.
        mending: release whose delivery closed rows → days since they were set aside.
        longest: days the oldest waiting row waits.
        disputes: how many of each state. overdue: open ones whose day has passed.
        answering: days from each answered dispute to the night that answered it.
    """

    mended: int = 0
    waiting: int = 0
    mending: Mapping[int, int] = field(default_factory=dict)
    longest: int | None = None
    disputes: Mapping[Answer, int] = field(default_factory=dict)
    overdue: int = 0
    answering: tuple[int, ...] = ()

    @property
    def mending_days(self) -> float | None:
        """The median of the days until a delivery closed rows."""
        return float(median(self.mending.values())) if self.mending else None

    @property
    def answering_days(self) -> float | None:
        """The median of the days until a dispute was answered."""
        return float(median(self.answering)) if self.answering else None


def answers(settings: Settings, dbs: Databases) -> dict[str, Answers]:
    """Source → how it answered, of every source that was ever asked anything.

    Raises:
        DatabaseError: a database cannot be read.
    """
    nights = database.read(dbs.release, "release", ["release", "night"]).to_pandas()
    if nights.empty:
        return {}
    states = database.read(dbs.release, "source_state", ["release", "source", "batch"]).to_pandas()
    states = states.merge(nights, on="release").dropna(subset=["batch"]).sort_values(["source", "release"])
    waited = database.read(dbs.control, "quarantine", ["batch", "source", "since", "state"]).to_pandas()
    doubts = disputed.doubts(settings, dbs)
    last = str(nights["night"].max())
    found = {}
    for source in sorted({*waited["source"], *(str(one.row["source"]) for one in doubts)}):
        mine, rows = states[states["source"] == source], waited[waited["source"] == source]
        still = rows[rows["state"] == "open"]
        asked = _disputes(dbs, [one for one in doubts if one.row["source"] == source], mine, last)
        found[source] = replace(
            asked,
            mended=int((rows["state"] == "closed").sum()),
            waiting=len(still),
            mending=_mending(mine, rows),
            longest=_days(str(still["since"].min()), last) if len(still) else None,
        )
    return found


def _days(first: str, last: str) -> int:
    return max((dt.date.fromisoformat(last[:10]) - dt.date.fromisoformat(first[:10])).days, 0)


def _mending(states: pd.DataFrame, rows: pd.DataFrame) -> dict[int, int]:
    """Release → days that the closed rows of the batch counting before had waited, where another came to count."""
    closed = rows[rows["state"] == "closed"].groupby("batch")["since"].min()
    changed = states[states["batch"] != states["batch"].shift()]
    before = changed["batch"].shift()
    return {
        int(release): _days(str(closed[batch]), str(night))
        for release, night, batch in zip(changed["release"], changed["night"], before, strict=True)
        if batch in closed.index
    }


def _disputes(dbs: Databases, doubts: list[Doubt], states: pd.DataFrame, last: str) -> Answers:
    """The disputes' part of what a source answered."""
    counts: dict[Answer, int] = {}
    days: list[int] = []
    overdue = 0
    with database.reading(dbs.release) as connection:
        found = disputed.outcomes(connection, [one.row for one in doubts])
    for doubt, outcome in zip(doubts, found, strict=True):
        counts[outcome.state] = counts.get(outcome.state, 0) + 1
        overdue += outcome.state == "open" and str(doubt.row["due"]) < last
        if outcome.state != "open":
            later = [n for n, b in zip(states["night"], states["batch"], strict=True) if disputed.answers(b, doubt.row)]
            days.append(_days(str(doubt.row["decided_at"]), min(later)))
    return Answers(disputes=counts, overdue=overdue, answering=tuple(sorted(days)))
