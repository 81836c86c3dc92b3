"""The doors of land, check and standardise: one batch at a time, from the raw bytes on.

A door yields findings, one line each: room, source, what, how many, and where the first one is. No value of a row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import model
from transforms.account import settled
from transforms.account.ledger import mentions
from transforms.account.night import Delivery, Night
from transforms.account.pages import Pages
from transforms.account.pieces import PIECE, Pieces, of_files
from transforms.account.retell import digests, told_nodes, told_rows
from transforms.engine import Engine
from transforms.errors import RefusedError
from transforms.model import Batch
from transforms.run import Settings

Reread = Callable[[Settings, str], pa.Table]
"""Land's reader of raw bytes: (settings, batch id) → the rows as :data:`transforms.model.LANDED` and the headings."""

_HERE = Path(__file__).parent
_DIFFER = _HERE / "differ.sql"
_CHECK = _HERE / "door_check.sql"
_JUDGED = ["ordinal", "line", "fault"]
_AHEAD = 500_000  # rows that are read ahead: a register of a city is a gigabyte


def read_ahead(
    settings: Settings, deliveries: Iterable[Delivery], reread: Reread
) -> Iterator[tuple[Delivery, Callable[[], pa.Table]]]:
    """Every one of the deliveries with a call that gives its rows read again.

    Land parses in child processes: a few batches ahead keep the other cores busy and memory bounded.
    """
    waiting: deque[tuple[Delivery, Future[pa.Table]]] = deque()
    with ThreadPoolExecutor(settings.threads) as pool:
        for delivery in deliveries:
            waiting.append((delivery, pool.submit(reread, settings, delivery.batch.id)))
            while len(waiting) > 2 * settings.threads or (
                len(waiting) > 1 and sum(one.rows for one, _ in waiting) > _AHEAD
            ):
                first, rows = waiting.popleft()
                yield first, rows.result
        for first, rows in waiting:
            yield first, rows.result


def source_doors(engine: Engine, delivery: Delivery, again: Callable[[], pa.Table], pages: Pages) -> Iterator[str]:
    """Findings at the doors of land, check and standardise for one batch."""
    night = pages.night
    night.landed(delivery.batch.id)  # which doors it has hangs on check's word too: one more input of what is said here
    landed = of_land(night, delivery.batch)
    try:
        yield from _land(engine, delivery, landed, again())
    except RefusedError:  # its contract has changed since: land held it with its old rows
        if delivery.passed:
            raise
    if delivery.passed:
        accepted = yield from _check(night, engine, delivery.batch, landed)
        yield from _standardise(night, engine, delivery.batch, landed, accepted)


def of_land(night: Night, batch: Batch) -> Pieces:
    """What land left of a batch, in the order of the file.

    Raises:
        StaleInputError: land wrote none.
    """
    path = night.table_path("land", batch, "rows")
    return of_files([path], pq.read_schema(path))


def _land(engine: Engine, delivery: Delivery, landed: Pieces, again: pa.Table) -> Iterator[str]:
    """Rows landed = rows in the file: read again from the raw bytes and compared value by value."""
    batch = delivery.batch
    shared = [name for name in again.column_names if name in landed.schema.names]
    missing, extra = compared(engine, partial(_slices, again.select(shared)), landed)
    yield from _say("land", batch, "rows of the raw bytes that are not landed as they are", missing)
    yield from _say("land", batch, "landed rows that the raw bytes do not hold", extra)
    headings, wrong = [name for name in landed.schema.names if name not in model.LANDED.names], 0
    for rows in landed.each():
        wrong += pc.sum(pc.not_equal(digests(rows, headings), rows["digest"])).as_py() or 0
    yield from _say("land", batch, "landed rows whose values are not those of their digest", wrong)
    if delivery.rows != landed.rows:
        yield from _say("land", batch, "rows more or less than land told", abs(delivery.rows - landed.rows))


def _slices(rows: pa.Table) -> Iterator[pa.Table]:
    return (rows.slice(at, PIECE) for at in range(0, max(rows.num_rows, 1), PIECE))


