"""A waterfall sums to what the model says of the pair, and says so where the model is gone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.golden.living import Row, deploy
from transforms import kinds, link, manifest, store
from transforms.explained import Edge, Waterfall
from transforms.link.scored import evidence
from transforms.link.scorer import DEFAULT, Model
from transforms.link.why import model_of, weighed
from transforms.run import REPOSITORY, Run

SHIPPED = Model.read(DEFAULT)
KINDS = kinds.load_all(REPOSITORY / "expectations")
OWN = Row(
    "gongan_hukou", "王小明", "449991199003050013", "1990-03-05", "male", "15400000001", "v|road:甲|door:1|room:101"
)
CARD = replace(OWN, source="shebao_canbao", phone="", address="")
LOOSE = replace(OWN, source="yibao_canbao", number="")


def edge(text: str, score: int = 0, how: str = "scored") -> Edge:
    return Edge("a", "b", how, score, text)


@given(st.sampled_from(sorted(SHIPPED.kinds)), st.data())
def test_the_pieces_sum_to_the_models_own_probability(name: str, data: st.DataObject) -> None:
    model = SHIPPED.kinds[name]
    pattern = np.array([data.draw(st.integers(0, len(levels))) for levels in model.words.values()], dtype=np.int8)
    words = evidence(pattern, list(model.words), model.words)
    told = weighed(edge(f"to=leftover {words}"), (SHIPPED.version, model))
    [chance] = model.probability(pattern[None, :], list(model.words))
    assert 1 / (1 + np.exp(-told.total)) == pytest.approx(chance, abs=1e-9)
    assert told.chance == int(np.rint(np.clip(round(chance, 6), 1e-6, 1 - 1e-6) * 10_000))
    assert [f"{piece.label}={piece.level}" for piece in told.pieces] == words.split(" ")
    assert (told.role, told.model) == ("leftover", SHIPPED.version)


def test_what_two_or_three_weigh_together_is_shared_among_them() -> None:
    model = replace(
        SHIPPED.kinds["facility"], intercept=-1.0, weights={},
        declared={"name=exact": 2.0, "name=exact&owner=exact": 3.0, "name=exact&owner=exact&keeper=exact": 6.0},
    )  # fmt: skip
    levels = dict.fromkeys(model.words, "null") | {"name": "exact", "owner": "exact", "keeper": "exact"}
    told = weighed(edge(" ".join(f"{label}={level}" for label, level in levels.items())), ("mine", model))
    weight = {piece.label: piece.weight for piece in told.pieces if piece.weight}
    assert weight == {"name": 2 + 1.5 + 2, "owner": 1.5 + 2, "keeper": 2.0}
    assert told.total == pytest.approx(-1 + 11)
    assert ("name=exact&owner=exact", 3.0) in next(p for p in told.pieces if p.label == "owner").parts


@pytest.mark.parametrize("words", ["name=exact", "name=unheard_of birth_date=exact"])
def test_levels_that_the_model_does_not_know_are_told_without_weights(words: str) -> None:
    told = weighed(edge(f"to=anchor {words}"), (SHIPPED.version, SHIPPED.kinds["person"]))
    assert (told.model, told.chance, told.role) == (None, None, "anchor")
    assert [f"{piece.label}={piece.level}" for piece in told.pieces] == words.split(" ")


def night(folder: Path, *rows: Row) -> tuple[Run, list[Waterfall]]:
    run = deploy(folder, list(rows), REPOSITORY / "expectations")
    link.run(run, "person")
    return run, waterfalls(run)


def waterfalls(run: Run) -> list[Waterfall]:
    from transforms.live import Live
    from transforms.paired import named

    ids = Live(store.night_dir(run, "account", "live") / "person.parquet").ids
    pairs = store.read_table(store.night_dir(run, "link", "person") / "pairs.parquet")
    return list(link.weigh(run, "person", [Edge(**row) for row in named(pairs, ids).to_pylist()]))


def test_a_number_says_which_and_a_score_is_what_the_sum_comes_to(tmp_path: Path) -> None:
    _, told = night(tmp_path, OWN, CARD, LOOSE)
    [number] = [one for one in told if one.edge.how == "number"]
    assert (number.shared, number.document, number.pieces) == (("document",), "111", ())
    scored = [one for one in told if one.edge.how == "scored"]
    assert scored
    assert all(one.chance == one.edge.score for one in scored)
    assert OWN.number not in str(told)


def test_a_model_that_is_no_longer_at_hand_is_not_replaced_by_another(tmp_path: Path) -> None:
    mine = Model("mine", {**SHIPPED.kinds, "person": replace(SHIPPED.kinds["person"], intercept=-1.0)})
    mine.write(tmp_path / "model.json")
    run, told = night(tmp_path, OWN, LOOSE)
    assert {one.model for one in told} == {"mine"}
    replace(mine, kinds={**mine.kinds, "person": SHIPPED.kinds["person"]}).write(tmp_path / "model.json")
    gone = waterfalls(run)
    assert {(one.model, one.chance) for one in gone} == {(None, None)}
    assert [len(one.pieces) for one in gone] == [len(one.pieces) for one in told]


def test_a_kind_that_its_own_training_scored_is_told_by_that(tmp_path: Path) -> None:
    run, _ = night(tmp_path, OWN, LOOSE)
    folder = store.night_dir(run, "link", "person")
    found = manifest.Manifest.read(folder)
    assert found is not None
    trained = replace(found, facts={**found.facts, "model": "tonight's own training"})
    assert model_of(run, KINDS["person"], folder, trained) is None
    Model(f"shadow-{run.night}", SHIPPED.kinds).write(folder / "shadow_model.json")
    assert model_of(run, KINDS["person"], folder, trained) == ("tonight's own training", SHIPPED.kinds["person"])
    shutil.rmtree(folder)
    assert model_of(run, KINDS["person"], folder, found) == (SHIPPED.version, SHIPPED.kinds["person"])
