"""The doors of land, check and standardise: one batch at a time, from the raw bytes on.

A door yields findings, one line each: room, source, what, how many, and where the first one is. No value of a row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.account import settled
from transforms.account.ledger import mentions
from transforms.account.night import Delivery, Night
from transforms.account.pages import Pages
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
    landed = night.of_batch("land", delivery.batch, "rows")
    try:
        yield from _land(engine, delivery, landed, again())
    except RefusedError:  # its contract has changed since: land held it with its old rows
        if delivery.passed:
            raise
    if delivery.passed:
        accepted = yield from _check(night, engine, delivery.batch, landed)
        yield from _standardise(night, engine, delivery.batch, landed, accepted)


def _land(engine: Engine, delivery: Delivery, landed: pa.Table, again: pa.Table) -> Iterator[str]:
    """Rows landed = rows in the file: read again from the raw bytes and compared value by value."""
    batch = delivery.batch
    shared = [name for name in again.column_names if name in landed.column_names]
    missing, extra = differ(engine, again.select(shared), landed.select(shared))
    yield from _say("land", batch, "rows of the raw bytes that are not landed as they are", missing)
    yield from _say("land", batch, "landed rows that the raw bytes do not hold", extra)
    headings = [name for name in landed.column_names if name not in model.LANDED.names]
    wrong = pc.sum(pc.not_equal(digests(landed, headings), landed["digest"])).as_py() or 0
    yield from _say("land", batch, "landed rows whose values are not those of their digest", wrong)
    if delivery.rows != landed.num_rows:
        yield from _say("land", batch, "rows more or less than land told", abs(delivery.rows - landed.num_rows))


def _check(night: Night, engine: Engine, batch: Batch, landed: pa.Table) -> Generator[str, None, pa.ChunkedArray]:
    """Landed = accepted + quarantined. Returns the ordinals that were accepted."""
    verdict = night.of_batch("check", batch, "verdict")
    finding = night.of_batch("check", batch, "finding")
    rows, judged = settled.judged(landed.select(["ordinal", "line", "fault"]), verdict, finding)
    tables = {"landed": rows, "verdict": judged, "finding": finding}
    asked = any(table.num_rows for table in tables.values())
    for row in engine.run(_CHECK, tables).to_pylist() if asked else ():
        yield from _say("check", batch, row["what"], row["n"], row["ordinal"])
    return verdict.filter(verdict["accepted"])["ordinal"]


def _standardise(
    night: Night, engine: Engine, batch: Batch, landed: pa.Table, accepted: pa.ChunkedArray
) -> Iterator[str]:
    """Accepted = standardised per kind: the same ids, record by record the landed content as it was."""
    rows = landed.filter(pc.is_in(landed["ordinal"], value_set=accepted.combine_chunks()))
    for kind in night.contracts[batch.source].feeds:
        mention = mentions(night, kind)
        told = told_nodes(night, batch, kind, mention) if mention else told_rows(night, batch, kind, rows)
        missing, extra = differ(engine, told, night.of_batch("standardise", batch, kind, told.column_names))
        yield from _say(f"standardise {kind}", batch, "accepted rows that are not standardised as they are", missing)
        yield from _say(f"standardise {kind}", batch, "standardised rows that were not accepted as they are", extra)


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
