"""The door of account/apply: per batch the versions it brought, per kind the rows that are live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model, store
from transforms.account import own, settled, tail
from transforms.account.night import Delivery, Night
from transforms.account.pages import Pages
from transforms.account.versions import Versions
from transforms.engine import Engine
from transforms.model import Batch
from transforms.proposed import KIND

_HERE = Path(__file__).parent
_AT_ONCE = 100_000  # rows whose every column is held at once
Places = npt.NDArray[np.int32]
_PLACE, _NAMES = ["ordinal", "record_id"], ["source", "batch"]
_SAID = pa.schema(
    [("record_id", pa.string()), ("content_hash", pa.string()), ("operation", pa.string()), ("ordinal", pa.int64())]
)
_ID = pa.schema([model.STANDARD.field(n) for n in ("source", "batch", "ordinal", "line", "record_id", "content_hash")])
_VERSION = pa.schema([("ordinal", pa.int64()), ("record_id", pa.string()), ("content_hash", pa.string())])


def version_door(pages: Pages, engine: Engine, delivery: Delivery) -> Iterator[str]:
    """A batch's versions are what it says less what the delivery before it said, exactly."""
    night, batch = pages.night, delivery.batch
    for kind in night.contracts[batch.source].feeds:
        version = pages.versions.of(batch.id, kind, _VERSION.names)
        told = _said(night, delivery, kind), _earlier(night, delivery, kind), version
        counts = delivery.fate == "counts"
        said, earlier, brought = settled.brought(*told, counts=counts)
        if said.num_rows or brought.num_rows:
            tables = {"said": said, "earlier": earlier, "version": brought.cast(_VERSION)}
            yield from _report(kind, batch.source, engine.run(_HERE / "door_apply.sql", tables, counts=int(counts)))


def _said(night: Night, delivery: Delivery, kind: str) -> pa.Table:
    path = night.batch_path("standardise", delivery.batch, kind)
    return store.read_table(path, _SAID.names).select(_SAID.names).cast(_SAID)


def _earlier(night: Night, delivery: Delivery, kind: str) -> pa.Table:
    found = [_SAID.append(pa.field("position", pa.int64())).empty_table()]
    for one in night.before(delivery):
        said = _said(night, one, kind)
        found.append(said.append_column("position", pa.array(np.full(said.num_rows, one.position or 0))))
    return pa.concat_tables([*found, *_past(night, delivery, kind)])


def _past(night: Night, delivery: Delivery, kind: str) -> Iterator[pa.Table]:
    """What the deliveries that went said last, where this one is compared with them."""
    delta = night.contracts[delivery.batch.source].arrives.mode == "delta"
    if delivery.position is None or not (delta or delivery.position == 0):
        return
    told = night.past.table(f"{delivery.batch.source}.tail")
    if told is not None:
        told = tail.without(told.filter(pc.equal(told["kind"], kind)), night.erased)
        told = told if delta else told.filter(told["latest"])
        yield told.select(_SAID.names).cast(_SAID).append_column("position", tail.positions(told))


def past_door(pages: Pages) -> Iterator[str]:
    """The versions of deliveries that went are those that the checkpoint holds, and each of them is told once."""
    names = ["batch", "ordinal", "kind", "record_id", "content_hash"]
    night, parts = pages.night, [model.VERSION.empty_table().select(names)]
    for part in ("version", "tail"):
        for table in night.past.every(part, night.contracts).values():
            rows = table if part == "version" else table.filter(pc.invert(table["outvoted"]))
            parts.append(tail.without(rows, night.erased).select(names))
    gone = [pair for pair in night.versions if pair[0] in night.past.batches]
    told = pa.concat_tables([parts[0], *(night.versions.of(*pair, names) for pair in gone)])
    order = [(name, "ascending") for name in names]
    sealed = pa.concat_tables(parts).sort_by(order)
    if not told.sort_by(order).equals(sealed):
        lost = f"{told.num_rows} versions of deliveries that went are not the {sealed.num_rows} of the checkpoint"
        yield f"account: {lost}"


def live_door(pages: Pages, engine: Engine, kind: str) -> Iterator[str]:
    """Merged = live, no record twice; live rows are rows of a batch that counts, as it was standardised."""
    night = pages.night
    path = night.night_path("account", "live", kind)
    live = _ID.empty_table() if path is None else _coded(path)
    if not _alike(pages.versions, kind, live):
        tables = {"merged": pages.versions.merged(kind, _ID.names), "live_row": live.cast(_ID)}
        yield from _report(kind, None, engine.run(_HERE / "door_live.sql", tables))
    passed = {batch.id: batch for batch in night.passed(kind)}
    passed |= {name: Batch.parse(name) for name in night.past.batches}
    for batch, _ in sorted(pair for pair in pages.versions if pair[1] == kind and pair[0] not in passed):
        if not (own.is_own(batch) and kind == KIND):
            yield f"account {kind} {batch.split('-')[0]}: versions of a batch that did not pass"
    if path is None:
        return
    if kind == KIND:
        yield from own.own_door(night.run, path, night.require(path.parent, "account").inputs.get("doors"))
    counting = {one.batch.id for of in night.deliveries.values() for one in of if one.fate == "counts"}
    counting |= {one.batch for one in night.past.batches.values() if one.fate == "counts"}
    parts = [
        (passed[name], _Part(_told_in(night, passed[name], kind), live, mine))
        for name, mine in _batches(live)
        if name in passed  # else it is no merged version, and told above
    ]
    _compare(path, live.num_rows, [part for _, part in parts])
    for one, part in parts:
        if one.id not in counting:
            yield f"account {kind} {one.source}: {part.rows} live rows of a delivery that does not count tonight"
        if missing := part.missing():
            yield f"account {kind} {one.source}: {missing} live rows that are not rows of their standardised batch"


