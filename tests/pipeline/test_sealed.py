"""What is sealed comes to the rows that begin, from the batches of live records; nothing begins without."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from tests.homes import NIGHTS, Home
from transforms import model, store
from transforms import tables as catalogue
from transforms.account import sealed
from transforms.account.night import Night
from transforms.engine import Engine
from transforms.errors import ImbalanceError
from transforms.run import Run, Settings

KINDS = ("person", "organization")


@pytest.fixture
def night(first_night: Path, tmp_path: Path) -> Night:
    settings = Settings.from_environment(Home.copy_of(first_night, tmp_path / "home").settings)
    return Night(Run.of(NIGHTS[0], settings=settings, drops=tmp_path))


def _begun(night: Night, path: Path) -> pa.Table:
    """What merge left of both kinds, as rows that begin."""
    found = [night.of_night("merge", kind, sealed.TABLE) for kind in KINDS]
    rows = pa.concat_tables([table.cast(_plain()) for table in found if table is not None])
    store.write_table(path, rows)
    return rows


def _plain() -> pa.Schema:
    facts = catalogue.load_all()[sealed.TABLE].facts
    return pa.schema([field for field in facts if field.name not in model.SEALED])


def test_each_row_that_begins_has_what_its_record_sealed(
    night: Night, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "PIECE", 500)
    path = tmp_path / "begun.parquet"
    rows = _begun(night, path)
    assert set(rows["kind"].to_pylist()) == set(KINDS)
    assert rows.num_rows > 2 * store.PIECE
    sealed.fill(night, path)
    found = store.read_table(path)
    assert found.schema.equals(catalogue.load_all()[sealed.TABLE].facts)
    assert found.select(rows.column_names).equals(rows), "rows and their order stay"
    held = pa.concat_tables(
        store.read_table(night.table_path("standardise", batch, "vault")) for batch in night.passed()
    )
    said = {(row["record_id"], row["kind"], row["what"], row["token"]): row["ciphertext"] for row in held.to_pylist()}
    assert said
    for row in found.to_pylist():
        record = row["provenance"].removeprefix('{"record":"').removesuffix('"}')
        assert row["ciphertext"] == said[record, row["kind"], row["what"], row["token"]]


def test_a_night_without_one_that_begins_has_the_columns_all_the_same(night: Night, tmp_path: Path) -> None:
    path = tmp_path / "begun.parquet"
    store.write_table(path, _plain().empty_table())
    sealed.fill(night, path)
    assert store.read_table(path).equals(catalogue.load_all()[sealed.TABLE].facts.empty_table())


def test_nothing_begins_that_lies_sealed_nowhere(night: Night, tmp_path: Path) -> None:
    path = tmp_path / "begun.parquet"
    rows = _begun(night, path)
    tokens = ["of nobody", *rows["token"].to_pylist()[1:]]
    store.write_table(path, rows.set_column(rows.column_names.index("token"), "token", pa.array(tokens)))
    with pytest.raises(ImbalanceError, match="standardise: of 1 numbers"):
        sealed.fill(night, path)
    assert store.read_table(path).column_names == rows.column_names, "the file stays as it was"


def test_the_newest_key_counts_where_a_record_said_it_in_several_batches(night: Night) -> None:
    begun = pa.table({
        "place": [1, 0], "record_id": ["r", "r"], "kind": ["person"] * 2, "what": ["phone"] * 2, "token": ["t", "u"],
    })  # fmt: skip
    held = [_row("person", "t", "new", b"1"), _row("person", "u", "new", b"2"), _row("organization", "t", "zz", b"3")]
    past = [_row("person", "t", "zero", b"4"), _row("person", "u", "before", b"5")]
    with Engine(night.run.settings) as engine:
        found = sealed.of_newest_key(engine, begun, *(pa.Table.from_pylist(one, model.VAULT) for one in (held, past)))
    assert found.to_pydict() == {"ciphertext": [b"2", b"4"], "key_id": ["new", "zero"]}


def _row(kind: str, token: str, key: str, ciphertext: bytes) -> dict[str, object]:
    return {
        "record_id": "r", "kind": kind, "what": "phone", "token": token, "ciphertext": ciphertext, "key_id": key
    }  # fmt: skip
