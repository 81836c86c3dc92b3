"""Close a night's books: prove that every row is accounted for, and compute what publish has to write."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa

from transforms import database, decisions, manifest, notices, store
from transforms.account import floods, seal, sealed
from transforms.account.balance import Reread, doors
from transforms.account.books import base_of, release_books
from transforms.account.changes import CHANGE
from transforms.account.night import Night
from transforms.account.pages import Pages
from transforms.account.settle import Settled, settle
from transforms.account.standing import forget, standing_tables
from transforms.errors import GridfactsError, ImbalanceError
from transforms.model import Report
from transforms.run import Run

_ROOM = "account"
_PART = "release"


def close(run: Run, reread: Reread) -> list[Report]:
    """Write ``account/release/`` of the night: ledger, delta against the current release, events, checksum.

    Run again for a night that is published already it finds the same checksum and an empty delta, and publish has
    nothing to do.

    Args:
        run: the night.
        reread: land's own reader of raw bytes (settings, batch id) → rows, so that the proof starts at the bytes.

    Raises:
        ImbalanceError: the sets of row ids of two rooms differ; nothing is written.
        StaleInputError: a room's output is missing, incomplete or stale.
        GridfactsError: ``NIGHT_PAST``: a later night has been published already.
    """
    night = Night(run)
    base, base_night = base_of(run)
    if base_night > run.night:
        raise GridfactsError("NIGHT_PAST", f"release {base} is of night {base_night}; night {run.night} comes too late")
    pages = Pages(night)
    seal.trust(pages)
    findings = doors(pages, reread)
    if findings:
        raise ImbalanceError(findings)
    seal.write(pages)
    _touch(night)
    planned = [one.event for one in notices.waiting(database.open_databases(run.settings))]
    inputs = night.inputs | {
        "base_release": f"{base} of {base_night or 'no night'}",
        "notices": decisions.digest(planned),
    }
    folder = store.night_dir(run, _ROOM, _PART)
    found = manifest.fresh(folder, _ROOM, inputs) or _write(pages, (base, base_night), folder, inputs, planned)
    told = json.loads((folder / "release.json").read_text("utf-8"))
    changed = {name: int(rows) for name, rows in found.facts.items() if isinstance(rows, int)}
    run.say(f"account: balanced; on release {base} {changed['closed']} rows end, {changed['opened']} begin")
    return [Report(_ROOM, "close", told["counts"] | changed)]


def _touch(night: Night) -> None:
    """Check the manifest of everything the books are made from, so that all of it stands among the inputs."""
    for batch in night.passed():
        night.batch_path("check", batch, "verdict")
        night.batch_path("standardise", batch, "kept")
    night.night_path(_ROOM, "versions", "versions")
    night.night_path(_ROOM, "live", "person")
    for kind in night.kinds:
        night.night_path("resolve", kind, "cluster")
        night.night_path("merge", kind, "claim")


def _write(
    pages: Pages, on: tuple[int, str], folder: Path, inputs: dict[str, str], planned: list[dict[str, str | None]]
) -> manifest.Manifest:
    night, base = pages.night, on[0]
    books = release_books(pages)
    with store.output(folder) as fresh:
        with standing_tables(night.run) as before:
            settled = settle(night, before, books.tables, fresh)
        sealed.fill(night, fresh / f"{sealed.TABLE}.open.parquet")
        for name, told in books.receipts.items():
            store.write_pieces(fresh / f"{name}.parquet", told)
        rests, rested = floods.rests_on(night), floods.rested_on(night.run, *on)
        late = floods.unannounced(night.run, rests, rested, settled.events, recut=bool(base) and settled.recut)
        events = pa.concat_tables([settled.events, pa.Table.from_pylist([*planned, *late], CHANGE)])
        store.write_table(fresh / "change.parquet", events)
        release = _release(night, base, settled) | {"rests_on": rests, "rested_on": rested}
        (fresh / "release.json").write_text(json.dumps(release, ensure_ascii=False, sort_keys=True, indent=1), "utf-8")
        facts = {"closed": settled.closed, "opened": settled.opened, "changes": events.num_rows}
        written = manifest.write(fresh, _ROOM, inputs, facts)
    forget(night.run)
    return written


def _release(night: Night, base: int, settled: Settled) -> dict[str, object]:
    return {
        "night": night.run.night,
        "base_release": base,
        "checksum": settled.checksum,
        "counts": settled.counts,
    }