def _told_in(night: Night, batch: Batch, kind: str) -> Path | None:
    """The batch as it was standardised, or the file in which the checkpoint holds what still speaks of it."""
    if batch.id in night.past.batches:
        return night.past.path(f"{batch.source}.{kind}")
    return night.batch_path("standardise", batch, kind)


def _coded(path: Path) -> pa.Table:
    """What a version and its live row have in common, with numbers for the names of sources and batches."""
    with pq.ParquetFile(path, read_dictionary=_NAMES, page_checksum_verification=True) as file:
        return file.read(_ID.names).select(_ID.names).unify_dictionaries().combine_chunks()


def _batches(live: pa.Table) -> Iterator[tuple[str, Places]]:
    """Every batch that live rows came with, and which of them those are."""
    if live.num_rows:
        coded = live["batch"].chunk(0)
        codes = coded.indices.to_numpy(zero_copy_only=False)
        order = np.argsort(codes, kind="stable").astype(np.int32)
        ends = np.cumsum(np.bincount(codes, minlength=len(coded.dictionary)))
        for name, start, stop in zip(coded.dictionary.to_pylist(), [0, *ends], ends, strict=False):
            if stop > start:
                yield name, order[start:stop]


def _alike(versions: Versions, kind: str, live: pa.Table) -> bool:
    """Whether both hold the same records, each once: nearly always so, and much the cheaper question."""
    if live.num_rows and not settled.ascending(live["record_id"].chunk(0)):
        return False
    rows = dict(_batches(live))
    for batch, _ in (pair for pair in versions if pair[1] == kind):
        told = versions.of(batch, kind, [*_ID.names, "state"])
        merged = told.filter(pc.equal(told["state"], "merged")).select(_ID.names).combine_chunks()
        mine = rows.pop(batch, None)
        if mine is None and not merged.num_rows:
            continue
        if mine is None or len(mine) != merged.num_rows:
            return False
        ours = live.take(pa.array(mine)).cast(_ID)
        order = [("ordinal", "ascending"), ("record_id", "ascending")]
        if not ours.sort_by(order).equals(merged.sort_by(order)):
            return False
    return not rows


class _Part:
    """The live rows that came with one batch.

    Attributes:
        rows: how many they are.
    """

    def __init__(self, path: Path | None, live: pa.Table, mine: Places) -> None:
        """Find each row in the batch by its ordinal and record; ``mine`` says which of all live rows they are."""
        self._path, self.rows = path, len(mine)
        there = model.STANDARD.empty_table() if path is None else store.read_table(path, _PLACE)
        at = pc.index_in(_place(live.select(_PLACE).take(pa.array(mine))), value_set=_place(there))
        self._here, self._there = mine[at.is_valid().to_numpy(zero_copy_only=False)], at.drop_null()
        self._same = pa.repeat(pa.scalar(value=True), len(self._there))
        self._columns = set() if path is None else set(pq.read_schema(path).names)

    def compare(self, live: pa.Table) -> None:
        """Compare these columns of all live rows, as far as the batch has them."""
        names = [name for name in live.column_names if name in self._columns]
        if self._path is None or not names:
            return
        mask = np.zeros(live.num_rows, dtype=bool)
        mask[self._here] = True  # taking would join chunks that are too long
        here, told = pa.array(mask), store.read_table(self._path, names)
        for name in names:
            ours, theirs = live[name].filter(here).combine_chunks(), told[name].combine_chunks().take(self._there)
            if not ours.equals(theirs):
                self._same = pc.and_(self._same, _equal(ours, theirs))

    def missing(self) -> int:
        """How many rows are not, in every column compared, the row of the batch with their ordinal and record."""
        return self.rows - (pc.sum(self._same).as_py() or 0)


def _compare(path: Path, rows: int, parts: list[_Part]) -> None:
    """Compare all columns of the live rows, no more of them at once than stand for a million rows of all."""
    names = pq.read_schema(path).names
    width = max(1, len(names) * _AT_ONCE // max(rows, _AT_ONCE))
    for start in range(0, len(names), width):
        live = store.read_table(path, names[start : start + width])
        for part in parts:
            part.compare(live)


def _place(rows: pa.Table) -> pa.Array:
    text = pc.binary_join_element_wise(rows["ordinal"].cast(pa.string()), rows["record_id"], "|")
    return text.combine_chunks()


def _equal(ours: pa.Array, theirs: pa.Array) -> pa.Array:
    """Row by row, nulls equal to nulls; lists, which Arrow does not compare, as text."""
    if pa.types.is_nested(ours.type):
        ours, theirs = (pa.array([str(value) for value in column.to_pylist()]) for column in (ours, theirs))
    both = pc.and_(ours.is_null(), theirs.is_null())
    return pc.or_(both, pc.fill_null(pc.equal(ours, theirs), fill_value=False))


def _report(kind: str, source: str | None, found: pa.Table) -> Iterator[str]:
    for row in found.to_pylist():
        of = source or row.get("source") or "unknown"
        yield f"account {kind} {of}: {row['n']} {row['what']}; the first is {row['example']}"
