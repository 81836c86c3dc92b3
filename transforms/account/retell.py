"""What standardise must have left of a batch, told again from the landed rows by the words of docs/rooms.md alone."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

from transforms import keys, values
from transforms.account.night import Night
from transforms.contract import Contract
from transforms.kinds import FREE_TEXT
from transforms.model import Batch

_CONTENT = 32  # characters of a content hash
_NODE = pa.schema([("ordinal", pa.int64()), ("record_id", pa.string()), ("path", pa.string())])


def digests(rows: pa.Table, headings: list[str]) -> list[str]:
    """Sha256 hex of every row over its values in the order of the headings: ``byte length:value``, null as ``-``."""
    parts = []
    for heading in headings:
        column = rows[heading].combine_chunks()
        length = pc.binary_length(column).cast(pa.string())
        parts.append(pc.fill_null(pc.binary_join_element_wise(length, column, ":"), "-"))
    whole = pc.binary_join_element_wise(*parts, "").to_pylist() if parts else [""] * rows.num_rows
    return [hashlib.sha256(text.encode()).hexdigest() for text in whole]


def told_rows(night: Night, batch: Batch, kind: str, rows: pa.Table, standard: pa.Table) -> pa.Table:
    """Ids, record, content hash and raw texts of every accepted row, for a kind that is fed by rows.

    Args:
        night: whose contracts, kinds and keys count.
        batch: which one.
        kind: a kind its source feeds.
        rows: the accepted landed rows.
        standard: standardise's table, for the names of its raw columns only.
    """
    contract = night.contracts[batch.source]
    fed = contract.columns_of(kind)
    order = [fed[name].heading for name in night.kinds[kind].properties if name in fed]
    content = [digest[:_CONTENT] for digest in digests(rows, list(dict.fromkeys(order)))]
    told = {name: rows[name] for name in ("batch", "ordinal", "line")}
    told["content_hash"] = pa.array(content, pa.string())
    told["record_id"] = pa.array(_record_ids(night, contract, kind, rows, content), pa.string())
    for name, column in fed.items():
        if f"raw_{name}" in standard.column_names:
            free = night.kinds[kind].properties[name].type in FREE_TEXT
            landed = rows[column.heading]
            told[f"raw_{name}"] = pa.array(values.mask_numbers(landed.to_pandas()), pa.string()) if free else landed
    return pa.table(told)


def _record_ids(night: Night, contract: Contract, kind: str, rows: pa.Table, content: list[str]) -> list[str]:
    """(source, natural key), or without a key (source, content hash, ordinal among equals)."""
    named = keys.load(night.run.settings)
    seen: dict[str, int] = {}
    found = []
    for key, text in zip(_natural_keys(contract, kind, rows), content, strict=True):
        if key is None:
            seen[text] = seen.get(text, 0) + 1
        found.append(named.record_id(contract.source, kind, key or (text, str(seen[text]))))
    return found


def _natural_keys(contract: Contract, kind: str, rows: pa.Table) -> list[tuple[str, ...] | None]:
    headings = contract.feeds[kind].key
    if not headings:
        return [None] * rows.num_rows
    parts = []
    for heading in headings:
        text = values.clean_text(rows[heading].to_pandas())
        parts.append(text.where(~values.is_null(text, contract.arrives.null_marks), None).tolist())
    return [None if None in key else key for key in zip(*parts, strict=True)]


def told_nodes(night: Night, batch: Batch, kind: str, mention: str) -> pa.Table:
    """Every node that the accepted rows name and the smallest row naming it, for a kind that is fed by mentions.

    The paths are those that another kind of the source has of the same heading; a source that tells its addresses to
    no other kind is not held against anything here (the table is what standardise wrote).
    """
    heading = night.contracts[batch.source].columns_of(kind)[mention].heading
    sibling = _sibling(night, batch.source, kind, heading)
    if sibling is None:
        return night.of_batch("standardise", batch, kind).select(_NODE.names).cast(_NODE)
    standard = night.of_batch("standardise", batch, sibling[0])
    named = keys.load(night.run.settings)
    first: dict[str, int] = {}
    for path, ordinal in zip(standard[f"{sibling[1]}_path"].to_pylist(), standard["ordinal"].to_pylist(), strict=True):
        for node in _nodes(path):
            first[node] = min(ordinal, first.get(node, ordinal))
    rows = [
        {"ordinal": ordinal, "record_id": named.record_id(batch.source, kind, (path,)), "path": path}
        for path, ordinal in first.items()
    ]
    return pa.Table.from_pylist(rows, _NODE)


def _sibling(night: Night, source: str, kind: str, heading: str) -> tuple[str, str] | None:
    """(kind, property) of another kind of the source that keeps the whole path of a heading."""
    contract = night.contracts[source]
    for other in sorted(set(contract.feeds) - {kind}):
        for name, column in contract.columns_of(other).items():
            told = night.kinds[other].properties[name]
            if column.heading == heading and told.type == "address" and told.level is None:
                return other, name
    return None


def _nodes(path: str | None) -> list[str]:
    """Paths of every node from the coarsest below the village down to the path itself."""
    steps = path.split("|") if path else []
    return ["|".join(steps[: end + 1]) for end in range(1, len(steps))]
