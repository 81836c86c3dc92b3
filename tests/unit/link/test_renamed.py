"""A road with two names: told by its buildings, never by one alone, never against another building at one door."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pyarrow as pa
import pytest

from transforms.renamed import one_name, under_one_name

HERE, THERE = "445302001011", "445302001012"


def told(*records):
    """(path, building code) of records → road → its one name."""
    coded = pa.array([path for path, _ in records], pa.string()).dictionary_encode()
    at = coded.indices.to_numpy().astype(np.int64)
    return one_name(coded.dictionary, at, pa.array([code for _, code in records], pa.string()))


def doors(road, codes, village=HERE):
    return [(f"{village}|road:{road}|door:{number}", code) for number, code in enumerate(codes, 1)]


OLD, NEW = doors("竹园4巷", "abc"), doors("安泰街", "abc")


def test_three_buildings_at_equal_doors_make_two_names_one_road():
    names = told(*OLD, *NEW)
    assert names == {(HERE, "竹园4巷"): "安泰街", (HERE, "安泰街"): "安泰街"}
    paths = pa.array([f"{HERE}|road:竹园4巷|door:9", f"{HERE}|road:竹园4巷", f"{THERE}|road:竹园4巷|door:9", None])
    assert under_one_name(paths, names).to_pylist() == [
        f"{HERE}|road:安泰街|door:9", f"{HERE}|road:安泰街", f"{THERE}|road:竹园4巷|door:9", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "records",
    [
        [*OLD[:2], *NEW[:2]],  # two buildings are too few
        [*OLD, *doors("安泰街", "abc", THERE)],  # another village
        [*OLD, *doors("安泰街", "xabc")],  # other doors
        [*OLD, *doors("竹园4巷", "abcd")[3:], *NEW, *doors("安泰街", "abce")[3:]],  # one door, two buildings
        [*OLD, *doors("安泰街", [None] * 3)],  # nobody says which buildings
    ],
)
def test_anything_less_leaves_two_roads(records):
    assert told(*records) == {}


def test_a_road_renamed_twice_has_one_name_in_any_order():
    for records in permutations([OLD, NEW, doors("建设路", "abc")]):
        assert set(told(*(row for rows in records for row in rows)).values()) == {"安泰街"}
    chain = told(*OLD, *NEW, *doors("安泰街", "...xyz")[3:], *doors("建设路", "...xyz")[3:])
    assert set(chain.values()) == {"安泰街"}
