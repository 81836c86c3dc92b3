"""Why they are one, why not, how a value won: of rows whose answer is known, told by the rooms that decided."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.golden.living import NIGHT, Row, clusters, deploy, person
from transforms import account, database, kinds, link, merge, resolve, store
from transforms.account.nearest import Nearest
from transforms.commands.explained import told_apart
from transforms.explained import Choice, Edge, Waterfall
from transforms.live import Live
from transforms.merge.why import later
from transforms.paired import named
from transforms.publish.schema import ensure_schema
from transforms.review import judge
from transforms.run import REPOSITORY, Run
from transforms.wording import LANGUAGES, Words

KIND = kinds.load_all(REPOSITORY / "expectations")["person"]
TYPO = Row(
    "gongan_hukou", "吴桂花", "449991197003051245", "1970-03-05", "female", "15400000008", "v|road:甲|door:10|room:101"
)
TYPED = Row("shebao_canbao", "吴桂花", "!449991197003051345", "1970-03-05", "female", "15400000008")
TWICE = Row(
    "gongan_hukou", "龙国珍", "449991197502051244", "1975-02-05", "female", "15400000031", "v|road:甲|door:31|room:101"
)
AGAIN = replace(TWICE, number="")
SISTER = Row(
    "gongan_hukou", "龙国宝", "449991197502051260", "1975-02-05", "male", "15400000032", "v|road:甲|door:32|room:101"
)
BROTHER = Row("shebao_canbao", "龙国宝", "", "1975-02-06", "female", "15400000032", "v|road:甲|door:32|room:101")
OWN = Row(
    "gongan_hukou", "许文静", "449991199103051243", "1991-03-05", "female", "15400000011", "v|road:甲|door:14|room:101"
)
OTHER = Row(
    "shebao_canbao", "许文静", "449991199103051262", "1991-03-05", "female", "15400000011", "v|road:甲|door:14|room:101"
)
FLAT = Row(
    "gongan_hukou", "夏文青", "449991201303051274", "2013-03-05", "female", "15400000015", "v|road:甲|door:19|room:101"
)
MATE = Row("shebao_canbao", "朱国菲", "", "", "female", "15400000015", "v|road:甲|door:19|room:101")
ROWS = [TYPO, TYPED, TWICE, AGAIN, SISTER, BROTHER, OWN, OTHER, FLAT, MATE]


@dataclass(frozen=True)
class City:
    """A night that link and resolve have seen."""

    run: Run
    pairs: dict[frozenset[str], Edge]
    of: dict[str, str]

    def together(self, a: Row, b: Row) -> Waterfall:
        [told] = link.weigh(self.run, "person", [self.pairs[frozenset((a.record_id, b.record_id))]])
        assert self.of[a.record_id] == self.of[b.record_id]
        return told

    def apart(self, a: Row, b: Row) -> tuple[Waterfall, Nearest]:
        edge = self.pairs[frozenset((a.record_id, b.record_id))]
        ends = self.of[a.record_id], self.of[b.record_id]
        assert ends[0] != ends[1]
        return told_apart(self.run, "person", account.pair_of(self.run, "person", edge, *ends))


def resolved(run: Run) -> City:
    link.run(run, "person")
    resolve.run(run, "person")
    ids = Live(store.night_dir(run, "account", "live") / "person.parquet").ids
    told = named(store.read_table(store.night_dir(run, "link", "person") / "pairs.parquet"), ids).to_pylist()
    pairs = {frozenset((row["left"], row["right"])): Edge(**row) for row in told}
    return City(run, pairs, clusters(run))


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> City:
    return resolved(deploy(tmp_path_factory.mktemp("golden"), ROWS, REPOSITORY / "expectations"))


def test_a_mistyped_number_counts_and_is_not_shown(city: City) -> None:
    told = city.together(TYPO, TYPED)
    piece = next(one for one in told.pieces if one.label == "document")
    assert (piece.level, piece.weight > 1) == ("shared", True)
    assert told.chance == told.edge.score >= KIND.link.accept
    lines = {language: account.waterfall(Words(language), KIND, told, {}) for language in LANGUAGES}
    assert any("document: one character apart" in line and "+++" in line for line in lines["en"])
    assert any("证件号码：只差一个字符" in line and "+++" in line for line in lines["zh"])
    assert "44999119700305" not in str(lines)


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        (TWICE, AGAIN, "one_live_row_per"), (SISTER, BROTHER, "birth_and_sex_conflict"),
        (OWN, OTHER, "asked"), (FLAT, MATE, "below"),
    ],
)  # fmt: skip
def test_why_two_are_apart(city: City, a: Row, b: Row, why: str) -> None:
    told, near = city.apart(a, b)
    assert near.why == (why,)
    assert (told.edge.score >= KIND.link.accept) is (why in KIND.link.never)
    for language in LANGUAGES:
        words = Words(language)
        assert words.of("apart", why) in account.apart_line(words, KIND, near)


def test_one_place_among_several_is_shared_and_says_with_how_many(tmp_path: Path) -> None:
    first = Row("gongan_hukou", "龙国栋", "449991197502051279", "1975-02-05", "male", "15400000041")
    second = replace(first, number="449991197502051295", phone="15400000042")
    third = replace(first, number="449991197502051318", phone="15400000043")
    loose = Row("shebao_canbao", "龙国栋", "", "1975-02-05", "male", "")
    city = resolved(deploy(tmp_path, [first, second, third, loose], REPOSITORY / "expectations"))
    told, near = city.apart(first, loose)
    assert told.chance is not None
    assert told.edge.score < KIND.link.accept <= told.chance
    assert (near.why, near.rivals) == (("shared",), 2)
    line = account.apart_line(Words("en"), KIND, near)
    assert "it can be one of several at most: they share the score (2 more candidates)" in line
    assert "once the other candidates have their share" in "\n".join(account.waterfall(Words("en"), KIND, told, {}))


def test_a_number_that_one_row_lost_stands_against_nothing_while_others_bear_it(tmp_path: Path) -> None:
    own = Row("gongan_hukou", "孙秀莲", "449991196107221220", "1961-07-22", "female", "15400000007")
    borrower = replace(own, source="shebao_canbao", number="449991195803051999")
    owner = Row("gongan_hukou", "赵铁牛", borrower.number, "1958-03-05", "male")
    city = resolved(deploy(tmp_path, [own, borrower, owner, MATE], REPOSITORY / "expectations"))
    assert city.of[own.record_id] == city.of[borrower.record_id] != city.of[owner.record_id]
    both, mate = [own.record_id, borrower.record_id], [MATE.record_id]
    assert resolve.between(city.run, "person", both, mate) == ()
    assert "decisive_conflict" in resolve.between(city.run, "person", both, [owner.record_id])


def test_two_numbers_are_weighed_and_put_below_what_joins(city: City) -> None:
    told, _ = city.apart(OWN, OTHER)
    assert (told.role, told.edge.score) == ("number", KIND.link.accept - 1)
    assert told.chance is not None
    assert told.chance > told.edge.score
    assert "for a person to decide: 0.7999" in "\n".join(account.waterfall(Words("en"), KIND, told, {}))


def test_what_a_person_judged_is_said_before_all_else(tmp_path: Path) -> None:
    run = deploy(tmp_path, [OWN, OTHER], REPOSITORY / "expectations")
    stores = database.open_databases(run.settings)
    ensure_schema(stores)
    judge(stores, "person", (OWN.record_id, OTHER.record_id), "different", "李审核", "两本户口簿")
    _, near = resolved(run).apart(OWN, OTHER)
    assert near.why == ("judged",)
    assert [(one.by, one.why) for one in near.judged] == [("李审核", "两本户口簿")]
    assert "李审核" in account.apart_line(Words("zh"), KIND, near)


def chosen(folder: Path, rows: list[Row], since: dict[Row, str] | None = None) -> dict[str, Choice]:
    """How the values of the first row's entity were chosen, with the days since which rows say what they say."""
    import pyarrow as pa

    from tests.golden.living import PERSON
    from transforms import manifest

    run = deploy(folder, rows, REPOSITORY / "expectations")
    told = [person(row, at) | {"since": (since or {}).get(row, NIGHT)} for at, row in enumerate(rows, 1)]
    with store.output(store.night_dir(run, "account", "live")) as tmp:
        store.write_table(tmp / "person.parquet", pa.Table.from_pylist(told, PERSON))
        manifest.write(tmp, "account", {"again": "with days"})
    city = resolved(run)
    return {choice.name: choice for choice in merge.chosen(run, "person", city.of[rows[0].record_id])}


