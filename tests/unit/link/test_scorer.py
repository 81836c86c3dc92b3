"""A scorer that joins out of all proportion to what numbers say is noticed, and gives way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.golden.living import Row, deploy
from transforms import link, store
from transforms.errors import ConfigError
from transforms.link.exam import Posed
from transforms.link.school import lesson_of
from transforms.link.scorer import DEFAULT, FEWEST_LABELS, KindModel, Lesson, Model, train
from transforms.run import REPOSITORY

WORDS = {"name": ["exact", "differ"], "birth": ["exact", "differ"]}
FLAT = KindModel(WORDS, 0.0, {})


def lesson(labels: int) -> Lesson:
    """Equal names and births are matches; one pair in twenty of them is not."""
    patterns = np.repeat([[1, 1], [1, 2]], labels, axis=0).astype(np.int8)
    matches = np.repeat([True, False], labels)
    matches[: labels // 20] = False
    return Lesson(patterns, matches, np.ones(len(matches)))


def test_what_numbers_taught_does_not_collapse_and_its_perversions_do() -> None:
    told = lesson(1000)
    taught = train(told, WORDS, {}, ())
    assert taught is not None
    assert not told.collapses(taught)
    assert told.collapses(replace(FLAT, intercept=5.0))  # joins everything
    assert told.collapses(replace(FLAT, intercept=-5.0))  # joins nothing
    assert told.collapses(replace(FLAT, weights={"birth=exact": -3.0, "birth=differ": 3.0}))  # joins the wrong ones


def test_a_pair_teaches_as_much_as_it_weighs() -> None:
    patterns = np.repeat([[1, 1]], 2 * FEWEST_LABELS, axis=0).astype(np.int8)
    matches = np.arange(len(patterns)) % 2 == 0
    for weight, believed in ((9.0, True), (1 / 9, False)):
        taught = train(Lesson(patterns, matches, np.where(matches, weight, 1.0)), WORDS, {}, ())
        assert taught is not None
        assert bool(taught.probability(patterns[:1], list(WORDS))[0] > 0.5) is believed


def test_a_pair_teaches_as_its_row_says_it_and_as_a_leftover_would() -> None:
    """Two records with a hidden number, three pairs; the first stands for three leftovers, who say no birth date."""
    said, known = np.array([[1, 1], [1, 2], [1, 1]], dtype=np.int8), np.array([True, False, True])
    asked, weight, at = np.arange(2), np.array([3.0, 1.0]), np.array([0, 0, 1])
    posed = Posed(asked, asked, weight, at, said * np.array([1, 0], dtype=np.int8), known, {})
    told = lesson_of(said, known, posed)
    assert told.patterns[:, 1].tolist() == [1, 2, 1, 0, 0, 0]
    assert told.matches.tolist() == [*known, *known]
    assert told.weight.tolist() == [1, 1, 1, 1.5, 1.5, 0.5]  # together as much as the records themselves


def test_a_model_of_other_levels_is_refused() -> None:
    FLAT.fits(WORDS)
    with pytest.raises(ConfigError, match="train and promote"):
        FLAT.fits({**WORDS, "birth": ["exact", "near", "differ"]})


def test_too_few_labels_teach_nothing_and_speak_against_nobody() -> None:
    few = lesson(FEWEST_LABELS - 1)
    assert train(few, WORDS, {}, ()) is None
    assert not few.collapses(replace(FLAT, intercept=5.0))


@pytest.mark.parametrize(("intercept", "version"), [(0.0, "mine"), (30.0, None), (-30.0, None)])
def test_a_promoted_model_that_collapses_gives_way_to_the_shipped_one(
    tmp_path: Path, intercept: float, version: str | None
) -> None:
    shipped = Model.read(DEFAULT)
    person = shipped.kinds["person"]
    mine = replace(person, intercept=person.intercept + intercept)
    Model("mine", {**shipped.kinds, "person": mine}).write(tmp_path / "model.json")
    run = deploy(tmp_path, _city(), REPOSITORY / "expectations")
    link.run(run, "person")
    facts = json.loads((store.night_dir(run, "link", "person") / "manifest.json").read_text("utf-8"))["facts"]
    assert facts["model"] == (version or shipped.version)
    assert facts["models_collapsed"] == (0 if version else 1)


def _city() -> list[Row]:
    """Numbered persons in two sources; every two are namesakes born on one day, so that pairs of both labels arise."""
    rows = []
    for i in range(2400):
        birth = f"19{50 + i // 2 % 40}-{1 + i // 80 % 12:02d}-{1 + i // 960:02d}"
        name = "王李张刘陈杨黄赵"[i // 2 % 8] + "伟芳娜敏静丽强磊"[i // 16 % 8] + "军洋勇艳杰娟涛明"[i // 128 % 8]
        number = f"445391{birth.replace('-', '')}{i % 1000:03d}{i // 1000}"
        sex = ("female", "male")[int(number[16]) % 2]
        hukou = Row("gongan_hukou", name, number, birth, sex, f"138{i:08d}", f"v|road:甲|door:{i}|room:101")
        rows += [hukou, replace(hukou, source="shebao_canbao")]
    return rows
