"""Doors that departments name and no register knows: when they have a mention of the system's own, and what it says."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.homes import ROOT
from transforms import contract, keys, kinds, proposed, store
from transforms.model import Batch
from transforms.proposed import SOURCE, Judged
from transforms.run import Settings

ROAD, DOOR, BLOCK = "v|road:人民路", "v|road:人民路|door:3", "v|road:人民路|door:3|building:2"
EXPECTATIONS = ROOT / "expectations"
Persons = Iterable[tuple[str, str | None, str]]
Mentions = Iterable[tuple[str, str]]
INSURED, PUPIL, POLICE, OTHER_POLICE = "shebao_canbao", "jiaoyu_xueji", "gongan_hukou", "gongan_liudong"
TWO = [(INSURED, f"{DOOR}|room:301", "2026-09-03"), (PUPIL, DOOR, "2026-09-01")]
KNOWN = [("dianli_yonghu", ROAD)]


def village(path: str | None) -> str | None:
    return "v" if path and path.startswith("v|") else None


@pytest.fixture
def key(tmp_path: Path) -> keys.Keys:
    keys.create(tmp_path / "keys.yml")
    return keys.load(Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)}))


def live(folder: Path, persons: Persons, mentions: Mentions) -> Path:
    told, nodes = list(persons), list(mentions)
    tables = {
        "person": {
            "source": [s for s, _, _ in told], "since": [day for _, _, day in told],
            "actual_address_path": [p for _, p, _ in told], "actual_address_village": [village(p) for _, p, _ in told],
        },
        "address": {
            "source": [s for s, _ in nodes], "since": ["2026-10-01"] * len(nodes), "path": [p for _, p in nodes],
            "full_text": [f"合成{p.rpartition(':')[2]}" for _, p in nodes], "village": [village(p) for _, p in nodes],
        },
    }  # fmt: skip
    for kind, columns in tables.items():
        arrays = {name: pa.array(values, pa.string()) for name, values in columns.items()}
        store.write_table(folder / f"{kind}.parquet", pa.table(arrays))
    return folder


def told(
    folder: Path,
    key: keys.Keys,
    persons: Persons,
    mentions: Iterable[tuple[str, str]] = KNOWN,
    of: Judged | None = None,
) -> dict[str, dict[str, object]]:
    """Path → what the system's own mention of it says."""
    known, every = contract.load_all(EXPECTATIONS), kinds.load_all(EXPECTATIONS)
    found = proposed.mentions(live(folder, persons, mentions), known, every, key, of or Judged())
    return {str(row["path"]): row for row in found.to_dict("records")}


def test_a_door_that_enough_departments_name_has_a_mention_since_the_day_they_were_enough(
    tmp_path: Path, key: keys.Keys
) -> None:
    found = told(tmp_path, key, [*TWO, (INSURED, DOOR, "2026-09-02"), (POLICE, DOOR, "2026-09-09")])
    row = found.pop(DOOR)
    assert not found
    said = {name: row[name] for name in ("level", "name", "parent_path", "full_text", "village", "since", "as_of")}
    assert said == {
        "level": "door", "name": "3号", "parent_path": ROAD, "full_text": "合成人民路3号", "village": "v",
        "since": "2026-09-02", "as_of": "2026-09-02",
    }  # fmt: skip
    assert row["record_id"] == key.record_id(SOURCE, "address", (DOOR,))
    assert Batch.parse(str(row["batch"])).source == row["source"] == SOURCE


@pytest.mark.parametrize(
    "persons",
    [
        [TWO[0], TWO[0], TWO[0]],  # one department alone, however often
        [(POLICE, DOOR, "2026-09-01"), (OTHER_POLICE, DOOR, "2026-09-01")],  # two registers of one department
        [(INSURED, ROAD, "2026-09-01"), (PUPIL, ROAD, "2026-09-01")],  # no door
        [(s, p.replace("v|", "t|"), d) for s, p, d in TWO],  # in whichever of a town's villages
        [TWO[0], (SOURCE, DOOR, "2026-09-01")],  # the system's own word is nobody's
        [(s, None, d) for s, _, d in TWO],
        [],
    ],
)
def test_a_door_that_fewer_name_has_none(tmp_path: Path, key: keys.Keys, persons: Persons) -> None:
    assert told(tmp_path, key, persons) == {}


def test_who_names_a_block_names_its_door_and_both_stand_in_what_is_known(tmp_path: Path, key: keys.Keys) -> None:
    persons = [(INSURED, f"{BLOCK}|unit:1|room:301", "2026-09-01"), TWO[1]]
    assert [*told(tmp_path, key, persons)] == [DOOR]
    persons.append((POLICE, BLOCK, "2026-09-01"))
    found = told(tmp_path, key, persons)
    assert {path: row["parent_path"] for path, row in found.items()} == {DOOR: ROAD, BLOCK: DOOR}
    assert found[BLOCK]["full_text"] == "合成人民路3号2栋"
    assert told(tmp_path, key, persons, []) == {}, "nobody knows the road"
    assert told(tmp_path, key, persons, [("dianli_yonghu", ROAD.replace("v|", "t|"))]) == {}


def test_a_register_makes_it_needless_but_where_it_was_there_before(tmp_path: Path, key: keys.Keys) -> None:
    registered = [*KNOWN, ("minzheng_diming", DOOR)]
    assert told(tmp_path, key, TWO, registered) == {}
    before = Judged(before=frozenset({key.record_id(SOURCE, "address", (DOOR,))}))
    (stays,) = told(tmp_path, key, TWO, registered, before).values()
    (was,) = told(tmp_path, key, TWO).values()
    assert stays == was, "the record is the same, and so is its home"
    assert told(tmp_path, key, [], registered, before) == {}, "the register's own mention is at home by then"


def test_a_block_without_its_road_is_the_registered_one(tmp_path: Path, key: keys.Keys) -> None:
    known = [("dianli_yonghu", "v|estate:锦绣花园")]
    persons = [(source, "v|estate:锦绣花园|building:3", day) for source, _, day in TWO]
    assert [*told(tmp_path, key, persons, known)] == ["v|estate:锦绣花园|building:3"]
    known.append(("zhujian_fangwu", f"{DOOR}|estate:锦绣花园|building:3"))
    assert told(tmp_path, key, persons, known) == {}


def test_a_yes_needs_one_department_and_a_no_keeps_it_away(tmp_path: Path, key: keys.Keys) -> None:
    yes, no = Judged(yes=frozenset({DOOR})), Judged(no=frozenset({DOOR}))
    assert told(tmp_path, key, TWO[:1], of=yes)[DOOR]["since"] == "2026-09-03"
    assert told(tmp_path, key, [], of=yes) == {}, "nobody names it any more"
    assert told(tmp_path, key, TWO, of=no) == {}
    assert [*told(tmp_path, key, TWO, of=Judged(no=frozenset({BLOCK})))] == [DOOR]


def test_without_a_number_in_the_kind_nothing_is_proposed(tmp_path: Path, key: keys.Keys) -> None:
    every = dict(kinds.load_all(EXPECTATIONS))
    every["address"] = every["address"].model_copy(update={"proposed_by": None})
    known = contract.load_all(EXPECTATIONS)
    assert proposed.mentions(live(tmp_path, TWO, KNOWN), known, every, key, Judged()).empty
    every["address"] = every["address"].model_copy(update={"proposed_by": 3})
    assert proposed.mentions(live(tmp_path, TWO, KNOWN), known, every, key, Judged()).empty
