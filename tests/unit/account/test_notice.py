"""A planned flood is told in the feed one release before it comes, once, and the reference consumer shows it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.unit.account.deployment import INSURED, PEOPLE, World
from transforms import account, database, manifest, notices
from transforms.cli import main
from transforms.errors import GridfactsError

DAY, PEOPLE_AND_ALL = dt.date(2099, 1, 1), 8  # persons, households and houses of the tiny city


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def world(request: pytest.FixtureRequest, city: World) -> World:
    """The tiny city after its first night, on each of the two databases."""
    if request.param == "postgresql":
        url = request.getfixturevalue("migrated_url")
        city = dataclasses.replace(city, settings=dataclasses.replace(city.settings, database_url=url))
    city.publish()
    return city


def called(world: World, *words: str, code: int = 0) -> str:
    told = {"GRIDFACTS_HOME": str(world.settings.home), "GRIDFACTS_DATABASE_URL": world.settings.database_url,
            "GRIDFACTS_EXPECTATIONS": str(world.settings.expectations)}  # fmt: skip
    result = CliRunner(env=told).invoke(main, words)
    assert result.exit_code == code, result.output
    return result.output


def another_night(world: World, night: str, cut: str = "2026-10-01", people: int = 0) -> list[str]:
    """What account says while it closes an unchanged night, one with another cut, or so many people in the register."""
    world.night, world.cut = night, cut
    if people:
        world.deliver("registry", PEOPLE[:people])
    world.deliver("roster", INSURED)
    world.rooms()
    said: list[str] = []
    account.close(dataclasses.replace(world.run, say=said.append), world.reread)
    world.publish()
    return said


def told(world: World) -> list[tuple[int, str, str | None]]:
    rows = database.read(database.open_databases(world.settings).release, "change", where={"kind": "notice"})
    return [(row["release"], row["entity_id"], row["fields"]) for row in rows.to_pylist()]


def test_a_notice_goes_out_with_the_next_release_and_once(world: World, tmp_path: Path) -> None:
    copy = str(tmp_path / "copy.db")
    assert "planned" not in called(world, "feed", "pull", "--replica", copy)
    words = ("feed", "notice", "grids", "--on", DAY.isoformat(), "--by", "网格办", "--reason", "重新划分")
    assert f"up to {PEOPLE_AND_ALL} entities" in called(world, *words)
    assert "DECIDED" in called(world, *words, code=1)
    assert told(world) == []
    another_night(world, "2026-10-02")
    told_once = [(2, "1", f"what=grids|on={DAY}|entities={PEOPLE_AND_ALL}")]
    assert told(world) == told_once
    another_night(world, "2026-10-03")
    assert told(world) == told_once
    line = f"planned: grids change from {DAY} on, up to {PEOPLE_AND_ALL} entities"
    assert line in called(world, "feed", "pull", "--replica", copy)
    assert "stands at release 3" in called(world, "feed", "apply", "--replica", copy), (
        "an event without a row of its own"
    )
    assert line in called(world, "feed", "pull", "--replica", str(tmp_path / "late.db")), "to who comes late too"


def test_a_notice_after_the_fact_is_refused(world: World) -> None:
    stores = database.open_databases(world.settings)
    with pytest.raises(GridfactsError, match="TOO_LATE"):
        notices.write_down(stores, "model", dt.date(2026, 10, 1), 5, "某人", "新模型")
    assert notices.write_down(stores, "model", dt.date(2026, 10, 2), 5, "某人", "新模型").entities == 5
    assert [one.what for one in notices.waiting(stores)] == ["model"]


@pytest.mark.parametrize("announced", [True, False])
def test_a_cut_that_nobody_announced_is_said(city: World, announced: bool) -> None:
    city.publish()
    stores = database.open_databases(city.settings)
    if announced:
        notices.write_down(stores, "grids", dt.date(2026, 10, 3), 5, "某人", "重新划分")
    else:
        notices.write_down(stores, "lookup", dt.date(2026, 10, 3), 5, "某人", "路名")
    another_night(city, "2026-10-02")
    said = another_night(city, "2026-10-03", cut="2026-10-03")
    assert any("no release before said so" in line for line in said) is not announced
    late = [
        (fields or "").split("|entities=")[0] for release, entity, fields in told(city) if entity == "grids-2026-10-03"
    ]
    assert late == ([] if announced else ["what=grids|on=2026-10-03"])


def test_a_lookup_that_changed_entities_unannounced_is_told_and_one_that_changed_none_is_not(
    city: World, tmp_path: Path
) -> None:
    expectations = Path(shutil.copytree(city.settings.expectations, tmp_path / "expectations"))
    city.settings = dataclasses.replace(city.settings, expectations=expectations)
    city.publish()
    lookup = expectations / "lookups" / "surname_readings.csv"
    for night, more in (("2026-10-02", "合,he\n"), ("2026-10-03", "成,cheng\n")):
        lookup.write_text(lookup.read_text("utf-8").rstrip() + "\n" + more, "utf-8")
        manifest.configuration.cache_clear()  # a process lives one night
        said = another_night(city, night, people=2 if night == "2026-10-03" else 0)
        assert any("lookups are others" in line for line in said) is (night == "2026-10-03")
    [(release, entity, fields)] = told(city)
    assert (release, entity) == (3, "lookup-2026-10-03")
    assert str(fields).endswith("|announced=no")


@pytest.mark.parametrize("announced", [True, False])
def test_a_model_that_nobody_announced_is_said(city: World, announced: bool) -> None:
    city.model = "a" * 64
    city.publish()
    if announced:
        notices.write_down(database.open_databases(city.settings), "model", dt.date(2026, 10, 3), 5, "某人", "新模型")
    assert not any("model" in line for line in another_night(city, "2026-10-02", people=3)), "the same as before"
    city.model = "b" * 64
    said = another_night(city, "2026-10-03", people=2)
    assert any("another model links records, and no release before said so" in line for line in said) is not announced
    [(release, _, fields)] = told(city)
    assert (release, str(fields).split("|entities=")[0]) == (2 if announced else 3, "what=model|on=2026-10-03")
    assert str(fields).endswith("announced=no") is not announced
