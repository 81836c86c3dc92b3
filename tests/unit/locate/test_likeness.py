"""Likeness for suggestions: numbers veto, names are compared as names, a rare name says more than a common one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.locate.likeness import FULL, Likeness

FLAT = {"road": "人民路", "door": "12", "estate": "锦绣花园", "building": "3", "unit": "2", "room": "1502"}
STREET = [FLAT, *({"road": "解放路", "estate": f"{name}花园"} for name in ("东方", "星河", "碧水", "江滨"))]
likeness = Likeness(STREET).of


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


def test_a_rare_name_says_more_than_a_common_one():
    asked = {"estate": "锦绣花园"}
    rare, common = likeness(asked, {"estate": "锦绣小区"}), likeness(asked, {"estate": "明月花园"})
    assert rare > common > 0


def test_the_numbers_asked_for_are_looked_for():
    asked = {"estate": "锦绣花园", "floor": "3"}
    assert likeness(asked, asked) > likeness(asked, {"estate": "锦绣花园"}) > 0


SAID = st.dictionaries(st.sampled_from(sorted(FLAT)), st.text("人民路锦绣12", min_size=1, max_size=4))


@given(SAID, SAID)
def test_likeness_is_within_its_bounds_and_nothing_is_more_like_an_address_than_itself(left, right):
    assert 0 <= likeness(left, right) <= likeness(left, left) <= FULL
