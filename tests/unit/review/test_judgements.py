"""Judgements never contradict each other, whoever makes them in whatever order; held against networkx."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import networkx as nx
from hypothesis import given
from hypothesis import strategies as st

from transforms.review.judgements import Decision, contradicted

RECORDS = "abcdef"
PAIRS = list(combinations(RECORDS, 2))
Judgement = tuple[tuple[str, str], Decision]
HISTORIES = st.lists(st.tuples(st.sampled_from(PAIRS), st.sampled_from(["same", "different", "unsure"])), max_size=25)


def row(number: int, pair: tuple[str, str], decision: str) -> dict[str, Any]:
    return {"judgement_id": number, "left_record": pair[0], "right_record": pair[1], "decision": decision}


def consistent(standing: list[dict[str, Any]]) -> bool:
    """The oracle: no two records judged different are connected by judgements that say same."""
    graph = nx.Graph()
    graph.add_nodes_from(RECORDS)
    graph.add_edges_from((r["left_record"], r["right_record"]) for r in standing if r["decision"] == "same")
    apart = [r for r in standing if r["decision"] == "different"]
    return not any(nx.has_path(graph, r["left_record"], r["right_record"]) for r in apart)


@given(HISTORIES)
def test_a_judgement_is_refused_when_and_only_when_it_contradicts(history: list[Judgement]) -> None:
    standing: list[dict[str, Any]] = []
    for number, (pair, decision) in enumerate(history, start=1):
        asked = row(number, pair, decision)
        against = contradicted(standing, *pair, decision)
        assert bool(against) is not consistent([*standing, asked])
        if not against:
            standing.append(asked)


def test_what_is_named_is_what_must_be_undone() -> None:
    standing = [row(1, ("a", "b"), "same"), row(2, ("b", "c"), "same"), row(3, ("d", "e"), "same")]
    assert contradicted(standing, "a", "c", "different") == [1, 2]
    assert contradicted(standing[1:], "a", "c", "different") == []
    assert contradicted([row(4, ("a", "d"), "different"), *standing], "c", "e", "same") == [4]
