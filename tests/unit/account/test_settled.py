"""Rows left out before a door asks: those at which it finds nothing, and never one at which it would."""

from __future__ import annotations

import pyarrow as pa
import pytest

from transforms.account import settled

SAID = pa.schema([(n, pa.string()) for n in ("record_id", "content_hash", "operation")] + [("ordinal", pa.int64())])
EARLIER = SAID.append(pa.field("position", pa.int64()))
VERSION = pa.schema([("ordinal", pa.int64()), ("record_id", pa.string()), ("content_hash", pa.string())])


def said(*rows: tuple[str, str, str, int]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SAID.names, row, strict=True)) for row in rows], SAID)


def earlier(*rows: tuple[str, str, str]) -> pa.Table:
    told = [dict(zip(EARLIER.names, (*row, number, 0), strict=True)) for number, row in enumerate(rows, 1)]
    return pa.Table.from_pylist(told, EARLIER)


def version(*rows: tuple[int, str, str | None]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(VERSION.names, row, strict=True)) for row in rows], VERSION)


BEFORE = (("same", "a", "upsert"), ("other", "a", "upsert"), ("gone", "a", "upsert"))
NOW = (("same", "a", "upsert", 1), ("other", "b", "upsert", 2), ("new", "c", "upsert", 3))
DUE = ((2, "other", "b"), (3, "new", "c"))


def test_versions_as_they_must_be_are_left_out() -> None:
    found = settled.brought(said(*NOW), earlier(*BEFORE), version(*DUE), counts=True)
    assert (found[0].num_rows, found[2].num_rows) == (0, 0)


@pytest.mark.parametrize(
    ("brought", "left"),
    [
        ((DUE[0],), {"new"}),
        ((*DUE, (1, "same", "a")), {"same"}),
        (((3, "other", "b"), DUE[1]), {"other"}),
        (((2, "other", "a"), DUE[1]), {"other"}),
        ((*DUE, DUE[1]), {"new"}),
        ((*DUE, (9, "nobody", "z")), {"nobody"}),
        ((*DUE, (9, "gone", "a")), {"gone"}),
    ],
    ids=["missing", "a repeat", "another row", "another content", "twice", "never said", "not said tonight"],
)
def test_any_other_version_stays(brought: tuple[tuple[int, str, str], ...], left: set[str]) -> None:
    found = settled.brought(said(*NOW), earlier(*BEFORE), version(*brought), counts=True)
    assert {*found[0]["record_id"].to_pylist(), *found[2]["record_id"].to_pylist()} == left


def test_a_record_told_twice_stays_and_so_does_everything_where_something_is_null() -> None:
    twice = said(*NOW, ("new", "d", "upsert", 4))
    found = settled.brought(twice, earlier(*BEFORE), version(*DUE), counts=True)
    assert set(found[0]["record_id"].to_pylist()) == {"new"}
    null = (said(*NOW), earlier(*BEFORE), version(*DUE, (4, "x", None)))
    assert settled.brought(*null, counts=True) == null


def test_a_batch_that_does_not_count_has_every_row_for_a_version() -> None:
    every = version((1, "same", "a"), *DUE)
    assert settled.brought(said(*NOW), earlier(), every, counts=False)[0].num_rows == 0
    assert settled.brought(said(*NOW), earlier(), version(*DUE), counts=False)[0]["record_id"].to_pylist() == ["same"]


LANDED = pa.table({"ordinal": [1, 2, 3, 4], "line": [2, 3, 4, 5], "fault": [None, None, None, "UNCLOSED"]})
VERDICT = pa.table({"ordinal": [1, 2, 3, 4], "accepted": [True, False, True, False]})
FINDING = pa.table({"ordinal": [3], "line": [4]})


def test_rows_accepted_without_a_finding_are_judged() -> None:
    landed, verdict = settled.judged(LANDED, VERDICT, FINDING)
    assert landed["ordinal"].to_pylist() == verdict["ordinal"].to_pylist() == [2, 3, 4]


@pytest.mark.parametrize("order", [[1, 2, 3], [1, 2, 3, 3], [2, 1, 3, 4]], ids=["fewer", "twice", "another order"])
def test_where_rows_and_verdicts_are_not_the_same_all_stay(order: list[int]) -> None:
    verdict = pa.table({"ordinal": order, "accepted": [True] * len(order)})
    assert settled.judged(LANDED, verdict, FINDING) == (LANDED, verdict)


GOLDEN = pa.table({"entity_id": ["e", "f", "g"], "name": ["x", "y", None]})
LIVE = pa.table({"record_id": ["r", "s", "t"], "name": ["x", "y", None]})


@pytest.mark.parametrize(
    ("claims", "doubtful"),
    [
        ([("e", "r"), ("f", "s")], [False, False, False]),
        ([("e", "r"), ("f", "r")], [False, True, False]),
        ([("e", "r")], [False, True, False]),
        ([("e", "r"), ("e", "s"), ("f", "s")], [True, False, False]),
        ([("e", "t"), ("f", "nobody")], [True, True, False]),
        ([("e", "r"), ("nobody", "s")], [False, True, False]),
    ],
    ids=["as claimed", "another value", "no claim", "two claims", "nothing said", "another entity"],
)
def test_a_golden_value_is_sure_only_as_all_that_claim_it_say(
    claims: list[tuple[str, str]], doubtful: list[bool]
) -> None:
    told = [{"entity_id": entity, "record_id": record, "property": "name"} for entity, record in claims]
    other = {"entity_id": "f", "record_id": "s", "property": "sex"}
    found = settled.Claimed(GOLDEN, pa.Table.from_pylist([*told, other]), LIVE)
    assert found.doubtful("name").to_pylist() == doubtful


def test_every_value_is_doubtful_where_a_record_lives_twice() -> None:
    claim = pa.table({"entity_id": ["e"], "record_id": ["r"], "property": ["name"]})
    assert settled.Claimed(GOLDEN, claim, pa.concat_tables([LIVE, LIVE])).doubtful("name").to_pylist() == [
        True,
        True,
        False,
    ]
