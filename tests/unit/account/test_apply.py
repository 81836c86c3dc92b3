"""The fold over deliveries, held against a plain Python model of the same rule."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.account.deployment import World
from transforms import account, mapped, model, store
from transforms.account import tail
from transforms.account.apply import Landed, fates
from transforms.engine import Engine
from transforms.live import Live
from transforms.model import Batch
from transforms.run import Settings

STEPS = Path(__file__).parents[3] / "transforms" / "account" / "apply.sql"


def landed(as_of: str, correction: int = 0, sha: str = "a", night: str = "2026-10-01", *, held: bool = False) -> Landed:
    return Landed(Batch("registry", as_of, correction, sha * 64), night, held)


def test_a_correction_replaces_its_own_period_and_no_other() -> None:
    told = fates("snapshot", "hold", [landed("2026-10-02"), landed("2026-10-01"), landed("2026-10-01", 1)])
    assert {(b.as_of, b.correction): (fate, at) for b, fate, at in told} == {
        ("2026-10-01", 0): ("replaced", None),
        ("2026-10-01", 1): ("counts", 0),
        ("2026-10-02", 0): ("counts", 1),
    }


@pytest.mark.parametrize(
    ("nights", "same_period", "expected"),
    [
        (("2026-10-01", "2026-10-02"), "hold", {"a": "counts", "b": "held"}),
        (("2026-10-02", "2026-10-01"), "hold", {"a": "held", "b": "counts"}),
        (("2026-10-01", "2026-10-01"), "hold", {"a": "held", "b": "held"}),
        (("2026-10-01", "2026-10-02"), "supersede", {"a": "replaced", "b": "counts"}),
        (("2026-10-02", "2026-10-01"), "supersede", {"a": "replaced", "b": "counts"}),
    ],
)
def test_two_files_for_one_period(nights: tuple[str, str], same_period: str, expected: dict[str, str]) -> None:
    rivals = [landed("2026-10-01", sha=sha, night=night) for sha, night in zip("ab", nights, strict=True)]
    for order in (rivals, rivals[::-1]):
        assert {batch.sha256[0]: fate for batch, fate, _ in fates("snapshot", same_period, order)} == expected


def test_a_held_batch_counts_for_nothing() -> None:
    told = fates("delta", "hold", [landed("2026-10-01"), landed("2026-10-02", held=True)])
    assert [(b.as_of, fate) for b, fate, _ in told] == [("2026-10-02", "held"), ("2026-10-01", "counts")]


ROW = st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.sampled_from(["upsert", "upsert", "delete"]))
DELIVERIES = st.lists(st.lists(ROW, max_size=5), min_size=1, max_size=4)


def fold(batches: list[list[tuple[str, str, str]]], mode: str) -> dict[str, tuple[int, int, str]]:
    """Record → (batch, ordinal, content) of its live version: the rule of docs/rooms.md, row by row."""
    history: dict[str, list[tuple[int, int, str, str]]] = {}
    for position, rows in enumerate(batches):
        best: dict[str, tuple[str, int, str]] = {}
        for ordinal, (record, content, operation) in enumerate(rows, 1):
            known = best.get(record)
            better = known is not None and (operation < known[2] or (operation == known[2] and content > known[0]))
            if known is None or better:
                best[record] = (content, ordinal, operation)
        for record, (content, ordinal, operation) in best.items():
            history.setdefault(record, []).append((position, ordinal, content, operation))
    live = {}
    for record, told in history.items():
        position, ordinal, content, operation = told[-1]
        if operation == "delete" or (mode == "snapshot" and position != len(batches) - 1):
            continue
        for earlier in reversed(told[:-1]):
            adjoining = mode == "delta" or earlier[0] == position - 1
            if not adjoining or earlier[2:] != (content, operation):
                break
            position, ordinal = earlier[:2]
        live[record] = (position, ordinal, content)
    return live


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    home = tmp_path_factory.mktemp("home")
    return Engine(Settings.from_environment({"GRIDFACTS_HOME": str(home), "GRIDFACTS_THREADS": "1"}))


@settings(max_examples=60)
@given(batches=DELIVERIES, mode=st.sampled_from(["snapshot", "delta"]))
def test_the_steps_agree_with_the_model(engine: Engine, batches: list[list[tuple[str, str, str]]], mode: str) -> None:
    if mode == "snapshot":
        batches = [[(r, c, "upsert") for r, c, _ in rows] for rows in batches]
    rows = [
        ("registry", f"b{at}", ordinal, ordinal + 1, "person", record, content, operation)
        for at, told in enumerate(batches)
        for ordinal, (record, content, operation) in enumerate(told, 1)
    ]
    columns = [pa.array([row[i] for row in rows], of) for i, of in enumerate(model.STANDARD.types)]
    told_row = pa.table(columns, schema=model.STANDARD)
    delivery = pa.table(
        {
            "batch": [f"b{at}" for at in range(len(batches))],
            "mode": [mode] * len(batches),
            "fate": ["counts"] * len(batches),
            "position": pa.array(range(len(batches)), pa.int64()),
            "last_position": pa.array([len(batches) - 1] * len(batches), pa.int64()),
            "as_of": [f"2026-10-0{at + 1}" for at in range(len(batches))],
        }
    )
    told = {"told_row": told_row, "delivery": delivery, "kept": model.KEPT.empty_table()}
    states = engine.run(STEPS, told | {"tail": tail.RANKED.empty_table()}).to_pylist()
    live = {
        r["record_id"]: (int(r["batch"][1:]), r["ordinal"], r["content_hash"]) for r in engine.table("live").to_pylist()
    }
    assert live == fold(batches, mode)
    said = {(row[1], row[2]): row[5:] for row in rows}
    told = {(s["batch"], s["ordinal"]): s["state"] for s in states}
    assert {place: said[place] for place in told} == versions(batches, mode)
    assert {place for place, state in told.items() if state == "merged"} == {(f"b{p}", o) for p, o, _ in live.values()}
    assert not {said[place][0] for place, state in told.items() if state == "withdrawn"} & set(live)


def versions(batches: list[list[tuple[str, str, str]]], mode: str) -> dict[tuple[str, int], tuple[str, str, str]]:
    """(batch, ordinal) → row, of each row that says what the delivery before did not say in the same role."""
    found: dict[tuple[str, int], tuple[str, str, str]] = {}
    before: dict[str, dict[tuple[str, str], bool]] = {}
    for position, rows in enumerate(batches):
        said: dict[str, dict[tuple[str, str], int]] = {}
        for ordinal, (record, content, operation) in enumerate(rows, 1):
            said.setdefault(record, {}).setdefault((operation, content), ordinal)
        roles = {}
        for record, contents in said.items():
            best = min(contents, key=lambda told: (told[0], -ord(told[1])))
            roles[record] = {told: told == best for told in contents}
            for (operation, content), ordinal in contents.items():
                if before.get(record, {}).get((operation, content)) != roles[record][operation, content]:
                    found[f"b{position}", ordinal] = (record, content, operation)
        before = before | roles if mode == "delta" else roles
    return found


def test_a_quarantined_row_keeps_its_last_good_version(engine: Engine) -> None:
    told_row = pa.table([["registry"], ["b0"], [1], [2], ["person"], ["a"], ["x"], ["upsert"]], schema=model.STANDARD)
    delivery = pa.table(
        {
            "batch": ["b0", "b1"],
            "mode": ["snapshot"] * 2,
            "fate": ["counts"] * 2,
            "position": pa.array([0, 1], pa.int64()),
            "last_position": pa.array([1, 1], pa.int64()),
            "as_of": ["2026-10-01", "2026-10-02"],
        }
    )
    for kept, state in ((model.KEPT.empty_table(), "withdrawn"), (pa.table([["person"], ["a"]], model.KEPT), "merged")):
        states = engine.run(STEPS, {"told_row": told_row, "delivery": delivery, "kept": kept})
        assert states["state"].to_pylist() == [state]


def test_live_records_of_all_files_lie_in_the_order_of_their_ids(city: World) -> None:
    account.apply(city.run)
    live = store.read_table(city.folder("account", "live") / "person.parquet")
    ids = live["record_id"].to_pylist()
    assert len(set(live["batch"].to_pylist())) > 1
    assert len(ids) > 3
    assert ids == sorted(ids)


def test_the_columns_of_a_large_kind_are_laid_beside_its_live_records(city: World, monkeypatch) -> None:
    live = store.night_dir(city.run, "account", "live")
    assert not list(live.glob("*.arrow"))
    before = {path.stem: Live(path).column("record_id").to_pylist() for path in live.glob("*.parquet")}
    shutil.rmtree(live)
    monkeypatch.setattr(mapped, "FEW", 1)
    told = account.apply(city.run)[0].counts
    assert told == {kind: len(ids) for kind, ids in before.items()}
    large = {kind for kind, ids in before.items() if len(ids) > 1}
    assert large
    assert {path.name.split(".")[0] for path in live.glob("*.arrow")} == large
    for kind, ids in before.items():
        (live / f"{kind}.parquet").unlink()
        assert Live(live / f"{kind}.parquet").ids.to_pylist() == (ids if kind in large else [])
