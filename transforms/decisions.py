"""What named persons decide about drops and rows: appended and retired in control, never erased (design.md 5.6).

One table a kind of decision, all with the same columns of who, when and why: ``recall`` (a delivery counts for
nothing), ``attestation`` (an odd value is right), ``dispute`` (a published value is doubted), ``notice`` (many
entities will change), ``subject`` (a person is erased or restricted). Rooms obey all but disputes and notices, which
publish only shows: they are inputs like any other, so :func:`digest` stands in manifests.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

import sqlalchemy as sa

from transforms import database
from transforms.bulk import Where
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.run import Settings

RECALLED = "recalled"  # state of a delivery; its code is RECALLED
Table = Literal["recall", "attestation", "dispute", "notice", "subject"]


def decisions(
    stores: Databases, table: Table, where: Where | None = None, *, standing: bool = True
) -> list[dict[str, Any]]:
    """Decisions in the order they were made.

    Args:
        stores: the databases.
        table: which kind of decision.
        where: column → value it must equal.
        standing: leave out the retired ones.

    Raises:
        DatabaseError: control cannot be read.
    """
    rows: list[dict[str, Any]] = database.read(stores.control, table, where=where).sort_by(f"{table}_id").to_pylist()
    return [row for row in rows if not standing or row["retired_at"] is None]


def decide(stores: Databases, table: Table, what: Mapping[str, str | int | None], by: str, reason: str) -> int:
    """Append a decision; rooms obey it from the next run on.

    Args:
        stores: the databases.
        table: which kind of decision.
        what: its own columns.
        by: who decides.
        reason: why.

    Returns:
        Its number.

    Raises:
        GridfactsError: ``NOBODY``: no name or reason. ``DECIDED``: the same stands already.
        DatabaseError: control cannot be written.
    """
    if not by.strip() or not reason.strip():
        raise GridfactsError("NOBODY", "a decision needs the name of who decides, and why")
    with database.deciding(stores.control, table) as (connection, found):
        same = sa.and_(found.c.retired_at.is_(None), *(found.c[name] == value for name, value in what.items()))
        if (number := connection.scalar(sa.select(found.c[f"{table}_id"]).where(same))) is not None:
            raise GridfactsError("DECIDED", f"{table} {number} says so already")
        number = int(connection.scalar(sa.select(sa.func.max(found.c[f"{table}_id"]))) or 0) + 1
        who = {f"{table}_id": number, "decided_by": by, "decided_at": database.moment(), "reason": reason}
        connection.execute(sa.insert(found).values(**what, **who))
    return number


def retire(stores: Databases, table: Table, number: int, by: str) -> None:
    """Retire a decision: it stays readable and binds no longer.

    Raises:
        GridfactsError: ``NOT_FOUND``: none of this number stands. ``NOBODY``: no name.
        DatabaseError: control cannot be written.
    """
    if not by.strip():
        raise GridfactsError("NOBODY", "taking a decision back needs the name of who does it")
    with database.deciding(stores.control, table) as (connection, found):
        one = sa.and_(found.c[f"{table}_id"] == number, found.c.retired_at.is_(None))
        done = connection.execute(sa.update(found).where(one).values(retired_by=by, retired_at=database.moment()))
        if done.rowcount != 1:
            raise GridfactsError("NOT_FOUND", f"no standing {table} has the number {number}")


def recalls(settings: Settings) -> dict[str, bool]:
    """Every batch that a department ever took back → whether that stands: then it counts for nothing.

    Raises:
        DatabaseError: control cannot be read.
    """
    found: dict[str, bool] = {}
    for row in decisions(database.open_databases(settings), "recall", standing=False):
        found[str(row["batch"])] = found.get(str(row["batch"]), False) or row["retired_at"] is None
    return found


def digest(told: object) -> str:
    """Hash of standing decisions, for a manifest's inputs."""
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