def steps(choice: Choice) -> list[tuple[str, bool, str | None]]:
    return [(said.source, said.same, said.why) for said in choice.said]


NUMBER = "449991199003050013"
REGISTER = Row("gongan_hukou", "王小明", NUMBER, "1990-03-05", "male")
WALK = Row("wangge_renkou", "王晓明", NUMBER, "1990-03-05", "male")
SOCIAL = Row("shebao_canbao", "王小明", NUMBER)


def test_the_more_trusted_source_wins_and_the_losing_value_stays_reachable(tmp_path: Path) -> None:
    found = chosen(tmp_path, [REGISTER, WALK, SOCIAL])
    name = found["name"]
    assert name.step == "trust"
    assert steps(name) == [
        ("gongan_hukou", True, None), ("shebao_canbao", True, "trust"), ("wangge_renkou", False, "trust")
    ]  # fmt: skip
    assert [said.value for said in name.said] == ["王小明", "王小明", "王晓明"]
    assert [said.trust for said in name.said] == sorted((said.trust for said in name.said), reverse=True)
    assert (found["sex"].step, found["birth_date"].step) == ("agree", "agree")
    assert "document" not in found
    assert "phone" not in found


def test_the_newer_word_of_one_source_wins(tmp_path: Path) -> None:
    old, new = replace(WALK, name="王小明"), replace(WALK, name="王晓明", phone="15400000001")
    name = chosen(tmp_path, [old, new], {old: "2026-09-01"})["name"]
    assert (name.step, [said.value for said in name.said]) == ("newer", ["王晓明", "王小明"])
    assert [said.since for said in name.said] == ["2026-10-01", "2026-09-01"]


