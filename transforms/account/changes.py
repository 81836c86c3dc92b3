"""The events of a night per entity: what a downstream platform follows instead of comparing tables.

They follow from what differs: :class:`Differing` hears of every table range by range, and keeps the ids that an event
may need. A record whose row of the crosswalk is as it was has not moved.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from transforms.account.delta import Delta, key_of
from transforms.account.night import Night
from transforms.engine import Engine
from transforms.run import Run

_STEPS = Path(__file__).with_name("change.sql")
_TEXT = pa.string()
CHANGE = pa.schema([(name, _TEXT) for name in ("kind", "entity_id", "event", "fields", "other_id")])
_KEY = pa.schema([("kind", _TEXT), ("entity_id", _TEXT)])
_HOME = pa.schema([("kind", _TEXT), ("record_id", _TEXT), ("entity_id", _TEXT)])
_UPDATED = pa.schema([("kind", _TEXT), ("entity_id", _TEXT), ("fields", _TEXT)])
_IDENTITY = pa.schema([("entity_id", _TEXT), ("signpost", _TEXT)])


class Differing:
    """What events are told from, gathered while the tables of two states of the release are compared."""

    def __init__(self, night: Night) -> None:
        """Take a night's kinds, settings and erased records; ``record`` must be heard of before the kinds' tables."""
        self._night = night
        self._erased = pa.array(sorted(night.erased), _TEXT)
        self._kind_of = {kind.table: name for name, kind in night.kinds.items()}
        self._homes: dict[str, list[pa.Table]] = {"before": [_HOME.empty_table()], "now": [_HOME.empty_table()]}
        self._keys: dict[str, list[pa.Table]] = {"before": [_KEY.empty_table()], "now": [_KEY.empty_table()]}
        self._identity = {"before": [_IDENTITY.empty_table()], "now": [_IDENTITY.empty_table()]}
        self._updated: list[dict[str, str]] = []
        self._touched: pa.Array | None = None

    def hear(self, name: str, delta: Delta) -> None:
        """Take note of a range of a table."""
        if name == "record":
            self._records(delta)
        elif name == "identity":
            self._identity["before"].append(self._asked(delta.before))
            self._identity["now"].append(self._asked(delta.now))
        elif name in self._kind_of:
            self._entities(self._kind_of[name], name, delta)

    def told(self) -> pa.Table:
        """The events between the two states (:data:`CHANGE`), in a total order, without release and number."""
        tables = {
            "before_key": pa.concat_tables(self._keys["before"]),
            "now_key": pa.concat_tables(self._keys["now"]),
            "updated": pa.Table.from_pylist(self._updated, _UPDATED),
            "before_identity": pa.concat_tables(self._identity["before"]).select(["entity_id"]),
            "identity": pa.concat_tables(self._identity["now"]),
            "before_home": _distinct(self._homes["before"]),
            "now_home": _distinct(self._homes["now"]),
            "erased": pa.table({"record_id": self._erased}),
        }
        with Engine(self._night.run.settings) as engine:
            return engine.run(_STEPS, tables).cast(CHANGE).combine_chunks()

    def _records(self, delta: Delta) -> None:
        """Records that stand elsewhere than before, or whose subject is to be erased."""
        before, now = delta.ended, delta.begun
        if len(self._erased):
            mine = pc.is_in(delta.before["record_id"], value_set=self._erased)
            before = pa.concat_tables([before, delta.before.filter(mine)])
        for side, rows in (("before", before), ("now", now)):
            self._homes[side].append(rows.filter(rows["entity_id"].is_valid()).select(_HOME.names).cast(_HOME))

    def _entities(self, kind: str, name: str, delta: Delta) -> None:
        """The keys that come and go, and those among which records move."""
        for side, rows, differing in (("before", delta.before, delta.ended), ("now", delta.now, delta.begun)):
            ids = rows[key_of(name)[0]]
            keep = pc.is_in(ids, value_set=differing[key_of(name)[0]])
            keep = pc.or_(keep, pc.is_in(ids, value_set=self._moving))
            ids = ids.filter(keep)
            self._keys[side].append(pa.table([pa.repeat(pa.scalar(kind, _TEXT), len(ids)), ids], schema=_KEY))
        told = [(entity, "|".join(fields)) for entity, fields in delta.updated]
        self._updated += [{"kind": kind, "entity_id": entity, "fields": fields} for entity, fields in told]

    @property
    def _moving(self) -> pa.Array:
        """The entities that records go to and come from."""
        if self._touched is None:
            before, now = (_distinct(self._homes[side]) for side in ("before", "now"))
            both = pc.and_(
                pc.is_in(now["record_id"], value_set=before["record_id"]),
                pc.invert(pc.is_in(_pair(now), value_set=_pair(before))),
            )
            gone = before.filter(pc.is_in(before["record_id"], value_set=now.filter(both)["record_id"]))
            ids = [*now.filter(both)["entity_id"].chunks, *gone["entity_id"].chunks]
            self._touched = pc.unique(pa.chunked_array(ids, _TEXT))
        return self._touched

    def _asked(self, identity: pa.Table) -> pa.Table:
        """Identities of the entities that came or went."""
        asked = pa.chunked_array([c for side in self._keys.values() for part in side for c in part["entity_id"].chunks])
        rows = identity.select(_IDENTITY.names)
        return rows.filter(pc.is_in(rows["entity_id"], value_set=asked)).cast(_IDENTITY)


def foretold(run: Run, kind: str, homes: tuple[pa.Table, pa.Table], identities: tuple[pa.Table, pa.Table]) -> pa.Table:
    """The events (:data:`CHANGE`) if the live records of a kind stood otherwise and nothing else were different.

    Args:
        run: whose engine computes.
        kind: whose records.
        homes: record_id, entity_id of those that would stand elsewhere: as they stand, and as they would.
        identities: entity_id, signpost: as they are, and as they would be.
    """
    before, now = (
        pa.table([pa.repeat(pa.scalar(kind, _TEXT), told.num_rows), *told.columns], schema=_HOME) for told in homes
    )
    moving = pa.chunked_array([*before["entity_id"].chunks, *now["entity_id"].chunks], _TEXT)
    was, will = (told.filter(pc.is_in(told["entity_id"], value_set=moving)) for told in identities)
    live = (told.filter(pc.equal(told["state"], "live")) for told in (was, will))
    keys = [
        pa.table([pa.repeat(pa.scalar(kind, _TEXT), told.num_rows), told["entity_id"]], schema=_KEY) for told in live
    ]
    tables = {
        "before_key": keys[0], "now_key": keys[1], "updated": _UPDATED.empty_table(),
        "before_identity": was.select(["entity_id"]), "identity": will.select(_IDENTITY.names).cast(_IDENTITY),
        "before_home": before, "now_home": now, "erased": pa.table({"record_id": pa.array([], _TEXT)}),
    }  # fmt: skip
    with Engine(run.settings) as engine:
        return engine.run(_STEPS, tables).cast(CHANGE).combine_chunks()


def _pair(homes: pa.Table) -> pa.ChunkedArray:
    return pc.binary_join_element_wise(homes["record_id"], homes["entity_id"], "|")


def _distinct(homes: list[pa.Table]) -> pa.Table:
    """(kind, record_id, entity_id), each once."""
    return pa.concat_tables(homes).group_by(_HOME.names).aggregate([]).select(_HOME.names).cast(_HOME)
