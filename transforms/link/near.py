"""Numbers a character apart: who says a token that somebody without a believed number says.

Every number has eighteen such tokens, so a city's persons have a few hundred million: they are read in pieces, once,
and of an anchor, whose records all say the same, only one record's.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.kinds import Compare, Kind
from transforms.link.codes import Asked, Codes, Flags
from transforms.link.collapse import Collapsed
from transforms.link.said import Values
from transforms.live import Live
from transforms.threads import Task, ahead

_Tokens = npt.NDArray[np.uint64]
_Said: TypeAlias = "tuple[Codes, Codes, _Tokens]"  # records, how many tokens each says, and these


def near(live: Live, kind: Kind, compare: Compare, collapsed: Collapsed, threads: int = 1) -> Values:
    """Tokens that a leftover says, and who says them: leftovers, and of each anchor one record.

    That a record has a number at all is a code of its own, beyond all tokens. What is near a number that a record
    lost is not told.

    Args:
        live: live records of the kind.
        kind: its declaration.
        compare: the documents compared.
        collapsed: who is an anchor, and whose number was lost.
        threads: how many work at once.
    """
    leftover = ~collapsed.anchor & ~collapsed.lost
    numbered = np.zeros(live.num_rows, dtype=bool)
    pieces = [
        said
        for name in compare.property
        if f"{name}_near" in live.column_names
        for said in ahead(
            threads,
            _read(live, f"{name}_near", collapsed, numbered, everybody=name != kind.link.decisive, threads=threads),
        )
    ]
    of_leftovers = [tokens[np.repeat(leftover[r], times)] for r, times, tokens in pieces]
    asked = Asked(np.concatenate([np.zeros(0, dtype=np.uint64), *of_leftovers]))
    own = np.flatnonzero(numbered).astype(np.int32)
    found_r, found_v = [own], [own + np.int32(len(asked.distinct))]
    for r, v in ahead(threads, (partial(_asked_for, asked, *pieces.pop()) for _ in range(len(pieces)))):
        found_r.append(r)
        found_v.append(v)
    texts = pa.nulls(len(asked.distinct) + live.num_rows, pa.string())
    return Values(np.concatenate(found_r), np.concatenate(found_v), texts)


def _read(
    live: Live, name: str, collapsed: Collapsed, numbered: Flags, *, everybody: bool, threads: int
) -> Iterator[Task[_Said]]:
    """Piece after piece what tells its tokens. Marks in ``numbered`` who speaks for its node.

    Args:
        live: live records of the kind.
        name: the column.
        collapsed: who is an anchor; of one number one record is asked.
        numbered: see above.
        everybody: the column is not of the anchors' own numbers: each record of an anchor may say something else.
        threads: how many read ahead.
    """
    met = np.zeros(int(collapsed.number.max(initial=-1)) + 1, dtype=bool)
    for at, piece in live.pieces(name, threads):
        says = pc.fill_null(pc.list_value_length(piece), 0).to_numpy(zero_copy_only=False)
        speaks = says > 0
        if not everybody:
            anchors = np.flatnonzero(speaks & collapsed.anchor[at])
            number = collapsed.number[at][anchors]
            first = np.unique(number, return_index=True)[1]
            first = first[~met[number[first]]]
            met[number[first]] = True
            speaks &= ~collapsed.anchor[at]
            speaks[anchors[first]] = True
        numbered[at] |= speaks
        speaks &= ~collapsed.lost[at]
        yield partial(_told, piece, says, speaks, at.start)


def _told(piece: pa.Array, says: Codes, speaks: Flags, start: int) -> _Said:
    """The records of a piece that speak, how many tokens each says, and these."""
    tokens = pc.list_flatten(piece.filter(pa.array(speaks))).to_numpy()
    return (np.flatnonzero(speaks) + start).astype(np.int32), says[speaks].astype(np.int32), tokens


def _asked_for(asked: Asked, r: Codes, times: Codes, tokens: _Tokens) -> tuple[Codes, Codes]:
    """Who says tokens that are asked for, and their places among these."""
    said, v = asked.among(tokens)
    return r[np.searchsorted(np.cumsum(times), np.flatnonzero(said), side="right")], v
