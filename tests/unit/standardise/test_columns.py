"""Names, coordinates, identifiers: pure functions column by column."""

import json

import numpy as np
import pandas as pd
import prcoords
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from transforms import coordinates, values
from transforms import keys as key_file
from transforms.documents import check_character
from transforms.run import REPOSITORY
from transforms.standardise import identifiers, names

IN_CHINA = (st.floats(75, 134), st.floats(18.5, 53))


@pytest.fixture(scope="module")
def lookups():
    return names.load(REPOSITORY / "expectations", "2026-10-01")


@pytest.fixture
def keys(run):
    return key_file.load(run.settings)


@pytest.mark.parametrize(
    ("name", "key", "pinyin", "surname"),
    [
        ("单小明", "单小明", "shan xiao ming", "单"),
        ("仇 明", "仇明", "qiu ming", "仇"),
        ("曾国", "曾国", "zeng guo", "曾"),
        ("任華", "任华", "ren hua", "任"),
        ("歐陽娜娜", "欧阳娜娜", "ou yang na na", "欧阳"),
        ("尉迟恭", "尉迟恭", "yu chi gong", "尉迟"),
        ("买买提·艾力", "买买提艾力", "mai mai ti ai li", None),
        ("买买提．艾力", "买买提艾力", "mai mai ti ai li", None),
        ("王伟(大)", "王伟(大)", "wang wei", "王"),
        ("歐陽娜娜（小）", "欧阳娜娜(小)", "ou yang na na", "欧阳"),
        ("王伟2", "王伟2", "wang wei", "王"),
        ("2", "2", None, None),
        ("John Smith", "JOHNSMITH", None, None),
    ],
)
def test_person_names(lookups, name, key, pinyin, surname):
    row = names.person(pd.Series([name], dtype=object), lookups).iloc[0]
    assert (row["key"], row["surname"]) == (key, surname)
    assert pinyin is None or row["pinyin"] == pinyin


def test_a_null_name_is_null_in_every_column(lookups):
    assert names.person(pd.Series([None, "单小明"], dtype=object), lookups).iloc[0].isna().all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("云浮市鸿发商店（个体工商户）", "云浮市鸿发商店"),
        ("云浮（云城）鸿發有限责任公司", "云浮(云城)鸿发有限公司"),
        ("云浮市石都 农民专业合作社", "云浮市石都专业合作社"),
    ],
)
def test_organization_names_one_way(lookups, one, other):
    keys = names.organization(pd.Series([one, other], dtype=object), lookups)["key"]
    assert keys[0] == keys[1]


def test_different_organizations_keep_different_keys(lookups):
    keys = names.organization(pd.Series(["鸿发有限公司", "鸿发股份有限公司", "鸿发商店"], dtype=object), lookups)["key"]
    assert keys.nunique() == 3


@given(*IN_CHINA)
def test_gcj02_and_bd09_agree_with_prcoords_and_come_back(lon, lat):
    x, y = np.array([lon]), np.array([lat])
    oracle = prcoords.wgs_gcj((lat, lon), check_china=False)
    there = coordinates.gcj02(x, y)
    assert (there[0][0], there[1][0]) == (pytest.approx(oracle[1], abs=1e-9), pytest.approx(oracle[0], abs=1e-9))
    oracle = prcoords.gcj_bd((lat, lon))
    shifted = coordinates.bd09(x, y)
    assert (shifted[0][0], shifted[1][0]) == (pytest.approx(oracle[1], abs=1e-9), pytest.approx(oracle[0], abs=1e-9))
    for crs, forth in (("gcj02", there), ("bd09", coordinates.bd09(*there))):
        back = coordinates.to_cgcs2000(*forth, crs)
        assert (back[0][0], back[1][0]) == (pytest.approx(lon, abs=1e-8), pytest.approx(lat, abs=1e-8))


@pytest.mark.parametrize("crs", ["cgcs2000", "wgs84", None])
def test_degrees_of_the_right_system_stay(crs):
    lon, lat = coordinates.points(pd.Series(["112.0440001"]), pd.Series(["22.93"]), crs)
    assert (lon[0], lat[0]) == (112.0440001, 22.93)


def test_a_polygon_is_converted_vertex_by_vertex():
    ring = [[112.04932033, 22.92704729], [112.06, 22.92704729], [112.06, 22.94], [112.04932033, 22.92704729]]
    text = json.dumps({"type": "Polygon", "coordinates": [ring]})
    shapes = shapely.from_wkb(coordinates.geometries(pd.Series([text, None, "no geometry"], dtype=object), "gcj02"))
    assert shapes[0].exterior.coords[0] == (pytest.approx(112.0440, abs=1e-7), pytest.approx(22.9297, abs=1e-7))
    assert shapes[1] is None
    assert shapes[2] is None


