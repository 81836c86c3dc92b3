"""Edges between records as parallel columns, and as the table that leaves the room."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

import numpy as np
import pyarrow as pa

from transforms.link.codes import Whole, by_both
from transforms.link.posterior import SCALE
from transforms.model import PAIR
from transforms.threads import ahead

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


def tables(found: Sequence[Pairs], ids: pa.Array, threads: int = 1) -> Iterator[pa.Table]:
    """All pairs as model.PAIR with the record ids, sorted, in pieces; at least one.

    Args:
        found: the pairs.
        ids: of the records.
        threads: how many make the pieces that follow while one is written.
    """
    u, v, score = (np.concatenate([getattr(pairs, name) for pairs in found]) for name in ("u", "v", "score"))
    starts = np.cumsum([0, *(len(pairs.words) for pairs in found)])
    said = np.concatenate([pairs.evidence + np.int32(at) for pairs, at in zip(found, starts, strict=False)])
    words = pa.array([word for pairs in found for word in pairs.words], pa.string())
    how = pa.array([pairs.how for pairs in found for _ in pairs.words], pa.string())
    order = by_both(u, v)

    def piece(start: int) -> pa.Table:
        at = order[start : start + _PIECE]
        columns = [
            ids.take(pa.array(u[at])), ids.take(pa.array(v[at])), pa.array(score[at], pa.int32()),
            how.take(pa.array(said[at])), words.take(pa.array(said[at])),
        ]  # fmt: skip
        return pa.table(columns, schema=PAIR)

    return ahead(threads, (partial(piece, start) for start in range(0, max(len(order), 1), _PIECE)))
