"""What standardise must have left of a batch, told again from the landed rows by the words of docs/rooms.md alone."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import code_words, keys, values
from transforms.account.night import Night
from transforms.contract import Contract
from transforms.kinds import FREE_TEXT
from transforms.model import UNKEPT, Batch

_CONTENT = 32  # characters of a content hash
_SEPARATOR = "\x1f"  # between the parts of a natural key (transforms.keys)
_NODE = pa.schema([("ordinal", pa.int64()), ("record_id", pa.string()), ("path", pa.string())])


def digests(rows: pa.Table, headings: list[str]) -> pa.Array:
    """Sha256 hex of every row over its values in the order of the headings: ``byte length:value``, null as ``-``."""
    parts = []
    for heading in headings:
        column = rows[heading].combine_chunks()
        length = pc.binary_length(column).cast(pa.string())
        parts.append(pc.fill_null(pc.binary_join_element_wise(length, column, ":"), "-"))
    if not parts:
        return pa.repeat(pa.scalar(hashlib.sha256().hexdigest()), rows.num_rows)
    whole = pc.binary_join_element_wise(*parts, "").cast(pa.binary()).to_pylist()
    sha256 = hashlib.sha256
    return pa.array([sha256(text).hexdigest() for text in whole], pa.string())


def told_rows(night: Night, batch: Batch, kind: str, landed: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Ids, record, content hash and raw texts of every accepted row, for a kind that is fed by rows; in pieces.

    Args:
        night: whose contracts, kinds and keys count.
        batch: which one.
        kind: a kind its source feeds.
        landed: the accepted landed rows, in the order of the file.
    """
    contract = night.contracts[batch.source]
    fed = contract.columns_of(kind)
    order = [fed[name].heading for name in night.kinds[kind].properties if name in fed]
    present = pq.read_schema(night.batch_path("standardise", batch, kind)).names
    dated = code_words.other(batch.source, night.run.settings.expectations, batch.as_of)
    known: Counter[str] = Counter()
    unkept = night.of_batch("check", batch, "finding", ["ordinal", "field", "rule"])
    unkept = unkept.filter(pc.is_in(unkept["rule"], value_set=pa.array(UNKEPT)))
    for rows in landed:
        content = pc.utf8_slice_codeunits(digests(_with_days(rows, dated), list(dict.fromkeys(order))), 0, _CONTENT)
        told = {name: rows[name] for name in ("batch", "ordinal", "line")}
        told["content_hash"] = content
        told["record_id"] = _record_ids(night, contract, kind, rows, content, known)
        for name, column in fed.items():
            if f"raw_{name}" in present:
                free = night.kinds[kind].properties[name].type in FREE_TEXT
                text = _kept(rows, column.heading, unkept)
                told[f"raw_{name}"] = pa.array(values.mask_numbers(text.to_pandas()), pa.string()) if free else text
        yield pa.table(told)


def _kept(rows: pa.Table, heading: str, unkept: pa.Table) -> pa.ChunkedArray:
    """The landed texts of a column less those of which nothing is kept."""
    mine = unkept.filter(pc.equal(unkept["field"], heading))["ordinal"].combine_chunks()
    return pc.if_else(pc.is_in(rows["ordinal"], value_set=mine), None, rows[heading]) if len(mine) else rows[heading]


def _with_days(rows: pa.Table, dated: code_words.Dated) -> pa.Table:
    """The rows with the meaning of its day behind every word that means another thing than the contract says."""
    for heading in set(dated) & set(rows.column_names):
        cells = code_words.stamped(rows[heading].combine_chunks(), dated[heading])
        rows = rows.set_column(rows.schema.get_field_index(heading), heading, cells)
    return rows


def _record_ids(
    night: Night, contract: Contract, kind: str, rows: pa.Table, content: pa.Array, known: Counter[str]
) -> pa.Array:
    """(source, natural key), or without a key (source, content hash, ordinal among equals); each distinct one once.

    ``known`` counts the contents without a key of the rows before, and then those of these rows too.
    """
    told = _natural_keys(contract, kind, rows)
    if told.null_count:
        missing = told.is_null()
        texts = content.filter(missing).to_pandas()
        before = texts.map(known).fillna(0).astype("int64")
        among = (before + texts.groupby(texts).cumcount() + 1).astype(str)
        known.update(texts)
        told = pc.replace_with_mask(told, missing, pa.array(texts + _SEPARATOR + among, pa.string()))
    distinct = told.dictionary_encode()
    ids = keys.load(night.run.settings).record_ids(contract.source, kind, distinct.dictionary)
    return ids.take(distinct.indices)


def _natural_keys(contract: Contract, kind: str, rows: pa.Table) -> pa.Array:
    """The parts of each row's natural key, joined; null where a part is not said or the feed has no key."""
    parts = []
    for heading in contract.feeds[kind].key:
        text = values.clean_text(rows[heading].to_pandas())
        said = text.where(~text.isin(list(contract.arrives.null_marks)), None)
        parts.append(pa.array(said, pa.string(), from_pandas=True))
    return pc.binary_join_element_wise(*parts, _SEPARATOR) if parts else pa.nulls(rows.num_rows, pa.string())


def told_nodes(night: Night, batch: Batch, kind: str, mention: str) -> pa.Table:
    """Every node that the accepted rows name and the smallest row naming it, for a kind that is fed by mentions.

    The paths are those that another kind of the source has of the same heading; a source that tells its addresses to
    no other kind is not held against anything here (the table is what standardise wrote).
    """
    heading = night.contracts[batch.source].columns_of(kind)[mention].heading
    sibling = _sibling(night, batch.source, kind, heading)
    if sibling is None:
        return night.of_batch("standardise", batch, kind, _NODE.names).cast(_NODE)
    standard = night.of_batch("standardise", batch, sibling[0], [f"{sibling[1]}_path", "ordinal"])
    nodes = _nodes(standard.rename_columns(["path", "ordinal"]))
    path = nodes["path"].combine_chunks()
    ids = keys.load(night.run.settings).record_ids(batch.source, kind, path)
    return pa.table([nodes["ordinal"], ids, path], schema=_NODE)


def _sibling(night: Night, source: str, kind: str, heading: str) -> tuple[str, str] | None:
    """(kind, property) of another kind of the source that keeps the whole path of a heading."""
    contract = night.contracts[source]
    for other in sorted(set(contract.feeds) - {kind}):
        for name, column in contract.columns_of(other).items():
            told = night.kinds[other].properties[name]
            if column.heading == heading and told.type == "address" and told.level is None:
                return other, name
    return None


def _nodes(told: pa.Table) -> pa.Table:
    """(path, ordinal) of every node of the paths, from the coarsest below the village down, and its smallest row."""
    leaves = _smallest(told.filter(told["path"].is_valid()))
    steps = pc.split_pattern(leaves["path"].combine_chunks(), "|")
    lengths = pc.list_value_length(steps)
    found = [leaves.slice(0, 0)]
    for depth in range(2, int(pc.max(lengths).as_py() or 0) + 1):
        deep = pc.greater_equal(lengths, depth)
        path = pc.binary_join(pc.list_slice(steps.filter(deep), 0, depth), "|")
        found.append(pa.table({"path": path, "ordinal": leaves["ordinal"].filter(deep)}))
    return _smallest(pa.concat_tables(found))


def _smallest(told: pa.Table) -> pa.Table:
    least = told.group_by("path").aggregate([("ordinal", "min")])
    return pa.table({"path": least["path"], "ordinal": least["ordinal_min"]})
