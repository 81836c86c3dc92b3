"""Likeness for suggestions: numbers veto, names are compared as names, what one side lacks says little."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.locate.likeness import FULL, likeness

FLAT = {"road": "人民路", "door": "12", "estate": "锦绣花园", "building": "3", "unit": "2", "room": "1502"}


@pytest.mark.parametrize(
    "other",
    [{"room": "1503"}, {"building": "4"}, {"door": "14"}, {"unit": "1"}],
)
def test_a_conflict_of_numbers_is_a_veto(other):
    assert likeness(FLAT, FLAT | other) == 0


def test_a_door_of_another_road_is_no_conflict():
    assert likeness(FLAT, FLAT | {"road": "解放路", "door": "14"}) > 0


def test_what_is_nearer_scores_higher():
    same = likeness(FLAT, FLAT)
    without_room = likeness(FLAT, FLAT | {"room": None})
    other_name = likeness(FLAT, FLAT | {"estate": "锦秀花苑"})
    stranger = likeness(FLAT, {"road": "解放路", "estate": "中心小学"})
    assert FULL >= same > without_room > other_name > stranger


SAID = st.dictionaries(st.sampled_from(sorted(FLAT)), st.text("人民路锦绣12", min_size=1, max_size=4))


@given(SAID, SAID)
def test_likeness_is_the_same_both_ways_and_within_its_bounds(left, right):
    assert likeness(left, right) == likeness(right, left)
    assert 0 <= likeness(left, right) <= FULL
