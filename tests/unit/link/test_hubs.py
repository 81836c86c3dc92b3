"""A record with too many partners joins nobody; everybody else joins as before."""

from __future__ import annotations

import numpy as np

from transforms.link.candidates import Candidates
from transforms.link.posterior import capped

ACCEPT, PARTNERS = 5000, 3


def star(partners: int, *, anchor: bool) -> Candidates:
    """Leftovers 1 ... n beside node 0, and a pair of their own that is nobody's hub."""
    u = np.array([*range(1, partners + 1), 100], dtype=np.int64)
    v = np.array([0] * partners + [101], dtype=np.int64)
    flags = np.array([anchor] * partners + [False])
    return Candidates(u, v, flags, np.zeros((len(u), 1), dtype=np.int8))


def test_a_hub_is_left_to_a_person_and_its_neighbours_are_not() -> None:
    for anchor in (False, True):
        scores = np.full(PARTNERS + 2, 9000)
        found = capped(scores, star(PARTNERS + 1, anchor=anchor), ACCEPT, PARTNERS)
        assert found.tolist() == [ACCEPT - 1] * (PARTNERS + 1) + [9000]


def test_as_many_partners_as_one_may_have_are_no_hub_nor_are_pairs_that_do_not_join() -> None:
    assert capped(np.full(PARTNERS + 1, 9000), star(PARTNERS, anchor=True), ACCEPT, PARTNERS).tolist() == [9000] * 4
    weak = np.array([9000, 4000, 4000, 4000, 4000, 9000])
    assert capped(weak, star(5, anchor=False), ACCEPT, PARTNERS).tolist() == weak.tolist()
