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

from tests.unit.demo.sample import City, contract

NIGHT = "2026-10-01"


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
