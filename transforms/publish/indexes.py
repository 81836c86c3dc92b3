"""A first load goes without secondary indexes; they are made once, from all rows, when the rows are there.

Sorted once an index costs a quarter of what it costs row by row, and a reference is asked of all rows by one join
(PostgreSQL; SQLite asks while it inserts). Primary keys stay: their rows come in their order, and making them
afterwards costs as much. All within the caller's transaction, on both databases.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from transforms import bulk
from transforms.publish.loading import Loader

_SQLITE = sa.text(
    "SELECT tbl_name AS of, 'DROP INDEX \"' || name || '\"' AS gone, sql AS made FROM sqlite_master "
    "WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN :tables ORDER BY name"
)
_POSTGRES = sa.text("""
SELECT known.tablename AS of, format('DROP INDEX %I', known.indexname) AS gone, known.indexdef AS made
FROM pg_indexes AS known
WHERE known.schemaname = current_schema() AND known.tablename IN :tables AND NOT EXISTS (
  SELECT 1 FROM pg_constraint AS held
  WHERE held.connamespace = current_schema()::regnamespace AND held.conname = known.indexname)
UNION ALL
SELECT
  owner.relname,
  format('ALTER TABLE %I DROP CONSTRAINT %I', owner.relname, held.conname),
  format('ALTER TABLE %I ADD CONSTRAINT %I %s', owner.relname, held.conname, pg_get_constraintdef(held.oid))
FROM pg_constraint AS held
INNER JOIN pg_class AS owner ON owner.oid = held.conrelid
WHERE held.connamespace = current_schema()::regnamespace AND held.contype = 'f' AND owner.relname IN :tables
ORDER BY made
""")


def drop(connection: Connection, tables: Collection[str]) -> dict[str, list[str]]:
    """Drop every index of these tables that is no primary key, and on PostgreSQL every reference to another table.

    Returns:
        Table → the statements that make them again.
    """
    asked = _POSTGRES if bulk.is_postgres(connection) else _SQLITE
    found = connection.execute(asked.bindparams(sa.bindparam("tables", list(tables), expanding=True))).all()
    made: dict[str, list[str]] = {name: [] for name in tables}
    for row in found:
        connection.exec_driver_sql(str(row.gone))
        made[row.of].append(str(row.made))
    return made


def make(loader: Loader, statements: Iterable[str]) -> None:
    """Make what :func:`drop` dropped of a table, as soon as its rows are there: they are in memory still.

    Raises:
        DatabaseError: two rows have one key (of the caller's transaction, which then ends).
    """
    for statement in statements:
        loader.execute(statement)
