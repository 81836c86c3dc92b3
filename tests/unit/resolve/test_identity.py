"""Identities last: the promises of design section 5.5, one by one."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.resolve.identity import LIVE, RETIRED, Assignment, Home, Identity, assign

Partition = list[list[str]]


def mint(founder: str, release: int) -> str:
    return f"{founder}@{release}"


def play(nights: list[Partition]) -> list[Assignment]:
    """The nights one after the other, each from what the one before published."""
    homes: dict[str, Home] = {}
    identities: dict[str, Identity] = {}
    told = []
    for release, clusters in enumerate(nights, start=1):
        told.append(assign(clusters, homes, identities, release, mint))
        homes, identities = told[-1].homes, told[-1].identities
    return told


def whose(night: Assignment, clusters: Partition) -> dict[str, str]:
    return {record: entity for cluster, entity in zip(clusters, night.entities, strict=True) for record in cluster}


def test_a_new_cluster_mints_and_gives_its_records_their_home() -> None:
    (night,) = play([[["b", "a"], ["c"]]])
    assert night.entities == ["a@1", "c@1"]
    assert night.homes == {"a": Home("a@1", 1), "b": Home("a@1", 1), "c": Home("c@1", 1)}


def test_a_merge_keeps_the_older_and_leaves_a_dated_signpost() -> None:
    nights: list[Partition] = [[["x"]], [["x"], ["a"]], [["a", "x"]]]
    merged = play(nights)[-1]
    assert merged.entities == ["x@1"]
    gone = merged.identities["a@2"]
    assert (gone.state, gone.retired_release, gone.signpost) == (RETIRED, 3, "x@1")
    assert merged.homes["a"].entity_id == "a@2"


def test_undoing_a_merge_gives_both_identities_back_to_the_right_people() -> None:
    apart: Partition = [["a", "b"], ["x", "y"]]
    nights = play([apart, [["a", "b", "x", "y"]], apart])
    assert whose(nights[2], apart) == whose(nights[0], apart)
    assert {i.state for i in nights[2].identities.values()} == {LIVE}


def test_the_larger_part_of_a_split_keeps_the_identity_and_the_other_mints() -> None:
    split: Partition = [["a"], ["b", "c"]]
    night = play([[["a", "b", "c"]], split])[-1]
    assert whose(night, split) == {"a": "a@2", "b": "a@1", "c": "a@1"}
    assert night.homes["a"] == Home("a@2", 2)


def test_a_tie_goes_to_the_earliest_homed_record_then_to_the_smallest() -> None:
    late: Partition = [["b"], ["a"]]  # a came to b's identity a night later
    assert whose(play([[["b"]], [["a", "b"]], late])[-1], late) == {"b": "b@1", "a": "a@3"}
    even: Partition = [["b"], ["a"]]
    assert whose(play([[["a", "b"]], even])[-1], even) == {"a": "a@1", "b": "b@2"}


def test_an_identity_without_records_retires_and_returns_on_its_own_home_records_only() -> None:
    other: Partition = [["z"]]
    nights = play([[["a"]], other, [["a"], ["z"]]])
    assert nights[1].identities["a@1"].state == RETIRED
    assert nights[1].identities["a@1"].signpost is None
    assert nights[1].entities == ["z@2"]
    assert nights[2].entities == ["a@1", "z@2"]
    assert nights[2].identities["a@1"] == Identity("a@1", 1, "a")


def test_a_live_identity_is_kept_before_an_older_retired_one() -> None:
    retired = Identity("old", 1, "a", RETIRED, 2)
    live = Identity("young", 3, "b")
    homes = {"a": Home("old", 1), "b": Home("young", 3)}
    night = assign([["a", "b"]], homes, {"old": retired, "young": live}, 4, mint)
    assert night.entities == ["young"]
    assert night.identities["old"].signpost == "young"
    assert night.identities["old"].retired_release == 2


RECORDS = [f"r{i}" for i in range(7)]


@st.composite
def partitions(draw: st.DrawFn) -> Partition:
    groups: dict[int, list[str]] = {}
    for record in RECORDS:
        group = draw(st.integers(0, 4))
        if group:  # 0: not live tonight
            groups.setdefault(group, []).append(record)
    return list(groups.values())


@settings(max_examples=300, deadline=None)
@given(nights=st.lists(partitions(), min_size=1, max_size=5), seed=st.integers(0, 1000))
def test_no_order_has_an_influence_and_a_repeat_changes_nothing(nights: list[Partition], seed: int) -> None:
    shuffler = random.Random(seed)
    first = play(nights)
    shuffled = [[shuffler.sample(c, len(c)) for c in shuffler.sample(night, len(night))] for night in nights]
    second = play(shuffled)
    for night, a, b, one, other in zip(nights, first, second, nights, shuffled, strict=True):
        assert whose(a, one) == whose(b, other)
        assert a.homes == b.homes
        assert a.identities == b.identities
        again = assign(night, a.homes, a.identities, 99, mint)
        assert (again.entities, again.homes, again.identities) == (a.entities, a.homes, a.identities)


@settings(max_examples=300, deadline=None)
@given(nights=st.lists(partitions(), min_size=1, max_size=6))
def test_live_identities_are_exactly_the_clusters_and_no_id_stands_on_foreign_records(nights: list[Partition]) -> None:
    for night, clusters in zip(play(nights), nights, strict=True):
        assert len(set(night.entities)) == len(clusters)
        assert {e for e, i in night.identities.items() if i.state == LIVE} == set(night.entities)
        for cluster, entity in zip(clusters, night.entities, strict=True):
            assert entity in {night.homes[record].entity_id for record in cluster}


@settings(max_examples=300, deadline=None)
@given(before=partitions(), pair=st.tuples(st.integers(0, 6), st.integers(0, 6)))
def test_a_merge_that_is_undone_leaves_every_record_where_it_was(before: Partition, pair: tuple[int, int]) -> None:
    left, right = (i % len(before) for i in pair) if before else (0, 0)
    if left == right:
        return
    merged = [c for i, c in enumerate(before) if i not in (left, right)] + [before[left] + before[right]]
    nights = play([before, merged, before])
    assert whose(nights[2], before) == whose(nights[0], before)
