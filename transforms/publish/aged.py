"""Numbers and phones that ended leave the release database when their time is over; what stands is not touched."""

from __future__ import annotations

import sqlalchemy as sa

from transforms import database
from transforms.database import Databases
from transforms.publish import lock
from transforms.publish.lock import publish_lock
from transforms.run import Run

TABLE = "vault_identifier"


def ended(dbs: Databases, before: str) -> tuple[int, int]:
    """The last release of a night until ``before`` that is not the newest, 0 where none is; rows that had ended by it.

    Raises:
        DatabaseError: the database cannot be read.
    """
    with database.reading(dbs.release) as connection:
        older = "SELECT COALESCE(MAX(release), 0) FROM release WHERE night <= :night"
        older += " AND release < (SELECT MAX(release) FROM release)"
        floor = int(connection.execute(sa.text(older), {"night": before}).scalar_one())
        text = sa.text(f'SELECT COUNT(*) FROM "{TABLE}" WHERE known_to <= :floor')  # noqa: S608 - a name of ours
        return floor, int(connection.execute(text, {"floor": floor}).scalar_one())


def forget(run: Run, floor: int) -> int:
    """Delete numbers and phones that ended in a release up to this one; how many rows those were.

    Raises:
        DatabaseError: the database refused.
        GridfactsError: ``PUBLISH_BUSY``.
    """
    dbs = database.open_databases(run.settings)
    with publish_lock(dbs), database.writing(dbs.release) as connection:
        lock.within(connection)
        text = sa.text(f'DELETE FROM "{TABLE}" WHERE known_to <= :floor')  # noqa: S608 - a name of ours
        return connection.execute(text, {"floor": floor}).rowcount
