"""Doors told ahead of close: what they said is taken as long as everything they were told from is as it was."""

from __future__ import annotations

import base64
import json
import shutil
import sys
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
import yaml

from tests.unit.account.deployment import World
from tests.unit.account.test_doors import FIRST, place
from transforms import account, database, decisions, holds, keys, kinds, manifest, model, review, store
from transforms.account import doors_apply, doors_night
from transforms.account.night import Delivery
from transforms.account.pages import Pages
from transforms.database import Databases
from transforms.engine import Engine
from transforms.errors import ImbalanceError
from transforms.run import Settings


def done(world: World) -> list[str]:
    """What a night says as it goes on."""
    stages = {kind.stage for kind in kinds.load_all(world.settings.expectations).values()}
    return ["sources", "apply", *(f"{room} {stage}" for stage in sorted(stages) for room in kinds.rooms_of(stage))]


def every_kind(world: World) -> list[str]:
    """The groups of doors that a night has for its kinds."""
    return sorted(
        f"{kind}-{group}" for kind in kinds.load_all(world.settings.expectations) for group in doors_night.KIND_DOORS
    )


def of_source(world: World, source: str) -> str:
    """The one batch that a source delivered."""
    (batch,) = (name for name in world.files if name.startswith(source))
    return batch


class Counting:
    """Land's reader, and the kinds and versions whose doors were asked, counted."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.batches: list[str] = []
        self.kinds: list[str] = []
        self.versions: list[str] = []
        self._world = world
        version_door = doors_apply.version_door
        for group, (rooms, asked) in list(doors_night.KIND_DOORS.items()):
            monkeypatch.setitem(doors_night.KIND_DOORS, group, (rooms, self._counted(group, asked)))

        def versioned(pages: Pages, engine: Engine, delivery: Delivery) -> Iterator[str]:
            self.versions.append(delivery.batch.id)
            return version_door(pages, engine, delivery)

        monkeypatch.setattr(sys.modules["transforms.account.balance"], "version_door", versioned)

    def _counted(self, group: str, asked: doors_night.Door) -> doors_night.Door:
        def counted(pages: Pages, engine: Engine, kind: str) -> Iterator[str]:
            self.kinds.append(f"{kind}-{group}")
            return asked(pages, engine, kind)

        return counted

    def reread(self, settings: Settings, batch: str) -> pa.Table:
        self.batches.append(batch)
        return self._world.reread(settings, batch)

    def close(self) -> tuple[list[str], list[str]]:
        """Close the night: the batches that were read again, and the kinds whose doors were told."""
        self.batches, self.kinds, self.versions = [], [], []
        account.close(self._world.run, self.reread)
        return sorted(self.batches), sorted(self.kinds)


@pytest.fixture
def counting(city: World, monkeypatch: pytest.MonkeyPatch) -> Counting:
    return Counting(city, monkeypatch)


def test_close_tells_nothing_again_that_was_told_ahead(city: World, counting: Counting) -> None:
    account.listen(city.run, counting.reread, done(city))
    assert sorted(counting.batches) == sorted(city.files)
    assert sorted(counting.kinds) == every_kind(city)
    assert sorted(counting.versions) == sorted(city.files)
    assert counting.close() == ([], [])
    assert counting.versions == []
    assert account.balance(city.run, counting.reread) == []
    assert sorted(counting.batches) == sorted(city.files), "balance reads every batch from its bytes"
    assert sorted(counting.kinds) == every_kind(city), "and takes nobody's word"
    assert sorted(counting.versions) == sorted(city.files)


def test_close_tells_what_nobody_told_ahead(city: World, counting: Counting) -> None:
    account.listen(city.run, counting.reread, ("sources",))
    batches, told = counting.close()
    assert batches == []
    assert told == every_kind(city)


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


JUDGED: dict[str, Callable[[Databases, int], object]] = {
    "made": lambda stores, _: review.judge(stores, "person", ("c", "d"), "same", "李工", "one person"),
    "retired": lambda stores, number: review.undo(stores, number, "李工"),
    "turned round": lambda stores, number: (
        review.undo(stores, number, "李工"),
        review.judge(stores, "person", ("a", "b"), "same", "李工", "one person after all"),
    ),
}


@pytest.mark.parametrize("what", JUDGED)
def test_a_judgement_since_makes_its_kinds_doors_be_told_again(city: World, counting: Counting, what: str) -> None:
    city.publish()  # so that control has its tables
    stores = database.open_databases(city.settings)
    number = review.judge(stores, "person", ("a", "b"), "different", "李工", "two people")
    account.listen(city.run, counting.reread, done(city))
    JUDGED[what](stores, number)
    batches, told_again = counting.close()
    assert batches == []  # sealed: a judgement changes nothing about what a file said
    persons = sorted(f"person-{group}" for group in doors_night.KIND_DOORS)
    assert told_again == persons != every_kind(city)


def test_a_judgement_on_a_door_makes_every_kinds_doors_be_told_again(city: World, counting: Counting) -> None:
    city.publish()
    account.listen(city.run, counting.reread, done(city))
    review.judge(database.open_databases(city.settings), model.DOOR, ("p", "p"), "same", "李工", "it is one")
    assert counting.close() == ([], every_kind(city))


def test_a_night_that_runs_again_tells_no_group_twice(city: World, counting: Counting) -> None:
    account.listen(city.run, counting.reread, done(city))
    assert sorted(counting.kinds) == every_kind(city)
    counting.kinds = []
    account.listen(city.run, counting.reread, done(city))
    assert counting.kinds == []


DECIDED: dict[str, Callable[[World, Databases], object]] = {
    "recalled": lambda world, stores: decisions.decide(
        stores, "recall", {"source": "roster", "batch": of_source(world, "roster")}, "李工", "the wrong file"
    ),
    "braked": lambda world, stores: holds.open_all(
        stores, [holds.Hold("WITHDRAWN", world.night, "too many", "roster", of_source(world, "roster"))]
    ),
}


@pytest.mark.parametrize("what", DECIDED)
def test_a_delivery_that_counts_no_more_makes_all_be_told_again(city: World, counting: Counting, what: str) -> None:
    city.publish()
    shutil.rmtree(city.settings.lake / "account")  # the seals: every door has to be told, ahead or by close
    account.listen(city.run, counting.reread, done(city))
    DECIDED[what](city, database.open_databases(city.settings))
    counting.batches, counting.kinds = [], []
    with pytest.raises(ImbalanceError, match="roster"):  # apply has not heard of it
        account.close(city.run, counting.reread)
    assert sorted(counting.batches) == sorted(city.files)
    assert sorted(counting.kinds) == every_kind(city)


def test_a_batch_that_check_held_while_its_doors_were_told_is_told_again(city: World, counting: Counting) -> None:
    batch = of_source(city, "roster")
    folder = store.batch_dir(city.settings, "check", batch)
    passed = (folder / manifest.NAME).read_bytes()
    manifest.write(folder, "check", city.of("land", batch), {"hold": "TOO_MANY"})
    account.listen(city.run, counting.reread, ("sources",))
    (folder / manifest.NAME).write_bytes(passed)  # a person has attested it, and check judged it anew
    batches, _ = counting.close()
    assert batches == [batch]


def test_versions_of_batches_that_were_sealed_then_are_told(city: World, counting: Counting) -> None:
    city.publish()
    account.listen(city.run, counting.reread, done(city))
    shutil.rmtree(city.settings.lake / "account")
    counting.close()
    assert sorted(counting.versions) == sorted(city.files)


def test_under_another_record_key_all_is_told_again(city: World) -> None:
    account.listen(city.run, city.reread, done(city))
    path = city.settings.home / "keys.yml"
    held = yaml.safe_load(path.read_text("utf-8"))
    held["record"]["record-2"] = base64.b64encode(b"another key of thirty-two bytes.").decode()
    path.write_text(yaml.safe_dump(held), "utf-8")
    keys.load.cache_clear()
    with pytest.raises(ImbalanceError, match="standardise"):
        account.close(city.run, city.reread)


FORGED: dict[str, Callable[[dict[str, object]], object]] = {
    "what it said": lambda told: told.update(said=["all is well"]),
    "what it was told from": lambda told: told.update(claim={}),
    "its mark": lambda told: told.update(mac="00"),
}


@pytest.mark.parametrize("what", FORGED)
def test_a_word_of_another_hand_counts_for_nothing(city: World, counting: Counting, what: str) -> None:
    account.listen(city.run, counting.reread, done(city))
    path = city.folder("account", "heard") / "person-entities" / "told.json"
    told = json.loads(path.read_text("utf-8"))
    FORGED[what](told)
    path.write_text(json.dumps(told), "utf-8")
    assert counting.close() == ([], ["person-entities"])


def test_what_one_group_said_is_not_the_word_of_another(city: World, counting: Counting) -> None:
    account.listen(city.run, counting.reread, done(city))
    heard = city.folder("account", "heard")
    shutil.copy(heard / "house-entities" / "told.json", heard / "person-entities" / "told.json")
    assert counting.close() == ([], ["person-entities"])


@pytest.mark.parametrize("room", ["account", "land"])
def test_what_stands_on_other_code_is_told_again(
    city: World, counting: Counting, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    account.listen(city.run, counting.reread, done(city))
    code_of = manifest.code_of
    monkeypatch.setattr("transforms.manifest.code_of", lambda name: "other" if name == room else code_of(name))
    assert counting.close() == (sorted(city.files), every_kind(city))
