"""Own keys are answered with tokens: what the rights let see, nothing else, and no answer to who is guessing."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests import small_release as small
from tests.homes import Home
from tests.unit.reader.conftest import publish_city
from tests.unit.reader.test_export import TODAY
from tests.unit.reader.test_export import city as two_villages
from tests.unit.reader.test_export import package as narrow
from transforms import contract, database, documents, keys, subjects
from transforms.errors import GridfactsError
from transforms.publish import restricted
from transforms.reader import audit, export
from transforms.reader.onboard import ANSWERS, onboard
from transforms.reader.package import Package
from transforms.run import Settings

Line = dict[str, str]
SEEN, FAR, CHILD = "张合成1", "张合成2", "张合成3"


def number(serial: int, born: str = "19900101") -> str:
    """A number of the county that does not exist, with its check character."""
    first = f"449991{born}{serial:03d}"
    return first + documents.check_character(first)


def package(consumer: str = "one", rows: int = 100, least: float = 0.5, **more: object) -> Package:
    told = {
        "v1_person": {"fields": ["person_id", "division_code"], "mask": {"person_id": "token"}, "minimum_age": 14,
                      "divisions": ["445302000000"]},
        "v1_organization": {"fields": ["organization_id", "credit_code", "name", "established"]},
    }  # fmt: skip
    how = {
        "v1_person": {"by": [["document", "name"]], "rows": rows, "least_found": least},
        "v1_organization": {"by": [["credit_code"], ["name", "established"]], "rows": rows},
    }
    return narrow(consumer, tables=told, onboarding=how, **more)


@pytest.fixture
def published(settings: Settings) -> Settings:
    """per1 is seen, per2 lives elsewhere, per3 is a child; each has a number; two organizations bear one name."""
    found = two_villages()
    found["vault_identifier"] = [
        {**small.first_city()["vault_identifier"][0], "entity_id": f"per{serial}",
         "token": keys.load(settings).link_token(documents.RESIDENT_TOKENS, number(serial))}
        for serial in (1, 2, 3)
    ]  # fmt: skip
    found["fact_organization"] += [
        {
            **found["fact_organization"][0],
            "organization_id": f"o{n}",
            "credit_code": f"9{n}X",
            "name": "同名（云浮）公司",
        }
        for n in (2, 3)
    ]
    publish_city(settings, 1, {}, found)
    return settings


def asked(
    settings: Settings, tmp_path: Path, lines: list[Line], given: Package | None = None, name: str = "v1_person"
) -> dict[str, tuple[str, str]]:
    """Own key → answer and token."""
    number_of_files = len(list(tmp_path.glob("asked*")))
    file, out = tmp_path / f"asked{number_of_files}.csv", tmp_path / f"out{number_of_files}"
    pd.DataFrame(lines).to_csv(file, index=False)
    onboard(settings, given or package(), name, file, out, "王接入", TODAY)
    with (out / ANSWERS).open(encoding="utf-8", newline="") as told:
        rows = list(csv.reader(told))
    assert rows[0] == ["key", "answer", "token"]
    assert [row[0] for row in rows[1:]] == [line["key"] for line in lines]
    return {key: (answer, token) for key, answer, token in rows[1:]}


def token(settings: Settings, entity: str, consumer: str = "one") -> str:
    return export.token_of(keys.load(settings), package(consumer), entity)


def test_an_own_key_gets_the_token_of_who_is_meant(published: Settings, tmp_path: Path) -> None:
    lines = [
        {"key": "=007", "document": number(1).lower(), "name": " 张 合·成1"},
        {"key": "b", "document": number(1), "name": SEEN},
    ]
    found = asked(published, tmp_path, lines[:1]) | asked(published, tmp_path, lines[1:])
    assert found == {"=007": ("matched", token(published, "per1")), "b": ("matched", token(published, "per1"))}
    other = asked(published, tmp_path, lines[1:], package("two"))
    assert other["b"] == ("matched", token(published, "per1", "two"))
    assert other["b"] != found["b"], "two consumers cannot join what they were answered"


def test_who_may_not_be_seen_is_answered_like_who_is_not_there(published: Settings, tmp_path: Path) -> None:
    lines = [
        {"key": "seen", "document": number(1), "name": SEEN},
        {"key": "far", "document": number(2), "name": FAR},
        {"key": "child", "document": number(3), "name": CHILD},
        {"key": "nobody", "document": number(9), "name": "赵无此人"},
        {"key": "no number", "document": "449991199001010000", "name": SEEN},
        {"key": "empty", "document": "", "name": SEEN},
        *({"key": f"filler{n}", "document": number(1), "name": SEEN} for n in range(4)),
    ]
    found = asked(published, tmp_path, lines)
    assert {key for key, told in found.items() if told == ("not_found", "")} == {
        "far", "child", "nobody", "no number", "empty",
    }  # fmt: skip
    assert found["seen"] == ("matched", token(published, "per1"))


def test_who_is_restricted_is_answered_like_who_is_not_there(published: Settings, tmp_path: Path) -> None:
    lines = [{"key": "k", "document": number(1), "name": SEEN}]
    assert asked(published, tmp_path, lines)["k"][0] == "matched"
    dbs = database.open_databases(published)
    subjects.grant(dbs, "restrict", None, {"record": ["rec1"]}, "Chen", "the person asked for it")
    assert restricted.obey(dbs) == 1
    with pytest.raises(GridfactsError, match="GUESSES"):  # nobody of the file is known
        asked(published, tmp_path, lines)


def test_a_number_beside_another_name_is_not_found_and_beside_two_names_not_asked_for(
    published: Settings, tmp_path: Path
) -> None:
    wrong = [{"key": "a", "document": number(1), "name": FAR}]
    with pytest.raises(GridfactsError, match="GUESSES"):
        asked(published, tmp_path, wrong)
    tried = [{"key": f"k{n}", "document": number(1), "name": name} for n, name in enumerate([SEEN, FAR, CHILD])]
    with pytest.raises(GridfactsError, match="GUESSES"):
        asked(published, tmp_path, tried)


def test_organizations_are_found_by_code_or_by_name_and_several_are_said(published: Settings, tmp_path: Path) -> None:
    lines = [
        {"key": "1", "credit_code": "91x", "name": "", "established": ""},
        {"key": "2", "credit_code": "", "name": "同名(云浮)公司", "established": "2026-09-30"},
        {"key": "3", "credit_code": "93X", "name": "同名（云浮）公司", "established": "2026-09-30"},
        {"key": "4", "credit_code": "", "name": "同名（云浮）公司", "established": "2020-01-01"},
    ]
    assert asked(published, tmp_path, lines, name="v1_organization") == {
        "1": ("matched", "o1"), "2": ("several", ""), "3": ("matched", "o3"), "4": ("not_found", ""),
    }  # fmt: skip


def test_a_list_of_guesses_gets_no_answer_and_still_counts(published: Settings, tmp_path: Path) -> None:
    guesses = [{"key": f"g{n}", "document": number(n), "name": SEEN} for n in range(1, 8)]
    with pytest.raises(GridfactsError, match="GUESSES") as refused:
        asked(published, tmp_path, guesses)
    assert not list(tmp_path.glob("out*"))
    assert "7" not in str(refused.value), "not even how many were right"
    told = database.read(database.open_databases(published).control, "audit").to_pylist()
    assert [(row["action"], row["kind"], row["rows"]) for row in told] == [("onboard", "one", 7)]


def test_a_consumer_has_a_number_of_rows_in_its_life(published: Settings, tmp_path: Path) -> None:
    line = [{"key": "a", "document": number(1), "name": SEEN}]
    given = package(rows=2)
    assert asked(published, tmp_path, line, given)["a"][0] == "matched"
    assert asked(published, tmp_path, line, given)["a"][0] == "matched"
    with pytest.raises(GridfactsError, match="LIMIT"):
        asked(published, tmp_path, line, given)
    assert asked(published, tmp_path, line, package("two", rows=2))["a"][0] == "matched", "another has its own"
    assert audit.verify(published) == []


def test_nothing_is_answered_that_cannot_be_written_down(published: Settings, tmp_path: Path) -> None:
    with database.writing(database.open_databases(published).control) as connection:
        connection.exec_driver_sql("DROP TABLE audit")
    with pytest.raises(audit.AuditError):
        asked(published, tmp_path, [{"key": "a", "document": number(1), "name": SEEN}])
    assert not list(tmp_path.glob("out*"))


def test_numbers_and_names_as_a_department_wrote_them_are_found(first_night: Path, tmp_path: Path) -> None:
    """The register's own file, whose numbers went through every room."""
    home = Home.copy_of(first_night, tmp_path / "home").path
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(home)})
    register = contract.load_all(settings.expectations)["gongan_hukou"]
    columns = {one.to[0]: one.heading for one in register.columns}
    landed = next((home / "lake" / "land" / "gongan_hukou").glob("*/rows.parquet"))
    told = pq.read_table(landed, columns=[columns["person.document"], columns["person.name"]]).to_pandas()
    lines = [
        {"key": str(n), "document": row[0], "name": row[1]}
        for n, row in enumerate(told.itertuples(index=False))
        if row[0] and row[0][6:10] < "2012"  # who is under fourteen is not seen
    ]
    share = {"fields": ["person_id"], "mask": {"person_id": "token"}, "minimum_age": 14}
    how = {"v1_person": {"by": [["document", "name"]], "rows": 5_000}}
    found = asked(settings, tmp_path, lines, narrow(tables={"v1_person": share}, onboarding=how))
    assert len(lines) > 300
    answers = Counter(answer for answer, _ in found.values())
    assert answers["matched"] > 0.9 * len(lines)
    assert answers["several"] == 0


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("key,document,name\na,1,x\na,2,y\n", "KEYS: .*row 3"), ("key,document,name\n,1,x\n", "KEYS: .*row 2"),
        ("document,name\n1,x\n", "COLUMNS"), ("key,document,phone\na,1,2\n", "COLUMNS"), ("key\na\n", "COLUMNS"),
        ("key,document,name\na,1,x\nb,2\n", "FILE"), ("key,document,name\na,\ufffe\n".encode("utf-16"), "FILE"),
        ("", "FILE"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named_without_its_values(tmp_path: Path, text: str | bytes, code: str) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path / "home")})
    file = tmp_path / "asked.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(GridfactsError, match=code) as refused:
        onboard(settings, package(), "v1_person", file, tmp_path / "out", "王接入", TODAY)
    assert "2,y" not in str(refused.value)


