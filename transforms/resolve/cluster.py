"""Clusters: unions of the strongest edge first, refusing every union that would break a cannot-link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

Fact = tuple[str, str]


class Edge(NamedTuple):
    """A reason to join two records (numbers, left < right); sworn: a person said so."""

    left: int
    right: int
    score: int
    how: str
    sworn: bool = False


@dataclass
class Facts:
    """What may stand against a union: of a record, or of all records of a cluster together.

    Attributes:
        single: fact name → values of which a cluster holds at most one (a resident number).
        apart: (register, whom its row tells of): a cluster holds at most one whom per register.
        people: (birth day, sex) pairs said: no two of a cluster may differ in both.
        lost: valid numbers that were taken from the record as evidence.
    """

    single: frozenset[str] = frozenset()
    apart: frozenset[Fact] = frozenset()
    people: frozenset[Fact] = frozenset()
    lost: Counter[str] = field(default_factory=Counter)


NO_FACTS = Facts()


class Clusters:
    """A union-find whose roots are the smallest record and carry the facts of their cluster."""

    def __init__(self, size: int, facts: dict[int, Facts], different: Iterable[tuple[int, int]]) -> None:
        """Start with every record alone.

        Args:
            size: number of records.
            facts: record → what it says; records without facts may be left out.
            different: pairs a person judged different.
        """
        self._parent = list(range(size))
        self._facts = dict(facts)
        self._different: dict[int, set[int]] = {}
        self._members: dict[int, list[int]] = {}
        self._wholly: Counter[str] = Counter()
        for said in facts.values():
            self._wholly.update([*said.lost, *said.single])
        for left, right in different:
            self._different.setdefault(left, set()).add(right)
            self._different.setdefault(right, set()).add(left)

    def root(self, record: int) -> int:
        """The smallest record of the cluster."""
        parent = self._parent
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def join(self, edge: Edge) -> bool:
        """Unite the two clusters unless they are one or something stands against it; True when they were united."""
        a, b = sorted((self.root(edge.left), self.root(edge.right)))
        if a == b or self._parted(a, b):
            return False
        mine, other = self._facts.get(a, NO_FACTS), self._facts.get(b, NO_FACTS)
        if not edge.sworn and self._conflict(mine, other):
            return False
        self._parent[b] = a
        if other is not NO_FACTS or mine is not NO_FACTS:
            self._facts[a] = _together(mine, other)
            self._facts.pop(b, None)
        if self._different:
            self._members[a] = self._members.pop(a, [a]) + self._members.pop(b, [b])
        return True

    def _parted(self, a: int, b: int) -> bool:
        """A person said that somebody of one is nobody of the other."""
        if not self._different:
            return False
        left, right = self._members.get(a, [a]), set(self._members.get(b, [b]))
        return any(not right.isdisjoint(self._different.get(record, ())) for record in left)

    def _conflict(self, a: Facts, b: Facts) -> bool:
        numbers = a.single | b.single
        if len(numbers) > 1 or any(x[0] == y[0] and x[1] != y[1] for x, y in product(a.apart, b.apart)):
            return True
        if any(x[0] != y[0] and x[1] != y[1] for x, y in product(a.people, b.people)):
            return True
        lost = a.lost + b.lost  # a number whose every row lies here still is this cluster's second number
        return len(numbers | {n for n, rows in lost.items() if rows == self._wholly[n]}) > 1 if lost else False


def _together(a: Facts, b: Facts) -> Facts:
    return Facts(a.single | b.single, a.apart | b.apart, a.people | b.people, a.lost + b.lost)


def strongest_first(edges: Iterable[Edge]) -> list[Edge]:
    """A person's word, then numbers and keys, then scores from the highest; ties by the records: a total order."""
    return sorted(edges, key=lambda e: (not e.sworn, e.how == "scored", -e.score, e.left, e.right))


def clusters(
    size: int, edges: Sequence[Edge], facts: dict[int, Facts], different: Iterable[tuple[int, int]]
) -> tuple[list[int], list[str]]:
    """Partition the records.

    Returns:
        (root, how): per record the smallest record of its cluster, and how it got in: number, key, scored, single.
    """
    found = Clusters(size, facts, different)
    how = ["single"] * size
    for edge in strongest_first(edges):
        if found.join(edge):
            for record in (edge.left, edge.right):
                if how[record] == "single":
                    how[record] = edge.how
    return [found.root(record) for record in range(size)], how
