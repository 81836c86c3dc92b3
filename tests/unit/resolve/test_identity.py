"""Identities last: the promises of design section 5.5, one by one."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms import model
from transforms.engine import Engine
from transforms.resolve.identity import HOME, LIVE, RETIRED, Assignment, Minted, Past, assign, sure_to_mint
from transforms.run import Settings

Partition = list[list[str]]
NOTHING = Past(HOME.empty_table(), model.IDENTITY.empty_table())
HISTORIES = 20_000


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    home = str(tmp_path_factory.mktemp("identity"))
    return Engine(Settings.from_environment({"GRIDFACTS_HOME": home, "GRIDFACTS_THREADS": "2"}))


def mint(founders: pa.Array, release: int) -> pa.Array:
    return pc.binary_join_element_wise(founders, str(release), "@")


@dataclass(frozen=True)
class Night:
    """What one night left.

    Attributes:
        whose: record → identity. past: homes and identities after it.
    """

    whose: dict[str, str]
    past: Past

    def home(self, record: str) -> str | None:
        ids = self.past.homes["record_id"].to_pylist()
        return str(self.past.homes["entity_id"][ids.index(record)]) if record in ids else None

    def identity(self, entity: str) -> tuple[object, ...]:
        row = next(i for i in self.past.identities.to_pylist() if i["entity_id"] == entity)
        return row["state"], row["retired_release"], row["signpost"]

    def live(self) -> set[str]:
        return {i["entity_id"] for i in self.past.identities.to_pylist() if i["state"] == LIVE}


def one_night(engine: Engine, clusters: Partition, past: Past, release: int) -> Night:
    ids = sorted(chain.from_iterable(clusters))
    first = {record: min(cluster) for cluster in clusters for record in cluster}
    at = {record: r for r, record in enumerate(ids)}
    root = np.array([at[first[record]] for record in ids], dtype=np.int64)
    told = assign(engine, pa.array(ids, pa.string()), root, past, release, mint)
    entity = dict(zip(sorted(set(first.values())), told.entities.to_pylist(), strict=True))
    return Night({record: entity[first[record]] for record in ids}, past_of(told))


def past_of(told: Assignment) -> Past:
    return Past(pa.concat_tables(told.homes()), told.standing().table())


def play(engine: Engine, nights: list[Partition]) -> list[Night]:
    """The nights one after the other, each from what the one before published."""
    told: list[Night] = []
    for release, clusters in enumerate(nights, start=1):
        told.append(one_night(engine, clusters, told[-1].past if told else NOTHING, release))
    return told


def test_a_new_cluster_mints_and_gives_its_records_their_home(engine: Engine) -> None:
    (night,) = play(engine, [[["b", "a"], ["c"]]])
    assert night.whose == {"a": "a@1", "b": "a@1", "c": "c@1"}
    assert night.past.homes.to_pylist() == [
        {"record_id": r, "entity_id": e, "homed_release": 1} for r, e in (("a", "a@1"), ("b", "a@1"), ("c", "c@1"))
    ]


def test_a_merge_keeps_the_older_and_leaves_a_dated_signpost(engine: Engine) -> None:
    nights: list[Partition] = [[["x"]], [["x"], ["a"]], [["a", "x"]]]
    merged = play(engine, nights)[-1]
    assert set(merged.whose.values()) == {"x@1"}
    assert merged.identity("a@2") == (RETIRED, 3, "x@1")
    assert merged.home("a") == "a@2"


def test_undoing_a_merge_gives_both_identities_back_to_the_right_people(engine: Engine) -> None:
    apart: Partition = [["a", "b"], ["x", "y"]]
    nights = play(engine, [apart, [["a", "b", "x", "y"]], apart])
    assert nights[2].whose == nights[0].whose
    assert {i["state"] for i in nights[2].past.identities.to_pylist()} == {LIVE}


def test_who_came_during_a_merge_has_no_say_in_its_undoing_and_settles_after_it(engine: Engine) -> None:
    apart: Partition = [["a"], ["x"]]
    merged, undone = [["a", "x", "n1", "n2"]], [["a"], ["x", "n1", "n2"]]
    nights = play(engine, [apart, merged, undone, undone, [["x", "n1", "n2"]]])
    assert nights[1].whose == dict.fromkeys(("a", "x", "n1", "n2"), "a@1")
    assert nights[1].home("n1") is None
    assert nights[2].whose == {"a": "a@1", "x": "x@1", "n1": "x@1", "n2": "x@1"} == nights[3].whose
    assert nights[2].home("n1") == "x@1"
    assert set(nights[4].whose.values()) == {"x@1"}


def test_of_retired_identities_the_last_to_go_comes_back(engine: Engine) -> None:
    """j went when its record was withdrawn, b when it was merged with a: the person of tonight is b."""
    nights: list[Partition] = [
        [["j"], ["a"]],
        [["a"], ["b"]],
        [["a"], ["b", "j"]],
        [["a", "b", "j"]],
        [["a"], ["b", "j"]],
    ]
    told = play(engine, nights)
    assert told[2].whose == {"a": "a@1", "b": "b@2", "j": "b@2"} == told[4].whose


def test_a_stray_settles_where_it_lives_and_has_no_say_where_it_came_from(engine: Engine) -> None:
    """b and c leave a for x and y: merged with each other they do not outvote a."""
    nights: list[Partition] = [
        [["a", "b", "c"], ["x"], ["y"]],
        [["a"], ["b", "x"], ["y", "c"]],
        [["a"], ["b", "x", "y", "c"]],
        [["a"], ["b", "x"], ["y", "c"]],
    ]
    told = play(engine, nights)
    assert told[1].whose == {"a": "a@1", "b": "x@1", "x": "x@1", "y": "y@1", "c": "y@1"} == told[3].whose
    assert told[1].home("b") == "x@1"
    assert told[2].whose["a"] == "a@1"


def test_the_larger_part_of_a_split_keeps_the_identity_and_the_other_mints(engine: Engine) -> None:
    night = play(engine, [[["a", "b", "c"]], [["a"], ["b", "c"]]])[-1]
    assert night.whose == {"a": "a@2", "b": "a@1", "c": "a@1"}
    assert night.home("a") == "a@2"


def test_a_tie_goes_to_the_earliest_homed_record_then_to_the_smallest(engine: Engine) -> None:
    late: Partition = [["b"], ["a"]]  # a came to b's identity a night later
    assert play(engine, [[["b"]], [["a", "b"]], late])[-1].whose == {"b": "b@1", "a": "a@3"}
    even: Partition = [["b"], ["a"]]
    assert play(engine, [[["a", "b"]], even])[-1].whose == {"a": "a@1", "b": "b@2"}


def test_an_identity_without_records_retires_and_returns_on_its_own_home_records_only(engine: Engine) -> None:
    nights = play(engine, [[["a"]], [["z"]], [["a"], ["z"]]])
    assert nights[1].identity("a@1") == (RETIRED, 2, None)
    assert nights[1].whose == {"z": "z@2"}
    assert nights[2].whose == {"a": "a@1", "z": "z@2"}
    assert nights[2].identity("a@1") == (LIVE, None, None)


def test_a_renamed_road_keeps_its_ids_when_nobody_says_the_old_name_any_more(engine: Engine) -> None:
    nights: list[Partition] = [[["old 1"], ["old 2"]], [["new 1", "old 1"], ["new 2", "old 2"]], [["new 1"], ["new 2"]]]
    last = play(engine, nights)[-1]
    assert last.whose == {"new 1": "old 1@1", "new 2": "old 2@1"}
    assert last.identity("old 1@1") == (LIVE, None, None)


def test_doors_of_two_roads_that_become_one_have_successors(engine: Engine) -> None:
    nights: list[Partition] = [[["a 1"], ["a 2"], ["b 1"]], [["a 1", "b 1"], ["a 2"]], [["b 1"], ["a 2"]]]
    merged, last = play(engine, nights)[1:]
    assert merged.identity("b 1@1") == (RETIRED, 2, "a 1@1")
    assert merged.identity("a 2@1") == (LIVE, None, None)
    assert last.whose == {"b 1": "b 1@1", "a 2": "a 2@1"}  # nobody says a 1 any more: its id leads to the other's
    assert last.identity("a 1@1") == (RETIRED, 3, "b 1@1")
    assert last.identity("b 1@1") == (LIVE, None, None)


def test_a_live_identity_is_kept_before_an_older_retired_one(engine: Engine) -> None:
    night = play(engine, [[["a"]], [["b"]], [["a", "b"]]])[-1]
    assert set(night.whose.values()) == {"b@2"}
    assert night.identity("a@1") == (RETIRED, 2, "b@2")


RECORDS = [f"r{i}" for i in range(7)]
FAST = settings(max_examples=60)


@st.composite
def partitions(draw: st.DrawFn) -> Partition:
    groups: dict[int, list[str]] = {}
    for record in RECORDS:
        group = draw(st.integers(0, 4))
        if group:  # 0: not live tonight
            groups.setdefault(group, []).append(record)
    return list(groups.values())


@FAST
@given(nights=st.lists(partitions(), min_size=1, max_size=4), seed=st.integers(0, 1000))
@example(nights=[[["r3"], ["r6"]], [["r0"], ["r6"]], [["r0", "r3", "r6"]], [["r0"], ["r3"]]], seed=0)  # two live again
def test_no_order_has_an_influence_and_a_repeat_changes_nothing(
    engine: Engine, nights: list[Partition], seed: int
) -> None:
    shuffler = np.random.default_rng(seed)
    past = NOTHING
    for release, night in enumerate(nights, start=1):
        mixed = Past(*(t.take(shuffler.permutation(t.num_rows)) for t in (past.homes, past.identities)))
        told, other = one_night(engine, night, past, release), one_night(engine, night[::-1], mixed, release)
        assert (told.whose, told.past.identities) == (other.whose, other.past.identities)
        assert told.past.homes == other.past.homes.sort_by("record_id")
        again = one_night(engine, night, told.past, 99)
        assert (again.whose, again.past.identities) == (told.whose, told.past.identities)
        past = told.past


@FAST
@given(nights=st.lists(partitions(), min_size=1, max_size=5))
def test_live_identities_are_exactly_the_clusters_and_no_id_stands_on_foreign_records(
    engine: Engine, nights: list[Partition]
) -> None:
    for night, clusters in zip(play(engine, nights), nights, strict=True):
        assert len(set(night.whose.values())) == len(clusters)
        assert night.live() == set(night.whose.values())
        for cluster in clusters:
            assert night.whose[cluster[0]] in {night.home(record) for record in cluster}


@FAST
@given(nights=st.lists(partitions(), min_size=2, max_size=3), asked=st.sets(st.sampled_from(range(len(RECORDS)))))
def test_ids_minted_ahead_are_those_minted_when_they_are_wanted_and_nobody_else_bears_one(
    engine: Engine, nights: list[Partition], asked: set[int]
) -> None:
    past = NOTHING
    for release, night in enumerate(nights, start=1):
        ids = pa.array(sorted(chain.from_iterable(night)), pa.string())
        at = {record: r for r, record in enumerate(ids.to_pylist())}
        root = np.array([at[min(next(c for c in night if record in c))] for record in at], dtype=np.int64)
        plain = assign(engine, ids, root, past, release, mint)
        early = sure_to_mint(root, past)
        assert len(early) in ({plain.minted} if release == 1 else {0, plain.minted})
        for founders in (early, np.array(sorted(asked & set(range(len(ids)))), dtype=np.int64)):
            ahead = Minted.of(ids, founders, release, mint)
            told = assign(engine, ids, root, past, release, mint, ahead)
            assert told.entities == plain.entities
            assert past_of(told) == past_of(plain)
        past = past_of(plain)


@dataclass(frozen=True)
class History:
    """Nights of a small city; before: the last shows the people as they are, of whom two are merged and parted."""

    before: list[Partition]
    merged: list[Partition]
    undone: Partition


def _split(dice: random.Random, records: list[str]) -> Partition:
    groups: dict[int, list[str]] = {}
    for record in records:
        groups.setdefault(dice.randrange(1 + len(records)), []).append(record)
    return list(groups.values())


def _as_seen(dice: random.Random, people: Partition) -> Partition:
    """One night's sight of the same people: records come and go, a person falls in two, two are taken for one."""
    seen = [[r for r in person if dice.random() < 0.85] for person in people]
    clusters = [c for c in seen if c]
    if dice.random() < 0.4:
        clusters = [half for c in clusters for half in (_split(dice, c) if dice.random() < 0.3 else [c])]
    elif len(clusters) > 1 and dice.random() < 0.5:
        clusters = [clusters[0] + clusters[1], *clusters[2:]]
    return clusters


