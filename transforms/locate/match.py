"""Addresses → nodes of the library, element by element.

Never by the likeness of whole strings: an element that both sides name must be equal (1502 is not 1503), one that
only one side names is missing, not a conflict. What is not found at its own level is looked for one level up
(match class ``parent``); where several nodes fit equally well, none is chosen, they stand as candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock

import numpy as np
import numpy.typing as npt
import pandas as pd

from transforms.divisions import LEVELS as DIVISIONS
from transforms.locate.library import LEVELS

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
FULL = 10_000
_MISSING, _EXTRA, _CUT, _NOWHERE = 200, 300, 1_500, 1_000  # what a doubt costs, of 10 000
_RANKS = 3
# What joins a text to nodes besides its finest element; a door or a building in conflict is seen after.
_ANCHORS = tuple(LEVELS.index(level) for level in ("road", "estate", "group"))
_EVERYWHERE = "*"
_UNSAID, _UNKNOWN = -1, -2


@dataclass(frozen=True)
class _Scope:
    """Where some texts are looked for: ``text`` in the division ``code`` of the level, a place among its codes."""

    level: str
    text: Ints
    code: Ints


@dataclass(frozen=True)
class _Found:
    """Nodes that may be what a text names, as parallel columns."""

    text: Ints
    node: Ints
    score: Ints

    def where(self, mask: Flags) -> _Found:
        """Some of them."""
        return _Found(self.text[mask], self.node[mask], self.score[mask])

    def frame(self) -> pd.DataFrame:
        """The same as a table."""
        return pd.DataFrame({"text": self.text, "node": self.node, "score": self.score})

    def clear(self, texts: int) -> Flags:
        """The best node of each text that has no equal."""
        top = np.full(texts, np.iinfo(np.int64).min)
        np.maximum.at(top, self.text, self.score)
        best = self.score == top[self.text]
        return np.asarray(best & (np.bincount(self.text[best], minlength=texts)[self.text] == 1), dtype=bool)


class Matcher:
    """The library as integer codes, ready for many texts."""

    def __init__(self, library: pd.DataFrame, places: pd.DataFrame) -> None:
        """Encode the library's elements.

        Args:
            library: see :mod:`transforms.locate.library`, sorted by ``address_id``; a node whose road has other names
                is found by each.
            places: divisions with ``code level``.
        """
        self._node, library = _by_every_name(library)
        self._words = [pd.Index(library[level].dropna().unique(), dtype=object) for level in LEVELS]
        self._nodes = self._encode(library)
        self._leaves, self._leaf = np.unique(_leaves(self._nodes), return_inverse=True)
        self._level_of = dict(zip(places["code"], places["level"], strict=True))
        named = library["village"].notna()  # a node that stands in no village is no place to be
        scopes = {_EVERYWHERE: library["village"].mask(named, _EVERYWHERE), **{lv: library[lv] for lv in DIVISIONS}}
        self._codes = {level: pd.Index(scope.dropna().unique(), dtype=object) for level, scope in scopes.items()}
        self._scope = {level: self._codes[level].get_indexer(scope) for level, scope in scopes.items()}
        self._indexes: dict[tuple[str, int], tuple[Ints, Ints]] = {}
        self._lock = Lock()

    def match(self, texts: pd.DataFrame) -> pd.DataFrame:
        """Find the node of each text.

        Args:
            texts: distinct parsed addresses, index 0..n-1: division codes, ``among`` and the elements of
                :data:`LEVELS`, text or None.

        Returns:
            ``text rank node score match_class``: ``node`` is a position in the library or -1; rank 1 is the verdict,
            the others are what else fits. A text without any candidate has no row.
        """
        elements, scopes = self._encode(texts), list(self._scopes(texts))
        is_open = (elements != _UNSAID).any(axis=1)
        verdicts, others = [], []
        for cut in range(len(LEVELS)):
            if not is_open.any():
                break
            found = self._known(self._candidates(elements, scopes, is_open, less=cut * _CUT))
            is_clear = found.clear(len(texts))
            clear = found.where(is_clear).frame()
            verdicts.append(clear.assign(match_class=_match_class(cut, clear)))
            others.append(found.where(~is_clear).frame())
            is_open[clear["text"]] = False
            elements = _shortened(elements, np.flatnonzero(is_open))
            is_open &= (elements != _UNSAID).any(axis=1)
        return _ranked(*(pd.concat([p for p in parts if len(p)] or [_NONE]) for parts in (verdicts, others)))

    def whole(self, texts: pd.DataFrame) -> pd.DataFrame:
        """``text node score`` of the nodes that say everything a text says and end where it ends."""
        elements = self._encode(texts)
        found = self._candidates(elements, list(self._scopes(texts)), np.ones(len(texts), dtype=bool))
        unsaid = (elements[found.text] != _UNSAID) & (self._nodes[found.node] == _UNSAID)
        return self._known(found.where(~unsaid.any(axis=1))).frame()

    def _known(self, found: _Found) -> _Found:
        """Nodes by whatever name they were found, each once, by its best score."""
        if len(self._node) == self._node.max(initial=-1) + 1:
            return found
        node = self._node[found.node]
        order = np.lexsort((-found.score, node, found.text))
        text, node, score = found.text[order], node[order], found.score[order]
        first = np.r_[True, (np.diff(text) != 0) | (np.diff(node) != 0)][: len(text)]
        return _Found(text, node, score).where(first)

    def _encode(self, frame: pd.DataFrame) -> Ints:
        """Rows × levels: -1 where not said, -2 where no node of the library says so."""
        columns = []
        for level, words in zip(LEVELS, self._words, strict=True):
            codes = words.get_indexer(pd.Index(frame[level]))  # of categories: each word once
            unknown = (codes < 0) & frame[level].notna().to_numpy()
            columns.append(np.where(unknown, _UNKNOWN, codes))
        return np.column_stack(columns).astype(np.int64)

    def _scopes(self, texts: pd.DataFrame) -> Iterator[_Scope]:
        """Where to look: the finest division said, each of several that the text leaves open, or everywhere."""
        several = texts["among"].notna()
        told = [
            (at, code, self._level_of.get(code, _EVERYWHERE))
            for at, among in texts.loc[several, "among"].items()
            for code in among.split("|")
        ]
        said = texts[list(DIVISIONS)].notna().to_numpy() & ~several.to_numpy()[:, None]
        nowhere = np.flatnonzero(~said.any(axis=1) & ~several.to_numpy())
        finest = np.where(said.any(axis=1), said.argmax(axis=1), len(DIVISIONS))
        for place, level in enumerate((_EVERYWHERE, *DIVISIONS)):
            at = nowhere if level == _EVERYWHERE else np.flatnonzero(finest == place - 1)
            if level == _EVERYWHERE:
                codes = np.full(len(at), self._codes[level].get_indexer([_EVERYWHERE])[0])
            else:
                codes = self._codes[level].get_indexer(pd.Index(texts[level].iloc[at]))
            open_here = [(one, code) for one, code, of in told if of == level]
            text = np.concatenate([at, np.array([one for one, _ in open_here], dtype=np.int64)])
            among = self._codes[level].get_indexer(pd.Index([code for _, code in open_here], dtype=object))
            code = np.concatenate([codes, among])
            yield _Scope(level, text[code >= 0], code[code >= 0])

    def _candidates(self, elements: Ints, scopes: list[_Scope], is_open: Flags, less: int = 0) -> _Found:
        """Every node without a conflict that shares scope, finest element and an anchor with an open text."""
        leaf = _leaves(elements)
        at = np.minimum(np.searchsorted(self._leaves, leaf), max(len(self._leaves) - 1, 0))
        known = is_open & (self._leaves[at] == leaf) if len(self._leaves) else np.zeros(len(elements), dtype=bool)
        pairs = [(np.zeros(0, dtype=np.int64),) * 3]
        for scope in scopes:
            for anchor in _ANCHORS:
                usable = known[scope.text] & (elements[scope.text, anchor] >= 0)
                text = scope.text[usable]
                if len(text):
                    asked = self._key(scope.code[usable], at[text], elements[text, anchor], anchor)
                    found, node = self._met(scope.level, anchor, asked)
                    pairs.append((text[found], node, np.full(len(node), scope.level == _EVERYWHERE, dtype=np.int64)))
        text, node, everywhere = (np.concatenate(columns) for columns in zip(*pairs, strict=True))
        once = np.unique(text * len(self._nodes) + node, return_index=True)[1]
        return self._scored(elements, text[once], node[once], less + _NOWHERE * everywhere[once])

    def _met(self, level: str, anchor: int, asked: Ints) -> tuple[Ints, Ints]:
        """(place in ``asked``, node) of the nodes that bear a key."""
        with self._lock:
            if (level, anchor) not in self._indexes:
                self._indexes[level, anchor] = self._index(level, anchor)
        keys, node = self._indexes[level, anchor]
        start, end = np.searchsorted(keys, asked, "left"), np.searchsorted(keys, asked, "right")
        times = end - start
        at = np.repeat(start - np.cumsum(times) + times, times) + np.arange(int(times.sum()))
        return np.repeat(np.arange(len(asked)), times), node[at]

    def _index(self, level: str, anchor: int) -> tuple[Ints, Ints]:
        """The keys of the nodes that have the anchor in a division of the level, ascending, and whose each is."""
        scope = self._scope[level]
        node = np.flatnonzero((scope >= 0) & (self._nodes[:, anchor] >= 0))
        keys = self._key(scope[node], self._leaf[node], self._nodes[node, anchor], anchor)
        order = np.argsort(keys, kind="stable")
        return keys[order], node[order]

    def _key(self, scope: Ints, leaf: Ints, word: Ints, anchor: int) -> Ints:
        """The three as one number; each has at most as many values as there are nodes: two million of them fit."""
        return np.asarray((scope * len(self._leaves) + leaf) * len(self._words[anchor]) + word, dtype=np.int64)

    def _scored(self, elements: Ints, text: Ints, node: Ints, less: Ints) -> _Found:
        """Level by level: a city's pairs of text and node are many, and most fall at the first conflict."""
        score = FULL - less
        for level in range(len(LEVELS)):
            told, have = elements[text, level], self._nodes[node, level]
            said, there = told != _UNSAID, have != _UNSAID
            score = score - _MISSING * (there & ~said) - _EXTRA * (said & ~there)
            agree = ~(said & there & (told != have))
            if not agree.all():
                text, node, score = text[agree], node[agree], score[agree]
        return _Found(text, node, score.astype(np.int64))


def _by_every_name(library: pd.DataFrame) -> tuple[Ints, pd.DataFrame]:
    """The library with a row more for each other name of a node's road, and the node that each row stands for."""
    at = np.arange(len(library), dtype=np.int64)
    if "other_roads" not in library:  # a night located before roads had several names can still be asked
        return at, library
    roads = library["other_roads"].dropna().astype(str).str.split("|").explode()
    if roads.empty:
        return at, library
    again = library.index.get_indexer(roads.index)
    more = library.iloc[again].assign(road=roads.to_numpy())
    return np.concatenate([at, again]), pd.concat([library, more], ignore_index=True)


_NONE = pd.DataFrame({name: np.zeros(0, np.int64) for name in ("text", "node", "score")}).assign(match_class=None)


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
