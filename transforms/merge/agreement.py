"""Where somebody lives is heard from several departments: the place that most of their trust speaks for.

One trusted list that has not heard of a move, or of the right flat, otherwise stands against all others together
(domain.md section 2.10). A department that went and looked is not outvoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from transforms.coded import codes
from transforms.contract import DEFAULT_TRUST, Contract
from transforms.kinds import Heard
from transforms.merge.golden import Flags, Golden, Ints
from transforms.merge.places import Located


def agreed(golden: Golden, located: Located, heard: Heard | None, contracts: Mapping[str, Contract]) -> Golden:
    """Let winners of an address give way to a record of the same entity whose place is agreed by more.

    A place is a house, or a door of a known village where no house is known. Each source speaks for it once with each
    address property; its trust is what it adds. A winner that leads to no place has its own trust alone.

    Args:
        golden: survivors by the total order of survive.sql.
        located: where their records stand.
        heard: whose words count, and how much; None: nothing changes.
        contracts: trust per property, by source.

    Returns:
        The same with other winners of ``heard.property``. Of several that may win: trust, then the later ``since``,
        then the smaller record id.
    """
    if heard is None or heard.property not in golden.winners or not golden.live.num_rows:
        return golden
    trust, source = _trust(golden, heard, contracts)
    open_to = _contested(golden, heard, trust[:, 0], located.leads(heard.property))
    said = []
    for told, name in enumerate([heard.property, *heard.also]):
        rows = located.rows(name)
        record = np.flatnonzero(located.leads(name) & open_to[golden.entity])
        columns = (golden.entity[record], rows[record], source[record], np.full(len(record), told), record)
        said.append(np.column_stack(columns))
    entity, row, source, told, record = np.concatenate(said).T
    voices = _voices(entity, located.found.place[row], source, told, trust[record, told])
    claim = np.flatnonzero(told == 0)
    return _replaced(golden, heard, trust[:, 0], record[claim], voices[claim])


def _contested(golden: Golden, heard: Heard, trust: Ints, leads: Flags) -> Flags:
    """Entities whose winner may be outvoted, and that have another record to do so: of all others nothing is asked."""
    won = golden.winners[heard.property]
    other = np.flatnonzero(leads & (won[golden.entity] != np.arange(golden.live.num_rows)))
    found = np.zeros(len(won), dtype=bool)
    found[golden.entity[other]] = True
    return np.asarray(found & (won >= 0) & (trust[won] < heard.alone), dtype=bool)


def _trust(golden: Golden, heard: Heard, contracts: Mapping[str, Contract]) -> tuple[Ints, Ints]:
    """Per live record: the trust of its source for each of the properties, and the source's number."""
    sources = codes(golden.live.column("source"))
    told = []
    for name in sources.dictionary.to_pylist():
        own = contracts[name].trust.get(heard.property, DEFAULT_TRUST) if name in contracts else 0
        told.append([own, *heard.also.values()])
    number = sources.indices.to_numpy().astype(np.int64)
    return np.array(told, dtype=np.int64).reshape(len(told), 1 + len(heard.also))[number], number


def _voices(entity: Ints, place: Ints, source: Ints, told: Ints, trust: Ints) -> Ints:
    """Row by row the trust that speaks for the row's place: who says a thing twice has said it once.

    Args:
        entity: of each row, and so on: numbers from 0.
        place: of the entity.
        source: who says so.
        told: with which property.
        trust: what it adds.
    """
    places, at = np.unique(entity * (place.max(initial=0) + 1) + place, return_inverse=True)
    said = (at * (source.max(initial=0) + 1) + source) * (told.max(initial=0) + 1) + told
    first = np.unique(said, return_index=True)[1]
    total = np.zeros(len(places), dtype=np.int64)
    np.add.at(total, at[first], trust[first])
    return total[at]


def _replaced(golden: Golden, heard: Heard, trust: Ints, record: Ints, voices: Ints) -> Golden:
    """Winners after claims of more voices than theirs."""
    won = golden.winners[heard.property]
    of_record = np.zeros(golden.live.num_rows, dtype=np.int64)
    of_record[record] = voices
    of_winner = np.where(won >= 0, np.maximum(of_record[won], trust[won]), 0)
    entity = golden.entity[record]
    more = voices > of_winner[entity]
    record, voices, entity = record[more], voices[more], entity[more]
    order = np.lexsort((record, -golden.live.days()[record], -trust[record], -voices, entity))
    chosen = order[np.r_[True, np.diff(entity[order]) != 0]] if len(order) else order
    winners = won.copy()
    winners[entity[chosen]] = record[chosen]
    return replace(golden, winners=golden.winners | {heard.property: winners})
