"""One batch standardised piece by piece: of a register of millions no more rows are held at once than a piece has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import code_words, kinds, model, store, values
from transforms.contract import Contract
from transforms.keys import Keys
from transforms.kinds import Kind
from transforms.run import Run
from transforms.standardise import again, columns, mentions, names, records
from transforms.standardise.address import gazetteer, parser
from transforms.standardise.earlier import Taken
from transforms.standardise.vault import Vault

_STANDARD = [(one.name, one.type) for one in model.STANDARD]
_NAMED = ["path", "ordinal", "line", "operation", "building_code", "lon", "lat"]


@dataclass
class Pieces:
    """A batch on its way.

    Attributes:
        dated: words of its source that mean another thing on its own day than the contract says.
        known: the kinds that its source feeds.
        land, check: folders of what these rooms left of it.
        before: the delivery whose rows are taken over, None where there is none.
    """

    contract: Contract
    batch: str
    keys: Keys
    dated: code_words.Dated
    known: dict[str, Kind]
    lookups: names.Lookups
    words: gazetteer.Gazetteer
    land: Path
    check: Path
    before: again.Before | None
    scratch: Path
    _counted: dict[str, records.Counted] = field(default_factory=dict)
    _kept: list[pd.DataFrame] = field(default_factory=list)
    _named: list[pd.DataFrame] = field(default_factory=list)

    @classmethod
    def of(cls, run: Run, contract: Contract, batch: str, keys: Keys, before: again.Before | None) -> Pieces:
        """Read the deployment's words."""
        settings = run.settings
        known = {name: kind for name, kind in kinds.load_all(settings.expectations).items() if name in contract.feeds}
        land, check = (store.batch_dir(settings, room, batch) for room in ("land", "check"))
        scratch = settings.home / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        lookups, words = (of.load(settings.expectations, run.night) for of in (names, gazetteer))
        dated = code_words.other(contract.source, settings.expectations, model.Batch.parse(batch).as_of)
        return cls(contract, batch, keys, dated, known, lookups, words, land, check, before, scratch)

    @property
    def plain(self) -> dict[str, Kind]:
        """The kinds that have a row for every accepted row."""
        return {name: kind for name, kind in self.known.items() if name != mentions.KIND}

    def write(self, fresh: Path) -> None:
        """Write one table per kind, ``kept`` and ``vault``."""
        with ExitStack() as stack:
            vault = stack.enter_context(Vault(self.keys, self.scratch))
            write = {
                name: stack.enter_context(store.writing(fresh / f"{name}.parquet", schema_of(kind)))
                for name, kind in self.plain.items()
            }
            for rows in self._rows():
                for name, table in self._piece(rows, vault):
                    write[name](table)
            if self.before is not None:
                self.before.sealed(vault)
            store.write_pieces(fresh / "vault.parquet", vault.tables())
        if mentions.KIND in self.known:
            store.write_table(fresh / f"{mentions.KIND}.parquet", self._mentioned())
        kept = pd.concat(self._kept).drop_duplicates().sort_values(["kind", "record_id"])
        store.write_table(fresh / "kept.parquet", columns.to_arrow(kept, [(one.name, one.type) for one in model.KEPT]))

    def _rows(self) -> Iterator[pd.DataFrame]:
        """Landed rows with their verdict by ordinal, a piece at a time and one at least; every row has exactly one."""
        wanted = ["ordinal", "line", "fault", *self.contract.landed_headings]
        path, none = self.land / "rows.parquet", True
        for piece in store.read_pieces(path, store.PIECE, wanted):
            none = False
            yield self._judged(piece)
        if none:
            yield self._judged(store.read_table(path, wanted))

    def _judged(self, piece: pa.Table) -> pd.DataFrame:
        at = pc.index_in(piece["ordinal"], value_set=self._verdict["ordinal"].combine_chunks())
        accepted = pc.fill_null(self._verdict["accepted"].take(at), fill_value=False)
        return piece.append_column("accepted", accepted).sort_by("ordinal").to_pandas()

    @cached_property
    def _verdict(self) -> pa.Table:
        return store.read_table(self.check / "verdict.parquet", ["ordinal", "accepted"])

    @cached_property
    def _struck(self) -> dict[str, pa.Array]:
        """Heading → ordinals of the rows whose value check struck."""
        return _by_heading(self._finding.filter(pc.equal(self._finding["effect"], "strike")))

    @cached_property
    def _unkept(self) -> dict[str, pa.Array]:
        """As :attr:`_struck`, of values alone of which nothing is kept."""
        return _by_heading(self._finding.filter(pc.is_in(self._finding["rule"], value_set=pa.array(model.UNKEPT))))

    @cached_property
    def _finding(self) -> pa.Table:
        return store.read_table(self.check / "finding.parquet", ["ordinal", "field", "rule", "effect"])

    def _piece(self, rows: pd.DataFrame, vault: Vault) -> Iterator[tuple[str, pa.Table]]:
        """Each plain kind's rows of a piece; the rest of what the piece says is kept for the end."""
        accepted = rows[rows["accepted"]].reset_index(drop=True)
        refused = rows[~rows["accepted"] & rows["fault"].isna()].reset_index(drop=True)
        ordinals = pa.array(accepted["ordinal"], pa.int64())
        struck, unkept = (
            {
                heading: pd.Series(pc.is_in(ordinals, value_set=told).to_numpy(zero_copy_only=False), dtype=bool)
                for heading, told in every.items()
            }
            for every in (self._struck, self._unkept)
        )
        reader = parser.Reader(self.words)
        seen = columns.Batch(self.contract, self.keys, self.lookups, reader, accepted, struck, unkept)
        self._kept += [self._refused(name, refused) for name in self.plain]
        yield from self._of_kinds(seen, vault)
        if mentions.KIND in self.known:
            self._name(seen)
            self._kept.append(self._refused_nodes(refused, seen))

    def _of_kinds(self, seen: columns.Batch, vault: Vault) -> Iterator[tuple[str, pa.Table]]:
        """Each kind's table. Rows that every kind has from the delivery before are taken over."""
        contents = {
            name: records.content_hashes(self.contract, kind, seen.landed, self.dated)
            for name, kind in self.plain.items()
        }
        repeated, places = self._repeated(contents, seen)
        ids = {
            name: records.record_ids(
                self.contract, name, seen.landed, told, self.keys, self._counted.setdefault(name, records.Counted())
            )
            for name, told in contents.items()
        }
        taken = self._taken(repeated, places, ids, seen)
        fresh, sealed = seen.of(~repeated), []
        for name, kind in self.plain.items():
            fresh.sealed.clear()
            clean = columns.to_arrow(columns.clean(kind, fresh), columns.schema(kind))
            mine = np.array(ids[name], dtype=object)[~repeated]
            sealed += [
                pd.DataFrame(
                    {"record_id": mine[s.row], "kind": name, "what": s.what, "token": s.token, "value": s.value}
                )
                for s in fresh.sealed
            ]
            clean = again.together(kind, clean, taken[name]) if name in taken else clean
            yield name, self._with_ids(clean, kind, seen, ids[name], contents[name])
        vault.seal(sealed)

    def _taken(
        self, repeated: np.ndarray, places: dict[str, np.ndarray], ids: dict[str, list[str]], seen: columns.Batch
    ) -> dict[str, Taken]:
        """The rows of each kind that are taken over; their addresses need not be read again, whoever names them."""
        if self.before is None or not repeated.any():
            return {}
        mask, taken = pa.array(repeated), {}
        for name, kind in self.plain.items():
            of_taken = pa.array(ids[name], pa.string()).filter(mask)
            taken[name] = self.before.of(name).take(repeated, places[name][repeated], of_taken)
            if mentions.KIND in self.known:
                again.remember(seen.addresses, kind, taken[name])
        return taken

    def _repeated(
        self, contents: dict[str, list[str]], seen: columns.Batch
    ) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Which rows are taken over, and where each kind has them."""
        repeated = np.full(len(seen.landed), self.before is not None)
        if self.before is None:
            return repeated, {}
        places = {name: self.before.of(name).find(pa.array(told, pa.string())) for name, told in contents.items()}
        for found in places.values():
            repeated &= found >= 0
        for struck in seen.struck.values():
            repeated &= ~struck.to_numpy()
        return repeated, places

    def _with_ids(
        self, clean: pa.Table, kind: Kind, seen: columns.Batch, ids: list[str], contents: list[str]
    ) -> pa.Table:
        """The clean columns behind those that say which row this is."""
        frame = pd.DataFrame({"ordinal": seen.landed["ordinal"], "line": seen.landed["line"]}).assign(
            source=self.contract.source, batch=self.batch, kind=kind.kind, record_id=ids, content_hash=contents,
            operation=records.operations(self.contract, seen.landed),
        )  # fmt: skip
        told = columns.to_arrow(frame, _STANDARD)
        return pa.table([*told.columns, *clean.columns], schema=schema_of(kind)).combine_chunks()

    def _name(self, seen: columns.Batch) -> None:
        """The first row of every address that a piece names."""
        clean = columns.clean(self.known[mentions.KIND], seen)
        rows = clean[["building_code", "lon", "lat"]].assign(
            path=clean["text_path"], ordinal=seen.landed["ordinal"], line=seen.landed["line"],
            operation=records.operations(self.contract, seen.landed),
        )  # fmt: skip
        self._named.append(rows[rows["path"].notna()].drop_duplicates("path")[_NAMED])

    def _mentioned(self) -> pa.Table:
        found = mentions.described(mentions.mentions(pd.concat(self._named, ignore_index=True)), self.words)
        found = mentions.identified(found, self.contract.source, self.keys)
        found = found.assign(source=self.contract.source, batch=self.batch, kind=mentions.KIND)
        return columns.to_arrow(found.sort_values(["ordinal", "path"]), [*_STANDARD, *mentions.COLUMNS])

    def _refused(self, kind: str, refused: pd.DataFrame) -> pd.DataFrame:
        """Records whose row is in quarantine: their last good version stays."""
        told = [key for key in records.natural_keys(self.contract, kind, refused) if key is not None]
        ids = [self.keys.record_id(self.contract.source, kind, key) for key in told]
        return pd.DataFrame({"kind": kind, "record_id": ids}, dtype=object)

    def _refused_nodes(self, refused: pd.DataFrame, seen: columns.Batch) -> pd.DataFrame:
        """Nodes that a row in quarantine names, as far as its address can be read."""
        kind, paths = self.known[mentions.KIND], set()
        fed = self.contract.columns_of(kind.kind).items()
        for heading in [column.heading for name, column in fed if name in kind.typed("address")]:
            text = values.mask_numbers(values.clean_text(refused[heading]))
            paths |= {node for path in seen.addresses.parse(text)["path"].dropna() for node in mentions.nodes(path)}
        ids = [self.keys.record_id(self.contract.source, kind.kind, (path,)) for path in sorted(paths)]
        return pd.DataFrame({"kind": kind.kind, "record_id": ids}, dtype=object)


def _by_heading(finding: pa.Table) -> dict[str, pa.Array]:
    headings = sorted(heading for heading in pc.unique(finding["field"]).to_pylist() if heading is not None)
    return {h: finding.filter(pc.equal(finding["field"], h))["ordinal"].combine_chunks() for h in headings}


def schema_of(kind: Kind) -> pa.Schema:
    """The table of a kind that has a row for every accepted row."""
    return pa.schema([pa.field(name, of_type) for name, of_type in [*_STANDARD, *columns.schema(kind)]])
