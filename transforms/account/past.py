"""What is to be kept of deliveries whose time is over: which these are, and what the fold must know of them."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import checkpoint, contract, decisions, manifest, model, store
from transforms.account import live_rows, tail
from transforms.account.apply import Landed, landed_of, told
from transforms.account.fold import Fold, Given
from transforms.account.night import Delivery, Night
from transforms.checkpoint import Expired
from transforms.engine import Engine
from transforms.run import Run

_STEPS = Path(__file__).with_suffix(".sql")
_PLACED = pa.schema(
    [(name, pa.int64() if name == "ordinal" else pa.string())
     for name in ("batch", "ordinal", "record_id", "as_of", "since")]
)  # fmt: skip


@dataclass(frozen=True)
class Past:
    """What a checkpoint holds of deliveries.

    Attributes:
        through: source → the last ``as_of`` that goes.
        batches: batch → what goes, and what went before.
        tables: name → table (:mod:`transforms.checkpoint`).
    """

    through: dict[str, str]
    batches: dict[str, Expired]
    tables: dict[str, pa.Table]


def expirable(run: Run, landed_by: Mapping[str, str], needed: Collection[str]) -> dict[str, list[Expired]]:
    """The deliveries that may go: of each source its oldest, as long as nothing stands in the way.

    A period (``as_of``) goes whole, and only after all before it: the fold goes on from what they said last. It stays
    when one of its deliveries waits for a person, is needed, came too lately, or is the source's current one.

    Args:
        run: the night of the current release.
        landed_by: source → the last night in which a delivery that goes was landed.
        needed: batches that somebody still asks about.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    night, found = Night(run), {}
    for source, deliveries in night.deliveries.items():
        going: list[Expired] = []
        periods = sorted(deliveries, key=lambda one: one.batch)
        for _, period in itertools.groupby(periods, key=lambda one: one.batch.as_of):
            told = list(period)
            if any(_stays(one, landed_by.get(source, ""), needed) for one in told):
                break
            going += [_expired(night, one) for one in told]
        if going:
            found[source] = going
    return found


def _stays(one: Delivery, landed_by: str, needed: Collection[str]) -> bool:
    return one.last or one.fate == "held" or one.first_night > landed_by or one.batch.id in needed


def _expired(night: Night, one: Delivery) -> Expired:
    facts = night.landed(one.batch.id)[0].facts
    return Expired(one.batch.id, str(facts["file"]), one.first_night, one.rows, one.fate)


def past(run: Run, going: Mapping[str, list[Expired]]) -> Past:
    """Fold the deliveries that go, on top of what went before.

    Raises:
        StaleInputError: a standardised batch is missing, incomplete or stale.
    """
    before = checkpoint.current(run.settings)
    names = {one.batch for of in going.values() for one in of}
    contracts = {s: c for s, c in contract.load_all(run.settings.expectations).items() if s in going}
    recalls = decisions.recalls(run.settings)
    landed = {source: _of(landed_of(run, source, before, recalls, []), names) for source in contracts}
    through = dict(before.through) | {s: max(model.Batch.parse(o.batch).as_of for o in of) for s, of in going.items()}
    tables = _carried(before, [source for source in before.through if source not in going])
    for source, promise in contracts.items():
        given = told(run, {source: promise}, {source: landed[source]}, before)
        tables |= _gone(run, before, source, landed[source], given)
    batches = dict(before.batches) | {one.batch: one for of in going.values() for one in of}
    return Past(through, batches, tables)


def _gone(
    run: Run, before: checkpoint.Checkpoint, source: str, landed: list[Landed], given: Given
) -> dict[str, pa.Table]:
    """The tables of one source's deliveries that go."""
    spill = run.settings.home / "tmp"
    spill.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="past.", dir=spill) as place, Engine(run.settings) as engine:
        fold = Fold(engine, given, Path(place), beside=_STEPS)
        last = pa.concat_tables([checkpoint.TAIL.empty_table(), *(part.cast(checkpoint.TAIL) for part in fold.beside)])
        settled = before.every("version", [source]).values()
        states = pa.concat_tables([*fold.versions(), *(tail.without(table, given.erased) for table in settled)])
        lives = {kind: fold.live(kind) for kind in given.words["kind"]}
    found = {f"{source}.{name}": table for name, table in words(source, states, last, given.kept).items()}
    for kind, rows in lives.items():
        if rows.num_rows:
            whole = live_rows.gathered(given.files[kind], rows)
            found[f"{source}.{kind}"] = whole.drop_columns(model.LIVE.names)
    every = pa.concat_tables([rows.cast(_PLACED) for rows in lives.values()])
    return found | {f"{source}.vault": _vault(run, before, source, landed, every)}


def _of(landed: list[Landed], names: Collection[str]) -> list[Landed]:
    return [one for one in landed if one.batch.id in names]


def _carried(before: checkpoint.Checkpoint, sources: list[str]) -> dict[str, pa.Table]:
    """Tables of sources of which nothing more goes."""
    named = [n.removesuffix(".parquet") for n in before.files if n.split(".", 1)[0] in sources]
    return {name: table for name in named if (table := before.table(name)) is not None}


def words(source: str, states: pa.Table, told: pa.Table, kept: pa.Table) -> dict[str, pa.Table]:
    """The tables of ids and hashes: last words, versions whose state is for good, records that were kept."""
    told = told.filter(pc.equal(told["source"], source)).combine_chunks()
    place = ["batch", "ordinal", "kind", "record_id"]
    last = told.filter(pc.invert(told["outvoted"])).select(place)
    versions = states.filter(pc.equal(states["source"], source)).join(last, place, join_type="left anti")
    order = [(name, "ascending") for name in ("batch", "kind", "ordinal", "record_id")]
    versions = versions.select(model.VERSION.names).cast(model.VERSION).sort_by(order).combine_chunks()
    ordered = (
        kept.select(model.KEPT.names).cast(model.KEPT).sort_by([("kind", "ascending"), ("record_id", "ascending")])
    )
    return {"tail": told, "version": versions, "kept": ordered.combine_chunks()}


def _vault(run: Run, before: checkpoint.Checkpoint, source: str, landed: list[Landed], lives: pa.Table) -> pa.Table:
    """The ciphertexts of the source's rows that still speak."""
    found = [model.VAULT.empty_table()]
    for one in landed:
        folder = store.batch_dir(run.settings, "standardise", one.batch.id)
        ids = lives.filter(pc.equal(lives["batch"], one.batch.id))["record_id"].combine_chunks()
        if len(ids) and (folder / "vault.parquet").is_file():
            manifest.require(run.settings.lake, folder, "standardise")
            table = store.read_table(folder / "vault.parquet").select(model.VAULT.names).cast(model.VAULT)
            found.append(table.filter(pc.is_in(table["record_id"], value_set=ids)))
    if (table := before.table(f"{source}.vault")) is not None:
        gone = lives.filter(pc.is_in(lives["batch"], value_set=pa.array(sorted(before.batches), pa.string())))
        found.append(table.filter(pc.is_in(table["record_id"], value_set=gone["record_id"].combine_chunks())))
    order = [(name, "ascending") for name in ("kind", "record_id", "what", "token")]
    return pa.concat_tables(found).sort_by(order).combine_chunks()
