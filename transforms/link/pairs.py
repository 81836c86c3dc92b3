"""Edges between records as parallel columns, and as the table that leaves the room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.link.codes import Whole, by_both
from transforms.link.posterior import SCALE
from transforms.model import PAIR

_PIECE = 2**20  # pairs written at a time: a row group


@dataclass(frozen=True)
class Pairs:
    """Edges between records, parallel columns.

    Attributes:
        u: record number, smaller than ``v``.
        v: record number.
        score: x 10^4.
        how: number, key or scored.
        evidence: in words, as a place in ``words``.
        words: what the evidence of a pair may be.
    """

    u: Whole
    v: Whole
    score: Whole
    how: str
    evidence: Whole
    words: list[str]

    @classmethod
    def sure(cls, u: Whole, v: Whole, how: str) -> Self:
        """Pairs that say the same number or key."""
        return cls(u, v, np.full(len(u), SCALE, dtype=np.int16), how, np.zeros(len(u), dtype=np.int8), [f"{how}=same"])

    def beside(self, other: Pairs) -> Pairs:
        """Both, where they have no pair in common."""
        u, v, score = (
            np.concatenate([getattr(pairs, name) for pairs in (self, other)]) for name in ("u", "v", "score")
        )
        said = np.concatenate([self.evidence, other.evidence + len(self.words)])
        return Pairs(u, v, score, self.how, said, [*self.words, *other.words])


def tables(found: Sequence[Pairs]) -> Iterator[pa.Table]:
    """All pairs as model.PAIR, words as codes, sorted, in pieces; at least one."""
    u, v, score = (np.concatenate([getattr(pairs, name) for pairs in found]) for name in ("u", "v", "score"))
    starts = np.cumsum([0, *(len(pairs.words) for pairs in found)])
    said = np.concatenate([pairs.evidence + np.int32(at) for pairs, at in zip(found, starts, strict=False)])
    words = pa.array([word for pairs in found for word in pairs.words], pa.string())
    hows = pa.array(dict.fromkeys(pairs.how for pairs in found), pa.string())
    how = pc.index_in(pa.array([pairs.how for pairs in found for _ in pairs.words], pa.string()), hows).to_numpy()
    order = by_both(u, v)
    for start in range(0, max(len(order), 1), _PIECE):
        at = order[start : start + _PIECE]
        of = said[at]
        coded = [pa.DictionaryArray.from_arrays(code, told) for code, told in ((how[of], hows), (of, words))]
        ends = [pa.array(end[at], pa.int32()) for end in (u, v)]
        yield pa.table([*ends, pa.array(score[at], pa.int32()), *coded], PAIR.names)
