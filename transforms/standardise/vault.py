"""What a batch leaves for the vault: ciphertext per record and value, a register's never held whole."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms.keys import Keys
from transforms.standardise import columns

_FIELDS = [(field.name, field.type) for field in model.VAULT]
_ORDER = ["record_id", "what", "token"]
_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"  # what a record id may begin with (RFC 4648), in their order


class Vault(AbstractContextManager["Vault"]):
    """Takes rows in any order; gives each (record, what, token) once, sorted. Too many lie on disk meanwhile."""

    def __init__(self, keys: Keys, scratch: Path) -> None:
        """Nothing is held. ``scratch``: an existing folder, in which nothing is left behind."""
        self._keys, self._scratch = keys, scratch
        self._held: list[pa.Table] = []
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._parts = 0

    def __enter__(self) -> Self:
        """Nothing to do."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what lies on disk."""
        if self._folder is not None:
            self._folder.cleanup()

    def seal(self, told: list[pd.DataFrame]) -> None:
        """Take clear values: frames of record_id, kind, what, token, value."""
        frame = pd.concat([pd.DataFrame(columns=[*_ORDER, "kind", "value"], dtype=object), *told])
        distinct = frame["value"].unique()
        ciphers = dict(zip(distinct, self._keys.seal_all(distinct), strict=True))
        frame = frame.assign(ciphertext=frame["value"].map(ciphers), key_id=self._keys.vault.key_id)
        self.add(columns.to_arrow(frame, _FIELDS))

    def add(self, rows: pa.Table) -> None:
        """Take rows of :data:`transforms.model.VAULT`."""
        self._held.append(rows)
        if sum(table.num_rows for table in self._held) > 2 * store.PIECE:
            self._spill()

    def _spill(self) -> None:
        """Put what is held aside, a group of rows for each letter."""
        self._folder = self._folder or tempfile.TemporaryDirectory(prefix="vault.", dir=self._scratch)
        held = pa.concat_tables([model.VAULT.empty_table(), *self._held]).combine_chunks()
        self._held = []
        first = pc.index_in(pc.utf8_slice_codeunits(held["record_id"], 0, 1), value_set=pa.array(list(_LETTERS)))
        store.write_pieces(
            Path(self._folder.name) / f"{self._parts}.parquet",
            (held.filter(pc.equal(first, at)) for at in range(len(_LETTERS))),
        )
        self._parts += 1

    def tables(self) -> Iterator[pa.Table]:
        """All that was taken, in order: one piece, or one for each letter where it was too much."""
        if self._folder is None:
            yield self._ordered(self._held)
            return
        self._spill()
        folder = Path(self._folder.name)
        for at in range(len(_LETTERS)):
            parts = [store.read_group(folder / f"{part}.parquet", at) for part in range(self._parts)]
            yield self._ordered(parts)

    @staticmethod
    def _ordered(tables: list[pa.Table]) -> pa.Table:
        """By record, what and token; of equal ones that which came first, for the sort is stable."""
        rows = pa.concat_tables([model.VAULT.empty_table(), *tables]).combine_chunks()
        rows = rows.sort_by([(name, "ascending") for name in _ORDER])
        again = pa.array(np.ones(max(rows.num_rows - 1, 0), dtype=bool))
        for name in _ORDER:
            again = pc.and_(again, pc.equal(rows[name][1:], rows[name][:-1]).combine_chunks())
        return rows.filter(pa.concat_arrays([pa.array([True] * min(rows.num_rows, 1), pa.bool_()), pc.invert(again)]))
