"""Turns live records into integer columns for the SQL steps: positions, not ids; codes, not texts.

A record's number ``r`` is its place among the sorted record ids of the kind, so that a smaller ``r`` is a smaller id.
A value's code says only "equal or not"; nothing is ever ordered by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.kinds import Compare, Kind
from transforms.link.kernels import JOIN
from transforms.live import Live

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
STOP_SHARE, STOP_ROWS = 0.02, 20  # of a source's records, and at least: a value said of more is a stop value
STOPPED = ("name", "organization_name", "date")  # comparisons whose values can be stop values of a source
CELL = 0.0005  # degrees: about 55 m of latitude
_FINE = frozenset({"group", "door", "estate", "building", "unit", "floor", "room"})  # levels that name one place
_ENDS_FINE = rf"(?:^|\|)(?:{'|'.join(sorted(_FINE))}):[^|]*$"
_TO_BUILDING = r"(?s)^(?P<path>.*\|(?:door|building):[^|]*)"  # cut after the last of them; null where a path names none
_CREDITED = pa.array(["exact", "normalised"])
LOCATED = ["record_id", "property", "rank", "match_class", "level", "address_id", "building_id"]  # what is read of it
_TEXT = pa.string()


def _no_ints() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class Values:
    """What records say under one label: distinct (record, code) statements, and the text behind each code.

    Attributes:
        r: record number per statement.
        v: code per statement: a place in ``texts``.
        texts: distinct texts; longer than any code, not every one of them said.
    """

    r: Ints = field(default_factory=_no_ints)
    v: Ints = field(default_factory=_no_ints)
    texts: pa.Array = field(default_factory=lambda: pa.array([], _TEXT))

    @classmethod
    def pooled(cls, parts: Iterable[Values]) -> Values:
        """Join parts into one distinct set."""
        listed = [part for part in parts if len(part.r)]
        if len(listed) <= 1:
            return listed[0] if listed else cls()
        coded = pa.concat_arrays([part.texts for part in listed]).dictionary_encode()
        codes = coded.indices.to_numpy().astype(np.int64)
        starts = np.cumsum([0, *(len(part.texts) for part in listed)])
        r = np.concatenate([part.r for part in listed])
        v = np.concatenate([codes[start + part.v] for start, part in zip(starts, listed, strict=False)])
        r, v = _distinct(r, v, len(coded.dictionary))
        return cls(r, v, coded.dictionary)

    def only(self, keep: Flags) -> Values:
        """The values of the records for which ``keep[r]``."""
        return self.where(keep[self.r])

    def where(self, mask: Flags) -> Values:
        """Some of the statements."""
        return replace(self, r=self.r[mask], v=self.v[mask])

    def told(self, texts: pa.Array) -> Values:
        """Other texts for the codes, code by code; null: the code says nothing."""
        spoken = texts.is_valid().to_numpy(zero_copy_only=False)
        coded = texts.dictionary_encode()
        said = self.where(spoken[self.v]) if len(texts) else self
        codes = pc.fill_null(coded.indices, 0).to_numpy().astype(np.int64)
        return Values(said.r, codes[said.v], coded.dictionary)


def _distinct(r: Ints, v: Ints, size: int) -> tuple[Ints, Ints]:
    """Distinct (record, code) pairs in their order; ``size``: more than any code."""
    first = np.sort(np.unique(r * max(size, 1) + v, return_index=True)[1])
    return r[first], v[first]


def column(live: Live, name: str) -> Values:
    """A clean column's non-empty values; a list says each of its elements; an absent column says nothing."""
    if name not in live.column_names or not live.num_rows:
        return Values()
    values = live.column(name).combine_chunks()
    r = np.arange(len(values), dtype=np.int64)
    listed = pa.types.is_list(values.type) or pa.types.is_large_list(values.type)
    if listed:
        r = pc.list_parent_indices(values).to_numpy().astype(np.int64)
        values = pc.list_flatten(values)
    coded = values.dictionary_encode()
    texts = coded.dictionary
    if pa.types.is_floating(texts.type):
        texts = pa.array([f"{v:.7f}" for v in texts.to_pylist()], _TEXT)
    texts = pc.cast(texts, _TEXT)
    codes = pc.fill_null(coded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    empty = pc.index(texts, "").as_py()
    said = (codes >= 0) & (codes != (empty if empty >= 0 else -1))
    r, codes = r[said], codes[said]
    if listed:
        r, codes = _distinct(r, codes, len(texts))
    return Values(r, codes, texts)


def paired(live: Live, first: str, second: str) -> Values:
    """Records that say the first; the text is ``first US second``, the second empty where it is not said."""
    one, two = column(live, first), column(live, second)
    other = np.full(live.num_rows, len(two.texts), dtype=np.int64)
    other[two.r] = two.v
    size = len(two.texts) + 1
    both, v = np.unique(one.v * size + other[one.r], return_inverse=True)
    left = one.texts.take(pa.array(both // size))
    right = pa.concat_arrays([two.texts, pa.array([""], _TEXT)]).take(pa.array(both % size))
    return Values(one.r, v.astype(np.int64), pc.binary_join_element_wise(left, right, JOIN))


def nodes(live: Live, located: pa.Table | None, properties: Iterable[str]) -> tuple[Values, Values]:
    """Addresses and buildings the records name: the best located node, else the canonical path in its village.

    Returns:
        (addresses, buildings), pooled over the address properties.
    """
    addresses, buildings = [], []
    listed = list(properties)
    for name in listed:
        said = column(live, f"{name}_path")
        if f"{name}_village" in live.column_names:  # 人民路12号 of a county may stand in several of its villages
            said = said.only(live.column(f"{name}_village").is_valid().to_numpy())
        fine = pc.match_substring_regex(said.texts, _ENDS_FINE)
        addresses.append(said.told(pc.if_else(fine, said.texts, pa.scalar(None, _TEXT))))
        buildings.append(said.told(pc.struct_field(pc.extract_regex(said.texts, _TO_BUILDING), 0)))
    if located is not None:
        best = pc.and_(pc.equal(located["rank"], 1), pc.is_in(located["property"], pa.array(listed, _TEXT)))
        found = located.filter(pc.and_(best, pc.is_valid(located["address_id"])))
        found = found.filter(pc.is_in(found["record_id"], live.ids))
        place = pc.index_in(found["record_id"], live.ids).to_numpy().astype(np.int64)
        fine = pc.is_in(found["level"], pa.array(sorted(_FINE)))
        exact = pc.and_(fine, pc.is_in(found["match_class"], _CREDITED)).to_numpy()
        addresses.append(_noded(place, found["address_id"], exact))
        buildings.append(_noded(place, found["building_id"], found["building_id"].is_valid().to_numpy()))
    return Values.pooled(addresses), Values.pooled(buildings)


def _noded(place: Ints, ids: pa.ChunkedArray, counts: Flags) -> Values:
    coded = ids.filter(pa.array(counts)).combine_chunks().dictionary_encode()
    codes = coded.indices.to_numpy().astype(np.int64)
    return Values(*_distinct(place[counts], codes, len(coded.dictionary)), coded.dictionary)


def compared(live: Live, kind: Kind, compare: Compare, located: pa.Table | None, trusted: Flags) -> Values:
    """What the records say under one comparison, stop values left out. ``trusted[r]``: its number is believed."""
    found = _compared(live, kind, compare, located, trusted)
    return unstopped(found, sources(live)) if compare.using in STOPPED else found


def _compared(live: Live, kind: Kind, compare: Compare, located: pa.Table | None, trusted: Flags) -> Values:
    names = compare.property
    if compare.using == "address":
        return nodes(live, located, names)[0]
    if compare.using == "distance":
        return paired(live, "lon", "lat")
    if compare.using == "date":
        stated = [paired(live, n, f"{n}_precision") for n in names]
        return Values.pooled([*stated, *_embedded(live, compare, trusted)])
    if compare.using == "name":
        return Values.pooled(paired(live, f"{n}_key", f"{n}_pinyin") for n in names)
    suffix = {"organization_name": "_key", "tokens": "_tokens"}.get(compare.using)
    plain = [column(live, f"{n}{suffix}" if suffix else kind.token_of(n)) for n in names]
    if "unknown" in (kind.properties[names[0]].codes or {} if names[0] in kind.properties else {}):
        plain = [_stated(values) for values in plain]
    return Values.pooled([*plain, *(column(live, c).only(trusted) for c in compare.also)])


def unstopped(values: Values, source: Ints) -> Values:
    """Without the values that one source says of too many: found from the data, they tell nobody apart.

    A default name or birth day, or a column that went wrong. The commonest full name is borne by one in some hundreds.

    Args:
        values: what the records say.
        source: per record, the code of its source.
    """
    sources = int(source.max(initial=0)) + 1
    said = source[values.r]
    _, at, times = np.unique(values.v * sources + said, return_inverse=True, return_counts=True)
    most = np.maximum(STOP_ROWS, STOP_SHARE * np.bincount(source, minlength=sources))
    return values.where(times[at.ravel()] <= most[said])


def sources(live: Live) -> Ints:
    """Per record, the code of its source."""
    coded = live.column("source").combine_chunks().dictionary_encode()
    return np.asarray(coded.indices.to_numpy(), dtype=np.int64)


def near(live: Live, names: Iterable[str], asked: Flags) -> Values:
    """Tokens of numbers with one character left out: of those that an asked record says, who says them.

    Every number has eighteen: they are read in pieces, and what no asked record says is not kept. That a record has
    a number at all is kept as a code of its own, beyond all texts.
    """
    parts, numbered = [], np.zeros(live.num_rows, dtype=bool)
    for name in (f"{n}_near" for n in names if f"{n}_near" in live.column_names):
        said = [pc.list_flatten(piece.filter(pa.array(asked[at]))) for at, piece in live.pieces(name)]
        texts = pc.unique(pa.concat_arrays([pa.array([], _TEXT), *said]))
        r, v = [_no_ints()], [_no_ints()]
        for at, piece in live.pieces(name):
            numbered[at] |= pc.fill_null(pc.list_value_length(piece), 0).to_numpy() > 0
            among = pc.index_in(pc.list_flatten(piece), texts)
            known = among.is_valid()
            r.append(at.start + pc.list_parent_indices(piece).filter(known).to_numpy().astype(np.int64))
            v.append(among.filter(known).to_numpy().astype(np.int64))
        parts.append(Values(*_distinct(np.concatenate(r), np.concatenate(v), len(texts)), texts))
    found, own = Values.pooled(parts), np.flatnonzero(numbered)
    return replace(found, r=np.concatenate([found.r, own]), v=np.concatenate([found.v, len(found.texts) + own]))


def _stated(values: Values) -> Values:
    """Without "not stated", which is no statement."""
    unknown = pc.index(values.texts, "unknown").as_py()
    return values.where(values.v != unknown)


def _embedded(live: Live, compare: Compare, trusted: Flags) -> list[Values]:
    """Days inside believed numbers: whole ones."""
    found = [column(live, name).only(trusted) for name in compare.also]
    return [replace(v, texts=pc.binary_join_element_wise(v.texts, "day", JOIN)) for v in found]


def cells(live: Live) -> Values:
    """The nine squares around each record's point: two points in one square's neighbourhood share at least one."""
    if "lon" not in live.column_names or "lat" not in live.column_names or not live.num_rows:
        return Values()
    lon, lat = (live.column(c).to_numpy(zero_copy_only=False).astype(np.float64) for c in ("lon", "lat"))
    r = np.flatnonzero(~np.isnan(lon) & ~np.isnan(lat))
    east, north = (np.floor(np.round(degrees[r], 7) / CELL).astype(np.int64) for degrees in (lon, lat))
    around = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    squares = np.concatenate([(east + x) * _ROUND + north + y for x, y in around])
    names, v = np.unique(squares, return_inverse=True)
    return Values(np.tile(r, len(around)), v.astype(np.int64), pc.cast(pa.array(names), _TEXT))


_ROUND = 2**20  # squares from pole to pole are fewer
