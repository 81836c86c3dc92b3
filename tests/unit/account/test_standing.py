"""What stands in the release, read ahead of close: the same delta, and no word taken of another release."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from tests.unit.account.deployment import INSURED, World
from transforms import account, store
from transforms.account import standing
from transforms.account.books import current_tables
from transforms.account.delta import published
from transforms.run import Run


@pytest.fixture
def second(city: World) -> World:
    """A release stands, and the rooms of the next night are done: one person has another name, one is new."""
    city.publish()
    city.night = "2026-10-02"
    city.deliver("roster", [*INSURED[:2], INSURED[2] | {"name": "己"}])
    city.rooms()
    return city


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that were read from the release database since."""
    names: list[str] = []

    def counted(run: Run) -> Iterator[tuple[str, Iterator[pa.Table]]]:
        for name, told in current_tables(run):
            names.append(name)
            yield name, told

    monkeypatch.setattr(standing, "current_tables", counted)
    return names


def standing_persons(city: World) -> pa.Table:
    """``fact_person`` as it stands in the release."""
    with standing.standing_tables(city.run) as tables:
        return tables["fact_person"].whole(["person_id"])


def closed(city: World) -> dict[str, list[dict[str, object]]]:
    account.close(city.run, city.reread)
    told = {f"{name}.{part}": city.release(f"{name}.{part}") for name in published() for part in ("open", "close")}
    assert told["fact_person.open"]
    return told


def test_close_compares_with_what_was_read_ahead(second: World, asked: list[str]) -> None:
    fresh = closed(second)
    assert sorted(asked) == sorted(published())
    account.listen(second.run, second.reread, ("sources", "apply"))
    asked.clear()
    (second.folder("account", "release") / "manifest.json").unlink()
    assert closed(second) == fresh
    assert asked == []
    assert not second.folder("account", "standing").exists(), "the next release has other rows"


def test_before_the_first_release_nothing_stands_and_nothing_is_read(city: World, asked: list[str]) -> None:
    account.listen(city.run, city.reread, ("sources", "apply"))
    assert not city.folder("account", "standing").exists()
    with standing.standing_tables(city.run) as tables:
        assert {table.rows for table in tables.values()} == {0}
    assert asked == []


def test_what_was_read_of_another_release_counts_for_nothing(second: World, asked: list[str]) -> None:
    standing.read_ahead(second.run)
    folder = second.folder("account", "standing")
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    second.publish()
    folder.mkdir()
    for name, told in kept.items():
        (folder / name).write_bytes(told)
    asked.clear()
    persons = standing_persons(second)
    assert sorted(asked) == sorted(published())
    assert "己" in persons["name"].to_pylist()


def test_a_table_that_was_changed_since_counts_for_nothing(second: World, asked: list[str]) -> None:
    standing.read_ahead(second.run)
    path = second.folder("account", "standing") / "fact_person.parquet"
    told = store.read_table(path).sort_by("person_id")
    names = pa.array(told["name"].to_pylist()[::-1])
    store.write_table(path, told.set_column(told.schema.get_field_index("name"), "name", names))
    asked.clear()
    assert standing_persons(second).equals(told)
    assert sorted(asked) == sorted(published())
