"""Each door: an undisturbed night passes, one row swapped for another (equal counts, honest manifests) does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.unit.account.deployment import World
from transforms import account, database, store
from transforms.account import doors_apply
from transforms.account.balance import doors
from transforms.account.night import Night
from transforms.account.pages import Pages
from transforms.errors import ImbalanceError
from transforms.holds import Hold, open_all


def last_by_first(table: pa.Table) -> pa.Table:
    """The last row replaced by a copy of the first."""
    assert table.num_rows > 1
    return pa.concat_tables([table.slice(0, table.num_rows - 1), table.slice(0, 1)])


def exchanged(column: str) -> Callable[[pa.Table], pa.Table]:
    """The values of one column exchanged between two rows that differ in it."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        other = next(at for at, value in enumerate(values) if value != values[0])
        values[0], values[other] = values[other], values[0]
        at = table.schema.get_field_index(column)
        return table.set_column(at, table.schema.field(column), pa.array(values, table.schema.field(column).type))

    return change


def emptied(*columns: str) -> Callable[[pa.Table], pa.Table]:
    """Columns without a value in the first row."""

    def change(table: pa.Table) -> pa.Table:
        for column in columns:
            field = table.schema.field(column)
            values = pa.array([None, *table[column].to_pylist()[1:]], field.type)
            table = table.set_column(table.schema.get_field_index(column), field, values)
        return table

    return change


def beyond(table: pa.Table) -> pa.Table:
    """A pair of a record that is none of the night's."""
    return table.set_column(1, table.schema.field(1), pa.array([2**20, *table[1].to_pylist()[1:]], pa.int32()))


def place(world: World, room: str, name: str) -> Path:
    if room in ("land", "check", "standardise"):
        (folder,) = (world.settings.lake / room / "registry").iterdir()
        return folder / f"{name}.parquet"
    part, _, table = name.rpartition("/")
    return world.folder(room, part) / f"{table}.parquet"


TAMPERED = [
    ("land", "rows", last_by_first),
    ("land", "rows", exchanged("name")),
    ("land", "rows", exchanged("digest")),
    ("check", "verdict", last_by_first),
    ("check", "verdict", exchanged("accepted")),
    ("check", "finding", lambda t: pa.concat_tables([t, t.set_column(1, "ordinal", pa.array([1], pa.int64()))])),
    ("standardise", "person", last_by_first),
    ("standardise", "person", exchanged("raw_name")),
    ("standardise", "person", exchanged("record_id")),
    ("standardise", "person", exchanged("content_hash")),
    ("standardise", "household", last_by_first),
    ("account", "live/person", last_by_first),
    ("account", "live/person", exchanged("name")),
    ("account", "live/address", exchanged("path")),
    ("account", "versions/versions", last_by_first),
    ("account", "versions/versions", exchanged("state")),
    ("locate", "person/person", last_by_first),
    ("locate", "person/person", emptied("reason")),
    ("locate", "place/place_grid", last_by_first),
    ("link", "person/pairs", last_by_first),
    ("link", "person/pairs", exchanged("right")),
    ("link", "person/pairs", beyond),
    ("resolve", "person/cluster", last_by_first),
    ("resolve", "person/cluster", exchanged("entity_id")),
    ("resolve", "person/identity", last_by_first),
    ("resolve", "person/home", last_by_first),
    ("merge", "person/fact_person", last_by_first),
    ("merge", "person/fact_person", exchanged("name")),
    ("merge", "person/claim", last_by_first),
    ("merge", "person/claim", exchanged("record_id")),
    ("merge", "grid/place_grid", last_by_first),
    ("merge", "house/fact_house", last_by_first),
]


def test_an_undisturbed_night_passes_every_door(city: World) -> None:
    assert doors(Pages(Night(city.run)), city.reread) == []
    assert account.balance(city.run, city.reread) == []


@pytest.mark.parametrize(("room", "name", "change"), TAMPERED)
def test_a_swapped_row_is_found_and_named(
    city: World, room: str, name: str, change: Callable[[pa.Table], pa.Table]
) -> None:
    city.tamper(place(city, room, name), change)
    found = account.balance(city.run, city.reread)
    assert any(line.startswith(room) for line in found), found
    if room in ("land", "check", "standardise"):
        assert any(line.startswith(room) and "registry" in line for line in found)


