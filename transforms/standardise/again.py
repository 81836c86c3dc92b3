"""Rows that the source's delivery before held word for word are taken over as they were read, not read again.

The clean columns of a row are a function of its landed values of the kind (``content_hash``), of what check struck,
and of contract, kinds, lookups, keys and code: where all of these are the same, so are the columns. Most rows of a
snapshot stood in the one before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import manifest, model, store
from transforms.errors import StaleInputError
from transforms.kinds import Kind
from transforms.model import Batch
from transforms.run import Run
from transforms.standardise import columns
from transforms.standardise.address import parser

_SAME = ("configuration", "keys")  # of the inputs, what a row's columns depend on


def delivery_before(run: Run, batch: str, inputs: Mapping[str, str]) -> Before | None:
    """The last delivery of the source before this one that this code read under the same configuration and keys."""
    this, settings = Batch.parse(batch), run.settings
    earlier = sorted((one for one in map(Batch.parse, store.landed(run, this.source)) if one < this), reverse=True)
    for one in earlier:
        check, folder = (store.batch_dir(settings, room, one.id) for room in ("check", "standardise"))
        found = manifest.Manifest.read(folder)
        if found is None or found.code != manifest.code_of("standardise"):
            continue
        if all(found.inputs.get(name) == inputs[name] for name in _SAME):
            try:
                manifest.require(settings.lake, folder, "standardise")
                manifest.require(settings.lake, check, "check")
            except StaleInputError:
                continue
            return Before(folder, check)
    return None


class Before:
    """The tables of an earlier delivery of a source."""

    def __init__(self, folder: Path, check: Path) -> None:
        """Read what check struck, and the vault; tables as they are asked for."""
        self._folder = folder
        finding = store.read_table(check / "finding.parquet", ["ordinal", "effect"])
        self._struck = finding.filter(pc.equal(finding["effect"], "strike"))["ordinal"].combine_chunks()
        self._vault = store.read_table(folder / "vault.parquet")
        self._rows: dict[str, pa.Table] = {}

    def find(self, kind: str, contents: list[str]) -> np.ndarray:
        """For each row's content the position among :meth:`rows` where it stands, or -1."""
        found = pc.index_in(pa.array(contents, pa.string()), value_set=self.rows(kind)["content_hash"])
        return np.asarray(pc.fill_null(found, -1), dtype=np.int64)

    def rows(self, kind: str) -> pa.Table:
        """Rows that may be taken over, one a content: nothing struck, and no other row sealed values for its record."""
        if kind not in self._rows:
            rows = store.read_table(self._folder / f"{kind}.parquet")
            sealed = self._vault.filter(pc.equal(self._vault["kind"], kind))["record_id"]
            _, codes, many = np.unique(rows["record_id"].to_numpy(), return_inverse=True, return_counts=True)
            shared = pc.is_in(rows["record_id"], value_set=pc.unique(sealed)).to_numpy() & (many[codes] > 1)
            struck = pc.is_in(rows["ordinal"], value_set=self._struck).to_numpy()
            rows = rows.filter(pa.array(~shared & ~struck))
            _, first = np.unique(rows["content_hash"].to_numpy(), return_index=True)
            self._rows[kind] = rows.take(pa.array(first)).combine_chunks()
        return self._rows[kind]

    def sealed(self, kind: str, at: np.ndarray, record_ids: pa.Array) -> pa.Table:
        """What the rows at these positions left for the vault (:data:`transforms.model.VAULT`), under their new ids."""
        before = self.rows(kind)["record_id"].take(pa.array(at)).combine_chunks()
        owner = pc.index_in(self._vault["record_id"], value_set=pc.unique(before))
        ours = self._vault.filter(pc.and_(owner.is_valid(), pc.equal(self._vault["kind"], kind)))
        pairs = pa.table({"before": before, "record_id": record_ids})
        told = ours.rename_columns({"record_id": "before"}).join(pairs, "before", join_type="inner")
        return told.select(model.VAULT.names).cast(model.VAULT)

    def remember(self, reader: parser.Reader, kinds: Mapping[str, Kind]) -> None:
        """Give the reader every address of that delivery with what was read in it."""
        for name, kind in kinds.items():
            for prop in kind.typed("address"):
                if kind.properties[prop].level is None:
                    told = [prop, *(f"{prop}_{column}" for column in parser.COLUMNS)]
                    rows = store.read_table(self._folder / f"{name}.parquet", told)
                    text, *read = (column.to_pylist() for column in rows.columns)
                    reader.remember(text, list(zip(*read, strict=True)))


def together(kind: Kind, fresh: pa.Table, taken: pa.Table, repeated: np.ndarray) -> pa.Table:
    """The clean columns of all rows in order: those read now, and those taken over where ``repeated``."""
    order = np.empty(len(repeated), np.int64)
    order[~repeated] = np.arange(fresh.num_rows)
    order[repeated] = fresh.num_rows + np.arange(taken.num_rows)
    names = [name for name, _ in columns.schema(kind)]
    return pa.concat_tables([fresh.select(names), taken.select(names)]).take(pa.array(order)).combine_chunks()
