"""A closed night held against its budgets: one source's share of the merges, and an entity of too many records."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.homes import Home
from transforms import database, holds, manifest, store
from transforms.brakes import step
from transforms.brakes.step import FrozenError
from transforms.errors import HeldError
from transforms.run import Run, Settings

A, B = f"gongan_hukou-20261002-0-{'a' * 64}", f"shebao_canbao-20261002-0-{'b' * 64}"
OLD = f"yibao_canbao-20261001-0-{'c' * 64}"  # counted in the release before
SCORED = ("facility", "organization", "person")
TEXT = pa.string()
Merges = list[tuple[str, ...]]  # of each merge the batches of the records that stand in what is left


def table(columns: str, rows: list[tuple[object, ...]], **types: pa.DataType) -> pa.Table:
    names = columns.split()
    schema = pa.schema([(name, types.get(name, TEXT)) for name in names])
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)


@pytest.fixture
def run(migrated_home: Path, tmp_path: Path) -> Run:
    home = Home.copy_of(migrated_home, tmp_path / "home")
    return Run.of("2026-10-02", settings=Settings.from_environment(home.settings))


def left(run: Run, room: str, part: str, tables: dict[str, pa.Table], **facts: int) -> None:
    """What a room leaves of a night."""
    with store.output(store.night_dir(run, room, part)) as folder:
        for name, rows in tables.items():
            store.write_table(folder / f"{name}.parquet", rows)
        if room == "account" and part == "release":
            told = {"base_release": facts["base"], "counts": {"fact_person": 1000}}
            (folder / "release.json").write_text(json.dumps(told), "utf-8")
        manifest.write(folder, room, {}, facts)


def closed(run: Run, merges: Merges, crowds: dict[int, str], base: int = 1) -> None:
    """A night of a thousand persons: merges, and entities of so many records with one record of a batch."""
    events: list[tuple[object, ...]] = [("person", f"gone{i}", "merge", f"stays{i}") for i in range(len(merges))]
    opened = [(batch, f"r{i}-{j}", f"stays{i}") for i, of in enumerate(merges) for j, batch in enumerate(of)]
    opened += [(batch, f"c{size}", f"crowd{size}") for size, batch in crowds.items()]
    outcome = [(batch, "person", batch.partition("-")[0], 9, 0, 9, 0) for batch in (A, B)]
    numbers = dict.fromkeys(("landed", "quarantined", "merged", "held"), pa.int64())
    release = {
        "change": table("kind entity_id event other_id", events),
        "record.open": table(
            "source batch kind record_id entity_id state",
            [(batch.partition("-")[0], batch, "person", record, entity, "merged") for batch, record, entity in opened],
        ),
        "outcome": table("batch kind source landed quarantined merged held", list(outcome), **numbers),
        "delivery": table("batch state", [(A, "landed"), (B, "landed")]),
    }
    left(run, "account", "release", release, base=base)
    records = sorted((record, batch.partition("-")[0]) for batch, record, _ in opened)
    live = [(record, source, False) for record, source in records]
    left(
        run,
        "account",
        "live",
        {"person": table("record_id source document_valid", list(live), document_valid=pa.bool_())},
    )
    for kind in SCORED:
        ids = [f"crowd{size}" for size in crowds for _ in range(size)] if kind == "person" else []
        left(run, "resolve", kind, {"cluster": table("entity_id", [(one,) for one in ids])})
        unit = [(False,)] * (len(records) if kind == "person" else 0)
        left(run, "link", kind, {"unit": table("trusted", list(unit), trusted=pa.bool_())}, collapsed=0)
    for batch in (A, B):
        with store.output(store.batch_dir(run.settings, "standardise", batch)) as folder:
            manifest.write(folder, "standardise", {})


def braked(run: Run) -> None:
    """Publish's word that structure and control are as they should be is not asked for here: they are."""
    step.run(run, lambda _run: 0)


def waiting(run: Run) -> list[tuple[object, ...]]:
    told = holds.holds(database.open_databases(run.settings))
    return [(row["code"], row["source"], row["batch"]) for row in told]


@pytest.mark.parametrize("merges", [
    pytest.param([(A,)] * 10, id="never under the least, were they all its own"),
    pytest.param([(A,)] * 12 + [(OLD,)] * 3, id="four in five"),
])  # fmt: skip
def test_a_sources_share_of_the_merges_within_its_budget(run: Run, merges: Merges) -> None:
    closed(run, merges, {})
    braked(run)
    assert not waiting(run)


@pytest.mark.parametrize("merges", [
    pytest.param([(A,)] * 11, id="one more than the least"),
    pytest.param([(A,)] * 13 + [(OLD,)] * 3, id="more than four in five"),
    pytest.param([(A, B)] * 9 + [(A,)] * 4 + [(B,)] * 3, id="another has a part in most of them"),
])  # fmt: skip
def test_a_source_with_nearly_all_merges_is_frozen(run: Run, merges: Merges) -> None:
    closed(run, merges, {})
    with pytest.raises(FrozenError, match=r"edges gongan_hukou person: 1[13], at most 1[0-2]") as stopped:
        braked(run)
    assert stopped.value.sources == ["gongan_hukou"]
    assert waiting(run) == [("BRAKE_EDGES", "gongan_hukou", A)]


def test_before_the_first_release_nothing_can_be_merged(run: Run) -> None:
    closed(run, [(A,)] * 11, {}, base=0)
    braked(run)
    assert not waiting(run)


def test_a_released_source_may_have_all_merges(run: Run) -> None:
    closed(run, [(A,)] * 11, {})
    with pytest.raises(FrozenError):
        braked(run)
    [hold] = holds.holds(database.open_databases(run.settings))
    holds.decide(database.open_databases(run.settings), hold["hold_id"], "release", "Chen", "a register was mended")
    braked(run)


@pytest.mark.parametrize("base", [0, 1])
def test_an_entity_of_as_many_records_as_one_may_have(run: Run, base: int) -> None:
    closed(run, [], {60: A}, base)
    braked(run)
    assert not waiting(run)


@pytest.mark.parametrize("base", [0, 1])
def test_a_source_whose_new_rows_stand_in_a_village_of_one_person_is_frozen(run: Run, base: int) -> None:
    closed(run, [], {60: OLD, 61: A}, base)
    with pytest.raises(FrozenError, match="cluster gongan_hukou person: 61, at most 60"):
        braked(run)
    assert waiting(run) == [("BRAKE_CLUSTER", "gongan_hukou", A)]


@pytest.mark.parametrize("crowds", [
    pytest.param({61: OLD}, id="rows of deliveries that counted before"),
    pytest.param({61: A, 62: B}, id="two sources, an entity each"),
    pytest.param({61: A, 62: A, 63: A, 64: OLD}, id="three in four"),
])  # fmt: skip
def test_an_entity_too_large_by_nobodys_fault_holds_the_release(run: Run, crowds: dict[int, str]) -> None:
    closed(run, [], crowds)
    with pytest.raises(HeldError, match=f"cluster person: {max(crowds)}, at most 60"):
        braked(run)
    assert waiting(run) == [("BRAKE_CLUSTER", None, None)]
    [hold] = holds.holds(database.open_databases(run.settings))
    holds.decide(database.open_databases(run.settings), hold["hold_id"], "release", "Chen", "a hostel under one number")
    braked(run)
