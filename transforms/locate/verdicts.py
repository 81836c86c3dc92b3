"""What is found for each distinct text: up to three places, as codes; a record only points at its text's rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from transforms.locate.ahead import ahead
from transforms.locate.beside import Landmarks
from transforms.locate.library import LEVELS
from transforms.locate.match import Matcher
from transforms.locate.readings import decide
from transforms.locate.texts import SILENT
from transforms.located import COLUMNS

Codes = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
LANDMARK = "landmark"  # match class of who names one, method of a grid that is only a landmark's
_OUTSIDE = "outside"  # the level standardise gives an address of elsewhere; where no grids are sent, all is outside
_OF_GROUND = ("village", "grid_id", "method", "reason")  # of where a text stands, which may be beside its node
_UNREAD = 1_500  # as much as a level dropped
_PIECE = 40_000  # texts matched at a time


@dataclass(frozen=True)
class Verdicts:
    """The rows of ``model.LOCATED`` of every text, without their record.

    Attributes:
        start: where the rows of each text begin, and at last where those of the last one end.
        rank: 1, 2 or 3 per row.
        score: of 10 000.
        codes: column of :data:`transforms.located.COLUMNS` → place in its words, -1 for null.
        words: column → what may stand there.
    """

    start: Numbers
    rank: Codes
    score: Codes
    codes: dict[str, Codes]
    words: dict[str, pd.Index]

    def column(self, name: str, rows: Numbers) -> pa.Array:
        """Some rows of a column of words."""
        codes = self.codes[name][rows]
        return self.spelled[name].take(pa.array(codes, mask=codes < 0))

    @cached_property
    def spelled(self) -> dict[str, pa.Array]:
        """The words as the table has them, made once: a city's buildings alone are a million."""
        return {name: pa.array(words, pa.string()) for name, words in self.words.items()}

    def and_points(self, found: pd.DataFrame) -> tuple[Verdicts, Numbers]:
        """With one text more for each point found (``grid_id reason``), and which of the texts that is."""
        said = {"grid_id": found["grid_id"], "reason": found["reason"], "method": _method(found["grid_id"])}
        words = {name: _more(self.words[name], said[name]) if name in said else self.words[name] for name in COLUMNS}
        none = np.full(len(found), -1, dtype=np.int32)
        codes = {name: _codes(words[name], said[name]) if name in said else none for name in COLUMNS}
        first = np.arange(1, len(found) + 1)
        both = replace(
            self, words=words, start=np.concatenate([self.start, self.start[-1] + first]),
            rank=np.concatenate([self.rank, np.ones(len(found), dtype=np.int32)]),
            score=np.concatenate([self.score, np.zeros(len(found), dtype=np.int32)]),
            codes={name: np.concatenate([self.codes[name], codes[name]]) for name in COLUMNS},
        )  # fmt: skip
        return both, len(self.start) - 2 + first


def _method(grid: pd.Series) -> pd.Series:
    return grid.notna().map({True: "polygon", False: None}).astype(object)


class Ground:
    """The library's nodes and their grids as codes, made once for all texts."""

    def __init__(self, library: pd.DataFrame, grid_of: dict[str, pd.DataFrame]) -> None:
        """Encode.

        Args:
            library: see :mod:`transforms.locate.library`, sorted by ``address_id``.
            grid_of: node kind → ``grid_id method reason`` by node id, of tonight's cut.
        """
        self.words = {"address_id": pd.Index(library["address_id"], dtype=object)}
        node: dict[str, Codes] = {"address_id": np.arange(len(library), dtype=np.int32)}
        for name in ("building_id", "house_id", "level", "village"):
            codes, words = pd.factorize(library[name])
            node[name], self.words[name] = codes.astype(np.int32), pd.Index(words, dtype=object)
        address = grid_of["address"].reindex(self.words["address_id"])
        self._division = grid_of["division"]
        for name in ("grid_id", "method", "reason"):
            self.words[name] = _more(_more(pd.Index([], dtype=object), address[name]), self._division[name])
            node[name] = _codes(self.words[name], address[name])
        self.node = {name: np.append(codes, np.int32(-1)) for name, codes in node.items()}  # the last stands for none

    def of_division(self, villages: pd.Index) -> dict[str, Codes]:
        """``grid_id method`` of divisions, a last row for none."""
        told = self._division.reindex(villages)
        return {name: np.append(_codes(self.words[name], told[name]), np.int32(-1)) for name in ("grid_id", "method")}


def verdicts(texts: pd.DataFrame, matcher: Matcher, ground: Ground, landmarks: Landmarks, threads: int = 1) -> Verdicts:
    """Find the places of distinct texts.

    Args:
        texts: see :class:`transforms.locate.texts.Texts`.
        matcher: of the library.
        ground: of the same.
        landmarks: of the same.
        threads: how many pieces of the texts are matched at once; what is found does not depend on it.
    """

    def piece(begin: int) -> pd.DataFrame:
        some = texts.iloc[begin : begin + _PIECE].reset_index(drop=True)
        found = landmarks.decide(some, matched(some, matcher))
        return found.assign(text=found["text"] + begin)

    found = [piece(0)]  # alone: it makes what all share
    found += ahead(piece, range(_PIECE, len(texts), _PIECE), threads)
    return _told(texts, pd.concat(found, ignore_index=True), ground)


