"""A register of another country: its own number anchors where it is declared to, under names in an alphabet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from expectations import rules
from transforms import contract, kinds, store
from transforms.engine import Engine
from transforms.kinds import Compare, Kind
from transforms.link import scored
from transforms.live import Live
from transforms.resolve.facts import statements
from transforms.run import REPOSITORY, Settings

FEBRL = REPOSITORY / "docs" / "tutorial" / "febrl" / "expectations"
SAID = [("r1", "dwayne", "111"), ("r2", "dwane", "111"), ("r3", "isabelle", "111"), ("r4", "isabelle", "222"),
        ("r5", "kiandra", None)]  # fmt: skip


@pytest.fixture(scope="module")
def member() -> Kind:
    """The tutorial's kind, its number made decisive under the given name."""
    told = kinds.load(FEBRL / "kinds" / "member.yml")
    compare = (Compare(property=("given_name",), **{"as": "spelling"}),)
    link = told.link.model_copy(
        update={"decisive": "social_number", "agree": "given_name", "compare": compare, "blocks": (("given_name",),),
                "never": ("decisive_conflict",), "learn": "numbers"}
    )  # fmt: skip
    return told.model_copy(update={"link": link})


@pytest.fixture
def live(tmp_path: Path) -> Live:
    columns = ("record_id", "source", "given_name", "social_number_token", "social_number_valid")
    rows = [dict(zip(columns, (r, "library_cards", n, t, t is not None), strict=True)) for r, n, t in SAID]
    schema = pa.schema([(n, pa.bool_() if n.endswith("_valid") else pa.string()) for n in columns])
    store.write_table(tmp_path / "member.parquet", pa.Table.from_pylist(rows, schema))
    return Live(tmp_path / "member.parquet")


def test_rows_under_one_number_are_one_where_their_names_are_spelt_alike(
    tmp_path: Path, member: Kind, live: Live
) -> None:
    contracts = contract.load_all(FEBRL)
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path), "GRIDFACTS_THREADS": "1"})) as engine:
        linked = scored.link(scored.Records(engine, member, live, None), contracts, [])
    assert linked.numbered.u.tolist() == [0]
    assert linked.numbered.v.tolist() == [1]
    assert linked.collapsed.anchor.tolist() == [True, True, False, True, False]
    assert linked.collapsed.lost.tolist() == [False, False, True, False, False]

    trusted = linked.collapsed.trusted
    unit = pa.table({"record_id": live.ids, "trusted": trusted, "anchor": trusted})
    names = ["record_id", "source", "social_number_token", "social_number_valid"]
    said = statements(pa.table([live.column(n) for n in names], names), unit, member, contracts)
    assert said.number[0] == said.number[1] != said.number[3]  # two numbers never stand in one entity
    assert said.of(0).against(said.of(3), said.rows)
    assert not said.of(0).against(said.of(1), said.rows)
    assert not said.of(0).against(said.of(4), said.rows)


@pytest.mark.parametrize(("pattern", "effects"), [(None, []), ("[0-9]{7}", ["strike"])])
def test_a_number_is_held_against_the_pattern_that_is_declared(pattern: str | None, effects: list[str]) -> None:
    told = kinds.load(FEBRL / "kinds" / "member.yml")
    number = told.properties["social_number"].model_copy(update={"pattern": pattern})
    kind = told.model_copy(update={"properties": {**told.properties, "social_number": number}})
    found = rules.derive(contract.load_all(FEBRL)["library_cards"], {"member": kind}, "2026-10-01", {})
    asked = [replace(rule, columns=()) for rule in found if rule.heading == "soc_sec_id" and rule.id == "CODE_UNKNOWN"]
    assert [rule.effect for rule in asked] == effects
    assert all(rule.options["pattern"] == pattern for rule in asked)


def test_the_columns_of_a_number_are_those_the_rooms_ask_for(member: Kind) -> None:
    from transforms.standardise.columns import schema

    made = {name for name, _ in schema(member)}
    assert {member.token_of("social_number"), "social_number_valid"} <= made
    assert not {"social_number", "raw_social_number"} & made
    assert member.token_of("surname") in made
