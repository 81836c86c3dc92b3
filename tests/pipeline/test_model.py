"""A model changes by a named person's word: compared, announced, promoted, and what was foretold is what comes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.homes import NIGHTS, ROOT, Home
from transforms import database, frozen, store
from transforms.link.scorer import DEFAULT
from transforms.run import Settings

WHO = ("--by", "Chen", "--reason", "fewer are torn")
LAST = ("--night", NIGHTS[1])


THERE_TOO = pytest.mark.thorough("SQLite has the same nights; unit/shadow asks PostgreSQL's control")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, THERE_TOO])])
def modelled(request: pytest.FixtureRequest, both_nights: Path, tmp_path: Path) -> Home:
    """A city after two nights, on each of the two databases; its drops are gone: it is the same night over again."""
    (tmp_path / "none").mkdir()
    if request.param == "sqlite":
        return Home.copy_of(both_nights, tmp_path / "home")
    shutil.copytree(both_nights, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("head", "*.db*"))
    home = Home(tmp_path / "home", (("GRIDFACTS_DATABASE_URL", request.getfixturevalue("postgres_url")),))
    home.run(NIGHTS[1], tmp_path / "none")
    return home


@pytest.fixture
def doubtful(tmp_path: Path) -> Path:
    """A model of persons that believes phones more and rows without a birth date less: it joins and parts."""
    _, kinds = frozen.read(DEFAULT)
    person, path = kinds["person"], tmp_path / "doubtful.json"
    declared = {**person["declared"], "phone=shared": 4.0, "birth_date=null": -5.0, "frequency=some": -3.0}
    path.write_text(frozen.text_of({"person": {**person, "declared": declared}}), "utf-8")
    return path


def compared(home: Home, *words: str) -> dict[str, Any]:
    [found] = json.loads(home.call("model", "compare", "--kind", "person", "--json", *words).stdout)
    return dict(found)


def events(home: Home, release: int) -> dict[str, set[str]]:
    """What became of persons in a release: event → entities."""
    dbs = database.open_databases(Settings.from_environment(home.settings))
    found: dict[str, set[str]] = {}
    for row in database.read(dbs.release, "change", where={"release": release}).to_pylist():
        if row["kind"] in ("person", "notice") and row["event"] != "update":
            found.setdefault(row["event"], set()).add(row["entity_id"])
    return found


def files(home: Home) -> dict[str, str]:
    """Every file of the home but the scratch folder, control's audit and what a comparison leaves of itself."""
    return {
        str(path.relative_to(home.path)): store.file_sha256(path)
        for path in home.path.rglob("*")
        if path.is_file() and "/compare/" not in str(path) and "control.db" not in path.name
        and not path.name.endswith(("-wal", "-shm"))
    }  # fmt: skip


def test_what_is_foretold_comes_and_retiring_undoes_it(modelled: Home, doubtful: Path, tmp_path: Path) -> None:
    release, checksum = modelled.call("checksum").stdout.split()
    before = files(modelled)
    told = compared(modelled, "--model", str(doubtful))
    assert files(modelled) == before
    assert not list((modelled.path / "tmp").iterdir())
    assert min(told["split"], told["merged"]) > 0, "else nothing is foretold"
    assert told["entities_then"] - told["entities"] == told["born"] + told["returned"] + told["split"] - (
        told["merged"] + told["retired"]
    )
    assert told["parted"] >= told["split"]
    assert 0 < told["moved"] < told["records"]
    assert told["exam"] != told["exam_then"]
    assert told["joins"]
    assert told["parts"]

    words = ("--model", str(doubtful), *WHO)
    modelled.call("model", "promote", *words, "--unannounced")
    modelled.run(NIGHTS[1], tmp_path / "none")
    came = events(modelled, int(release) + 1)
    kinds = {"create": "born", "return": "returned", "split": "split", "merge": "merged", "retire": "retired"}
    assert {name: len(came.get(event, ())) for event, name in kinds.items()} == {n: told[n] for n in kinds.values()}
    assert came["notice"] == {f"model-{NIGHTS[1]}"}, "nobody announced it"
    facts = json.loads((modelled.path / "lake/night" / NIGHTS[1] / "link/person/manifest.json").read_text())["facts"]
    assert facts["model"] == frozen.read(frozen.path(modelled.path))[0]
    changed = modelled.checksum()
    assert changed != checksum

    modelled.call("model", "retire", *WHO)
    modelled.run(NIGHTS[1], tmp_path / "none")
    assert not frozen.path(modelled.path).exists()
    assert set(events(modelled, int(release) + 2)) >= {"merge", "notice"}
    assert modelled.checksum() == checksum, "every identity is back"

    modelled.call("model", "promote", *words, "--unannounced", "--unseen")
    modelled.run(NIGHTS[1], tmp_path / "none")
    assert modelled.checksum() == changed, "the same promotion, the same release"
    assert modelled.call("balance", *LAST).stdout.strip() == "balanced"


