"""What became of the disputes that stand: what the deliveries since say of the record whose value is doubted.

The next delivery of its department is the answer: the record says something else (``changed``), the same again
(``confirmed``), or is not there any more (``withdrawn``). Until then the value is ``open``: 核查中.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import contract as contracts
from transforms import decisions
from transforms.database import Databases
from transforms.model import Batch
from transforms.run import Settings

Answer = Literal["open", "changed", "confirmed", "withdrawn"]
_CURRENT = sa.text(
    "SELECT source, batch FROM source_state "
    "WHERE release = (SELECT MAX(last.release) FROM source_state AS last) AND batch IS NOT NULL"
)
_LIVE = sa.text(
    "SELECT batch, line, entity_id FROM record WHERE kind = :kind AND record_id = :record AND state = 'merged'"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one dispute.

    Attributes:
        state: what the deliveries since answered.
        entity_id: in which the doubted record stands now; where it stands in none, the one that was disputed.
        answer: the batch that answered; None while it is open.
    """

    state: Answer
    entity_id: str
    answer: str | None


@dataclass(frozen=True)
class Doubt:
    """A standing dispute, and who is asked: a row of control's ``dispute`` and its contract's department."""

    row: Mapping[str, Any]
    department: str


def doubts(settings: Settings, stores: Databases) -> list[Doubt]:
    """Every dispute that stands, in the order they were raised.

    Raises:
        DatabaseError: control cannot be read.
    """
    told = decisions.decisions(stores, "dispute")
    known = contracts.load_all(settings.expectations) if told else {}
    asked = {source: contract.owner.department for source, contract in known.items()}
    return [Doubt(row, asked.get(row["source"], row["source"])) for row in told]


def outcomes(connection: Connection, told: Sequence[Mapping[str, Any]]) -> list[Outcome]:
    """What became of disputes (rows of control's ``dispute``) at the newest release that the connection sees.

    Raises:
        DatabaseError: the release database cannot be read.
    """
    if not told:
        return []
    current = {str(row.source): str(row.batch) for row in connection.execute(_CURRENT)}
    return [_outcome(connection, current.get(row["source"]), row) for row in told]


def answers(batch: str, row: Mapping[str, Any]) -> bool:
    """Whether a batch is later than the one that counted when a value was disputed (row of control's ``dispute``)."""
    return Batch.parse(batch) > Batch.parse(row["batch"])


def _outcome(connection: Connection, now: str | None, row: Mapping[str, Any]) -> Outcome:
    live = connection.execute(_LIVE, {"kind": row["kind"], "record": row["record_id"]}).first()
    entity = str(live.entity_id) if live is not None and live.entity_id else str(row["entity_id"])
    if now is None or not answers(now, row):
        return Outcome("open", entity, None)
    if live is None:
        return Outcome("withdrawn", entity, now)
    same = (live.batch, live.line) == (row["version"], row["line"])
    return Outcome("confirmed" if same else "changed", entity, now)
