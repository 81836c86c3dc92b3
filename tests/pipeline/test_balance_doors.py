"""One row swapped for another in a room's output (equal counts, manifest honest): found, named, and no release."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pytest

from tests.homes import NIGHTS, Home
from transforms import manifest, store

# room -> a file of its output, as a pattern below the lake; what lies under a source, the finding must name
PLACES = {
    "land": "land/gongan_hukou/*/rows.parquet",
    "check": "check/gongan_hukou/*/verdict.parquet",
    "standardise": "standardise/gongan_hukou/*/person.parquet",
    "account": f"night/{NIGHTS[0]}/account/live/person.parquet",
    "locate": f"night/{NIGHTS[0]}/locate/person/person.parquet",
    "link": f"night/{NIGHTS[0]}/link/person/pairs.parquet",
    "resolve": f"night/{NIGHTS[0]}/resolve/person/cluster.parquet",
    "merge": f"night/{NIGHTS[0]}/merge/person/fact_person.parquet",
}


def swap_one_row(path: Path) -> str | None:
    """Replace the row in the middle by a copy of the first one; counts stay equal. The source of the row that is lost.

    Keys are random in every home, and so is which row stands in the middle.
    """
    table = store.read_table(path)
    middle = table.num_rows // 2
    assert middle > 0
    lost = table.slice(middle, 1)
    spoilt = pa.concat_tables([table.slice(0, middle), table.slice(0, 1), table.slice(middle + 1)])
    assert spoilt.num_rows == table.num_rows
    path.chmod(0o644)
    store.write_table(path, spoilt)
    return str((lost["batch"] if "batch" in lost.column_names else pa.array([""]))[0]).split("-")[0] or None


def make_manifests_honest(lake: Path, folder: Path) -> None:
    """Rewrite the manifest of a spoilt folder, and the record of it in every manifest downstream."""
    told = manifest.Manifest.read(folder)
    assert told is not None
    files = {name: facts | {"sha256": store.file_sha256(folder / name)} for name, facts in told.files.items()}
    found = {path.parent: manifest.Manifest.read(path.parent) for path in lake.rglob(manifest.NAME)}
    changed = [(folder, told.digest)]
    found[folder] = dataclasses.replace(told, files=files)
    while changed:
        place, was = changed.pop()
        now = found[place]
        assert now is not None
        (place / manifest.NAME).write_text(json.dumps(dataclasses.asdict(now)), "utf-8")
        for other, leaning in found.items():
            if leaning is not None and was in leaning.inputs.values():
                inputs = {name: now.digest if digest == was else digest for name, digest in leaning.inputs.items()}
                found[other] = dataclasses.replace(leaning, inputs=inputs)
                changed.append((other, leaning.digest))


def test_an_undisturbed_night_balances(first_night: Path, tmp_path: Path) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    done = home.call("balance", "--night", NIGHTS[0], "--json")
    assert json.loads(done.stdout) == {"balanced": True, "findings": []}


@pytest.mark.parametrize("room", PLACES)
def test_a_swapped_row_is_found_and_stops_the_release(first_night: Path, tmp_path: Path, room: str) -> None:
    home = Home.copy_of(first_night, tmp_path / "home")
    lake = home.path / "lake"
    (path,) = sorted(lake.glob(PLACES[room]))
    source = swap_one_row(path)
    make_manifests_honest(lake, path.parent)
    done = home.call("balance", "--night", NIGHTS[0], "--json", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    findings = json.loads(done.stdout)["findings"]
    assert [f for f in findings if f.startswith(room) and (source is None or source in f)], findings
    closed = home.call("room", "close", "--night", NIGHTS[0], check=False)
    assert closed.returncode == 1
    assert "IMBALANCE" in closed.stderr
    assert room in closed.stderr
