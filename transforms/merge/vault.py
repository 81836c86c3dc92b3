"""vault_identifier: the sealed document numbers and phones of an entity, by token."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import whole
from transforms.merge.golden import Flags, Golden, Ints, begins, ranks, says
from transforms.merge.sealed import Told
from transforms.merge.standards import Columns

_BITS = 32  # of a row's number, below that of its record


def vault_table(kind: str, golden: Golden, vault: Told, borrowed: tuple[str, Flags]) -> Columns:
    """One row per (entity, what, token); of several records that say it, the smallest record id's ciphertext.

    A valid number that resolve took from a record (``ID_CONFLICT``: it is another's) is not filed under its entity.

    Args:
        kind: the kind.
        golden: its survivors.
        vault: transforms.merge.night.VAULT of its live records, in a total order.
        borrowed: the decisive property, and per live record whether its number was taken from it.
    """
    decisive, taken = borrowed
    r = vault.record
    kept = np.flatnonzero(~(says(vault.table["what"], decisive) & taken[r]))
    what, token = (ranks(vault.table[name])[kept] for name in ("what", "token"))
    chosen = kept[published(golden.entity[r[kept]], r[kept], what, token)]
    told, r = vault.table.take(pa.array(chosen)), r[chosen]
    ids = golden.live.ids.take(pa.array(r))
    return {
        "entity_id": golden.ids.take(pa.array(golden.entity[r])),
        "what": whole(told["what"]),
        "token": whole(told["token"]),
        "kind": pa.DictionaryArray.from_arrays(np.zeros(len(r), dtype=np.int32), pa.array([kind])),
        "ciphertext": whole(told["ciphertext"]),
        "key_id": whole(told["key_id"]),
        "valid_from": pa.array(golden.live.days()[r], pa.int32()).cast(pa.date32()),
        "valid_to": pa.nulls(len(r), pa.date32()),
        "provenance": pc.binary_join_element_wise('{"record":"', ids, '"}', ""),
    }


def published(entity: Ints, record: Ints, what: Ints, token: Ints) -> Ints:
    """Of several rows that say one thing of one entity the first of the smallest record, by entity, what and token.

    Args:
        entity: of each row; and so on: numbers from 0, in the order of what they stand for.
        record: who says so.
        what: document or phone.
        token: the value.
    """
    key = (entity * (what.max(initial=0) + 1) + what) * (token.max(initial=0) + 1) + token
    order = np.argsort(key)
    starts = begins(key[order])
    if not len(starts):
        return starts
    row = np.arange(len(key))
    return np.minimum.reduceat((record << _BITS | row)[order], starts) & ((1 << _BITS) - 1)
