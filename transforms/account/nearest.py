"""The nearest other: the strongest pair with a record of another entity, of those link hands over, and why apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from transforms.account.history import Event
from transforms.explained import ASKED, Edge, Waterfall
from transforms.kinds import Kind
from transforms.paired import ENDS

JUDGED, BELOW, SHARED, CAPPED, OTHER = "judged", "below", "shared", "capped", "other"


@dataclass(frozen=True)
class Nearest:
    """The entity that came nearest.

    Attributes:
        edge: the strongest pair between the two. entity: the other one.
        ours: live records of this entity. theirs: of the other.
        rivals: other pairs of the record that has no believed number, with entities besides these two.
        judged: who said that they are different.
        why: codes of ``wording.csv``, group ``apart``; the first says most.
    """

    edge: Edge
    entity: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    rivals: int = 0
    judged: tuple[Event, ...] = ()
    why: tuple[str, ...] = ()


def strongest(pairs: pa.Table, mine: pa.Array) -> pa.Table:
    """Of pairs of which one record is among ours the strongest with another's; ties by the records; at most one row.

    Args:
        pairs: model.PAIR.
        mine: numbers of our records.
    """
    ours = [pc.is_in(pairs[end], value_set=mine) for end in ENDS]
    order = [("score", "descending"), *((end, "ascending") for end in ENDS)]
    return pairs.filter(pc.xor(*ours)).sort_by(order).slice(0, 1)


def apart(kind: Kind, near: Nearest, weighed: Waterfall, against: Sequence[str]) -> tuple[str, ...]:
    """Why the two are not one.

    Args:
        kind: of both.
        near: the strongest pair, and what was judged.
        weighed: its waterfall.
        against: the cannot-links between the two entities, as words of ``link.never``.
    """
    if near.judged:
        return (JUDGED,)
    score, accept = near.edge.score, kind.link.accept
    if near.edge.how != "scored" or score >= accept:
        return tuple(against) or (OTHER,)
    if weighed.role == ASKED:
        return (ASKED,)
    if weighed.chance is None or weighed.chance < accept:
        return (BELOW, *against)
    return ((SHARED if weighed.role == "anchor" and near.rivals else CAPPED), *against)
