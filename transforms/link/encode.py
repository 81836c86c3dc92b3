"""Turns live records into integer columns for the SQL steps: positions, not ids; codes, not texts.

A record's number ``r`` is its place among the sorted record ids of the kind, so that a smaller ``r`` is a smaller id.
A value's code says only "equal or not"; nothing is ever ordered by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.kinds import Compare, Kind
from transforms.link.kernels import JOIN

Ints = npt.NDArray[np.int64]
CELL = 0.0005  # degrees: about 55 m of latitude
_FINE = frozenset({"group", "door", "estate", "building", "unit", "floor", "room"})  # levels that name one place
_CREDITED = frozenset({"exact", "normalised"})


@dataclass
class Values:
    """What records say under one label: parallel (record, text) columns, sorted and distinct."""

    r: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    text: npt.NDArray[np.object_] = field(default_factory=lambda: np.zeros(0, dtype=object))

    @classmethod
    def pooled(cls, parts: Iterable[tuple[Ints, npt.NDArray[np.object_]]]) -> Values:
        """Join parts, each parallel arrays of record number and text, into one distinct set."""
        listed = [part for part in parts if len(part[0])]
        if not listed:
            return cls()
        frame = pd.DataFrame({"r": np.concatenate([r for r, _ in listed]), "v": np.concatenate([v for _, v in listed])})
        frame = frame.drop_duplicates()
        return cls(frame["r"].to_numpy(dtype=np.int64), frame["v"].to_numpy(dtype=object))

    def only(self, keep: npt.NDArray[np.bool_]) -> Values:
        """The values of the records for which ``keep[r]``."""
        mask = keep[self.r]
        return Values(self.r[mask], self.text[mask])


def column(live: pa.Table, name: str) -> tuple[Ints, npt.NDArray[np.object_]]:
    """(record number, text) of a clean column's non-null values; a list gives one per element; absent gives none."""
    if name not in live.column_names:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=object)
    values = live.column(name).combine_chunks()
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], type=values.type)
    r = np.arange(len(values), dtype=np.int64)
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        r = pc.list_parent_indices(values).to_numpy(zero_copy_only=False).astype(np.int64)
        values = pc.list_flatten(values)
    if pa.types.is_floating(values.type):
        texts = np.array([None if v is None else f"{v:.7f}" for v in values.to_pylist()], dtype=object)
    else:
        texts = pc.cast(values, pa.string()).to_numpy(zero_copy_only=False)
    said = ~pd.isna(texts) & (texts != "")
    return r[said], texts[said]


def _paired(live: pa.Table, first: str, second: str) -> tuple[Ints, npt.NDArray[np.object_]]:
    """Records that say the first; the text is ``first US second``, the second empty where it is not said."""
    r, a = column(live, first)
    other = np.full(live.num_rows, "", dtype=object)
    r_second, b = column(live, second)
    other[r_second] = b
    return r, np.array([f"{x}{JOIN}{y}" for x, y in zip(a, other[r], strict=True)], dtype=object)


def nodes(live: pa.Table, located: pa.Table | None, properties: Iterable[str]) -> tuple[Values, Values]:
    """Addresses and buildings the records name: the best located node, else the canonical path.

    Returns:
        (addresses, buildings), pooled over the address properties.
    """
    addresses, buildings = [], []
    for name in properties:
        r, path = column(live, f"{name}_path")
        fine = np.array([p.rpartition("|")[2].partition(":")[0] in _FINE for p in path], dtype=bool)
        addresses.append((r[fine], path[fine]))
        cut = np.array([_to_building(p) for p in path], dtype=object)
        named = cut != ""
        buildings.append((r[named], cut[named]))
    if located is not None:
        found = located.to_pandas()
        found = found[(found["rank"] == 1) & found["property"].isin(list(properties))]
        place = pd.Index(live.column("record_id").to_pylist()).get_indexer(pd.Index(found["record_id"]))
        known = (place >= 0) & found["address_id"].notna().to_numpy()
        exact = known & found["match_class"].isin(_CREDITED).to_numpy() & found["level"].isin(_FINE).to_numpy()
        addresses.append((place[exact], found["address_id"].to_numpy(dtype=object)[exact]))
        built = known & found["building_id"].notna().to_numpy()
        buildings.append((place[built], found["building_id"].to_numpy(dtype=object)[built]))
    return Values.pooled(addresses), Values.pooled(buildings)


def _to_building(path: str) -> str:
    """The path cut after its building or door, or nothing where it names neither."""
    parts = path.split("|")
    places = [i for i, part in enumerate(parts) if part.partition(":")[0] in ("door", "building")]
    return "|".join(parts[: places[-1] + 1]) if places else ""


def compared(
    live: pa.Table, kind: Kind, compare: Compare, located: pa.Table | None, trusted: npt.NDArray[np.bool_]
) -> Values:
    """What the records say under one comparison. ``trusted[r]``: the record's number is believed."""
    names = compare.property
    if compare.using == "address":
        return nodes(live, located, names)[0]
    if compare.using == "distance":
        return Values.pooled([_paired(live, "lon", "lat")])
    if compare.using == "date":
        stated = [_paired(live, n, f"{n}_precision") for n in names]
        return Values.pooled([*stated, *_embedded(live, compare, trusted)])
    if compare.using == "name":
        return Values.pooled(_paired(live, f"{n}_key", f"{n}_pinyin") for n in names)
    suffix = {"organization_name": "_key", "tokens": "_tokens", "near": "_near"}.get(compare.using, "")
    plain = [column(live, f"{n}{suffix}") for n in names]
    if "unknown" in (kind.properties[names[0]].codes or {} if names[0] in kind.properties else {}):
        plain = [(r[v != "unknown"], v[v != "unknown"]) for r, v in plain]  # "not stated" is no statement
    also = (column(live, c) for c in compare.also)
    return Values.pooled([*plain, *((r[trusted[r]], v[trusted[r]]) for r, v in also)])


def _embedded(
    live: pa.Table, compare: Compare, trusted: npt.NDArray[np.bool_]
) -> list[tuple[Ints, npt.NDArray[np.object_]]]:
    parts = []
    for name in compare.also:
        r, days = column(live, name)
        believed = trusted[r]
        parts.append((r[believed], np.array([f"{d}{JOIN}day" for d in days[believed]], dtype=object)))
    return parts


def cells(live: pa.Table) -> Values:
    """The nine squares around each record's point: two points in one square's neighbourhood share at least one."""
    r, points = _paired(live, "lon", "lat")
    parts = []
    if len(r):
        degrees = np.array([p.split(JOIN) for p in points], dtype=np.float64)
        corner = np.floor(degrees / CELL).astype(np.int64)
        for east in (-1, 0, 1):
            for north in (-1, 0, 1):
                parts.append((r, np.array([f"{x + east} {y + north}" for x, y in corner], dtype=object)))
    return Values.pooled(parts)
