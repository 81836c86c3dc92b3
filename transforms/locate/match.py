"""Addresses → nodes of the library, element by element.

Never by the likeness of whole strings: an element that both sides name must be equal (1502 is not 1503), one that
only one side names is missing, not a conflict. What is not found at its own level is looked for one level up
(match class ``parent``); where several nodes fit equally well, none is chosen, they stand as candidates.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms.divisions import LEVELS as DIVISIONS
from transforms.locate.library import LEVELS

Ints = npt.NDArray[np.int64]
FULL = 10_000
_MISSING, _EXTRA, _CUT, _NOWHERE = 200, 300, 1_500, 1_000  # what a doubt costs, of 10 000
_RANKS = 3
_ROAD, _DOOR, _ESTATE, _BUILDING, _GROUP = (LEVELS.index(x) for x in ("road", "door", "estate", "building", "group"))
# What joins a text to nodes besides its finest element: the first rule's elements must all be said.
_ANCHORS = ((_ROAD, _DOOR), (_ESTATE, _BUILDING), (_GROUP, _DOOR), (_ROAD,), (_ESTATE,), (_GROUP,))
_EVERYWHERE = "*"


class Matcher:
    """The library as integer codes, ready for many texts."""

    def __init__(self, library: pd.DataFrame, places: pd.DataFrame) -> None:
        """Encode the library's elements.

        Args:
            library: see :mod:`transforms.locate.library`, sorted by ``address_id``.
            places: divisions with ``code level``.
        """
        self._library = library.reset_index(drop=True)
        self._words = [
            {word: code for code, word in enumerate(sorted(library[level].dropna().unique()))} for level in LEVELS
        ]
        self._nodes = self._encode(self._library)
        self._leaf = _leaves(self._nodes)
        self._level_of = dict(zip(places["code"], places["level"], strict=True))

    def match(self, texts: pd.DataFrame) -> pd.DataFrame:
        """Find the node of each text.

        Args:
            texts: distinct parsed addresses, index 0..n-1: division codes, ``among`` and the elements of
                :data:`LEVELS`, text or None.

        Returns:
            ``text rank node score match_class``: ``node`` is a position in the library or -1; rank 1 is the verdict,
            the others are what else fits. A text without any candidate has no row.
        """
        elements = self._encode(texts)
        scopes = self._scopes(texts)
        open_texts = np.flatnonzero((elements != -1).any(axis=1))
        verdicts, others = [], []
        for cut in range(len(LEVELS)):
            if not len(open_texts):
                break
            found = self._candidates(elements, scopes[scopes["text"].isin(open_texts)])
            found["score"] -= cut * _CUT
            top = found.groupby("text")["score"].transform("max") if len(found) else found["score"]
            ties = found[found["score"] == top].groupby("text")["node"].transform("size")
            clear = found.loc[ties.index[ties == 1]]
            verdicts.append(clear.assign(match_class=_match_class(cut, clear)))
            others.append(found[~found.index.isin(clear.index)])
            open_texts = np.setdiff1d(open_texts, clear["text"].to_numpy())
            elements = _shortened(elements, open_texts)
            open_texts = open_texts[(elements[open_texts] != -1).any(axis=1)]
        return _ranked(pd.concat(verdicts) if verdicts else _NONE, pd.concat(others) if others else _NONE)

    def whole(self, texts: pd.DataFrame) -> pd.DataFrame:
        """``text node score`` of the nodes that say everything a text says and end where it ends."""
        elements = self._encode(texts)
        found = self._candidates(elements, self._scopes(texts))
        unsaid = (elements[found["text"]] != -1) & (self._nodes[found["node"]] == -1)
        return found[~unsaid.any(axis=1)].reset_index(drop=True)

    def _encode(self, frame: pd.DataFrame) -> Ints:
        """Rows × levels: -1 where not said, -2 where no node of the library says so."""
        columns = []
        for level, words in zip(LEVELS, self._words, strict=True):
            said = frame[level].notna().to_numpy()
            codes = frame[level].map(words).fillna(-2).to_numpy(dtype=np.int64)
            columns.append(np.where(said, codes, -1))
        return np.column_stack(columns)

    def _scopes(self, texts: pd.DataFrame) -> pd.DataFrame:
        """``text level code``: where to look. The finest division said, each of several that the text leaves open."""
        rows: list[tuple[int, str, str]] = []
        told = texts[["among", *DIVISIONS]].itertuples(index=False, name=None)
        for position, (among, *codes) in enumerate(told):
            if isinstance(among, str):
                rows += [(position, self._level_of.get(code, _EVERYWHERE), code) for code in among.split("|")]
                continue
            known = next(((lv, code) for lv, code in zip(DIVISIONS, codes, strict=True) if isinstance(code, str)), None)
            rows.append((position, *(known or (_EVERYWHERE, _EVERYWHERE))))
        return pd.DataFrame(rows, columns=["text", "level", "code"])

    def _candidates(self, elements: Ints, scopes: pd.DataFrame) -> pd.DataFrame:
        """``text node score`` of every node without a conflict that shares scope, finest element and an anchor."""
        leaf = _leaves(elements)
        pairs = [_NO_PAIRS]
        for level, of_level in scopes.groupby("level", sort=True):
            scope = self._library["village" if level == _EVERYWHERE else str(level)]
            if level == _EVERYWHERE:
                scope = scope.where(scope.isna(), _EVERYWHERE)  # a node that stands in no village is no place to be
            free = of_level
            for anchor in _ANCHORS:  # a text is joined by its strongest anchor that finds anything
                usable = free[(elements[free["text"].to_numpy()][:, list(anchor[:1])] >= 0).all(axis=1)]
                if len(anchor) > 1:
                    usable = usable[(elements[usable["text"].to_numpy()][:, anchor[1]] >= 0)]
                joined = self._joined(elements, leaf, usable, scope, anchor)
                pairs.append(joined)
        found = pd.concat(pairs).drop_duplicates(["text", "node"])
        return self._scored(elements, found)

    def _joined(
        self, elements: Ints, leaf: Ints, texts: pd.DataFrame, scope: pd.Series, anchor: tuple[int, ...]
    ) -> pd.DataFrame:
        if not len(texts):
            return _NO_PAIRS
        rows = texts["text"].to_numpy()
        left = {"code": texts["code"].to_numpy(), "leaf": leaf[rows], "text": rows}
        right = {"code": scope.to_numpy(), "leaf": self._leaf, "node": np.arange(len(self._leaf))}
        for number, level in enumerate(anchor):
            left[f"e{number}"], right[f"e{number}"] = elements[rows, level], self._nodes[:, level]
        keys = ["code", "leaf", *(f"e{number}" for number in range(len(anchor)))]
        joined = pd.DataFrame(left).merge(pd.DataFrame(right), on=keys)
        return joined[["text", "node"]].assign(everywhere=(joined["code"] == _EVERYWHERE).to_numpy())

    def _scored(self, elements: Ints, pairs: pd.DataFrame) -> pd.DataFrame:
        text, node = (
            elements[pairs["text"].to_numpy(dtype=np.int64)],
            self._nodes[pairs["node"].to_numpy(dtype=np.int64)],
        )
        said, there = text != -1, node != -1
        conflict = (said & there & (text != node)).any(axis=1)
        score = FULL - _MISSING * (there & ~said).sum(axis=1) - _EXTRA * (said & ~there).sum(axis=1)
        score = score - _NOWHERE * pairs["everywhere"].to_numpy(dtype=np.int64)
        found = pairs.assign(score=score.astype(np.int64))[~conflict]
        return found[["text", "node", "score"]].astype(np.int64).reset_index(drop=True)


_NO_PAIRS = pd.DataFrame(
    {"text": np.zeros(0, np.int64), "node": np.zeros(0, np.int64), "everywhere": np.zeros(0, bool)}
)
_NONE = pd.DataFrame({"text": [], "node": [], "score": [], "match_class": []})


def _leaves(elements: Ints) -> Ints:
    """Finest level and its word as one number; -1 where nothing is said."""
    said = elements != -1
    finest = len(LEVELS) - 1 - said[:, ::-1].argmax(axis=1)
    words = elements[np.arange(len(elements)), finest]
    return np.where(said.any(axis=1), finest * 100_000_000 + words, -1)


def _shortened(elements: Ints, rows: Ints) -> Ints:
    """The finest element of the given rows dropped."""
    elements = elements.copy()
    said = elements[rows] != -1
    finest = len(LEVELS) - 1 - said[:, ::-1].argmax(axis=1)
    elements[rows, finest] = -1
    return elements


def _match_class(cut: int, clear: pd.DataFrame) -> npt.NDArray[np.object_]:
    if cut:
        return np.full(len(clear), "parent", dtype=object)
    return np.where(clear["score"].to_numpy() == FULL, "exact", "normalised").astype(object)


def _ranked(verdicts: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Verdict first; where there is none, an empty verdict before the candidates."""
    undecided = others.loc[~others["text"].isin(verdicts["text"]), ["text"]].drop_duplicates()
    undecided = undecided.assign(node=-1, score=0, match_class="unresolved")
    first = pd.concat([verdicts, undecided]).assign(place=0)
    rest = others.assign(place=1, match_class="unresolved").sort_values(
        ["text", "score", "node"], ascending=[True, False, True]
    )
    rest = rest.drop_duplicates(["text", "node"])
    every = pd.concat([first, rest]).sort_values(
        ["text", "place", "score", "node"], ascending=[True, True, False, True]
    )
    every = every.drop_duplicates(["text", "node"])
    every["rank"] = every.groupby("text").cumcount() + 1
    return every.loc[every["rank"] <= _RANKS, ["text", "rank", "node", "score", "match_class"]].reset_index(drop=True)