def certain(texts: pd.DataFrame, matcher: Matcher) -> Numbers:
    """The node of each text that leads to one as it stands, -1 for the others."""
    found = matched(texts.reset_index(drop=True), matcher)
    found = found[found["rank"].eq(1) & found["match_class"].isin(["exact", "normalised"])]
    node = np.full(len(texts), -1, dtype=np.int64)
    node[found["text"]] = found["node"]
    return node


def matched(texts: pd.DataFrame, matcher: Matcher) -> pd.DataFrame:
    """``text rank node score match_class`` of every text by its elements alone.

    Who says more than could be read is not at the node itself: a number or a relation names a place in or beside it.
    """
    found, read = matcher.match(texts), decide(texts, matcher)
    rest = found[~found["text"].isin(read["text"])]
    silent = np.setdiff1d(np.arange(len(texts)), np.concatenate([rest["text"], read["text"]]))
    nothing = pd.DataFrame({"text": silent, "rank": 1, "node": -1, "score": 0, "match_class": "unresolved"})
    every = pd.concat([rest, read.assign(rank=1, match_class="normalised"), nothing], ignore_index=True)
    every = every.sort_values(["text", "rank"], ignore_index=True)
    unread = texts["residual"].str.contains(r"\d", na=False).to_numpy(dtype=bool, copy=True)
    unread[read["text"].to_numpy()] = False  # what the library could read is no residual
    unread |= texts["relation"].notna().to_numpy()
    less = unread[every["text"].to_numpy()] & every["match_class"].isin(["exact", "normalised"]).to_numpy()
    return every.assign(match_class=every["match_class"].mask(less, "parent"), score=every["score"] - _UNREAD * less)


def _told(texts: pd.DataFrame, found: pd.DataFrame, ground: Ground) -> Verdicts:
    """What each row says: of its node, or of the text alone."""
    text, node, rank, stands = (found[name].to_numpy(dtype=np.int64) for name in ("text", "node", "rank", "stands"))
    hit, beside = node >= 0, stands != node
    words = dict(ground.words)
    for name, word in (("level", "village"), ("method", LANDMARK)):
        words[name] = _more(words[name], pd.Series([word], dtype=object))
    for name, of in (("level", ["level"]), ("village", ["village", "town"])):
        for column in of:
            words[name] = _more(words[name], texts[column])
    village, town, level = (
        _codes(words[name], texts[column])[text]
        for name, column in (("village", "village"), ("village", "town"), ("level", "level"))
    )
    codes = {name: of[stands if name in _OF_GROUND else node] for name, of in ground.node.items()}
    codes["village"] = np.where(stands >= 0, codes["village"], np.where(village >= 0, village, town))
    codes["level"] = np.where(hit, codes["level"], np.where(rank == 1, level, np.int32(-1)))
    codes["level"][~hit & beside] = words["level"].get_loc("village")
    codes["method"][beside & (codes["grid_id"] >= 0)] = words["method"].get_loc(LANDMARK)
    codes["house_id"][found["match_class"].eq(LANDMARK).to_numpy()] = -1  # a landmark's name is nobody's dwelling
    above = ground.of_division(words["village"])
    own = codes["grid_id"] >= 0
    codes["grid_id"] = np.where(own, codes["grid_id"], above["grid_id"][codes["village"]])
    codes["method"] = np.where(own, codes["method"], above["method"][codes["village"]])
    codes["reason"], words["reason"] = _reasons(texts, text, hit, beside, codes, words)
    codes["match_class"], words["match_class"] = _factorized(found["match_class"])
    start = np.searchsorted(text, np.arange(len(texts) + 1))
    ranks, scores = (found[name].to_numpy(dtype=np.int32) for name in ("rank", "score"))
    return Verdicts(start, ranks, scores, codes, words)


def _reasons(
    texts: pd.DataFrame, text: Numbers, hit: Flags, beside: Flags, codes: dict[str, Codes], words: dict[str, pd.Index]
) -> tuple[Codes, pd.Index]:
    """Why there is no node, or why the node stands in no grid and its village neither."""
    fixed = ["unresolved", "village_only", _OUTSIDE, "no_address"]
    known = _more(words["reason"], pd.Series(fixed, dtype=object))
    unresolved, village_only, outside, no_address = _codes(known, pd.Series(fixed, dtype=object))
    elements = texts[list(LEVELS)].notna().any(axis=1).to_numpy()
    reason = np.where(~elements[text] & (codes["village"] >= 0), village_only, unresolved)
    reason[texts["level"].eq(_OUTSIDE).to_numpy()[text]] = outside
    reason[texts[SILENT].to_numpy()[text]] = no_address
    reason[beside] = village_only
    of_node = np.where(codes["reason"] >= 0, codes["reason"], outside)
    of_node = np.where(codes["grid_id"] >= 0, np.int32(-1), of_node)
    return np.where(hit, of_node, reason).astype(np.int32), known


def _more(words: pd.Index, column: pd.Series) -> pd.Index:
    """The words, and behind them those of a column that are not among them."""
    said = pd.Index(column.dropna().unique(), dtype=object)
    return words.append(said[words.get_indexer(said) < 0])


def _codes(words: pd.Index, column: pd.Series) -> Codes:
    return np.asarray(words.get_indexer(pd.Index(column)), dtype=np.int32)


def _factorized(column: pd.Series) -> tuple[Codes, pd.Index]:
    codes, words = pd.factorize(column)
    return codes.astype(np.int32), pd.Index(words, dtype=object)
