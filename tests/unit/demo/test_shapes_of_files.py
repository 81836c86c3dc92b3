"""What the files, the people and the places look like, where that is no error: every `shape` of faults.csv."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations

import numpy as np
import openpyxl
import pandas as pd
import pytest
import yaml

from demo import catalogue, datum
from demo.config import HERE, all_rates, city_config
from demo.draw import Floats, Texts, opaque
from demo.people import ages
from demo.world import World
from tests.unit.demo.sample import CONTRACTS, City, book, contract

FIRST = "2026-10-01"
SOURCES = sorted(path.stem for path in CONTRACTS.glob("*.yml"))
METRES = 111_000.0
EXCEL_ROWS = 1_048_576  # of a worksheet
AROUND_RECORDS = 10  # headings, title, remark, totals


def arrives(source: str) -> dict[str, object]:
    return dict(contract(source)["arrives"])


def headings(source: str) -> set[str]:
    return {entry["heading"] for part in ("columns", "ignored") for entry in contract(source).get(part) or []}


def in_format(**wanted: object) -> list[str]:
    return [source for source in SOURCES if wanted.items() <= arrives(source).items()]


def sheet(town: City, source: str) -> openpyxl.worksheet.worksheet.Worksheet:
    return book(town.file(FIRST, source))[str(arrives(source)["sheet"])]


def spans(town: City, source: str) -> set[str]:
    return {str(span) for span in sheet(town, source).merged_cells.ranges}


def says(town: City, source: str, heading: str, looks: str) -> bool:
    return any(re.fullmatch(looks, str(row.get(heading))) for row in town.rows(FIRST, source).values())


def starts(town: City, source: str, mark: bytes) -> bool:
    return town.file(FIRST, source).read_bytes().startswith(mark)


def one_person_in_six(town: City) -> bool:
    people = town.truth("person").query("night == @FIRST")
    return bool(people.groupby("entity")["source"].nunique().max() >= 6)


def neighbouring_rooms(town: City) -> bool:
    """Two flats of one building whose rooms differ by one, each with people in it."""
    texts = {str(row["房屋坐落"]) for row in town.rows(FIRST, "zhujian_fangwu").values()}
    rooms = [re.fullmatch(r"(.*?)(\d{3,4})(室|房)?", text) for text in texts]
    found = {(m[1], int(m[2])) for m in rooms if m}
    return sum((head, room + 1) in found for head, room in found) > 20


def exclusive_hole(town: City) -> bool:
    rows = town.rows(FIRST, "zhengfa_wangge").values()
    exclusive = [row for row in rows if row["网格类型"] == "专属"]
    general = {row["上级编码"] for row in rows if row["网格类型"] == "综合" and row["网格层级"] == "小网格"}
    return bool(exclusive) and any(row["上级编码"] in general for row in exclusive)


def old_grids_cross(town: City) -> bool:
    """n:m: an old grid lies in several of today's, and one of today's in several old ones."""
    people = town.truth("person").query("night == @FIRST and source == 'wangge_renkou'")
    rows = town.rows(FIRST, "wangge_renkou")
    pairs = pd.DataFrame({"old": [rows[line]["所属网格"] for line in people["line"]], "new": people["grid"].tolist()})
    return bool(pairs.groupby("old")["new"].nunique().max() > 1 and pairs.groupby("new")["old"].nunique().max() > 1)


def totals(_: City) -> bool:
    config = city_config("yunfu")
    return (config.residents, config.small_grids) == (2_900_000, 14_069)


SHAPES: dict[str, Callable[[City], bool]] = {
    "totals": totals,
    "second_city": lambda _: city_config("changzhou").city_code != city_config("yunfu").city_code,
    "csv_gb18030": lambda _: len(in_format(format="csv", encoding="gb18030", delimiter=",")) > 2,
    "csv_byte_order_mark": lambda town: starts(town, "shichang_zhuti", b"\xef\xbb\xbf"),
    "tsv": lambda _: len(in_format(format="csv", delimiter="\t")) > 1,
    "title_row": lambda town: "A1:J1" in spans(town, "shebao_canbao"),
    "heading_of_two_rows": lambda town: {"A1:C1", "D1:I1"} <= spans(town, "yingji_changsuo"),
    "comment_row": lambda town: str(sheet(town, "tuiyi_junren")["A3"].value).startswith("说明："),
    "merged_cells": lambda town: sum(span.startswith("A") for span in spans(town, "wangge_renkou")) > 100,
    "shapefile": lambda town: starts(town, "jiaotong_sheshi", b"PK"),
    "json_lines": lambda town: starts(town, "wenlv_changsuo", b'{"'),
    "date_compact": lambda town: says(town, "gongan_hukou", "出生日期", r"19\d{6}"),
    "date_slashes": lambda town: says(town, "shebao_canbao", "出生年月日", r"19\d\d/\d/\d"),
    "date_hanzi": lambda town: says(town, "shebao_canbao", "出生年月日", r"19\d\d年\d月\d日"),
    "date_dots": lambda town: says(town, "canlian_renyuan", "生日", r"19\d\d\.\d\d\.\d\d"),
    "residence_permit": lambda town: says(town, "yibao_canbao", "certno", r"8[123]99\d{13}[\dX]"),
    "foreigners_card": lambda town: says(town, "yibao_canbao", "certno", r"999999\d{11}[\dX]"),
    "old_foreigners_card": lambda town: says(town, "yibao_canbao", "certno", r"XXX9999\d{8}"),
    "one_person_in_six": one_person_in_six,
    "neighbouring_rooms": neighbouring_rooms,
    "three_datums": lambda _: {"cgcs2000", "gcj02", "bd09"} <= {arrives(source).get("crs") for source in SOURCES},
    "exclusive_hole": exclusive_hole,
    "old_grids_cross": old_grids_cross,
    "straddler": lambda town: town.truth("building")["cases"].map(lambda cases: "straddler" in cases).any(),
    "denied_column": lambda town: says(town, "wangge_renkou", "是否重点人员", "是"),
    "heading_row_three": lambda town: (
        "收件地址" in town.file(FIRST, "youzheng_toudi").read_text("utf-8").split("\n")[2]
    ),
    "total_line": lambda town: town.file(FIRST, "shuiwu_gongshui").read_bytes().decode("gb18030").rfind("\n合计,") > 0,
    "numbers_as_text": lambda town: sheet(town, "shebao_canbao")["I3"].data_type == "s",
    "other_sheet_first": lambda town: book(town.file(FIRST, "tuiyi_junren")).sheetnames[0] == "填表说明",
}


def test_every_shape_of_the_catalogue_is_looked_at() -> None:
    listed = catalogue.faults()
    assert set(listed.loc[listed["sort"] == "shape", "name"]) == set(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_is_there(town: City, name: str) -> None:
    assert SHAPES[name](town)


def test_no_two_departments_share_more_than_half_their_headings() -> None:
    pairs = list(combinations(SOURCES, 2))
    assert len(pairs) == 300
    for one, other in pairs:
        same = headings(one) & headings(other)
        assert len(same) <= 0.5 * min(len(headings(one)), len(headings(other))), (one, other)


def test_keys_modes_and_formats() -> None:
    keyless = [source for source in SOURCES if not contract(source)["key"]]
    assert len(keyless) >= 3
    assert {arrives(source)["mode"] for source in SOURCES} == {"snapshot", "delta"}
    wanted = {"csv", "xlsx", "jsonl", "parquet", "shapefile", "geojson"}
    assert {arrives(source)["format"] for source in SOURCES} == wanted
    assert in_format(format="shapefile", crs="gcj02")
    assert len(in_format(format="geojson", crs="cgcs2000")) > 1


def off(town: City, world: World, shift: Callable[[Floats, Floats], tuple[Floats, Floats]]) -> float:
    """Median distance in metres of the transport office's points from the true ones after a shift."""
    facilities = world.facilities
    names: Texts = opaque(world.seed, "facility", np.arange(len(facilities), dtype=np.int64))
    truth = town.truth("facility").query("night == @FIRST and source == 'jiaotong_sheshi'")
    true = facilities.set_index(pd.Index(names)).loc[truth["entity"]]
    rows = town.rows(FIRST, "jiaotong_sheshi")
    said = np.array([[rows[line]["geometry.x"], rows[line]["geometry.y"]] for line in truth["line"]], dtype=np.float64)
    lon, lat = shift(true["lon"].to_numpy(), true["lat"].to_numpy())
    return float(np.median(np.hypot((said[:, 0] - lon) * 0.92, said[:, 1] - lat))) * METRES


