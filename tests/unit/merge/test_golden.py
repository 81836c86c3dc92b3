"""What follows from who won: provenance, and the claims."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms import store
from transforms.live import Live
from transforms.merge.golden import CERTAINTIES, Golden, gathered

RECORDS = ["r0", "r1", "r2", "r3"]
WON = {"name": [1, -1, 3], "birth": [0, -1, -1]}


def golden(folder: Path, won: dict[str, list[int]]) -> Golden:
    """Three entities, of the second of which nobody says anything."""
    told = {"record_id": RECORDS, "source": ["s", "t", "t", "s"], "since": ["2026-10-01"] * 4}
    store.write_table(folder / "live.parquet", pa.table(told))
    winners = {name: np.array(records, dtype=np.int64) for name, records in won.items()}
    ids = pa.array(["e0", "e1", "e2"])
    return Golden(Live(folder / "live.parquet"), ids, np.array([0, 0, 1, 2]), CERTAINTIES, winners)


def test_provenance_is_the_json_of_each_entitys_claims_by_property(tmp_path: Path) -> None:
    told = golden(tmp_path, WON).ending()["provenance"].to_pylist()
    assert told == ['{"birth":"r0","name":"r1"}', "{}", '{"name":"r3"}']


def test_where_nobody_says_anything_provenance_is_empty(tmp_path: Path) -> None:
    assert golden(tmp_path, {}).ending()["provenance"].to_pylist() == ["{}"] * 3


def test_claims_name_who_won_and_what_for_whom(tmp_path: Path) -> None:
    claims = golden(tmp_path, WON).claims()
    store.write_table(tmp_path / "claim.parquet", claims)
    assert store.read_table(tmp_path / "claim.parquet").to_pylist() == [
        {"entity_id": entity, "property": name, "record_id": record, "source": source}
        for entity, name, record, source in (
            ("e0", "birth", "r0", "s"),
            ("e0", "name", "r1", "t"),
            ("e2", "name", "r3", "s"),
        )
    ]


def test_what_one_source_tells_is_single_and_scores_alone_are_scored(tmp_path: Path) -> None:
    how = pa.array(["scored", "scored", "scored", "number", "scored"])
    told = {
        "record_id": ["r0", "r1", "r2", "r3", "r4"],
        "source": ["s", "s", "t", "s", "t"],
        "since": ["2026-10-01"] * 5,
    }
    store.write_table(tmp_path / "live.parquet", pa.table(told))
    live, ids = Live(tmp_path / "live.parquet"), pa.array(["e0", "e1", "e2"])

    def certainty(entity: list[int]) -> list[str]:
        whole = gathered(live, ids, np.array(entity, dtype=np.int64), how.dictionary_encode())
        return list(whole.certainty.to_pylist())

    assert certainty([0, 0, 1, 2, 2]) == ["single", "single", "number"]
    assert certainty([0, 0, 0, 1, 2]) == ["scored", "single", "single"]


def test_some_entities_are_left_out_and_their_records_stand_in_none(tmp_path: Path) -> None:
    some = golden(tmp_path, WON).among(np.array([True, False, True]))
    assert some.ids.to_pylist() == ["e0", "e2"]
    assert some.entity.tolist() == [0, 0, -1, 1]
    assert {name: won.tolist() for name, won in some.winners.items()} == {"name": [1, 3], "birth": [0, -1]}
    assert some.certainty.to_pylist() == [CERTAINTIES[0].as_py(), CERTAINTIES[2].as_py()]
