"""Closing a night: ledger, delta by difference, events, checksum."""

from __future__ import annotations

import json

import pytest

from tests.unit.account.deployment import INSURED, PEOPLE, Row, World
from transforms import account, checksum, database
from transforms.account.standing import standing_tables
from transforms.errors import GridfactsError, ImbalanceError, StaleInputError
from transforms.model import RowState


def test_a_first_night_opens_every_row_and_ends_none(city: World) -> None:
    [report] = account.close(city.run, city.reread)
    assert report.counts["closed"] == 0
    assert report.counts["opened"] > 0
    people = city.release("fact_person.open")
    assert sorted(str(p["name"]) for p in people) == sorted(["甲", "乙", "丙", "戊"])
    assert city.release("fact_person.close") == []


STATES = [str(state) for state in RowState]


def test_every_landed_row_has_one_outcome_per_kind(city: World) -> None:
    account.close(city.run, city.reread)
    told = city.release("outcome")
    assert sum(int(str(o["landed"])) for o in told) == 2 * len(PEOPLE) + len(INSURED) + 2 * 2 + 2
    assert [o["landed"] for o in told] == [sum(int(str(o[state])) for state in STATES) for o in told]
    of_kind = {o["kind"]: {s: o[s] for s in STATES if o[s]} for o in told if o["source"] == "registry"}
    assert of_kind == {
        "person": {"merged": 4, "quarantined": 1},
        # the second member of a household says the same of it, and of another, something else
        "household": {"merged": 2, "duplicate": 1, "superseded": 1, "quarantined": 1},
    }
    [waiting] = city.release("quarantine")
    assert (waiting["ordinal"], waiting["line"], waiting["field"], waiting["rule"]) == (5, 6, "name", "REQUIRED")
    assert (waiting["department"], waiting["since"], waiting["state"]) == ("Registry Office", city.night, "open")


def test_the_crosswalk_has_a_row_for_each_version_and_none_for_a_repeat(city: World) -> None:
    account.close(city.run, city.reread)
    lines = [(r["line"], r["state"]) for r in city.release("record") if r["kind"] == "household"]
    assert [line for line, _ in lines] == [2, 4, 5]  # line 3 repeats line 2
    assert sorted(str(state) for _, state in lines) == ["merged", "merged", "superseded"]


def test_the_crosswalk_names_source_line_record_and_entity(city: World) -> None:
    account.close(city.run, city.reread)
    record = city.record_id("registry", "person", "1")
    [row] = [r for r in city.release("record") if r["record_id"] == record]
    insured = city.record_id("roster", "person", "a")
    assert (row["source"], row["line"], row["state"]) == ("registry", 2, "merged")
    assert row["entity_id"] == f"person-{min(record, insured)}"


def test_a_held_batch_is_held_row_by_row(city: World) -> None:
    city.night = "2026-10-02"
    batch = city.deliver("roster", INSURED[:2], hold="ROW_COUNT")
    city.rooms()
    account.close(city.run, city.reread)
    [told] = [o for o in city.release("outcome") if o["batch"] == batch]
    assert {s: told[s] for s in STATES if told[s]} == {"held": 2}
    states = {s["source"]: s["state"] for s in city.release("source_state")}
    assert states == {"registry": "fresh", "roster": "held", "flats": "fresh", "areas": "fresh"}


def test_persons_carry_the_household_of_the_household_stage(city: World) -> None:
    account.close(city.run, city.reread)
    household = {str(p["name"]): p["household_id"] for p in city.release("fact_person.open")}
    assert household["甲"] == household["乙"] == f"household-{city.record_id('registry', 'household', 'h1')}"
    assert household["戊"] is None


def test_the_same_night_again_has_an_empty_delta_and_the_same_checksum(city: World) -> None:
    city.publish()
    first = json.loads((city.folder("account", "release") / "release.json").read_text("utf-8"))
    city.publish()
    second = json.loads((city.folder("account", "release") / "release.json").read_text("utf-8"))
    assert second["checksum"] == first["checksum"]
    assert (first["base_release"], second["base_release"]) == (0, 1)
    assert city.release("change") == city.release("fact_person.open") == city.release("record.open") == []


def test_the_checksum_is_that_of_the_published_rows(city: World) -> None:
    city.publish()
    told = json.loads((city.folder("account", "release") / "release.json").read_text("utf-8"))
    with database.reading(database.open_databases(city.settings).release) as connection:
        assert checksum.release_checksum(connection) == told["checksum"]


def next_night(world: World, people: list[Row], insured: list[Row]) -> list[tuple[object, object, object]]:
    """The events of a second night, without ids."""
    world.publish()
    world.night = "2026-10-02"
    world.deliver("registry", people)
    world.deliver("roster", insured)
    world.rooms()
    account.close(world.run, world.reread)
    return [(c["kind"], c["event"], c["fields"]) for c in world.release("change")]


