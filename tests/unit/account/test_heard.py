"""Doors told ahead of close: what they said is taken as long as everything they were told from is as it was."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pyarrow as pa
import pytest

from tests.unit.account.deployment import World
from tests.unit.account.test_doors import FIRST, place
from transforms import account, database, kinds, manifest, review
from transforms.account import doors_night
from transforms.errors import ImbalanceError
from transforms.run import Settings


def done(world: World) -> list[str]:
    """What a night says as it goes on."""
    return ["sources", "apply", *sorted({kind.stage for kind in kinds.load_all(world.settings.expectations).values()})]


class Counting:
    """Land's reader, and the kinds whose doors were asked, counted."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[str] = []
        self.kinds: list[str] = []
        self._world = world
        asked = doors_night.kind_doors

        def counted(pages: object, engine: object, kind: str) -> object:
            self.kinds.append(kind)
            return asked(pages, engine, kind)  # type: ignore[arg-type]

        monkeypatch.setattr(sys.modules["transforms.account.balance"], "kind_doors", counted)

    def reread(self, settings: Settings, batch: str) -> pa.Table:
        self.batches.append(batch)
        return self._world.reread(settings, batch)

    def close(self) -> tuple[list[str], list[str]]:
        """Close the night: the batches that were read again, and the kinds whose doors were told."""
        self.batches, self.kinds = [], []
        account.close(self._world.run, self.reread)
        return sorted(self.batches), sorted(self.kinds)


@pytest.fixture
def counting(city: World, monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(city, monkeypatch)


def test_close_tells_nothing_again_that_was_told_ahead(city: World, counting: Counting) -> None:
    account.listen(city.run, counting.reread, done(city))
    assert sorted(counting.batches) == sorted(city.files)
    assert sorted(counting.kinds) == sorted(kinds.load_all(city.settings.expectations))
    assert counting.close() == ([], [])
    assert account.balance(city.run, counting.reread) == []
    assert sorted(counting.batches) == sorted(city.files), "balance reads every batch from its bytes"


def test_close_tells_what_nobody_told_ahead(city: World, counting: Counting) -> None:
    account.listen(city.run, counting.reread, ("sources",))
    batches, told = counting.close()
    assert batches == []
    assert told == sorted(kinds.load_all(city.settings.expectations))


@pytest.mark.parametrize("room", FIRST)
def test_a_row_swapped_after_its_doors_were_told_stops_the_night(city: World, room: str) -> None:
    account.listen(city.run, city.reread, done(city))
    name, change = FIRST[room]
    city.tamper(place(city, room, name), change)
    with pytest.raises(ImbalanceError, match=room):
        account.close(city.run, city.reread)


@pytest.mark.parametrize("room", FIRST)
def test_a_row_swapped_before_stops_the_night_by_what_was_told_ahead(
    city: World, counting: Counting, room: str
) -> None:
    name, change = FIRST[room]
    city.tamper(place(city, room, name), change)
    account.listen(city.run, counting.reread, done(city))
    counting.kinds = []
    with pytest.raises(ImbalanceError, match=room):
        account.close(city.run, counting.reread)
    assert counting.kinds == []


def test_a_judgement_made_since_makes_them_be_told_again(city: World, counting: Counting) -> None:
    city.publish()  # so that control has its tables
    account.listen(city.run, counting.reread, done(city))
    stores = database.open_databases(city.settings)
    review.judge(stores, "person", ("a", "b"), "different", "李工", "two people")
    batches, told_again = counting.close()
    assert batches == []  # sealed: a judgement changes nothing about what a file said
    assert told_again == sorted(kinds.load_all(city.settings.expectations))


FORGED: dict[str, Callable[[dict[str, object]], object]] = {
    "what it said": lambda told: told.update(said=["all is well"]),
    "what it was told from": lambda told: told.update(claim={}),
    "its mark": lambda told: told.update(mac="00"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_word_of_another_hand_counts_for_nothing(city: World, counting: Counting, what: str) -> None:
    account.listen(city.run, counting.reread, done(city))
    path = city.folder("account", "heard") / "kind-person" / "told.json"
    told = json.loads(path.read_text("utf-8"))
    FORGED[what](told)
    path.write_text(json.dumps(told), "utf-8")
    assert counting.close() == ([], ["person"])


def test_what_stands_on_other_code_is_told_again(
    city: World, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.listen(city.run, counting.reread, done(city))
    code_of = manifest.code_of
    monkeypatch.setattr(
        "transforms.account.heard.manifest.code_of", lambda room: "other" if room == "land" else code_of(room)
    )
    assert counting.close()[0] == sorted(city.files)
