"""What an erasure takes beside tonight's rows: history in the release database, what earlier nights left in the lake.

Tonight's rows are without the subject: land blanked its rows, and every room after it was run again. Rows that ended
stay for as-of questions, and earlier nights' tables stay as caches: both still say what is to be forgotten.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import database, sealing, subjects, tables
from transforms.database import Databases
from transforms.publish import restricted, wiped
from transforms.run import Run, Settings

_NAMED_BY = ("person_id", "entity_id")  # columns that say of which person a row is
_KEPT = "land"  # of an earlier night: what came and what became of it, without a value


@dataclass(frozen=True)
class Due:
    """Requests that land has obeyed and no release has carried out: numbers, records and entities they reach."""

    numbers: tuple[int, ...] = ()
    records: frozenset[str] = frozenset()
    entities: frozenset[str] = frozenset()


def due(dbs: Databases, connection: Connection) -> Due:
    """What this release has to forget.

    A request that was granted while the night was running waits for the next one: its records still stand.

    Args:
        dbs: the databases.
        connection: reads the release as it will stand.

    Raises:
        DatabaseError: control cannot be read.
    """
    rows = [row for row in subjects.requests(dbs, "erase") if row["done_release"] is None]
    if not rows:
        return Due()
    known: dict[int, set[str]] = {int(row["subject_id"]): set() for row in rows}
    for row in database.read(dbs.control, "subject_key", where={"what": "record"}).to_pylist():
        if row["subject_id"] in known:
            known[row["subject_id"]].add(row["digest"])
    obeyed = {number: records for number, records in known.items() if not restricted.standing(connection, records)}
    records = frozenset().union(*obeyed.values())
    homes = database.read(dbs.control, "home", ["record_id", "entity_id"], {"kind": subjects.KIND}).to_pylist()
    homed = {row["entity_id"] for row in homes if row["record_id"] in records}
    named = {row["entity_id"] for row in rows if row["subject_id"] in obeyed}
    return Due(tuple(sorted(obeyed)), records, frozenset((homed | named) - {None}))


def of_persons() -> dict[str, str]:
    """Every table that keeps old rows of persons → its column that names the person."""
    old = [table for table in tables.of("release").values() if table.history]
    return {table.table: name for table in old for name in _NAMED_BY if name in table.columns}


def forget(connection: Connection, found: Due) -> int:
    """Delete every ended row that stands on one of the records, or is of one of the entities; how many those were.

    A version of somebody else that a record of the subject had a share in (before two people were told apart) goes too:
    its values are the subject's.
    """
    gone = 0
    if not found.numbers:
        return gone
    _stage(connection, found.entities)
    for table, column in of_persons().items():
        ended = f'DELETE FROM "{table}" WHERE known_to IS NOT NULL AND '  # noqa: S608 - names of this module
        mine = sa.text(f'{ended}"{column}" IN (SELECT entity_id FROM erased_entity)')  # noqa: S608
        based = sa.text(ended + "provenance LIKE :record")
        gone += connection.execute(mine).rowcount
        for record in sorted(found.records):
            gone += connection.execute(based, {"record": f"%{record}%"}).rowcount
    return gone


def _stage(connection: Connection, entities: Collection[str]) -> None:
    connection.exec_driver_sql("DROP TABLE IF EXISTS erased_entity")
    connection.exec_driver_sql("CREATE TEMPORARY TABLE erased_entity (entity_id TEXT)")
    if entities:
        rows = [{"entity_id": entity} for entity in sorted(entities)]
        connection.execute(sa.text("INSERT INTO erased_entity VALUES (:entity_id)"), rows)


def sweep(run: Run, dbs: Databases, found: Due, release: int) -> None:
    """After the release is there: let go what earlier nights and releases left, then say that it is done.

    Safe to be stopped and done again; until it is done the requests wait, and the next publish does it, also where
    readers held what is to go. The release before can no longer be taken back: what it removed is gone.

    Raises:
        DatabaseError: a database refused.
    """
    if not found.numbers:
        return
    lake = run.settings.lake
    for folder in (lake / "undo", lake / "rollback"):
        shutil.rmtree(folder, ignore_errors=True)
    for part in lake.glob("night/*/*"):
        if part.name != _KEPT and part.parent.name != run.night:
            shutil.rmtree(part)
    sealing.forget(run.settings, dbs, found.records)
    _unreceipt(run.settings, dbs)
    _previous(dbs)
    if not wiped.wipe(dbs, of_persons()):
        run.say("publish: readers hold what was erased: the next publish lets it go, and then the requests are done")
        return
    with database.deciding(dbs.control, "subject") as (connection, subject):
        done = sa.update(subject).where(subject.c.subject_id.in_(found.numbers)).values(done_release=release)
        connection.execute(done)
    run.say(f"publish: {len(found.numbers)} requests to erase are carried out in release {release}")


def _unreceipt(settings: Settings, dbs: Databases) -> None:
    """Receipts in the home repeat what a department sent: those of files with erased rows go, and can be made anew."""
    told = database.read(dbs.control, "outcome", ["batch", "erased"]).to_pylist()
    batches = {row["batch"] for row in told if row["erased"]}
    for path in (settings.home / "receipts").glob("*/*/*.json"):
        receipt = json.loads(path.read_text("utf-8"))
        if receipt["batch"] in batches:
            for name in (*receipt["files"], path.name):
                (path.parent / name).unlink(missing_ok=True)


def _previous(dbs: Databases) -> None:
    """SQLite: the generation before goes; who reads it reads on."""
    if dbs.release_file is not None:
        current = dbs.release_file.resolve()
        for old in dbs.release_file.parent.glob(f"{dbs.release_file.stem}.g*{dbs.release_file.suffix}*"):
            if not old.name.startswith(current.name):
                old.unlink(missing_ok=True)
