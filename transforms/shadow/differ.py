"""Two ways of standing together: how many pairs they have apart from each other, and the ties behind some of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Apart:
    """How two partitions of the same records differ.

    Attributes:
        joined: pairs of records that stand together now and did not before.
        parted: pairs that did and no longer do.
    """

    joined: int
    parted: int


def apart(before: Ints, now: Ints) -> Apart:
    """Count pairs without making any: those of each set, less those that stand together in both.

    Args:
        before: per record the number of its entity.
        now: per record, in the same order, the number of its entity in the other partition.
    """
    both = _pairs(before * (int(now.max(initial=0)) + 1) + now)
    return Apart(_pairs(now) - both, _pairs(before) - both)


def _pairs(of: Ints) -> int:
    _, counts = np.unique(of, return_counts=True)
    return int((counts * (counts - 1) // 2).sum())


@dataclass(frozen=True)
class Tie:
    """A pair of records that one model ties and whose entities differ between the two.

    Attributes:
        left, right: entities of the two records, where they stand apart.
        together: the entity of both, where they stand together.
        score: x 10^4. evidence: the comparison in words, no values.
    """

    left: str
    right: str
    together: str
    score: int
    evidence: str


def ties(pairs: pa.Table, together: pa.Array, asunder: pa.Array, accept: int, most: int) -> list[Tie]:
    """Pairs that are strong enough, together in one partition and apart in the other: a few, the strongest first.

    Two entities are told once.

    Args:
        pairs: left, right (places of records), score, how, evidence.
        together: per record its entity where the ties hold.
        asunder: per record its entity where they do not.
        accept: the score from which a pair joins.
        most: how many.
    """
    left, right = (pairs[end].to_numpy().astype(np.int64) for end in ("left", "right"))
    score = pairs["score"].to_numpy()
    code = {id(of): of.dictionary_encode().indices.to_numpy() for of in (together, asunder)}
    strong = (score >= accept) & (code[id(together)][left] == code[id(together)][right])
    found = np.flatnonzero(strong & (code[id(asunder)][left] != code[id(asunder)][right]))
    found = found[np.lexsort((right[found], left[found], -score[found]))]
    told: dict[tuple[str, str], Tie] = {}
    for at in found:
        ends = asunder[int(left[at])].as_py(), asunder[int(right[at])].as_py()
        one = (min(ends), max(ends))
        if one not in told:
            where, words = together[int(left[at])].as_py(), pairs["evidence"][int(at)].as_py()
            told[one] = Tie(*one, where, int(score[at]), str(words or pairs["how"][int(at)].as_py()))
        if len(told) == most:
            break
    return list(told.values())
