"""The linter: the repository's own contracts are good, and each mistake a contract can make is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from expectations.lint import lint
from expectations.purposes import is_named
from transforms import contract as contracts
from transforms import lookups
from transforms.run import REPOSITORY

EXPECTATIONS = REPOSITORY / "expectations"


@pytest.fixture
def change(tmp_path: Path) -> Callable[[str, str, str], list[str]]:
    """Replace a text once in a file of a copy of the expectations, and lint the copy."""
    copy = tmp_path / "expectations"
    shutil.copytree(EXPECTATIONS, copy, ignore=shutil.ignore_patterns("*.py", "__pycache__"))

    def apply(name: str, old: str, new: str) -> list[str]:
        text = (copy / name).read_text("utf-8")
        assert old in text, f"{name} no longer holds the text this test changes"
        (copy / name).write_text(text.replace(old, new, 1), "utf-8")
        return lint(copy)

    return apply


def test_the_contracts_of_the_repository_are_good() -> None:
    assert len(contracts.load_all(EXPECTATIONS)) >= 8
    assert lint(EXPECTATIONS) == []


HUKOU, HOUSES, PARTS, TAX = (
    f"contracts/{s}.yml" for s in ("gongan_hukou", "zhujian_fangwu", "chengguan_bujian", "shuiwu_nashui")
)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (HUKOU, "to: person.former_name", "to: person.alias", "feeds person.alias, a property that does not exist"),
        (HUKOU, "purpose: P-ADDRESS", "purpose: P-CURIOSITY", "names purpose P-CURIOSITY"),
        (HUKOU, "heading: 曾用名", "heading: 是否重点人员", "deny-list (key person)"),
        (HUKOU, "heading: 曾用名", "heading: ZZMM", "deny-list (political label)"),
        (HUKOU, "heading: 曾用名", "heading: zongjiao_xinyang", "deny-list (religion)"),
        (HUKOU, "正常: living", "重点人员: living", "has a code word on the deny-list (key person)"),
        (HUKOU, "正常: living", "ZDRY1: living", "has a code word on the deny-list (key person"),
        (HUKOU, "正常: living", "正常: xidu", "has a code word on the deny-list (criminal record)"),
        ("kinds/person.yml", "dead: 死亡", "dead: 死亡, wanted: 在逃人员", "life_status has a word on the deny-list"),
        (HUKOU, "姓名, to: person.name, required: true", "姓名, to: person.former_name", "required property name"),
        (HUKOU, "正常: living", "正常: alive", "maps to alive, a word that person.life_status does not know"),
        (HUKOU, "residence_kind: registered", "residence_kind: guest", "a word that its kind does not know"),
        (HUKOU, "person.residence_kind:", "person.residence:", "constants name person.residence, a property"),
        (HUKOU, "trust: {name: 100", "trust: {nome: 100", "trust names nome"),
        (HUKOU, "trust: {name: 100", "trust: {name: 101", "trust of name is not between 0 and 100"),
        (HUKOU, "authority_for: [document,", "authority_for: [passport,", "authority_for names passport"),
        (HUKOU, "one_live_row_per: person", "one_live_row_per: house", "a kind that is not fed"),
        (HUKOU, "document_kind: '111', ", "", "nothing tells the kind of the document"),
        (HUKOU, "to: person.birth_date, formats: ['%Y%m%d', '%Y%m00'],", "to: person.birth_date,", "without formats"),
        (HUKOU, "feeds:\n", "feeds:\n  dragon: {key: []}\n", "there is no kinds/dragon.yml"),
        (HUKOU, "on_new_column: note", "on_new_colour: note", "on_new_colour"),
        (HOUSES, "to: [building.lat, address.lat]", "to: address.lat", "building is fed a longitude without"),
        (PARTS, "  crs: gcj02\n", "", "does not say in which coordinate system"),
        (TAX, "key: [登记序号]}", "key: [不存在]}", "不存在"),
        ("kinds/person.yml", "[name_key]", "[nome_key]", "link.blocks nome_key names no column"),
        ("kinds/person.yml", "decisive: document", "decisive: passport", "link.decisive passport names no column"),
        ("kinds/facility.yml", "second: own_number", "second: plate", "link.second plate names no column"),
        ("kinds/premises.yml", "- [name_key]", "- [nome_key]", "link.once nome_key names no column"),
        ("kinds/house.yml", "type: decimal", "type: numeral", "properties.area.type"),
    ],
)
def test_each_mistake_is_named(
    change: Callable[[str, str, str], list[str]], name: str, old: str, new: str, said: str
) -> None:
    problems = change(name, old, new)
    assert any(said in problem for problem in problems), problems
    assert all(name.rpartition("/")[2] in problem for problem in problems if said in problem)


def test_a_body_may_be_of_a_kind_that_no_person_is_called(change: Callable[[str, str, str], list[str]]) -> None:
    mapped = "诊所: social, 精神病医院: institution"
    assert change("contracts/weijian_jigou.yml", "诊所: social", mapped) == []


def test_an_ignored_heading_may_be_denied(change: Callable[[str, str, str], list[str]]) -> None:
    assert change(HUKOU, "heading: 民族", "heading: 宗教信仰") == []


def test_one_bad_contract_does_not_hide_the_problems_of_another(change: Callable[[str, str, str], list[str]]) -> None:
    change(HUKOU, "on_new_column: note", "on_new_colour: note")
    problems = change(PARTS, "  crs: gcj02\n", "")
    assert [sum(name in problem for problem in problems) for name in ("gongan_hukou", "chengguan_bujian")] == [1, 1]


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert lint(tmp_path) == [f"{tmp_path} holds no contracts or no kinds"]


@pytest.mark.parametrize("heading", ["zdry", "ZDRY_flag", "sf-zdrybs", "ZhongDianRenYuan", "是否重点人员", "重 点人员"])
def test_synonyms_of_a_denied_word_are_seen(heading: str) -> None:
    assert is_named(heading, "重点人员")


@pytest.mark.parametrize(
    "heading",
    ["是否重點人員", "黨員", "是否信教", "所属党派", "健康状况", "jian_kang_zk", "重点关注对象", "管控级别",
     "是否社区矫正", "特殊人群类型", "刑满释放日期", "is_key_person", "Religious Belief", "degree_concern", "传染病史",
     "涉毒标识", "ＺＤＲＹ", "积分", "DISABILITY_LV"],
)  # fmt: skip
def test_what_the_deny_list_means_is_denied_under_other_names(heading: str) -> None:
    words = [row["word"] for row in lookups.rows(EXPECTATIONS, "denied_columns")]
    assert [word for word in words if is_named(heading, word)]


def test_what_departments_really_load_is_not_denied() -> None:
    words = [row["word"] for row in lookups.rows(EXPECTATIONS, "denied_columns")]
    loaded = {c.heading for contract in contracts.load_all(EXPECTATIONS).values() for c in contract.columns}
    innocent = [
        "xingshi",
        "fuxinglu",
        "haizi_xm",
        "zhili_dw",
        "门牌号",
        "姓氏",
        "管理单位",
        "监管类别",
        "风险等级",
        "受教育程度",
    ]
    assert len(loaded) > 100
    assert [h for h in (*sorted(loaded), *innocent) if any(is_named(h, word) for word in words)] == []


@pytest.mark.parametrize("heading", ["姓名", "重点工程", "站点人员", "zd", "document", "户籍地址"])
def test_innocent_headings_are_not_denied(heading: str) -> None:
    assert not is_named(heading, "重点人员")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("purposes", "对应,地名管理条例,市民政局", "对应,,市民政局", "P-ADDRESS"),
        ("purposes", "地名管理条例,市民政局", "地名管理条例,", "P-ADDRESS"),
        ("purposes", "owner\n", "owner,valid_to\n", None),
        ("purposes", "owner\n", "owner,valid_to\nP-OLD,x,y,z,2020-12-31\n", None),
        ("denied_columns", "word,reason\n", "word,reason,valid_from\n姓名,test,2999-01-01\n", None),
        ("denied_columns", "word,reason\n", "word,reason,valid_from\n姓名,x,2020-01-01\n", "姓名 is on the deny-list"),
        ("legal_forms", "form,as\n", "form,as,valid_from\n甲,乙,2026-13-01\n", "line 2: valid_from or"),
        ("legal_forms", "form,as\n", "form,as,valid_from,valid_to\n甲,乙,2026-02-01,2026-01-01\n", "line 2: valid_to"),
    ],
)  # fmt: skip
def test_lookups_hold_on_their_days_and_a_purpose_has_title_basis_and_owner(
    change: Callable[[str, str, str], list[str]], name: str, old: str, new: str, said: str | None
) -> None:
    problems = change(f"lookups/{name}.csv", old, new)
    assert any(said in problem for problem in problems) if said else problems == [], problems
