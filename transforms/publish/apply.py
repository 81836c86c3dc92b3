"""The steps in which a release is written: rows that end and begin, release, sources and numbered events, checksum."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlalchemy.engine import Connection

from transforms import bulk, checksum, tables
from transforms.disputed import Doubt
from transforms.errors import GridfactsError, StaleInputError
from transforms.publish import afresh, delta, disputed, indexes, lock, restricted, state, touched
from transforms.publish.bundle import Bundle
from transforms.publish.delta import Delta
from transforms.publish.loading import Loader
from transforms.publish.state import State

_ASKING = (  # a view of twelve tables is asked of a night's few rows: by these first, whatever stands where
    "join_collapse_limit = 24",
    "from_collapse_limit = 24",
    "geqo = off",
    "work_mem = '128MB'",
)
_WHOLE = (  # of a new whole: both cores sort for an index, and joins of checks fit in memory
    "maintenance_work_mem = '512MB'",
    "parallel_tuple_cost = 0.01",  # a join is asked by all workers though its rows are many
    "max_parallel_maintenance_workers = 2",
    "work_mem = '384MB'",
)
LARGE = 0.2  # design.md section 3: a larger share of changed rows is treated as a new whole


@dataclass(frozen=True)
class Told:
    """The events of a release.

    Attributes:
        events: rows of ``change``, numbered.
        dropped: statements that make the indexes which waited for them.
    """

    events: pa.Table
    dropped: Sequence[str]


def is_large(changes: int, counts: dict[str, int]) -> bool:
    """A first release, or one that changes more than a fifth of the rows."""
    return not counts or changes > LARGE * sum(counts.values())


def end(connection: Connection, bundle: Bundle, before: State, *, plain: bool) -> Delta:
    """Begin a release: what ends has ended, and a first release is without secondary indexes.

    Args:
        connection: the writing transaction.
        bundle: what account left.
        before: the release it goes on from, with the rows that are there.
        plain: rows begin and nothing else is to be told: nobody is restricted, no dispute stands.

    Raises:
        StaleInputError: the bundle was computed against another release.
        GridfactsError: ``DELTA``: this is not what account said.
    """
    lock.within(connection)
    require_base(bundle, state.last(connection).release)
    done = Delta(
        bundle.base + 1, is_large(bundle.changes, before.counts), before.checksum or checksum.EMPTY, dict(before.counts)
    )
    if not done.whole:
        done.laid = touched.staged_columns()
    if not bundle.base:
        done.frozen = plain and afresh.take(connection, tables.of("release"))
        done.dropped = indexes.drop(connection, checksum.counted())
    if bulk.is_postgres(connection):
        for setting in (*_ASKING, *(_WHOLE if done.whole else ())):
            connection.exec_driver_sql(f"SET LOCAL {setting}")
    delta.end(connection, bundle, done)
    return done


def load(loader: Loader, bundle: Bundle, done: Delta) -> dict[str, pa.Table]:
    """Begin the rows that begin, and make the indexes that waited for them; the keys that checks will ask for."""
    return delta.begin(bundle, done, loader)


def told(connection: Connection, bundle: Bundle, done: Delta, hidden: Collection[str], doubts: Sequence[Doubt]) -> Told:
    """Write the release itself and its sources, when its rows are there; its numbered events, to be written.

    Args:
        connection: the writing transaction.
        bundle: what account left.
        done: what was written of it.
        hidden: records whose entities are restricted.
        doubts: the disputes that stand.
    """
    counts = json.dumps(bundle.counts, sort_keys=True)
    row = {"release": done.number, "night": bundle.night, "checksum": bundle.checksum, "counts": counts}
    _add(connection, "release", pa.Table.from_pylist([row], bulk.schema_of("release")), done)
    if (sources := bundle.receipt("source_state", "release")) is not None:  # by it a dispute is answered
        _add(connection, "source_state", _numbered(sources, "release", [done.number] * sources.num_rows), done)
    tells = (restricted.tell(connection, hidden), disputed.tell(connection, doubts))
    events = pa.concat_tables([one for one in (bundle.receipt("change", "seq", "release"), *tells) if one is not None])
    if events.num_rows:
        # Gapless, because only the holder of the publish lock numbers (faults.md finding 11).
        first = int(connection.exec_driver_sql("SELECT COALESCE(MAX(seq), 0) FROM change").scalar_one()) + 1
        events = _numbered(events, "seq", list(range(first, first + events.num_rows)))
        events = _numbered(events, "release", [done.number] * events.num_rows)
    done.count("change", events.num_rows)
    return Told(events, () if bundle.base else indexes.drop(connection, ("change",))["change"])


def tell(loader: Loader, one: Told) -> None:
    """Write the events that :func:`told` numbered."""
    if one.events.num_rows:
        loader.insert("change", [one.events])
    indexes.make(loader, one.dropped)


def _add(connection: Connection, name: str, rows: pa.Table, done: Delta) -> None:
    bulk.insert_all(connection, name, [rows], frozen=done.frozen)
    done.count(name, rows.num_rows)


def analyse(connection: Connection, done: Delta) -> None:
    """Tell the server what a new whole looks like: else it plans the checks for the tables as they were."""
    if done.whole and bulk.is_postgres(connection):
        connection.exec_driver_sql(f"ANALYZE {bulk.listed(sorted(done.begun | done.ended | {'change'}))}")


def coming(bundle: Bundle, done: Delta, begun: str) -> State:
    """What the database will be, if it is what account said.

    Args:
        bundle: what account left.
        done: what was written of it.
        begun: the checksum of the rows that began.

    Raises:
        GridfactsError: ``COUNTS``, ``CHECKSUM``.
    """
    counted = [name for name, table in tables.of("release").items() if not table.decided]
    counts = {name: done.counts.get(name, 0) for name in counted}
    found = State(done.number, bundle.night, checksum.together(done.checksum, begun), counts)
    _require_told(bundle, found)
    return found


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
