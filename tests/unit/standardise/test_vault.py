"""What a batch leaves for the vault: each record's value once, in one order, however many there are."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import pyarrow as pa
import pytest

from transforms import keys, model, store
from transforms.standardise.vault import Vault


def rows(count: int, seed: int) -> pa.Table:
    """Few records and values, so that many come twice, each time with another ciphertext."""
    draw = random.Random(seed)
    told = [
        {
            "record_id": f"{draw.choice('27az')}{draw.choice('bc')}",
            "kind": "person",
            "what": draw.choice(["document", "phone"]),
            "token": draw.choice(["t1", "t2"]),
            "ciphertext": f"{seed} {at}".encode(),
            "key_id": "k",
        }
        for at in range(count)
    ]
    return pa.Table.from_pylist(told, model.VAULT)


@pytest.mark.parametrize("piece", [5, store.PIECE])
def test_each_value_of_a_record_stands_once_in_order(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, piece: int):
    monkeypatch.setattr(store, "PIECE", piece)
    told = [rows(12, seed) for seed in range(6)]
    (scratch := tmp_path / "scratch").mkdir()
    with Vault(keys.load(run.settings), scratch) as vault:
        for some in told:
            vault.add(some)
        pieces = list(vault.tables())
    assert len(pieces) == (32 if piece == 5 else 1)
    found = [row for table in pieces for row in table.to_pylist()]
    first: dict[tuple[str, ...], dict[str, object]] = {}
    for row in itertools.chain(*(some.to_pylist() for some in told)):
        first.setdefault((row["record_id"], row["what"], row["token"]), row)
    assert 20 < len(first) < 40
    assert found == [first[key] for key in sorted(first)]
    assert not list(scratch.iterdir())


def test_nothing_is_an_empty_table(run, tmp_path: Path):
    with Vault(keys.load(run.settings), tmp_path) as vault:
        (none,) = vault.tables()
    assert none.schema.equals(model.VAULT)
    assert none.num_rows == 0
