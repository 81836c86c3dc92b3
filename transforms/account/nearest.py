"""The nearest other: the strongest pair with a record of another entity, of those link hands over, and why apart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import database
from transforms.account.history import Event, judgements
from transforms.account.night import Night
from transforms.coded import whole
from transforms.explained import TWO_NUMBERS, Edge, Waterfall
from transforms.kinds import Kind
from transforms.paired import ENDS
from transforms.places import places
from transforms.run import Run

_TO_ANCHOR = "to=anchor "  # evidence of a pair of which one has a believed number
JUDGED, ASKED, BELOW, SHARED, CAPPED, OTHER = "judged", "asked", "below", "shared", "capped", "other"


@dataclass(frozen=True)
class Nearest:
    """The entity that came nearest.

    Attributes:
        edge: the strongest pair between the two. entity: the other one.
        ours: live records of this entity. theirs: of the other.
        rivals: other pairs of the record that has no believed number, with records of neither entity.
        judged: who said that they are different.
        why: codes of ``wording.csv``, group ``apart``; the first says most.
        restricted: the other's fields are shown to nobody: of the pair there is no evidence.
    """

    edge: Edge
    entity: str
    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    rivals: int = 0
    judged: tuple[Event, ...] = ()
    why: tuple[str, ...] = ()
    restricted: bool = False


def pair_of(run: Run, kind: str, edge: Edge, ours: str, theirs: str) -> Nearest:
    """As :func:`nearest`, for whoever has a night and no more."""
    return nearest(Night(run), kind, edge, ours, theirs)


def nearest(night: Night, kind: str, edge: Edge, ours: str, theirs: str, *, restricted: bool = False) -> Nearest:
    """What stands around a pair of two entities.

    Args:
        night: linked and resolved.
        kind: of both records.
        edge: the pair.
        ours: the entity that is asked about.
        theirs: the other.
        restricted: the other's fields are shown to nobody.
    """
    standing = night.table("resolve", kind, "cluster")
    mine, other = (
        tuple(standing.filter(pc.equal(standing["entity_id"], entity))["record_id"].to_pylist())
        for entity in (ours, theirs)
    )
    stores = database.open_databases(night.run.settings)
    judged = tuple(one for one in judgements(stores, kind, mine, other) if one.what == "judged.different")
    shown = replace(edge, evidence="") if restricted else edge
    ids = whole(standing["record_id"])
    rivals = _rivals(night, kind, edge, ids, {*mine, *other}) if edge.evidence.startswith(_TO_ANCHOR) else 0
    return Nearest(shown, theirs, mine, other, rivals, judged, restricted=restricted)


def _rivals(night: Night, kind: str, edge: Edge, ids: pa.Array, both: Collection[str]) -> int:
    """Other pairs of the end without a believed number."""
    unit, pairs = night.table("link", kind, "unit"), night.table("link", kind, "pairs")
    ends = places(ids, pa.array([edge.left, edge.right], pa.string())).tolist()
    loose = [end for end in ends if not unit["anchor"][end].as_py()]
    if len(loose) != 1:
        return 0
    inside = pa.array(places(ids, pa.array(sorted(both), pa.string())), pa.int32())
    others = pairs.filter(pc.or_(*(pc.equal(pairs[end], loose[0]) for end in ENDS)))
    known = pc.and_(*(pc.is_in(others[end], value_set=inside) for end in ENDS))
    return int(np.count_nonzero(~known.to_numpy()))


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
    if weighed.role == TWO_NUMBERS:
        return (ASKED,)
    if weighed.chance is None or weighed.chance < accept:
        return (BELOW, *against)
    return ((SHARED if weighed.role == "anchor" and near.rivals else CAPPED), *against)
