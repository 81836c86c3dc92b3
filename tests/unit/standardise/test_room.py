"""Room 3 on whole batches: row ids conserved, struck values null, no clear number anywhere but in the vault."""

import re

import pyarrow as pa
import pytest

from transforms import errors, keys, model, store
from transforms import standardise as room
from transforms.documents import check_character

FIRST17 = "99000119850101001"
NUMBER = FIRST17 + check_character(FIRST17)
NEAR = NUMBER[:9] + ("1" if NUMBER[9] != "1" else "2") + NUMBER[10:]  # one digit mistyped
PHONE = "13912345670"
ADDRESS = "云城区云城街道育华社区人民路12号锦绣花园3栋2单元1502房"


def person(number, **other):
    return {
        "姓名": "单小明", "公民身份号码": NUMBER, "性别": "1", "出生日期": "19850101", "户号": "4453020001",
        "与户主关系": "户主", "户籍地址": ADDRESS, "联系电话": PHONE, "户口状态": "正常",
        "人员编号": f"P{number}", **other,
    }  # fmt: skip


def everything(folder):
    for path in sorted(folder.rglob("*.parquet")):
        yield path.name, str(store.read_table(path).to_pydict())


def test_accepted_rows_and_only_they_are_standardised_in_order(run, deliver, table):
    batch = deliver("gongan_hukou", [person(i) for i in range(1, 6)], refused={2})
    reports = room.run(run, ["gongan_hukou"])
    assert [r.counts["person"] for r in reports] == [4]
    for kind in ("person", "household"):
        assert table(batch, kind)["ordinal"].to_pylist() == [1, 3, 4, 5]
        assert table(batch, kind)["line"].to_pylist() == [2, 4, 5, 6]
        assert len(set(table(batch, kind)["record_id"].to_pylist())) == (4 if kind == "person" else 1)


def test_a_quarantined_row_keeps_its_records_by_key(run, deliver, table):
    kept_batch = deliver("gongan_hukou", [person(1), person(2)], refused={2})
    whole_batch = deliver("gongan_hukou", [person(1), person(2)], day="20261002")
    room.run(run, ["gongan_hukou"])
    ids = {row["ordinal"]: row["record_id"] for row in table(whole_batch, "person").to_pylist()}
    assert set(ids) == {1, 2}
    kept = table(kept_batch, "kept").to_pylist()
    assert {"kind": "person", "record_id": ids[2]} in kept
    assert ids[1] not in {row["record_id"] for row in kept}


def test_clean_columns_of_a_person(run, deliver, table):
    batch = deliver("gongan_hukou", [person(1)])
    room.run(run, ["gongan_hukou"])
    row = table(batch, "person").to_pylist()[0]
    assert (row["name_pinyin"], row["name_surname"], row["sex"]) == ("shan xiao ming", "单", "male")
    assert (row["document_valid"], row["document_kind"], len(row["document_near"])) == (True, "111", 18)
    assert row["document_birth"].isoformat() == row["birth_date"].isoformat() == "1985-01-01"
    assert row["residence_kind"] == "registered"
    assert row["registered_address_path"].endswith("road:人民路|door:12|estate:锦绣花园|building:3|unit:2|room:1502")
    assert row["raw_registered_address"] == ADDRESS
    assert not {"document", "phone", "raw_document", "raw_phone", "raw_household_key"} & set(row)


def test_clear_numbers_stand_in_the_vault_alone_and_sealed(run, deliver, table):
    rows = [
        person(1),
        person(2, 户籍地址=f"{ADDRESS} 电话{PHONE}", 姓名=f"单小明{NUMBER}"),
        person(3, 公民身份号码=NEAR),
    ]
    batch = deliver("gongan_hukou", rows)
    taxes = deliver("shuiwu_nashui", [{"登记序号": "1", "纳税人识别号": NUMBER, "纳税人名称": f"小明商店（{PHONE}）"}])
    room.run(run, ["gongan_hukou", "shuiwu_nashui"])
    written = list(everything(run.settings.lake / "standardise"))
    assert {name for name, _ in written} >= {"person.parquet", "vault.parquet", "organization.parquet"}
    for name, text in written:
        for clear in (NUMBER, NEAR, PHONE):
            assert clear not in text, f"{name} holds a clear number"
    vault = table(batch, "vault").to_pylist()
    assert vault
    opened = {(row["what"], keys.load(run.settings).unseal(row["ciphertext"])) for row in vault}
    assert opened == {("document", NUMBER), ("phone", PHONE)}
    assert "raw_credit_code" not in table(taxes, "organization").column_names


def test_a_struck_value_is_null_and_a_struck_mistyped_number_keeps_its_near_tokens(run, deliver, table):
    rows = [person(1), person(2, 公民身份号码=NEAR), person(3)]
    batch = deliver(
        "gongan_hukou", rows, struck=[(2, "公民身份号码"), (3, "公民身份号码"), (3, "出生日期"), (3, "联系电话")]
    )
    room.run(run, ["gongan_hukou"])
    good, mistyped, struck = table(batch, "person").to_pylist()
    assert good["document_token"]
    assert good["birth_date"]
    assert good["phone_tokens"]
    assert mistyped["document_token"] is None
    assert mistyped["document_valid"] is False
    assert len(set(good["document_near"]) & set(mistyped["document_near"])) == 1
    for name in ("document_token", "document_near", "document_birth", "document_sex", "birth_date", "phone_tokens"):
        assert struck[name] is None
    assert struck["document_valid"] is False
    owners = {row["record_id"] for row in table(batch, "vault").to_pylist() if row["what"] == "document"}
    assert owners == {good["record_id"]}


