"""The Shapefile the transport office sends is one that GDAL reads, with the same bytes every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest
import shapely

from demo.extract import Column
from demo.shapes import X, Y, shapefile


def columns(rows: int) -> dict[str, Column]:
    return {
        "BH": np.array([f"A{n}" for n in range(rows)], dtype=object),
        "MC": np.array(["公交站" * (n % 3) for n in range(rows)], dtype=object),
        X: np.linspace(111.0, 112.0, rows),
        Y: np.linspace(22.0, 23.0, rows),
    }


@pytest.mark.parametrize("rows", [1, 7])
def test_gdal_reads_what_was_written(tmp_path: Path, rows: int) -> None:
    said = columns(rows)
    path = tmp_path / "layer.zip"
    path.write_bytes(shapefile("layer", said, "gb18030", "GBK"))
    meta, _, shapes, fields = pyogrio.raw.read(f"/vsizip/{path}", encoding="gb18030")
    points = shapely.from_wkb(shapes)
    assert list(meta["fields"]) == ["BH", "MC"]
    assert [value or "" for value in fields[1]] == said["MC"].tolist()
    assert np.array_equal(shapely.get_x(points), said[X])
    assert np.array_equal(shapely.get_y(points), said[Y])
    assert path.read_bytes() == shapefile("layer", said, "gb18030", "GBK")


def test_a_field_name_of_more_than_ten_bytes_is_refused() -> None:
    said = columns(2)
    assert shapefile("layer", {**said, "设施编号": said["BH"]}, "gb18030", "GBK")
    with pytest.raises(ValueError, match="设施编号号号"):
        shapefile("layer", {**said, "设施编号号号": said["BH"]}, "gb18030", "GBK")
