"""Holds: what waits for a named person, a delivery of one source or a whole release. Opened, decided, never erased.

A delivery that a brake holds counts for nothing until somebody releases it: its source stands at its last good state.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from transforms import database
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.run import Settings

Decision = Literal["release", "refuse"]
_SHOWN = 12  # hexadecimal characters of a hold's id


@dataclass(frozen=True)
class Hold:
    """What waits and why.

    Attributes:
        code: the brake. night: which night it stopped.
        told: what was counted and its budget, in words without values.
        source, batch: the delivery that waits; None where the whole release does.
    """

    code: str
    night: str
    told: str
    source: str | None = None
    batch: str | None = None

    @property
    def hold_id(self) -> str:
        """Lasting id: a delivery waits once, whatever is wrong with it; a release waits anew when its counts differ."""
        parts = ("batch", self.batch) if self.batch else ("release", self.night, self.code, self.told)
        return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:_SHOWN]


def holds(stores: Databases) -> list[dict[str, Any]]:
    """Every hold there ever was, by night and id.

    Raises:
        DatabaseError: control cannot be read.
    """
    rows: list[dict[str, Any]] = database.read(stores.control, "hold").to_pylist()
    return sorted(rows, key=lambda row: (row["night"], row["hold_id"]))


def braked(settings: Settings) -> dict[str, str | None]:
    """Every batch that a brake ever held → its code while it counts for nothing, None once it was released.

    Raises:
        DatabaseError: control cannot be read.
    """
    columns = ["batch", "code", "decision"]  # those of its first shape: a night begins before structure is brought up
    rows = database.read(database.open_databases(settings).control, "hold", columns).to_pylist()
    return {row["batch"]: None if row["decision"] == "release" else row["code"] for row in rows if row["batch"]}


def held(told: Mapping[str, str | None]) -> list[str]:
    """Of :func:`braked` the batches that count for nothing, sorted: an input of whoever obeys."""
    return sorted(batch for batch, code in told.items() if code is not None)


def open_all(stores: Databases, found: Iterable[Hold]) -> list[Hold]:
    """Write down what waits from now on; those that stand already, decided or not, are left as they are.

    Returns:
        The new ones.

    Raises:
        DatabaseError: control cannot be written.
    """
    fresh = []
    with database.deciding(stores.control, "hold") as (connection, table):
        known = set(connection.scalars(sa.select(table.c.hold_id)))
        for one in sorted(found, key=lambda hold: (hold.hold_id, hold.code)):
            if one.hold_id not in known:
                what = {"source": one.source, "batch": one.batch, "code": one.code, "night": one.night}
                connection.execute(sa.insert(table).values(hold_id=one.hold_id, told=one.told, **what))
                known.add(one.hold_id)
                fresh.append(one)
    return fresh


def decide(stores: Databases, hold_id: str, decision: Decision, by: str, reason: str) -> dict[str, Any]:
    """A person's word on a hold; a later word replaces an earlier one only from refuse to release.

    Args:
        stores: the databases.
        hold_id: its id, or the beginning of one id alone.
        decision: ``release``: it counts from the next run on. ``refuse``: it never does.
        by: who.
        reason: why.

    Returns:
        The hold as it stood.

    Raises:
        GridfactsError: ``NOBODY``: no name or reason. ``NOT_FOUND``: none, or several, that wait.
        DatabaseError: control cannot be written.
    """
    if not by.strip() or not reason.strip():
        raise GridfactsError("NOBODY", "a decision needs the name of who decides, and why")
    with database.deciding(stores.control, "hold") as (connection, table):
        waits = sa.or_(table.c.decision.is_(None), table.c.decision == "refuse")
        named = sa.and_(table.c.hold_id.startswith(hold_id, autoescape=True), waits)
        found = connection.execute(sa.select(table).where(named)).mappings().all()
        if len(found) != 1:
            raise GridfactsError("NOT_FOUND", f"{len(found)} holds that wait have an id beginning with {hold_id}")
        one = table.c.hold_id == found[0]["hold_id"]
        word = {"decision": decision, "decided_by": by, "decided_at": database.moment(), "reason": reason}
        connection.execute(sa.update(table).where(one).values(**word))
    return dict(found[0])
