"""Who looked: one append-only row in control for every read through gridfacts, chained by a keyed hash.

A row says who, what kind of thing, a keyed token of the subject, what for and how many rows, and never a value. The
chain is keyed (faults.md section 3.5): the owner of the database cannot rebuild it without the audit key. When the row
cannot be written the read is refused.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Literal

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk, database, keys
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.keys import Key, Keys
from transforms.run import Settings

Action = Literal["lookup", "export", "explain", "feed", "onboard", "query"]
START = "start"
_LOCK = 4_443_004
_TOLD = ("at", "who", "action", "kind", "subject", "purpose", "rows")


class AuditError(GridfactsError):
    """The audit row cannot be written: the read does not happen."""


def record_read(
    settings: Settings,
    *,
    who: str,
    action: Action,
    kind: str,
    purpose: str,
    rows: int,
    subject: str | None = None,
) -> int:
    """Append one row. Call it before anything that was read is shown or written.

    Args:
        settings: whose control database and keys.
        who: the person or service that reads.
        action: what they do.
        kind: kind of the thing, or a consumer's name for an export.
        purpose: what for.
        rows: how many rows they are about to see.
        subject: what was asked for (an entity id, a row); a keyed token of it is kept, not itself.

    Returns:
        The number of the row.

    Raises:
        AuditError: who or purpose is missing, or the row cannot be written; the read must not go on.
    """
    if not who.strip() or not purpose.strip():
        raise AuditError("AUDIT", "a read needs a person and a purpose; nothing was read")
    try:
        known = keys.load(settings)
        row: dict[str, object] = {
            "at": database.moment(), "who": who, "action": action, "kind": kind,
            "subject": known.audit.identifier("subject", subject) if subject else None, "purpose": purpose,
            "rows": rows,
        }  # fmt: skip
        return _append(database.open_databases(settings), known, row)
    except GridfactsError as error:
        raise AuditError("AUDIT", f"the read is refused, its audit row cannot be written ({error.detail})") from None


def rows_told(settings: Settings, action: Action, kind: str) -> int:
    """How many rows one consumer (or kind) was ever told by an action."""
    found = database.read(
        database.open_databases(settings).control, "audit", ["rows"], {"action": action, "kind": kind}
    )
    return sum(found["rows"].to_pylist())


def verify(settings: Settings) -> list[str]:
    """Follow the chain from its start.

    Returns:
        A line for every row that does not follow from the one before: changed, lost, swapped or of another hand.

    Raises:
        DatabaseError: control cannot be read.
        ConfigError: there is no audit key.
    """
    stores, held = database.open_databases(settings), keys.held(settings, "audit")
    found = database.read(stores.control, "audit").to_pylist()
    return list(_broken(found, held, _gone(stores)))


def aged(settings: Settings, before: str) -> list[dict[str, object]]:
    """The rows at the chain's start that are of days until ``before`` (ISO), in order.

    The chain is kept from the first answer to a consumer's own keys on (what a consumer was ever told is counted by
    it), and its last row always: the next one follows from it.

    Raises:
        DatabaseError: control cannot be read.
    """
    rows = database.read(database.open_databases(settings).control, "audit").to_pylist()
    return list(
        itertools.takewhile(lambda row: str(row["at"])[:10] <= before and row["action"] != "onboard", rows[:-1])
    )


def forget(settings: Settings, night: str, rows: Sequence[dict[str, object]]) -> None:
    """Remove rows at the chain's start (:func:`aged`); the ledger keeps a keyed digest of the last, which verify asks.

    Raises:
        DatabaseError: control cannot be written.
        ConfigError: there is no audit key.
    """
    if not rows:
        return
    number, chain = int(str(rows[-1]["audit_id"])), str(rows[-1]["chain"])
    told = {"what": "audit", "name": str(number), "night": night, "rows": len(rows)}
    told["digest"] = _anchor(number, chain, keys.load(settings).audit)
    with database.writing(database.open_databases(settings).control) as connection:
        connection.execute(sa.text("DELETE FROM audit WHERE audit_id <= :number"), {"number": number})
        bulk.insert(connection, "expired", pa.Table.from_pylist([told], bulk.schema_of("expired")))


def _gone(dbs: Databases) -> tuple[int, str | None]:
    """Number and keyed digest of the last row that went, (0, None) where none did."""
    told = database.read(dbs.control, "expired", ["name", "digest"], {"what": "audit"}).to_pylist()
    last = max(told, key=lambda row: int(row["name"]), default=None)
    return (int(last["name"]), str(last["digest"])) if last else (0, None)


def _anchor(number: int, chain: str, key: Key) -> str:
    return key.digest("audit gone", str(number), chain).hex()


def _append(dbs: Databases, known: Keys, row: dict[str, object]) -> int:
    with database.writing(dbs.control) as connection:
        if bulk.is_postgres(connection):
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        number, previous = _last(connection)
        whole = {"audit_id": number + 1, **row, "previous": previous}
        whole["chain"] = _chain(whole, known.audit)
        bulk.insert(connection, "audit", pa.Table.from_pylist([whole], bulk.schema_of("audit")))
        return number + 1


def _last(connection: Connection) -> tuple[int, str]:
    found = connection.execute(
        sa.text("SELECT audit_id, chain FROM audit ORDER BY audit_id DESC LIMIT 1")
    ).one_or_none()
    return (int(found.audit_id), str(found.chain)) if found else (0, START)


def _chain(row: dict[str, object], key: Key) -> str:
    told = ["" if row[name] is None else f"{name}={row[name]}" for name in ("audit_id", *_TOLD, "previous")]
    return key.digest("audit", *told).hex()


def _broken(rows: list[dict[str, object]], held: list[Key], gone: tuple[int, str | None]) -> Iterator[str]:
    """Rows were chained under the key of their day: the current one, or one that was current before."""
    (number, anchor), previous = gone, START
    if anchor is not None:
        previous = str(rows[0]["previous"]) if rows else ""
        if rows and anchor not in {_anchor(number, previous, key) for key in held}:
            yield f"audit row {number + 1} does not follow from the last one that went"
    for row in rows:
        number += 1
        if row["audit_id"] != number:
            yield f"audit row {number} is missing"
            number = int(str(row["audit_id"]))
        if row["chain"] not in {_chain(row, key) for key in held}:
            yield f"audit row {number} is not as it was written"
        elif row["previous"] != previous:
            yield f"audit row {number} does not follow from the one before"
        previous = str(row["chain"])
