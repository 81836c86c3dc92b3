"""How far a partition agrees with the truth: pairs, B³, and entities joined or torn wrongly. Pure counting."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


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


def measure(found: pd.Series, truth: pd.Series, among: pd.Series | None = None) -> Measure:
    """Compare two partitions of the same records.

    Args:
        found: entity per record as published.
        truth: entity per record as it is.
        among: True for the records of a subgroup; pairs then count when at least one of the two is in it. Default all.
    """
    codes = pd.DataFrame({"found": pd.factorize(found)[0], "truth": pd.factorize(truth)[0]})
    inside = np.ones(len(codes), dtype=bool) if among is None else np.asarray(among, dtype=bool)
    both, of_found, of_truth = (_pairs(codes, names, inside) for names in (["found", "truth"], ["found"], ["truth"]))
    shared = codes.groupby(["found", "truth"])["found"].transform("size")
    b3 = [
        float((shared / codes.groupby(name)["found"].transform("size"))[inside].mean()) if inside.any() else 1.0
        for name in ("found", "truth")
    ]
    distinct = codes.drop_duplicates()
    touched = codes[inside]
    precision, recall = _ratio(both, of_found), _ratio(both, of_truth)
    return Measure(
        records=int(inside.sum()),
        precision=precision,
        recall=recall,
        f1=_harmonic(precision, recall),
        b3_precision=b3[0],
        b3_recall=b3[1],
        b3_f1=_harmonic(*b3),
        over_merged=_mixed(distinct, "found", touched),
        under_merged=_mixed(distinct, "truth", touched),
    )


def _pairs(codes: pd.DataFrame, names: list[str], inside: np.ndarray) -> int:
    """Pairs that agree on the columns, less those of which neither record is inside."""

    def of(part: pd.DataFrame) -> int:
        sizes = part.groupby(names).size().to_numpy(dtype=np.int64)
        return int((sizes * (sizes - 1) // 2).sum())

    return of(codes) - of(codes[~inside])


def _mixed(distinct: pd.DataFrame, name: str, touched: pd.DataFrame) -> int:
    counts = distinct.groupby(name).size()
    return int((counts[counts.index.isin(touched[name])] > 1).sum())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
