"""Kind address: the identities of a road that everybody renamed in one night pass on to the nodes under its new name.

Nobody says the old name any more, so no live record is at home in the old nodes. That the road is one is told as it is
where two departments write two names in one night (transforms/renamed.py): three buildings stand at the same doors of
both. Then records that are new at such a door are at home in the node that was there, and it keeps its id. Where fewer
buildings tell it, and the old road is gone whole while the new one is wholly new, or where the new name was there
before, the old node retires with the new one as its successor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms.renamed import LEAST, Road, one_name, road_of, under_one_name
from transforms.resolve.identity import HOME, LIVE, Past

LOST = pa.schema([("record_id", pa.string()), ("entity_id", pa.string())])
SAID = pa.schema([("record_id", pa.string()), ("path", pa.string()), ("building_code", pa.string())])


@dataclass(frozen=True)
class Passed:
    """What passes on.

    Attributes:
        homes: the homes of records that are new where a node was that is gone (:data:`identity.HOME`).
        heirs: a node that goes → a live record of the node that follows it.
    """

    homes: pa.Table
    heirs: dict[str, str]


def lost(ids: pa.Array, past: Past) -> pa.Table:
    """Home records (:data:`LOST`) of the identities that live and of which no record is live tonight."""
    homes = past.homes.select(LOST.names)
    here = pc.is_in(homes["record_id"], value_set=ids)
    living = past.identities.filter(pc.equal(past.identities["state"], LIVE))["entity_id"].combine_chunks()
    gone = pc.and_not(pc.is_in(homes["entity_id"], value_set=living), here)
    kept = homes["entity_id"].filter(here).combine_chunks()
    return homes.filter(pc.and_not(gone, pc.is_in(homes["entity_id"], value_set=kept))).cast(LOST)


def said(files: Iterator[Path], records: pa.Table) -> pa.Table:
    """What lost records said (:data:`SAID` and their ``entity_id``), as the first file that holds them has it.

    Args:
        files: standardised files of the kind, a source's newest first.
        records: :data:`LOST`.
    """
    found = [SAID.append(LOST.field("entity_id")).empty_table()]
    for file in files:
        if not records.num_rows:
            break
        told = store.read_table(file, SAID.names)
        at = pc.index_in(records["record_id"], value_set=told["record_id"].combine_chunks())
        rows = told.select(SAID.names).cast(SAID).take(at.drop_null())
        found.append(rows.append_column("entity_id", records["entity_id"].filter(at.is_valid())))
        records = records.filter(at.is_null())
    return pa.concat_tables(found)


def passed_on(gone: pa.Table, live: pa.Table, homed: pa.Array, release: int) -> Passed:
    """Which nodes pass on to which records.

    Args:
        gone: what the lost records said (:func:`said`), in any order.
        live: :data:`SAID` of the live records.
        homed: every record that has a home.
        release: the number of the release that is being made.
    """
    new = pc.invert(pc.is_in(live["record_id"], value_set=homed))
    homes: dict[str, str] = {}
    heirs: dict[str, str] = {}
    gone = gone.sort_by("record_id")
    for least in (LEAST, 1):
        at_place = _places(gone, live.append_column("new", new), least)
        for entity, records in at_place:
            fresh = [record for record, is_new in records if is_new]
            if least == LEAST:
                homes.update({record: entity for record in fresh if record not in homes})
            if least < LEAST or not fresh:
                heirs.setdefault(entity, min(record for record, _ in records))
    rows = sorted(homes.items())
    table = pa.table([[r for r, _ in rows], [e for _, e in rows], [release] * len(rows)], schema=HOME)
    return Passed(table, heirs)


def with_successors(table: pa.Table, ids: pa.Array, entities: pa.Array, heirs: dict[str, str]) -> pa.Table:
    """The identities with a signpost on those that retire tonight and have an heir.

    Args:
        table: identities as they stand after tonight.
        ids: live record ids.
        entities: of each its entity, as codes or not.
        heirs: :attr:`Passed.heirs`.
    """
    if not heirs:
        return table
    old = pa.array(list(heirs), pa.string())
    follows = entities.take(pc.index_in(pa.array(list(heirs.values()), pa.string()), value_set=ids)).cast(pa.string())
    told = pc.if_else(pc.equal(table["state"], LIVE), None, follows.take(pc.index_in(table["entity_id"], old)))
    place = table.schema.get_field_index("signpost")
    signposts = pc.coalesce(table["signpost"], told)
    return table.set_column(place, model.IDENTITY.field("signpost"), signposts)


def _places(gone: pa.Table, live: pa.Table, least: int) -> list[tuple[str, list[tuple[str, bool]]]]:
    """(a lost node, the live records at its place under another name of its road, and which of them are new)."""
    paths = pa.chunked_array([*gone["path"].chunks, *live["path"].chunks]).combine_chunks().dictionary_encode()
    codes = pa.chunked_array([*gone["building_code"].chunks, *live["building_code"].chunks]).combine_chunks()
    names = one_name(paths.dictionary, paths.indices.to_numpy().astype(np.int64), codes, least)
    were = {road for path in gone["path"].to_pylist() if (road := road_of(path)) in names}
    groups = {(before, names[before, road]) for before, road in were if road}
    names = {road: name for road, name in names.items() if (road[0], name) in groups}
    if not names:
        return []
    here = _on(live, names)
    if least < LEAST:
        names = _whole(names, were, here)
    at: dict[str, list[tuple[str, bool]]] = defaultdict(list)
    for path, record, is_new in zip(
        under_one_name(here["path"], names).to_pylist(), here["record_id"].to_pylist(), here["new"].to_pylist(),
        strict=True,
    ):  # fmt: skip
        at[path].append((record, is_new))
    moved = [road_of(path) in names for path in gone["path"].to_pylist()]
    old = gone.filter(pa.array(moved, pa.bool_()))
    places = zip(old["entity_id"].to_pylist(), under_one_name(old["path"], names).to_pylist(), strict=True)
    return [(entity, at[path]) for entity, path in places if path in at]


def _on(live: pa.Table, names: dict[Road, str]) -> pa.Table:
    """The live records on these roads."""
    found = pa.array(np.zeros(live.num_rows, dtype=bool))
    for before, road in names:
        found = pc.or_(found, pc.starts_with(live["path"], f"{before}|road:{road}"))
    near = live.filter(found)
    return near.filter(pa.array([road_of(path) in names for path in near["path"].to_pylist()], pa.bool_()))


def _whole(names: dict[Road, str], were: set[Road], here: pa.Table) -> dict[Road, str]:
    """Of these roads the groups in which the old ones are gone whole and the others are wholly new."""
    kept = set()
    for path, is_new in zip(here["path"].to_pylist(), here["new"].to_pylist(), strict=True):
        road = road_of(path)
        if road is not None and (road in were or not is_new):
            kept.add((road[0], names[road]))
    return {road: name for road, name in names.items() if (road[0], name) not in kept}
