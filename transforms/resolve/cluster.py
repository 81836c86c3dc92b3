"""Clusters: unions of the strongest edge first, refusing every union that would break a cannot-link.

Edges are integer columns. Where nothing that two records of a connected component say stands against its being one
cluster, the component is the cluster and no union is tried; only the others are built edge by edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Self

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Few = npt.NDArray[np.integer]  # values that are no places in arrays: of no more bytes than they need
Flags = npt.NDArray[np.bool_]
Pairs = list[tuple[int, int]]
HOWS = ("number", "key", "scored", "single")
SCORED, SINGLE = HOWS.index("scored"), HOWS.index("single")
_FEW = 2**16
NUMBERS, REGISTER, PEOPLE = "numbers", "register", "people"  # what may stand against a union


@dataclass(frozen=True)
class Edges:
    """Reasons to join two records, as parallel columns.

    Attributes:
        left: record number, smaller than ``right``.
        right: record number.
        score: x 10^4.
        how: place in ``HOWS``.
        sworn: a person said so.
    """

    left: Few
    right: Few
    score: Few
    how: Few
    sworn: Flags

    def strongest_first(self) -> Edges:
        """A person's word, then numbers and keys, then scores from the highest; ties by the records: a total order."""
        ordered = self if self._by_records() else self.only(np.lexsort((self.right, self.left)))
        top = int(ordered.score.max(initial=0)) + 1
        weakness = (~ordered.sworn).astype(np.int32) * 2 + (ordered.how == SCORED)
        weakness = (weakness + 1) * top - ordered.score.astype(np.int32)
        # not negative; of 16 bits, as they nearly always are, it is sorted without comparing
        few = weakness.astype(np.uint16) if weakness.max(initial=0) < _FEW else weakness
        return ordered.only(np.argsort(few, kind="stable"))

    def _by_records(self) -> bool:
        """Whether they lie by left and right."""
        left, right = self.left, self.right
        rises = left[1:] > left[:-1]
        return bool((rises | ((left[1:] == left[:-1]) & (right[1:] >= right[:-1]))).all())

    def only(self, chosen: Ints | Flags) -> Edges:
        """Some of the edges, by place or by mask."""
        ends = self.left[chosen], self.right[chosen]
        return Edges(*ends, self.score[chosen], self.how[chosen], self.sworn[chosen])


@dataclass
class Facts:
    """What may stand against a union: of a record, or of all records of a cluster together. Values are codes.

    Attributes:
        single: believed numbers, of which a cluster holds at most one.
        apart: (register, whom its row tells of): a cluster holds at most one whom per register.
        people: (birth day, sex) pairs said: no two of a cluster may differ in both.
        lost: valid number → rows from which it was taken as evidence.
    """

    single: set[int] = field(default_factory=set)
    apart: set[tuple[int, int]] = field(default_factory=set)
    people: set[tuple[int, int]] = field(default_factory=set)
    lost: dict[int, int] = field(default_factory=dict)

    def against(self, other: Facts, rows: Ints) -> bool:
        """Something stands against one cluster of both. ``rows``: per valid number how many rows say it."""
        return any(True for _ in self.reasons(other, rows))

    def reasons(self, other: Facts, rows: Ints) -> Iterator[str]:
        """What stands against it (:data:`NUMBERS`, :data:`REGISTER`, :data:`PEOPLE`), one word after the other."""
        numbers = self.single | other.single
        taken = {n: self.lost.get(n, 0) + other.lost.get(n, 0) for n in {*self.lost, *other.lost}}
        whole = {n for n, times in taken.items() if times == rows[n]}  # such a number is the cluster's second one
        if len(numbers) > 1 or (whole and len(numbers | whole) > 1):
            yield NUMBERS
        if any(x[0] == y[0] and x[1] != y[1] for x, y in product(self.apart, other.apart)):
            yield REGISTER
        if any(x[0] != y[0] and x[1] != y[1] for x, y in product(self.people, other.people)):
            yield PEOPLE

    def take(self, other: Facts) -> None:
        """Add what another says."""
        self.single |= other.single
        self.apart |= other.apart
        self.people |= other.people
        for number, times in other.lost.items():
            self.lost[number] = self.lost.get(number, 0) + times


@dataclass(frozen=True)
class Against:
    """What the records of a kind say against unions.

    Attributes:
        mixed: component per record, as its smallest record → per record number: the component of that name holds
            something that stands against its being one cluster.
        of: record number → what it says.
        rows: per valid number how many rows say it.
        different: pairs a person judged different.
    """

    mixed: Callable[[Ints], Flags]
    of: Callable[[int], Facts]
    rows: Ints
    different: Pairs


