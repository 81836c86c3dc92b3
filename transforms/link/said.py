"""What live records say, column by column, as integers: positions, not ids; codes, not texts.

A record's number ``r`` is its place among the sorted record ids of the kind, so that a smaller ``r`` is a smaller id.
A value's code says only "equal or not"; nothing is ever ordered by it. Texts are kept where a kernel reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import code_of_row, whole
from transforms.coded import codes as coded_texts
from transforms.link.codes import Codes, Flags, ranked
from transforms.link.kernels import JOIN
from transforms.live import Live

TEXT = pa.string()


def _no_codes() -> Codes:
    return np.zeros(0, dtype=np.int32)


@dataclass(frozen=True)
class Values:
    """What records say under one label: distinct (record, code) statements, and the text behind each code.

    Attributes:
        r: record number per statement.
        v: code per statement: a place in ``texts``.
        texts: distinct texts; longer than any code, not every one of them said.
    """

    r: Codes = field(default_factory=_no_codes)
    v: Codes = field(default_factory=_no_codes)
    texts: pa.Array = field(default_factory=lambda: pa.array([], TEXT))

    @classmethod
    def pooled(cls, parts: Iterable[Values]) -> Values:
        """Join parts into one distinct set."""
        listed = [part for part in parts if len(part.r)]
        if len(listed) <= 1:
            return listed[0] if listed else cls()
        texts, codes = united(listed)
        return cls(*merged([(part.r, code) for part, code in zip(listed, codes, strict=True)], len(texts)), texts)

    @classmethod
    def apart(cls, parts: Iterable[Values]) -> Values:
        """Join parts of which no two have a word in common; wordless."""
        listed = [part for part in parts if len(part.r)]
        starts = np.cumsum([0, *(len(part.texts) for part in listed)])
        said = [(part.r, part.v + np.int32(start)) for start, part in zip(starts, listed, strict=False)]
        return cls(*_in_turn(said), pa.nulls(int(starts[-1]), TEXT)) if said else cls()

    @classmethod
    def retold(cls, parts: Sequence[Values], texts: pa.Array) -> Values:
        """Parts of the same texts as one distinct set, with other texts for the codes; null: the code says nothing."""
        coded = texts.dictionary_encode()
        codes = code_of_row(coded)
        found = [(part.r, codes.take(part.v)) for part in parts if len(part.r)]
        kept = [(r.compress(code >= 0), code.compress(code >= 0)) for r, code in found]
        if not kept:
            return cls(texts=coded.dictionary)
        r, v = merged(kept, len(coded.dictionary)) if len(kept) > 1 else kept[0]
        return cls(r, v, coded.dictionary)

    def only(self, keep: Flags) -> Values:
        """The values of the records for which ``keep[r]``."""
        return self.where(keep.take(self.r))

    def where(self, mask: Flags) -> Values:
        """Some of the statements."""
        return replace(self, r=self.r.compress(mask), v=self.v.compress(mask))  # of no order, a mask's rows are dear

    def told(self, texts: pa.Array) -> Values:
        """Other texts for the codes, code by code; null: the code says nothing."""
        return Values.retold([self], texts)

    def wordless(self) -> Values:
        """The same codes, whose words nobody will ask for."""
        return replace(self, texts=pa.nulls(len(self.texts), TEXT))


def united(parts: Sequence[Values]) -> tuple[pa.Array, list[Codes]]:
    """The distinct texts of one or more parts, and part by part what its statements say as places among these."""
    longest = max((part.texts for part in parts), key=len)
    if all(part.texts.equals(longest[: len(part.texts)]) for part in parts):
        return longest, [part.v for part in parts]
    coded = pa.concat_arrays([part.texts for part in parts]).dictionary_encode()
    codes = coded.indices.to_numpy()
    ends = np.cumsum([len(part.texts) for part in parts])
    rest = [codes[end - len(part.texts) : end].take(part.v) for end, part in zip(ends, parts, strict=True)][1:]
    return coded.dictionary, [parts[0].v, *rest]  # texts of the first are distinct, and stay where they are


def _distinct(r: Codes, v: Codes, size: int) -> tuple[Codes, Codes]:
    """Distinct (record, code) pairs in their order; ``size``: more than any code."""
    first = np.sort(np.unique(r.astype(np.int64) * max(size, 1) + v, return_index=True)[1])
    return r[first], v[first]


def merged(parts: list[tuple[Codes, Codes]], size: int) -> tuple[Codes, Codes]:
    """Statements of all parts, none twice, record after record; of one record in the order of the parts.

    Args:
        parts: (record, code), of each part none twice. Where one is not in the order of the records, or says several
            things of a record that a later one tells of too, all come one part after the other.
        size: more than any code.
    """
    records, kept = int(max(r.max(initial=-1) for r, _ in parts)) + 1, []
    told: list[Codes] = []
    manifold = np.zeros(records, dtype=bool)
    for r, v in parts:
        if not (r[1:] >= r[:-1]).all() or manifold[r].any():
            return _distinct(np.concatenate([r for r, _ in parts]), np.concatenate([v for _, v in parts]), size)
        fresh = np.ones(len(r), dtype=bool)
        for before in told:
            fresh &= before.take(r) != v
        kept.append((r, v) if fresh.all() else (r.compress(fresh), v.compress(fresh)))
        if len(kept) == len(parts):
            break
        if (r[1:] > r[:-1]).all():
            told.append(np.full(records, -1, dtype=np.int32))
            told[-1][r] = v
        else:
            manifold[r] = True
    return _in_turn(kept)


def _in_turn(parts: list[tuple[Codes, Codes]]) -> tuple[Codes, Codes]:
    """Parts as one, record after record; where one is not in the order of the records, one part after the other."""
    if len(parts) == 1 or not all((r[1:] >= r[:-1]).all() for r, _ in parts):
        return np.concatenate([r for r, _ in parts]), np.concatenate([v for _, v in parts])
    return reduce(_beside, parts)


def _beside(first: tuple[Codes, Codes], second: tuple[Codes, Codes]) -> tuple[Codes, Codes]:
    """Two parts, each in the order of the records, as one: the shorter is set between the statements of the longer."""
    if len(first[0]) >= len(second[0]):
        long, short = first, second
        at = np.searchsorted(long[0], short[0], "right")  # behind what the first says of a record
    else:
        long, short = second, first
        at = np.searchsorted(long[0], short[0])
    at += np.arange(len(at))
    rest = np.ones(len(long[0]) + len(at), dtype=bool)
    rest[at] = False
    found = np.empty((2, len(rest)), dtype=np.int32)
    for column, more, some in zip(found, long, short, strict=True):
        column[rest], column[at] = more, some
    return found[0], found[1]


def keep(live: Live, names: Iterable[str]) -> None:
    """Read columns that are asked for several times, and the pairs made of them, once."""
    live.kept.update({name: _column(live, name) for name in names})


def column(live: Live, name: str) -> Values:
    """A clean column's non-empty values; a list says each of its elements; an absent column says nothing."""
    kept: Values = live.kept.get(name) or _column(live, name)
    return kept


