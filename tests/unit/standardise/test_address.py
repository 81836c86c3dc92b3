"""The element grammar: texts as departments write them, what is read, and what is refused."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.standardise.address import elements, gazetteer, normalise, parser
from transforms.values import clean_text

HOME = "445302001011"  # 云城街道育华社区
FLAT = f"{HOME}|road:人民路|door:12|estate:锦绣花园|building:3|unit:2|room:1502"


@pytest.fixture(scope="module")
def read(expectations):
    reader = parser.Reader(gazetteer.load(expectations, "2026-10-01"))
    return lambda text: reader.parse(clean_text(pd.Series([text], dtype=object))).iloc[0].to_dict()


@pytest.mark.parametrize(
    "text",
    [
        "广东省云浮市云城区云城街道育华社区人民路12号锦绣花园3栋2单元1502室",
        "云城区云城街道育华社区人民路12号锦绣花园三幢二单元1502",
        "云浮市云城街育华社区居委会人民路十二号锦绣花园3座2单元15层1502房",
        "云城街道育华社區人民路12號錦繡花園３号楼２单元１５０２室",
        "云城街道办事处育华社区居民委员会人民路12号（锦绣花园）第3栋 2单元 15层02房",
        "广东云浮云城区云城街道育华社区人民路12号锦绣花园3-2-1502",
        "广东省云浮市云城区广东省云浮市云城区云城街道育华社区人民路12号锦绣花园03栋2单元一五零二房",
        "云浮市云浮区云城街道育华社区人民路12号锦绣花园3栋2梯1502 电话13912345670",
        "育华社区锦绣花园3栋2单元1502房（人民路12号）",
    ],
)
def test_dialects_of_one_flat_have_one_path(read, text):
    assert read(text)["path"] == FLAT


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("腰古镇大塘村石围自然村12号之一", "445302102201|group:石围|door:12-1"),
        ("云城区腰古镇大塘村委会石围12号附1号", "445302102201|group:石围|door:12-1"),
        ("云城区腰古镇大塘村民委员会石围村12-1号", "445302102201|group:石围|door:12-1"),
        ("云城区腰古镇大塘村石围自然村12号-1", "445302102201|group:石围|door:12-1"),
        ("腰古镇礼村第三村民小组5号", "445302102202|group:3组|door:5"),
        ("腰古镇礼村村3组5号", "445302102202|group:3组|door:5"),
        ("腰古镇礼村村委会3队5号", "445302102202|group:3组|door:5"),
        ("腰古镇大塘村新村自然村5号", "445302102201|group:新村|door:5"),
        ("腰古镇大塘村新村组5号", "445302102201|group:新村|door:5"),
        ("云安县六都镇冬城村石围3组", "445303100213|group:石围3组"),
        ("育华社区星岩一路12号甲105铺", f"{HOME}|road:星岩一路|door:12甲|room:105"),
        ("育华社区七一路5号之七401", f"{HOME}|road:七一路|door:5-7|room:401"),
        ("育华社区大塘三巷5号", f"{HOME}|road:大塘3巷|door:5"),
        ("育华社区人民路12号育华社区中心市场105铺", f"{HOME}|road:人民路|door:12|estate:中心市场|room:105"),
        ("育华社区城市广场A座15楼", f"{HOME}|estate:城市广场|building:A|floor:15"),
        ("育华社区金山新村3栋101房", f"{HOME}|estate:金山新村|building:3|room:101"),
        ("育华社区人民路12号301", f"{HOME}|road:人民路|door:12|room:301"),
        ("罗定市太平镇", None),
    ],
)
def test_elements_below_the_village(read, text, path):
    assert read(text)["path"] == path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "人民路12号锦绣花园3栋",
            {"path": "*|road:人民路|door:12|estate:锦绣花园|building:3", "village": None, "level": "building"},
        ),
        (
            "云城区人民路12号",
            {"path": "445302000000|road:人民路|door:12", "county": "445302000000", "town": None, "door": "12"},
        ),
        ("太平镇人民路3号", {"path": "445321107000+445381101000|road:人民路|door:3", "town": None}),
        ("云浮市大塘自然村12号", {"path": "445300000000|group:大塘|door:12", "village": None}),
        ("云城区12号", {"path": None, "door": "12"}),  # no road, no hamlet: no place
        ("云城区3栋2单元501室", {"path": None, "building": "3"}),
        ("云城区飞来镇人民路12号", {"path": None, "town": None}),  # a town that nobody knows is not the whole county
        ("云安县六都镇", {"county": "445303000000", "town": "445303100000", "level": "town"}),
        ("六都镇", {"town": "445303100000", "city": "445300000000"}),
        ("", {"path": None, "level": None, "residual": None}),
        ("13912345670", {"path": None, "level": None}),
    ],
)
def test_what_is_known_without_a_village(read, text, expected):
    found = read(text)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "village", "estate"),
    [
        ("云城区兴云西路1号高峰社区中心市场110铺", "445302001012", "中心市场"),  # the village is named behind the road
        ("云城区兴云西路1号高峰花园3栋501室", None, "高峰花园"),  # 高峰 alone is no village
        ("人民路1号悦村中心市场", "445321107201", "中心市场"),
        ("云城区人民路1号蓝山湖社区中心市场", None, "蓝山湖社区中心市场"),  # nobody knows it
        ("罗定市人民路1号高峰社区中心市场", None, "高峰社区中心市场"),  # it is in another county
    ],
)
def test_an_estate_may_be_called_by_its_village(read, text, village, estate):
    found = read(text)
    assert (found["village"], found["estate"]) == (village, estate)


def test_a_name_of_two_towns_is_left_open_until_a_village_decides(read):
    open_town = read("太平镇大塘三巷5号")
    assert (open_town["town"], open_town["among"]) == (None, "445321107000|445381101000")
    assert open_town["city"] == "445300000000"
    assert read("太平镇悦村3组")["town"] == "445321107000"


def reader(rows, areas=()):
    named = [dict(zip(("code", "name", "level", "parent", "valid_to", "successor"), row, strict=True)) for row in rows]
    known = gazetteer.Gazetteer(named, [{"name": name, "code": code} for name, code in areas])
    read = parser.Reader(known)
    return lambda text: read.parse(clean_text(pd.Series([text], dtype=object))).iloc[0]


ZONE = [
    ("320000000000", "江苏省", "province", "", "", ""), ("320400000000", "常州市", "city", "320000000000", "", ""),
    ("320412000000", "武进区", "county", "320400000000", "", ""),
    ("320412105000", "横林镇", "town", "320412000000", "", ""),
    ("320412106000", "横山桥镇", "town", "320412000000", "", ""),
    ("320412106201", "新安村村民委员会", "village", "320412106000", "", ""),
    ("320412107000", "雪堰镇", "town", "320412000000", "", ""),
    ("320412108000", "旧镇", "town", "320412000000", "2015-01-01", "320412105000"),
]  # fmt: skip
AREA = [("常州经开区", "320412106000"), ("常州经开区", "320412108000")]


def test_a_text_is_read_alike_whatever_was_read_before_it():
    village, road = "横山桥镇新安村", "横山桥镇新安村3巷5号"
    told = [reader(ZONE)(road), *map(reader(ZONE), (village, road)), *map(reader(ZONE), (road, village))]
    assert {found["village"] for found in told} == {"320412106201"}
    assert [found["path"] for found in told if found["path"]] == ["320412106201|road:3巷|door:5"] * 3
    assert known_end("新安村") == known_end("新安村3巷5号") == 3


def known_end(text):
    named = [dict(zip(("code", "name", "level", "parent", "valid_to", "successor"), row, strict=True)) for row in ZONE]
    return gazetteer.Gazetteer(named).walk(text).end


def test_a_division_may_have_a_digit_in_its_name():
    numbered = ("320412106202", "新安3村", "village", "320412106000", "", "")
    found = reader([*ZONE, numbered])("横山桥镇新安3村5号")
    assert (found["village"], found["door"]) == ("320412106202", "5")


def test_a_functional_area_stands_for_the_towns_it_manages(expectations):
    read = reader(ZONE, AREA)
    alone = read("常州经开区人民路1号")
    assert (alone["county"], alone["town"], alone["among"]) == ("320412000000", None, "320412105000|320412106000")
    assert (alone["road"], alone["door"]) == ("人民路", "1")
    narrowed = read("江苏省常州市常州经开区横山桥镇新安村5号")
    assert (narrowed["village"], narrowed["path"]) == ("320412106201", "320412106201|door:5")
    assert read("常州经开区新安村5号")["path"] == "320412106201|door:5"


def test_a_town_that_the_functional_area_does_not_manage_is_no_place_in_it(expectations):
    found = reader(ZONE, AREA)("常州经开区雪堰镇人民路1号")
    assert (found["town"], found["path"]) == (None, None)


def test_a_city_without_counties_is_read_to_the_village(expectations):
    rows = [("440000000000", "广东省", "province", "", "", ""),
            ("441900000000", "东莞市", "city", "440000000000", "", ""),
            ("441900101000", "石龙镇", "town", "441900000000", "", ""),
            ("441900101201", "西湖村村民委员会", "village", "441900101000", "", "")]  # fmt: skip
    found = reader(rows)("广东省东莞市石龙镇西湖村人民路3号")
    assert [found[level] for level in gazetteer.LEVELS] == [
        "440000000000", "441900000000", None, "441900101000", "441900101201",
    ]  # fmt: skip
    assert found["path"] == "441900101201|road:人民路|door:3"


@pytest.mark.parametrize("text", ["蓝山湖社区3栋402", "新兴大厦3栋402", "云城花园3栋402", "云浮小区3栋"])
def test_a_place_name_inside_another_name_is_no_division(read, text):
    assert {read(text)[level] for level in gazetteer.LEVELS} == {None}


COUNTRY = [
    ("330000000000", "浙江省", "province", ""), ("330100000000", "杭州市", "city", "330000000000"),
    ("330110000000", "余杭区", "county", "330100000000"), ("330400000000", "嘉兴市", "city", "330000000000"),
    ("330481000000", "海宁市", "county", "330400000000"), ("330300000000", "温州市", "city", "330000000000"),
    ("330600000000", "绍兴市", "city", "330000000000"), ("330621000000", "绍兴县", "county", "330600000000"),
    ("330106000000", "西湖区", "county", "330100000000"), ("360100000000", "南昌市", "city", "360000000000"),
    ("360000000000", "江西省", "province", ""), ("360103000000", "西湖区", "county", "360100000000"),
    ("330110100000", "塘栖镇", "town", "330110000000"),
]  # fmt: skip


@pytest.fixture(scope="module")
def country():
    return reader([(*row, "", "") for row in COUNTRY])


@pytest.mark.parametrize(
    ("text", "finest"),
    [
        ("浙江省海宁皮革城3栋", "330481000000"),  # the one in the province that is named
        ("浙江海宁皮革城3栋", "330481000000"),  # the province without its rank as well
        ("杭州市-余杭,未来科技城3栋", "330110000000"),
        ("嘉兴海宁皮革城3栋", "330481000000"),
        ("浙江绍兴解放北路3号", "330600000000"),  # a city before the county that is called the same
        ("浙江西湖美术馆3栋", "330106000000"),
    ],
)
def test_a_name_without_its_rank_is_read_directly_behind_what_it_lies_in(country, text, finest):
    found = country(text)
    assert next(found[level] for level in reversed(gazetteer.LEVELS) if found[level]) == finest


@pytest.mark.parametrize(
    ("text", "county"),
    [
        ("海宁皮革城3栋", None),  # nothing is named before it
        ("杭州市海宁皮革城3栋", None),  # it lies elsewhere
        ("西湖美术馆3栋", None),
        ("嘉兴市海宁路3号", None),
        ("嘉兴市海宁大道3号", None),
        ("嘉兴市海宁北路3号", None),
        ("嘉兴市海宁花园3栋", None),
        ("嘉兴市海宁小学", None),
        ("杭州市西湖社区3栋", None),
        ("浙江省人民路3号海宁皮革城", None),  # a road stands between
        ("浙江余杭温州市人民路3号", None),  # another city follows: one of them is wrong
        ("杭州市余杭塘栖镇3号", "330110000000"),  # a town follows: it always was read
        ("杭州市余杭塘栖人民路3号", "330110000000"),  # of towns no short form is read so
    ],
)
def test_a_longer_name_that_begins_with_a_division_is_none(country, text, county):
    assert country(text)["county"] == county


@pytest.mark.parametrize(
    ("text", "province"),
    [("广西壮族自治区玉林市玉州区一环路3号", "450000000000"), ("湖南长沙市岳麓区3号", "430000000000"),
     ("广东省肇庆市端州区星岩一路5号", "440000000000"), ("肇庆市端州区星岩一路5号", None)],
)  # fmt: skip
def test_an_address_of_elsewhere_is_outside_and_read_no_further(read, text, province):
    found = read(text)
    assert (found["level"], found["province"], found["path"], found["road"]) == ("outside", province, None, None)


@pytest.mark.parametrize(
    ("text", "path", "residual"),
    [
        ("育华社区人民路12-3-501", f"{HOME}|road:人民路", "12-3-501"),
        ("育华社区学府路21号-1201室", f"{HOME}|road:学府路", "21号-1201室"),
        ("育华社区人民路之7401", f"{HOME}|road:人民路", "之7401"),
    ],
)
def test_numbers_that_can_be_read_two_ways_are_not_read(read, text, path, residual):
    found = read(text)
    assert (found["path"], found["residual"]) == (path, residual)


@pytest.mark.parametrize(
    ("text", "path", "relation"),
    [
        ("育华社区人民路12号对面", f"{HOME}|road:人民路", "12 对面"),
        ("育华社区人民路12号向东200米", f"{HOME}|road:人民路", "12 向东200米"),
        ("育华社区人民路与解放路交叉口", None, "人民路 与解放路交叉口"),
    ],
)
def test_a_relation_makes_its_anchor_no_place(read, text, path, relation):
    found = read(text)
    assert (found["path"], found["relation"]) == (path, relation)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("云城区_云城街道-育华社区_人民路12号", f"{HOME}|road:人民路|door:12"),  # separators of forms
        ("育华社区人民路12锦绣花园3栋", f"{HOME}|road:人民路|door:12|estate:锦绣花园|building:3"),
        ("育华社区人民路12", f"{HOME}|road:人民路|door:12"),
        ("育华社区人民路301室", f"{HOME}|road:人民路"),  # a room is no door
        ("育华社区人民路12号A栋7单元", f"{HOME}|road:人民路|door:12|building:A|unit:7"),
        ("育华社区人民路12号3-2-501", f"{HOME}|road:人民路|door:12|building:3|unit:2|room:501"),
        ("育华社区人民路12号电联", f"{HOME}|road:人民路|door:12"),
        ("育华社区三都工业区爱民路200号", f"{HOME}|road:爱民路|door:200"),  # where the road is, not its name
        ("育华社区工业园路5号", f"{HOME}|road:工业园路|door:5"),
        ("云城区腰古街道大塘村石围自然村5号", "445302102201|group:石围|door:5"),  # the town before it was a town
        ("云安县六都乡冬城村石围3组", "445303100213|group:石围3组"),
    ],
)
def test_forms_of_real_texts(read, text, path):
    assert read(text)["path"] == path


def test_a_name_of_another_rank_never_beats_a_real_one(expectations):
    rows = [{"code": code, "name": name, "level": "town", "parent": "", "valid_to": "", "successor": ""}
            for code, name in (("1", "河口镇"), ("2", "河口街道"), ("3", "安塘街道"))]  # fmt: skip
    known = gazetteer.Gazetteer(rows)
    assert [known.walk(text).codes for text in ("河口镇", "河口街道", "河口乡", "安塘镇")] == [
        ("1",), ("2",), ("1", "2"), ("3",)]  # fmt: skip


def test_a_name_with_a_character_in_brackets_is_known_with_and_without_them(expectations):
    rows = [
        {"code": "1", "name": "新(土郎)村民委员会", "level": "village", "parent": "", "valid_to": "", "successor": ""}
    ]
    reader = parser.Reader(gazetteer.Gazetteer(rows))
    texts = pd.Series(["新(土郎)村旧村自然村1号", "新（土郎）村委会旧村1号", "新土郎村旧村自然村1号"], dtype=object)
    assert reader.parse(clean_text(texts))["path"].tolist() == ["1|group:旧村|door:1"] * 3


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("云城区旧村七巷18号", "3|group:旧村|road:7巷|door:18"),  # a lane of some hamlet called so
        ("甲镇旧村七巷18号", "2|group:旧村|road:7巷|door:18"),  # the village stands in another town
        ("乙镇旧村七巷18号", "1|road:7巷|door:18"),
        ("旧村82号", "1|door:82"),
        ("乙镇旧村自然村5号", "4|group:旧村|door:5"),  # 自然村 is the word for hamlets alone
        ("乙镇旧村旧村自然村5号", "1|group:旧村|door:5"),
    ],
)
def test_a_village_with_a_name_of_many_hamlets_is_not_guessed(text, path):
    rows = [("1", "旧村村民委员会", "village", "4"), ("2", "甲镇", "town", "3"), ("3", "云城区", "county", ""),
            ("4", "乙镇", "town", "3")]  # fmt: skip
    names = ("code", "name", "level", "parent")
    none = dict.fromkeys(("pseudo", "valid_from", "valid_to", "successor"), "")
    reader = parser.Reader(gazetteer.Gazetteer([dict(zip(names, row, strict=True)) | none for row in rows]))
    assert reader.parse(clean_text(pd.Series([text], dtype=object)))["path"].tolist() == [path]


def test_a_town_that_nobody_knows_is_told_apart_from_the_hamlet_behind_it(read):
    found = read("云城区罗龙镇红光村5号")
    assert (found["town"], found["group"], found["residual"]) == (None, "红光", "罗龙镇")


@pytest.mark.parametrize("text", ["13912345670", "0766-8123456", "育华社区13912345670"])
def test_an_address_that_is_a_phone_number_names_no_place(read, text):
    assert {read(text)[name] for name in ("path", "door", "room")} == {None}


def test_numbers_keep_flats_apart(read):
    flats = {read(f"育华社区人民路12号锦绣花园3栋2单元{room}房")["path"] for room in (1502, 1503, 502, 1512)}
    assert len(flats) == 4


def test_an_address_of_ten_thousand_characters_says_nothing(read):
    assert set(read("育华社区人民路12号" * 1_000).values()) == {None}


@pytest.mark.parametrize(
    ("text", "same"),
    [("一百二十八号", "128号"), ("二十三组", "23组"), ("一五零二房", "1502房"), ("一环路", "一环路"),
     ("七一路3号", "七一路3号"), ("五一村", "五一村"), ("１５０２室", "1502室"), ("東區３棟", "东区3栋"),
     ("3 栋 12 5", "3栋12,5")],
)  # fmt: skip
def test_normalisation(text, same):
    assert normalise.normalise(clean_text(pd.Series([text]))[0]) == same


@given(st.text(alphabet="云城区街道育华社人民路锦绣花园号栋单元室房之附一二十甲A1205-,（）村组 巷旁", max_size=40))
def test_any_text_is_read_without_an_error_and_its_path_is_its_elements(text):
    said = elements.parse(normalise.normalise(text))
    steps = said.path()
    assert [step.split(":", 1)[0] for step in steps] == [name for name in elements.ELEMENTS if getattr(said, name)]
    assert all("|" not in step for step in steps)