class Clusters:
    """A union-find over a few records; roots are the smallest record and carry the facts of their cluster."""

    def __init__(self, records: Iterable[int], against: Against) -> None:
        """Start with every record alone."""
        self._parent = {record: record for record in records}
        self._members = {record: [record] for record in self._parent}
        self._facts = {record: against.of(record) for record in self._parent}
        self._rows = against.rows
        self._different: dict[int, set[int]] = {}
        for left, right in against.different:
            self._different.setdefault(left, set()).add(right)
            self._different.setdefault(right, set()).add(left)

    def root(self, record: int) -> int:
        """The smallest record of the cluster."""
        parent = self._parent
        while parent[record] != record:
            parent[record] = parent[parent[record]]
            record = parent[record]
        return record

    def join(self, left: int, right: int, *, sworn: bool) -> bool:
        """Unite two clusters unless they are one or something stands against it; True when they were united."""
        a, b = sorted((self.root(left), self.root(right)))
        if a == b or self._parted(a, b):
            return False
        if not sworn and self._facts[a].against(self._facts[b], self._rows):
            return False
        self._parent[b] = a
        small, large = sorted((self._facts.pop(a), self._facts.pop(b)), key=lambda f: len(f.apart) + len(f.lost))
        large.take(small)
        self._facts[a] = large
        self._members[a] += self._members.pop(b)
        return True

    def _parted(self, a: int, b: int) -> bool:
        """A person said that somebody of one is nobody of the other."""
        if not self._different:
            return False
        right = set(self._members[b])
        return any(not right.isdisjoint(self._different.get(record, ())) for record in self._members[a])


@dataclass(frozen=True)
class Graph:
    """What the edges say by themselves.

    Attributes:
        edges: strongest first.
        root: per record the smallest record that can be reached from it.
        how: how each record is joined where no union is refused, as a place in ``HOWS``.
    """

    edges: Edges
    root: Ints
    how: Few

    @classmethod
    def of(cls, size: int, edges: Edges) -> Self:
        """The graph of the records 0 ... size - 1."""
        edges = edges.strongest_first()
        ends = edges.left.astype(np.int64), edges.right.astype(np.int64)
        return cls(edges, components(size, *ends), _first_edge(size, ends, edges.how))


def clusters(graph: Graph, against: Against) -> tuple[Ints, Few]:
    """Partition the records of a graph.

    Returns:
        (root, how): per record the smallest record of its cluster, and how it got in, as a place in ``HOWS``.
    """
    edges, root, how = graph.edges, graph.root, graph.how
    mixed = against.mixed(root)
    mixed[[root[record] for pair in against.different for record in pair]] = True
    torn = mixed[root]
    if torn.any():
        root, how = root.copy(), how.copy()
        _build(np.flatnonzero(torn), edges.only(torn[edges.left]), against, root, how)
    return root, how


def components(size: int, left: Ints, right: Ints) -> Ints:
    """Connected components of the graph: per record the smallest record that can be reached from it."""
    root, above = np.arange(size, dtype=np.int64), np.empty(size, dtype=np.int64)
    a, b = left, right
    while len(left):
        np.minimum.at(root, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(root, np.take(root, root, out=above, mode="clip")):  # raise: by way of a copy
            root, above = above, root
        a, b = root[left], root[right]
        apart = np.flatnonzero(a != b)
        left, right, a, b = left[apart], right[apart], a[apart], b[apart]
    return root


def founders_of(root: Ints) -> Ints:
    """The smallest record of each cluster, ascending; ``root``: per record the smallest one of its cluster."""
    return np.flatnonzero(root == np.arange(len(root)))


def numbered(root: Ints) -> tuple[Ints, Ints]:
    """The smallest record of each cluster, ascending, and of each record the number of its cluster.

    Args:
        root: per record the smallest record of its cluster.
    """
    founders = founders_of(root)
    number = np.empty(len(root), dtype=np.int64)
    number[founders] = np.arange(len(founders))
    return founders, number[root]


def _first_edge(size: int, ends: tuple[Ints, Ints], how: Few) -> Few:
    """How each record is joined where no union is refused: its strongest edge is the first to meet it alone."""
    edges = np.arange(len(how), dtype=np.int32)
    place = np.full(size, len(how), dtype=np.int32)
    for end in ends:
        np.minimum.at(place, end, edges)
    return np.append(how, how.dtype.type(SINGLE))[place]


def _build(records: Ints, edges: Edges, against: Against, root: Ints, how: Few) -> None:
    """Fill root and how of some components, edge by edge."""
    found = Clusters(records.tolist(), against)
    how[records] = SINGLE
    columns = zip(*(c.tolist() for c in (edges.left, edges.right, edges.how, edges.sworn)), strict=True)
    for left, right, by, sworn in columns:
        if found.join(left, right, sworn=sworn):
            for record in (left, right):
                if how[record] == SINGLE:
                    how[record] = by
    root[records] = [found.root(record) for record in records.tolist()]
