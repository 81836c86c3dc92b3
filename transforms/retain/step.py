"""The step after a night: what was kept as long as the rules say goes, and what must stay of it is sealed first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from transforms import checkpoint, contract, database, key_marks, sealing, store
from transforms.checkpoint import Expired
from transforms.database import Databases
from transforms.errors import GridfactsError
from transforms.reader import audit
from transforms.receipts.disputes import disputes
from transforms.retain import files, ledger, people, rules
from transforms.retain.ledger import Gone
from transforms.retain.rules import Rules
from transforms.run import Run, Settings
from transforms.shadow import versions


@dataclass(frozen=True)
class Rooms:
    """What the rooms know and do, handed in by commands and DAGs: no package beside the rooms imports one.

    Attributes:
        expirable, past, outcome_of_past: account's.
        reconcile, ended, forget_ended: publish's.
    """

    expirable: Callable[[Run, Mapping[str, str], set[str]], dict[str, list[Expired]]]
    past: Callable[[Run, Mapping[str, list[Expired]]], Any]
    outcome_of_past: Callable[[Run], pa.Table]
    reconcile: Callable[[Run], int]
    ended: Callable[[Databases, str], tuple[int, int]]
    forget_ended: Callable[[Run, int], int]


def run(settings: Settings, rooms: Rooms, say: Callable[[str], None], *, dry: bool = False) -> list[Gone]:
    """Remove everything whose time is over, counted from the night of the current release, or only say what it is.

    Stopped on the way, the next call goes on: what goes is sealed and written down before it goes.

    Raises:
        GridfactsError: ``NO_RELEASE``: nothing was published yet. And whatever the rooms raise.
    """
    key_marks.require(settings)
    stores = database.open_databases(settings)
    released = database.read(stores.release, "release", ["release", "night"]).to_pylist()
    if not released:
        raise GridfactsError("NO_RELEASE", "nothing was published yet: there is nothing whose time is over")
    this = Run.of(str(released[-1]["night"]), settings=settings, say=say)
    known = rules.load(settings.expectations)
    rooms.reconcile(this)
    going = rooms.expirable(this, _landed_by(known, this), _needed(settings, stores, known, this.night))
    found = [Gone("delivery", one.batch, one.rows) for of in going.values() for one in of]
    if going and not dry:
        _seal(this, stores, rooms, int(released[-1]["release"]), going)
    if not dry:
        _sweep(this, stores, rooms)
    nights = {str(row["night"]) for row in released[-2:]}
    return found + _rest(this, stores, rooms, known, nights, dry=dry)


def _landed_by(known: Rules, this: Run) -> dict[str, str]:
    """Source → the last night whose deliveries may go; those of the current release's night always stay."""
    return {s: known.deliveries.of(s, this.night) for s in contract.load_all(this.settings.expectations)}


def _needed(settings: Settings, stores: Databases, known: Rules, night: str) -> set[str]:
    """Batches that an open dispute names, or with rows in quarantine that are open and not too old."""
    since = rules.earlier(night, known.quarantine.open_days)
    rows = database.read(stores.control, "quarantine", ["batch", "since"], {"state": "open"}).to_pylist()
    waiting = {str(row["batch"]) for row in rows if str(row["since"]) > since}
    return waiting | {one.version for one in disputes(settings) if one.state == "open"}


def _seal(this: Run, stores: Databases, rooms: Rooms, release: int, going: Mapping[str, list[Expired]]) -> None:
    kept = rooms.past(this, going)
    versions.settle(this.settings, stores)  # what a restore puts in use is what is in use now
    tables = kept.tables | people.said(stores)
    made = sealing.write(this.settings, this.night, release, kept.through, kept.batches, tables)
    checkpoint.verify(made)
    sealing.stand(stores, made)
    this.say(f"retain: {len(made.batches)} deliveries stand in checkpoint {made.folder.name}")


def _sweep(this: Run, stores: Databases, rooms: Rooms) -> None:
    """Let bytes and tables of the checkpoint's deliveries go, and tell the ledger; what is done already is left."""
    made = checkpoint.current(this.settings)
    if made.batches:
        ledger.tell_deliveries(stores, made, rooms.outcome_of_past(this))
        if gone := files.sweep(this.settings, made):
            this.say(f"retain: {gone} files of deliveries went")


def _rest(this: Run, stores: Databases, rooms: Rooms, known: Rules, needed: set[str], *, dry: bool) -> list[Gone]:
    settings, night = this.settings, this.night
    found = list(files.refused(settings, known.refused.before(night)))
    found += files.nights(settings, known.nights.before(night), needed)
    found += files.receipts(settings, known.receipts.before(night))
    floor, rows = rooms.ended(stores, known.vault.before(night))
    found += [Gone("vault", str(floor), rows)] if rows else []
    looked = audit.aged(settings, rules.earlier(night, known.audit.days))
    if not dry:
        ledger.tell(stores, night, found)
        for one in found:
            _forget(this, rooms, one)
        audit.forget(settings, night, looked)
    made = checkpoint.current(settings)
    found += ledger.forget_quarantine(stores, made, known.quarantine.before(night), dry=dry)
    return found + ([Gone("audit", str(looked[-1]["audit_id"]), len(looked))] if looked else [])


def _forget(this: Run, rooms: Rooms, one: Gone) -> None:
    if one.what == "refused":
        store.forget_raw(this.settings, one.name)
    elif one.what == "night":
        files.forget_night(this.settings, one.name)
    elif one.what == "receipts":
        files.forget_receipts(this.settings, one.name)
    else:
        rooms.forget_ended(this, int(one.name))
