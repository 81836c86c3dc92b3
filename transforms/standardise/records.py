"""Which record a row tells of, whether its content changed, and what the row asks for (upsert or delete)."""

from __future__ import annotations

import hashlib

import pandas as pd

from transforms import values
from transforms.contract import Contract
from transforms.keys import Keys
from transforms.kinds import Kind

_HASH_LENGTH = 32


def content_hashes(contract: Contract, kind: Kind, landed: pd.DataFrame) -> list[str]:
    """Per row: sha256 hex (32 characters) over the landed values that feed the kind, in the kind's order.

    Each value counts as ``len:value`` in UTF-8 bytes, a null as ``-`` (docs/rooms.md).
    """
    fed = contract.columns_of(kind.kind)
    headings = list(dict.fromkeys(fed[name].heading for name in kind.properties if name in fed))
    parts = [[_part(value) for value in landed[heading]] for heading in headings]
    return [hashlib.sha256(b"".join(row)).hexdigest()[:_HASH_LENGTH] for row in zip(*parts, strict=True)]


def _part(value: object) -> bytes:
    if not isinstance(value, str):
        return b"-"
    raw = value.encode("utf-8", "surrogatepass")
    return b"%d:%s" % (len(raw), raw)


def record_ids(contract: Contract, kind: str, landed: pd.DataFrame, contents: list[str], keys: Keys) -> list[str]:
    """The lasting id of each row's record: by natural key, else by content and ordinal among equals in the batch."""
    natural = natural_keys(contract, kind, landed)
    seen: dict[str, int] = {}
    ids = []
    for key, content in zip(natural, contents, strict=True):
        if key is None:
            seen[content] = seen.get(content, 0) + 1
        ids.append(keys.record_id(contract.source, kind, key or (content, str(seen[content]))))
    return ids


def natural_keys(contract: Contract, kind: str, landed: pd.DataFrame) -> list[tuple[str, ...] | None]:
    """The natural key of each row, None where the feed has none or a part of it is not said."""
    headings = contract.feeds[kind].key
    if not headings:
        return [None] * len(landed)
    parts = []
    for heading in headings:
        text = values.clean_text(landed[heading])
        parts.append(text.where(~values.is_null(text, contract.arrives.null_marks), None))
    return [key if None not in key else None for key in zip(*parts, strict=True)]


def operations(contract: Contract, landed: pd.DataFrame) -> pd.Series:
    """``delete`` where a delta's row takes its record away, else ``upsert``."""
    operation = contract.arrives.operation
    if operation is None:
        return pd.Series("upsert", index=landed.index, dtype=object)
    taken_away = values.clean_text(landed[operation.heading]).isin(list(operation.delete))
    return taken_away.map({True: "delete", False: "upsert"}).astype(object)
