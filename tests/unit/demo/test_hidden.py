"""The truth cannot be learned from the files' order and keys: a learner that is given both stays at chance."""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score

from demo.deliveries import modules
from demo.draw import opaque
from tests.unit.demo.sample import City, contract

NIGHT = "2026-10-01"
NIGHTS = [NIGHT, "2026-10-02"]
SEED = 11  # of the city the tests share
SOURCES = sorted(modules())
KINDS = ["address", "building", "facility", "grid", "house", "household", "organization", "person", "premises"]


@cache
def keyed(city: City, kind: str) -> pd.DataFrame:
    """Rows of a kind on the first night: entity, building, source, where the row stands and its natural key."""
    truth = city.truth(kind)
    truth = truth[(truth["night"] == NIGHT) & (truth["entity"] != "")]
    parts = []
    for source, part in truth.groupby("source"):
        key = contract(str(source)).get("key") or []
        rows = city.rows(NIGHT, str(source))
        texts = ["".join(str(rows[line].get(name, "")) for name in key) for line in part["line"]]
        parts.append(part.assign(place=part["line"].rank(pct=True), key=texts))
    return pd.concat(parts, ignore_index=True).reset_index(names="row")


def features(frame: pd.DataFrame) -> pd.DataFrame:
    """Place, rank of the key and its last digits: all that order and key can tell."""
    key = frame["key"]
    ranks = key.groupby(frame["source"]).rank(pct=True).to_numpy()
    digits = key.str.replace(r"\D", "", regex=True).str[-6:].replace("", "0").astype(int).to_numpy()
    columns = {"place": frame["place"], "rank": ranks, "digits": digits / 1e6, "end": digits % 100, "seven": digits % 7}
    return pd.DataFrame(columns).set_axis(frame["row"])


