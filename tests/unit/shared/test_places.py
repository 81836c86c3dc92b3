"""Texts are found among ascending ids, and put in order, by their first characters: as by the texts themselves."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.places import heads, in_order, looked_up, numbers, ordered, places, same

HEADS = st.sampled_from(["aaaaaaaa", "aaaaaaab", "baaaaaaa"])  # so few that many texts have one
ONE_WIDTH = st.lists(st.builds(str.__add__, HEADS, st.text("ab", min_size=3, max_size=3)), max_size=20)
ANY = st.lists(st.text("ab2云", max_size=12), max_size=20)


@given(ONE_WIDTH | ANY, ONE_WIDTH | ANY)
def test_a_place_is_found_or_there_is_none(known: list[str], wanted: list[str]) -> None:
    ids = sorted(set(known), key=lambda text: text.encode())
    found = places(pa.array(["", *ids], pa.string()).slice(1), pa.array(wanted, pa.string()))
    assert found.tolist() == [ids.index(one) if one in ids else -1 for one in wanted]
    assert numbers(pa.array(ids, pa.string()), pa.array(wanted, pa.string())).tolist() == found.tolist()


@given(ONE_WIDTH | ANY)
def test_the_order_is_that_of_the_texts(texts: list[str]) -> None:
    order = ordered(pa.array(texts, pa.string()))
    assert order.tolist() == sorted(range(len(texts)), key=lambda at: texts[at].encode())
    lie = [texts[at] for at in order]
    assert same(pa.array(texts, pa.string()), order).tolist() == [a == b for a, b in itertools.pairwise(lie)]


@pytest.mark.parametrize(
    ("texts", "numbered"),
    [(["abcdefghi", "abcdefghj"], True), (["abcdefghi", "abc"], False), (["abcdefghi", None], False), (["abc"], False)],
)
def test_only_long_texts_of_one_width_are_numbers(texts: list[str | None], *, numbered: bool) -> None:
    assert (heads(pa.array(texts, pa.string())) is not None) == numbered


@pytest.mark.parametrize("many", [10, 200_000])
@pytest.mark.parametrize("ascending", [True, False])
def test_numbers_are_looked_up_in_order_or_not_many_or_few(many: int, *, ascending: bool) -> None:
    chance = np.random.default_rng(many)
    known, wanted = np.unique(chance.integers(0, 1_000, 300)), chance.integers(0, 1_000, many)
    wanted = np.sort(wanted) if ascending else wanted
    assert looked_up(known, wanted).tolist() == np.searchsorted(known, wanted).tolist()


@pytest.mark.parametrize("bound", [1_000, 2**62])
def test_keys_in_order_know_where_they_stood(bound: int) -> None:
    keys = np.random.default_rng(7).integers(bound - 1_000, bound, 5_000)
    found, at = in_order(keys, bound)
    assert found.tolist() == sorted(keys.tolist()) == keys[at].tolist()
    assert sorted(at.tolist()) == list(range(len(keys)))
