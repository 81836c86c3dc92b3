"""Clusters: components where nothing stands against a union, and refusals where something does."""

from __future__ import annotations

from collections import Counter

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.resolve.cluster import Edge, Facts, clusters

NODES = 9
EDGES = st.lists(
    st.tuples(st.integers(0, NODES - 1), st.integers(0, NODES - 1), st.integers(5000, 9999)).filter(
        lambda e: e[0] < e[1]
    ),
    max_size=14,
    unique_by=lambda e: e[:2],
)


@settings(max_examples=200, deadline=None)
@given(edges=EDGES)
def test_without_facts_the_clusters_are_the_connected_components(edges: list[tuple[int, int, int]]) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(range(NODES))
    graph.add_edges_from((a, b) for a, b, _ in edges)
    roots, how = clusters(NODES, [Edge(*e, "scored") for e in edges], {}, [])
    expected = {record: min(part) for part in nx.connected_components(graph) for record in part}
    assert roots == [expected[record] for record in range(NODES)]
    assert [h == "single" for h in how] == [graph.degree(record) == 0 for record in range(NODES)]


@settings(max_examples=200, deadline=None)
@given(edges=EDGES, numbers=st.lists(st.sampled_from(["", "n1", "n2"]), min_size=NODES, max_size=NODES), data=st.data())
def test_no_cluster_holds_two_numbers_under_any_order_of_edges(
    edges: list[tuple[int, int, int]], numbers: list[str], data: st.DataObject
) -> None:
    facts = {r: Facts(single=frozenset([n])) for r, n in enumerate(numbers) if n}
    listed = [Edge(*e, "scored") for e in edges]
    roots, _ = clusters(NODES, listed, facts, [])
    for root in set(roots):
        assert len({n for r, n in enumerate(numbers) if n and roots[r] == root}) <= 1
    assert clusters(NODES, data.draw(st.permutations(listed)), facts, [])[0] == roots


CANNOT = [
    ("two numbers", Facts(single=frozenset(["a"])), Facts(single=frozenset(["b"]))),
    (
        "one register, two rows",
        Facts(apart=frozenset([("hukou", "row 1")])),
        Facts(apart=frozenset([("hukou", "row 2")])),
    ),
    (
        "birth and sex both differ",
        Facts(people=frozenset([("1990-01-02", "male")])),
        Facts(people=frozenset([("1991-01-02", "female")])),
    ),
    ("a lost number whole, beside another", Facts(lost=Counter(["a"])), Facts(single=frozenset(["b"]))),
]
MAY = [
    ("one number", Facts(single=frozenset(["a"])), Facts(single=frozenset(["a"]))),
    ("two registers", Facts(apart=frozenset([("hukou", "row 1")])), Facts(apart=frozenset([("tax", "row 2")]))),
    (
        "one number twice in a register",
        Facts(apart=frozenset([("hukou", "n")])),
        Facts(apart=frozenset([("hukou", "n")])),
    ),
    (
        "birth differs alone",
        Facts(people=frozenset([("1990-01-02", "male")])),
        Facts(people=frozenset([("1991-01-02", "male")])),
    ),
]


@pytest.mark.parametrize(("left", "right"), [c[1:] for c in CANNOT], ids=[c[0] for c in CANNOT])
def test_a_union_against_a_fact_is_refused_unless_a_person_swears(left: Facts, right: Facts) -> None:
    facts = {0: left, 1: right}
    assert clusters(2, [Edge(0, 1, 10000, "scored")], facts, [])[0] == [0, 1]
    assert clusters(2, [Edge(0, 1, 0, "scored", sworn=True)], facts, [])[0] == [0, 0]


@pytest.mark.parametrize(("left", "right"), [c[1:] for c in MAY], ids=[c[0] for c in MAY])
def test_a_union_against_no_fact_is_made(left: Facts, right: Facts) -> None:
    assert clusters(2, [Edge(0, 1, 6000, "scored")], {0: left, 1: right}, [])[0] == [0, 0]


def test_a_number_that_others_still_hold_is_lost_without_a_trace() -> None:
    facts = {0: Facts(lost=Counter(["a"])), 1: Facts(single=frozenset(["b"])), 2: Facts(single=frozenset(["a"]))}
    assert clusters(3, [Edge(0, 1, 9000, "scored")], facts, [])[0] == [0, 0, 2]


def test_the_strongest_edge_wins_a_leftover() -> None:
    facts = {0: Facts(single=frozenset(["a"])), 2: Facts(single=frozenset(["b"]))}
    weak, strong = Edge(0, 1, 6000, "scored"), Edge(1, 2, 9000, "scored")
    assert clusters(3, [weak, strong], facts, [])[0] == [0, 1, 1]


def test_a_pair_judged_different_is_parted_through_any_bridge() -> None:
    edges = [Edge(0, 1, 9000, "scored"), Edge(1, 2, 8000, "scored")]
    assert clusters(3, edges, {}, [])[0] == [0, 0, 0]
    assert clusters(3, edges, {}, [(0, 2)])[0] == [0, 0, 2]


def test_a_number_joins_before_a_better_score() -> None:
    facts = {r: Facts(people=frozenset([p])) for r, p in enumerate([("1990-01-01", "male"), ("1991-01-01", "female")])}
    edges = [Edge(1, 2, 9999, "scored"), Edge(0, 2, 10000, "number")]
    assert clusters(3, edges, facts, []) == ([0, 1, 0], ["number", "single", "number"])
