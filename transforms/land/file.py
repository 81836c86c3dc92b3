"""One dropped file from its name to its delivery: it can fail only itself."""

from __future__ import annotations

from dataclasses import replace

from transforms import contract as contracts
from transforms import receipt_form, store
from transforms.checkpoint import Checkpoint
from transforms.errors import HeldError, RefusedError
from transforms.land import intake, returned
from transforms.land.batch import Arrival, job_of, land_batch
from transforms.land.delivery import Delivery, period
from transforms.land.words import shown
from transforms.land.xlsx_file import RETURNED
from transforms.model import Batch, DeliveryState
from transforms.run import Run
from transforms.subjects import Digests


def land_file(
    run: Run, source: str, name: str, taken: set[str], digests: Digests | None = None, past: Checkpoint | None = None
) -> Delivery:
    """Receive, place and split one file.

    Args:
        run: the night.
        source: whose drop box it lies in.
        name: its name there.
        taken: batches that files before it in this drop box made.
        digests: of erased subjects, whose rows are not taken over; None where there are none.
        past: the checkpoint of deliveries whose time is over, which are not taken in again.

    Returns:
        What became of it; refusals and holds are answers, not errors.
    """
    known = _unknown(name)
    path = run.drops / source / name
    try:
        received = intake.receive(run.settings, path)
        known = replace(known, sha256=received.sha256, bytes=received.size)
        totals = intake.totals(path, received.sha256)
        every = contracts.load_all(run.settings.expectations)
        arrival = Arrival(known.file, received.size, totals)
        if receipt_form.NAME.fullmatch(name):
            batch = returned.batch_of(run.settings, source, received.sha256, received.size, job_of)
        else:
            told = period(name, every[source], every, run.night)
            batch = Batch(source, told.as_of, told.correction, received.sha256)
        known = replace(known, as_of=batch.as_of, correction=batch.correction)
        if past and batch.id in past.batches:
            store.forget_raw(run.settings, received.sha256)
            gone = past.batches[batch.id]
            told_once = f"landed in the night {gone.first_night}, and its time is over"
            return _ended(
                known, DeliveryState.DUPLICATE, "DUPLICATE_FILE", f"the same bytes and as_of were {told_once}"
            )
        try:
            facts = land_batch(run, batch, arrival, digests)
        except RefusedError as error:
            if error.code != RETURNED:
                raise
            batch = returned.batch_of(run.settings, source, received.sha256, received.size, job_of)
            known = replace(known, as_of=batch.as_of, correction=batch.correction)
            facts = land_batch(run, batch, arrival, digests)
    except RefusedError as error:
        return _ended(known, DeliveryState.REFUSED, error.code, error.detail)
    except HeldError as error:
        return _ended(known, DeliveryState.HELD, error.code, error.detail)
    known = replace(known, batch=batch.id, rows=int(facts["rows"] or 0))
    if facts["first_night"] != run.night or batch.id in taken:
        since = f"in the night {facts['first_night']}" if batch.id not in taken else "from another file of this night"
        return _ended(known, DeliveryState.DUPLICATE, "DUPLICATE_FILE", f"the same bytes and as_of were landed {since}")
    notes = str(facts["notes"] or "")
    if facts["hold"]:
        return _ended(known, DeliveryState.HELD, str(facts["hold"]), notes)
    return _ended(known, DeliveryState.LANDED, None, "; ".join(filter(None, [f"{known.rows} rows landed", notes])))


def not_admitted(name: str, why: str) -> Delivery:
    """A file of which nothing may be loaded: not even its bytes are kept."""
    return _ended(_unknown(name), DeliveryState.REFUSED, "NOT_ADMITTED", why)


def _unknown(name: str) -> Delivery:
    return Delivery(shown(name), None, None, None, None, None, DeliveryState.REFUSED, None, "", None)


def _ended(known: Delivery, state: DeliveryState, code: str | None, message: str) -> Delivery:
    return replace(known, state=state, code=code, message=f"{known.file}: {message}")
