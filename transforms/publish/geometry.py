"""PostGIS geometry where the extension is: views ``geo_*`` beside ``v1_*``, and indexes of the points.

Tables and ``v1`` views are the same on every database: points are ``lon``, ``lat``, polygons GeoJSON text. Where the
owner of a PostgreSQL database has made the extension (``CREATE EXTENSION postgis`` needs a superuser, so gridfacts does
not), the next publish adds what is here; without it nothing is missing but these views.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from transforms import database
from transforms.tables import SQL

_FOLDER = SQL / "views" / "postgis"
_POINTS = ("std_address", "std_building", "fact_facility")
_POINT = "(ST_SetSRID(ST_MakePoint(lon, lat), 4490)::geometry(Point, 4490))"
_WHERE = (
    "SELECT space.nspname FROM pg_extension AS held JOIN pg_namespace AS space ON space.oid = held.extnamespace "
    "WHERE held.extname = 'postgis'"
)


def ensure(engine: Engine) -> bool:
    """Make the views and indexes in the release schema if the extension is there and they are not.

    Returns:
        True where they are there now.

    Raises:
        DatabaseError: the database refused.
    """
    if engine.dialect.name != "postgresql":
        return False
    with database.reading(engine) as connection:
        space = connection.scalar(sa.text(_WHERE))
        made = not _missing(connection)
    if space is None or made:
        return made
    with database.writing(engine) as connection:
        quoted = connection.dialect.identifier_preparer.quote(str(space))
        connection.exec_driver_sql(f"SET LOCAL search_path TO release, {quoted}")
        drop(connection)
        for path in sorted(_FOLDER.glob("*.sql")):
            connection.exec_driver_sql(path.read_text("utf-8"))
        for table in _POINTS:
            connection.exec_driver_sql(
                f"CREATE INDEX {table}_point_idx ON {table} USING gist ({_POINT}) WHERE known_to IS NULL"
            )
    return True


def drop(connection: Connection) -> None:
    """Remove them: they stand on views and columns that a migration may change."""
    for path in _FOLDER.glob("*.sql"):
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {path.stem}")
    for table in _POINTS:
        connection.exec_driver_sql(f"DROP INDEX IF EXISTS {table}_point_idx")


def _missing(connection: Connection) -> set[str]:
    return {path.stem for path in _FOLDER.glob("*.sql")} - set(sa.inspect(connection).get_view_names())