def test_more_voices_win_then_what_says_more_then_the_smaller_id(tmp_path: Path) -> None:
    one, two, three = WALK, replace(WALK, name="王小明"), replace(WALK, name="王小明", phone="15400000001")
    name = chosen(tmp_path / "voices", [one, two, three])["name"]
    assert (name.step, name.said[0].value, [said.voices for said in name.said]) == ("voices", "王小明", [2, 2, 1])
    fuller = replace(WALK, name="王小明", life="living")
    name = chosen(tmp_path / "fuller", [WALK, fuller])["name"]
    assert (name.step, name.said[0].value) == ("fuller", "王小明")
    name = chosen(tmp_path / "smaller", [one, two])["name"]
    assert name.step == "smaller"
    assert name.said[0].record_id == min(one.record_id, two.record_id)


def test_a_registration_that_ended_is_not_asked(tmp_path: Path) -> None:
    left = replace(REGISTER, name="王晓明", life="moved_out")
    here = replace(REGISTER, life="living")
    name = chosen(tmp_path / "alone", [here, left])["name"]
    assert (name.step, steps(name)) == ("alone", [("gongan_hukou", True, None), ("gongan_hukou", False, "ended")])
    name = chosen(tmp_path / "three", [here, left, WALK])["name"]
    assert (name.step, [said.why for said in name.said]) == ("trust", [None, "trust", "ended"])


@pytest.mark.parametrize(("won", "step"), [((1, 2, 2), "heard"), ((1, 1, 2), "finer"), ((1, 2, 3), "finer")])
def test_the_last_step_that_chose_another_is_the_reason(won: tuple[int, int, int], step: str) -> None:
    assert later(won) == step
