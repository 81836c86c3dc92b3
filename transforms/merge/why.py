"""How the values of one entity were chosen: every record's word, and the step at which it lost.

The steps are merge's own (:func:`transforms.merge.room.steps`), taken again for the records of one entity.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import kinds, tables
from transforms.coded import codes, whole
from transforms.contract import DEFAULT_TRUST
from transforms.engine import Engine
from transforms.explained import Choice, Said
from transforms.kinds import Kind
from transforms.merge import ended
from transforms.merge.golden import Flags, Golden, Ints, gathered
from transforms.merge.night import Inputs, Stage
from transforms.merge.pieces import Columns, Part, Rows
from transforms.merge.places import Candidates
from transforms.merge.room import FINER, HEARD, STEPS, claimed, speaking, steps
from transforms.run import Run

ORDER = ("trust", "newer", "voices", "fuller", "smaller")  # survive.sql
ALONE, AGREE = "alone", "agree"
ENDED, BORROWED, VAGUE = "ended", "borrowed", "vague"  # not asked: by ended.py, by resolve, by standards.most_said
_FOLLOWS = {("facility", "lat")}  # published as the winner of the longitude says it
_EPOCH = dt.date(1970, 1, 1)


def chosen(run: Run, name: str, entity: str) -> tuple[Choice, ...]:
    """How each published property of a live entity was chosen, in the order of the kind's file.

    Args:
        run: the night.
        name: of its kind.
        entity: its id.

    Raises:
        StaleInputError: what merge was made of is missing, incomplete or stale.
    """
    inputs = Inputs(run, kinds.load_all(run.settings.expectations)[name], Stage())
    part = _part(inputs, entity)
    if not part.live.num_rows:
        return ()
    with Engine(run.settings) as engine:
        found = {step: golden for step, golden, _ in steps(inputs, engine, part)}
    return tuple(_Told(inputs, part, found).choices())


def published(kind: Kind, name: str) -> bool:
    """A property that readers see: itself, or the place that it names; shapes are too long to tell of."""
    there = tables.load_all()[kind.table].facts.names
    if name in kind.typed("geometry") or (kind.kind, name) in _FOLLOWS:
        return False
    return any(one in there for one in (name, f"{name}_id", f"{name.removesuffix('_code')}_id"))


def _part(inputs: Inputs, entity: str) -> Part:
    """The records of one entity."""
    cluster, live = inputs.cluster(), inputs.live()
    standing = codes(cluster["entity_id"])
    code = pc.index(standing.dictionary, entity).as_py()
    record = np.flatnonzero((standing.indices.to_numpy() == code) & (code >= 0))
    how, trusted = (whole(cluster[column]).take(pa.array(record)) for column in ("how", "trusted"))
    number = record.astype(np.int32)
    return Part(
        Rows(Columns(live), number), pa.array([entity]), np.zeros(len(record), dtype=np.int64), codes(how),
        trusted.to_numpy(zero_copy_only=False), Candidates(inputs.located()).of(number),
    )  # fmt: skip


@dataclass(frozen=True)
class _Told:
    """What the records of one entity say, and who won after each step."""

    inputs: Inputs
    part: Part
    found: Mapping[str, Golden]

    def choices(self) -> Iterator[Choice]:
        kind, live = self.inputs.kind, self.part.live
        whose = gathered(live, self.part.ids, self.part.entity, self.part.how)
        speaks = speaking(kind, self.part, ended.speaking(whose, self.inputs.contracts))
        there = [name for name in claimed(kind) if name in live.column_names]
        heard = {name: live.filled(name) & speaks.get(name, True) for name in there}
        filled = np.sum(list(heard.values()), axis=0)
        for name in (name for name in there if published(kind, name)):
            if choice := self._choice(name, heard[name], filled):
                yield choice

    def _choice(self, name: str, heard: Flags, filled: Ints) -> Choice | None:
        """None: nobody claims it."""
        winner = int(self.found[STEPS[-1]].winners[name][0])
        if winner < 0:
            return None
        live, words = self.part.live, self.part.live.column(name).to_pylist()
        voices = Counter(words[r] for r in np.flatnonzero(heard).tolist())
        sources, days, ids = live.column("source").to_pylist(), live.days(), live.ids.to_pylist()
        ranks: dict[int, tuple[int, ...]] = {
            r: (-self._trust(sources[r], name), -int(days[r]), -voices[words[r]], -int(filled[r]), r)
            for r in np.flatnonzero(live.filled(name)).tolist()
        }
        declared = self.inputs.kind.properties.get(name)
        shown = declared is None or declared.type not in kinds.NEVER_SHOWN
        said = tuple(
            Said(
                ids[r], sources[r], str(words[r]) if shown else None, words[r] == words[winner], -ranks[r][0],
                (_EPOCH + dt.timedelta(days=int(days[r]))).isoformat(), voices[words[r]], int(filled[r]),
                None if r == winner else self._lost(name, heard[r], ranks[winner], ranks[r]),
            )
            for r in sorted(ranks, key=lambda r: (r != winner, not heard[r], ranks[r]))
        )  # fmt: skip
        return Choice(name, _decided(said), said)

    def _trust(self, source: str, name: str) -> int:
        known = self.inputs.contracts.get(source)
        return known.trust.get(name, DEFAULT_TRUST) if known else 0

    def _lost(self, name: str, heard: np.bool_, won: tuple[int, ...], lost: tuple[int, ...]) -> str:
        """Why a record's word does not stand."""
        kind = self.inputs.kind
        if not heard:
            if kind.kind == "address":
                return VAGUE
            return BORROWED if name == kind.link.decisive else ENDED
        if won > lost:  # it was first by the written order: a later step chose another
            return later([int(self.found[step].winners[name][0]) for step in STEPS])
        return next(step for step, mine, theirs in zip(ORDER, won, lost, strict=True) if mine != theirs)


def later(won: Sequence[int]) -> str:
    """The last step that chose another record than the one before it; ``won``: who had won after each of the steps."""
    return FINER if won[2] != won[1] else HEARD


def _decided(said: tuple[Said, ...]) -> str:
    """What let the winner stand before the best of those that say something else."""
    asked = [one for one in said if one.why not in (ENDED, BORROWED, VAGUE)]
    other = next((one.why for one in asked if not one.same and one.why), None)
    return other or (AGREE if len(asked) > 1 else ALONE)
