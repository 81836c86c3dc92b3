"""Rows without history that end and begin again under their key: what differs of them is written where they lie.

Most of what a night ends in such a table is a record's version that was superseded: one word of it changes. Removed and
put in anew, it would leave every index of SQLite's and come back to it (decision 34; on PostgreSQL neither is cheaper).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy.engine import Connection

from transforms import bulk
from transforms.tables import Table

Places = npt.NDArray[np.int64]
_STAGED = "rewritten_rows"


def matched(gone: pa.Table, opened: pa.Table, key: Sequence[str]) -> tuple[Places, Places]:
    """Where in both tables the rows stand that have one key, in the second one's order.

    Args:
        gone: rows that end, each key once.
        opened: rows that begin; of a key that is told twice the first is meant: the database refuses the other.
        key: the columns of the key.
    """
    first, second = (
        one.select(list(key)).append_column(name, pa.array(np.arange(one.num_rows)))
        for one, name in ((gone, "was"), (opened, "is"))
    )
    both = second.join(first, list(key), join_type="inner").group_by("was").aggregate([("is", "min")]).sort_by("is_min")
    return both["was"].to_numpy(), both["is_min"].to_numpy()


def write(connection: Connection, table: Table, was: pa.Table, now: pa.Table) -> None:
    """Write, column by column, what differs between rows as they stand and as they shall.

    Args:
        connection: the writing transaction.
        table: theirs; one without history.
        was: the rows as they stand.
        now: the same keys in the same order, as they shall be.

    Raises:
        GridfactsError: ``NOT_A_NUMBER``.
    """
    bulk.require_numbers(table.table, now)
    same = " AND ".join(f'one."{key}" = new."{key}"' for key in table.key)
    for name in sorted(set(now.column_names) - set(table.key)):
        some = now.filter(_differ(was[name], now[name])).select([*table.key, name])
        if some.num_rows:  # of a column that is not named no index is touched, whatever a row holds in it
            bulk.stage(connection, _STAGED, table.table, some)
            text = f'UPDATE "{table.table}" AS one SET "{name}" = new."{name}" FROM {_STAGED} AS new WHERE {same}'  # noqa: S608 - names of our own
            connection.exec_driver_sql(text)


def _differ(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.coalesce(pc.not_equal(one, other), pc.xor(pc.is_null(one), pc.is_null(other)))
