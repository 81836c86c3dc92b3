"""Promotions lie one upon the other; the file is right, whatever killed the command between it and control."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from transforms import database, frozen
from transforms.database import Databases
from transforms.errors import ConfigError, GridfactsError
from transforms.frozen import Kinds
from transforms.run import Settings
from transforms.shadow import versions

WHO = ("Chen", "fewer are torn")


def scorer(intercept: float) -> dict[str, Any]:
    return {"words": {"name": ["exact", "differ"], "birth": ["same"]}, "intercept": intercept, "weights": {}}


@dataclass(frozen=True)
class Place:
    settings: Settings
    stores: Databases
    shipped: Path

    def promote(self, chosen: Kinds, night: str | None = "2026-10-01") -> dict[str, Any]:
        return versions.promote(self.settings, self.stores, self.shipped, chosen, night, *WHO)

    @property
    def held(self) -> Kinds | None:
        file = frozen.path(self.settings.home)
        return frozen.read(file)[1] if file.is_file() else None

    def standing(self) -> list[str]:
        return [row["version"] for row in versions.settle(self.settings, self.stores)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, migrated_home: Path, tmp_path: Path) -> Place:
    home = Path(shutil.copytree(migrated_home, tmp_path / "home", symlinks=True))
    told = {"GRIDFACTS_HOME": str(home)}
    if request.param == "postgresql":
        told["GRIDFACTS_DATABASE_URL"] = request.getfixturevalue("migrated_url")
    settings = Settings.from_environment(told)
    shipped = tmp_path / "shipped.json"
    shipped.write_text(json.dumps({"version": "default-1", "kinds": {"person": scorer(0.0), "thing": scorer(1.0)}}))
    return Place(settings, database.open_databases(settings), shipped)


def test_a_promotion_replaces_its_kinds_and_keeps_the_others(place: Place) -> None:
    row = place.promote({"person": scorer(2.0)})
    assert place.held == {"person": scorer(2.0), "thing": scorer(1.0)}
    assert list(place.held) == ["person", "thing"]
    assert frozen.path(place.settings.home).read_text("utf-8") == row["content"]
    assert frozen.read(frozen.path(place.settings.home))[0] == row["version"]
    again = place.promote({"thing": scorer(3.0), "new": scorer(4.0)}, None)
    assert place.held == {"person": scorer(2.0), "thing": scorer(3.0), "new": scorer(4.0)}
    assert (again["kinds"], again["trained_night"]) == ("new,thing", None)
    found = versions.in_use(place.settings, place.stores)
    assert found
    assert (found["version"], found["decided_by"], found["reason"]) == (again["version"], *WHO)
    assert not [path for path in place.settings.home.iterdir() if path.name.startswith(".model")]


def test_the_order_of_levels_is_part_of_a_version_and_is_kept(place: Place) -> None:
    one = {"person": scorer(2.0)}
    other = {"person": {**scorer(2.0), "words": dict(reversed(scorer(2.0)["words"].items()))}}
    assert frozen.version_of(one) != frozen.version_of(other)
    place.promote(other)
    assert list(frozen.read(frozen.path(place.settings.home))[1]["person"]["words"]) == ["birth", "name"]


def test_what_is_in_use_is_not_promoted_again_and_nobody_promotes_unnamed(place: Place) -> None:
    with pytest.raises(GridfactsError, match="DECIDED"):
        place.promote({"person": scorer(0.0)})
    place.promote({"person": scorer(2.0)})
    with pytest.raises(GridfactsError, match="DECIDED"):
        place.promote({"person": scorer(2.0)})
    for who in ((" ", "so"), ("Chen", " ")):
        with pytest.raises(GridfactsError, match="NOBODY"):
            versions.promote(place.settings, place.stores, place.shipped, {"person": scorer(9.0)}, None, *who)
        with pytest.raises(GridfactsError, match="NOBODY"):
            versions.retire(place.settings, place.stores, *who)
    assert len(place.standing()) == 1


def test_retiring_goes_back_step_by_step_to_the_shipped_one(place: Place) -> None:
    first, second = place.promote({"person": scorer(2.0)}), place.promote({"person": scorer(3.0)})
    gone, now = versions.retire(place.settings, place.stores, "Li", "more are merged")
    assert now
    assert (gone["version"], now["version"]) == (second["version"], first["version"])
    assert frozen.path(place.settings.home).read_text("utf-8") == first["content"]
    assert versions.retire(place.settings, place.stores, "Li", "that too") == (now, None)
    assert place.held is None
    with pytest.raises(GridfactsError, match="the shipped model is in use"):
        versions.retire(place.settings, place.stores, "Li", "what else")
    rows = versions.promotions(place.stores)
    assert [row["retired_reason"] for row in rows] == ["that too", "more are merged"]
    assert place.promote({"person": scorer(2.0)})["version"] == first["version"], "equal content, equal version"
    assert len(versions.promotions(place.stores)) == 3


class KilledError(Exception):
    """As a process that is killed leaves."""


def test_a_promotion_killed_before_the_file_never_was(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    first = place.promote({"person": scorer(2.0)})

    def killed(_home: Path, _text: str | None) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(frozen, "put", killed)
        with pytest.raises(KilledError):
            place.promote({"person": scorer(3.0)})
    assert place.standing() == [first["version"]]
    assert versions.promotions(place.stores)[-1]["retired_by"] == "gridfacts"
    assert place.held == {"person": scorer(2.0), "thing": scorer(1.0)}
    place.promote({"person": scorer(3.0)})
    assert len(place.standing()) == 2


def test_a_retirement_killed_before_control_heard_of_it_holds(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.promote({"person": scorer(2.0)})

    def killed(*_words: object) -> None:
        raise KilledError

    with monkeypatch.context() as patched:
        patched.setattr(versions, "_retire", killed)
        with pytest.raises(KilledError):
            versions.retire(place.settings, place.stores, "Li", "more are merged")
    assert place.held is None
    assert place.standing() == []


def test_a_file_put_there_by_hand_is_used_and_one_can_go_back_to_it(place: Place) -> None:
    first = place.promote({"person": scorer(2.0)})
    mine: Kinds = {"person": scorer(7.0)}
    frozen.path(place.settings.home).write_text(json.dumps({"version": "mine", "kinds": mine}), "utf-8")
    assert versions.in_use(place.settings, place.stores) is None
    assert place.standing() == [first["version"]], "it lies above"
    place.promote({"thing": scorer(8.0)})
    assert [row["reason"] for row in versions.promotions(place.stores)] == [WHO[1], "found in place as mine", WHO[1]]
    versions.retire(place.settings, place.stores, "Li", "no")
    assert place.held == mine
    versions.retire(place.settings, place.stores, "Li", "no")
    assert place.held == {"person": scorer(2.0), "thing": scorer(1.0)}


def test_what_stands_comes_back_into_a_home_without_a_model_and_into_no_other(place: Place) -> None:
    assert versions.put_back(place.settings, place.stores) is None
    row = place.promote({"person": scorer(2.0)})
    assert versions.put_back(place.settings, place.stores) is None, "there is one"
    frozen.path(place.settings.home).unlink()
    found = versions.put_back(place.settings, place.stores)
    assert found
    assert found["version"] == row["version"]
    assert frozen.path(place.settings.home).read_text("utf-8") == row["content"]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"version": "x", "kinds": []}', '{"version": "x", "kinds": {"a": 1}}']
)
def test_what_is_no_model_is_refused_by_its_place(tmp_path: Path, text: str) -> None:
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ConfigError, match="not a model"):
        frozen.read(tmp_path / "model.json")
