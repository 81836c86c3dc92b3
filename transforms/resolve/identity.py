"""Identities that last: the rule of design.md section 5.5, as one pure function.

Each record has a home, set when it is first published and changed only when its cluster mints. Every identity ever
minted, live or retired, is offered to the cluster that holds most of its home records. A cluster keeps, of those
offered, a live one before a retired one, then the oldest; a cluster offered none mints.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

LIVE, RETIRED = "live", "retired"


@dataclass(frozen=True)
class Identity:
    """An identity ever minted.

    Attributes:
        entity_id: its id, never reused.
        minted_release: the release that first showed it.
        founding_record: smallest record id of the cluster that minted it.
        state: live or retired.
        retired_release: when it last retired; null while live.
        signpost: the identity to follow instead, null while live or where there is none.
    """

    entity_id: str
    minted_release: int
    founding_record: str
    state: str = LIVE
    retired_release: int | None = None
    signpost: str | None = None

    @property
    def age(self) -> tuple[int, str, str]:
        """Sorts the oldest first; a total order."""
        return self.minted_release, self.founding_record, self.entity_id


@dataclass(frozen=True, order=True)
class Home:
    """A record's home identity and the release in which it was set."""

    entity_id: str
    homed_release: int


@dataclass(frozen=True)
class Assignment:
    """Tonight's outcome.

    Attributes:
        entities: per cluster, in the order given, the identity it keeps.
        homes: every record ever homed, live or not.
        identities: every identity ever minted, as it stands now.
    """

    entities: list[str]
    homes: dict[str, Home]
    identities: dict[str, Identity]


def assign(
    clusters: Sequence[Sequence[str]],
    homes: Mapping[str, Home],
    identities: Mapping[str, Identity],
    release: int,
    mint: Callable[[str, int], str],
) -> Assignment:
    """Give every cluster its identity. The order of clusters, records and mappings has no influence.

    Args:
        clusters: the live partition: record ids, each in exactly one cluster, none empty.
        homes: record → home, as last published.
        identities: every identity ever minted, as last published.
        release: the number of the release that is being made.
        mint: (founding record, release) → a new entity id.
    """
    offered = _offers(clusters, homes)
    entities: list[str] = []
    after_homes, after = dict(homes), {}
    for at, cluster in enumerate(clusters):
        kept = min((identities[e] for e in offered.get(at, ())), key=lambda i: (i.state != LIVE, i.age), default=None)
        if kept is None:
            founder = min(cluster)
            kept = Identity(mint(founder, release), release, founder)
            after_homes.update(dict.fromkeys(cluster, Home(kept.entity_id, release)))
        else:
            fresh = (record for record in cluster if record not in homes)
            after_homes.update(dict.fromkeys(fresh, Home(kept.entity_id, release)))
        after[kept.entity_id] = replace(kept, state=LIVE, retired_release=None, signpost=None)
        entities.append(kept.entity_id)
    lost = {e: entities[at] for at, listed in offered.items() for e in listed}
    for entity_id, identity in identities.items():
        if entity_id not in after:
            after[entity_id] = _retire(identity, lost.get(entity_id), release)
    return Assignment(entities, after_homes, after)


def _offers(clusters: Sequence[Sequence[str]], homes: Mapping[str, Home]) -> dict[int, list[str]]:
    """Cluster → identities offered to it: where most of their home records are.

    Ties: the cluster with the earliest-homed of those records, then with the smallest record id.
    """
    held: dict[str, Counter[int]] = {}
    first: dict[tuple[str, int], tuple[int, str]] = {}
    for at, cluster in enumerate(clusters):
        for record in cluster:
            home = homes.get(record)
            if home is None:
                continue
            held.setdefault(home.entity_id, Counter())[at] += 1
            place = (home.entity_id, at)
            first[place] = min(first.get(place, (home.homed_release, record)), (home.homed_release, record))
    offers: dict[int, list[str]] = {}
    for entity_id, counts in held.items():
        chosen = min(counts, key=lambda at: (-counts[at], first[(entity_id, at)]))
        offers.setdefault(chosen, []).append(entity_id)
    return offers


def _retire(identity: Identity, signpost: str | None, release: int) -> Identity:
    """A live one retires, dated; one that was retired keeps its date and follows its records' signpost."""
    if identity.state == LIVE:
        return replace(identity, state=RETIRED, retired_release=release, signpost=signpost)
    return replace(identity, signpost=signpost or identity.signpost)
