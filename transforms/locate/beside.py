"""Texts that say where they are by a landmark: its name (云城街道卫生院), or a place beside it (世纪大道59号旁).

A landmark is a node of the library (an area, a door, a building) or a name that stands for one (landmarks.py). What is
beside it is in no door and no building: the text reaches the road, group or estate of the landmark, and the grid of
its point. Of several landmarks that fit equally well none is chosen.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from transforms.divisions import LEVELS as DIVISIONS
from transforms.locate.landmarks import spoken
from transforms.locate.library import LEVELS
from transforms.locate.match import FULL, Matcher
from transforms.places import places

_NODES = ("group", "road", "door", "estate", "building")  # levels that are landmarks: nobody stands beside a room
_AREAS = ("group", "road")
_BESIDE, _NAMED, _UNSAID, _NOWHERE = 1_500, 500, 200, 1_000  # what a doubt costs, of 10 000
_ROW = ["text", "node", "score"]
_RANKS = 3


class Landmarks:
    """The landmarks of a library, ready for many texts."""

    def __init__(self, library: pd.DataFrame, matcher: Matcher, entries: pd.DataFrame) -> None:
        """Arrange them.

        Args:
            library: see :mod:`transforms.locate.library`, sorted by ``address_id``.
            matcher: of the same.
            entries: names that are landmarks, see :mod:`transforms.locate.landmarks`.
        """
        self._matcher, self._library = matcher, library
        node = places(*(pa.array(of["address_id"], pa.string()) for of in (library, entries)))
        self._named = entries[["word", "division"]].assign(node=node)[node >= 0]

    def decide(self, texts: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
        """Find the texts that name a landmark, beside what their elements found.

        Args:
            texts: distinct parsed addresses, index 0..n-1.
            found: ``text rank node score match_class``; every text has rank 1.

        Returns:
            The same and ``stands``, the node whose grid a row has. Rank 1 of a text beside a landmark stands where the
            landmark does, and rank 2 is the landmark itself.
        """
        found = found.assign(stands=found["node"])
        asked = _asked(texts, found)
        if asked.empty:
            return found
        fits = pd.concat([self._nodes(asked), self._names(asked)], ignore_index=True)
        fits = fits.sort_values(["text", "score", "node"], ascending=[True, False, True]).drop_duplicates(
            ["text", "node"]
        )
        best = fits[fits["score"].eq(fits.groupby("text")["score"].transform("max"))]
        single = best[~best["text"].duplicated(keep=False)]
        beside = single["text"].isin(asked.loc[asked["beside"], "text"])
        return _merged(found, self._verdicts(asked, single, beside), single[beside], fits)

    def _nodes(self, asked: pd.DataFrame) -> pd.DataFrame:
        """The nodes that the word may be, at whatever level behind what else is said: ``text node score``."""
        parts = []
        finest = _finest(asked)
        for level in _NODES:
            mine = asked[asked["beside"] & (finest < LEVELS.index(level))].reset_index(drop=True)
            whole = self._matcher.whole(mine.assign(**{level: mine["word"]}))
            parts.append(whole.assign(text=mine["text"].to_numpy()[whole["text"]], score=whole["score"] - _BESIDE))
        return pd.concat(parts)[_ROW]

    def _names(self, asked: pd.DataFrame) -> pd.DataFrame:
        """The bearers of the word as a name, in the division said and at none of the elements' contraries."""
        met = asked.assign(word=spoken(asked["word"])).merge(self._named, on="word")
        there = self._library.iloc[met["node"].to_numpy()].reset_index(drop=True)
        met = met[_stands_in(met, there) & _agrees(met, there)]
        nowhere = met[[*DIVISIONS, "among"]].isna().all(axis=1)
        left_out = _left_out(met, met["division"])
        score = FULL - _NAMED - _UNSAID * left_out.clip(lower=0) - _BESIDE * met["beside"] - _NOWHERE * nowhere
        return met.assign(score=score.astype("int64"))[left_out >= 0][_ROW]

    def _verdicts(self, asked: pd.DataFrame, single: pd.DataFrame, beside: pd.Series) -> pd.DataFrame:
        """Rank 1 of each text whose landmark is known: the landmark, or the area in which the text stands beside it."""
        told = single.assign(stands=single["node"])
        area = self._areas(asked.set_index("text").loc[single["text"]].reset_index(), single["node"].to_numpy())
        return told.assign(node=np.where(beside, area, told["node"]), rank=1, match_class="landmark")

    def _areas(self, asked: pd.DataFrame, node: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """What the texts' own words found, else the road, group or other area of what they say beside each landmark."""
        there = self._library.iloc[node].reset_index(drop=True)
        wanted = {
            level: there[level] if level in _AREAS else there[level].where(asked[level].notna(), None)
            for level in LEVELS
        }
        area = there[list(DIVISIONS)].assign(among=None, **wanted)
        found = self._matcher.whole(area.astype(object).where(area.notna(), None))
        best = found[found["score"].eq(found.groupby("text")["score"].transform("max"))]
        best = best[~best["text"].duplicated(keep=False)].set_index("text")["node"]
        own = asked["own"].to_numpy(dtype=np.int64)
        area_of = best.reindex(range(len(own)), fill_value=-1).to_numpy(dtype=np.int64)
        return np.asarray(np.where(own >= 0, own, area_of), dtype=np.int64)


def _asked(texts: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The texts with a word that may be a landmark's, and what else they say: ``text own word beside`` and columns.

    ``own`` is the node that is known of them without it. A word is what stands before 旁, else what could not be read,
    else the name of an estate; it is then no longer an element.
    """
    first = found[found["rank"].eq(1)].set_index("text")["node"].reindex(range(len(texts))).to_numpy(dtype=np.int64)
    related = texts["relation"].notna().to_numpy()
    at = np.flatnonzero((first < 0) | related)
    said = texts.iloc[at][[*DIVISIONS, "among", *LEVELS, "relation", "residual"]].astype(object)
    said = said.where(said.notna(), None).reset_index(drop=True)
    named = _finest(said).eq(LEVELS.index("estate")) & said["residual"].isna()
    before = said["relation"].str.extract(r"^(.+) [^ ]+$")[0]
    estate = said["estate"].where(named & said["relation"].isna())
    said["estate"] = said["estate"].mask(estate.notna(), None)
    said["word"] = before.where(said["relation"].notna() & said["residual"].isna(), said["residual"])
    said["word"] = said["word"].where(said["word"].notna(), estate)
    said = said.assign(text=at, own=first[at], beside=related[at])
    return said[said["word"].notna()].reset_index(drop=True)


def _finest(said: pd.DataFrame) -> pd.Series:
    """The place of the finest element said among the levels, -1 without one."""
    told = said[list(LEVELS)].notna().to_numpy()
    finest = len(LEVELS) - 1 - told[:, ::-1].argmax(axis=1)
    return pd.Series(np.where(told.any(axis=1), finest, -1), index=said.index)


def _stands_in(said: pd.DataFrame, there: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """The node lies in every division said, or in one of those that the text leaves open; it lies in a village."""
    inside = there["village"].notna().to_numpy(dtype=bool)
    for level in DIVISIONS:
        inside &= (said[level].isna() | said[level].eq(there[level])).to_numpy(dtype=bool)
    chains = there[list(DIVISIONS)].to_numpy(dtype=object)
    several = said["among"].notna().to_numpy()
    for row in np.flatnonzero(several & inside):
        inside[row] = not set(said["among"].iat[row].split("|")).isdisjoint(chains[row])
    return np.asarray(inside, dtype=bool)


def _agrees(said: pd.DataFrame, there: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """No element that both name differs."""
    agree = np.ones(len(said), dtype=bool)
    for level in LEVELS:
        agree &= (said[level].isna() | there[level].isna() | said[level].eq(there[level])).to_numpy(dtype=bool)
    return agree


def _left_out(said: pd.DataFrame, division: pd.Series) -> pd.Series:
    """How many levels of divisions are said finer than the one a name leaves out; -1 where that is not said."""
    told = said[list(DIVISIONS)].notna().to_numpy()
    finest = np.where(told.any(axis=1), told.argmax(axis=1), len(DIVISIONS))
    own = np.full(len(said), len(DIVISIONS))
    for at, level in enumerate(DIVISIONS):
        own[said[level].notna() & said[level].eq(division)] = at
    return pd.Series(np.where(division.notna() & (own == len(DIVISIONS)), -1, own - finest), index=said.index)


def _merged(found: pd.DataFrame, verdicts: pd.DataFrame, beside: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Verdicts by landmarks instead of those without, behind each its landmark, then what else fits."""
    undecided = found[~found["text"].isin(verdicts["text"])]
    several = undecided["text"].duplicated(keep=False)
    open_texts = undecided.loc[~several & undecided["node"].lt(0), "text"]
    landmark = beside.assign(match_class="landmark", place=1)
    others = fits[fits["text"].isin([*verdicts["text"], *open_texts])]
    others = others.assign(match_class="unresolved", place=2)
    told = pd.concat([verdicts.assign(place=0), landmark, others])
    told["stands"] = told["stands"].fillna(told["node"]).astype("int64")
    every = pd.concat([undecided.assign(place=undecided["rank"] - _RANKS), told], ignore_index=True)
    every = every.sort_values(["text", "place", "score", "node"], ascending=[True, True, False, True])
    every = every[~every.duplicated(["text", "node"]) | every["node"].lt(0)]
    every["rank"] = every.groupby("text").cumcount() + 1
    return every.loc[every["rank"] <= _RANKS, ["text", "rank", "node", "score", "match_class", "stands"]].reset_index(
        drop=True
    )