def test_the_shapefile_is_in_gcj02(town: City, world: World) -> None:
    assert off(town, world, datum.gcj02) < 10
    assert off(town, world, lambda lon, lat: (lon, lat)) > 300
    assert off(town, world, datum.bd09) > 300


@pytest.mark.parametrize("source", ["ziran_zongdi", "zhengfa_wangge"])
def test_geojson_is_in_cgcs2000(town: City, world: World, source: str) -> None:
    """Outlines lie where the buildings and the grids of the truth are, not some hundred metres off."""
    rows = town.rows(FIRST, source)
    middle = {line: np.mean(row["geometry"]["coordinates"][0][:-1], axis=0) for line, row in rows.items()}
    if source == "ziran_zongdi":
        true = world.places.buildings.set_index("code")[["lon", "lat"]]
        codes = {line: row["JZWBM"] for line, row in rows.items()}
        apart = [np.hypot(*(middle[line] - true.loc[code].to_numpy())) * METRES for line, code in codes.items()]
    else:
        places = {row["网格编码"]: line for line, row in rows.items()}
        own = world.grids.table.query("from_night == 1")
        rings = {str(row.code): world.surveyor.ring(world.grids.cells[int(str(row.Index))]) for row in own.itertuples()}
        apart = [
            np.hypot(*(middle[places[code]] - np.mean(ring[:-1], axis=0))) * METRES
            for code, ring in rings.items()
            if code in places
        ]
    assert len(apart) > 100
    assert np.median(apart) < 5


