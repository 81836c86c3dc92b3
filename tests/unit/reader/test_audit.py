"""The audit chain names the row that was changed, lost, swapped or written by another hand."""

from __future__ import annotations

import base64

import pytest
import yaml

from transforms import database, keys
from transforms.publish.schema import ensure_schema
from transforms.reader import audit
from transforms.run import Settings


@pytest.fixture
def looked(settings: Settings) -> Settings:
    """Four reads."""
    ensure_schema(database.open_databases(settings))
    for number in range(4):
        read(settings, f"per{number}")
    return settings


def read(settings: Settings, subject: str, **more: str) -> int:
    told = {"who": "李查阅", "action": "explain", "kind": "person", "purpose": "核查"} | more
    return audit.record_read(settings, rows=1, subject=subject, **told)  # type: ignore[arg-type]


def tamper(settings: Settings, *statements: str) -> list[str]:
    with database.writing(database.open_databases(settings).control) as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    return audit.verify(settings)


def test_an_untouched_chain_is_whole_and_holds_no_subject(looked: Settings) -> None:
    assert audit.verify(looked) == []
    rows = database.read(database.open_databases(looked).control, "audit").to_pylist()
    assert [row["audit_id"] for row in rows] == [1, 2, 3, 4]
    assert "per0" not in str(rows)
    assert len({row["subject"] for row in rows}) == 4
    assert read(looked, "per0") == 5
    again = database.read(database.open_databases(looked).control, "audit").to_pylist()
    assert again[4]["subject"] == again[0]["subject"], "who looked at this person? is answered by the token"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["UPDATE audit SET who = 'someone' WHERE audit_id = 2"], ["audit row 2 is not as it was written"]),
        (["DELETE FROM audit WHERE audit_id = 2"],
         ["audit row 2 is missing", "audit row 3 does not follow from the one before"]),
        (["UPDATE audit SET audit_id = 9 WHERE audit_id = 2", "UPDATE audit SET audit_id = 2 WHERE audit_id = 3",
          "UPDATE audit SET audit_id = 3 WHERE audit_id = 9"],
         ["audit row 2 is not as it was written", "audit row 3 is not as it was written"]),
    ],
)  # fmt: skip
def test_a_tampered_row_is_named(looked: Settings, statements: list[str], said: list[str]) -> None:
    assert [line for line in tamper(looked, *statements) if line in said] == said


def test_a_chain_rebuilt_without_the_key_is_seen(looked: Settings) -> None:
    path = looked.home / "keys.yml"
    held = path.read_text("utf-8")
    path.unlink()
    keys.create(path)
    keys.load.cache_clear()
    tamper(looked, "DELETE FROM audit")
    read(looked, "per9")
    assert audit.verify(looked) == []
    path.write_text(held, "utf-8")
    keys.load.cache_clear()
    assert audit.verify(looked) == ["audit row 1 is not as it was written"]


def test_rows_of_an_older_key_are_verified_while_the_key_file_holds_it(looked: Settings) -> None:
    path = looked.home / "keys.yml"
    told = yaml.safe_load(path.read_text("utf-8"))
    told["audit"]["audit-2"] = base64.b64encode(b"another secret of thirty-two byte").decode()
    path.write_text(yaml.safe_dump(told), "utf-8")
    keys.load.cache_clear()
    read(looked, "per9")
    assert audit.verify(looked) == []
    assert "audit row 2 is not as it was written" in tamper(looked, "UPDATE audit SET who = 'x' WHERE audit_id = 2")
    del told["audit"]["audit-1"]
    path.write_text(yaml.safe_dump(told), "utf-8")
    keys.load.cache_clear()
    assert [line.split()[2] for line in audit.verify(looked)] == ["1", "2", "3", "4"]


def test_a_read_without_person_or_purpose_is_refused(looked: Settings) -> None:
    for told in ({"who": " "}, {"purpose": ""}):
        with pytest.raises(audit.AuditError, match="a read needs a person and a purpose"):
            read(looked, "per1", **told)
    assert len(audit.verify(looked)) == 0


def test_rows_whose_time_is_over_go_and_the_chain_still_holds(looked: Settings) -> None:
    assert audit.aged(looked, "2000-01-01") == []
    rows = audit.aged(looked, "9999-12-31")
    assert [row["audit_id"] for row in rows] == [1, 2, 3], "the last one stays: the next follows from it"
    audit.forget(looked, "2026-10-01", rows)
    assert audit.verify(looked) == []
    assert read(looked, "per9", action="onboard") == 5
    assert audit.verify(looked) == []
    assert [row["audit_id"] for row in audit.aged(looked, "9999-12-31")] == [4], "what a consumer was told is counted"
    assert tamper(looked, "DELETE FROM audit WHERE audit_id = 4")
    forged = tamper(looked, "UPDATE expired SET name = '4'")
    assert forged == ["audit row 5 does not follow from the last one that went"]
