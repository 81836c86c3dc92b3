"""PostgreSQL: a first release fills tables that are made empty anew in its own transaction.

The server then lays rows down as frozen: no later reader has to mark them as committed, which with page checksums logs
every page once more, and what is counted is counted by index from the first night on. With ``wal_level=minimal`` it
logs none of them either. Who asks meanwhile waits, as for the indexes that a first release drops: nothing is there yet.

A frozen row is seen by a transaction that began before it too. So nothing else may be told of a first release than
such rows, and nobody may have looked at one of these tables in a transaction that goes on: else rows go in as in any
night.
"""

from __future__ import annotations

from collections.abc import Collection

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk


def take(connection: Connection, tables: Collection[str]) -> bool:
    """Have these tables for this transaction alone and empty anew, if they are empty and nobody is looking.

    Args:
        connection: the writing transaction; PostgreSQL, else nothing is taken.
        tables: with all that refer to them.

    Returns:
        True: rows may go in frozen.

    Raises:
        DatabaseError: the database refused.
    """
    if not bulk.is_postgres(connection):
        return False
    names = bulk.listed(sorted(tables))
    try:
        with connection.begin_nested():
            connection.exec_driver_sql(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE NOWAIT")
    except sa.exc.OperationalError as error:
        if isinstance(error.orig, psycopg.errors.LockNotAvailable):
            return False
        raise
    rows = " UNION ALL ".join(f'(SELECT 1 FROM "{name}" LIMIT 1)' for name in sorted(tables))  # noqa: S608
    if connection.exec_driver_sql(f"SELECT 1 FROM ({rows}) AS held LIMIT 1").one_or_none() is not None:  # noqa: S608
        return False
    connection.exec_driver_sql(f"TRUNCATE {names}")
    return True