GOOD = PEOPLE[:4]


def test_an_unchanged_repeat_changes_nothing_that_is_published(city: World) -> None:
    assert next_night(city, [*GOOD], INSURED) == []
    ends = {path.name: len(city.release(path.stem)) for path in city.folder("account", "release").glob("*.*.parquet")}
    assert {"record.open.parquet", "fact_person.close.parquet"} <= set(ends)
    assert set(ends.values()) == {0}
    repeats = [o for o in city.release("outcome") if "-20261002-" in str(o["batch"])]
    assert [(o["source"], o["kind"], o["duplicate"]) for o in repeats] == [
        ("registry", "household", len(GOOD)), ("registry", "person", len(GOOD)), ("roster", "person", len(INSURED)),
    ]  # fmt: skip


def test_a_changed_name_is_an_update_that_names_its_fields_and_no_value(city: World) -> None:
    events = next_night(city, [*GOOD], [*INSURED[:2], INSURED[2] | {"name": "己"}])
    assert events == [("person", "update", "name|valid_from")]
    assert [len(city.release(f"fact_person.{end}")) for end in ("open", "close")] == [1, 1]


def test_a_newcomer_is_created_and_who_left_the_roster_retires(city: World) -> None:
    events = next_night(city, [*GOOD], [*INSURED[:2], {"no": "d", "name": "庚", "number": None, "home": None}])
    assert sorted(events, key=str) == [("person", "create", None), ("person", "retire", None)]


def test_who_moved_away_leaves_the_facts_and_may_return(city: World) -> None:
    away = [GOOD[0], GOOD[1], GOOD[2] | {"status": "gone"}, GOOD[3]]
    assert next_night(city, away, INSURED) == [("person", "retire", None)]
    city.publish()
    city.night = "2026-10-03"
    city.deliver("registry", GOOD)
    city.rooms()
    account.close(city.run, city.reread)
    [event] = city.release("change")
    assert event["event"] == "return"


def test_an_undone_match_is_a_split_and_a_made_one_a_merge(city: World) -> None:
    pair = [city.record_id("registry", "person", "1"), city.record_id("roster", "person", "a")]
    whole = f"person-{min(pair)}"
    city.publish()
    city.night = "2026-10-02"
    city.apart = set(pair)
    city.rooms()
    account.close(city.run, city.reread)
    [split] = [c for c in city.release("change") if c["event"] == "split"]
    assert (split["entity_id"], split["other_id"]) == (f"person-{max(pair)}", whole)
    city.publish()
    city.night = "2026-10-03"
    city.apart = set()
    city.rooms()
    account.close(city.run, city.reread)
    [merge] = [c for c in city.release("change") if c["event"] == "merge"]
    assert (merge["entity_id"], merge["other_id"]) == (f"person-{max(pair)}", whole)


def test_the_delta_applied_to_the_release_gives_tonights_tables(city: World) -> None:
    next_night(city, [*GOOD], [*INSURED[:2], INSURED[2] | {"name": "己"}])
    city.publish()
    with standing_tables(city.run) as published:
        names = published["fact_person"].whole(["person_id"])["name"].to_pylist()
    assert sorted(names) == sorted(["甲", "乙", "丙", "己"])
    assert account.balance(city.run, city.reread) == []


def test_an_older_night_is_refused_once_a_later_one_is_published(city: World) -> None:
    city.publish()
    city.night = "2026-09-30"
    with pytest.raises(GridfactsError, match="NIGHT_PAST"):
        account.close(city.run, city.reread)


def test_a_stale_input_is_refused_with_stored_required_and_remedy(city: World) -> None:
    (city.folder("merge", "person") / "manifest.json").unlink()
    with pytest.raises(StaleInputError, match=r"stored no manifest; required .*; remedy"):
        account.close(city.run, city.reread)


def test_an_imbalance_stops_the_night_and_leaves_no_release(city: World) -> None:
    city.tamper(city.folder("resolve", "person") / "cluster.parquet", lambda t: t.slice(1))
    with pytest.raises(ImbalanceError, match="resolve person"):
        account.close(city.run, city.reread)
    assert not city.folder("account", "release").exists()


def test_small_counts_are_suppressed(city: World) -> None:
    account.close(city.run, city.reread)
    counts = city.release("stat_grid")
    assert len(counts) == 2
    assert {c["persons"] for c in counts} == {None}
    placed = [f for f in city.release("fact_grid") if f["grid_id"]]
    assert {f["what"] for f in placed} == {"person", "house", "household", "address"}
