"""How far a partition agrees with the truth: pairs, B³, and entities joined or torn wrongly. Pure counting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Measure:
    """Agreement of a partition with the truth over some records.

    Pairs: a pair of records of one entity. B³ (Bagga and Baldwin 1998): the mean over records of the share of their
    entity that is right. Where a denominator is empty the ratio is 1.

    Attributes:
        records: how many were compared, each once.
        over_merged: published entities that hold records of more than one true entity.
        under_merged: true entities whose records stand in more than one published entity.
    """

    records: int
    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    over_merged: int
    under_merged: int


def numbered(names: pa.ChunkedArray) -> Codes:
    """Texts by their place in the alphabet of those there are; null: -1."""
    coded = names.combine_chunks().dictionary_encode()
    rank = np.empty(len(coded.dictionary), dtype=np.int64)
    rank[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(len(rank))
    found: Codes = np.append(rank, -1)[coded.indices.fill_null(-1).to_numpy()]
    return found


class Partitions:
    """Two partitions of the same records, to be compared over all of them or over subgroups.

    What a subgroup costs grows with its records, not with all: a city has millions, and some forty subgroups.
    """

    def __init__(self, found: Codes, truth: Codes) -> None:
        """Number the entities of either and of both.

        Args:
            found: entity per record as published, a number from 0; below 0: the record stands in none, and is its own.
            truth: entity per record as it is, likewise.
        """
        self._found, self._truth = _gapless(found), _gapless(truth)
        width = int(self._truth.max(initial=0)) + 1
        together, self._both = np.unique(self._found * width + self._truth, return_inverse=True)
        self._sizes = tuple(np.bincount(codes) for codes in (self._both, self._found, self._truth))
        # of each entity as published, how many true ones it holds; of each true one, in how many published ones it is
        self._holds = np.bincount(together // width), np.bincount(together % width)

    def measure(self, among: npt.NDArray[np.bool_] | None = None) -> Measure:
        """Compare them.

        Args:
            among: True for the records of a subgroup; pairs count when at least one of the two is in it. Default all.
        """
        inside = slice(None) if among is None else np.flatnonzero(among)
        columns = [codes[inside] for codes in (self._both, self._found, self._truth)]
        both, of_found, of_truth = (_pairs(sizes, codes) for sizes, codes in zip(self._sizes, columns, strict=True))
        shared, in_found, in_truth = (sizes[codes] for sizes, codes in zip(self._sizes, columns, strict=True))
        b3 = [float((shared / size).mean()) if len(shared) else 1.0 for size in (in_found, in_truth)]
        precision, recall = _ratio(both, of_found), _ratio(both, of_truth)
        return Measure(
            records=len(shared),
            precision=precision,
            recall=recall,
            f1=_harmonic(precision, recall),
            b3_precision=b3[0],
            b3_recall=b3[1],
            b3_f1=_harmonic(*b3),
            over_merged=int((self._holds[0][np.unique(columns[1])] > 1).sum()),
            under_merged=int((self._holds[1][np.unique(columns[2])] > 1).sum()),
        )


def _gapless(codes: Codes) -> Codes:
    """The same partition with numbers without a gap; a record below 0 has one of its own."""
    own = np.flatnonzero(codes < 0)
    apart = codes.copy()
    apart[own] = codes.max(initial=-1) + 1 + np.arange(len(own))
    return np.unique(apart, return_inverse=True)[1]


def _pairs(sizes: Codes, codes: Codes) -> int:
    """Pairs of one entity of which at least one record is inside: all of the entities touched less those outside."""
    inside = np.bincount(codes, minlength=len(sizes))
    touched = np.flatnonzero(inside)
    whole, outside = sizes[touched], sizes[touched] - inside[touched]
    return int((whole * (whole - 1) // 2 - outside * (outside - 1) // 2).sum())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
