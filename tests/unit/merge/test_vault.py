"""Of several records of one entity that say one number, the one of the smallest id gives it; in order, each once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transforms import kinds, store
from transforms.live import Live
from transforms.merge.golden import Golden, gathered
from transforms.merge.pieces import Columns, Rows
from transforms.merge.vault import published, token_columns, vault_table
from transforms.run import REPOSITORY

ROW = st.tuples(st.integers(0, 3), st.integers(0, 1), st.sampled_from("abc"))
PERSON = kinds.load_all(REPOSITORY / "expectations")["person"]


@dataclass(frozen=True)
class Told:
    """One record: whose it is, the number it says, whether that is taken from it, and its phones."""

    entity: int
    number: str | None
    borrowed: bool
    phones: tuple[str, ...] | None


TOLD = st.builds(
    Told, st.integers(0, 2), st.sampled_from([None, "a", "b"]), st.booleans(),
    st.none() | st.lists(st.sampled_from("abc"), max_size=3).map(tuple),
)  # fmt: skip


@given(st.lists(ROW, max_size=25), st.randoms(use_true_random=False))
def test_each_number_of_an_entity_is_told_once_by_its_first_record(
    said: list[tuple[int, int, str]], chance: Random
) -> None:
    told = [(entity, what, token, record) for record, (entity, what, token) in enumerate(said)]
    chance.shuffle(told)
    entity, what, record = (np.array([row[at] for row in told], dtype=np.int64) for at in (0, 1, 3))
    rows = published(entity, record, what, pa.array([token for *_, token, _ in told], pa.string()))
    wanted = {(entity, what, token): record for entity, what, token, record in sorted(told, reverse=True)}
    assert [told[row] for row in rows] == [(*key, wanted[key]) for key in sorted(wanted)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TOLD, min_size=1, max_size=9), st.booleans())
def test_an_entity_has_the_numbers_that_its_records_say_and_that_are_theirs(
    tmp_path: Path, rows: list[Told], coded: bool
) -> None:
    rows = sorted(rows, key=lambda row: row.entity)
    entities = sorted({row.entity for row in rows})
    tables = vault_table(PERSON, _golden(tmp_path, rows, entities, coded), np.array([row.borrowed for row in rows]))
    wanted: dict[tuple[str, str, str], int] = {}
    for record, row in enumerate(rows):
        said = [("phone", token) for token in row.phones or ()]
        said += [("document", row.number)] if row.number and not row.borrowed else []
        for what, token in said:
            wanted.setdefault((f"e{row.entity}", what, token), record)
    found = [tables[name].to_pylist() for name in ("entity_id", "what", "token")]
    assert list(zip(*found, strict=True)) == sorted(wanted)
    assert tables["provenance"].to_pylist() == [f'{{"record":"r{wanted[key]}"}}' for key in sorted(wanted)]
    assert tables["kind"].to_pylist() == ["person"] * len(wanted)
    assert [day.day for day in tables["valid_from"].to_pylist()] == [1 + wanted[key] for key in sorted(wanted)]


def _golden(folder: Path, rows: list[Told], entities: list[int], coded: bool) -> Golden:
    phones = pa.array([row.phones for row in rows], pa.list_(pa.string()))
    told = {
        "record_id": [f"r{at}" for at in range(len(rows))], "source": ["s"] * len(rows),
        "since": [f"2026-10-{1 + at:02}" for at in range(len(rows))],
        "document_token": pa.array([row.number for row in rows], pa.string()), "phone_tokens": phones,
    }  # fmt: skip
    store.write_table(folder / "live.parquet", pa.table(told))
    live: Live = Live(folder / "live.parquet")
    if coded:  # as a piece of a large table has them
        live = Rows(Columns(live), np.arange(len(rows), dtype=np.int32))
    number = np.array([entities.index(row.entity) for row in rows], dtype=np.int64)
    how = pa.array(["key"] * len(rows)).dictionary_encode()
    return gathered(live, pa.array([f"e{one}" for one in entities]), number, how)


@pytest.mark.parametrize(
    ("folder", "kind", "columns"),
    [
        ("expectations", "person", {"document_token": "document", "phone_tokens": "phone"}),
        ("expectations", "organization", {"phone_tokens": "phone"}),
        ("docs/tutorial/febrl/expectations", "member", {"social_number_token": "social_number"}),
    ],
)
def test_tokens_stand_in_these_columns(folder: str, kind: str, columns: dict[str, str]) -> None:
    assert token_columns(kinds.load_all(REPOSITORY / folder)[kind]) == columns