def _wandering(dice: random.Random, clusters: Partition) -> Partition:
    """Up to two records stand with somebody else for a night."""
    for _ in range(dice.randint(0, 2)):
        if len(clusters) > 1:
            here, there = dice.sample(range(len(clusters)), 2)
            record = dice.choice(clusters[here])
            clusters = [
                [r for r in c if r != record] + ([record] if i == there else []) for i, c in enumerate(clusters)
            ]
            clusters = [c for c in clusters if c]
    return clusters


def history(dice: random.Random, name: str, *, wander: bool) -> History:
    """Some nights; then two of the people of the last are merged, newcomers arrive, and the merge is undone."""
    records = [f"{name}.r{i}" for i in range(7)]
    people = _split(dice, records)
    while len(people) < 2:
        people = _split(dice, records)
    before = [_as_seen(dice, people) for _ in range(dice.randint(0, 4))]
    before = [_wandering(dice, night) for night in before] if wander else before
    left, right, *others = dice.sample(people, len(people))
    newcomers = [f"{name}.n{i}" for i in range(dice.randint(0, 5))]
    few, mine = newcomers[: len(newcomers) // 2], [n for n in newcomers if dice.random() < 0.5]
    undone = [left + mine, right + [n for n in newcomers if n not in mine], *others]
    return History([*before, people], [[left + right + few, *others], [left + right + newcomers, *others]], undone)


@pytest.mark.parametrize("wander", [False, True], ids=["quiet", "wandering"])
def test_undo_gives_both_identities_back_in_thousands_of_histories(engine: Engine, *, wander: bool) -> None:
    """All histories side by side in one city, padded with their last night before, so that a night is one call."""
    dice = random.Random(5)
    told = [history(dice, f"h{i:05d}", wander=wander) for i in range(HISTORIES)]
    assert sum(len(h.undone[1]) > len(h.before[-1][0]) for h in told) > HISTORIES / 4
    longest = max(len(h.before) for h in told)
    padded = [[h.before[0]] * (longest - len(h.before)) + h.before for h in told]
    nights = [list(chain.from_iterable(p[i] for p in padded)) for i in range(longest)]
    nights += [list(chain.from_iterable(h.merged[i] for h in told)) for i in range(2)]
    nights.append(list(chain.from_iterable(h.undone for h in told)))
    *earlier, last = play(engine, nights)
    before = earlier[longest - 1].whose
    assert {r: last.whose[r] for r in before} == before
    assert len(set(last.whose.values())) == len(nights[-1])
