"""Which located nodes are evidence: exact addresses that name one place, and the building whatever names it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.located import best_of
from transforms import model
from transforms.link.best import best_nodes
from transforms.link.said import Values

IDS = pa.array(["r0", "r1", "r2"])
FLAT = {"address_id": "a2", "building_id": "b1", "level": "room", "match_class": "exact"}


def _said(*rows: dict[str, str]) -> tuple[Values, Values]:
    """Each record at its own place, by an address property that the row may name."""
    found = [
        {"record_id": f"r{i}", "property": row.get("property", "actual"), "rank": 1} | row for i, row in enumerate(rows)
    ]
    return best_nodes(best_of(pa.Table.from_pylist(found, model.LOCATED), IDS), ["actual", "registered"])


def _told(values: Values) -> list[tuple[int, int]]:
    return list(zip(values.r.tolist(), values.v.tolist(), strict=True))


def test_equal_nodes_are_one_code_whichever_property_names_them() -> None:
    addresses, buildings = _said(FLAT, FLAT | {"property": "registered"}, FLAT | {"address_id": "a1"})
    assert _told(addresses) == [(0, 1), (1, 1), (2, 0)]
    assert _told(buildings) == [(0, 0), (1, 0), (2, 0)]
    assert (len(addresses.texts), len(buildings.texts)) == (2, 1)


def test_a_record_that_names_one_node_by_two_addresses_says_it_once() -> None:
    found = [
        FLAT | {"record_id": "r0", "property": name, "rank": 1, "building_id": building}
        for name, building in (("actual", "b1"), ("registered", "b2"))
    ]
    located = best_of(pa.Table.from_pylist(found, model.LOCATED), IDS)
    addresses, buildings = best_nodes(located, ["actual", "registered"])
    assert _told(addresses) == [(0, 0)]
    assert _told(buildings) == [(0, 0), (0, 1)]


def test_a_property_that_is_not_asked_for_says_nothing() -> None:
    assert [_told(values) for values in _said(FLAT | {"property": "point"})] == [[], []]


@pytest.mark.parametrize(
    ("other", "address", "building"),
    [
        ({"match_class": "normalised"}, True, True),
        ({"match_class": "parent"}, False, True),  # at the building, in no known room
        ({"level": "road"}, False, True),
        ({"address_id": None}, False, False),
        ({"building_id": None}, True, False),
    ],
)
def test_an_address_names_one_place_exactly_a_building_is_named_by_all(other, address, building) -> None:
    addresses, buildings = _said(FLAT | other)
    assert (_told(addresses) == [(0, 0)], _told(buildings) == [(0, 0)]) == (address, building)


def test_what_is_located_nowhere_has_no_nodes() -> None:
    assert [len(values.r) for values in best_nodes(None, ["actual"])] == [0, 0]
