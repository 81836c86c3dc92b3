"""Rows taken over from the delivery before: byte by byte the tables that reading every row anew gives."""

from __future__ import annotations

import shutil

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.standardise.test_room import ADDRESS, NUMBER, PHONE, person
from transforms import manifest, store
from transforms import standardise as room
from transforms.documents import check_character
from transforms.standardise import columns
from transforms.standardise.address import parser

FIRST17 = "99000119900202002"
OTHER = FIRST17 + check_character(FIRST17)
CHANGES = [
    {}, {"姓名": "单大明"}, {"户籍地址": ADDRESS.replace("1502", "1503")}, {"联系电话": f"{PHONE}、13800138001"},
    {"公民身份号码": OTHER}, {"公民身份号码": NUMBER[:17]}, {"户号": "4453020002"}, {"户口状态": "注销"},
]  # fmt: skip


def written(run, batch):
    """File name → sha256 of every table room 3 wrote for a batch."""
    folder = store.batch_dir(run.settings, "standardise", batch)
    return {path.name: store.file_sha256(path) for path in sorted(folder.glob("*.parquet"))}


def tables(run, batch):
    """File name → table, as far as it has rows."""
    folder = store.batch_dir(run.settings, "standardise", batch)
    return {path.name: store.read_table(path) for path in sorted(folder.glob("*.parquet"))}


def alone(run, batch, source="gongan_hukou", written=written):
    """What the room writes for the batch if there is no delivery before it."""
    (run.settings.lake / "standardise" / source).rename(run.settings.home / "put aside")
    others = [folder for folder in (run.settings.lake / "land" / source).iterdir() if folder.name != batch]
    for folder in others:
        folder.rename(run.settings.home / folder.name)
    room.run(run, [source])
    told = written(run, batch)
    for folder in others:
        (run.settings.home / folder.name).rename(folder)
    return told


@pytest.fixture
def read(monkeypatch):
    """How many rows each call of columns.clean read, and how many address texts were parsed."""
    told = {"rows": [], "texts": 0}
    clean, row = columns.clean, parser._row

    def counted(kind, batch):
        told["rows"].append((kind.kind, len(batch.landed)))
        return clean(kind, batch)

    def parsed(text, known):
        told["texts"] += 1
        return row(text, known)

    monkeypatch.setattr(columns, "clean", counted)
    monkeypatch.setattr(parser, "_row", parsed)
    return told


def test_rows_that_stood_in_the_delivery_before_are_not_read_again(run, deliver, read):
    rows = [person(i, 户籍地址=ADDRESS.replace("1502", f"{i}02")) for i in range(1, 9)]
    deliver("gongan_hukou", rows)
    room.run(run, ["gongan_hukou"])
    assert ("person", 8) in read["rows"]
    second = deliver("gongan_hukou", [rows[3] | {"姓名": "单新明"}, *rows[4:], person(9)], day="20261002")
    read["rows"].clear()
    room.run(run, ["gongan_hukou"])
    assert read["rows"] == [("person", 2), ("household", 2)]
    assert written(run, second) == alone(run, second)


def flat(number, **other):
    told = {"房屋编号": f"F{number}", "幢编号": "B1", "房屋坐落": ADDRESS.replace("1502", f"{number}02")}
    return told | {"总层数": "18", "经度": "112.05", "纬度": "22.93"} | other


def test_nodes_are_counted_anew_from_addresses_read_before(run, deliver, read):
    flats = [flat(i) for i in range(1, 9)]
    deliver("zhujian_fangwu", flats)
    room.run(run, ["zhujian_fangwu"])
    assert read["texts"] == len(flats)
    second = deliver("zhujian_fangwu", [*flats[2:], flat(9), flats[3] | {"房屋编号": "F0"}], day="20261002")
    read["rows"].clear()
    room.run(run, ["zhujian_fangwu"])
    assert read["rows"] == [("building", 2), ("house", 2), ("address", 8)]
    assert read["texts"] == len(flats) + 1, "the new flat's address alone"
    assert written(run, second) == alone(run, second, "zhujian_fangwu")


