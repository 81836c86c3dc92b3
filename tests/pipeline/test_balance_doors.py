"""One row swapped for another in a room's output (equal counts, manifest honest): found, named, and no release."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from tests.homes import NIGHTS, Home
from transforms import manifest, store

# room -> a file of its output, as a pattern below the lake, and the source its finding must name (None: night-wide)
PLACES = {
    "land": ("land/gongan_hukou/*/rows.parquet", "gongan_hukou"),
    "check": ("check/gongan_hukou/*/verdict.parquet", "gongan_hukou"),
    "standardise": ("standardise/gongan_hukou/*/person.parquet", "gongan_hukou"),
    "account": (f"night/{NIGHTS[0]}/account/live/person.parquet", "gongan_hukou"),
    "locate": (f"night/{NIGHTS[0]}/locate/person/person.parquet", None),
    "link": (f"night/{NIGHTS[0]}/link/person/pairs.parquet", None),
    "resolve": (f"night/{NIGHTS[0]}/resolve/person/cluster.parquet", None),
    "merge": (f"night/{NIGHTS[0]}/merge/person/fact_person.parquet", None),
}


def swap_one_row(path: Path) -> None:
    """Replace the row in the middle by a copy of the first one; counts stay equal."""
    table = store.read_table(path)
    middle = table.num_rows // 2
    assert middle > 0
    spoilt = pa.concat_tables([table.slice(0, middle), table.slice(0, 1), table.slice(middle + 1)])
    assert spoilt.num_rows == table.num_rows
    path.chmod(0o644)
    store.write_table(path, spoilt)


def make_manifests_honest(lake: Path, folder: Path) -> None:
    """Rewrite the manifest of a spoilt folder, and the record of it in every manifest downstream."""
    told = manifest.Manifest.read(folder)
    assert told is not None
    before = told.digest
    files = {name: facts | {"sha256": store.file_sha256(folder / name)} for name, facts in told.files.items()}
    changed = dataclasses.replace(told, files=files)
    (folder / manifest.NAME).write_text(json.dumps(dataclasses.asdict(changed)), "utf-8")
    for path in sorted(lake.rglob(manifest.NAME)):
        downstream = manifest.Manifest.read(path.parent)
        if downstream and before in downstream.inputs.values():
            inputs = {name: changed.digest if was == before else was for name, was in downstream.inputs.items()}
            path.write_text(json.dumps(dataclasses.asdict(dataclasses.replace(downstream, inputs=inputs))), "utf-8")
            make_honest_from(lake, path.parent, downstream.digest)


def make_honest_from(lake: Path, folder: Path, before: str) -> None:
    after = manifest.Manifest.read(folder)
    assert after is not None
    for path in sorted(lake.rglob(manifest.NAME)):
        downstream = manifest.Manifest.read(path.parent)
        if downstream and before in downstream.inputs.values():
            inputs = {name: after.digest if was == before else was for name, was in downstream.inputs.items()}
            path.write_text(json.dumps(dataclasses.asdict(dataclasses.replace(downstream, inputs=inputs))), "utf-8")
            make_honest_from(lake, path.parent, downstream.digest)


def test_an_undisturbed_night_balances(first_night: Path, tmp_path: Path) -> None:
    home = Home(Path(shutil.copytree(first_night, tmp_path / "home")))
    done = home.call("balance", "--night", NIGHTS[0], "--json")
    assert json.loads(done.stdout) == {"balanced": True, "findings": []}


@pytest.mark.parametrize("room", PLACES)
def test_a_swapped_row_is_found_and_stops_the_release(first_night: Path, city: Path, tmp_path: Path, room: str) -> None:
    pattern, source = PLACES[room]
    home = Home(Path(shutil.copytree(first_night, tmp_path / "home")))
    lake = home.path / "lake"
    (path,) = sorted(lake.glob(pattern))
    swap_one_row(path)
    make_manifests_honest(lake, path.parent)
    done = home.call("balance", "--night", NIGHTS[0], "--json", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert [f for f in findings if room in f and (source is None or source in f)], findings
    closed = home.call("room", "close", "--night", NIGHTS[0], check=False)
    assert closed.returncode == 1
    assert "IMBALANCE" in closed.stderr
