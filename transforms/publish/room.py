"""The way of a night into the release database: one release, once, whatever kills it on the way."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from transforms import database, key_marks, keys, manifest, store
from transforms.database import Databases
from transforms.model import Report
from transforms.publish import ahead, control, erased, lock, reseal, state, undo, writing
from transforms.publish import bundle as bundles
from transforms.publish.apply import require_base
from transforms.publish.bundle import Bundle
from transforms.publish.lock import publish_lock
from transforms.publish.schema import ensure_schema
from transforms.publish.state import HeadError, State
from transforms.run import Run

_ROOM, _BRAKES = "publish", "brakes"


def run(run: Run) -> list[Report]:
    """Publish what account closed for the night, or find that it is published.

    Order of steps, each of which may be the last one before a kill: HEAD says what may come, the release commits
    (SQLite: a transaction, or a new file and one rename), control takes it in, HEAD says what is.

    Raises:
        StaleInputError: account has not closed the night, or closed it against another release; the brakes have not
            passed what it closed.
        CheckError: a #fail check found rows; nothing was published.
        HeadError: the database is not what HEAD says; nothing was touched.
        SchemaError: the database was made by newer code.
        DatabaseError: the database refused; the old release stands.
        GridfactsError: ``PUBLISH_BUSY``, ``DELTA``, ``COUNTS``, ``CHECKSUM``, ``CONTROL_AHEAD`` or ``CONTROL_LOST``.
    """
    with bundles.reading(run.settings, run.night) as (found, whole):
        manifest.require(run.settings.lake, store.night_dir(run, _BRAKES), _BRAKES)
        dbs = database.open_databases(run.settings)
        with publish_lock(dbs):
            return _published(run, dbs, found, whole)


def _published(run: Run, dbs: Databases, found: Bundle, whole: Callable[[], None]) -> list[Report]:
    before = _start(run, dbs)
    if (before.night, before.checksum) == (found.night, found.checksum):
        whole()
        control.refresh(dbs, found)
        _forgotten(run, dbs, before.release)
        run.say(f"publish: night {run.night} is already published as release {before.release}")
        return [Report(_ROOM, run.night, {"release": before.release, "rows": 0})]
    require_base(found, before.release)
    with _beside(run) as beside, ahead.going(run.settings, dbs, found, before, beside) as own:
        now, warnings = writing.write(run.settings, dbs, found, before, beside, whole)
        control.reconcile(run.settings, dbs, own)
    state.settle(run.settings, now)
    _forgotten(run, dbs, now.release)
    for name, rows in warnings.items():
        run.say(f"publish: warning {name}: {rows} rows")
    run.say(f"publish: night {run.night} is release {found.base + 1}: {found.changes} rows ended or began")
    counts = {"release": found.base + 1, "rows": found.changes, "warnings": sum(warnings.values())}
    return [Report(_ROOM, run.night, counts)]


def rollback(run: Run) -> list[Report]:
    """Publish the content of the release before the last one again, as a release of its own.

    Nothing is erased: numbers, history and feed go on, and consumers are told what was taken back. Identities minted in
    the release that is taken back stay known, retired.

    Raises:
        GridfactsError: ``NOTHING_BEFORE``, ``ROLLED_BACK``, ``UNDO_LOST``, and as :func:`run`.
    """
    dbs = database.open_databases(run.settings)
    with publish_lock(dbs):
        before = _start(run, dbs)
        found = undo.bundle(run.settings, dbs, before)
        with _beside(run) as beside:
            now, _ = writing.write(run.settings, dbs, found, before, beside, _is_whole)
        control.reconcile(run.settings, dbs)
        state.settle(run.settings, now)
    run.say(f"publish: release {before.release} is taken back; release {now.release} is night {now.night} again")
    return [Report(_ROOM, now.night, {"release": now.release, "rows": found.changes})]


def reencrypt(run: Run) -> list[Report]:
    """Seal what older vault keys sealed under the current one, history included; no release, the same checksum.

    Raises:
        GridfactsError: ``VAULT``: a row opens under no key of the key file; and as :func:`run`.
    """
    dbs = database.open_databases(run.settings)
    with publish_lock(dbs):
        before = _start(run, dbs)
        with database.writing(dbs.release) as connection:
            lock.within(connection)
            rows = reseal.reseal(connection, keys.load(run.settings))
    run.say(f"publish: {rows} rows of the vault were sealed anew")
    return [Report(_ROOM, before.night, {"release": before.release, "rows": rows})]


def reconcile(run: Run) -> int:
    """Finish what a killed publish left: structure, control and HEAD brought up to the release database.

    Returns:
        The current release.

    Raises:
        HeadError, SchemaError, DatabaseError, GridfactsError: as :func:`run`.
    """
    dbs = database.open_databases(run.settings)
    with publish_lock(dbs):
        return _start(run, dbs).release


def require_head(run: Run) -> None:
    """Refuse to begin a night beside a database that HEAD does not know; its rows are counted when it is published.

    Raises:
        HeadError: the database has lost or gained a release.
        DatabaseError: it cannot be read.
    """
    dbs = database.open_databases(run.settings)
    try:
        state.known(run.settings, dbs)
    except HeadError:  # a publish that ends just now has written the one and not yet the other
        with publish_lock(dbs):
            state.known(run.settings, dbs)


def _start(run: Run, dbs: Databases) -> State:
    key_marks.require(run.settings)
    ensure_schema(dbs)
    found = state.verify(run.settings, dbs)
    late = control.reconcile(run.settings, dbs)
    if late:
        run.say(f"publish: control took in {late} release(s) that a stopped run had left")
    state.settle(run.settings, found)
    return found


def _is_whole() -> None:
    """What a rollback has just written nobody need read to know it."""


def _beside(run: Run) -> ThreadPoolExecutor:
    """Who works beside the thread that writes rows, which all wait for: one core is that one's."""
    return ThreadPoolExecutor(max(1, run.settings.threads - 1))


def _forgotten(run: Run, dbs: Databases, release: int) -> None:
    """Let go what earlier nights left of subjects that this release no longer knows."""
    with database.reading(dbs.release) as connection:
        found = erased.due(dbs, connection)
    erased.sweep(run, dbs, found, release)
