"""Explain finds a row from either end; the summary is a whole page."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.unit.account.deployment import INSURED, PEOPLE, Row, World
from transforms import account, kinds, store
from transforms.account.explain import Explanation
from transforms.errors import GridfactsError
from transforms.wording import Words


def told(city: World, found: Explanation) -> str:
    return account.render_explanation(found, kinds.load_all(city.settings.expectations), Words("en"))


def test_an_entity_names_its_rows_why_they_are_together_and_who_said_what(city: World) -> None:
    city.publish()
    record = city.record_id("registry", "person", "1")
    [row] = [r for r in city.release("record") if r["record_id"] == record]
    found = account.explain(city.run, str(row["entity_id"]))
    assert (found.kind, found.state) == ("person", "live")
    assert [(r.source, r.file, r.line) for r in found.rows] == [
        ("registry", "registry.csv", 2),
        ("roster", "roster.csv", 2),
    ]
    assert [e.how for e in found.edges] == ["number"]
    [name] = [v for v in found.values if v.column == "name"]
    assert name.record_id in {r.record_id for r in found.rows}
    assert found.place is not None
    assert found.place.grid_id is not None
    assert [(event.day, event.what, event.release) for event in found.history] == [("2026-10-01", "create", 1)]
    text = told(city, found)
    assert "together because" in text
    assert not [r["number"] for r in PEOPLE if r["number"] and str(r["number"]) in text]


def test_why_an_entity_is_together_names_no_pair_with_a_record_of_another(city: World) -> None:
    city.publish()
    live = city.folder("account", "live") / "person.parquet"
    ids = sorted(str(row["record_id"]) for row in store.read_table(live).to_pylist())
    pairs = city.folder("link", "person") / "pairs.parquet"
    mine = store.read_table(pairs)["left"].to_pylist()[0]
    whose = next(row["entity_id"] for row in city.release("record") if row["record_id"] == ids[mine])
    theirs = {row["record_id"] for row in city.release("record") if row["entity_id"] != whose and row["entity_id"]}
    other = next(at for at, record in enumerate(ids) if record in theirs)
    pair = {"left": min(mine, other), "right": max(mine, other), "score": 1, "how": "scored", "evidence": "name=half"}
    before = account.explain(city.run, str(whose)).edges
    city.tamper(pairs, lambda told: pa.concat_tables([told, pa.Table.from_pylist([pair], told.schema)]))
    assert before
    found = account.explain(city.run, str(whose))
    assert found.edges == before
    assert found.nearest is not None
    assert ids[other] in found.nearest.theirs
    assert {found.nearest.edge.left, found.nearest.edge.right} == {ids[mine], ids[other]}


@pytest.mark.parametrize("how", ["file", "batch"])
def test_a_landed_row_says_what_became_of_it(city: World, how: str) -> None:
    city.publish()
    batch = next(b for b in city.files if b.startswith("registry"))
    found = account.explain(city.run, f"registry:{'registry.csv' if how == 'file' else batch}:6")
    assert {(r.kind, r.state, r.rule, r.field) for r in found.rows} == {
        ("person", "quarantined", "REQUIRED", "name"),
        ("household", "quarantined", "REQUIRED", "name"),
    }
    assert "quarantined by rule REQUIRED on field name" in told(city, found)


def test_an_unchanged_repeat_names_the_version_it_says_again(city: World) -> None:
    city.publish()
    city.night = "2026-10-02"
    batch = city.deliver("registry", PEOPLE[:4])
    city.rooms()
    city.publish()
    found = account.explain(city.run, f"registry:{batch}:3")
    entity = next(str(r["entity_id"]) for r in city.release("record") if (r["line"], r["kind"]) == (3, "person"))
    assert [(r.kind, r.state, r.repeats) for r in found.rows] == [
        ("person", "duplicate", ("registry.csv", 3)),
        ("household", "duplicate", ("registry.csv", 2)),  # the second member said what the first did, both nights
    ]
    assert found.rows[0].entity_id == entity
    assert "an unchanged repeat of file registry.csv, line 3" in told(city, found)
    assert [(r.batch == batch, r.line) for r in account.explain(city.run, entity).rows if r.source == "registry"] == [
        (False, 3)
    ]


def test_a_row_that_names_no_new_node_and_a_held_one_say_so(city: World) -> None:
    flats: list[Row] = [{"code": "f1", "where": "v|road:a|door:1"}, {"code": "f2", "where": "v|road:a|door:1"}]
    city.night = "2026-10-02"
    city.deliver("flats", flats)
    held = city.deliver("roster", INSURED[:1], hold="ROW_COUNT")
    city.rooms()
    city.publish()
    batch = next(b for b in city.files if b.startswith("flats-20261002"))
    states = {r.kind: (r.state, r.rule) for r in account.explain(city.run, f"flats:{batch}:3").rows}
    assert states == {"house": ("merged", None), "address": ("duplicate", "MENTIONED")}
    [told] = account.explain(city.run, f"roster:{held}:2").rows
    assert (told.state, told.rule) == ("held", "ROW_COUNT")


def test_what_does_not_exist_is_said_so(city: World) -> None:
    city.publish()
    for what in ("nobody", "registry:registry.csv:99", "registry:other.csv:2"):
        with pytest.raises(GridfactsError, match="NOT_FOUND"):
            account.explain(city.run, what)


def test_the_summary_tells_of_departments_facts_quarantine_and_balance(city: World) -> None:
    city.publish()
    text = account.summary(city.run, city.reread)
    for word in ("Registry Office", "Insurance Office", "person", "REQUIRED", "Balance: zero", "release 1", "explain"):
        assert word in text
    assert not [row["name"] for row in PEOPLE if row["name"] and row["name"] in text]
