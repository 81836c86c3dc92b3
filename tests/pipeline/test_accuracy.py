"""Floors of accuracy: every landed row of a sample city, against its truth."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from tests.homes import NIGHTS, Home

NIGHT = ("--night", NIGHTS[0])
OVER_MERGED = 1 / 10_000  # of the persons published


@dataclass(frozen=True)
class Found:
    """What a first night came to."""

    kinds: dict[str, dict[str, Any]]
    persons: int
    asked: int

    @classmethod
    def of(cls, home: Home, truth: Path) -> Found:
        told = json.loads(home.call("evaluate", *NIGHT, "--truth", str(truth), "--json").stdout)
        release = sa.create_engine(f"sqlite:///{home.path / 'release.db'}")
        [[persons]] = pd.read_sql("SELECT COUNT(*) FROM v1_person", release).to_numpy().tolist()
        listed = home.call("review", "list", *NIGHT, "--kind", "person", "--top", "100000", "--json").stdout
        return cls({kind["kind"]: kind for kind in told["kinds"]}, persons, len(json.loads(listed)))

    def resolved(self, kind: str) -> dict[str, Any]:
        """The measure of a kind's records: every landed one, those in quarantine as entities of their own."""
        return dict(self.kinds[kind]["resolved"])

    def persons_keep_their_floors(self) -> None:
        person, leftovers = self.resolved("person"), self.kinds["person"]["examined"]["groups"][0]["rows"]
        assert person["f1"] >= 0.998
        assert person["over_merged"] <= OVER_MERGED * self.persons
        assert person["f1"] > self.kinds["person"]["baseline"]["f1"] + 0.05, "the number alone must not do as well"
        assert self.asked <= 0.01 * leftovers

    def households_keep_their_floors(self) -> None:
        """Their records are joined by a key (B³ 1); of who is in one with whom what is published keeps the floor.

        Of all residents it does not (0.97): one in seven stands in no household. Families from elsewhere have no source
        with household numbers, and the register does not know everybody (transforms/account/README.md, "Accuracy").
        """
        assert self.resolved("household")["b3_f1"] >= 0.97
        members = self.kinds["household"]["members"]
        assert members["subgroups"]["in a household"]["b3_f1"] >= 0.97
        assert members["resolved"]["b3_precision"] >= 0.999
        assert members["resolved"]["b3_f1"] >= 0.92
        assert members["without"] <= 0.17 * members["resolved"]["records"]


def test_a_small_city_keeps_the_floors(first_night: Path, city: Path) -> None:
    found = Found.of(Home(first_night), city / "truth")
    found.persons_keep_their_floors()
    found.households_keep_their_floors()
    # So small, a row decides (seeds 5, 6, 8: organizations 0.979, 0.900, 0.933; facilities 0.875, 1, 1): 0.99 and 0.98
    # are not kept. Torn are one organization, by a row in quarantine, and one facility that its survey lists twice; no
    # other may be. At 29 000 residents seed 7 keeps both floors, below.
    organization, facility = found.resolved("organization"), found.resolved("facility")
    assert (organization["over_merged"], facility["over_merged"]) == (0, 0)
    assert organization["under_merged"] <= found.kinds["organization"]["own_entity"] <= 1
    assert organization["f1"] >= 0.97
    assert facility["under_merged"] <= 1
    assert facility["f1"] >= 0.87
    assert facility["b3_f1"] >= 0.98


@pytest.mark.timeout(1800)
@pytest.mark.thorough("a small city keeps its floors in every run")
def test_a_city_keeps_the_floors(home: Home, tmp_path: Path) -> None:
    size = ("--residents", "29000", "--nights", "1", "--seed", "7")
    home.call("demo", "city", *size, "--out", str(tmp_path / "city"))
    home.run(NIGHTS[0], tmp_path / "city" / "drops" / NIGHTS[0])
    found = Found.of(home, tmp_path / "city" / "truth")
    assert found.persons > 25_000
    found.persons_keep_their_floors()
    found.households_keep_their_floors()
    assert found.resolved("organization")["f1"] >= 0.99
    assert found.resolved("facility")["f1"] >= 0.98
