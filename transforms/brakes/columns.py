"""A column that went wrong: one value everywhere, or, against its source's delivery before, nothing at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import manifest, store
from transforms.brakes.budget import Budgets
from transforms.brakes.measure import Count
from transforms.brakes.night import Closed
from transforms.kinds import Kind

# What a row says of a property, by its type (docs/rooms.md, "Clean columns"); of other types, under its own name.
_SAID = {"name": "_key", "organization_name": "_key", "document": "_token", "number": "_token", "phone": "_tokens"}
_NO_WORDS = ("geometry", "document_kind")  # a drawing of its own in every row; told by another property
# What tells one row from another: never the same in many rows, however few of the city's a delta brings.
_TELLING = ("name", "organization_name", "document", "number", "credit_code", "phone", "birth_date")

Shares = dict[str, tuple[int, int]]  # column → (rows that say something, rows that say the commonest value)


def columns(night: Closed, budgets: Budgets) -> Iterator[Count]:
    """Sameness and blanks of every new delivery beside the one before it; sameness alone of a source's first.

    A delta is not the whole of what its source knows: of it only what tells rows apart is looked at. Of a first
    delivery too, and only where its rows are records of their own: pupils' rows name few schools.
    """
    before = night.current()
    for batch, source in sorted(night.fresh.items()):
        contract, known = night.contracts[source], before.get(source)
        for name, feed in contract.feeds.items():
            if name in night.kinds and known is None and feed.key == contract.key:
                yield from _alone(night, budgets, night.kinds[name], batch)
            elif name in night.kinds and known is not None and known != batch:
                delta = contract.arrives.mode == "delta"
                yield from _compared(night, budgets, night.kinds[name], (known, batch), delta=delta)


def _alone(night: Closed, budgets: Budgets, kind: Kind, batch: str) -> Iterator[Count]:
    """A first delivery beside what sound ones are like: no value that tells rows apart stands in many of them."""
    rows, shares = _shares(_table(night, batch, kind.kind), kind, telling=True)
    if rows >= budgets.sameness.least:
        for name, (filled, top) in sorted(shares.items()):
            yield Count("sameness", kind.kind, night.fresh[batch], top, budgets.sameness.allowed(filled), name)


def _compared(night: Closed, budgets: Budgets, kind: Kind, pair: tuple[str, str], *, delta: bool) -> Iterator[Count]:
    source = night.fresh[pair[1]]
    free = {name for name, c in night.contracts[source].columns_of(kind.kind).items() if c.optional}
    (of_old, old), (of_new, new) = (_shares(_table(night, batch, kind.kind), kind, telling=delta) for batch in pair)
    if min(of_old, of_new) < budgets.sameness.least:
        return
    for name in sorted(set(old) & set(new)):
        (filled, top), (filled_now, top_now) = old[name], new[name]
        if filled_now:
            allowed = budgets.sameness.allowed(filled_now, top / max(filled, 1))
            yield Count("sameness", kind.kind, source, top_now, allowed, name)
        if not filled_now and name in free:  # the contract lets the department leave it out
            continue
        allowed = budgets.blanks.allowed(of_new, 1 - filled / of_old)
        yield Count("blanks", kind.kind, source, of_new - filled_now, allowed, name)


def _table(night: Closed, batch: str, kind: str) -> Path:
    folder = store.batch_dir(night.run.settings, "standardise", batch)
    manifest.require(night.run.settings.lake, folder, "standardise")
    return folder / f"{kind}.parquet"


def _shares(path: Path, kind: Kind, *, telling: bool) -> tuple[int, Shares]:
    """Rows, and per property (or only those that tell rows apart) how many say something and the commonest thing."""
    if not path.is_file():
        return 0, {}
    there = set(pq.read_schema(path).names)
    asked = {name: name + _SAID.get(p.type, "") for name, p in kind.properties.items() if p.type not in _NO_WORDS}
    asked = {n: c for n, c in asked.items() if c in there and (not telling or kind.properties[n].type in _TELLING)}
    table = store.read_table(path, sorted(set(asked.values())))
    return table.num_rows, {name: _share(table[column].combine_chunks()) for name, column in asked.items()}


def _share(said: pa.Array) -> tuple[int, int]:
    if pa.types.is_list(said.type):
        filled = int(pc.sum(pc.greater(pc.fill_null(pc.list_value_length(said), 0), 0)).as_py() or 0)
        said = pc.list_flatten(said)
    else:
        filled = len(said) - said.null_count
    counts = pc.value_counts(said.drop_null()).field("counts")
    return filled, int(pc.max(counts).as_py() or 0)
