"""The sealed checkpoint: a batch that was re-read and told whole need not be told again by ``close`` (README.md)."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import asdict
from pathlib import Path

from transforms import keys, manifest, store
from transforms.account.night import Delivery, Night
from transforms.account.pages import QUARANTINED, Page, Pages, Rows

_SEAL, _TABLE = "seal.json", "quarantined.parquet"
_ROOMS = ("land", "check", "standardise")
Claim = dict[str, object]


def trust(pages: Pages) -> None:
    """Take the pages of sealed batches as they were told, where everything they were told from is as it was.

    Raises:
        StaleInputError: a room's output is missing, incomplete or stale.
    """
    for deliveries in pages.night.deliveries.values():
        for delivery in deliveries:
            page = _sealed(pages, delivery) if delivery.passed else None
            if page is not None:
                pages.trust(delivery.batch, page)


def write(pages: Pages) -> None:
    """Seal every batch that this night told whole. Only for a night without a finding."""
    for deliveries in pages.night.deliveries.values():
        for delivery in deliveries:
            if delivery.passed and delivery.batch not in pages.sealed:
                _write(pages, delivery)


def _sealed(pages: Pages, delivery: Delivery) -> Page | None:
    """The sealed page, or None where there is no seal, it is not ours, or anything it stands on has changed."""
    folder = _folder(pages.night, delivery)
    try:
        stored = json.loads((folder / _SEAL).read_text("utf-8"))
        claim, told, mac = stored["claim"], stored["page"], str(stored["mac"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not hmac.compare_digest(mac, _mac(pages.night, claim, told)) or claim != _claim(pages.night, delivery):
        return None
    if told["versions"] != {kind: pages.versions.digest(delivery.batch.id, kind) for kind in told["versions"]}:
        return None
    path = folder / _TABLE
    if not path.is_file() or store.file_sha256(path) != told["quarantined"]:
        return None
    repeats = {kind: Rows(**found) for kind, found in told["repeats"].items()}
    quarantined = store.read_table(path).cast(QUARANTINED)
    return Page(told["landed"], quarantined, Rows(**told["erased"]), repeats, told["versions"])


def _write(pages: Pages, delivery: Delivery) -> None:
    page = pages.of(delivery)
    with store.output(_folder(pages.night, delivery)) as fresh:
        store.write_table(fresh / _TABLE, page.quarantined)
        claim = _claim(pages.night, delivery)
        told: Claim = {
            "landed": page.landed,
            "quarantined": store.file_sha256(fresh / _TABLE),
            "erased": asdict(page.erased),
            "repeats": {kind: asdict(found) for kind, found in page.repeats.items()},
            "versions": page.versions,
        }
        sealed = {"claim": claim, "page": told, "mac": _mac(pages.night, claim, told)}
        (fresh / _SEAL).write_text(_canonical(sealed), "utf-8")


def _claim(night: Night, delivery: Delivery) -> Claim:
    """What the page stands on: bytes, code, promise, the rooms' tables by their sha256, the delivery before it."""
    expectations = night.run.settings.expectations
    against: list[object] = [[one.batch.id, _files(night, one, ("standardise",))] for one in night.before(delivery)]
    if delivery.batch.source in night.past.through and (
        not delivery.position or night.contracts[delivery.batch.source].arrives.mode == "delta"
    ):
        against.append(night.past.digest)
    return {
        "batch": delivery.batch.id,
        "code": manifest.code_of("account"),
        "reader": manifest.code_of("land"),
        "configuration": manifest.configuration(expectations, delivery.batch.source),
        "keys": keys.load(night.run.settings).record.identifier("seal"),
        "rows": delivery.rows,
        "fate": delivery.fate,
        "files": _files(night, delivery, _ROOMS),
        "against": hashlib.sha256(_canonical(against).encode()).hexdigest(),
    }


def _files(night: Night, delivery: Delivery, rooms: tuple[str, ...]) -> dict[str, str]:
    """Room and file → sha256 of its bytes, which :meth:`Night.require` has compared with the file itself."""
    found: dict[str, str] = {}
    for room in rooms:
        told = night.require(store.batch_dir(night.run.settings, room, delivery.batch.id), room)
        found |= {f"{room}/{name}": str(file["sha256"]) for name, file in told.files.items()}
    return found


def _folder(night: Night, delivery: Delivery) -> Path:
    return store.batch_dir(night.run.settings, "account", delivery.batch.id)


def _mac(night: Night, claim: Claim, told: Claim) -> str:
    return keys.load(night.run.settings).audit.digest("seal", _canonical([claim, told])).hex()


def _canonical(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
