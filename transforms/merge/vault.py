"""vault_identifier: the sealed document numbers and phones of an entity, by token."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from transforms.merge.golden import Golden
from transforms.merge.standards import Columns


def vault_table(kind: str, golden: Golden, vault: pa.Table, trusted: list[bool], decisive: str | None) -> Columns:
    """One row per (entity, what, token); of several records that say it, the smallest record id's ciphertext.

    A valid number that resolve took from a record (``ID_CONFLICT``: it is another's) is not filed under its entity.

    Args:
        kind: the kind.
        golden: its survivors.
        vault: model.VAULT of the batches its live records come from.
        trusted: per live record, its number is believed.
        decisive: the decisive property.
    """
    live = golden.live
    ids = live.column("record_id").to_pylist()
    at = {record: r for r, record in enumerate(ids)}
    valid = (
        live.column(f"{decisive}_valid").to_pylist() if f"{decisive}_valid" in live.column_names else [False] * len(ids)
    )
    since = live.column("since").to_pylist()
    rows: dict[tuple[str, str, str], tuple[int, bytes, str]] = {}
    for row in vault.to_pylist():
        r = at.get(row["record_id"])
        if r is None or row["kind"] != kind or row["token"] is None:
            continue
        if row["what"] == decisive and valid[r] and not trusted[r]:
            continue
        key = (golden.entities[golden.entity[r]], row["what"], row["token"])
        rows[key] = min(rows.get(key, (r, row["ciphertext"], row["key_id"])), (r, row["ciphertext"], row["key_id"]))
    order = sorted(rows)
    return {
        **{
            name: pa.array([key[i] for key in order], pa.string())
            for i, name in enumerate(("entity_id", "what", "token"))
        },
        "kind": pa.array([kind] * len(order), pa.string()),
        "ciphertext": pa.array([rows[key][1] for key in order], pa.binary()),
        "key_id": pa.array([rows[key][2] for key in order], pa.string()),
        "valid_from": pa.array([date.fromisoformat(since[rows[key][0]]) for key in order], pa.date32()),
        "valid_to": pa.nulls(len(order), pa.date32()),
        "provenance": pa.array([f'{{"record":"{ids[rows[key][0]]}"}}' for key in order], pa.string()),
    }
