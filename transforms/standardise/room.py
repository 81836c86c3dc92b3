"""Room 3: clean columns beside the raw ones, one batch at a time, from its rows and reviewed lookups alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from transforms import contract as contracts
from transforms import keys as key_file
from transforms import kinds, manifest, model, store, values
from transforms.contract import Contract
from transforms.keys import Keys
from transforms.kinds import Kind
from transforms.run import Run
from transforms.standardise import again, columns, identifiers, mentions, names, records
from transforms.standardise.address import gazetteer, parser

ROOM = "standardise"


def run(run: Run, sources: Iterable[str]) -> list[model.Report]:
    """Standardise every landed, checked, unheld batch of the sources.

    Returns:
        One report per batch, counts only.

    Raises:
        StaleInputError: land or check of a batch is missing, incomplete or stale.
        ConfigError: a contract, kind, lookup or key is wrong.
    """
    known = contracts.load_all(run.settings.expectations)
    return [
        report
        for source in sorted(sources)
        for batch in store.landed(run, source)
        if (report := _batch(run, known[source], batch)) is not None
    ]


def _batch(run: Run, contract: Contract, batch: str) -> model.Report | None:
    settings = run.settings
    land, check = (store.batch_dir(settings, room, batch) for room in ("land", "check"))
    landed = manifest.require(settings.lake, land, "land")
    if landed.facts.get("hold"):
        return None
    checked = manifest.require(settings.lake, check, "check")
    if checked.facts.get("hold"):
        return None
    keys = key_file.load(settings)
    inputs = dict([manifest.upstream(settings.lake, land, landed), manifest.upstream(settings.lake, check, checked)])
    inputs |= {
        "configuration": manifest.configuration(settings.expectations, contract.source),
        "keys": identifiers.fingerprint(keys),
    }
    folder = store.batch_dir(settings, ROOM, batch)
    found = manifest.fresh(folder, ROOM, inputs)
    if found is None:
        before = again.delivery_before(run, batch, inputs) if contract.arrives.mode == "snapshot" else None
        tables = _tables(run, contract, batch, keys, before)
        with store.output(folder) as fresh:
            for name, table in tables.items():
                store.write_table(fresh / f"{name}.parquet", table)
            found = manifest.write(fresh, ROOM, inputs, {name: table.num_rows for name, table in tables.items()})
    counts = {name: int(count or 0) for name, count in found.facts.items()}
    run.say(f"standardise {batch[:40]}: " + ", ".join(f"{count} {name}" for name, count in sorted(counts.items())))
    return model.Report(ROOM, batch, counts)


def _tables(run: Run, contract: Contract, batch: str, keys: Keys, before: again.Before | None) -> dict[str, pa.Table]:
    settings = run.settings
    rows = _joined(store.batch_dir(settings, "land", batch), store.batch_dir(settings, "check", batch))
    accepted = rows[rows["accepted"]].reset_index(drop=True)
    words = gazetteer.load(settings.expectations)
    seen = columns.Batch(
        contract, keys, names.load(settings.expectations), parser.Reader(words), accepted,
        _struck(store.batch_dir(settings, "check", batch), accepted),
    )  # fmt: skip
    refused = rows[~rows["accepted"] & rows["fault"].isna()].reset_index(drop=True)
    known = {name: kind for name, kind in kinds.load_all(settings.expectations).items() if name in contract.feeds}
    plain = {name: kind for name, kind in known.items() if name != mentions.KIND}
    kept = [_kept(contract, name, refused, keys) for name in plain]
    if before is not None and mentions.KIND in known:
        before.remember(seen.addresses, plain)
    tables, vault = _of_kinds(plain, seen, batch, before)
    if mentions.KIND in known:
        tables[mentions.KIND] = _mentioned(known[mentions.KIND], seen, batch, words)
        kept.append(_kept_nodes(contract, known[mentions.KIND], refused, seen))
    tables["kept"] = _sorted(pd.concat(kept).drop_duplicates(), model.KEPT, ["kind", "record_id"])
    tables["vault"] = vault
    return tables


def _joined(land: Path, check: Path) -> pd.DataFrame:
    """Landed rows with their verdict, sorted by ordinal; every row has exactly one."""
    rows = store.read_table(land / "rows.parquet").to_pandas()
    verdicts = store.read_table(check / "verdict.parquet", ["ordinal", "accepted"]).to_pandas()
    joined = rows.merge(verdicts, on="ordinal", how="left", validate="1:1")
    joined["accepted"] = joined["accepted"].eq(True)
    return joined.sort_values("ordinal", ignore_index=True)


def _struck(check: Path, accepted: pd.DataFrame) -> dict[str, pd.Series]:
    findings = store.read_table(check / "finding.parquet", ["ordinal", "field", "effect"]).to_pandas()
    struck = findings[findings["effect"] == "strike"]
    return {str(heading): accepted["ordinal"].isin(of["ordinal"]) for heading, of in struck.groupby("field")}


def _of_kinds(
    known: dict[str, Kind], seen: columns.Batch, batch: str, before: again.Before | None
) -> tuple[dict[str, pa.Table], pa.Table]:
    """Each kind's table, and what they leave for the vault. Rows that every kind has from ``before`` are taken over."""
    contents = {name: records.content_hashes(seen.contract, kind, seen.landed) for name, kind in known.items()}
    at = {name: _positions(before, name, told) for name, told in contents.items()}
    repeated = np.full(len(seen.landed), before is not None)
    for found in at.values():
        repeated &= found >= 0
    for struck in seen.struck.values():
        repeated &= ~struck.to_numpy()
    fresh = seen.of(~repeated)
    tables, vault, taken_over = {}, [], [model.VAULT.empty_table()]
    for name, kind in known.items():
        ids = records.record_ids(seen.contract, name, seen.landed, contents[name], seen.keys)
        fresh.sealed.clear()
        clean = columns.to_arrow(columns.clean(kind, fresh), columns.schema(kind))
        mine = np.array(ids, dtype=object)[~repeated]
        vault += [
            pd.DataFrame({"record_id": mine[s.row], "kind": name, "what": s.what, "token": s.token, "value": s.value})
            for s in fresh.sealed
        ]
        if before is not None and repeated.any():
            there = at[name][repeated]
            clean = again.together(kind, clean, before.rows(name).take(pa.array(there)), repeated)
            taken_over.append(before.sealed(name, there, pa.array(ids, pa.string()).filter(pa.array(repeated))))
        tables[name] = _with_ids(clean, kind, seen, batch, ids, contents[name])
    return tables, _vault(vault, taken_over, seen.keys)


