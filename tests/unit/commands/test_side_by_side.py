"""A question of the queue: what both records say beside each other, marked, and what each answer would do."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from transforms import kinds
from transforms.account.nearest import Nearest
from transforms.account.waterfall import columns
from transforms.commands.side_by_side import agreement, item_lines
from transforms.explained import Edge, Piece, Waterfall
from transforms.review import Item, Told
from transforms.run import REPOSITORY
from transforms.wording import Language, Words

PERSON = kinds.load_all(REPOSITORY / "expectations")["person"]
ITEM = Item("i", "person", "join", "a", "b", "e1", "e2", 6000, "to=anchor name=exact", 0.6)
LEFT = Told(
    "gongan_hukou",
    {"name": "王小明", "sex": "1", "actual_address": "云浮市云城区云城街道龙塘社区浮石路2号江滨花园"},
    {"name": "王小明", "sex": "male", "actual_address": "x"},
)
MEANT = {"name": "王晓明", "sex": "male"}
RIGHT = Told("shebao_canbao", {"name": "王晓明", "sex": "男", "birth_date": "1990.3"}, MEANT)
EDGE = Edge("a", "b", "scored", 6000, ITEM.evidence)
WEIGHED = Waterfall(EDGE, role="anchor", model="mine", pieces=(Piece("name", "exact", 0.4),), chance=5987)
NEAR = Nearest(EDGE, "e2", ("a", "c"), ("b",), why=("below",))


def shown(item: Item = ITEM, left: Told = LEFT, right: Told = RIGHT, language: Language = "en") -> list[str]:
    return item_lines(item, PERSON, (left, right), WEIGHED, NEAR, Words(language))


def test_what_both_mean_alike_is_marked_so_however_it_is_written() -> None:
    assert [agreement((LEFT, RIGHT), name) for name in ("name", "sex", "actual_address", "birth_date")] == [
        False, True, None, None
    ]  # fmt: skip
    lines = shown()
    marks = {line[4:22].strip(): line[2] for line in lines if line[2:3] in ("=", "≠", " ") and line[4:5].strip()}
    assert (marks["name"], marks["sex"], marks["birth date"], marks["actual address"]) == ("≠", "=", " ", " ")
    [sex] = [line for line in lines if line.startswith("  = sex")]
    assert sex.split()[2:] == ["1", "男"]
    assert next(line for line in lines if "birth date" in line).split()[2:] == ["—", "1990.3"]
    long = next(at for at, line in enumerate(lines) if "江滨花园" in line)
    assert lines[long + 1].strip() == "—"
    assert max(map(columns, lines)) <= 100


def test_a_restricted_record_shows_nothing_of_either_beside_it() -> None:
    lines = "\n".join(shown(left=Told("gongan_hukou", {}, {}, restricted=True)))
    assert "restricted: its fields are shown to nobody" in lines
    assert "王" not in lines
    assert "1990" not in lines


@pytest.mark.parametrize(
    ("question", "words", "sure", "other"),
    [
        ("join", "e1 (2 records) and e2 (1 records) become one", "apart because: the score is below", "stay together"),
        ("part", "they stay together in e1 (2 records)", "joined by a score: are they one?", "apart because"),
    ],
)  # fmt: skip
def test_what_a_yes_and_a_no_would_do_is_said(
    question: Literal["join", "part"], words: str, sure: str, other: str
) -> None:
    told = " ".join(" ".join(shown(replace(ITEM, question=question))).split())
    assert words in told
    assert sure in told
    assert other not in told
    assert "unsure: changes nothing" in told
    assert "name: same" in told


def test_it_is_told_in_chinese() -> None:
    lines = shown(language="zh")
    assert lines[0] == "两个分开的对象：是同一个吗？"
    assert any(line.startswith("  ≠ 姓名") for line in lines)
    assert any(line.startswith("分开的原因：得分低于合并线（合并线 0.8000，复核线 0.2000）") for line in lines)
    assert any("合为一个" in line for line in lines)