def test_workbooks_of_the_whole_city_fit_a_worksheet(town: City, world: World) -> None:
    """Rows a resident times 2.9 million; those of the walkers by their rates, since whole villages are in or out."""
    books = in_format(format="xlsx")
    assert len(books) == 4
    residents = len(world.people.persons)
    rates = all_rates()["wangge_renkou"]
    share = {source: len(town.rows(FIRST, source)) / residents for source in books}
    share["wangge_renkou"] = rates["village_walked"] * rates["coverage"] * 0.97 * (1 + rates["duplicate_row"])
    for source, rows in share.items():
        assert 0 < rows * 2_900_000 < 0.97 * EXCEL_ROWS - AROUND_RECORDS, source


def test_holders_of_other_documents_are_no_residents(world: World) -> None:
    persons = world.people.persons
    other = persons[persons["document_kind"] != "111"]
    assert set(other["document_kind"]) == {"516", "511", "553", "414", "550"}
    permits = other[other["document_kind"] == "550"]
    assert permits["document"].str.match(r"8[123]999\d\d{8}").all()
    assert (permits["document"].str[6:14] == permits["birth_text"]).all()
    assert ((permits["document"].str[16].astype(int) % 2 == 1) == permits["male"]).all()
    assert permits["document"].is_unique
    assert (ages(permits) >= 0).all()


def test_the_cities_have_one_form() -> None:
    forms = [set(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in sorted((HERE / "cities").glob("*.yml"))]
    assert len(forms) == 2
    assert forms[0] == forms[1]
