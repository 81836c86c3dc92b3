"""Room 4 on a small lake: place first, then the others by it; fresh outputs are reused, missing inputs refused."""

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
import shapely
from click.testing import CliRunner

from tests.unit.locate.conftest import OTHER, PATHS, STREET, TOWN, every_node
from transforms import database, errors, keys, located, manifest, model, store
from transforms import locate as room
from transforms.commands import places as commands
from transforms.locate.library import LEVELS
from transforms.publish.schema import ensure_schema
from transforms.run import REPOSITORY, Run, Settings

LEAF = PATHS[0]


@pytest.fixture
def run(tmp_path):
    return Run(
        Settings(tmp_path, "sqlite://", REPOSITORY / "expectations", None, "duckdb", 1, "1GB"), "2026-10-01", Path()
    )


def write(run, room_name, part, inputs=None, **tables):
    folder = store.night_dir(run, room_name, part)
    with store.output(folder) as fresh:
        for name, table in tables.items():
            store.write_table(fresh / f"{name}.parquet", table)
        manifest.write(fresh, room_name, inputs or {})


def rows(kind, *said):
    told = [
        {"record_id": f"{kind}{i}", "source": "zhujian_fangwu", "as_of": "2026-10-01"} | row
        for i, row in enumerate(said)
    ]
    return pa.Table.from_pylist(told)


def spoken(path):
    """The clean columns of an address property, as standardise leaves them."""
    steps = dict(step.split(":") for step in (path or "").split("|")[1:])
    village = path.split("|")[0] if path else None
    said = {
        "": path,
        "_path": path,
        "_level": path and path.rsplit("|", 1)[1].split(":")[0],
        "_among": None,
        "_relation": None,
        "_residual": None,
    }
    said |= {"_village": village, "_town": TOWN if village else None, "_county": None, "_city": None}
    return said | {f"_{level}": steps.get(level) for level in LEVELS}


def point(lon, lat):
    return {"lon": lon, "lat": lat, "raw_lon": str(lon), "raw_lat": str(lat)}


@pytest.fixture
def lake(run):
    nodes = [
        {
            "path": path,
            "parent_path": parent,
            "level": path.rsplit("|", 1)[1].split(":")[0],
            "name": path,
            "full_text": path,
            "village": path.split("|")[0],
            "building_code": "B3" if path.endswith("building:3") else None,
            "lon": None,
            "lat": None,
        }
        for path, parent in sorted(every_node([LEAF]).items())
    ]
    box = shapely.to_wkb(shapely.box(112, 22, 113, 23))
    at_leaf = {f"address{k}": v for k, v in spoken(LEAF).items()}
    silent = {f"address{k}": v for k, v in spoken(None).items()}
    live = {
        "address": rows("address", *nodes),
        "building": rows("building", {"code": "B3"} | point(112.5, 22.5) | at_leaf),
        "house": rows("house", {"code": "H1"} | at_leaf),
        "grid": rows(
            "grid", {"code": STREET, "level": "small", "type": "general", "parent_code": None, "polygon": box}
        ),
        "facility": rows("facility", point(112.1, 22.1) | silent, point(120.0, 22.1) | at_leaf),
    }
    write(run, "account", "live", **live)
    for kind in ("address", "building", "house", "grid"):
        ids = live[kind]["record_id"].to_pylist()
        cluster = {"record_id": ids, "entity_id": [f"entity-{i}" for i in ids], "how": ["single"] * len(ids)}
        write(run, "resolve", kind, cluster=pa.table(cluster, schema=model.CLUSTER))
    return run


def table(run, stage, name):
    return store.read_table(store.night_dir(run, "locate", stage) / f"{name}.parquet")


def test_the_place_stage_builds_library_grids_and_its_own_kinds(lake):
    reports = room.run(lake, "place")
    assert {r.part: r.counts for r in reports} == {"building": {"exact": 1}, "house": {"exact": 1}}
    leaf = [row for row in table(lake, "place", "library").to_pylist() if row["path"] == LEAF]
    assert [(row["building_id"], row["house_id"], row["lon"]) for row in leaf] == [
        ("entity-building0", "entity-house0", 112.5)
    ]
    grids = table(lake, "place", "place_grid")
    assert grids.schema.equals(model.PLACE_GRID)
    assert {"entity-grid0"} == {g for g in grids["grid_id"].to_pylist() if g}
    house = table(lake, "place", "house").to_pylist()
    assert [(row["address_id"], row["grid_id"], row["method"]) for row in house] == [
        (leaf[0]["address_id"], "entity-grid0", "building")
    ]


def test_a_facility_has_a_point_and_an_address_or_reasons(lake):
    room.run(lake, "place")
    room.run(lake, "thing")
    found = table(lake, "thing", "facility")
    assert found.schema.equals(model.LOCATED)
    by_key = {(row["record_id"], row["property"]): row for row in found.to_pylist() if row["rank"] == 1}
    assert len(by_key) == 4
    assert by_key[("facility0", "point")]["grid_id"] == "entity-grid0"
    assert by_key[("facility0", "point")]["method"] == "polygon"
    assert by_key[("facility1", "point")]["reason"] == "outside"
    assert by_key[("facility0", "address")]["reason"] == "no_address"
    assert by_key[("facility1", "address")]["match_class"] == "exact"


