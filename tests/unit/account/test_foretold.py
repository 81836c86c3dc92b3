"""What would become of entities if records stood otherwise: counted by hand on small partitions."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from transforms.account.changes import foretold
from transforms.run import Run, Settings

RECORDS = ["r1", "r2", "r3", "r4", "r5"]
# before, now, signposts of those that go, retired before → events
CASES = {
    "nothing": ("aabbc", "aabbc", {}, "", []),
    "merge": ("aabbc", "aaaac", {"b": "a"}, "", [("b", "merge", "a")]),
    "two merge": ("aabbc", "aaaaa", {"b": "a", "c": "a"}, "", [("b", "merge", "a"), ("c", "merge", "a")]),
    "split": ("aabbc", "adbbc", {}, "", [("d", "split", "a")]),
    "split in three": ("aaabc", "adebc", {}, "", [("d", "split", "a"), ("e", "split", "a")]),
    "return": ("aabbc", "aebbc", {}, "e", [("e", "return", "a")]),
    "exchange": ("aaabb", "baaba", {}, "", [("a", "move", "b"), ("b", "move", "a")]),
    "retire": ("aabbc", "aabbb", {}, "", [("c", "retire", None)]),
    "move": ("aaabb", "aabbb", {}, "", [("b", "move", "a")]),
    "born of what goes": ("aabbc", "ddbbc", {"a": "d"}, "", [("a", "merge", "d"), ("d", "create", None)]),
}


HOME = pa.schema([("record_id", pa.string()), ("entity_id", pa.string())])
IDENTITY = pa.schema([("entity_id", pa.string()), ("signpost", pa.string()), ("state", pa.string())])


def homes(side: str, other: str) -> pa.Table:
    """The records that stand elsewhere on the other side."""
    rows = [
        {"record_id": record, "entity_id": entity}
        for record, entity, elsewhere in zip(RECORDS, side, other, strict=True)
        if entity != elsewhere
    ]
    return pa.Table.from_pylist(rows, HOME)


def identities(live: str, known: set[str], signpost: dict[str, str]) -> pa.Table:
    rows = [
        {
            "entity_id": e,
            "signpost": None if e in live else signpost.get(e),
            "state": "live" if e in live else "retired",
        }
        for e in sorted(known)
    ]
    return pa.Table.from_pylist(rows, IDENTITY)


@pytest.mark.parametrize("case", CASES)
def test_events_of_a_partition(case: str, tmp_path: Path) -> None:
    before, now, signpost, retired, expected = CASES[case]
    run = Run.of("2026-10-01", settings=Settings.from_environment({"GRIDFACTS_HOME": str(tmp_path)}))
    known = {*before, *retired}
    sides = identities(before, known, {}), identities(now, {*known, *now}, signpost)
    told = foretold(run, "person", (homes(before, now), homes(now, before)), sides)
    assert [(row["entity_id"], row["event"], row["other_id"]) for row in told.to_pylist()] == expected
    assert set(told["kind"].to_pylist()) <= {"person"}
