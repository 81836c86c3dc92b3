"""Numbers a character apart: who says a token that somebody without a believed number says.

Every number has eighteen such tokens, and a city's persons say theirs in a few registers each: the lists of distinct
numbers are looked at (:mod:`transforms.mapped`), and of an anchor, whose records all say the same, one record speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.kinds import Compare, Kind
from transforms.link.codes import Asked, Codes, Flags, Ints, spread
from transforms.link.collapse import Collapsed
from transforms.link.said import Values
from transforms.live import Live
from transforms.threads import Task, ahead

_LISTS = 2**17  # of which the tokens are looked at at once
_Tokens = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class _Said:
    """What records say of a number.

    Attributes:
        r: records that speak, those of one list together.
        times: per list how many of them say it.
        lists: distinct lists of tokens.
    """

    r: Codes
    times: Codes
    lists: pa.Array

    @classmethod
    def of(cls, r: Codes, code: Codes, lists: pa.Array) -> _Said:
        """Take records and the list of each."""
        times = np.bincount(code, minlength=len(lists)).astype(np.int32)
        return cls(r[np.argsort(code, kind="stable")], times, lists)

    def only(self, speaks: Flags) -> _Tokens:
        """The tokens of some of the records."""
        asked = np.zeros(len(self.lists), dtype=bool)
        asked[np.repeat(np.arange(len(self.lists), dtype=np.int32), self.times)[speaks[self.r]]] = True
        return _tokens(self.lists.filter(pa.array(asked)))

    def asked_for(self, asked: Asked) -> Iterator[Task[tuple[Codes, Codes]]]:
        """Who says tokens that are asked for, and their places among these, of some lists after the other."""
        ends = np.cumsum(self.times)
        for start in range(0, len(self.lists), _LISTS):
            here = slice(start, start + _LISTS)
            yield partial(self._among, asked, here, ends[here] - self.times[here])

    def _among(self, asked: Asked, here: slice, start: Ints) -> tuple[Codes, Codes]:
        speaks = np.flatnonzero(self.times[here])
        lists = self.lists[here].take(pa.array(speaks))
        said, v = asked.among(_tokens(lists))
        ends = np.cumsum(pc.list_value_length(lists).to_numpy(zero_copy_only=False))
        of = speaks[np.searchsorted(ends, np.flatnonzero(said), side="right")]
        at, place = spread(start[of], self.times[here][of])
        return self.r[place], v[at]


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
    numbered = np.zeros(live.num_rows, dtype=bool)
    told = [
        _read(live, f"{name}_near", collapsed, numbered, everybody=name != kind.link.decisive)
        for name in compare.property
        if f"{name}_near" in live.column_names
    ]
    leftover = ~collapsed.anchor & ~collapsed.lost
    asked = Asked(np.concatenate([np.zeros(0, dtype=np.uint64), *(said.only(leftover) for said in told)]))
    own = np.flatnonzero(numbered).astype(np.int32)
    found_r, found_v = [own], [own + np.int32(len(asked.distinct))]
    for r, v in ahead(threads, (task for said in told for task in said.asked_for(asked))):
        found_r.append(r)
        found_v.append(v)
    texts = pa.nulls(len(asked.distinct) + live.num_rows, pa.string())
    return Values(np.concatenate(found_r), np.concatenate(found_v), texts)


def _read(live: Live, name: str, collapsed: Collapsed, numbered: Flags, *, everybody: bool) -> _Said:
    """Who tells which tokens. Marks in ``numbered`` who speaks for its node.

    Args:
        live: live records of the kind.
        name: the column.
        collapsed: who is an anchor; of one number one record is asked.
        numbered: see above.
        everybody: the column is not of the anchors' own numbers: each record of an anchor may say something else.
    """
    code, lists = live.code_of_row(name)
    some = pc.greater(pc.fill_null(pc.list_value_length(lists), 0), 0).to_numpy(zero_copy_only=False)
    speaks = np.append(some, False)[code]
    if not everybody:
        anchors = np.flatnonzero(speaks & collapsed.anchor)[::-1]
        first = np.full(int(collapsed.number.max(initial=-1)) + 1, -1)
        first[collapsed.number[anchors]] = anchors
        speaks &= ~collapsed.anchor
        speaks[first[first >= 0]] = True
    numbered |= speaks
    speaks &= ~collapsed.lost
    r = np.flatnonzero(speaks).astype(np.int32)
    return _Said.of(r, code[r], lists)


def _tokens(lists: pa.Array) -> _Tokens:
    return np.asarray(pc.list_flatten(lists).to_numpy(zero_copy_only=False), dtype=np.uint64)
