"""GeoPackage (OGC 12-128): rows with a place as layers, CGCS2000 (EPSG:4490), others as attributes. Needs pyogrio."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import shapely

from transforms.errors import ConfigError

_CRS = "EPSG:4490"


def write(path: Path, layer: str, table: pa.Table, night: str) -> None:
    """Add a layer, or a table of attributes where rows carry no place.

    The file's own date is the night's, so that equal rows make equal files.

    Raises:
        ConfigError: pyogrio is not installed.
    """
    try:
        import pyogrio  # noqa: PLC0415 - only who asks for this format needs it
    except ImportError:
        raise ConfigError("format gpkg needs pyogrio") from None
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{night}T00:00:00Z"})
    if "polygon" not in table.column_names and not {"lon", "lat"} <= set(table.column_names):
        pyogrio.write_arrow(table, path, layer=layer, driver="GPKG", append=path.exists())
        return
    if "polygon" in table.column_names:
        shapes = shapely.from_geojson(table["polygon"].to_pylist())
        plain, kind = table.drop_columns(["polygon"]), "Unknown"
    else:
        shapes = shapely.points(
            [float("nan") if v is None else v for v in table["lon"].to_pylist()],
            [float("nan") if v is None else v for v in table["lat"].to_pylist()],
        )
        plain, kind = table, "Point"
    bytes_of = [None if shape is None or shape.is_empty else shapely.to_wkb(shape) for shape in shapes]
    whole = plain.append_column("geometry", pa.array(bytes_of, pa.binary()))
    pyogrio.write_arrow(
        whole, path, layer=layer, driver="GPKG", geometry_name="geometry", geometry_type=kind, crs=_CRS,
        append=path.exists(),
    )  # fmt: skip