@given(
    before=st.lists(st.tuples(st.integers(1, 5), st.sampled_from(CHANGES)), max_size=7),
    now=st.lists(st.tuples(st.integers(1, 5), st.sampled_from(CHANGES)), max_size=7),
    refused=st.sets(st.integers(1, 7)),
    struck=st.sets(st.tuples(st.integers(1, 7), st.sampled_from(["公民身份号码", "联系电话", "户籍地址"]))),
    piece=st.sampled_from([1, 2, 3]),
)
@settings(max_examples=10)
def test_the_tables_are_those_of_reading_every_row_anew(run, deliver, before, now, refused, struck, piece):
    for folder in ("land", "check", "standardise"):
        shutil.rmtree(run.settings.lake / folder, ignore_errors=True)
    shutil.rmtree(run.settings.home / "put aside", ignore_errors=True)
    deliver("gongan_hukou", [person(i, **change) for i, change in before], struck=sorted(struck))
    rows = [person(i, **change) for i, change in now]
    second = deliver("gongan_hukou", rows, day="20261002", refused=refused, struck=sorted(struck - {(1, "联系电话")}))
    room.run(run, ["gongan_hukou"])
    anew = alone(run, second)
    shutil.rmtree(run.settings.home / "put aside")
    assert written(run, second) == anew
    whole = tables(run, second)
    shutil.rmtree(run.settings.lake / "standardise")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "PIECE", piece)
        room.run(run, ["gongan_hukou"])
    assert tables(run, second) == whole, "in pieces, from a delivery that was read in pieces"


def test_bytes_that_come_again_are_not_read_again(run, deliver, read):
    rows = [person(i, 户籍地址=ADDRESS.replace("1502", f"{i}02")) for i in range(1, 6)]
    told = {"sha": "c" * 64, "struck": [(2, "联系电话")], "refused": {4}}
    deliver("gongan_hukou", rows, **told)
    room.run(run, ["gongan_hukou"])
    read["rows"].clear()
    second = deliver("gongan_hukou", rows, day="20261002", **told)
    room.run(run, ["gongan_hukou"])
    assert read["rows"] == []
    assert written(run, second) == alone(run, second)
    third = deliver("gongan_hukou", rows, day="20261003", **told | {"refused": set()})
    room.run(run, ["gongan_hukou"])
    assert read["rows"][-1] == ("household", 2), "the row that waited, and the one of which a value was struck"
    assert tables(run, third)["person.parquet"].num_rows == len(rows)


def test_without_a_key_equal_rows_stay_as_many_records(run, deliver, table):
    row = {"居民姓名": "单小明", "证件号": NUMBER, "联系电话(;分隔)": PHONE, "门牌地址": ADDRESS}
    deliver("wangge_renkou", [row, row])
    second = deliver("wangge_renkou", [row, row, row], day="20261002")
    room.run(run, ["wangge_renkou"])
    assert written(run, second) == alone(run, second, "wangge_renkou")
    assert len(set(table(second, "person")["record_id"].to_pylist())) == 3
    assert set(table(second, "vault")["record_id"].to_pylist()) == set(table(second, "person")["record_id"].to_pylist())


def test_under_another_contract_every_row_is_read_anew(run, deliver, read):
    deliver("gongan_hukou", [person(1)])
    room.run(run, ["gongan_hukou"])
    deliver("gongan_hukou", [person(1), person(2)], day="20261002")
    path = run.settings.expectations / "contracts" / "gongan_hukou.yml"
    text = path.read_text("utf-8")
    try:
        path.write_text(text + "# said anew\n", "utf-8")
        manifest.configuration.cache_clear()
        read["rows"].clear()
        assert yaml.safe_load(path.read_text("utf-8")) == yaml.safe_load(text)
        room.run(run, ["gongan_hukou"])
    finally:
        path.write_text(text, "utf-8")
        manifest.configuration.cache_clear()
    assert read["rows"][:2] == [("person", 1), ("household", 1)], "the first delivery, from which the second then takes"
