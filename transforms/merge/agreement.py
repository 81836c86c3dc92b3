"""Where somebody lives is heard from several departments: the place that most of their trust speaks for.

One trusted list that has not heard of a move, or of the right flat, otherwise stands against all others together
(domain.md section 2.10). A department that went and looked is not outvoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contract import DEFAULT_TRUST, Contract
from transforms.kinds import Heard
from transforms.merge.golden import Golden, Ints
from transforms.merge.places import stands


def agreed(golden: Golden, located: pa.Table | None, heard: Heard | None, contracts: Mapping[str, Contract]) -> Golden:
    """Let winners of an address give way to a record of the same entity whose place is agreed by more.

    A place is a house, or a door of a known village where no house is known. Each source speaks for it once with each
    address property; its trust is what it adds. A winner that leads to no place has its own trust alone.

    Args:
        golden: survivors by the total order of survive.sql.
        located: model.LOCATED of the kind; None: nothing is located, nothing changes.
        heard: whose words count, and how much; None: nothing changes.
        contracts: trust per property, by source.

    Returns:
        The same with other winners of ``heard.property``. Of several that may win: trust, then the later ``since``,
        then the smaller record id.
    """
    if heard is None or located is None or heard.property not in golden.winners:
        return golden
    names = [heard.property, *heard.also]
    best = located.filter(
        pc.and_(pc.and_(pc.equal(located["rank"], 1), pc.is_in(located["property"], pa.array(names))), stands(located))
    )
    record = pc.index_in(best["record_id"].combine_chunks(), golden.live.ids).to_numpy(zero_copy_only=False)
    told = pc.index_in(best["property"].combine_chunks(), pa.array(names)).to_numpy(zero_copy_only=False)
    place = pc.coalesce(best["house_id"], best["address_id"]).combine_chunks().dictionary_encode().indices.to_numpy()
    trust, source = _trust(golden, heard, contracts)
    voices = _voices(np.column_stack([golden.entity[record], place, source[record], told]), trust[record, told])
    claim = np.flatnonzero(told == 0)
    return _replaced(golden, heard, trust[:, 0], record[claim], voices[claim])


def _trust(golden: Golden, heard: Heard, contracts: Mapping[str, Contract]) -> tuple[Ints, Ints]:
    """Per live record: the trust of its source for each of the properties, and the source's number."""
    sources = golden.live.column("source").combine_chunks().dictionary_encode()
    told = []
    for name in sources.dictionary.to_pylist():
        own = contracts[name].trust.get(heard.property, DEFAULT_TRUST) if name in contracts else 0
        told.append([own, *heard.also.values()])
    number = sources.indices.to_numpy().astype(np.int64)
    return np.array(told, dtype=np.int64).reshape(len(told), 1 + len(heard.also))[number], number


def _voices(said: Ints, trust: Ints) -> Ints:
    """Row by row the trust that speaks for the row's place.

    Args:
        said: entity, place, source, property; who says a thing twice has said it once.
        trust: of each row.
    """
    once, first = np.unique(said, axis=0, return_index=True)
    places, at = np.unique(once[:, :2], axis=0, return_inverse=True)
    total = np.zeros(len(places), dtype=np.int64)
    np.add.at(total, at.reshape(-1), trust[first])
    _, of = np.unique(said[:, :2], axis=0, return_inverse=True)
    return total[of.reshape(-1)]


def _replaced(golden: Golden, heard: Heard, trust: Ints, record: Ints, voices: Ints) -> Golden:
    """The claims of more voices than the winner's, where the winner may be outvoted."""
    won = golden.winners[heard.property]
    of_record = np.zeros(golden.live.num_rows, dtype=np.int64)
    of_record[record] = voices
    of_winner = np.where(won >= 0, np.maximum(of_record[won], trust[won]), 0)
    entity = golden.entity[record]
    more = (voices > of_winner[entity]) & (won[entity] >= 0) & (trust[won[entity]] < heard.alone)
    record, voices, entity = record[more], voices[more], entity[more]
    order = np.lexsort((record, -golden.live.days()[record], -trust[record], -voices, entity))
    chosen = order[np.r_[True, np.diff(entity[order]) != 0]] if len(order) else order
    winners = won.copy()
    winners[entity[chosen]] = record[chosen]
    return replace(golden, winners=golden.winners | {heard.property: winners})
