"""Rows that the source's delivery before held word for word are taken over as they were read, not read again.

The clean columns of a row are a function of its landed values of the kind (``content_hash``), of what check struck,
and of contract, kinds, lookups, keys and code: where all of these are the same, so are the columns. Most rows of a
snapshot stood in the one before it; where the bytes and what check made of them are the same, all of them did.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import manifest, store
from transforms.groups import write_again
from transforms.kinds import Kind
from transforms.model import Batch
from transforms.run import Run
from transforms.standardise import columns
from transforms.standardise.address import parser
from transforms.standardise.earlier import Earlier, Taken
from transforms.standardise.vault import Vault

_SAME = ("configuration", "keys", "codes", "words")  # of the inputs, what a row's columns depend on
_NO_BATCH = ("kept", "vault")  # tables that do not say which batch they are of


def delivery_before(run: Run, batch: str, inputs: Mapping[str, str]) -> Before | None:
    """The last delivery of the source before this one that this code read under the same configuration and keys."""
    found = manifest.delivery_before(run, batch, ("check", "standardise"), {name: inputs[name] for name in _SAME})
    if found is None:
        return None
    one, this = found[0], Batch.parse(batch)
    folder, check = (store.batch_dir(run.settings, room, one.id) for room in ("standardise", "check"))
    return Before(folder, check, whole=one.sha256 == this.sha256 and _judged_alike(run, one, this))


def _judged_alike(run: Run, one: Batch, other: Batch) -> bool:
    """Whether the rows of two batches of the same bytes were split alike, and check accepts and strikes the same."""
    land = [manifest.Manifest.read(store.batch_dir(run.settings, "land", batch.id)) for batch in (one, other)]
    if any(found is None for found in land) or len({(str(f.inputs), f.code, f.facts["rows"]) for f in land if f}) > 1:
        return False
    told = []
    for batch in (one, other):
        check = store.batch_dir(run.settings, "check", batch.id)
        finding = store.read_table(check / "finding.parquet", ["ordinal", "field", "effect"])
        struck = finding.filter(pc.equal(finding["effect"], "strike"))
        told.append((store.read_table(check / "verdict.parquet", ["ordinal", "accepted"]), struck))
    return bool(told[0][0].equals(told[1][0]) and told[0][1].equals(told[1][1]))


class Before:
    """The tables of an earlier delivery of a source; ``whole``: this one's rows are the same, and judged the same."""

    def __init__(self, folder: Path, check: Path, *, whole: bool) -> None:
        """Read what check struck; tables as they are asked for."""
        self.whole = whole
        self._folder = folder
        finding = store.read_table(check / "finding.parquet", ["ordinal", "effect"])
        self._struck = finding.filter(pc.equal(finding["effect"], "strike"))["ordinal"].combine_chunks()
        self._kinds: dict[str, Earlier] = {}

    def write(self, fresh: Path, batch: str) -> None:
        """Write every table again, as those of this batch."""
        for path in sorted(self._folder.glob("*.parquet")):
            if path.stem in _NO_BATCH:
                shutil.copyfile(path, fresh / path.name)
            else:
                write_again(path, fresh / path.name, batch)

    def of(self, kind: str) -> Earlier:
        """Its rows of a kind."""
        if kind not in self._kinds:
            self._kinds[kind] = Earlier(self._folder, kind, self._struck)
        return self._kinds[kind]

    def sealed(self, vault: Vault) -> None:
        """Give the vault what the rows that were taken over had left for it, under their new ids."""
        taken = {kind: told for kind, earlier in self._kinds.items() if (told := earlier.taken()).num_rows}
        for piece in store.read_pieces(self._folder / "vault.parquet", store.PIECE) if taken else ():
            for kind, told in taken.items():
                vault.add(_renamed(piece.filter(pc.equal(piece["kind"], kind)), told))


def _renamed(sealed: pa.Table, taken: pa.Table) -> pa.Table:
    mine = taken.filter(pc.is_in(taken["before"], value_set=pc.unique(sealed["record_id"])))
    told = sealed.rename_columns({"record_id": "before"}).join(mine, "before", join_type="inner")
    return told.select(sealed.column_names).cast(sealed.schema)


def remember(reader: parser.Reader, kind: Kind, taken: Taken) -> None:
    """Give the reader every address of rows that were taken over, with what was read in it."""
    for prop in kind.typed("address"):
        if kind.properties[prop].level is None:
            told = [taken.rows[prop], *(taken.rows[f"{prop}_{column}"] for column in parser.COLUMNS)]
            text, *read = (column.to_pylist() for column in told)
            reader.remember(text, list(zip(*read, strict=True)))


def together(kind: Kind, fresh: pa.Table, taken: Taken) -> pa.Table:
    """The clean columns of all rows in order: those read now, and those taken over."""
    names = [name for name, _ in columns.schema(kind)]
    both = pa.concat_tables([fresh.select(names), taken.rows.select(names)])
    return both.take(taken.order()).combine_chunks()
