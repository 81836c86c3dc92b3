"""What was deleted leaves the files of the databases, not only their answers (decision 39).

PostgreSQL: VACUUM gives a row's place back and leaves its bytes on the page until something else is written there; its
planner keeps values of columns too. So tables that hold what a person is are written anew, and statistics with them:
readers of such a table wait while that goes on. Rows that a reader's snapshot still sees would be written again.
SQLite: the file is written anew, through its log, which must be empty in the end.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Collection

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, tables
from transforms.database import Databases

_SECONDS = 30  # how long to wait for readers that may see what was deleted
_PAUSE = 0.2
_LOCK = "5s"  # who comes after us waits behind us while we wait for a reader
_OLDER = """
WITH held (since) AS (
  SELECT GREATEST(AGE(other.backend_xmin), AGE(other.backend_xid)) FROM pg_stat_activity AS other
  WHERE other.pid <> PG_BACKEND_PID() AND COALESCE(other.datname, CURRENT_DATABASE()) = CURRENT_DATABASE()
    AND other.pid NOT IN (SELECT cleaner.pid FROM pg_stat_progress_vacuum AS cleaner)
  UNION ALL SELECT AGE(slot.xmin) FROM pg_replication_slots AS slot
  UNION ALL SELECT AGE(waiting.transaction) FROM pg_prepared_xacts AS waiting
)
SELECT COUNT(*) FROM held WHERE held.since >= AGE(CAST(:now AS xid))
"""


def wipe(dbs: Databases, held: Collection[str]) -> bool:
    """Let deleted rows leave the files of both databases.

    Args:
        dbs: the databases.
        held: tables of the release that hold what a person is: of these no byte of a deleted row stays.

    Returns:
        False where readers hold rows that are to go: they are answered to their end, and this is to be done again.

    Raises:
        DatabaseError: a database refused.
    """
    with database.guarded():
        return _rewritten(dbs) if dbs.dialect == "sqlite" else _vacuumed(dbs, sorted(held))


def _rewritten(dbs: Databases) -> bool:
    busy = 0
    for engine in (dbs.release, dbs.control):
        with contextlib.closing(sqlite3.connect(str(engine.url.database), isolation_level=None)) as connection:
            connection.execute("VACUUM")
            busy += connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    return not busy


def _vacuumed(dbs: Databases, held: list[str]) -> bool:
    release, control = (one.execution_options(isolation_level="AUTOCOMMIT") for one in (dbs.release, dbs.control))
    with control.connect() as connection:
        connection.exec_driver_sql(f"VACUUM {bulk.listed(sorted(tables.of('control')))}")
    with release.connect() as connection:
        connection.exec_driver_sql(f"VACUUM {bulk.listed(sorted(tables.of('release').keys() - set(held)))}")
        connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK}'")
        # The statistics that are replaced hold values too, and would stay on their pages as rows do.
        for statement in (f"VACUUM (FULL, ANALYZE) {bulk.listed(held)}", "VACUUM (FULL) pg_catalog.pg_statistic"):
            if not _unseen(connection):
                return False
            try:
                connection.exec_driver_sql(statement)
            except sa.exc.OperationalError as error:
                if isinstance(error.orig, psycopg.errors.LockNotAvailable):
                    return False
                raise
    return True


def _unseen(connection: Connection) -> bool:
    """Wait until nobody's snapshot is of before now; False where somebody's stays so."""
    now = {"now": str(connection.exec_driver_sql("SELECT CAST(pg_current_xact_id() AS xid)").scalar_one())}
    end = time.monotonic() + _SECONDS
    while connection.execute(sa.text(_OLDER), now).scalar_one():
        if time.monotonic() >= end:
            return False
        time.sleep(_PAUSE)
    return True
