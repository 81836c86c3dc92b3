"""Every kind of event, from two states of who stands where: each entity that comes or goes has exactly one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from transforms.engine import Engine
from transforms.run import REPOSITORY, Settings

STEPS = REPOSITORY / "transforms" / "account" / "change.sql"
BEFORE = {"a": "r1 r2", "b": "r3", "c": "r4 r5", "d": "r6", "e": "r7", "f": "r8"}
NOW = {
    "a": "r1",  # r2 goes to b: both live on
    "b": "r3 r2",
    "c": "r4",  # r5 leaves it for an entity of its own
    "c2": "r5",
    "e": "r7 r6",  # d, with r6, is gone into it
    "g": "r9",  # new
    "h": "r10",  # known of old
}


def table(names: Sequence[str], rows: Sequence[Sequence[str | None]], kind: bool = True) -> pa.Table:
    told = [(*(["person"] if kind else []), *row) for row in rows]
    columns = [*(["kind"] if kind else []), *names]
    return pa.table(
        {name: pa.array([row[at] for row in told], pa.string()) for at, name in enumerate(columns)}
    )  # fmt: skip


@pytest.fixture
def events(tmp_path: Path) -> list[tuple[str | None, ...]]:
    tables = {"updated": table(["entity_id", "fields"], [("a", "name|sex")]),
              "before_identity": table(["entity_id"], [(one,) for one in (*BEFORE, "h")], kind=False),
              "identity": table(["entity_id", "signpost"], [("d", "e"), *((e, None) for e in (*NOW, "f"))], kind=False),
              "erased": table(["record_id"], [("r8",)], kind=False)}  # fmt: skip
    for when, told in (("before", BEFORE), ("now", NOW)):
        homes = [(record, entity) for entity, records in told.items() for record in records.split()]
        tables[f"{when}_key"] = table(["entity_id"], [(entity,) for entity in told])
        tables[f"{when}_home"] = table(["record_id", "entity_id"], homes)
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})) as engine:
        return [tuple(row.values())[1:] for row in engine.run(STEPS, tables).to_pylist()]


def test_who_comes_goes_changes_and_takes_over_records_is_told(events: list[tuple[str | None, ...]]) -> None:
    assert events == [
        ("a", "update", "name|sex", None), ("b", "move", None, "a"), ("c2", "split", None, "c"),
        ("d", "merge", None, "e"), ("f", "erase", None, None), ("g", "create", None, None),
        ("h", "return", None, None),
    ]  # fmt: skip
    assert {entity for entity, *_ in events} >= set(BEFORE) ^ set(NOW)
