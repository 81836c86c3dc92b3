"""A person is erased: rows, raw bytes, history and vault; the next full files do not bring the person back."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.homes import NIGHTS, Home
from transforms import keys
from transforms.run import Settings

RECEIPTED, UNTOUCHED = "gongan_hukou", "ziran_zongdi"  # of the person's departments one, and one that tells of nobody
BY = ("--by", "Chen", "--reason", "the person asked for it")


def copied(home: Path, to: Path) -> Home:
    return Home.copy_of(home, to)


def ask(home: Home, query: str, of: str = "release.db") -> list[tuple[object, ...]]:
    with sqlite3.connect(home.path / of) as connection:
        return connection.execute(query).fetchall()


def subject(home: Home) -> tuple[str, str]:
    """Somebody with rows in the most departments whose number is in the vault: entity and number."""
    [(entity, ciphertext)] = ask(
        home,
        "SELECT vault.entity_id, vault.ciphertext FROM vault_identifier AS vault "
        "INNER JOIN record ON record.entity_id = vault.entity_id AND record.kind = 'person' "
        "WHERE vault.what = 'document' GROUP BY vault.entity_id, vault.ciphertext "
        "ORDER BY count(DISTINCT record.source) DESC, vault.entity_id LIMIT 1",
    )
    assert isinstance(ciphertext, bytes)
    return str(entity), keys.load(Settings.from_environment(home.settings)).unseal(ciphertext)


@pytest.fixture(scope="module")
def erased(first_night: Path, city: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, str, str]:
    """A home after a request and the night that carries it out, the entity, and its number.

    Between the two everything but the saved request is lost, and restored from a backup that does not know of it.
    """
    folder = tmp_path_factory.mktemp("erased")
    home = copied(first_night, folder / "home")
    entity, number = subject(home)
    said = home.call("subject", "erase", entity, *BY, "--dry-run").stdout
    assert said.count("1 rows would be blanked") >= 3
    assert home.call("subject", "list").stdout.strip() == "no request stands"
    home.call("subject", "erase", entity, *BY)
    assert ask(home, f"SELECT name, restricted FROM v1_person WHERE person_id = '{entity}'") == [(None, 1)]
    assert "NOT_DONE" in home.call("subject", "prove", "1", given=number, check=False).stderr
    home.call("subject", "save", str(folder / "requests.json"))
    assert number not in (folder / "requests.json").read_text("utf-8")
    home = copied(first_night, folder / "restored")
    for granted in ("1 requests are granted again", "0 requests are granted again"):
        assert granted in home.call("subject", "take", str(folder / "requests.json"), "--by", "Chen").stdout
    assert ask(home, f"SELECT name, restricted FROM v1_person WHERE person_id = '{entity}'") == [(None, 1)]
    for source in (RECEIPTED, UNTOUCHED):  # as the DAG left them after the first night
        home.call("receipt", "make", "--night", NIGHTS[0], "--source", source, "--out", str(home.path / "receipts"))
    home.run(NIGHTS[1], city / "drops" / NIGHTS[1])
    return home, entity, number


def test_nothing_of_the_person_is_held_and_others_stay(
    erased: tuple[Home, str, str], first_night: Path, both_nights: Path
) -> None:
    home, entity, number = erased
    before = home.call("subject", "prove", "1", given=f"{number}\n")
    assert (json.loads(before.stdout)["found"], json.loads(before.stdout)["release"]) == (0, 2)
    held = sum(number.encode() in path.read_bytes() for path in (first_night / "lake" / "raw").glob("*/*"))
    assert held > 0, "the first night's files did hold the number"
    assert not list((home.path / "receipts" / RECEIPTED).glob("*/*")), "its receipt repeated the row"
    assert list((home.path / "receipts" / UNTOUCHED).glob("*/*.json")), "others stay"
    told = "SELECT person_id, name, birth_date, actual_address_id FROM fact_person WHERE known_to IS NULL ORDER BY 1"
    assert ask(home, told) == [row for row in ask(Home(both_nights), told) if row[0] != entity]
    for table, column in (("fact_person", "person_id"), ("vault_identifier", "entity_id"), ("record", "entity_id")):
        assert ask(home, f"SELECT count(*) FROM {table} WHERE {column} = '{entity}'") == [(0,)]


def test_the_books_balance_and_the_feed_says_erased_and_nothing_else(erased: tuple[Home, str, str]) -> None:
    home, entity, _ = erased
    assert home.call("balance", "--night", NIGHTS[1]).stdout.strip() == "balanced"
    events = ask(home, f"SELECT event, fields, other_id FROM change WHERE entity_id = '{entity}' AND release = 2")
    assert events == [("erase", None, None)]
    assert ask(home, f"SELECT state, signpost FROM identity WHERE entity_id = '{entity}'") == [("retired", None)]
    counts = ask(home, "SELECT batch, erased FROM outcome WHERE kind = 'person' AND erased > 0", "control.db")
    assert {erased for _, erased in counts} == {1}
    as_of = {str(batch).split("-")[1] for batch, _ in counts}
    assert as_of == {night.replace("-", "") for night in NIGHTS}, "files of both nights, the new snapshots among them"
    assert ask(home, "SELECT count(*) FROM restricted") == [(0,)]


def test_a_row_of_the_person_is_explained_and_receipted_without_a_reason(
    erased: tuple[Home, str, str], tmp_path: Path
) -> None:
    home, _, number = erased
    batches = ask(
        home, "SELECT batch FROM outcome WHERE kind = 'person' AND erased > 0 ORDER BY batch DESC", "control.db"
    )
    batch = next(str(one) for (one,) in batches if NIGHTS[1].replace("-", "") in str(one))
    source = batch.split("-")[0]
    home.call("receipt", "make", "--night", NIGHTS[1], "--source", source, "--out", str(tmp_path))
    [path] = [one for one in tmp_path.glob(f"{source}/*/*.json") if batch in one.read_text("utf-8")]
    receipt = json.loads(path.read_text("utf-8"))
    assert receipt["counts"]["not_taken_over"] == 1
    [line] = [first for verdict, first, _, _ in receipt["runs"] if verdict == "not_taken_over"]
    assert line not in [finding[0] for finding in receipt["findings"]]
    assert not any(number.encode() in one.read_bytes() for one in tmp_path.rglob("*") if one.is_file())
    explained = home.call("explain", f"{source}:{batch}:{line}", "--night", NIGHTS[1]).stdout
    assert ": erased\n" in explained
    assert "rule" not in explained


def test_a_borrowed_number_and_a_row_without_an_entity(first_night: Path, tmp_path: Path) -> None:
    home = copied(first_night, tmp_path / "home")
    entity, _ = subject(home)
    plain = home.call("subject", "erase", entity, *BY, "--dry-run")
    assert (" 1 document" in plain.stdout, plain.stderr) == (True, "")
    names = "what, token, kind, ciphertext, key_id, valid_from, provenance, known_from"
    with sqlite3.connect(home.path / "release.db") as connection:
        connection.execute(
            f"INSERT INTO vault_identifier (entity_id, {names}) SELECT "
            f"(SELECT min(person_id) FROM fact_person WHERE person_id <> '{entity}'), {names} "
            f"FROM vault_identifier WHERE entity_id = '{entity}' AND what = 'document'"
        )
    borrowed = home.call("subject", "erase", entity, *BY, "--dry-run")
    assert "1 numbers are left out" in borrowed.stderr
    assert " document" not in borrowed.stdout
    [(source, batch, line)] = ask(
        home,
        "SELECT quarantine.source, quarantine.batch, quarantine.line FROM quarantine INNER JOIN outcome "
        "ON outcome.batch = quarantine.batch AND outcome.kind = 'person' WHERE quarantine.rule NOT LIKE 'FAULT%' "
        "ORDER BY quarantine.batch, quarantine.line LIMIT 1",
        "control.db",
    )
    row = home.call("subject", "erase", "--record", f"{source}/{batch}/{line}", *BY, "--dry-run").stdout
    assert "no entity: 1 rows of the release" in row
    for wrong in ("nobody/x/1", f"{source}/{batch}/99999"):
        assert "NOT_FOUND" in home.call("subject", "erase", "--record", wrong, *BY, check=False).stderr
    assert "NOT_FOUND" in home.call("subject", "restrict", "nobody", *BY, check=False).stderr
    assert home.call("subject", "restrict", *BY, check=False).returncode == 2
