"""The hand-over table of one kind: up to three candidates per record and address, a place or a reason for each."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa

from transforms.locate.ahead import ahead
from transforms.locate.beside import Landmarks
from transforms.locate.cut import Cut
from transforms.locate.match import Matcher
from transforms.locate.texts import Texts, of_frame
from transforms.locate.verdicts import Ground, Numbers, Verdicts, verdicts
from transforms.located import COLUMNS, Best, coded
from transforms.model import LOCATED

_PIECE = 100_000  # records written at a time


def addresses(live: pd.DataFrame, prop: str, matcher: Matcher, ground: Ground, landmarks: Landmarks) -> pd.DataFrame:
    """Locate one address property of a small table.

    Args:
        live: records with ``record_id`` and the property's clean columns (:data:`transforms.locate.texts.SAID`).
        prop: the property's name.
        matcher: of the library.
        ground: of the same, with the grids of tonight's cut.
        landmarks: of the same.

    Returns:
        Columns of ``model.LOCATED`` in the order of the records; every record has rank 1.
    """
    texts = of_frame(live, prop)
    found = verdicts(texts.table, matcher, ground, landmarks)
    ids = pa.array(live["record_id"], pa.string())
    return pa.concat_tables(pieces(ids, texts.of_row, found)).to_pandas()


def points(lon: pd.Series, lat: pd.Series, cut: Cut | None) -> pd.DataFrame:
    """``grid_id reason`` of records that have a point of their own, by the polygon around it."""
    if cut is None:
        return pd.DataFrame({"grid_id": None, "reason": "outside"}, index=lon.index, dtype=object)
    return cut.assign(lon, lat)


def with_points(texts: Texts, found: Verdicts, at: pd.DataFrame) -> tuple[dict[str, Numbers], Verdicts]:
    """Texts and verdicts of a kind whose records have points too, told as property ``point``."""
    found, of_point = found.and_points(at)
    return texts.of_row | {"point": of_point}, found


def pieces(ids: pa.Array, of_row: dict[str, Numbers], found: Verdicts, threads: int = 1) -> Iterator[pa.Table]:
    """The table, by record, property and rank, some records at a time.

    Args:
        ids: record ids, in the order in which they are written.
        of_row: property → the text of each record.
        found: what is found for the texts.
        threads: how many pieces are made at once; the table does not depend on it.
    """
    props = sorted(of_row)

    def piece(begin: int) -> pa.Table:
        here = slice(begin, begin + _PIECE)
        text = np.column_stack([of_row[prop][here] for prop in props]).ravel()  # record by record, property by property
        times = found.start[text + 1] - found.start[text]
        rows = np.repeat(found.start[text] - np.cumsum(times) + times, times) + np.arange(int(times.sum()))
        asked = np.repeat(np.arange(len(text)), times)
        said: dict[str, pa.Array] = {
            "record_id": ids[here].take(pa.array(asked // len(props))),
            "property": pa.array(props, pa.string()).take(pa.array(asked % len(props))),
            "rank": pa.array(found.rank[rows]), "score": pa.array(found.score[rows]),
        }  # fmt: skip
        return pa.table([said[n] if n in said else found.column(n, rows) for n in LOCATED.names], schema=LOCATED)

    return ahead(piece, range(0, max(1, len(ids)), _PIECE), threads)


def best(of_row: dict[str, Numbers], found: Verdicts) -> Best:
    """What of the table stands at rank 1, as numbers.

    Args:
        of_row: property → the text of each record, in the order of the record ids.
        found: what is found for the texts.
    """
    first = found.start[:-1]
    columns = [coded(found.codes[name][first], found.spelled[name]) for name in COLUMNS]
    return Best({prop: text.astype(np.int32) for prop, text in of_row.items()}, pa.table(columns, list(COLUMNS)))
