"""Mentions of the system's own (transforms/proposed.py) among the live rows of a night: put there, and proven.

They are derived from live rows and no landed ones: no delivery brought them, the ledger counts none of them. They have
versions and stand in the crosswalk as records do, so that their nodes rest on something.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import bulk, contract, database, decisions, keys, kinds, model, proposed, store
from transforms.database import Databases
from transforms.model import RowState
from transforms.proposed import KIND, SOURCE, Judged
from transforms.run import Run

_ROWS = 60_000  # live rows that are held at once
_ORDER = [("batch", "ascending"), ("record_id", "ascending")]


def judged(run: Run) -> Judged:
    """What persons said of doors, and which of the system's own records had a home before this night.

    Raises:
        DatabaseError: a database cannot be read.
    """
    stores = database.open_databases(run.settings)
    where: bulk.Where = {"kind": model.DOOR, "retired_at": None}
    told = database.read(stores.control, "judgement", ["left_record", "decision"], where).to_pylist()
    yes, no = ({row["left_record"] for row in told if row["decision"] == word} for word in ("same", "different"))
    return Judged(frozenset(yes), frozenset(no), frozenset(_before(stores, run.night)))


def _before(stores: Databases, night: str) -> Iterator[str]:
    """The system's own records in the current release that are at home since one of an earlier night.

    A night that runs again, when its own release is the current one, finds what it found the first time.
    """
    release = database.read(stores.release, "release", ["release", "night"]).to_pylist()
    last = max((row["release"] for row in release if row["night"] < night), default=0)
    records = database.read(stores.release, "record", ["record_id"], {"source": SOURCE})["record_id"].to_pylist()
    if not records:
        return
    with database.reading(stores.control) as connection:
        for one in records:
            home = bulk.select(connection, "home", ["homed_release"], {"kind": KIND, "record_id": one})
            if home.num_rows and home["homed_release"][0].as_py() <= last:
                yield one


def digest(of: Judged) -> str:
    """Of what decides on doors, for a manifest's inputs."""
    return decisions.digest([sorted(of.yes), sorted(of.no), sorted(of.before)])


def mentioned(run: Run, live: Path, of: Judged) -> pa.Table:
    """The system's own mentions, with the columns of the live addresses; none where no source feeds addresses.

    Args:
        run: the night.
        live: the folder of its live records.
        of: :func:`judged`.
    """
    file, where = live / f"{KIND}.parquet", run.settings.expectations
    if not file.is_file():
        return pa.schema([*model.STANDARD, *model.LIVE]).empty_table()
    schema = pq.read_schema(file)
    found = proposed.mentions(live, contract.load_all(where), kinds.load_all(where), keys.load(run.settings), of)
    found = found.assign(kind=KIND, operation="upsert")
    none = [None] * len(found)
    columns = [pa.array(found.get(field.name, none), field.type) for field in schema]
    return pa.table(columns, schema=schema).sort_by("record_id")


def put(path: Path, rows: pa.Table) -> None:
    """Lay rows into a file of live rows at their places in the order of the records."""
    fresh = path.with_suffix(".new")
    store.write_pieces(fresh, _laid(path, rows))
    fresh.rename(path)


def _laid(path: Path, rows: pa.Table) -> Iterator[pa.Table]:
    for piece in store.read_pieces(path, _ROWS):
        last = piece["record_id"][-1]
        ahead = pc.less(rows["record_id"], last)
        yield pa.concat_tables([piece, rows.filter(ahead)]).sort_by("record_id").combine_chunks()
        rows = rows.filter(pc.invert(ahead))
    yield rows


def versions(told: Iterator[pa.Table], rows: pa.Table) -> Iterator[pa.Table]:
    """Versions in order, those of these live rows among them."""
    state = pa.repeat(pa.scalar(RowState.MERGED.value), rows.num_rows)
    own = rows.append_column("state", state).select(model.VERSION.names).cast(model.VERSION).sort_by(_ORDER)
    for piece in told:
        before = pc.sum(pc.less(piece["source"], SOURCE)).as_py() or 0
        yield piece.slice(0, before)
        if before < piece.num_rows:
            yield own
            own = own.slice(0, 0)
            yield piece.slice(before)
    yield own


def is_own(batch: str) -> bool:
    """Whether a batch is no delivery but a mention of the system's own."""
    return batch.startswith(f"{SOURCE}-")


def own_door(run: Run, path: Path, told: str | None) -> Iterator[str]:
    """The system's own mentions are those that the live records and the judgements make, column by column.

    Where a person judged since, each is at least one that these records and some judgement make.

    Args:
        run: the night.
        path: its live addresses.
        told: :func:`digest` of what decided when they were laid down.
    """
    table = store.read_table(path)
    mine = table.filter(pc.equal(table["source"], SOURCE)).sort_by("record_id").combine_chunks()
    of = judged(run)
    same = told == digest(of)
    if not same:
        of = Judged(frozenset(mine["path"].to_pylist()), frozenset(), frozenset(mine["record_id"].to_pylist()))
    expected = mentioned(run, path.parent, of)
    beside = expected.take(pc.index_in(mine["record_id"], expected["record_id"].combine_chunks()))
    equal = np.ones(mine.num_rows, dtype=bool)
    for name in mine.column_names:
        both = pc.and_(mine[name].is_null(), beside[name].is_null())
        equal &= pc.or_(both, pc.fill_null(pc.equal(mine[name], beside[name]), fill_value=False)).to_numpy()
    if wrong := int((~equal).sum()):
        yield f"account {KIND} {SOURCE}: {wrong} mentions of the system's own that the live records do not make"
    if same and (lost := expected.num_rows - mine.num_rows) > 0:
        yield f"account {KIND} {SOURCE}: {lost} doors that departments name have no mention of the system's own"