def test_equal_rows_without_a_key_are_records_of_their_own(run, deliver, table):
    batch = deliver("gongan_hukou", [person(1, 人员编号=None), person(2, 人员编号=None)])
    room.run(run, ["gongan_hukou"])
    people = table(batch, "person")
    assert len(set(people["content_hash"].to_pylist())) == 1
    assert len(set(people["record_id"].to_pylist())) == 2


def test_a_delta_row_says_delete(run, deliver, table):
    rows = [{"主体标识": str(i), "企业名称": "云浮市鸿发商店", "操作标志": flag} for i, flag in enumerate("IUD")]
    batch = deliver("shichang_zhuti", rows)
    room.run(run, ["shichang_zhuti"])
    assert table(batch, "organization")["operation"].to_pylist() == ["upsert", "upsert", "delete"]


def house(number, address, building="44530200101100001", **other):
    return {
        "房屋编号": f"H{number}",
        "幢编号": building,
        "房屋坐落": address,
        "经度": "112.04",
        "纬度": "22.93",
        **other,
    }


def test_an_address_mention_stands_for_every_node_once(run, deliver, table):
    near = ADDRESS.replace("1502房", "1503房")
    batch = deliver("zhujian_fangwu", [house(1, ADDRESS), house(2, near), house(3, "云城区")])
    room.run(run, ["zhujian_fangwu"])
    nodes = {row["level"] + row["name"]: row for row in table(batch, "address").to_pylist()}
    assert sorted(nodes) == [
        "building3栋",
        "door12号",
        "estate锦绣花园",
        "road人民路",
        "room1502室",
        "room1503室",
        "unit2单元",
    ]
    assert nodes["room1503室"]["ordinal"] == 2
    assert nodes["road人民路"]["ordinal"] == 1
    assert nodes["building3栋"]["building_code"] == "44530200101100001"
    assert nodes["building3栋"]["lon"] == 112.04
    assert nodes["room1502室"]["building_code"] is None
    assert nodes["road人民路"]["lon"] is None
    assert nodes["unit2单元"]["parent_path"] == nodes["building3栋"]["path"]
    assert nodes["road人民路"]["parent_path"] is None
    assert nodes["room1502室"]["full_text"] == "云城区云城街道育华社区人民路12号锦绣花园3栋2单元1502室"
    assert table(batch, "building")["address_path"].to_pylist()[0] == nodes["building3栋"]["path"]
    assert table(batch, "house")["ordinal"].to_pylist() == [1, 2, 3]


def test_a_house_without_a_building_number_stands_at_its_door(run, deliver, table):
    batch = deliver("zhujian_fangwu", [house(1, "腰古镇大塘村石围自然村12号之一")])
    room.run(run, ["zhujian_fangwu"])
    carrying = [row for row in table(batch, "address").to_pylist() if row["building_code"]]
    assert [(row["level"], row["name"]) for row in carrying] == [("door", "12-1号")]
    assert carrying[0]["path"] == "445302102201|group:石围|door:12-1"


def test_a_held_batch_goes_no_further_and_an_unchecked_one_is_refused(run, deliver):
    deliver("gongan_hukou", [person(1)], hold="AS_OF")
    assert room.run(run, ["gongan_hukou"]) == []
    batch = deliver("shuiwu_nashui", [{"登记序号": "1", "纳税人名称": "鸿发商店"}])
    (store.batch_dir(run.settings, "check", batch) / "manifest.json").unlink()
    with pytest.raises(errors.StaleInputError):
        room.run(run, ["shuiwu_nashui"])


def test_the_output_has_the_frozen_schema_and_is_reused(run, deliver, table):
    batch = deliver("gongan_hukou", [person(1)])
    room.run(run, ["gongan_hukou"])
    folder = store.batch_dir(run.settings, "standardise", batch)
    before = (folder / "manifest.json").stat().st_mtime_ns
    room.run(run, ["gongan_hukou"])
    assert (folder / "manifest.json").stat().st_mtime_ns == before
    assert table(batch, "person").schema.names[: len(model.STANDARD)] == model.STANDARD.names
    assert table(batch, "vault").schema.equals(model.VAULT)
    assert table(batch, "kept").schema.equals(model.KEPT)
    assert table(batch, "person").schema.field("document_near").type == pa.list_(pa.uint64())


def test_a_batch_may_be_empty(run, deliver, table):
    batches = [deliver(source, []) for source in ("gongan_hukou", "zhujian_fangwu", "shichang_zhuti", "zhengfa_wangge")]
    room.run(run, ["gongan_hukou", "zhujian_fangwu", "shichang_zhuti", "zhengfa_wangge"])
    assert [table(b, k).num_rows for b, k in zip(batches, ("person", "address", "premises", "grid"), strict=True)] == [
        0
    ] * 4


def test_points_are_converted_by_the_contract_as_a_pair(run, deliver, table):
    rows = [
        {"ObjID": "1", "ClassCode": "0106", "X": "112.04932033", "Y": "22.92704729"},
        {"ObjID": "2", "X": "112", "Y": "无"},
    ]
    batch = deliver("chengguan_bujian", rows)
    room.run(run, ["chengguan_bujian"])
    lon, lat = (table(batch, "facility")[name].to_pylist() for name in ("lon", "lat"))
    assert (lon[0], lat[0]) == (pytest.approx(112.0440, abs=1e-6), pytest.approx(22.9297, abs=1e-6))
    assert (lon[1], lat[1]) == (None, None)


def test_no_message_holds_a_value(run, deliver):
    said = []
    deliver("gongan_hukou", [person(1)])
    room.run(type(run)(run.settings, run.night, run.drops, said.append), ["gongan_hukou"])
    assert said
    assert not re.search(r"\d{11,17}[\dX]?(?!\d)", said[0].split(":")[1])
