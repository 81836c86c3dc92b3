"""Judgements: a person's word on two records. Appended and retired, never erased (design.md section 5.6)."""

from __future__ import annotations

from typing import Any, Literal

import sqlalchemy as sa

from transforms import database
from transforms.database import Databases
from transforms.errors import GridfactsError

Decision = Literal["same", "different", "unsure"]


def judgements(stores: Databases, *, standing: bool = True) -> list[dict[str, Any]]:
    """Judgements in the order they were made.

    Args:
        stores: the databases.
        standing: leave out the retired ones.

    Raises:
        DatabaseError: control cannot be read.
    """
    rows = database.read(stores.control, "judgement").sort_by("judgement_id").to_pylist()
    return [row for row in rows if not standing or row["retired_at"] is None]


def judge(stores: Databases, kind: str, records: tuple[str, str], decision: Decision, by: str, reason: str) -> int:
    """Append a judgement on two records; it binds from the next night on.

    Args:
        stores: the databases.
        kind: of both records.
        records: their ids, in any order.
        decision: what the person decided.
        by: who.
        reason: why.

    Returns:
        The number of the judgement.

    Raises:
        GridfactsError: ``CONTRADICTION``: standing judgements, which are named, say otherwise.
            ``NOBODY``: no name or reason.
        DatabaseError: control cannot be written.
    """
    if not by.strip() or not reason.strip():
        raise GridfactsError("NOBODY", "a judgement needs the name of who decided, and why")
    left, right = sorted(records)
    with database.deciding(stores.control, "judgement") as (connection, table):
        rows = [dict(row) for row in connection.execute(sa.select(table)).mappings()]
        mine = [row for row in rows if row["retired_at"] is None and row["kind"] == kind]
        if against := contradicted(mine, left, right, decision):
            numbers = ", ".join(map(str, against))
            raise GridfactsError("CONTRADICTION", f"judgement {numbers} says otherwise: undo it first (review undo)")
        number = max((int(row["judgement_id"]) for row in rows), default=0) + 1
        said = {"kind": kind, "left_record": left, "right_record": right, "decision": decision}
        who = {"decided_by": by, "decided_at": database.moment(), "reason": reason}
        connection.execute(sa.insert(table).values(judgement_id=number, **said, **who))
    return number


def undo(stores: Databases, number: int, by: str) -> None:
    """Retire a judgement: it stays readable and binds no longer.

    Raises:
        GridfactsError: ``NOT_FOUND``: there is none of this number that stands. ``NOBODY``: no name.
        DatabaseError: control cannot be written.
    """
    if not by.strip():
        raise GridfactsError("NOBODY", "undoing a judgement needs the name of who does it")
    with database.deciding(stores.control, "judgement") as (connection, table):
        one = sa.and_(table.c.judgement_id == number, table.c.retired_at.is_(None))
        done = connection.execute(sa.update(table).where(one).values(retired_by=by, retired_at=database.moment()))
        if done.rowcount != 1:
            raise GridfactsError("NOT_FOUND", f"no standing judgement has the number {number}")


def contradicted(standing: list[dict[str, Any]], left: str, right: str, decision: Decision) -> list[int]:
    """Numbers of standing judgements that the new one contradicts, directly or through a chain of ``same``."""
    if decision == "unsure":
        return []
    ours, theirs = _reached(standing, left), _reached(standing, right)
    if decision == "different":
        return ours.get(right, [])
    apart = [row for row in standing if row["decision"] == "different"]
    return [int(row["judgement_id"]) for row in apart if _between(row, ours, theirs)]


def _between(row: dict[str, Any], ours: dict[str, list[int]], theirs: dict[str, list[int]]) -> bool:
    a, b = row["left_record"], row["right_record"]
    return (a in ours and b in theirs) or (a in theirs and b in ours)


def _reached(standing: list[dict[str, Any]], start: str) -> dict[str, list[int]]:
    """Records that ``same`` judgements chain to a record, with the numbers on the way."""
    found, waiting = {start: list[int]()}, [start]
    while waiting:
        here = waiting.pop()
        for row in standing:
            ends = (row["left_record"], row["right_record"])
            if row["decision"] != "same" or here not in ends:
                continue
            other = ends[1] if here == ends[0] else ends[0]
            if other not in found:
                found[other] = [*found[here], int(row["judgement_id"])]
                waiting.append(other)
    return found
