"""After the vault key was rotated: every published number and phone under the current key, history included.

Nothing that a release counts changes (a vault row counts by its token), so there is no new release: readers see the
same rows with other ciphertext. What the lake keeps of earlier nights stays under the key of its night.
"""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from sqlalchemy.engine import Connection

from transforms import bulk
from transforms.errors import GridfactsError
from transforms.keys import Keys

_TABLE, _STAGED = "vault_identifier", "sealed_anew"
_KEY = ("entity_id", "what", "token", "known_from")


def by_key(connection: Connection) -> dict[str, int]:
    """Key id → rows sealed under it."""
    found = connection.execute(sa.text(f"SELECT key_id, COUNT(*) FROM {_TABLE} GROUP BY key_id ORDER BY key_id"))  # noqa: S608
    return {str(key_id): int(rows) for key_id, rows in found}


def reseal(connection: Connection, keys: Keys) -> int:
    """Seal the rows of older keys under the current one; the caller commits.

    Returns:
        How many rows.

    Raises:
        GridfactsError: ``VAULT``: a row opens under no key of the key file; nothing is changed.
    """
    done = 0
    for key_id in by_key(connection):
        if key_id != keys.vault.key_id:
            rows = bulk.select(connection, _TABLE, [*_KEY, "ciphertext", "key_id"], {"key_id": key_id})
            _rewrite(connection, _anew(rows, keys))
            done += rows.num_rows
    return done


def _anew(rows: pa.Table, keys: Keys) -> pa.Table:
    try:
        sealed = [keys.seal(keys.unseal(value)) for value in rows["ciphertext"].to_pylist()]
    except InvalidTag:
        [key_id] = set(rows["key_id"].to_pylist())
        raise GridfactsError("VAULT", f"rows of key {key_id!r} open under no key of the key file") from None
    fresh = {"ciphertext": pa.array(sealed, pa.binary()), "key_id": pa.array([keys.vault.key_id] * len(sealed))}
    return pa.table({name: fresh.get(name, rows[name]) for name in rows.column_names}, schema=rows.schema)


def _rewrite(connection: Connection, rows: pa.Table) -> None:
    bulk.stage(connection, _STAGED, _TABLE, rows)
    same = " AND ".join(f"one.{key} = fresh.{key}" for key in _KEY)
    connection.exec_driver_sql(
        f"UPDATE {_TABLE} AS one SET ciphertext = fresh.ciphertext, key_id = fresh.key_id "  # noqa: S608 - our names
        f"FROM {_STAGED} AS fresh WHERE {same}"
    )