def test_columns_of_many_live_rows_are_compared_in_groups(city: World, monkeypatch: pytest.MonkeyPatch) -> None:
    path = place(city, "account", "live/person")
    names = pq.read_schema(path).names
    monkeypatch.setattr(doors_apply, "_AT_ONCE", 1)
    read: list[list[str]] = []
    of_all = store.read_table

    def told(where: Path, columns: list[str] | None = None) -> pa.Table:
        if where == path and columns and columns == names[names.index(columns[0]) :][: len(columns)]:
            read.append(columns)
        return of_all(where, columns)

    monkeypatch.setattr(store, "read_table", told)
    assert account.balance(city.run, city.reread) == []
    width = max(1, len(names) // pq.read_metadata(path).num_rows)
    assert {name for columns in read if len(columns) <= width for name in columns} == set(names)
    assert width < len(names) // 2
    city.tamper(path, exchanged("raw_name"))
    found = account.balance(city.run, city.reread)
    assert any("live rows that are not rows of their standardised batch" in line for line in found), found


def test_rows_of_a_delivery_that_waits_may_not_live(city: World) -> None:
    city.publish()  # so that control has its tables
    (batch,) = (name for name in city.files if name.startswith("roster"))
    waits = [Hold("WITHDRAWN", city.night, "too many", "roster", batch)]
    open_all(database.open_databases(city.settings), waits)  # since apply
    live = store.read_table(city.folder("account", "live") / "person.parquet")["source"].to_pylist().count("roster")
    assert live > 0
    finding = f"account person roster: {live} live rows of a delivery that does not count tonight"
    assert account.balance(city.run, city.reread) == [finding]
    with pytest.raises(ImbalanceError, match="does not count"):
        account.close(city.run, city.reread)
    account.apply(city.run)
    assert "roster" not in store.read_table(city.folder("account", "live") / "person.parquet")["source"].to_pylist()


FIRST = {room: (name, change) for room, name, change in reversed(TAMPERED)}


@pytest.mark.parametrize("room", FIRST)
def test_a_swapped_row_stops_the_night(city: World, room: str) -> None:
    name, change = FIRST[room]
    city.tamper(place(city, room, name), change)
    with pytest.raises(ImbalanceError, match=room):
        account.close(city.run, city.reread)


def test_a_changed_node_of_an_address_is_found(city: World) -> None:
    (folder,) = (city.settings.lake / "standardise" / "flats").iterdir()
    city.tamper(folder / "address.parquet", last_by_first)
    assert any("standardise address flats" in line for line in account.balance(city.run, city.reread))


def test_two_resident_numbers_in_one_cluster_are_found(city: World) -> None:
    path = city.folder("resolve", "person") / "cluster.parquet"
    numbered = {city.record_id("registry", "person", key) for key in ("1", "2")}

    def joined(table: pa.Table) -> pa.Table:
        rows = table.to_pylist()
        first = next(r["entity_id"] for r in rows if r["record_id"] in numbered)
        return pa.Table.from_pylist(
            [r | {"entity_id": first if r["record_id"] in numbered else r["entity_id"]} for r in rows], table.schema
        )

    city.tamper(path, joined)
    assert any("two resident numbers" in line for line in account.balance(city.run, city.reread))


def test_a_missing_manifest_is_a_finding_and_the_other_doors_are_still_asked(city: World) -> None:
    (city.folder("merge", "house") / "manifest.json").unlink()
    city.tamper(city.folder("resolve", "person") / "cluster.parquet", last_by_first)
    found = account.balance(city.run, city.reread)
    assert any("merge/house" in line and "stored no manifest" in line for line in found)
    assert any(line.startswith("resolve person") for line in found)


OTHER = "(SELECT max(entity_id) FROM record WHERE kind = 'person')"
CHANGES = {  # what was changed: (statement, word its finding must hold)
    "a fact": ("UPDATE fact_person SET name = 'x' WHERE name = (SELECT min(name) FROM fact_person)", "fact_person"),
    "the crosswalk": (f"UPDATE record SET entity_id = {OTHER} WHERE kind = 'person' AND source = 'roster'", "roster"),
    "an identity": ("UPDATE identity SET founding_record = 'another' WHERE kind = 'house'", "identity"),
    "the feed": ("UPDATE change SET seq = seq + 1000 WHERE seq = (SELECT max(seq) FROM change)", "feed"),
    "an event": ("UPDATE change SET event = 'retire' WHERE kind = 'person'", "person"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_row_of_the_release_is_found(city: World, what: str) -> None:
    city.publish()
    assert account.balance(city.run, city.reread) == []
    statement, named = CHANGES[what]
    with database.writing(database.open_databases(city.settings).release) as connection:
        connection.exec_driver_sql(statement)
    found = account.balance(city.run, city.reread)
    assert any(line.startswith("publish") and named in line for line in found), found


def test_a_changed_ledger_in_control_is_found(city: World) -> None:
    city.publish()
    with database.writing(database.open_databases(city.settings).control) as connection:
        connection.exec_driver_sql("UPDATE outcome SET merged = merged - 1, withdrawn = 1 WHERE source = 'roster'")
    assert any("publish roster: the ledger" in line for line in account.balance(city.run, city.reread))


def test_no_finding_names_a_value(city: World) -> None:
    for room, name, change in TAMPERED[:2]:
        city.tamper(place(city, room, name), change)
    text = "\n".join(account.balance(city.run, city.reread))
    assert text
    rows = store.read_table(place(city, "land", "rows"))
    for heading in ("name", "number", "home"):
        assert not [value for value in rows[heading].to_pylist() if value and value in text]
