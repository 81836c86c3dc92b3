"""A department that is late: it stays at its last good state, says so, and nobody is deleted."""

from __future__ import annotations

import json
from itertools import permutations

from tests.unit.account.deployment import World
from transforms import account, database
from transforms.account.apply import Landed, fates
from transforms.model import Batch


def test_a_source_that_sends_nothing_is_stale_and_loses_nothing(city: World) -> None:
    account.close(city.run, city.reread)
    fresh = {row["source"]: row["state"] for row in city.release("source_state")}
    assert set(fresh.values()) == {"fresh"}
    city.publish()
    city.night = "2026-10-31"
    city.rooms()
    account.close(city.run, city.reread)
    assert {row["source"]: row["state"] for row in city.release("source_state")} == dict.fromkeys(fresh, "stale")
    assert city.release("change") == city.release("fact_person.close") == city.release("fact_person.open") == []


def test_what_has_no_bytes_to_hash_is_told_and_stops_no_release(city: World) -> None:
    path = city.folder("land", "roster") / "deliveries.json"
    (landed,) = json.loads(path.read_text("utf-8"))
    shut = dict.fromkeys(landed) | {"state": "refused", "code": "NOT_A_FILE", "message": "this is a folder"}
    path.write_text(json.dumps([landed, shut | {"file": "2026"}, shut | {"file": "2027"}]), "utf-8")
    city.publish()
    stored = database.read(database.open_databases(city.settings).control, "delivery", where={"source": "roster"})
    told = sorted((row["file"], row["state"], row["sha256"]) for row in stored.to_pylist())
    assert told == [("2026", "refused", ""), ("2027", "refused", ""), ("roster.csv", "landed", landed["sha256"])]


def test_six_deliveries_count_alike_in_every_order() -> None:
    days = [
        ("2026-10-01", 0),
        ("2026-10-01", 1),
        ("2026-10-02", 0),
        ("2026-10-03", 0),
        ("2026-10-03", 2),
        ("2026-10-04", 0),
    ]
    landed = [
        Landed(Batch("registry", day, n, str(at) * 64), "2026-10-05", held=False) for at, (day, n) in enumerate(days)
    ]
    for mode in ("snapshot", "delta"):
        told = {frozenset(fates(mode, "supersede", list(order))) for order in permutations(landed)}
        assert len(told) == 1
        [found] = told
        assert sorted(place for _, _, place in found if place is not None) == [0, 1, 2, 3]


def test_a_recalled_delivery_replaces_nothing_and_rivals_nobody() -> None:
    first = Landed(Batch("registry", "2026-10-01", 0, "a" * 64), "2026-10-01", held=False)
    wrong = Landed(Batch("registry", "2026-10-01", 1, "b" * 64), "2026-10-01", held=False, recalled=True)
    rival = Landed(Batch("registry", "2026-10-01", 0, "c" * 64), "2026-10-01", held=True, recalled=True)
    told = {batch.sha256[0]: (fate, place) for batch, fate, place in fates("snapshot", "hold", [first, wrong, rival])}
    assert told == {"a": ("counts", 0), "b": ("recalled", None), "c": ("recalled", None)}
