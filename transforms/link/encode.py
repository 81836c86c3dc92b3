"""What live records say under a comparison: values pooled over properties, nodes of addresses, without stop values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.kinds import Compare, Kind
from transforms.link.best import FINE, best_nodes
from transforms.link.codes import Codes, Flags
from transforms.link.kernels import JOIN
from transforms.link.said import TEXT, Values, by_record, column, paired, united
from transforms.live import Live
from transforms.located import Best
from transforms.threads import beside

STOP_SHARE, STOP_ROWS = 0.02, 20  # of a source's records, and at least: a value said of more is a stop value
STOPPED = ("name", "organization_name", "date")  # comparisons whose values can be stop values of a source
CELL = 0.0005  # degrees: about 55 m of latitude
_ENDS_FINE = rf"(?:^|\|)(?:{'|'.join(sorted(FINE))}):[^|]*$"
_TO_BUILDING = r"(?s)^(?P<path>.*\|(?:door|building):[^|]*)"  # cut after the last of them; null where a path names none


def nodes(live: Live, located: Best | None, properties: Iterable[str], threads: int = 1) -> tuple[Values, Values]:
    """Addresses and buildings the records name: the best located node, else the canonical path in its village.

    Args:
        live: live records.
        located: where they stand.
        properties: the addresses.
        threads: how many work at once.

    Returns:
        (addresses, buildings), pooled over the address properties, wordless.
    """
    listed = list(properties)
    with beside(threads, partial(best_nodes, located, listed, threads)) as best:
        named = _named([_paths(live, name) for name in listed])
        addresses, buildings = (Values.apart(of) for of in zip(named, best(), strict=True))
    return addresses, buildings


def _paths(live: Live, name: str) -> Values:
    """Canonical paths; 人民路12号 of a county may stand in several of its villages."""
    said = column(live, f"{name}_path")
    if f"{name}_village" not in live.column_names:
        return said
    return said.only(live.packed(f"{name}_village").is_valid().to_numpy(zero_copy_only=False))


def _named(said: list[Values]) -> tuple[Values, Values]:
    """Paths that name one place, and their beginnings that name a building; each path is looked at once."""
    listed = [part for part in said if len(part.r)]
    if not listed:
        return Values(), Values()
    texts, codes = united(listed)
    fine = pc.match_substring_regex(texts, _ENDS_FINE).to_numpy(zero_copy_only=False)
    beginnings = pc.struct_field(pc.extract_regex(texts, _TO_BUILDING), 0)
    parts = [Values(part.r, code, texts) for part, code in zip(listed, codes, strict=True)]
    return Values.pooled(part.where(fine.take(part.v)) for part in parts), Values.retold(parts, beginnings)


def compared(live: Live, kind: Kind, compare: Compare, located: Best | None, trusted: Flags) -> Values:
    """What the records say under one comparison, stop values left out. ``trusted[r]``: its number is believed.

    Tokens keep no words: there are as many as people, and only their equality is asked for.
    """
    found = _compared(live, kind, compare, located, trusted)
    found = unstopped(found, sources(live)) if compare.using in STOPPED else found
    return found.wordless() if compare.using == "tokens" else found


def _compared(live: Live, kind: Kind, compare: Compare, located: Best | None, trusted: Flags) -> Values:
    names = compare.property
    if compare.using == "address":
        return nodes(live, located, names)[0]
    if compare.using == "distance":
        return paired(live, "lon", "lat")
    if compare.using == "beside":
        return Values.pooled(_beside(live, n) for n in names)
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


def _beside(live: Live, name: str) -> Values:
    """The door that an address stands by: 人民路12号旁 and 12号附近 name one place, though neither names a node."""
    said = paired(live, f"{name}_path", f"{name}_relation")
    parts = pc.extract_regex(said.texts, f"^(?P<road>[^{JOIN}]+){JOIN}(?P<door>[^ ]+) [^ ]+$")
    doors = said.told(pc.binary_join_element_wise(*(pc.struct_field(parts, i) for i in range(2)), JOIN))
    written = paired(live, name, f"{name}_relation")  # of a village that names no path: the words before the door
    parts = pc.extract_regex(written.texts, f"^(?P<road>[^0-9{JOIN}]+)[0-9][^{JOIN}]*{JOIN}(?P<door>[^ ]+) [^ ]+$")
    words = written.told(pc.binary_join_element_wise(*(pc.struct_field(parts, i) for i in range(2)), JOIN))
    return Values.pooled([doors, words.only(by_record(said, live.num_rows) < 0)])


def unstopped(values: Values, source: Codes) -> Values:
    """Without the values that one source says of too many: found from the data, they tell nobody apart.

    A default name or birth day, or a column that went wrong. The commonest full name is borne by one in some hundreds.

    Args:
        values: what the records say.
        source: per record, the code of its source.
    """
    sources = int(source.max(initial=0)) + 1
    most = np.maximum(STOP_ROWS, STOP_SHARE * np.bincount(source, minlength=sources))
    often = np.bincount(values.v, minlength=len(values.texts)) > most.min()  # all sources together
    suspect = np.flatnonzero(often[values.v])
    said = source[values.r[suspect]]
    _, at, times = np.unique(
        values.v[suspect].astype(np.int64) * sources + said, return_inverse=True, return_counts=True
    )
    stopped = suspect[times[at.ravel()] > most[said]]
    if not len(stopped):
        return values
    kept = np.ones(len(values.v), dtype=bool)
    kept[stopped] = False
    return values.where(kept)


def sources(live: Live) -> Codes:
    """Per record, the code of its source."""
    return live.sources


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
    return Values(np.tile(r, len(around)).astype(np.int32), v.astype(np.int32), pc.cast(pa.array(names), TEXT))


_ROUND = 2**20  # squares from pole to pole are fewer
