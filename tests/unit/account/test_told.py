"""An explanation as text: why two are apart, what a clerk reads of a pair, and what happened, in both languages."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import database, kinds, model
from transforms.account import apart, render_explanation, waterfall
from transforms.account.explain import Explanation, Value
from transforms.account.history import Event, history, judgements
from transforms.account.landed import Told
from transforms.account.nearest import Nearest, strongest
from transforms.account.waterfall import columns, folded, padded
from transforms.account.whereabouts import Place
from transforms.database import Databases
from transforms.explained import Choice, Edge, Piece, Said, Waterfall
from transforms.run import REPOSITORY, Settings
from transforms.wording import Language, Words

KINDS = kinds.load_all(REPOSITORY / "expectations")
PERSON = KINDS["person"]
ACCEPT = PERSON.link.accept
SCORED = Edge("a", "b", "scored", 8100, "to=anchor name=exact")
JUDGED = Event("2026-10-02", "judged.different", record="a", other="c", by="李审核", why="两人", number=3)


def near(score: int, how: str = "scored", rivals: int = 0, judged: tuple[Event, ...] = ()) -> Nearest:
    return Nearest(Edge("a", "b", how, score, ""), "other", ("a",), ("b",), rivals, judged)


@pytest.mark.parametrize(
    ("score", "how", "role", "chance", "rivals", "against", "why"),
    [
        (ACCEPT, "scored", "anchor", ACCEPT, 0, ["one_live_row_per"], ("one_live_row_per",)),
        (10_000, "number", None, None, 0, ["birth_and_sex_conflict"], ("birth_and_sex_conflict",)),
        (10_000, "number", None, None, 0, [], ("other",)),
        (ACCEPT - 1, "scored", "number", 10_000, 3, ["decisive_conflict"], ("asked",)),
        (ACCEPT - 1, "scored", "anchor", ACCEPT - 1, 3, [], ("below",)),
        (3000, "scored", "anchor", None, 0, ["same_source"], ("below", "same_source")),
        (4000, "scored", "anchor", 9000, 2, [], ("shared",)),
        (4000, "scored", "anchor", ACCEPT, 2, [], ("shared",)),
        (ACCEPT - 1, "scored", "anchor", 9000, 0, [], ("capped",)),
        (ACCEPT - 1, "scored", "leftover", 9000, 2, [], ("capped",)),
    ],
)
def test_why_two_are_apart(
    score: int, how: str, role: str | None, chance: int | None, rivals: int, against: list[str], why: tuple[str, ...]
) -> None:
    told = Waterfall(SCORED, role=role, chance=chance)
    assert apart(PERSON, near(score, how, rivals), told, against) == why
    assert apart(PERSON, near(score, how, rivals, (JUDGED,)), told, against) == ("judged",)


def test_the_nearest_is_the_strongest_pair_with_a_record_of_another() -> None:
    rows = [(0, 1, 10_000), (0, 5, 4000), (1, 4, 7000), (2, 1, 7000), (6, 7, 9999)]
    told = [{"left": a, "right": b, "score": score, "how": "scored", "evidence": ""} for a, b, score in rows]
    pairs = pa.Table.from_pylist(told, model.PAIR)
    [near] = strongest(pairs, pa.array([0, 1], pa.int32())).to_pylist()
    assert (near["left"], near["right"], near["score"]) == (1, 4, 7000)
    assert strongest(pairs, pa.array([6, 7], pa.int32())).num_rows == 0


WEIGHED = Waterfall(
    SCORED, (), None, "anchor", "mine-3", -2.0,
    (Piece("name", "exact", 4.0), Piece("phone", "differ", -0.5), Piece("document", "null", 0.0)), 8176,
)  # fmt: skip


def test_a_waterfall_shows_each_piece_its_weight_and_a_bar_and_the_sum() -> None:
    lines = waterfall(Words("en"), PERSON, WEIGHED, {"a": "[1]", "b": "[2]"})
    assert lines[0] == "[1] and [2]: by a score, score 0.8100"
    assert "mine-3" in lines[2]
    assert [line.split() for line in lines[3:7]] == [
        ["before", "anything", "is", "compared", "-2.00", "-" * 6], ["name:", "same", "+4.00", "+" * 12],
        ["phone:", "none", "in", "common", "-0.50", "--"],
        ["document:", "one", "or", "both", "do", "not", "say", "it", "+0.00"],
    ]  # fmt: skip
    assert lines[7].strip() == "sum +1.50: probability 0.8176; 0.8100 once the other candidates have their share"
    chinese = waterfall(Words("zh"), PERSON, WEIGHED, {"a": "[1]"})
    assert chinese[0] == "[1] 与 对方记录 b：逐项比对得分，得分 0.8100"
    assert chinese[4].split() == ["姓名：相同", "+4.00", "+" * 12]


def test_without_the_model_of_the_night_no_weight_is_made_up() -> None:
    bare = Waterfall(SCORED, role="anchor", pieces=(Piece("name", "exact", 0.0),))
    lines = waterfall(Words("en"), PERSON, bare, {})
    assert "no longer at hand" in lines[2]
    assert lines[3:] == ["  name: same"]


@given(st.lists(st.sampled_from(["ab", "中", "文，", "（c", " ", "d "]), max_size=40), st.integers(20, 40))
def test_a_folded_line_says_the_same_and_breaks_where_it_may(told: list[str], width: int) -> None:
    lines = folded(f"  x {' '.join(told)}", width)
    assert "".join("".join(lines).split()) == "".join(f"x{''.join(told)}".split())
    assert max(map(columns, lines)) <= width
    assert all(line.startswith("      ") for line in lines[1:])


def test_chinese_breaks_between_characters_but_not_before_a_comma() -> None:
    lines = folded("  " + "广东省云浮市云城区，" * 4, 24)
    assert (len(lines) > 3, max(map(columns, lines)) <= 24) == (True, True)
    assert not [line for line in lines if line.strip().startswith("，")]
    assert folded("  " + "x" * 40, 24) == ["  " + "x" * 40]


def test_a_chinese_character_takes_two_columns() -> None:
    assert (columns("a中"), padded("中", 4), columns(padded("姓名", 10))) == (3, "中  ", 10)


def explanation(**more: Any) -> Explanation:
    row = Told("gongan_hukou", "gongan_hukou-20261001-0-00", "户籍.csv", 7, "person", "merged", None, None, "a", "e1")
    return Explanation("e1", "person", "live", None, (row,), **more)


def text(found: Explanation, language: Language = "en") -> str:
    return render_explanation(found, KINDS, Words(language))


def said(record: str, value: str | None, why: str | None, *, same: bool = False) -> Said:
    return Said(record, "gongan_hukou", value, same, 90, "2026-10-01", 1, 5, why)


def test_winner_and_losers_are_told_with_their_record_and_why() -> None:
    words = (said("a", "male", None), said("z", "male", "newer", same=True), said("y", "female", "newer"))
    sex = Choice("sex", "newer", words)
    code = Choice("credit_code", "trust", (said("a", None, None), said("z", None, "trust")))
    values = (Value("sex", "male", "a"), Value("certainty", "number", None))
    found = explanation(values=values, chosen=(sex, code))
    lines = [line.strip() for line in text(found).splitlines()]
    assert "sex = male (the newer word stands)" in lines
    assert "stands: [1] gongan_hukou (trust 90, since 2026-10-01)" in lines
    assert "female: y gongan_hukou (trust 90, since 2026-10-01); the newer word stands" in lines
    assert "the same: z gongan_hukou (trust 90, since 2026-10-01)" in lines
    assert "(not shown): z gongan_hukou (trust 90, since 2026-10-01); the more trusted source stands" in lines
    assert not [line for line in lines if line.startswith("male: ")]
    assert "certainty = by a number" in lines
    chinese = text(found, "zh")
    assert "性别 = 男（以较新的数据为准）" in chinese
    assert "女：y gongan_hukou（可信度 90，2026-10-01 起）；以较新的数据为准" in chinese
    assert "确定性 = 有号码佐证" in chinese


@pytest.mark.parametrize(
    ("place", "english", "chinese"),
    [
        (Place({}, (), (), None, "address", "gap"), "no grid: in a gap between", "没有网格：落在网格之间的空隙"),
        (Place({}, (), (), None, None, None), "no grid (not a fact)", "没有网格（不是落格的对象）"),
        (Place({"address_id": ("n1", None)}, (), (), None, None, "outside"), "no standard address", "没有标准地址"),
        (
            Place({}, (), (("small", "4401", "甲"), ("large", "44", "乙")), "g1", "polygon", None),
            "grid: small 4401 甲 < large 44 乙 (by its point in the polygon)",
            "网格：小网格 4401 甲 < 大网格 44 乙（按坐标落入网格）",
        ),
    ],
)  # fmt: skip
def test_a_place_is_told_in_words(place: Place, english: str, chinese: str) -> None:
    found = explanation(values=(Value("sex", "male", "a"),), place=place)
    assert english in text(found)
    assert chinese in text(found, "zh")


def test_nothing_came_near_is_said_and_of_a_restricted_entity_not_even_that() -> None:
    assert "nothing else came near" in text(explanation())
    shut = text(explanation(restricted=True, values=(), place=None))
    assert "restricted: its fields are shown to nobody" in shut
    assert "came near" not in shut


@pytest.fixture
def stores(migrated_home: object, tmp_path: object) -> Databases:
    import shutil

    home = shutil.copytree(str(migrated_home), f"{tmp_path}/home")
    return database.open_databases(Settings.from_environment({"GRIDFACTS_HOME": str(home)}))


def fill(stores: Databases) -> None:
    with database.writing(stores.release) as connection:
        for release, day in ((1, "2026-10-01"), (2, "2026-10-03")):
            connection.exec_driver_sql(f"INSERT INTO release VALUES ({release}, '{day}', 'x', '{{}}')")
        rows = [
            (1, 1, "e1", "create", None), (2, 1, "e2", "create", None), (3, 2, "e2", "merge", "e1"),
            (4, 2, "e3", "split", "e1"), (5, 2, "e1", "update", None), (6, 2, "e4", "restrict", "e1"),
        ]  # fmt: skip
        for seq, release, entity, event, other in rows:
            fields = "'name|sex'" if event == "update" else "NULL"
            who = f"'{other}'" if other else "NULL"
            connection.exec_driver_sql(
                "INSERT INTO change (seq, release, kind, entity_id, event, fields, other_id) "
                f"VALUES ({seq}, {release}, 'person', '{entity}', '{event}', {fields}, {who})"
            )
    with database.writing(stores.control) as connection:
        for number, left, right, decision, retired in (
            (1, "a", "z", "same", "'2026-10-04T08:00:00+00:00'"), (2, "x", "a", "different", "NULL"),
            (3, "x", "z", "different", "NULL"),
        ):  # fmt: skip
            by = "'王'" if retired != "NULL" else "NULL"
            connection.exec_driver_sql(
                "INSERT INTO judgement (judgement_id, kind, left_record, right_record, decision, decided_by, "
                "decided_at, reason, retired_by, retired_at) "
                f"VALUES ({number}, 'person', '{left}', '{right}', '{decision}', '李', "
                f"'2026-10-02T08:00:00+00:00', 'why', {by}, {retired})"
            )
        connection.exec_driver_sql(
            "INSERT INTO hold (hold_id, source, batch, code, night, told, decided_by, decision, decided_at, reason) "
            "VALUES ('h1', 's', 'mine', 'BRAKE_MERGES', '2026-10-01', 't', '陈', 'release', "
            "'2026-10-02T09:00:00+00:00', 'fine'), "
            "('h2', 's', 'another', 'BRAKE_MERGES', '2026-10-01', 't', NULL, NULL, NULL, NULL)"
        )


def test_history_has_what_stands_under_the_other_id_and_what_persons_decided(stores: Databases) -> None:
    fill(stores)
    told = history(stores, "person", "e1", {"a"}, {"mine"})
    assert [(one.day[-2:], one.what, one.other) for one in told] == [
        ("01", "create", None), ("01", "held", "mine"), ("02", "judged.same", "z"), ("02", "judged.different", "x"),
        ("02", "hold.release", "mine"), ("03", "merge.other", "e2"), ("03", "split.other", "e3"),
        ("03", "update", None), ("04", "undone", None),
    ]  # fmt: skip
    assert [(one.what, one.other) for one in history(stores, "person", "e2", (), ())] == [
        ("create", None),
        ("merge", "e1"),
    ]
    lines = text(explanation(history=tuple(told))).split("history:\n")[1]
    assert "2026-10-01: batch mine was held: it would merge many that were apart" in lines
    assert "2026-10-03 release 2: e2 was merged into it" in lines
    assert "2026-10-03 release 2: updated: name, sex" in lines
    assert "2026-10-04: 王 took judgement 1 back" in lines
    chinese = text(explanation(history=tuple(told)), "zh")
    assert "2026-10-03 第 2 版：e2 并入本对象" in chinese
    assert "2026-10-03 第 2 版：更新：姓名、性别" in chinese


def test_only_standing_judgements_between_the_two_count(stores: Databases) -> None:
    fill(stores)
    assert [one.number for one in judgements(stores, "person", ["a"], ["x", "z"])] == [2]
    assert judgements(stores, "house", ["a"], ["x"]) == []