def _check(night: Night, engine: Engine, batch: Batch, landed: Pieces) -> Generator[str, None, pa.ChunkedArray]:
    """Landed = accepted + quarantined. Returns the ordinals that were accepted."""
    verdict = night.of_batch("check", batch, "verdict")
    finding = night.of_batch("check", batch, "finding")
    rows, judged = settled.judged(landed.select(_JUDGED).whole(["ordinal"]), verdict, finding)
    tables = {"landed": rows, "verdict": judged, "finding": finding}
    asked = any(table.num_rows for table in tables.values())
    for row in engine.run(_CHECK, tables).to_pylist() if asked else ():
        yield from _say("check", batch, row["what"], row["n"], row["ordinal"])
    return verdict.filter(verdict["accepted"])["ordinal"]


def _standardise(
    night: Night, engine: Engine, batch: Batch, landed: Pieces, accepted: pa.ChunkedArray
) -> Iterator[str]:
    """Accepted = standardised per kind: the same ids, record by record the landed content as it was."""
    ordinals = accepted.combine_chunks()
    for kind in night.contracts[batch.source].feeds:
        mention = mentions(night, kind)
        if mention:
            nodes = told_nodes(night, batch, kind, mention)
            missing, extra = differ(engine, nodes, night.of_batch("standardise", batch, kind, nodes.column_names))
        else:
            path = night.table_path("standardise", batch, kind)
            told = partial(_told, night, batch, kind, landed, ordinals)
            missing, extra = compared(engine, told, of_files([path], pq.read_schema(path)))
        yield from _say(f"standardise {kind}", batch, "accepted rows that are not standardised as they are", missing)
        yield from _say(f"standardise {kind}", batch, "standardised rows that were not accepted as they are", extra)


def _told(night: Night, batch: Batch, kind: str, landed: Pieces, accepted: pa.Array) -> Iterator[pa.Table]:
    """What standardise must have left, from the accepted rows alone; one piece at least."""
    rows = landed.each() if landed.rows else iter([landed.schema.empty_table()])
    return told_rows(night, batch, kind, (r.filter(pc.is_in(r["ordinal"], value_set=accepted)) for r in rows))


def compared(engine: Engine, told: Callable[[], Iterator[pa.Table]], actual: Pieces) -> tuple[int, int]:
    """As :func:`differ`, piece by piece: what lies in one order and is alike, nearly always so, is never held whole.

    Args:
        engine: for the rest.
        told: gives what is expected, one piece at least, as often as it is called.
        actual: what is there.
    """
    seen: Iterator[pa.Table] | None = None
    rest = None
    for expected in told():
        seen = seen or actual.each(expected.column_names)
        here = [expected.slice(0, 0)] if rest is None else [rest]
        while sum(part.num_rows for part in here) < expected.num_rows and (part := next(seen, None)) is not None:
            here.append(part.cast(expected.schema))
        found = pa.concat_tables(here)
        if not found.slice(0, expected.num_rows).equals(expected):
            break
        rest = found.slice(expected.num_rows)
    else:
        if (rest is None or not rest.num_rows) and (seen is None or next(seen, None) is None):
            return 0, 0
    whole = pa.concat_tables(told())
    return differ(engine, whole, pa.concat_tables([whole.slice(0, 0), *_cast(actual, whole.schema)]))


def _cast(actual: Pieces, schema: pa.Schema) -> Iterator[pa.Table]:
    return (piece.cast(schema) for piece in actual.each(schema.names))


def differ(engine: Engine, expected: pa.Table, actual: pa.Table) -> tuple[int, int]:
    """How many rows of ``expected`` are missing from ``actual``, and how many it has too many, as often as they stand.

    Columns that ``expected`` lacks are not compared.
    """
    actual = actual.select(expected.column_names).cast(expected.schema)
    if _alike(expected, actual):
        return 0, 0
    row = engine.run(_DIFFER, {"expected": expected, "actual": actual}).to_pylist()[0]
    return row["missing"], row["extra"]


def _alike(expected: pa.Table, actual: pa.Table) -> bool:
    """Whether two tables are equal in the order of their rows: nearly always so, and much the cheaper question."""
    if expected.num_rows != actual.num_rows:
        return False
    if expected.equals(actual):
        return True
    order = [(name, "ascending") for name in ("ordinal", "record_id") if name in expected.column_names]
    if not order:
        return False
    return bool(expected.sort_by(order).equals(actual.sort_by(order)))


def _say(room: str, batch: Batch, what: str, count: int, ordinal: int | None = None) -> Iterator[str]:
    if count:
        where = f"; the first is record {ordinal}" if ordinal is not None else ""
        yield f"{room} {batch.source} ({batch.as_of}, {batch.sha256[:12]}): {count} {what}{where}"
