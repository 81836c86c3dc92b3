"""Survivorship: per entity and property, the one record whose word stands.

Trust and then ``since`` come first in survive.sql: where they decide, or who is foremost by them says one thing, numpy
finds the winner; only where such records say different things are voices counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.coded import codes
from transforms.contract import DEFAULT_TRUST, Contract
from transforms.engine import Engine
from transforms.live import Live
from transforms.merge.golden import Flags, Golden, Ints, begins, highest

_STEPS = Path(__file__).with_name("survive.sql")
_CLAIMS_AT_ONCE = 4_000_000  # rows of one run of survive.sql: bounds its memory
_LATER = 2**20  # more than any day number: one step of trust is worth more than any day


def survive(
    engine: Engine,
    golden: Golden,
    properties: Sequence[str],
    contracts: dict[str, Contract],
    *,
    speaks: Mapping[str, Flags] | None = None,
) -> Golden:
    """Choose among claims: trust, then recency, then agreement, then completeness, then the smaller record id.

    Args:
        engine: runs survive.sql.
        golden: records and entities (:func:`transforms.merge.golden.gathered`).
        properties: clean columns that are claims.
        contracts: trust per property, by source.
        speaks: column → the records that may claim it; of the others, all.
    """
    claims = _Claims(golden.live, golden.entity, codes(golden.live.column("source")), contracts, speaks or {})
    return replace(golden, winners=claims.winners(engine, list(properties), len(golden.ids)))


@dataclass(frozen=True)
class _Claims:
    """What the records of a kind claim."""

    live: Live
    entity: Ints
    source: pa.DictionaryArray
    contracts: dict[str, Contract]
    speaks: Mapping[str, Flags]

    def winners(self, engine: Engine, properties: list[str], size: int) -> dict[str, Ints]:
        """Property → the winning record per entity, -1 without one."""
        said = {name: self._records(name) for name in properties}
        filled = np.zeros(self.live.num_rows, dtype=np.int64)
        for records in said.values():
            filled[records] += 1
        found: dict[str, Ints] = {}
        for names in self._portions(properties):
            contested = []
            for place, name in enumerate(names):
                found[name], open_to = self._foremost(name, said[name], filled, size)
                contested.append(self._contested(name, place, open_to, filled))
            if not any(claims.num_rows for claims in contested):
                continue
            won = engine.run(_STEPS, {"claim": pa.concat_tables(contested)})
            e, p, r = (won.column(c).to_numpy() for c in ("e", "p", "r"))
            for place, name in enumerate(names):
                found[name][e[p == place]] = r[p == place]
        return found

    def _portions(self, properties: list[str]) -> Iterator[list[str]]:
        at_once = max(1, _CLAIMS_AT_ONCE // max(1, self.live.num_rows))
        for start in range(0, len(properties), at_once):
            yield properties[start : start + at_once]

    def _records(self, name: str) -> Ints:
        """Records that say the property."""
        if name not in self.live.column_names:
            return np.zeros(0, dtype=np.int64)
        said = self.live.filled(name)
        return np.flatnonzero(said & self.speaks[name] if name in self.speaks else said)

    @cached_property
    def _sources(self) -> Ints:
        return np.asarray(self.source.indices.to_numpy(), dtype=np.int64)

    def _trust(self, name: str) -> Ints:
        """How far the contract of each source trusts what it says of the property."""
        sources = self.source.dictionary.to_pylist()
        trust = [self.contracts[s].trust.get(name, DEFAULT_TRUST) if s in self.contracts else 0 for s in sources]
        return np.array(trust, dtype=np.int64)

    def _foremost(self, name: str, records: Ints, filled: Ints, size: int) -> tuple[Ints, Ints]:
        """Per entity the record that wins without a count of voices, -1 for none; and the claims to be counted."""
        won = np.full(size, -1, dtype=np.int64)
        if not len(records):
            return won, records
        entity = self.entity[records]
        standing = (self._trust(name) * _LATER)[self._sources[records]] + self.live.days()[records]
        best = highest(standing, begins(entity))
        told, whose = records[best], entity[best]
        first = begins(whose)
        times = np.diff(first, append=len(told))
        won[whose[first]] = np.where(times == 1, told[first], -1)
        tied = told[np.repeat(times > 1, times)]
        if not len(tied):
            return won, tied
        self._settle(name, won, tied, filled)
        left = np.zeros(size, dtype=bool)
        left[self.entity[tied]] = won[self.entity[tied]] < 0
        return won, records[left[entity]]

    def _settle(self, name: str, won: Ints, tied: Ints, filled: Ints) -> None:
        """Fill in who wins among equals that say one thing: the record that says most, then that of the smaller id."""
        values, entity = self._values(name, tied), self.entity[tied]
        first = begins(entity)
        alike = np.minimum.reduceat(values, first) == np.maximum.reduceat(values, first)
        most = tied[highest(filled[tied], first)]
        won[entity[first[alike]]] = most[begins(self.entity[most])][alike]

    def _values(self, name: str, records: Ints) -> Ints:
        """Numbers for what some records say: the same for the same."""
        said = self.live.taken(name, pa.array(records))
        return np.asarray((said if pa.types.is_integer(said.type) else codes(said).indices).to_numpy(), dtype=np.int64)

    def _contested(self, name: str, place: int, records: Ints, filled: Ints) -> pa.Table:
        return pa.table({
            "e": self.entity[records], "p": np.full(len(records), place), "r": records,
            "v": self._values(name, records) if len(records) else np.zeros(0, dtype=np.int64),
            "trust": self._trust(name)[self._sources[records]], "since": self.live.days()[records],
            "filled": filled[records],
        })  # fmt: skip
