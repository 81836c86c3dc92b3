"""Clusters: components where nothing stands against a union, and refusals where something does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.resolve.cluster import HOWS, Against, Edges, Facts, Flags, Graph, Ints, clusters, components

NODES = 9
EDGES = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(5000, 9999)).filter(
        lambda e: e[0] < e[1]
    ),
    max_size=14,
    unique_by=lambda e: e[:2],
)


class Edge(NamedTuple):
    left: int
    right: int
    score: int = 9000
    how: str = "scored"
    sworn: bool = False


@dataclass(frozen=True)
class Stated:
    """Facts by record; every component is looked at, or only those that hold a fact."""

    facts: dict[int, Facts]
    everywhere: bool = True

    def mixed(self, component: Ints) -> Flags:
        found = np.full(len(component), self.everywhere)
        found[component[list(self.facts)]] = True
        return found

    def of(self, record: int) -> Facts:
        found = self.facts.get(record, Facts())
        return Facts(set(found.single), set(found.apart), set(found.people), dict(found.lost))


def partition(
    size: int,
    listed: list[Edge],
    facts: dict[int, Facts] | None = None,
    different: list[tuple[int, int]] | None = None,
    *,
    everywhere: bool = True,
) -> tuple[list[int], list[str]]:
    said = Stated(facts or {}, everywhere)
    rows = np.bincount([number for fact in said.facts.values() for number in [*fact.single, *fact.lost]] or [0])
    left, right, score, how, sworn = zip(*listed, strict=True) if listed else ((),) * 5
    edges = Edges(
        np.array(left, dtype=np.int64), np.array(right, dtype=np.int64), np.array(score, dtype=np.int64),
        np.array([HOWS.index(h) for h in how], dtype=np.int64), np.array(sworn, dtype=bool),
    )  # fmt: skip
    graph = Graph.of(size, edges)
    reached, joined = graph.root.tolist(), graph.how.tolist()
    roots, hows = clusters(graph, Against(said.mixed, said.of, rows, different or []))
    assert (graph.root.tolist(), graph.how.tolist()) == (reached, joined), "ids are minted by it meanwhile"
    return roots.tolist(), [HOWS[h] for h in hows]


@settings(max_examples=200)
@given(edges=EDGES, everywhere=st.booleans())
def test_without_facts_the_clusters_are_the_connected_components(
    edges: list[tuple[int, int, int]], everywhere: bool
) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(NODES))
    graph.add_edges_from((a, b) for a, b, _ in edges)
    roots, how = partition(NODES, [Edge(*e) for e in edges], everywhere=everywhere)
    expected = {record: min(part) for part in nx.connected_components(graph) for record in part}
    assert roots == [expected[record] for record in range(NODES)]
    assert [h == "single" for h in how] == [graph.degree(record) == 0 for record in range(NODES)]


def test_components_of_a_long_chain_in_any_order() -> None:
    size, order = 5000, np.random.default_rng(7)
    names = order.permutation(size)
    ends = np.sort(np.column_stack([names[:-1], names[1:]]), axis=1)[order.permutation(size - 1)]
    assert not components(size, ends[:, 0], ends[:, 1]).any()
    assert components(size, ends[:0, 0], ends[:0, 1]).tolist() == list(range(size))


@settings(max_examples=200)
@given(
    edges=EDGES, numbers=st.lists(st.sampled_from([0, 1, 2]), min_size=NODES, max_size=NODES),
    hows=st.lists(st.sampled_from(["number", "scored"]), min_size=14, max_size=14), data=st.data(),
)  # fmt: skip
def test_no_cluster_holds_two_numbers_under_any_order_of_edges(
    edges: list[tuple[int, int, int]], numbers: list[int], hows: list[str], data: st.DataObject
) -> None:
    facts = {r: Facts(single={n}) for r, n in enumerate(numbers) if n}
    listed = [Edge(*e, how) for e, how in zip(edges, hows, strict=False)]
    found = partition(NODES, listed, facts)
    for root in set(found[0]):
        assert len({n for n, r in zip(numbers, found[0], strict=True) if n and r == root}) <= 1
    assert partition(NODES, data.draw(st.permutations(listed)), facts) == found
    assert partition(NODES, listed, facts, everywhere=False) == found


CANNOT = [
    ("two numbers", Facts(single={1}), Facts(single={2})),
    ("one register, two rows", Facts(apart={(1, 1)}), Facts(apart={(1, 2)})),
    ("birth and sex both differ", Facts(people={(100, 1)}), Facts(people={(200, 2)})),
    ("a lost number whole, beside another", Facts(lost={1: 1}), Facts(single={2})),
]
MAY = [
    ("one number", Facts(single={1}), Facts(single={1})),
    ("two registers", Facts(apart={(1, 1)}), Facts(apart={(2, 2)})),
    ("one number twice in a register", Facts(apart={(1, 3)}), Facts(apart={(1, 3)})),
    ("birth differs alone", Facts(people={(100, 1)}), Facts(people={(200, 1)})),
]


@pytest.mark.parametrize(("left", "right"), [c[1:] for c in CANNOT], ids=[c[0] for c in CANNOT])
def test_a_union_against_a_fact_is_refused_unless_a_person_swears(left: Facts, right: Facts) -> None:
    facts = {0: left, 1: right}
    assert partition(2, [Edge(0, 1, 10000)], facts)[0] == [0, 1]
    assert partition(2, [Edge(0, 1, 0, sworn=True)], facts)[0] == [0, 0]


@pytest.mark.parametrize(("left", "right"), [c[1:] for c in MAY], ids=[c[0] for c in MAY])
def test_a_union_against_no_fact_is_made(left: Facts, right: Facts) -> None:
    assert partition(2, [Edge(0, 1, 6000)], {0: left, 1: right})[0] == [0, 0]


def test_a_number_that_others_still_hold_is_lost_without_a_trace() -> None:
    facts = {0: Facts(lost={1: 1}), 1: Facts(single={2}), 2: Facts(single={1})}
    assert partition(3, [Edge(0, 1)], facts)[0] == [0, 0, 2]


def test_the_strongest_edge_wins_a_leftover() -> None:
    facts = {0: Facts(single={1}), 2: Facts(single={2})}
    assert partition(3, [Edge(0, 1, 6000), Edge(1, 2, 9000)], facts)[0] == [0, 1, 1]


def test_a_pair_judged_different_is_parted_through_any_bridge() -> None:
    edges = [Edge(0, 1, 9000), Edge(1, 2, 8000)]
    assert partition(3, edges)[0] == [0, 0, 0]
    assert partition(3, edges, different=[(0, 2)])[0] == [0, 0, 2]
    assert partition(3, edges, different=[(0, 2)], everywhere=False)[0] == [0, 0, 2]


def test_a_number_joins_before_a_better_score() -> None:
    facts = {0: Facts(people={(100, 1)}), 1: Facts(people={(200, 2)})}
    edges = [Edge(1, 2, 9999), Edge(0, 2, 10000, "number")]
    assert partition(3, edges, facts) == ([0, 1, 0], ["number", "single", "number"])
