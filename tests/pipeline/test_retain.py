"""Deliveries whose time is over go; the books balance, the release is the same, and a rebuild begins without them."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.homes import NIGHTS, ROOT, Home
from transforms import database, frozen, manifest, model, store
from transforms.link.scorer import DEFAULT
from transforms.receipts import quality
from transforms.run import Settings

SHORT = (("days: 90", "days: 1"), ("open_days: 365", "open_days: 1"), ("nights: {days: 14}", "nights: {days: 1}"))


def impatient(folder: Path) -> tuple[tuple[str, str], ...]:
    """Expectations under which a delivery of the night before goes, as the setting that names them."""
    copy = Path(shutil.copytree(ROOT / "expectations", folder))
    text = (copy / "retention.yml").read_text("utf-8")
    for long, short in SHORT:
        assert long in text
        text = text.replace(long, short)
    (copy / "retention.yml").write_text(text, "utf-8")
    return (("GRIDFACTS_EXPECTATIONS", str(copy)),)


def control(home: Home, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(home.path / "control.db") as connection:
        return connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def retained(both_nights: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("retained")
    home = Home.copy_of(both_nights, folder / "home", *impatient(folder / "expectations"))
    _, kinds = frozen.read(DEFAULT)
    (folder / "mine.json").write_text(frozen.text_of({"person": {**kinds["person"], "facts": {"origin": "ours"}}}))
    words = ("--by", "Chen", "--reason", "the same weights", "--unseen", "--unannounced")
    home.call("model", "promote", "--model", str(folder / "mine.json"), *words)
    before = {path for path in (home.path / "lake").rglob("*") if path.is_file()}
    planned = json.loads(home.call("retain", "--dry-run", "--json").stdout)
    assert {path for path in (home.path / "lake").rglob("*") if path.is_file()} == before, "a dry run removes nothing"
    done = json.loads(home.call("retain", "--json").stdout)
    assert done == planned
    assert sum(one["what"] == "delivery" for one in done) > 5
    return home


def gone(home: Home) -> dict[str, str]:
    """Batch that went → sha256 of its bytes."""
    return {str(b): str(b).split("-")[-1] for (b,) in control(home, "SELECT name FROM expired WHERE what = 'delivery'")}


def held(lake: Path, source: str) -> list[model.Batch]:
    """Deliveries of a source whose tables are here."""
    folders = [path for path in (lake / "land" / source).iterdir() if not (path / store.EXPIRED).exists()]
    return [model.Batch.parse(path.name) for path in folders]


def test_bytes_and_tables_are_gone_and_the_books_balance(retained: Home, both_nights: Path) -> None:
    lake, settings = retained.path / "lake", Settings.from_environment(retained.settings)
    assert gone(retained)
    was = [
        path for path in (both_nights / "lake" / "check").glob("*/*/suite.json") if path.parent.name in gone(retained)
    ]
    assert len(was) == len(gone(retained)), "Great Expectations counted in each of them"
    for batch, sha256 in gone(retained).items():
        source = batch.split("-", 1)[0]
        assert not (lake / "raw" / sha256[:2] / sha256).exists()
        for room in ("land", "check", "standardise"):
            left = {path.name for path in (lake / room / source / batch).iterdir()}
            assert left <= {manifest.NAME, store.EXPIRED}, "what Great Expectations counted goes with the delivery"
        assert [p for p in (lake / "land" / source).iterdir() if p.name != batch], "its source has a current delivery"
        shown = {(one.as_of, one.correction) for one in quality.quality(settings, source)}
        assert shown == {(one.as_of, one.correction) for one in held(lake, source)}, "the page shows what is held"
    assert retained.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
    assert retained.call("retain").stdout.strip() == "0 things went"


def test_the_ledger_says_expired_of_what_stands_nowhere(retained: Home, both_nights: Path) -> None:
    rows = control(retained, "SELECT batch, kind, landed, merged, expired FROM outcome ORDER BY batch, kind")
    mine = [row for row in rows if row[0] in gone(retained)]
    assert {int(str(row[4])) > 0 for row in mine} == {True, False}
    assert all(landed == int(str(merged)) + int(str(expired)) for _, _, landed, merged, expired in mine)
    query = "SELECT batch, kind, merged FROM outcome ORDER BY batch, kind"
    assert control(retained, query) == control(Home(both_nights), query), "what stood stands"
    states = control(retained, "SELECT batch, state FROM delivery WHERE state = 'expired'")
    assert {batch for batch, _ in states} == set(gone(retained))


def test_a_row_that_went_is_explained(retained: Home) -> None:
    batch, kind, line = control(
        retained,
        "SELECT batch, kind, 2 FROM outcome WHERE expired > 0 AND kind = 'person' ORDER BY landed DESC LIMIT 1",
    )[0]
    source = str(batch).split("-")[0]
    said = retained.call("explain", f"{source}:{batch}:999999").stdout
    assert ": expired\n" in said
    assert kind == "person"
    with sqlite3.connect(retained.path / "release.db") as connection:
        [(line, entity)] = connection.execute(
            "SELECT line, entity_id FROM record WHERE batch = ? AND kind = 'person' AND state = 'merged' LIMIT 1",
            [batch],
        ).fetchall()
    assert str(entity) in retained.call("explain", f"{source}:{batch}:{line}").stdout


def test_a_planted_mark_does_not_hide_a_delivery(retained: Home, tmp_path: Path) -> None:
    home = Home(Path(shutil.copytree(retained.path, tmp_path / "home", symlinks=True)), retained.extra)
    batch = next(path for path in sorted((home.path / "lake" / "land").glob("*/*")) if path.name not in gone(home))
    (batch / "expired").touch()
    said = home.call("retain", "--dry-run", check=False)
    assert said.returncode
    assert "STALE_INPUT" in said.stderr
    assert batch.name in said.stderr


SERVER = [pytest.mark.postgres, pytest.mark.thorough("a rebuild on SQLite is tried in every run")]


@pytest.mark.parametrize("base", ["sqlite", pytest.param("postgresql", marks=SERVER)])
def test_a_rebuild_begins_at_the_checkpoint(
    request: pytest.FixtureRequest,
    base: str,
    retained: Home,
    keyed: Path,
    city: Path,
    undisturbed: tuple[str, str],
    tmp_path: Path,
) -> None:
    [folder] = (retained.path / "lake" / "checkpoint").iterdir()
    stolen = Path(shutil.copytree(folder, tmp_path / "tampered"))
    victim = min(stolen.glob("*.person.parquet"))
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    url = (("GRIDFACTS_DATABASE_URL", request.getfixturevalue("postgres_url")),) if base == "postgresql" else ()
    home = Home(Path(shutil.copytree(keyed, tmp_path / "home")), (*retained.extra, *url))
    refused = home.call("checkpoint", "restore", str(stolen), check=False).stderr
    assert all(word in refused for word in ("STALE_INPUT", victim.name, "required", "remedy"))
    assert "is in use again" in home.call("checkpoint", "restore", str(folder)).stdout
    assert (home.path / frozen.FILE).read_bytes() == (retained.path / frozen.FILE).read_bytes()
    assert "promoted by Chen: the same weights" in home.call("model", "list").stdout
    assert "NOT_EMPTY" in home.call("checkpoint", "restore", str(folder), check=False).stderr
    left, known = tmp_path / "left", set(gone(retained).values())
    for path in sorted((city / "drops").glob("*/*/*")):
        if hashlib.sha256(path.read_bytes()).hexdigest() not in known:
            to = left / path.relative_to(city / "drops")
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
    assert len(list(left.rglob("*"))) > 10
    again = min(
        p
        for p in sorted((city / "drops" / NIGHTS[0]).glob("*/*"))
        if not (left / NIGHTS[0] / p.parent.name / p.name).exists()
    )
    (left / NIGHTS[1] / again.parent.name).mkdir(parents=True, exist_ok=True)
    shutil.copy(again, left / NIGHTS[1] / again.parent.name / again.name)
    home.call("room", "land", "--night", NIGHTS[0], "--drops", str(left / NIGHTS[0]))
    home.run(NIGHTS[1], left / NIGHTS[1])
    assert home.call("checksum").stdout.split() == ["2", undisturbed[1]]
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
    stores, mine = database.open_databases(Settings.from_environment(home.settings)), {"file": again.name}
    told = database.read(stores.control, "delivery", ["state", "code"], mine | {"night": NIGHTS[1]})
    assert told.to_pylist() == [{"state": "duplicate", "code": "DUPLICATE_FILE"}]