def test_a_shadow_is_compared_announced_and_promoted(both_nights: Path, tmp_path: Path) -> None:
    home = Home.copy_of(both_nights, tmp_path / "home")
    (tmp_path / "none").mkdir()
    promote = ("model", "promote", *LAST, "--kind", "person", *WHO)
    refused = home.call(*promote, "--unannounced", check=False)
    assert (refused.returncode, "UNSEEN" in refused.stderr) == (1, True)
    assert "not compared with the model in use" in home.call("model", "list").stdout
    assert f"gridfacts model compare {' '.join(LAST)} --kind person" in home.call("summary", *LAST).stdout

    told = home.call("model", "compare", *LAST)
    assert "person, night" in told.stdout
    assert "organization: no shadow of night" in told.stderr
    digest = told.stdout.split("scorer ")[1][:12]
    listed = home.call("model", "list").stdout
    assert f"scorer {digest}" in listed
    assert "compared: " in listed
    refused = home.call(*promote, check=False)
    assert (refused.returncode, "UNANNOUNCED" in refused.stderr) == (1, True)

    home.call("feed", "notice", "model", "--on", "2026-10-03", "--entities", "50", *WHO)
    assert "UNANNOUNCED" in home.call(*promote, check=False).stderr, "it is written down, and nobody was told"
    home.run("2026-10-03", tmp_path / "none")
    assert "it would be model" in home.call(*promote, "--dry-run").stdout
    assert not frozen.path(home.path).exists()
    version = home.call(*promote).stdout.split()[1]
    listed = home.call("model", "list").stdout
    assert f"in use  {version}  since" in listed
    assert "promoted by Chen: fewer are torn" in listed
    assert ", in use" in listed
    shown = home.call("model", "show", version, "--kind", "person").stdout
    assert "name is exact" in shown
    assert json.loads(home.call("model", "show", "--json").stdout)["version"] == version
    again = home.call(*promote, "--unseen", "--unannounced", check=False)
    assert "DECIDED" in again.stderr
    assert "UNANNOUNCED" in home.call(*promote, "--unseen", check=False).stderr, "that notice told of this promotion"

    home.run("2026-10-04", tmp_path / "none")
    assert "notice" not in events(home, 4)
    assert "shadow model of person" not in home.call("summary", "--night", "2026-10-04").stdout, "it learned the same"


def test_what_may_not_be_promoted_or_compared_is_refused(both_nights: Path, doubtful: Path, tmp_path: Path) -> None:
    home = Home.copy_of(both_nights, tmp_path / "home")

    def refused(*words: str) -> str:
        done = home.call("model", *words, check=False)
        assert done.returncode
        assert done.stdout == ""
        return done.stderr

    assert "NOT_TRAINED" in refused("compare", *LAST, "--kind", "organization")
    assert "NOT_TRAINED" in refused("promote", *LAST, "--kind", "organization", *WHO)
    assert "no scored kind: house" in refused("compare", *LAST, "--kind", "house")
    assert "TOO_LATE" in refused("compare", "--night", NIGHTS[0], "--kind", "person")
    assert "say one of" in refused("promote", *WHO)
    assert "NOT_FOUND" in refused("show", "0123456789ab")
    assert "NOT_FOUND" in refused("retire", *WHO)

    kinds = frozen.read(doubtful)[1]
    wild = tmp_path / "wild.json"
    wild.write_text(frozen.text_of({"person": {**kinds["person"], "intercept": 30.0}}), "utf-8")
    assert "COLLAPSED" in refused("compare", *LAST, "--kind", "person", "--model", str(wild))
    other = tmp_path / "other.json"
    levels = {**kinds["person"]["words"], "sex": ["same", "alike", "differ"]}
    other.write_text(frozen.text_of({"person": {**kinds["person"], "words": levels}}), "utf-8")
    assert "other levels" in refused("compare", *LAST, "--kind", "person", "--model", str(other))
    words = ("--model", str(other), "--unseen", "--unannounced")
    assert "other levels" in refused("promote", *words, *WHO)
    assert not list((home.path / "tmp").iterdir())
    assert not frozen.path(home.path).exists()

    home.call("model", "promote", "--model", str(doubtful), "--unseen", "--unannounced", *WHO)
    assert "STALE_INPUT" in refused("compare", *LAST, "--kind", "person"), "the night was linked by another model"


def test_budgets_that_the_night_would_spend_are_told(both_nights: Path, doubtful: Path, tmp_path: Path) -> None:
    strict = Path(shutil.copytree(ROOT / "expectations", tmp_path / "expectations"))
    text = (strict / "brakes.yml").read_text("utf-8")
    assert "splits: {share: 0.005, least: 20}" in text
    budgets = text.replace("splits: {share: 0.005, least: 20}", "splits: {share: 0.0, least: 1}")
    (strict / "brakes.yml").write_text(budgets.replace("least: 60}", "least: 2}"), "utf-8")
    home = Home.copy_of(both_nights, tmp_path / "home", ("GRIDFACTS_EXPECTATIONS", str(strict)))
    told = compared(home, "--model", str(doubtful))
    assert told["split"] > 1
    assert told["beyond"][0] == f"splits person: {told['split']}, at most 1"
    assert told["beyond"][1].startswith("cluster person: ")
    assert not told["judged"]
    listed = home.call("review", "list", *LAST, "--kind", "person", "--worth", "0.05", "--json").stdout
    item = json.loads(listed)[0]["item_id"]
    home.call("review", "judge", item, "unsure", "--by", "Chen", "--reason", "cannot tell", *LAST)
    assert compared(home, "--model", str(doubtful))["judged"], "somebody judged since the night was resolved"


def test_who_compares_is_written_down_first(both_nights: Path, tmp_path: Path) -> None:
    home = Home.copy_of(both_nights, tmp_path / "home")
    dbs = database.open_databases(Settings.from_environment(home.settings))
    compared(home, "--who", "李查阅")
    last = database.read(dbs.control, "audit").to_pylist()[-1]
    assert (last["who"], last["action"], last["kind"]) == ("李查阅", "explain", "person")
    with database.writing(dbs.control) as connection:
        connection.exec_driver_sql("ALTER TABLE audit RENAME TO away")
    refused = home.call("model", "compare", "--kind", "person", check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
