"""Writes one release within one transaction: delta, receipts, numbers, checks, checksum."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum, tables
from transforms.disputed import Doubt
from transforms.errors import GridfactsError, StaleInputError
from transforms.publish import checks, delta, disputed, indexes, lock, restricted, state
from transforms.publish.bundle import Bundle
from transforms.publish.delta import Delta
from transforms.publish.state import State

LARGE = 0.2  # design.md section 3: a larger share of changed rows is treated as a new whole


def is_large(changes: int, counts: dict[str, int]) -> bool:
    """A first release, or one that changes more than a fifth of the rows."""
    return not counts or changes > LARGE * sum(counts.values())


def apply(
    connection: Connection,
    bundle: Bundle,
    before: State,
    intend: Callable[[State], None],
    hidden: Collection[str],
    doubts: Sequence[Doubt],
) -> tuple[State, dict[str, int], dict[str, pa.Table]]:
    """Make a release of a bundle; the caller commits.

    Args:
        connection: the writing transaction.
        bundle: what account left.
        before: the release it goes on from, with the rows that are there.
        intend: told, as the last thing before the commit, what the database will be.
        hidden: records whose entities are restricted.
        doubts: the disputes that stand.

    Returns:
        What the database will be; ``<table>.<check>`` → rows of the #warn checks that found some; table → removed rows.

    Raises:
        StaleInputError: the bundle was computed against another release.
        CheckError: a #fail check found rows.
        GridfactsError: ``DELTA``, ``NOT_A_NUMBER``, ``COUNTS``, ``CHECKSUM``: this is not what account said.
    """
    lock.within(connection)
    require_base(bundle, state.last(connection).release)
    done = Delta(
        bundle.base + 1, is_large(bundle.changes, before.counts), before.checksum or checksum.EMPTY, dict(before.counts)
    )
    dropped = [] if bundle.base else indexes.drop(connection, tables.of("release"))
    _write(connection, bundle, done, hidden, doubts)
    # Indexes and checks wait for the database, the digests for this process: they go side by side.
    with ThreadPoolExecutor(1) as other:
        asked = other.submit(_require, connection, done, dropped)
        total = delta.begin_checksum(bundle, done)
        warnings = asked.result()
    counted = [name for name, table in tables.of("release").items() if not table.decided]
    coming = State(done.number, bundle.night, total, {name: done.counts.get(name, 0) for name in counted})
    _require_told(bundle, coming)
    intend(coming)
    return coming, warnings, done.gone


def require_base(bundle: Bundle, current: int) -> None:
    """A delta fits only the release it was computed against.

    Raises:
        StaleInputError: the current release is another one.
    """
    if bundle.base != current:
        raise StaleInputError(
            f"account/release of night {bundle.night}",
            f"made against release {bundle.base}",
            f"made against release {current}",
            "close the night again (gridfacts room account), then publish",
        )


def _write(
    connection: Connection, bundle: Bundle, done: Delta, hidden: Collection[str], doubts: Sequence[Doubt]
) -> None:
    counts = json.dumps(bundle.counts, sort_keys=True)
    row = {"release": done.number, "night": bundle.night, "checksum": bundle.checksum, "counts": counts}
    _add(connection, "release", pa.Table.from_pylist([row], bulk.schema_of("release")), done)
    for table in checksum.counted().values():
        delta.write(connection, bundle, table, done)
    if (sources := bundle.receipt("source_state", "release")) is not None:  # by it a dispute is answered
        _add(connection, "source_state", _numbered(sources, "release", [done.number] * sources.num_rows), done)
    told = (restricted.tell(connection, hidden), disputed.tell(connection, doubts))
    events = pa.concat_tables([one for one in (bundle.receipt("change", "seq", "release"), *told) if one is not None])
    if events.num_rows:
        # Gapless, because only the holder of the publish lock numbers (faults.md finding 11).
        first = int(connection.exec_driver_sql("SELECT COALESCE(MAX(seq), 0) FROM change").scalar_one()) + 1
        events = _numbered(events, "seq", list(range(first, first + events.num_rows)))
        _add(connection, "change", _numbered(events, "release", [done.number] * events.num_rows), done)


def _require(connection: Connection, done: Delta, dropped: list[str]) -> dict[str, int]:
    indexes.make(connection, dropped)
    if done.whole and bulk.is_postgres(connection):  # else the server plans the checks for the tables as they were
        connection.exec_driver_sql(f"ANALYZE {bulk.listed(sorted(done.begun | done.ended | {'change'}))}")
    return checks.require(connection, done)


def _add(connection: Connection, table: str, rows: pa.Table, done: Delta) -> None:
    bulk.insert(connection, table, rows)
    done.count(table, rows.num_rows)


def _numbered(rows: pa.Table, name: str, values: list[int]) -> pa.Table:
    return rows.append_column(name, pa.array(values, pa.int64()))


def _require_told(bundle: Bundle, coming: State) -> None:
    wrong = [name for name, rows in sorted(bundle.counts.items()) if coming.counts.get(name) != rows]
    if wrong:
        raise GridfactsError(
            "COUNTS", f"rows written differ from account's counts in {', '.join(wrong)}{bundle.remedy}"
        )
    if coming.checksum != bundle.checksum:
        told = "the database as written does not have the checksum that account computed"
        raise GridfactsError("CHECKSUM", told + bundle.remedy)
