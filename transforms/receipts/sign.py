"""Signs a receipt, and says whether one is as it was signed."""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transforms import keys, store
from transforms.errors import GridfactsError
from transforms.receipts.summary import FORM, canonical
from transforms.run import Settings

SIGNED = ".json"  # the ending of the part of a receipt that carries the signature
_SIGNED = re.compile(rf".+\.回执\d*{re.escape(SIGNED)}", re.DOTALL)


@dataclass(frozen=True)
class Verified:
    """A receipt that is as it was signed.

    Attributes:
        receipt, source, night, file: what it is of. parts: its files that were there and whole.
    """

    receipt: str
    source: str
    night: str
    file: str
    parts: tuple[str, ...]


def signed(settings: Settings, receipt: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """The receipt with the sha256 of its files and an HMAC-SHA256 over all of it under the current receipt key."""
    key = keys.load(settings).receipt
    whole = {**receipt, "files": dict(files)}
    told = key.digest("receipt", canonical(whole).decode()).hex()
    return {**whole, "signature": {"key_id": key.key_id, "hmac_sha256": told}}


def verify(settings: Settings, path: Path) -> Verified:
    """Check a receipt by any of its files.

    Args:
        settings: whose keys.
        path: the signed part (``….回执.json``), or a file beside it that it names.

    Raises:
        GridfactsError: ``NOT_SIGNED`` (no receipt is there), ``FORGED`` (it is not as it was signed) or ``ALTERED``
            (a file beside it is not as the receipt says).
    """
    where = path if _SIGNED.fullmatch(path.name) else _signed_beside(path)
    whole = _read(where)
    told = whole.pop("signature", None)
    if not isinstance(told, dict) or not {"key_id", "hmac_sha256"} <= told.keys():
        raise GridfactsError("NOT_SIGNED", f"{where.name} carries no signature")
    key = keys.of(settings, "receipt", str(told["key_id"]))
    if not hmac.compare_digest(key.digest("receipt", canonical(whole).decode()).hex(), str(told["hmac_sha256"])):
        raise GridfactsError("FORGED", f"{where.name} is not as it was signed")
    parts = []
    for name, digest in sorted(whole["files"].items()):
        part = where.with_name(name)
        if part.is_file() and store.file_sha256(part) != digest:
            raise GridfactsError("ALTERED", f"{name} is not as it was issued")
        if part.is_file():
            parts.append(name)
    if path != where and path.name not in parts:
        raise GridfactsError("NOT_SIGNED", f"{where.name} does not name {path.name}")
    return Verified(whole["receipt"], whole["source"], whole["night"], whole["file"]["name"], tuple(parts))


def _signed_beside(path: Path) -> Path:
    """The signed part that a file lies beside: the longest stem the names share."""
    signed_parts = (p for p in path.parent.glob(f"*{SIGNED}") if _SIGNED.fullmatch(p.name))
    found = [p for p in signed_parts if path.name.startswith(p.name.removesuffix(SIGNED))]
    if not found:
        raise GridfactsError("NOT_SIGNED", f"no signed receipt lies beside {path.name}")
    return max(found, key=lambda p: len(p.name))


def _read(path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(path.read_bytes())
    except (OSError, ValueError):
        raise GridfactsError("NOT_SIGNED", f"{path.name} is no receipt") from None
    if not isinstance(whole, dict) or whole.get("form") != FORM:
        raise GridfactsError("NOT_SIGNED", f"{path.name} is no receipt")
    return whole