def _column(live: Live, name: str) -> Values:
    if name not in live.column_names or not live.num_rows:
        return Values()
    r = everybody(live.num_rows)
    if listed := live.listed(name):
        values = whole(live.column(name))
        r = np.repeat(r, pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False))
        coded = coded_texts(pc.list_flatten(values))
        codes, texts = code_of_row(coded), coded.dictionary
    else:
        codes, texts = live.code_of_row(name)
    if pa.types.is_floating(texts.type):
        texts = pa.array([f"{v:.7f}" for v in texts.to_pylist()], TEXT)
    texts = pc.cast(texts, TEXT)
    empty = pc.index(texts, "").as_py()
    said = (codes >= 0) & (codes != (empty if empty >= 0 else -1))
    if not said.all():
        r, codes = r[said], codes[said]
    if listed:
        r, codes = once(r, codes, len(texts))
    return Values(r, codes, texts)


def by_record(values: Values, size: int) -> Codes:
    """The code that each of ``size`` records says, -1 where it says none; of several the last."""
    found = np.full(size, -1, dtype=np.int32)
    found[values.r] = values.v
    return found


@lru_cache(maxsize=1)
def everybody(size: int) -> Codes:
    """All record numbers: what most columns are said by is held once."""
    r = np.arange(size, dtype=np.int32)
    r.flags.writeable = False
    return r


def once(r: Codes, v: Codes, size: int) -> tuple[Codes, Codes]:
    """As :func:`_distinct`, of records in order: most say one thing, only the others are looked at."""
    several = np.zeros(len(r), dtype=bool)
    several[1:] = r[1:] == r[:-1]
    several[:-1] |= several[1:]
    kept = ~several
    at = np.flatnonzero(several)
    kept[at[np.sort(np.unique(r[at].astype(np.int64) * max(size, 1) + v[at], return_index=True)[1])]] = True
    return r[kept], v[kept]


def paired(live: Live, first: str, second: str) -> Values:
    """Records that say the first; the text is ``first US second``, the second empty where it is not said."""
    both = f"{first}{JOIN}{second}"
    made: Values = live.kept.get(both) or _paired(live, first, second)
    if first in live.kept:
        live.kept[both] = made
    return made


def _paired(live: Live, first: str, second: str) -> Values:
    one, two = column(live, first), column(live, second)
    size, many = len(two.texts) + 1, len(one.texts)
    other = np.full(live.num_rows, size - 1, dtype=np.int32)
    other[two.r] = two.v
    beside, usual = other[one.r], np.full(many, size - 1, dtype=np.int32)
    usual[one.v] = beside  # what mostly stands beside a text: who says that needs no code but the text's
    odd = np.flatnonzero(usual[one.v] != beside)
    both, codes = ranked(one.v[odd].astype(np.int64) * size + beside[odd], (many or 1) * size)
    v = one.v
    if len(odd):
        v = v.copy()
        v[odd] = codes + np.int32(many)
    left = pa.concat_arrays([one.texts, one.texts.take(pa.array(both // size))])
    right = pa.concat_arrays([two.texts, pa.array([""], TEXT)]).take(pa.array(np.append(usual, both % size)))
    return Values(one.r, v, pc.binary_join_element_wise(left, right, JOIN))
