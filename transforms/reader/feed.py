"""The change feed as a release database tells it: pages of numbered events, each with its row as of its release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import kinds, tables
from transforms.bulk import listed
from transforms.run import Settings

PAGE = 1_000
Row = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """Where a release ends in the feed: its number, its checksum and the number of the last event by then."""

    release: int
    checksum: str
    seq: int


@dataclass(frozen=True)
class Event:
    """One event, with the entity's row as of its release. The feed itself holds no values.

    Attributes:
        row: None: it is gone, or it is ``restricted`` today and shown to nobody.
    """

    seq: int
    release: int
    kind: str
    entity_id: str
    event: str
    fields: str | None
    other_id: str | None
    row: Row | None
    restricted: bool = False


def followed(settings: Settings) -> dict[str, tables.Table]:
    """Kind → its table in the release database, of every kind that has one with history."""
    known = tables.of("release")
    return {
        name: known[kind.table]
        for name, kind in kinds.load_all(settings.expectations).items()
        if kind.table in known and known[kind.table].history
    }


def marks(connection: Connection, after: int = 0) -> list[Mark]:
    """The releases after a number, in order."""
    found = connection.execute(
        sa.text(
            "SELECT one.release, one.checksum, (SELECT COALESCE(MAX(event.seq), 0) FROM change AS event "
            "WHERE event.release <= one.release) AS seq FROM release AS one WHERE one.release > :after ORDER BY 1"
        ),
        {"after": after},
    )
    return [Mark(*row) for row in found]


def page(connection: Connection, follow: dict[str, tables.Table], after: int, limit: int = PAGE) -> list[Event]:
    """The next events after a number, at most ``limit``, in order; kinds that are not followed come without a row."""
    found = connection.execute(
        sa.text(
            "SELECT seq, release, kind, entity_id, event, fields, other_id FROM change "
            "WHERE seq > :after ORDER BY seq LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    ).all()
    shut = restricted(connection)
    rows: dict[tuple[str, int, str], Row] = {}
    for kind, release in sorted({(event.kind, event.release) for event in found if event.kind in follow}):
        ids = sorted({event.entity_id for event in found if (event.kind, event.release) == (kind, release)})
        for row in as_of(connection, follow[kind], release, ids, shut):
            rows[kind, release, row[follow[kind].key[0]]] = row
    return [
        Event(
            **event._mapping,
            row=rows.get((event.kind, event.release, event.entity_id)),
            restricted=event.entity_id in shut,
        )
        for event in found
    ]


def restricted(connection: Connection) -> frozenset[str]:
    """The entities that are restricted today."""
    if not sa.inspect(connection).has_table("restricted"):  # new code before its first night
        return frozenset()
    return frozenset(connection.scalars(sa.text("SELECT entity_id FROM restricted WHERE state <> 'lifted'")))


def as_of(
    connection: Connection,
    table: tables.Table,
    release: int,
    ids: Iterable[str] | None = None,
    shut: frozenset[str] | None = None,
) -> list[Row]:
    """Rows of a table as they stood in a release, all or those of some entities; days are ISO text.

    What is restricted today (``shut``, asked for where it is not given) is in no release, the earlier ones included.
    """
    text = (
        f'SELECT {listed(table.facts.names)} FROM "{table.table}" '  # noqa: S608 - names of the catalogue
        "WHERE known_from <= :release AND (known_to IS NULL OR known_to > :release)"
    )
    if ids is None:
        found = connection.execute(sa.text(text), {"release": release}).mappings()
    else:
        asked = sa.text(f'{text} AND "{table.key[0]}" IN :ids').bindparams(sa.bindparam("ids", expanding=True))
        found = connection.execute(asked, {"release": release, "ids": list(ids)}).mappings()
    shut = restricted(connection) if shut is None else shut
    return [
        {name: _plain(value, table.columns[name].type) for name, value in row.items()}
        for row in found
        if row[table.key[0]] not in shut
    ]


def _plain(value: object, kind: str) -> object:
    """The same value from either driver."""
    if value is None or kind in ("text", "integer", "number"):
        return value
    return bool(value) if kind == "boolean" else str(value)
