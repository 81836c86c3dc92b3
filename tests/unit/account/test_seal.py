"""The sealed checkpoint: what was told whole is not told again, and nothing that changed passes under an old seal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.unit.account.deployment import INSURED, PEOPLE, World
from tests.unit.account.test_doors import FIRST, place
from transforms import account, manifest, store
from transforms.errors import ImbalanceError
from transforms.model import Batch
from transforms.run import Settings


def close(world: World, how: Callable[..., object] = account.close) -> list[str]:
    """Close (or balance) the night; which batches were read again from their bytes."""
    again: list[str] = []

    def reread(settings: Settings, batch: str) -> pa.Table:
        again.append(batch)
        return world.reread(settings, batch)

    how(world.run, reread)
    return sorted(again)


def seal_of(world: World, source: str) -> Path:
    (batch,) = (name for name in world.files if name.startswith(source))
    return store.batch_dir(world.settings, "account", batch) / "seal.json"


def test_a_batch_is_told_once_by_close_and_every_time_by_balance(city: World) -> None:
    assert close(city) == sorted(city.files)
    assert close(city) == []
    assert close(city, account.balance) == sorted(city.files)


def test_the_next_night_tells_its_own_batches_only_and_ends_in_the_same_books(city: World) -> None:
    city.publish()
    city.night = "2026-10-02"
    fresh = [city.deliver("registry", PEOPLE, {5: "name"}), city.deliver("roster", INSURED[:2])]
    city.rooms()
    assert close(city) == sorted(fresh)
    names = ("outcome", "quarantine", "record")
    sealed = {name: city.release(name) for name in names}
    for source in ("registry", "roster", "flats", "areas"):
        for folder in (city.settings.lake / "account" / source).iterdir():
            (folder / "seal.json").unlink()
    assert close(city) == sorted(city.files)
    assert {name: city.release(name) for name in names} == sealed


@pytest.mark.parametrize("room", ["land", "check", "standardise"])
def test_a_row_swapped_after_the_seal_stops_the_night(city: World, room: str) -> None:
    close(city)
    name, change = FIRST[room]
    city.tamper(place(city, room, name), change)
    with pytest.raises(ImbalanceError, match=f"{room}.*registry"):
        account.close(city.run, city.reread)


def test_a_version_swapped_after_the_seal_stops_the_night(city: World) -> None:
    close(city)
    city.tamper(city.folder("account", "versions") / "versions.parquet", lambda t: t.slice(1))
    with pytest.raises(ImbalanceError, match="accepted versions without a state"):
        account.close(city.run, city.reread)


FORGED: dict[str, Callable[[dict[str, dict[str, object]]], object]] = {
    "its page": lambda told: told["page"].update(landed=99),
    "what it stands on": lambda told: told["claim"].update(fate="held"),
    "its code": lambda told: told["claim"].update(code="another"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_seal_that_was_written_by_another_hand_counts_for_nothing(city: World, what: str) -> None:
    close(city)
    path = seal_of(city, "roster")
    told = json.loads(path.read_text("utf-8"))
    FORGED[what](told)
    path.write_text(json.dumps(told), "utf-8")
    assert [batch.split("-")[0] for batch in close(city)] == ["roster"]
    assert close(city) == []


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"claim": 1, "page": [], "mac": null}'])
def test_a_seal_that_cannot_be_read_counts_for_nothing(city: World, text: str) -> None:
    close(city)
    seal_of(city, "roster").write_text(text, "utf-8")
    assert [batch.split("-")[0] for batch in close(city)] == ["roster"]


def test_quarantined_rows_changed_beside_their_seal_are_told_again(city: World) -> None:
    close(city)
    path = seal_of(city, "registry").with_name("quarantined.parquet")
    table = store.read_table(path)
    store.write_table(path, table.slice(1))
    assert [batch.split("-")[0] for batch in close(city)] == ["registry"]
    assert len(city.release("quarantine")) == table.num_rows == 1


def test_another_contract_is_told_again(city: World) -> None:
    expectations = city.settings.expectations
    close(city)
    path = expectations / "contracts" / "roster.yml"
    before = path.read_text("utf-8")
    try:
        path.write_text(before + "# said anew\n", "utf-8")
        manifest.configuration.cache_clear()
        assert [batch.split("-")[0] for batch in close(city)] == ["roster"]
    finally:
        path.write_text(before, "utf-8")
        manifest.configuration.cache_clear()


def test_a_late_file_makes_the_delivery_after_it_be_told_again(city: World) -> None:
    city.publish()
    city.night = "2026-10-03"
    repeat = city.deliver("roster", INSURED)
    city.rooms()
    city.publish()
    city.night = "2026-10-04"
    late = city.deliver("roster", [INSURED[0] | {"name": "己"}, *INSURED[1:]], as_of="2026-10-02")
    city.rooms()
    assert close(city) == sorted([repeat, late])
    states = [(Batch.parse(str(r["batch"])).as_of, r["state"]) for r in city.release("record") if r["line"] == 2
              and r["source"] == "roster"]  # fmt: skip
    assert states == [("2026-10-01", "superseded"), ("2026-10-02", "superseded"), ("2026-10-03", "merged")]
    assert account.balance(city.run, city.reread) == []


def test_a_night_with_a_finding_seals_nothing(city: World) -> None:
    city.tamper(city.folder("resolve", "person") / "cluster.parquet", lambda t: t.slice(1))
    with pytest.raises(ImbalanceError):
        account.close(city.run, city.reread)
    assert not (city.settings.lake / "account").exists()
