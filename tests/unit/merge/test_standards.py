"""Which mention's words the library's node takes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely

from transforms import store
from transforms.live import Live
from transforms.merge.golden import Golden
from transforms.merge.standards import doors, geojson, inherited, most_said, upward

BLOCK = "v|road:人民路|door:12|estate:锦绣花园|building:3"
ROADLESS, OF_TOWN = "v|estate:锦绣花园|building:3", "t|road:人民路|door:12|estate:锦绣花园|building:3"


@pytest.mark.parametrize(
    ("paths", "speak"),
    [
        ([BLOCK, BLOCK], [True, True]),
        ([OF_TOWN, BLOCK], [False, True]),  # the village is named
        ([ROADLESS, BLOCK], [False, True]),  # the road is named
        ([OF_TOWN, ROADLESS], [False, True]),  # the village comes first
        ([OF_TOWN], [True]),  # nobody names it
        ([], []),
    ],
)
def test_the_mention_that_says_most_speaks(tmp_path, paths, speak):
    ids = [f"r{at}" for at in range(len(paths))]
    villages = ["v" if path.startswith("v") else None for path in paths]
    columns = {"record_id": ids, "path": paths, "village": villages}
    store.write_table(tmp_path / "a.parquet", pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}))
    node = np.zeros(len(paths), dtype=np.int64)
    assert most_said(Live(tmp_path / "a.parquet"), node).tolist() == speak


@pytest.mark.parametrize(
    ("chosen", "valid"),
    [
        ((), []),
        (("door",), ["road", "door"]),  # what it stands in, not what stands in it
        (("room", "other"), ["road", "door", "room", "other"]),
        (("gone",), []),  # judged, and nobody names it any more
    ],
)
def test_a_door_that_a_person_confirmed_is_valid_with_what_it_stands_in(chosen, valid):
    ids = ["road", "door", "room", "other"]
    found = upward(pa.array(ids), np.array([-1, 0, 1, -1]), chosen)
    assert [name for name, is_valid in zip(ids, found, strict=True) if is_valid] == valid


@pytest.mark.parametrize(
    ("confirmed", "found"),
    [
        ((BLOCK,), {"a1"}),
        ((ROADLESS, OF_TOWN), {"a1", "a2"}),  # another record of the first node says it so
        ((ROADLESS, BLOCK), {"a1"}),
        (("v|road:人民路|door:13",), set()),  # nobody mentions it
        ((), set()),
    ],
)
def test_a_door_confirmed_by_its_path_is_the_node_that_a_record_mentions_by_it(tmp_path, confirmed, found):
    columns = {"record_id": ["r1", "r2", "r3"], "path": [BLOCK, ROADLESS, OF_TOWN]}
    store.write_table(tmp_path / "a.parquet", pa.table({k: pa.array(v, pa.string()) for k, v in columns.items()}))
    ids, entity = pa.array(["a1", "a2"]), np.array([0, 0, 1], dtype=np.int64)
    golden = Golden(Live(tmp_path / "a.parquet"), ids, entity, pa.nulls(2, pa.string()))
    told = doors([golden], confirmed)
    assert (set(told), len(told)) == (found, len(found))


def test_a_node_without_a_building_has_that_of_the_nearest_node_above():
    above = np.array([-1, 0, 1, 2, -1])  # road, building, unit, room; another road
    assert inherited(np.array([-1, 5, -1, -1, -1]), above).tolist() == [-1, 5, 5, 5, -1]
    assert inherited(np.array([-1, 5, 6, -1, 7]), above).tolist() == [-1, 5, 6, 6, 7]


def test_outlines_are_texts_of_seven_decimals_and_who_has_none_has_no_text():
    point = shapely.to_wkb(shapely.Point(112.04430012345, 22.93000098765))
    assert geojson(pa.array([point, None], pa.binary())).to_pylist() == [
        '{"type":"Point","coordinates":[112.0443001,22.930001]}', None
    ]  # fmt: skip