def pairs(frame: pd.DataFrame, seed: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Rows of two sources: as many of one entity as of two, what is known of both, and a fold by entity.

    The second row of a pair of two is another pair's of the same two sources, so sources tell nothing.
    """
    rng = np.random.default_rng(seed)
    mixed = frame.sample(frac=1, random_state=seed)
    once = mixed.drop_duplicates(["entity", "source"])
    both = once.groupby("entity").head(2)
    both = both[both["entity"].duplicated(keep=False)].sort_values(["entity", "source"], kind="stable")
    left, right = both.iloc[0::2], both.iloc[1::2]
    keep = rng.permutation(len(left))[:3000]
    left, right = left.iloc[keep].reset_index(drop=True), right.iloc[keep].reset_index(drop=True)
    other = np.arange(len(left))
    for rows in left.groupby([left["source"], right["source"]]).indices.values():
        other[rows] = rng.permutation(rows)
    known_left, known_right = features(frame).loc[left["row"]].to_numpy(), features(frame).loc[right["row"]].to_numpy()
    a, b = np.vstack([known_left, known_left]), np.vstack([known_right, known_right[other]])
    label = np.r_[np.ones(len(left), dtype=bool), left["entity"].to_numpy() == right["entity"].to_numpy()[other]]
    fold = np.tile(np.arange(len(left)) % 2, 2)
    return np.hstack([a, b, np.abs(a - b)]), label, fold


def learned(known: np.ndarray[Any, Any], label: np.ndarray[Any, Any], fold: np.ndarray[Any, Any]) -> float:
    forest = RandomForestClassifier(30, max_depth=6, random_state=1, n_jobs=1)
    forest.fit(known[fold == 0], label[fold == 0])
    return float(roc_auc_score(label[fold == 1], forest.predict_proba(known[fold == 1])[:, 1]))


@pytest.mark.parametrize("kind", ["person", "organization", "building"])
def test_order_and_keys_do_not_say_who_is_the_same(city: City, kind: str) -> None:
    known, label, fold = pairs(keyed(city, kind), 5)
    assert len(label) > 60
    noise = 4 * 0.29 / np.sqrt((fold == 1).sum() / 2)
    assert abs(learned(known, label, fold) - 0.5) < max(0.05, noise)


def test_the_learner_learns_where_there_is_something_to_learn(city: City) -> None:
    """The same learner, given keys that are a function of the truth, is not at chance."""
    frame = keyed(city, "person")
    numbers = pd.factorize(frame["entity"])[0]
    known, label, fold = pairs(frame.assign(key=[f"{n:06d}" for n in numbers]), 5)
    assert learned(known, label, fold) > 0.9


def test_order_and_keys_do_not_say_where(city: City) -> None:
    """The true village of a row is guessed no better than by always saying the largest."""
    frame = keyed(city, "person")
    frame = frame[frame["building"] != ""]
    village = frame["building"].str[:12]
    known, fold = features(frame).to_numpy(), np.arange(len(frame)) % 2
    forest = RandomForestClassifier(20, max_depth=8, random_state=1, n_jobs=1)
    forest.fit(known[fold == 0], village[fold == 0])
    right = float((forest.predict(known[fold == 1]) == village[fold == 1]).mean())
    largest = float(village.value_counts(normalize=True).iloc[0])
    assert village.nunique() > 1
    assert right < largest + 0.02


def test_neighbours_in_a_file_are_strangers(city: City) -> None:
    """Neighbours are of one building no more often than chance has it (but where a cell is merged over a home)."""
    truth = city.truth("person")
    truth = truth[(truth["night"] == NIGHT) & (truth["building"] != "")]
    compared = 0
    for source, part in truth.groupby("source"):
        merged = contract(str(source))["arrives"].get("merged")
        if merged or len(part) < 500:
            continue
        homes = part.sort_values("line")["building"].tolist()
        share = np.mean([a == b for a, b in itertools.pairwise(homes)])
        chance = float((part["building"].value_counts(normalize=True) ** 2).sum())
        assert share < chance + 4 * np.sqrt(chance / len(part)) + 0.002, source
        compared += 1
    assert compared > 2


def digits(values: pd.Series) -> np.ndarray[Any, Any]:
    """What a column says as a number, without a village's code before it; NaN where it has fewer than four digits."""
    texts = values.astype(str).str.replace(r"^4453\d{8}(?=\d)|\D", "", regex=True).str[:18]
    return pd.to_numeric(texts.where(texts.str.len() > 3), errors="coerce").to_numpy()


def correlation(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    """Spearman's rank correlation over its standard error: beyond 4.5 no chance makes it."""
    known = ~(np.isnan(one) | np.isnan(other))
    if known.sum() < 40 or len(np.unique(one[known])) < 20:
        return 0.0
    rho = pd.Series(one[known]).rank().corr(pd.Series(other[known]).rank())
    return float(abs(rho) * np.sqrt(known.sum() - 1))


@cache
def positions(kind: str) -> dict[str, int]:
    """Entity -> its position in the truth's own table, which nobody outside the generator knows."""
    count = 40_000
    return dict(zip(opaque(SEED, kind, np.arange(count, dtype=np.int64)), range(count), strict=True))


def told(city: City, kind: str, source: str) -> pd.Series:
    """Line -> entity of a source's file, one row for each entity."""
    truth = city.truth(kind).query("night == @NIGHT and source == @source and entity != ''")
    return truth.drop_duplicates("entity").set_index("line")["entity"]


@cache
def columns_of(city: City, source: str, night: str = NIGHT) -> pd.DataFrame:
    """A file's columns by line, and the place of each row."""
    frame = pd.DataFrame.from_dict(city.rows(night, source), orient="index")
    return frame.assign(**{"(place)": np.arange(len(frame))})


@pytest.mark.parametrize("source", SOURCES)
def test_no_column_of_a_department_follows_the_entities_names(city: City, source: str) -> None:
    """Neither the order of the rows nor any column with digits goes with the truth's names of what it tells of."""
    frame = columns_of(city, source)
    compared = 0
    for kind in KINDS:
        truth = told(city, kind, source)
        names = truth.rank().to_numpy()
        for heading, values in frame.loc[truth.index].items():
            compared += 1
            assert correlation(digits(values) if heading != "(place)" else values.to_numpy(), names) < 4.5, heading
    assert compared > 2


@pytest.mark.parametrize("source", SOURCES)
def test_order_keys_and_numbers_of_their_own_do_not_follow_the_truths_tables(city: City, source: str) -> None:
    """In the truth neighbours stand in neighbouring rows; a key or an order that kept this would give them away.

    Columns that tell where something is go with the tables, as they do in life, and are left out: what is tested are
    the order, the natural key and every column whose values are all different numbers without meaning.
    """
    keys = contract(source).get("key") or []
    frame = columns_of(city, source)
    frame = frame.assign(**{"(key)": frame[keys].astype(str).agg("".join, axis=1) if keys else ""})
    for kind in KINDS:
        known = told(city, kind, source).map(positions(kind)).dropna()
        for heading, values in frame.loc[known.index].items():
            numbers = values.to_numpy() if heading == "(place)" else digits(values)
            own = heading in {"(place)", "(key)"} or _is_serial(values, numbers)
            assert not own or correlation(numbers.astype(float), known.to_numpy()) < 4.5, (kind, heading)


def _is_serial(values: pd.Series, numbers: np.ndarray[Any, Any]) -> bool:
    """Whether a column holds a different number of its own in nearly every row (no coordinate, date or division)."""
    texts = values.astype(str)
    plain = texts.str.fullmatch(r"[A-Z]{0,3}\d{7,}").mean() > 0.95
    return bool(plain and len(values) > 40 and len(np.unique(numbers)) > 0.97 * len(values))


def test_the_tables_own_order_would_be_found(city: City) -> None:
    """The same measure, given a file in the truth's order or keys counted up in it, is far beyond chance."""
    truth = city.truth("person").query("night == @NIGHT and source == 'gongan_hukou'")
    known = truth["entity"].map(positions("person")).to_numpy().astype(float)
    assert not np.isnan(known).any()
    assert correlation(np.sort(known), known[np.argsort(known)]) > 50
    nearly = known + np.random.default_rng(1).normal(0, 0.5 * len(known), len(known))
    assert correlation(nearly, known) > 10


def test_who_is_new_or_written_twice_does_not_stand_at_the_end(city: City) -> None:
    truth = city.truth("person")
    compared = 0
    for (night, source), part in truth.groupby(["night", "source"]):
        place = part["line"].rank(pct=True).to_numpy()
        before = set(truth.loc[(truth["source"] == source) & (truth["night"] < night), "entity"])
        twice = part["errors"].map(lambda names: "duplicate_row" in names).to_numpy()
        new = ~part["entity"].isin(before).to_numpy() if before else np.zeros(len(part), dtype=bool)
        for sort in (twice, new):
            if 5 < sort.sum() < len(part):
                compared += 1
                assert abs(place[sort].mean() - 0.5) < 4.5 * 0.289 / np.sqrt(sort.sum()), (night, source)
    assert compared > 4


def test_the_order_of_one_night_says_nothing_of_the_next(city: City) -> None:
    compared = 0
    for source in ("gongan_hukou", "shebao_canbao", "zhujian_fangwu"):
        key = contract(source)["key"]
        one, two = (columns_of(city, source, night).set_index(key)["(place)"] for night in NIGHTS)
        both = pd.concat([one, two], axis=1, join="inner").to_numpy().astype(float)
        compared += len(both)
        assert correlation(both[:, 0], both[:, 1]) < 4.5, source
    assert compared > 3000
