"""Comparison kernels: each level has a pair that reaches it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.link.at_once import AT_ONCE
from transforms.link.kernels import JOIN, KERNELS, LEVELS, PARTLY


def person(key: str, pinyin: str) -> str:
    return f"{key}{JOIN}{pinyin}"


def day(text: str, precision: str = "day") -> str:
    return f"{text}{JOIN}{precision}"


def point(lon: str, lat: str) -> str:
    return f"{lon}{JOIN}{lat}"


WANG = person("王小明", "wang xiao ming")
PAIRS = [
    ("name", WANG, WANG, "exact"),
    ("name", WANG, person("王晓鸣", "wang xiao ming"), "pinyin"),
    ("name", WANG, person("王小朋", "wang xiao peng"), "near"),
    ("name", WANG, person("王明小", "wang ming xiao"), "near"),
    ("name", WANG, person("王小", "wang xiao"), "near"),
    ("name", WANG, person("王?明", "wang ming"), "near"),
    ("name", person("马冬梅", "ma dong mei"), person("马冬海", "ma dong hai"), "near"),
    ("name", person("阿卜杜拉买买提", "a"), person("阿卜杜拉", "b"), "near"),
    ("name", WANG, person("王小明(户主)", "wang xiao ming hu zhu"), "near"),
    ("name", WANG, person("王小朋2", "wang xiao peng"), "near"),
    ("name", person("王伟(大)", "wang wei da"), person("王伟", "wang wei"), "near"),
    ("name", person("王伟(大)", "wang wei da"), person("王伟(小)", "wang wei xiao"), "half"),
    ("name", person("王伟(大)", "wang wei da"), person("李伟", "li wei"), "differ"),
    ("name", person("王伟", "wang wei"), person("王芳", "wang fang"), "half"),
    ("name", WANG, person("王建国", "wang jian guo"), "surname"),
    ("name", WANG, person("李建国", "li jian guo"), "differ"),
    ("name", person("王伟", "wang wei"), person("李伟", "li wei"), "differ"),
    ("organization_name", "云浮市云石贸易有限公司", "云浮市云石贸易有限公司", "exact"),
    ("organization_name", "云浮市云石贸易有限公司", "云石贸易(云浮)有限公司", "core"),
    ("organization_name", "云浮市云石建材贸易有限公司", "云石建材", "contained"),
    ("organization_name", "云浮市云石贸易有限公司", "云浮市云右贸易有限公司", "similar"),
    ("organization_name", "云浮市云石贸易有限公司", "云浮市云石贸易有限公司罗定分公司", "differ"),
    ("date", day("1990-03-05"), day("1990-03-05"), "exact"),
    ("date", day("1990-03-05"), day("1990-01-01", "year"), "partial"),
    ("date", day("1990-03-05"), day("1990-01-01"), "partial"),
    ("date", day("1990-03-05"), day("1990-05-03"), "near"),
    ("date", day("1990-03-05"), day("1990-03-06"), "near"),
    ("date", day("1990-03-05"), day("1990-02-09"), "lunar"),
    ("date", day("1990-03-05"), day("1991-11-17"), "close"),
    ("date", day("1990-03-05"), day("1960-11-17"), "differ"),
    ("text", "消火栓", "消火栓", "exact"),
    ("text", "消火栓", "室外消火栓", "similar"),
    ("text", "消火栓", "路灯", "differ"),
    ("spelling", "Kiandra", "kiandra", "exact"),
    ("spelling", "mitchell", "mitchel", "close"),
    ("spelling", "dwayne", "duane", "alike"),
    ("spelling", "catherine", "isabelle", "differ"),
    ("words", "Penhale Logistics Ltd", "Logistics, Penhale (LTD)", "exact"),
    ("words", "Penhale Logistics Ltd", "Penhale Logistics", "contained"),
    ("words", "Penhale Logistics Ltd", "Penhall Logistic Ltd", "similar"),
    ("words", "Penhale Logistics Ltd", "Redgate Motors PLC", "differ"),
    ("digits", "1804974", "1804974", "exact"),
    ("digits", "1804974", "1804947", "slip"),
    ("digits", "1804974", "804974", "slip"),
    ("digits", "1804974", "1814975", "differ"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0000300", "22.9000000"), "metres5"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0000900", "22.9000000"), "metres10"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0001200", "22.9000000"), "metres15"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0002000", "22.9000000"), "metres25"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0003000", "22.9000000"), "metres40"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0000000", "22.9008000"), "metres100"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0000000", "22.9010000"), "differ"),
    ("distance", point("112.0000000", "22.9000000"), point("112.0051950", "22.8972130"), "datum"),  # GCJ-02
    ("distance", point("112.0000000", "22.9000000"), point("112.0117259", "22.9029693"), "datum"),  # BD-09
    (
        "distance",
        point("112.0000000", "22.9000000"),
        point("112.0065309", "22.9057563"),
        "datum",
    ),  # the one as the other
    ("distance", point("112.0000000", "22.9000000"), point("112.0053950", "22.8972130"), "differ"),
]


@pytest.mark.parametrize(("using", "left", "right", "word"), PAIRS)
def test_a_pair_reaches_its_level_either_way_round(using: str, left: str, right: str, word: str) -> None:
    kernel, level = KERNELS[using], LEVELS[using].index(word) + 1
    assert (kernel(left, right), kernel(right, left)) == (level, level)


def test_every_level_of_every_kernel_is_reached() -> None:
    assert {(using, word) for using, _, _, word in PAIRS} == {(u, w) for u in KERNELS for w in LEVELS[u]}


NAMES = st.tuples(st.text("王小晓明朋未末己已大?2)(·", min_size=0, max_size=6), st.sampled_from(["", "wang", "ming"]))
DAYS = st.tuples(
    st.dates(date(1989, 11, 1), date(1992, 3, 1)) | st.sampled_from([date(1990, 1, 1), date(1990, 2, 1)]),
    st.sampled_from(["day", "day", "month", "year"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(NAMES, min_size=2, max_size=12), st.lists(DAYS, min_size=2, max_size=12))
def test_all_pairs_at_once_are_what_the_kernel_says_of_each(
    names: list[tuple[str, str]], days: list[tuple[date, str]]
) -> None:
    spelt = {"name": [person(*name) for name in names], "date": [day(one.isoformat(), what) for one, what in days]}
    assert set(spelt) == set(AT_ONCE)
    for using, texts in spelt.items():
        both_ways(using, texts)


def test_masked_and_look_alike_characters_at_once_are_what_the_kernel_says() -> None:
    told = ["王小明", "王?明", "王??", "?小朋", "王未己", "王末已", "王末大", "王*", "王大", "未", "末"]
    levels = both_ways("name", [person(name, str(at)) for at, name in enumerate(told)])
    near = LEVELS["name"].index("near") + 1
    pairs = {(told[a], told[b]) for (a, b), level in levels.items() if level == near}
    assert {("王小明", "王?明"), ("王小明", "王??"), ("王未己", "王末已"), ("王*", "王大"), ("未", "末")} <= pairs
    assert ("王未己", "王末大") not in pairs, "not every character that differs looks alike"


def both_ways(using: str, texts: list[str]) -> dict[tuple[int, int], int]:
    """The levels of all pairs at once; where one is told it is that of the kernel."""
    left, right = (side.ravel() for side in np.indices((len(texts), len(texts))))
    found = AT_ONCE[using](pa.array(texts, pa.string()), left, right).tolist()
    pairs = list(zip(left.tolist(), right.tolist(), strict=True))
    expected = [KERNELS[using](texts[a], texts[b]) for a, b in pairs]
    assert [f or e for f, e in zip(found, expected, strict=True)] == expected
    return dict(zip(pairs, found, strict=True))


def test_only_what_is_not_of_the_usual_shape_is_left_to_the_kernel() -> None:
    left, right = np.array([0, 0, 0]), np.array([1, 2, 3])
    names = [WANG, person("王小朋", "a"), person("王小朋2", "b"), person("阿卜杜拉买买提", "c")]
    assert AT_ONCE["name"](pa.array(names), left, right).tolist() == [LEVELS["name"].index("near") + 1, 0, 0]
    days = [day("1990-05-06"), day("1990-06-05"), day("1990-05-01", "month"), day("", "day")]
    near, partial = (LEVELS["date"].index(word) + 1 for word in ("near", "partial"))
    assert AT_ONCE["date"](pa.array(days), left, right).tolist() == [near, partial, 0]


def test_equal_words_are_the_closest_level_of_all_but_what_may_be_known_in_part() -> None:
    point, firm = f"112.04{JOIN}22.91", "云浮市云石贸易有限公司"
    said = {"name": WANG, "organization_name": firm, "text": "消火栓", "distance": point}
    said |= {"spelling": "Zhang", "digits": "12", "words": "Zhang Wei"}
    assert set(said) == set(KERNELS) - PARTLY
    assert {using: KERNELS[using](text, text) for using, text in said.items()} == dict.fromkeys(said, 1)
    assert KERNELS["date"](day("1990-01-01", "year"), day("1990-01-01", "year")) == 2
