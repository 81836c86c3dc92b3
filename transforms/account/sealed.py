"""The ciphertext of numbers and phones that begin tonight, as standardise sealed it: merge goes by their tokens alone.

A row of ``vault_identifier`` is compared and counted by its token, so what is sealed is looked up once it is known
which rows begin: of most nights few.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import model, store
from transforms import tables as catalogue
from transforms.account.night import Night
from transforms.engine import Engine
from transforms.errors import ImbalanceError
from transforms.live import Live
from transforms.model import Batch

TABLE = "vault_identifier"
_STEPS = Path(__file__).with_suffix(".sql")
_BEFORE, _AFTER = '{"record":"', '"}'  # of the record id that a row's provenance is
_SAID = ["kind", "what", "token"]


def fill(night: Night, path: Path) -> None:
    """Put ``ciphertext`` and ``key_id`` into the rows that begin, in their order.

    Where a record said one thing in several batches the ciphertext is that of the newest key, whose id sorts last.

    Args:
        night: whose live records and batches count.
        path: ``vault_identifier.open.parquet``; it is written anew.

    Raises:
        ImbalanceError: of a row that begins nothing lies sealed; the file stays as it was.
        StaleInputError: a batch is missing, incomplete or stale.
    """
    begun = _begun(path)
    told = _told(night, begun) if begun.num_rows else _nothing()
    if told.num_rows != begun.num_rows:
        lost = begun.num_rows - told.num_rows
        raise ImbalanceError(
            [f"standardise: of {lost} numbers and phones that begin nothing lies sealed in their batches"]
        )
    fresh = path.with_name(f"{path.name}.fresh")
    store.write_pieces(fresh, _filled(path, told))
    fresh.replace(path)


def _begun(path: Path) -> pa.Table:
    """place, record_id, kind, what and token of the rows."""
    rows = store.read_table(path, [*_SAID, "provenance"], ["kind", "what"])
    record = pc.utf8_slice_codeunits(rows["provenance"], len(_BEFORE), -len(_AFTER))
    columns = {"place": pa.array(np.arange(rows.num_rows)), "record_id": record}
    return pa.table(columns | {name: rows[name] for name in _SAID})


def _told(night: Night, begun: pa.Table) -> pa.Table:
    """Per row that lies sealed ``ciphertext`` and ``key_id``."""
    batches = sorted({batch for kind in pc.unique(begun["kind"]).to_pylist() for batch in _batches(night, kind)})
    held = [night.table_path("standardise", batch, "vault") for batch in batches if batch.id not in night.past.batches]
    sources = sorted({batch.source for batch in batches if batch.id in night.past.batches})
    past = [model.VAULT.empty_table(), *night.past.every("vault", sources).values()]
    with Engine(night.run.settings) as engine:
        return of_newest_key(engine, begun, held or model.VAULT.empty_table(), pa.concat_tables(past))


def of_newest_key(engine: Engine, begun: pa.Table, held: pa.Table | list[Path], past: pa.Table) -> pa.Table:
    """Per row that lies sealed ``ciphertext`` and ``key_id``, in their order.

    Args:
        engine: runs sealed.sql.
        begun: place, record_id, kind, what and token, in any order.
        held: model.VAULT, or files of it.
        past: model.VAULT.
    """
    found = engine.run(_STEPS, {"begun": begun, "held": held, "past": past})
    last = np.diff(found["place"].to_numpy(), append=-1).astype(bool)
    return found.select(model.SEALED).filter(pa.array(last))


def _batches(night: Night, kind: str) -> set[Batch]:
    """The batches that the live versions of a kind's records are of."""
    path = night.night_path("account", "live", kind)
    if path is None:
        return set()
    of_row, names = Live(path).code_of_row("batch")
    return {Batch.parse(name) for name in names.take(pa.array(np.flatnonzero(np.bincount(of_row)))).to_pylist()}


def _nothing() -> pa.Table:
    return model.VAULT.empty_table().select(model.SEALED)


def _filled(path: Path, told: pa.Table) -> Iterator[pa.Table]:
    """The rows of a file with what is sealed of them, all columns as the catalogue has them."""
    schema, start = catalogue.load_all()[TABLE].facts, 0
    yield schema.empty_table()
    for piece in store.read_pieces(path, store.PIECE):
        part = told.slice(start, piece.num_rows)
        columns = {name: (part if name in model.SEALED else piece)[name] for name in schema.names}
        yield pa.table(columns).cast(schema)
        start += piece.num_rows
