"""Who looked: one append-only row in control for every read through gridfacts, chained by a keyed hash.

A row says who, what kind of thing, a keyed token of the subject, what for and how many rows, and never a value. The
chain is keyed (faults.md section 3.5): the owner of the database cannot rebuild it without the audit key. When the row
cannot be written the read is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
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
    found = database.read(database.open_databases(settings).control, "audit").to_pylist()
    return list(_broken(found, keys.held(settings, "audit")))


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


def _broken(rows: list[dict[str, object]], held: list[Key]) -> Iterator[str]:
    """Rows were chained under the key of their day: the current one, or one that was current before."""
    previous, number = START, 0
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