def test_the_numbers_beside_the_table_say_what_stands_there_at_rank_1(lake):
    reports = room.run(lake, "place") + room.run(lake, "thing")
    for stage, kind in (("place", "house"), ("place", "building"), ("thing", "facility")):
        best = located.Best.read(store.night_dir(lake, "locate", stage), kind)
        rows = [row for row in table(lake, stage, kind).to_pylist() if row["rank"] == 1]
        records = sorted({row["record_id"] for row in rows})
        assert len(rows) == len(best.text) * len(records) > 0
        told = {prop: best.table.take(pa.array(text)).to_pylist() for prop, text in best.text.items()}
        for row in rows:
            mine = told[row["property"]][records.index(row["record_id"])]
            assert mine == {name: row[name] for name in located.COLUMNS}
    counts = {r.part: r.counts for r in reports}
    assert counts["facility"] == {"exact": 1, "no_address": 1, "outside": 1, "polygon": 1}


def test_an_address_in_no_grid_says_why(lake):
    away = f"{OTHER}|road:人民路|door:16|room:301"  # a node without a point, in a village without a medium grid
    live = store.night_dir(lake, "account", "live")
    known = store.read_table(live / "address.parquet")
    node = {"path": away, "parent_path": None, "level": "room", "name": away, "full_text": away, "village": OTHER}
    node |= {"building_code": None, "lon": None, "lat": None}
    nodes = [*known.select(list(node)).to_pylist(), node]
    said = {f"address{k}": v for k, v in spoken(away).items()}
    told = {kind: store.read_table(live / f"{kind}.parquet") for kind in ("building", "house", "grid")}
    told |= {"address": rows("address", *nodes), "facility": rows("facility", point(None, None) | said)}
    write(lake, "account", "live", **told)
    ids = told["address"]["record_id"].to_pylist()
    cluster = {"record_id": ids, "entity_id": [f"entity-{i}" for i in ids], "how": ["single"] * len(ids)}
    write(lake, "resolve", "address", cluster=pa.table(cluster, schema=model.CLUSTER))
    room.run(lake, "place")
    room.run(lake, "thing")
    found = {row["property"]: row for row in table(lake, "thing", "facility").to_pylist() if row["rank"] == 1}
    assert found["address"]["address_id"] is not None
    assert {name: (row["grid_id"], row["reason"]) for name, row in found.items()} == {
        "address": (None, "no_coordinate"), "point": (None, "no_coordinate"),
    }  # fmt: skip


def test_other_stages_need_the_place_stage(lake):
    with pytest.raises(errors.StaleInputError):
        room.run(lake, "thing")


def test_an_unchanged_stage_is_reused_and_a_changed_place_is_not(lake):
    room.run(lake, "place")
    folder = store.night_dir(lake, "locate", "place")
    before = (folder / "manifest.json").stat().st_mtime_ns
    room.run(lake, "place")
    assert (folder / "manifest.json").stat().st_mtime_ns == before


def test_a_city_without_places_still_gives_every_record_a_reason(run):
    silent = {f"address{k}": v for k, v in spoken(LEAF).items()}
    write(run, "account", "live", facility=rows("facility", point(112.1, 22.1) | silent))
    assert room.run(run, "place") == []
    room.run(run, "thing")
    reasons = [(row["property"], row["reason"]) for row in table(run, "thing", "facility").to_pylist()]
    assert reasons == [("address", "unresolved"), ("point", "outside")]


def parsed(path, **more):
    return {name[1:] or "text": value for name, value in spoken(path).items()} | more


def test_an_address_is_looked_up_with_its_grids_and_what_else_fits(lake):
    room.run(lake, "place")
    texts = [parsed(LEAF), parsed(LEAF) | {"room": "1503"}, parsed(None), parsed(None, level="outside", text="x")]
    exact, other, silent, outside = room.Lookup(lake).addresses(pd.DataFrame(texts, dtype=object))
    assert (exact.match_class, exact.level, exact.score, exact.gap) == ("exact", "room", 10_000, None)
    assert exact.building_id == "entity-building0"
    assert exact.grids == (("small", STREET),)
    assert (exact.reason, exact.method) == (None, "building")
    assert (other.match_class, other.level) == ("parent", "unit")  # 1503 is not 1502
    assert (silent.reason, outside.reason) == ("no_address", "outside")
    assert silent.address_id is outside.address_id is None


