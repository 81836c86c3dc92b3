"""A scorer learned from the records alone: what it weighs, and when it has gone astray."""

from __future__ import annotations

import networkx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.link import em
from transforms.link.scorer import FEWEST_LABELS

WORDS = {"name": ["exact", "close", "differ"], "town": ["same", "differ"], "number": ["exact", "differ"]}
_AGREE, _SLIP, _STRANGERS = (1, 1, 1), (2, 1, 1), (3, 1, 2)  # two strangers of one town; 0 says nothing


def candidates() -> np.ndarray:
    """300 pairs of one entity among 700 of two that only live in one town."""
    told = [_AGREE] * 200 + [_SLIP] * 60 + [(1, 0, 1)] * 20 + [(1, 2, 1)] * 20 + [_STRANGERS] * 680 + [(3, 2, 2)] * 20
    return np.array(told, dtype=np.int8)


def blind() -> np.ndarray:
    return np.array([(3, 2, 2)] * 900 + [(3, 1, 2)] * 95 + [(1, 2, 2)] * 5, dtype=np.int8)


def test_what_tells_entities_apart_weighs_most_and_is_learned_without_a_label() -> None:
    model = em.learn(candidates(), blind(), WORDS, 60)
    assert model is not None
    chance = model.probability(np.array([_AGREE, _SLIP, (1, 0, 1), _STRANGERS, (3, 2, 2)]), list(WORDS))
    assert chance[:3].min() > 0.99
    assert chance[3:].max() < 0.01
    assert model.facts["matches_in_10000"] == 3000
    assert abs(model.weights["town=same"]) < 1 < model.weights["number=exact"]


def test_the_order_of_pairs_is_of_no_matter() -> None:
    assert em.learn(candidates()[::-1], blind()[::-1], WORDS, 60) == em.learn(candidates(), blind(), WORDS, 60)


def test_too_few_candidates_teach_nothing() -> None:
    assert em.learn(candidates()[: FEWEST_LABELS - 1], blind(), WORDS, 60) is None
    assert em.learn(candidates(), blind()[: FEWEST_LABELS - 1], WORDS, 60) is None


@given(size=st.integers(0, 700))
@settings(max_examples=30, deadline=None)
def test_strangers_are_two_and_known_records(size: int) -> None:
    left, right = em.strangers(size)
    assert len(left) == len(right)
    assert bool(len(left)) == (size > 1)
    assert (left != right).all()
    assert not len(left) or 0 <= min(left.min(), right.min()) <= max(left.max(), right.max()) < size


def chain(size: int) -> tuple[np.ndarray, np.ndarray]:
    return np.arange(size - 1), np.arange(1, size)


def crowd(size: int) -> tuple[np.ndarray, np.ndarray]:
    left, right = np.triu_indices(size, k=1)
    return left, right


def test_families_are_in_proportion_and_villages_are_not() -> None:
    assert not em.disproportionate(*crowd(1), 5, 60)  # nothing is joined
    assert not em.disproportionate(*crowd(6), 6, 60)
    assert not em.disproportionate(*chain(60), 60, 60)
    assert em.disproportionate(*chain(61), 61, 60)  # no entity has so many records
    assert em.disproportionate(*crowd(12), 12, 60)  # eleven partners each
    assert not em.disproportionate(*crowd(12), 12, 100)  # where entities are that large


def test_relatives_differ_in_the_name_and_slips_do_not() -> None:
    worst = len(WORDS["name"])
    siblings, slips, unsaid = (
        np.array(levels, dtype=np.int8) for levels in ([worst] * 25 + [1] * 5, [2] * 30, [0] * 30)
    )
    assert em.estranged(siblings, worst)
    assert not em.estranged(slips, worst)
    assert not em.estranged(unsaid, worst)
    assert not em.estranged(np.array([worst] * 15 + [1] * 15, dtype=np.int8), worst)  # half: some really are one
    assert not em.estranged(np.full(19, worst, dtype=np.int8), worst)  # too few to say


@given(edges=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), min_size=1, max_size=90))
@settings(max_examples=60, deadline=None)
def test_the_largest_entity_is_as_networkx_sees_it(edges: list[tuple[int, int]]) -> None:
    left, right = (np.array(ends, dtype=np.int64) for ends in zip(*edges, strict=True))
    graph = networkx.Graph(edges)
    largest = max(map(len, networkx.connected_components(graph)))
    assert em.largest(left, right, 91) == largest
