"""Explain and review show on a whole night whose truth is known: what they tell is what the rooms did."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pytest

from tests.homes import NIGHTS, Home
from transforms import contract, keys, kinds, link, merge, store
from transforms.account.waterfall import columns
from transforms.explained import Edge, Waterfall
from transforms.live import Live
from transforms.paired import named
from transforms.run import REPOSITORY, Run, Settings

NIGHT = ("--night", NIGHTS[0])
BY = ("--by", "李审核", "--reason", "户籍科核实为两人")
EXPECTATIONS = REPOSITORY / "expectations"
FEW = 12  # entities of a kind that are looked at


def ask(home: Home, query: str, of: str = "release.db") -> list[tuple[Any, ...]]:
    with sqlite3.connect(home.path / of) as connection:
        return connection.execute(query).fetchall()


def night(home: Path) -> Run:
    return Run.of(NIGHTS[0], settings=Settings.from_environment(Home(home).settings))


def scored(run: Run, kind: str) -> list[Waterfall]:
    ids = Live(store.night_dir(run, "account", "live") / f"{kind}.parquet").ids
    pairs = store.read_table(store.night_dir(run, "link", kind) / "pairs.parquet")
    rows = named(pairs.filter(pc.equal(pairs["how"], "scored")), ids).to_pylist()
    return list(link.weigh(run, kind, [Edge(**row) for row in rows]))


@pytest.mark.parametrize("kind", ["person", "organization", "facility"])
def test_every_score_is_what_its_pieces_come_to(first_night: Path, kind: str) -> None:
    told = scored(night(first_night), kind)
    assert told
    for one in told:
        assert one.chance is not None
        assert one.chance == one.edge.score or (one.role != "leftover" and one.chance > one.edge.score)


def test_every_value_is_told_to_be_won_by_the_record_that_won_it(first_night: Path) -> None:
    run, steps = night(first_night), set()
    for kind in kinds.load_all(run.settings.expectations):
        claim = store.read_table(store.night_dir(run, "merge", kind) / "claim.parquet").to_pandas().astype(str)
        records = claim.groupby("entity_id")["record_id"].nunique()
        for entity in records.sort_values(ascending=False, kind="stable").index[:FEW]:
            mine = claim[claim["entity_id"] == entity]
            won = dict(zip(mine["property"], mine["record_id"], strict=True))
            for choice in merge.chosen(run, kind, entity):
                assert (kind, choice.name, choice.said[0].record_id) == (kind, choice.name, won[choice.name])
                steps.add(choice.step)
    assert steps >= {"alone", "agree", "trust"}


def test_where_a_later_step_chose_another_address_that_step_is_named(first_night: Path) -> None:
    run = night(first_night)
    trust = {source: one.trust.get("actual_address", 50) for source, one in contract.load_all(EXPECTATIONS).items()}
    live = Live(store.night_dir(run, "account", "live") / "person.parquet")
    told = pd.DataFrame({"trust": [trust[one] for one in live.column("source").to_pylist()]}, live.ids.to_pylist())
    told = told[live.filled("actual_address")]
    standing = store.read_table(store.night_dir(run, "resolve", "person") / "cluster.parquet").to_pandas()
    told["entity"] = standing.set_index("record_id")["entity_id"].astype(str)
    claim = store.read_table(store.night_dir(run, "merge", "person") / "claim.parquet").to_pandas().astype(str)
    won = claim[claim["property"] == "actual_address"].set_index("entity_id")["record_id"].map(told["trust"])
    outvoted = won[won < told.groupby("entity")["trust"].max().reindex(won.index)].index
    assert len(outvoted)
    for entity in outvoted:
        [choice] = [one for one in merge.chosen(run, "person", entity) if one.name == "actual_address"]
        assert choice.step in ("heard", "finer")
        assert choice.said[0].trust < max(said.trust for said in choice.said)
        assert {said.why for said in choice.said[1:] if said.trust > choice.said[0].trust} == {choice.step}


def test_a_mistyped_number_holds_its_person_together_as_the_truth_has_it(first_night: Path, city: Path) -> None:
    run = night(first_night)
    truth = store.read_table(city / "truth" / "person.parquet").to_pylist()
    of = {(row["source"], row["file_sha256"], row["line"]): row["entity"] for row in truth}
    rows = store.read_table(store.night_dir(run, "account", "live") / "person.parquet", ["record_id", "batch", "line"])
    whose = {
        row["record_id"]: of.get((row["batch"].split("-")[0], row["batch"].rpartition("-")[2], row["line"]))
        for row in rows.to_pylist()
    }
    near = [one for one in scored(run, "person") if "document=shared" in one.edge.evidence]
    joined = [one for one in near if one.edge.score >= kinds.load_all(run.settings.expectations)["person"].link.accept]
    assert joined
    for one in joined:
        assert whose[one.edge.left] == whose[one.edge.right] is not None
        assert next(piece.weight for piece in one.pieces if piece.label == "document") > 0


def number_of(home: Home, entity: str) -> str:
    sealed = f"SELECT ciphertext FROM vault_identifier WHERE entity_id = '{entity}' AND what = 'document'"
    [(ciphertext,)] = ask(home, sealed)
    return keys.load(Settings.from_environment(home.settings)).unseal(ciphertext)


@pytest.fixture(scope="module")
def parted(first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str, str, str]:
    """A home where two records of one number were parted: it, the number, the entity that stayed, the new one."""
    home = Home.copy_of(first_night, tmp_path_factory.mktemp("parted") / "home")
    [(entity, left, right)] = ask(
        home,
        "SELECT entity_id, min(record_id), max(record_id) FROM record WHERE kind = 'person' AND state = 'merged' "
        "AND entity_id IN (SELECT entity_id FROM vault_identifier WHERE what = 'document') "
        "AND entity_id IN (SELECT person_id FROM fact_person WHERE certainty = 'number') "
        "GROUP BY entity_id HAVING count(DISTINCT record_id) = 2 AND sum(source = 'gongan_hukou') > 0 "
        "ORDER BY entity_id LIMIT 1",
    )
    number = number_of(home, entity)
    home.call("review", "between", left, right, "different", *BY, *NIGHT)
    home.run(NIGHTS[0], city / "drops" / NIGHTS[0])
    [(other,)] = ask(home, f"SELECT entity_id FROM change WHERE other_id = '{entity}' AND event = 'split'")
    return home, number, entity, other


def test_a_judged_pair_says_who_parted_it_and_both_ends_know_of_the_split(parted: tuple[Home, str, str, str]) -> None:
    home, number, entity, other = parted
    told = {
        (one, language): home.call("explain", one, *NIGHT, "--language", language).stdout
        for one in (entity, other)
        for language in ("en", "zh")
    }
    assert f"why not the nearest other {other}:" in told[entity, "en"]
    assert f"为什么不是最接近的另一个对象 {entity}：" in told[other, "zh"]
    assert "apart because: a person judged them different (李审核, " in told[entity, "en"]
    assert "分开的原因：有人判定不是同一对象（李审核，" in told[entity, "zh"]
    assert f"release 2: {other} was parted from it" in told[entity, "en"]
    assert f"第 2 版：由 {entity} 拆出" in told[other, "zh"]
    for text in told.values():
        assert "户籍科核实为两人" in text
        assert number not in text
        assert max(map(columns, text.splitlines())) <= 100
    same = {"en": "samedocument(residentidentitycard)", "zh": "证件号码（居民身份证）相同"}
    assert all(same[language] in "".join(text.split()) for (_, language), text in told.items())
    history = json.loads(home.call("explain", entity, *NIGHT, "--json").stdout)["history"]
    assert {event["what"] for event in history} >= {"create", "split.other", "judged.different"}
    assert [event["day"] for event in history] == sorted(event["day"] for event in history)


def test_of_a_restricted_neighbour_nothing_is_shown(parted: tuple[Home, str, str, str], tmp_path: Path) -> None:
    before, number, entity, other = parted
    home = Home.copy_of(before.path, tmp_path / "home")
    [(name,)] = ask(home, f"SELECT name FROM v1_person WHERE person_id = '{other}'")
    assert name in home.call("explain", other, *NIGHT).stdout
    home.call("subject", "restrict", other, "--by", "Chen", "--reason", "asked for it")
    for form in ((), ("--language", "zh"), ("--json",)):
        own, near = (home.call("explain", one, *NIGHT, *form).stdout for one in (other, entity))
        assert name not in own
        assert "户籍科" not in own
        assert number not in own + near
        assert "document (" not in near.split("nearest")[-1].split("published")[0]
    found = json.loads(home.call("explain", other, *NIGHT, "--json").stdout)
    assert (found["restricted"], found["values"], found["chosen"], found["place"], found["nearest"]) == (
        True, [], [], None, None
    )  # fmt: skip
    beside = json.loads(home.call("explain", entity, *NIGHT, "--json").stdout)
    assert (beside["nearest"]["restricted"], beside["nearest"]["edge"]["evidence"]) == (True, "")


def test_where_a_person_stands_is_told_in_words(first_night: Path, tmp_path: Path) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    [(entity, small, large, text, village)] = ask(
        home,
        "SELECT p.person_id, p.small_code, p.large_code, a.full_text, d.name FROM v1_person AS p "
        "INNER JOIN std_address AS a ON a.address_id = p.address_id AND a.known_to IS NULL "
        "INNER JOIN std_division AS d ON d.code = p.division_code AND d.known_to IS NULL "
        "WHERE p.grid_method = 'building' AND p.small_code IS NOT NULL ORDER BY p.person_id LIMIT 1",
    )
    english, chinese = (home.call("explain", entity, *NIGHT, "--language", one).stdout for one in ("en", "zh"))
    for told in (english, chinese):
        assert text in told
        assert f"> {village}" in told
        assert small in told
        assert large in told
    assert re.search(r"grid: .*\(by the building\)", " ".join(english.split()))
    assert "（按所在建筑物）" in chinese
    [(without, reason)] = ask(
        home, "SELECT person_id, grid_reason FROM v1_person WHERE grid_id IS NULL ORDER BY person_id LIMIT 1"
    )
    words = {"en": "no grid: ", "zh": "没有网格："}
    for language, start in words.items():
        told = home.call("explain", without, *NIGHT, "--language", language).stdout
        assert start in told
        assert reason not in told.split(start)[1].split("\n")[0]


def test_a_question_is_shown_side_by_side_in_both_languages(first_night: Path, tmp_path: Path) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    [item, *_] = json.loads(home.call("review", "list", *NIGHT, "--worth", "0.05", "--json").stdout)
    english, chinese = (
        home.call("review", "show", item["item_id"], *NIGHT, "--language", one).stdout for one in ("en", "zh")
    )
    for told in (english, chinese):
        assert item["left"] in told
        assert item["right"] in told
        assert max(map(columns, told.splitlines())) <= 100
    kind = kinds.load_all(night(first_night).settings.expectations)[item["kind"]]
    assert re.search(r"^  [=≠] name ", english, re.MULTILINE)
    assert kind.properties["name"].label in chinese
    assert "what an answer would do:" in english
    assert "判定的后果：" in chinese
    assert re.search(r"sum [+-]\d+\.\d\d: probability 0\.\d{4}", english)
