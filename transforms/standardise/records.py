"""Which record a row tells of, whether its content changed, and what the row asks for (upsert or delete)."""

from __future__ import annotations

import hashlib

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms import code_words, values
from transforms.contract import Contract
from transforms.keys import SEPARATOR, Keys
from transforms.kinds import Kind

_HASH_LENGTH = 32


def content_hashes(contract: Contract, kind: Kind, landed: pd.DataFrame, dated: code_words.Dated) -> list[str]:
    """Per row: sha256 hex (32 characters) over the landed values that feed the kind, in the kind's order.

    Each value counts as ``len:value`` in UTF-8 bytes, a null as ``-``, a dated word with its meaning (docs/rooms.md).
    """
    fed = contract.columns_of(kind.kind)
    headings = list(dict.fromkeys(fed[name].heading for name in kind.properties if name in fed))
    told = [_told(_cells(landed, heading, dated)) for heading in headings]
    joined = pc.binary_join_element_wise(*told, "").cast(pa.binary()).to_pylist() if told else []
    return [hashlib.sha256(row).hexdigest()[:_HASH_LENGTH] for row in joined]


def _cells(landed: pd.DataFrame, heading: str, dated: code_words.Dated) -> pa.Array:
    cells = pa.array(landed[heading], pa.string(), from_pandas=True)
    return code_words.stamped(cells, dated[heading]) if heading in dated else cells


def _told(cells: pa.Array) -> pa.Array:
    length = pc.cast(pc.binary_length(cells), pa.string())
    return pc.fill_null(pc.binary_join_element_wise(length, cells, ":"), "-")


class Counted:
    """Which of its equals a row without a natural key is: counted through a batch, piece after piece."""

    def __init__(self) -> None:
        """Nothing was seen."""
        self._seen: dict[str, int] = {}

    def next(self, content: str) -> int:
        """1 for the first row of a content, 2 for the next."""
        self._seen[content] = self._seen.get(content, 0) + 1
        return self._seen[content]


def record_ids(
    contract: Contract, kind: str, landed: pd.DataFrame, contents: list[str], keys: Keys, counted: Counted
) -> list[str]:
    """The lasting id of each row's record: by natural key, else by content and ordinal among equals in the batch."""
    natural = natural_keys(contract, kind, landed)
    told = [
        SEPARATOR.join(key or (content, str(counted.next(content))))
        for key, content in zip(natural, contents, strict=True)
    ]
    found: list[str] = keys.record_ids(contract.source, kind, pa.array(told, pa.string())).to_pylist()
    return found


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
