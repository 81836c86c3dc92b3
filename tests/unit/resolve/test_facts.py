"""Facts as columns: a component is looked at exactly when building it edge by edge could refuse a union."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import contract, kinds
from transforms.resolve.cluster import Facts
from transforms.resolve.facts import Statements, statements
from transforms.run import REPOSITORY

KINDS = kinds.load_all(REPOSITORY / "expectations")
CONTRACTS = contract.load_all(REPOSITORY / "expectations")
REGISTER = next(s for s, c in sorted(CONTRACTS.items()) if c.registers.one_live_row_per == "person")
OTHER = next(s for s, c in sorted(CONTRACTS.items()) if c.registers.one_live_row_per != "person")
ROW = st.fixed_dictionaries({
    "source": st.sampled_from([REGISTER, OTHER]), "document_token": st.sampled_from([None, "a", "b", "c"]),
    "document_kind": st.sampled_from([None, "111", "414"]), "document_valid": st.booleans(),
    "document_birth": st.sampled_from([None, 100, 300]), "document_sex": st.sampled_from([None, "male", "female"]),
    "birth_date": st.sampled_from([None, 100, 200]),
    "birth_date_precision": st.sampled_from(["day", "year"]), "trusted": st.booleans(),
    "sex": st.sampled_from([None, "male", "female", "unknown"]),
    "life_status": st.sampled_from([None, "living", "moved_out"]),
})  # fmt: skip
SCHEMA = pa.schema([
    *((n, pa.string()) for n in ("source", "document_token", "document_kind", "document_sex", "sex",
                                 "birth_date_precision", "life_status")),
    ("document_birth", pa.date32()), ("birth_date", pa.date32()), ("document_valid", pa.bool_()),
])  # fmt: skip


def say(rows: list[dict[str, object]]) -> Statements:
    table = pa.table([pa.array([row[f.name] for row in rows], f.type) for f in SCHEMA], schema=SCHEMA)
    trusted = pa.table({"trusted": pa.array([row["trusted"] for row in rows], pa.bool_())})
    return statements(table, trusted, KINDS["person"], CONTRACTS)


def together(said: Statements, records: Sequence[int]) -> Facts:
    found = Facts()
    for record in records:
        found.take(said.of(record))
    return found


@settings(max_examples=300)
@given(rows=st.lists(ROW, min_size=2, max_size=5), data=st.data())
def test_a_component_that_is_not_looked_at_has_no_two_parts_against_each_other(
    rows: list[dict[str, object]], data: st.DataObject
) -> None:
    said = say(rows)
    component = np.array([data.draw(st.integers(0, i)) for i in range(len(rows))], dtype=np.int64)
    component = component[component][component][component]
    mixed = said.mixed(component)
    for root in set(component.tolist()):
        members = np.flatnonzero(component == root).tolist()
        for size in range(1, len(members)):
            for part in combinations(members, size):
                rest = [m for m in members if m not in part]
                assert mixed[root] or not together(said, part).against(together(said, rest), said.rows)


def test_calm_components_are_not_looked_at() -> None:
    row = dict.fromkeys(SCHEMA.names) | {
        "source": REGISTER, "document_token": "a", "document_kind": "111", "document_valid": True, "trusted": True,
    }  # fmt: skip
    said = say([row, row, {**row, "document_token": "b"}, {**row, "document_token": "b", "trusted": False}])
    assert said.mixed(np.array([0, 0, 2, 3])).tolist() == [False] * 4
    assert said.mixed(np.array([0, 0, 0, 3])).tolist() == [True, False, False, False]
    assert said.mixed(np.array([0, 1, 2, 2])).tolist() == [False, False, True, False]  # two rows of one register


def test_only_resident_numbers_exclude_each_other() -> None:
    row = dict.fromkeys(SCHEMA.names) | {
        "source": OTHER, "document_token": "a", "document_kind": "414", "document_valid": True, "trusted": True,
    }  # fmt: skip
    assert not say([row, {**row, "document_token": "b"}]).mixed(np.array([0, 0])).any()
    resident = {**row, "document_kind": "111"}
    assert say([resident, {**resident, "document_token": "b"}]).mixed(np.array([0, 0])).tolist() == [True, False]


def test_an_earlier_registration_is_no_live_row_of_its_register() -> None:
    def registered(status: str) -> dict[str, object]:
        return dict.fromkeys(SCHEMA.names) | {"source": REGISTER, "life_status": status, "trusted": False}

    def apart(*statuses: str) -> bool:
        said = say([registered(status) for status in statuses])
        return said.of(0).against(said.of(1), {})

    assert apart("living", "living")
    assert apart("dead", "living")
    assert not apart("moved_out", "living")


def test_what_one_source_lists_twice_under_one_plate_is_no_conflict() -> None:
    def apart(*rows: tuple[str, str, str | None]) -> bool:
        columns = dict(zip(("source", "code", "own_number"), zip(*rows, strict=True), strict=True))
        table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        said = statements(table, pa.table({"trusted": [True] * len(rows)}), KINDS["facility"], CONTRACTS)
        return said.of(0).against(said.of(1), said.rows)

    assert not apart(("a", "1", "JT1"), ("a", "2", "JT1"))
    assert apart(("a", "1", "JT1"), ("a", "2", "JT2"))
    assert apart(("a", "1", None), ("a", "2", None))
    assert apart(("a", "1", "JT1"), ("b", "2", "JT1"))  # two sources are not one survey
    assert apart(*[("a", code, "无") for code in "123"])


def test_a_record_says_what_its_row_states_and_what_its_believed_number_says() -> None:
    row: dict[str, object] = {
        "source": OTHER, "document_token": "a", "document_kind": "111", "document_valid": True, "trusted": True,
        "document_birth": 100, "document_sex": "male", "birth_date": 200, "birth_date_precision": "day",
        "sex": "female", "life_status": None,
    }  # fmt: skip
    rows = [
        row,
        {**row, "trusted": False},
        {**row, "birth_date": None},
        {**row, "sex": None, "document_sex": None},
        row,
    ]
    said = say(rows)
    own, embedded = said.people
    assert own.record.tolist() == [0, 1, 4]
    assert embedded.record.tolist() == [0, 2, 4]
    assert (own.values[0].tolist(), embedded.values[0].tolist()) == ([200] * 3, [100] * 3)
    assert len(set(own.values[1].tolist())) == len(set(embedded.values[1].tolist())) == 1
    assert own.values[1][0] != embedded.values[1][0]
    assert [len(said.of(at).people) for at in range(5)] == [2, 1, 1, 0, 2]
    assert not said.mixed(np.arange(5)).any()  # alone, whatever it says of itself
    assert said.mixed(np.array([0, 0, 2, 3, 4])).tolist() == [True, False, False, False, False]