def test_the_names_of_bodies_are_landmarks_by_which_an_address_is_found(lake):
    live = store.night_dir(lake, "account", "live")
    told = {kind: store.read_table(live / f"{kind}.parquet") for kind in ("address", "building", "house", "grid")}
    at_leaf = {f"actual_address{k}": v for k, v in spoken(LEAF).items()}
    unsaid = {f"registered_address{k}": v for k, v in spoken(None).items()}
    told |= {"organization": rows("organization", {"name_key": "云城街道第二卫生院"} | at_leaf | unsaid)}
    write(lake, "account", "live", **told)
    room.run(lake, "place")
    assert ("第二卫生院", TOWN) in {(r["word"], r["division"]) for r in table(lake, "place", "landmark").to_pylist()}
    said = parsed(None) | {"town": TOWN, "text": "云城街道第二卫生院", "residual": "第二卫生院"}
    texts = pd.DataFrame([said, said | {"relation": "对面"}, said | {"residual": "第三卫生院"}], dtype=object)
    named, beside, unknown = room.Lookup(lake).addresses(texts)
    assert (named.match_class, named.level, named.building_id, named.beside) == (
        "landmark", "building", "entity-building0", None,
    )  # fmt: skip
    assert (beside.match_class, beside.level, beside.building_id, beside.method) == (
        "landmark", "road", None, "landmark",
    )  # fmt: skip
    assert beside.beside == named.address
    assert (beside.grids, beside.gap) == ((("small", STREET),), None)
    assert (unknown.match_class, unknown.grids) == ("unresolved", ())


def test_a_point_is_looked_up_with_the_building_it_stands_at(lake):
    room.run(lake, "place")
    at, near, far = room.Lookup(lake).points(pd.Series([112.5, 112.5, 120.0]), pd.Series([22.5, 22.6, 22.5]))
    assert (at.building_id, at.metres, at.grids) == ("entity-building0", 0.0, (("small", STREET),))
    assert (near.building_id, near.grids) == (None, (("small", STREET),))
    assert (far.grids, far.reason) == ((), "outside")


@pytest.fixture
def ask(lake, monkeypatch):
    room.run(lake, "place")
    keys.create(lake.settings.home / "keys.yml")  # who looked is written down
    ensure_schema(database.open_databases(Settings.from_environment({"GRIDFACTS_HOME": str(lake.settings.home)})))
    monkeypatch.setenv("GRIDFACTS_HOME", str(lake.settings.home))
    return lambda command, *arguments: CliRunner().invoke(command, list(arguments))


def test_the_command_finds_the_newest_night_and_answers_in_json(ask):
    answer = ask(commands.locate, "112.5", "22.5", "--json")
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.output)["building_id"] == "entity-building0"
    assert ask(commands.locate).exit_code == 2


def test_a_file_is_answered_line_by_line_without_repeating_what_it_asked(ask, tmp_path):
    asked = ["广西壮族自治区玉林市玉州区一环路3号", "", "13912345670", "路" * 10_000]
    (tmp_path / "asked.csv").write_text("\n".join(["address", *(f'"{text}"' for text in asked)]), "utf-8")
    answer = ask(commands.locate, "--file", str(tmp_path / "asked.csv"))
    rows = list(csv.DictReader(io.StringIO(answer.stdout)))
    assert [row["line"] for row in rows] == ["2", "3", "4", "5"]
    assert [row["reason"] for row in rows] == ["outside", "no_address", "unresolved", "unresolved"]
    assert "13912345670" not in answer.output
    assert answer.stderr == "4 of 4 lines: 1 no_address, 1 outside, 2 unresolved\n"


def test_a_long_file_is_answered_piece_by_piece_as_if_it_were_short(ask, tmp_path, monkeypatch):
    points = ["112.5,22.5", "112.5,22.6", ",", "120.0,22.5", "north,22.5"]
    (tmp_path / "asked.csv").write_text("\n".join(["lon,lat", *points]), "utf-8")
    whole = ask(commands.locate, "--file", str(tmp_path / "asked.csv"))
    monkeypatch.setattr(commands, "_BATCH", 2)
    pieces = ask(commands.locate, "--file", str(tmp_path / "asked.csv"))
    assert pieces.stdout == whole.stdout
    rows = list(csv.DictReader(io.StringIO(whole.stdout)))
    assert [row["reason"] for row in rows] == ["", "", "no_coordinate", "outside", "no_coordinate"]
    progress = [line.partition(":")[0] for line in pieces.stderr.splitlines()]
    assert progress == ["2 of 5 lines", "4 of 5 lines", "5 of 5 lines"]


def test_the_grid_report_and_the_vote_are_commands(ask, tmp_path):
    report = ask(commands.grid, "report", "--picture", str(tmp_path / "cut.svg"), "--json")
    assert json.loads(report.output)["grids"] == {"small general": 1}
    assert (tmp_path / "cut.svg").read_text("utf-8").startswith("<svg")
    numbered = json.loads(ask(commands.grid, "codes", "--json").output)
    assert numbered == [{"code": STREET, "level": "small", "type": "general", "proposed": None}]  # it has no village
    votes = ask(commands.grid, "points", "--json")
    assert {row["kind"]: row["faults"] for row in json.loads(votes.output)} == {
        "building": {"truncated": 1},
        "facility": {"truncated": 2},
    }
