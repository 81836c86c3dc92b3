"""vault_identifier: the document numbers and phones of an entity, by token. What is sealed stays where it lies.

Ciphertext is as large as all else that is merged, and most nights nearly all of it is published already: ``close`` adds
it to the rows that begin (transforms/account/sealed.py).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import codes, whole
from transforms.kinds import Kind
from transforms.live import Live
from transforms.merge.golden import Flags, Golden, Ints, ranks
from transforms.merge.standards import Columns

_NOTHING = pa.array([], pa.string())
_SEALED = {"document": ("document", "_token"), "phone": ("phone", "_tokens"), "number": (None, "_token")}


def token_columns(kind: Kind) -> dict[str, str]:
    """Clean column that holds tokens of sealed values → what these are (document, phone, the name of a number)."""
    named = {name: _SEALED[kind.properties[name].type] for name in kind.typed(*_SEALED)}
    return {f"{name}{ending}": what or name for name, (what, ending) in named.items()}


def vault_table(kind: Kind, golden: Golden, borrowed: Flags) -> Columns:
    """One row per (entity, what, token); of several records that say it, for the one of the smallest id.

    A valid number that resolve took from a record (``ID_CONFLICT``: it is another's) is not filed under its entity.

    Args:
        kind: the kind.
        golden: its survivors.
        borrowed: per live record whether its decisive number was taken from it.
    """
    told = [(what, *_told(kind, golden, column, borrowed)) for column, what in token_columns(kind).items()]
    names = sorted({what for what, _, _ in told})
    what = np.concatenate([np.zeros(0, dtype=np.int64), *(np.full(len(r), names.index(name)) for name, r, _ in told)])
    record = np.concatenate([np.zeros(0, dtype=np.int64), *(record for _, record, _ in told)])
    token = pa.concat_arrays([_NOTHING, *(said.dictionary_decode() for _, _, said in told)])
    chosen = published(golden.entity[record], record, what, token)
    r = record[chosen]
    return {
        "entity_id": golden.ids.take(pa.array(golden.entity[r])),
        "what": pa.DictionaryArray.from_arrays(what[chosen].astype(np.int32), pa.array(names, pa.string())),
        "token": token.take(pa.array(chosen)),
        "kind": pa.DictionaryArray.from_arrays(np.zeros(len(r), dtype=np.int32), pa.array([kind.kind])),
        "valid_from": pa.array(golden.live.days()[r], pa.int32()).cast(pa.date32()),
        "valid_to": pa.nulls(len(r), pa.date32()),
        "provenance": pc.binary_join_element_wise('{"record":"', golden.live.ids.take(pa.array(r)), '"}', ""),
    }


def published(entity: Ints, record: Ints, what: Ints, token: pa.Array) -> Ints:
    """Of several rows that say one thing of one entity that of the smallest record, by entity, what and token.

    Args:
        entity: of each row.
        record: who says so; those of one entity by their ids.
        what: document or phone, as numbers in their order.
        token: the value.
    """
    group = entity * (what.max(initial=0) + 1) + what
    order = np.argsort(group, kind="stable")
    again = group[order[1:]] == group[order[:-1]]
    tied = np.append(again, False) | np.append(False, again) if len(order) else np.zeros(0, dtype=bool)
    rows = order[tied]  # most things are said by one row alone: tokens of the others are looked at
    rank = ranks(token.take(pa.array(rows)))
    by = np.lexsort((record[rows], rank, group[rows]))
    order[tied] = rows[by]
    first = np.ones(len(order), dtype=bool)
    new = np.diff(rank[by], prepend=-1).astype(bool) | np.diff(group[rows[by]], prepend=-1).astype(bool)
    first[tied] = new
    return order[first]


def _told(kind: Kind, golden: Golden, column: str, borrowed: Flags) -> tuple[Ints, pa.DictionaryArray]:
    """(record, token) of what the records say in a column, each token of an entity once where it is told in a row."""
    record, token = _said(golden.live, column)
    entity, code = golden.entity[record], token.indices.to_numpy()
    kept = np.append(True, (entity[1:] != entity[:-1]) | (code[1:] != code[:-1]))[: len(record)]
    if kind.link.decisive and column == kind.token_of(kind.link.decisive):
        own = ~borrowed[record]
        kept = own & (kept | np.append(False, ~own[:-1])[: len(record)])
    return record[kept], token.take(pa.array(np.flatnonzero(kept)))


def _said(live: Live, column: str) -> tuple[Ints, pa.DictionaryArray]:
    """The numbers of the records that say a token, as often as they say one, and the tokens."""
    if column not in live.column_names:
        return np.zeros(0, dtype=np.int64), _NOTHING.dictionary_encode()
    said = whole(live.column(column))
    if pa.types.is_list(said.type) or pa.types.is_large_list(said.type):
        return pc.list_parent_indices(said).to_numpy().astype(np.int64), codes(pc.list_flatten(said))
    record = np.flatnonzero(said.is_valid().to_numpy(zero_copy_only=False))
    return record, codes(said.take(pa.array(record)) if len(record) < len(said) else said)
