"""Deliveries that go and their last words in a checkpoint: the fold goes on as if all of them were there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms import account, checkpoint, database, keys, model, sealing
from transforms.account import tail
from transforms.account.past import words
from transforms.checkpoint import Checkpoint, Expired
from transforms.engine import Engine
from transforms.errors import StaleInputError
from transforms.publish.schema import ensure_schema
from transforms.run import Settings

APPLY = Path(account.__file__).with_name("apply.sql")
PAST = Path(account.__file__).with_name("past.sql")
SOURCE = "registry"
ROW = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(["upsert", "upsert", "delete"]))
DELIVERIES = st.lists(st.lists(ROW, max_size=5), min_size=2, max_size=6)
Batches = list[list[tuple[str, str, str]]]
Folded = tuple[list[dict[str, Any]], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    made = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path_factory.mktemp("home")), "GRIDFACTS_THREADS": "1"})
    keys.create(made.home / "keys.yml")
    ensure_schema(database.open_databases(made))
    return made


def run(engine: Engine, batches: Batches, mode: str, first: int, before: Checkpoint) -> pa.Table:
    """The fold over deliveries from ``first`` on, after a checkpoint of those before; all versions."""
    rows = [
        (SOURCE, f"b{at}", ordinal, ordinal + 1, "person", record, content, operation)
        for at, told in enumerate(batches, first)
        for ordinal, (record, content, operation) in enumerate(told, 1)
    ]
    columns = [pa.array([row[i] for row in rows], of) for i, of in enumerate(model.STANDARD.types)]
    last = len(batches) - 1
    delivery = pa.table(
        {
            "batch": [f"b{at}" for at in range(first, first + len(batches))],
            "mode": [mode] * len(batches),
            "fate": ["counts"] * len(batches),
            "position": pa.array(range(len(batches)), pa.int64()),
            "last_position": pa.array([last] * len(batches), pa.int64()),
            "as_of": [f"2026-10-0{at + 1}" for at in range(first, first + len(batches))],
        }
    )
    told = {
        "told_row": pa.table(columns, schema=model.STANDARD), "delivery": delivery, "kept": model.KEPT.empty_table(),
        "tail": tail.ranked(before, {SOURCE: mode}, {SOURCE: last}, ()),
    }  # fmt: skip
    states = engine.run(APPLY, told).cast(model.VERSION)
    return pa.concat_tables([states, *before.every("version", [SOURCE]).values()])


def told(states: pa.Table, live: pa.Table) -> Folded:
    order = [("batch", "ascending"), ("ordinal", "ascending")]
    return states.sort_by(order).to_pylist(), live.sort_by(order).to_pylist()


def sealed(here: Settings, engine: Engine, states: pa.Table, number: int) -> Checkpoint:
    """The checkpoint of what was just folded."""
    tables = words(SOURCE, states, engine.run(PAST).cast(checkpoint.TAIL), model.KEPT.empty_table())
    named = {f"{SOURCE}.{name}": table for name, table in tables.items()}
    return sealing.write(here, f"2026-10-0{number}", 1, {SOURCE: f"2026-10-0{number}"}, {}, named)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=DELIVERIES, mode=st.sampled_from(["snapshot", "delta"]), data=st.data())
def test_wherever_deliveries_go_the_fold_ends_the_same(
    here: Settings, batches: Batches, mode: str, data: st.DataObject
) -> None:
    if mode == "snapshot":
        batches = [[(r, c, "upsert") for r, c, _ in rows] for rows in batches]
    cuts = data.draw(st.lists(st.integers(1, len(batches) - 1), min_size=1, max_size=2, unique=True).map(sorted))
    with Engine(here) as engine:
        whole = told(run(engine, batches, mode, 0, Checkpoint()), engine.table("live"))
        before, start = Checkpoint(), 0
        for cut in cuts:
            states = run(engine, batches[start:cut], mode, start, before)
            before, start = sealed(here, engine, states, cut), cut
        states = run(engine, batches[start:], mode, start, before)
        assert told(states, engine.table("live")) == whole


@pytest.fixture
def made(here: Settings) -> Checkpoint:
    rows = pa.table({"record_id": ["rec1", "rec2"], "name": ["甲", "乙"]})
    gone = Expired(f"{SOURCE}-20261001-0-{'a' * 64}", "a.csv", "2026-10-01", 2, "counts")
    tables = {f"{SOURCE}.person": rows, "control.home": rows.select(["record_id"])}
    found = sealing.write(here, "2026-10-09", 3, {SOURCE: "2026-10-01"}, {gone.batch: gone}, tables)
    sealing.stand(database.open_databases(here), found)
    return found


def test_the_ledger_names_it_and_it_is_taken_whole(here: Settings, made: Checkpoint) -> None:
    found = checkpoint.current(here)
    assert found == made
    checkpoint.verify(found)
    assert found.too_late(model.Batch(SOURCE, "2026-10-01", 1, "b" * 64))
    assert not found.too_late(model.Batch(SOURCE, "2026-10-02", 0, "b" * 64))
    assert not found.too_late(model.Batch("other", "2026-10-01", 0, "b" * 64))


@pytest.mark.parametrize(
    ("damage", "stored"),
    [
        (lambda folder: (folder / f"{SOURCE}.person.parquet").write_bytes(b"x"), "person.parquet not as it was sealed"),
        (lambda folder: (folder / f"{SOURCE}.person.parquet").unlink(), "person.parquet not as it was sealed"),
        (lambda folder: (folder / checkpoint.SEAL).unlink(), "stored nothing"),
        (lambda folder: (folder / checkpoint.SEAL).write_text("{}"), "stored seal "),
    ],
    ids=["altered", "lost", "no seal", "another seal"],
)
def test_one_that_was_tampered_with_is_refused(here: Settings, made: Checkpoint, damage: Any, stored: str) -> None:
    damage(made.folder)
    with pytest.raises(StaleInputError, match=r"stored .*required .*remedy") as refused:
        checkpoint.verify(checkpoint.current(here))
    assert stored in str(refused.value)
    for path in made.folder.iterdir():
        path.unlink()
    made.folder.rmdir()


def test_a_seal_of_another_hand_is_refused_even_where_it_fits(here: Settings, made: Checkpoint, tmp_path: Path) -> None:
    other = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)})
    keys.create(tmp_path / "keys.yml")
    with pytest.raises(StaleInputError, match="another hand"):
        checkpoint.read(other, made.folder)


def test_an_erased_record_leaves_it_and_others_stay(here: Settings, made: Checkpoint) -> None:
    stores = database.open_databases(here)
    assert not sealing.forget(here, stores, {"nobody"})
    assert checkpoint.current(here) == made
    assert sealing.forget(here, stores, {"rec1"})
    found = checkpoint.current(here)
    assert found.digest != made.digest
    assert not made.folder.exists()
    left = found.table(f"{SOURCE}.person")
    assert left is not None
    assert left["record_id"].to_pylist() == ["rec2"]
    assert "甲".encode() not in b"".join(path.read_bytes() for path in found.folder.iterdir())