def _positions(before: again.Before | None, kind: str, contents: list[str]) -> np.ndarray:
    return np.full(len(contents), -1) if before is None else before.find(kind, contents)


def _with_ids(
    clean: pa.Table, kind: Kind, seen: columns.Batch, batch: str, ids: list[str], contents: list[str]
) -> pa.Table:
    """The clean columns behind those that say which row this is."""
    frame = pd.DataFrame({"ordinal": seen.landed["ordinal"], "line": seen.landed["line"]}).assign(
        source=seen.contract.source, batch=batch, kind=kind.kind, record_id=ids, content_hash=contents,
        operation=records.operations(seen.contract, seen.landed),
    )  # fmt: skip
    told = columns.to_arrow(frame, [(field.name, field.type) for field in model.STANDARD])
    fields = [*told.schema, *clean.schema]
    return pa.table([*told.columns, *clean.columns], schema=pa.schema(fields)).combine_chunks()


def _mentioned(kind: Kind, seen: columns.Batch, batch: str, words: gazetteer.Gazetteer) -> pa.Table:
    clean = columns.clean(kind, seen)
    rows = clean[["building_code", "lon", "lat"]].assign(
        path=clean["text_path"], ordinal=seen.landed["ordinal"], line=seen.landed["line"],
        operation=records.operations(seen.contract, seen.landed),
    )  # fmt: skip
    found = mentions.described(mentions.mentions(rows), words)
    found = mentions.identified(found, seen.contract.source, seen.keys)
    found = found.assign(source=seen.contract.source, batch=batch, kind=kind.kind)
    fields = [(field.name, field.type) for field in model.STANDARD] + mentions.COLUMNS
    return columns.to_arrow(found.sort_values(["ordinal", "path"]), fields)


def _kept(contract: Contract, kind: str, refused: pd.DataFrame, keys: Keys) -> pd.DataFrame:
    """Records whose row is in quarantine: their last good version stays."""
    told = [key for key in records.natural_keys(contract, kind, refused) if key is not None]
    return pd.DataFrame(
        {"kind": kind, "record_id": [keys.record_id(contract.source, kind, key) for key in told]}, dtype=object
    )


def _kept_nodes(contract: Contract, kind: Kind, refused: pd.DataFrame, seen: columns.Batch) -> pd.DataFrame:
    """Nodes that a row in quarantine names, as far as its address can be read."""
    headings = [
        column.heading for name, column in contract.columns_of(kind.kind).items() if name in kind.typed("address")
    ]
    paths = set()
    for heading in headings:
        text = values.mask_numbers(values.clean_text(refused[heading]))
        paths |= {node for path in seen.addresses.parse(text)["path"].dropna() for node in mentions.nodes(path)}
    ids = [seen.keys.record_id(contract.source, kind.kind, (path,)) for path in sorted(paths)]
    return pd.DataFrame({"kind": kind.kind, "record_id": ids}, dtype=object)


def _vault(sealed: list[pd.DataFrame], taken_over: list[pa.Table], keys: Keys) -> pa.Table:
    """Ciphertext per record and value; a value that stands in several rows of a record is kept once."""
    order = ["record_id", "what", "token"]
    frame = pd.concat([pd.DataFrame(columns=[*order, "kind", "value"], dtype=object), *sealed]).drop_duplicates(order)
    distinct = frame["value"].unique()
    ciphers = dict(zip(distinct, keys.seal_all(distinct), strict=True))
    frame = frame.assign(ciphertext=frame["value"].map(ciphers), key_id=keys.vault.key_id)
    both = pd.concat([frame, *(table.to_pandas() for table in taken_over)])
    return _sorted(both.drop_duplicates(order), model.VAULT, order)


def _sorted(frame: pd.DataFrame, schema: pa.Schema, order: list[str]) -> pa.Table:
    return columns.to_arrow(frame.sort_values(order), [(field.name, field.type) for field in schema])
