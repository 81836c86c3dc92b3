"""The steps that find the row of every record, what waits, and what is true of it: each rule by rows of its own."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms.engine import Engine
from transforms.run import REPOSITORY, Settings

STEPS = REPOSITORY / "transforms" / "account" / "evaluate.sql"
A, B, C = (f"s-20261001-{n}-{letter * 64}" for n, letter in enumerate("abc"))
TEXTS: dict[str, dict[str, list[object]]] = {
    "record": {
        "kind": ["k"] * 4, "state": ["merged"] * 3 + ["withdrawn"], "source": ["s"] * 4, "batch": [A] * 4,
        "line": [2, 3, 4, 5], "record_id": ["r1", "r2", "r3", "r4"], "entity_id": ["e1", "e2", "e3", "e4"],
    },
    "live": {
        "record_id": ["r1", "r2", "r3"], "content_hash": ["h1", "h2", "h3"], "number": [0, 1, None],
        "path": [None] * 3,
    },
    "delivery": {"batch": [A, B], "source": ["s"] * 2, "position": [0, 1], "says": [1, 1], "last": [0, 1]},
    "said": {
        "batch": [A, A, B], "line": [2, 3, 7], "record_id": ["r1", "r2", "r1"], "content_hash": ["h1", "h2", "h1"],
    },
    "kept": {"kind": ["k"], "record_id": ["r3"]},
    "waiting": {"source": ["s"] * 2, "batch": [C] * 2, "line": [2, 3]},
    "quarantine": {
        "source": ["s", "s", "t"], "batch": [B, C, B], "line": [9, 3, 8], "state": ["open", "closed", "open"],
    },
    "feeding": {"source": ["s"]},
    "std_grid": {"grid_id": ["g1", "g2"], "parent_id": [None, "g1"], "code": ["up", "down"]},
    "fact_grid": {"what": ["k", "k"], "id": ["e1", "e2"], "grid_id": ["g2", "g2"]},
    "truth": {
        "night": ["2026-10-01", "2026-10-02", "2026-10-01", "2026-10-03"], "source": ["s"] * 4,
        "file_sha256": ["b" * 64, "b" * 64, "a" * 64, "a" * 64], "line": [7, 7, 3, 3],
        "entity": ["old", "T1", "T2", "later"], "names": [0] * 4, "grid": ["down", "up", "down", "up"],
    },
}  # fmt: skip


def rows(folder: Path, **other: dict[str, list[object]]) -> set[tuple[object, ...]]:
    """(record_id, entity_id, entity, grid_right) of every row that counts on 2026-10-02."""
    whole = {"line", "number", "position", "says", "last", "names"}
    tables = {
        name: pa.table({c: pa.array(v, pa.int64() if c in whole else pa.string()) for c, v in columns.items()})
        for name, columns in {**TEXTS, **other}.items()
    }
    with Engine(Settings.from_environment({"GRIDFACTS_HOME": str(folder), "GRIDFACTS_THREADS": "1"})) as engine:
        found = engine.run(STEPS, tables, kind="k", night="2026-10-02").to_pylist()
    return {(row["record_id"], row["entity_id"], row["entity"], row["grid_right"]) for row in found}


def test_a_record_stands_at_the_row_that_said_it_last_beside_the_newest_truth_of_that_row(tmp_path: Path) -> None:
    found = rows(tmp_path)
    assert ("r1", "e1", "T1", 1) in found  # the repeat of line 7; its true grid stands above the published one
    assert ("r2", "e2", "T2", None) in found  # truth of an older night names a grid of that night's cut
    assert {row[0] for row in found if row[0]} == {"r1", "r2"}  # r3's latest row is in quarantine, r4 withdrew


def test_what_is_in_quarantine_or_waits_is_counted_once_without_an_entity(tmp_path: Path) -> None:
    assert [row for row in rows(tmp_path) if row[0] is None] == [(None, None, None, None)]
    tally = rows(tmp_path, truth={**TEXTS["truth"], "file_sha256": ["b" * 64, "b" * 64, "c" * 64, "c" * 64],
                                  "line": [9, 8, 2, 3], "night": ["2026-10-02"] * 4})  # fmt: skip
    assert {row[2] for row in tally if row[0] is None} == {
        "old",
        "T2",
    }  # another source's is not asked


@pytest.mark.parametrize(("paths", "finest"), [(["v|a", "v|a|b"], "r2"), (["v|a|b", "v|a"], "r1")])
def test_of_the_nodes_that_one_row_named_the_finest_counts(tmp_path: Path, paths: list[object], finest: str) -> None:
    one_row = {**TEXTS["record"], "line": [2, 2, 4, 5]}
    live = {**TEXTS["live"], "path": [*paths, None]}
    said = {"batch": [A, A], "line": [2, 2], "record_id": ["r1", "r2"], "content_hash": ["h1", "h2"]}
    assert {row[0] for row in rows(tmp_path, record=one_row, live=live, said=said) if row[0]} == {finest}
