"""Bytes that come again with another day are not split again, and their table is as if they had been."""

from __future__ import annotations

import hashlib
import json
import shutil

import pytest

from tests.unit.land.makers import ROWS, Office, contract, encode
from transforms import contract as contracts
from transforms import store
from transforms.land import sandbox

LATER = "2026-10-03"


@pytest.fixture
def split(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The batches that the parser was asked to split."""
    asked: list[str] = []
    parse = sandbox.parse

    def told(job, raw, folder):
        asked.append(job.batch)
        return parse(job, raw, folder)

    monkeypatch.setattr(sandbox, "parse", told)
    return asked


def bytes_of(office: Office, batch: str) -> bytes:
    return (store.batch_dir(office.settings, "land", batch) / "rows.parquet").read_bytes()


@pytest.mark.parametrize("kind", ["utf", "xlsx"])
def test_the_table_is_the_one_that_splitting_gives(office: Office, split: list[str], kind: str) -> None:
    data = encode(kind)
    office.drop(kind, data)
    office.land(kind)
    office.drop(kind, data, day="20261003", night=LATER)
    (again,) = office.land(kind, night=LATER)
    assert (again["state"], again["as_of"], again["rows"]) == ("landed", LATER, len(ROWS))
    assert len(split) == 1
    taken = bytes_of(office, again["batch"])
    shutil.rmtree(office.settings.lake / "land")
    assert office.land(kind, night=LATER) == [again]
    assert split[1:] == [again["batch"]]
    assert bytes_of(office, again["batch"]) == taken


def test_bytes_that_are_held_are_split_again(office: Office, split: list[str]) -> None:
    told = contract("utf")
    office.promise(told | {"arrives": told["arrives"] | {"rows": {"min": 4, "max": 9}}})
    for day, night in (("20261001", "2026-10-01"), ("20261003", LATER)):
        office.drop("utf", encode("utf"), day=day, night=night)
        (one,) = office.land("utf", night=night)
        assert (one["state"], one["code"]) == ("held", "ROW_BOUNDS")
    assert len(split) == 2


def test_under_another_promise_or_with_a_row_that_may_be_cut_off_bytes_are_split(
    office: Office, split: list[str]
) -> None:
    data = encode("utf").rstrip(b"\n")
    path = office.drop("utf", data)
    vouched = {"sha256": hashlib.sha256(data).hexdigest()}
    path.with_name(path.name + ".manifest.json").write_text(json.dumps(vouched))
    office.drop("csv", encode("csv"))
    office.land("utf", "csv")
    assert len(split) == 2
    office.promise(contract("csv") | {"on_new_column": "stop"})
    contracts.load_all.cache_clear()
    office.drop("utf", data, day="20261003", night=LATER)
    office.drop("csv", encode("csv"), day="20261003", night=LATER)
    cut, _ = office.land("utf", "csv", night=LATER)
    assert (cut["state"], cut["code"]) == ("refused", "TRUNCATED")
    assert len(split) == 4, "of the other file the old batch under its new promise, from which the new one is taken"


def test_a_file_in_pieces_has_the_rows_of_the_whole(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode("utf", ROWS * 5)
    _, whole = office.split("utf", data)
    monkeypatch.setattr(store, "PIECE", 4)
    result, table = office.split("utf", data)
    assert table.equals(whole)
    assert [len(group) for group in store.read_pieces(office.path / "work" / "rows.parquet", 4)] == [4, 4, 4, 3]
    assert result.rows == 5 * len(ROWS)
