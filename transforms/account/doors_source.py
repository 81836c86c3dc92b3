"""The doors of land, check and standardise: one batch at a time, from the raw bytes on.

A door yields findings, one line each: room, source, what, how many, and where the first one is. No value of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms import model
from transforms.account.ledger import mentions
from transforms.account.night import Delivery, Night
from transforms.account.retell import digests, told_nodes, told_rows
from transforms.engine import Engine
from transforms.model import Batch
from transforms.run import Settings

Reread = Callable[[Settings, str], pa.Table]
"""Land's reader of raw bytes: (settings, batch id) → the rows as :data:`transforms.model.LANDED` and the headings."""

_HERE = Path(__file__).parent
_DIFFER = _HERE / "differ.sql"
_CHECK = _HERE / "door_check.sql"


def source_doors(night: Night, engine: Engine, source: str, reread: Reread) -> Iterator[str]:
    """Findings at the doors of land, check and standardise for every batch of a source."""
    deliveries = night.deliveries[source]
    with ThreadPoolExecutor(night.run.settings.threads) as pool:  # land parses in child processes
        again = list(pool.map(lambda delivery: reread(night.run.settings, delivery.batch.id), deliveries))
    for delivery, told in zip(deliveries, again, strict=True):
        landed = night.of_batch("land", delivery.batch, "rows")
        yield from _land(engine, delivery, landed, told)
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
    wrong = pc.sum(pc.not_equal(pa.array(digests(landed, headings), pa.string()), landed["digest"])).as_py() or 0
    yield from _say("land", batch, "landed rows whose values are not those of their digest", wrong)
    if delivery.rows != landed.num_rows:
        yield from _say("land", batch, "rows more or less than land told", abs(delivery.rows - landed.num_rows))


def _check(night: Night, engine: Engine, batch: Batch, landed: pa.Table) -> Generator[str, None, pa.ChunkedArray]:
    """Landed = accepted + quarantined. Returns the ordinals that were accepted."""
    verdict = night.of_batch("check", batch, "verdict")
    finding = night.of_batch("check", batch, "finding")
    tables = {"landed": landed.select(["ordinal", "line", "fault"]), "verdict": verdict, "finding": finding}
    for row in engine.run(_CHECK, tables).to_pylist():
        yield from _say("check", batch, row["what"], row["n"], row["ordinal"])
    return verdict.filter(verdict["accepted"])["ordinal"]


def _standardise(
    night: Night, engine: Engine, batch: Batch, landed: pa.Table, accepted: pa.ChunkedArray
) -> Iterator[str]:
    """Accepted = standardised per kind: the same ids, record by record the landed content as it was."""
    rows = landed.filter(pc.is_in(landed["ordinal"], value_set=accepted.combine_chunks()))
    for kind in night.contracts[batch.source].feeds:
        standard = night.of_batch("standardise", batch, kind)
        mention = mentions(night, kind)
        expected = told_nodes(night, batch, kind, mention) if mention else told_rows(night, batch, kind, rows, standard)
        missing, extra = differ(engine, expected, standard)
        yield from _say(f"standardise {kind}", batch, "accepted rows that are not standardised as they are", missing)
        yield from _say(f"standardise {kind}", batch, "standardised rows that were not accepted as they are", extra)


def differ(engine: Engine, expected: pa.Table, actual: pa.Table) -> tuple[int, int]:
    """How many rows of ``expected`` are missing from ``actual``, and how many it has too many, as often as they stand.

    Columns that ``expected`` lacks are not compared.
    """
    actual = actual.select(expected.column_names).cast(expected.schema)
    row = engine.run(_DIFFER, {"expected": expected, "actual": actual}).to_pylist()[0]
    return row["missing"], row["extra"]


def _say(room: str, batch: Batch, what: str, count: int, ordinal: int | None = None) -> Iterator[str]:
    if count:
        where = f"; the first is record {ordinal}" if ordinal is not None else ""
        yield f"{room} {batch.source} ({batch.as_of}, {batch.sha256[:12]}): {count} {what}{where}"