FIRST17 = "99000119850101001"
NUMBER = FIRST17 + check_character(FIRST17)


@given(st.integers(0, 17), st.sampled_from("0123456789X"))
def test_numbers_one_character_apart_share_exactly_one_near_token(position, other):
    keyed = identifiers._nearness(b"a synthetic key for this test only")
    mistyped = NUMBER[:position] + other + NUMBER[position + 1 :]
    shared = set(identifiers._near(NUMBER, keyed)) & set(identifiers._near(mistyped, keyed))
    assert len(shared) == (18 if mistyped == NUMBER else 1)


def test_near_tokens_are_whole_numbers_of_64_bits_in_ascending_order():
    near = identifiers._near(NUMBER, identifiers._nearness(b"a synthetic key for this test only"))
    assert near.dtype == np.uint64
    assert len(near) == 18
    assert (near[1:] > near[:-1]).all()
    assert near.max() >= 2**63  # none of the bits is lost


@given(st.integers(0, 17))
def test_a_number_with_one_character_lost_meets_the_whole_one(position):
    keyed = identifiers._nearness(b"a synthetic key for this test only")
    lost = NUMBER[:position] + NUMBER[position + 1 :]
    assert set(identifiers._near(NUMBER, keyed)) & set(identifiers._near(lost, keyed))


def test_numbers_two_characters_apart_share_none():
    keyed = identifiers._nearness(b"a synthetic key for this test only")
    other = NUMBER[:3] + "77" + NUMBER[5:]
    assert other[3:5] != NUMBER[3:5]
    assert not set(identifiers._near(NUMBER, keyed)) & set(identifiers._near(other, keyed))


def test_document_tokens_follow_number_and_kind(keys):
    numbers = pd.Series([NUMBER, f" {NUMBER.lower()} ", "H12345678", "H1234567802", "12345678", None], dtype=object)
    kinds = pd.Series(["111", None, "516", "516", "511", "111"], dtype=object)
    table, sealed = identifiers.document(numbers, kinds, pd.Series(False, index=numbers.index), keys)
    tokens = table["token"].tolist()
    assert tokens[0] == tokens[1]
    assert tokens[2] == tokens[3]
    assert tokens[5] is None
    assert len(set(tokens[:5])) == 3
    assert table["near"].map(lambda cell: cell is None).tolist() == [False, False, True, True, True, True]
    assert sealed.row == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("人民路12号 13912345670", "人民路12号 ＊"),
        (f"小明{NUMBER}", "小明＊"),
        ("人民路1502室", "人民路1502室"),
        (None, None),
    ],
)
def test_numbers_in_free_text_are_masked(text, masked):
    assert values.mask_numbers(pd.Series([text], dtype=object))[0] == masked


def test_the_number_of_another_register_is_one_token_however_it_is_written(keys):
    told = pd.Series(["180-4974", "1804974", "180 4974 x", None, "--"], dtype=object)
    tokens, sealed = identifiers.numbers(told, "social_number", keys)
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[3:].isna().all()
    assert (sealed.row, sealed.what, sealed.value) == ([0, 1, 2], "social_number", ["1804974", "1804974", "1804974X"])
    assert not any("1804974" in token for token in sealed.token)
    other, _ = identifiers.numbers(told, "tax_number", keys)
    assert other[0] != tokens[0]


def test_references_are_per_source(keys):
    household = pd.Series(["4453020001", "4453020001 ", "4453020002", None], dtype=object)
    mine, theirs = (identifiers.references(household, source, keys) for source in ("gongan_hukou", "shebao_canbao"))
    assert mine[0] == mine[1] != mine[2]
    assert mine[3] is None
    assert mine[0] != theirs[0]


@pytest.mark.parametrize(
    ("name", "trade"),
    [
        ("云浮市云城区鸿盛餐饮店", "鸿盛"),
        ("云浮市鸿盛百货商行", "鸿盛"),
        ("云城区云城街道鸿盛源小吃店（个体工商户）", "鸿盛"),
        ("云浮鸿盛有限公司", "鸿盛"),
        ("云浮市东成教育咨询有限公司", "东成"),  # there is a town 东成镇
        ("鸿盛", "鸿盛"),
        ("云浮市云城区", "云城"),  # nothing but a region: what is left is no trade name of anybody else
        (None, None),
    ],
)
def test_the_trade_name_stands_behind_the_region(lookups, name, trade):
    assert names.organization(pd.Series([name], dtype=object), lookups)["trade"].iloc[0] == trade