def test_rights_that_expired_or_do_not_onboard_answer_nothing(tmp_path: Path) -> None:
    settings = Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path / "home")})
    file = tmp_path / "asked.csv"
    file.write_text("key,document,name\na,1,x\n", "utf-8")
    for code, given, name in (
        ("EXPIRED", package(expires="2026-10-01"), "v1_person"), ("NOT_OFFERED", package(), "v1_house"),
    ):  # fmt: skip
        with pytest.raises(GridfactsError, match=code):
            onboard(settings, given, name, file, tmp_path / "out", "王接入", TODAY)


@pytest.mark.parametrize(
    ("ways", "name"),
    [([["document"]], "v1_person"), ([["name"]], "v1_person"), ([["division_code", "birth_date"]], "v1_person"),
     ([["document", "birth_date"]], "v1_person"), ([["document", "name"]], "v1_organization")],
)  # fmt: skip
def test_ways_that_could_be_guessed_are_refused_when_the_package_is_read(ways: list[list[str]], name: str) -> None:
    told = package().model_dump()
    told["onboarding"] = {name: {"by": ways, "rows": 10}}
    with pytest.raises(ValueError, match="GUESSABLE"):
        Package.model_validate(told)
    told["onboarding"] = {"v1_premises": {"by": [["name"]], "rows": 10}}
    with pytest.raises(ValueError, match="NOT_SHARED"):
        Package.model_validate(told)


def test_what_is_seen_in_clear_may_be_matched_by() -> None:
    told = package().model_dump()
    told["tables"]["v1_person"]["fields"] = ("person_id", "name", "birth_date")
    told["onboarding"] = {"v1_person": {"by": [["name", "birth_date"]], "rows": 10}}
    assert Package.model_validate(told).onboarding["v1_person"].rows == 10
    told["tables"]["v1_person"]["mask"]["birth_date"] = "year"
    with pytest.raises(ValueError, match="GUESSABLE"):
        Package.model_validate(told)
