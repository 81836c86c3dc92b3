"""Doors that several departments name and no register knows: counted in the live records of a night, told as mentions.

A register (a source whose contract says ``authority_for: [text]``) makes a door valid by naming it. A door that it does
not name, but as many departments as the kind ``address`` says (``proposed_by``), or one and a person who found it to be
one, has a mention of the system's own (source :data:`SOURCE`): a record like any other, from which its node has an id
for life. A person's no takes it away. It stays beside a register's own mention, so that the id stays too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from transforms import store
from transforms.contract import Contract
from transforms.keys import Keys
from transforms.kinds import Kind
from transforms.model import Batch
from transforms.paths import INSIDE, doors, roadless, written

SOURCE, KIND = "proposed_doors", "address"
_REGISTERED = "text"
_ROWS = 500_000  # live records that are counted at a time
_BELOW = rf"\|(?:{'|'.join(INSIDE)}):.*$"
NAMED = ["path", "department", "since", "records"]


@dataclass(frozen=True)
class Judged:
    """What decides on a door beside who names it.

    Attributes:
        yes, no: doors (paths) that a person found to be one, or none.
        before: records of the system's own that stand in the current release.
    """

    yes: frozenset[str] = frozenset()
    no: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()


def named(live: Path, contracts: Mapping[str, Contract], kinds: Mapping[str, Kind]) -> pd.DataFrame:
    """:data:`NAMED`: the doors and buildings in a known village that live records name, a row a door and department.

    Args:
        live: the folder of a night's live records.
        contracts: their sources'; who has none, as the system's own, names nothing.
        kinds: all.
    """
    department = {source: contract.owner.department for source, contract in contracts.items()}
    finest: dict[str, int] = {}
    sources = pa.array(sorted(contracts), pa.string())
    said = (piece.filter(pc.is_in(piece["source"], sources)) for piece in _said(live, kinds))
    pieces = [_counted(piece, department, finest) for piece in said]
    pairs = [(at, door) for path, at in finest.items() for door in doors(path)]
    if not pairs:
        return pd.DataFrame(columns=NAMED)
    every = pd.concat(pieces).merge(pd.DataFrame(pairs, columns=["finest", "path"]), on="finest")
    told = every.groupby(["path", "department"], as_index=False).agg({"since": "min", "records": "sum"})
    return told.assign(since=[date.fromordinal(day).isoformat() for day in told["since"]])[NAMED]


def unregistered(live: Path, contracts: Mapping[str, Contract], paths: Collection[str]) -> set[str]:
    """Those of the doors that no register names, nor a block of theirs with its road before it."""
    registers = pa.array(
        sorted(s for s, c in contracts.items() if _REGISTERED in c.registers.authority_for), pa.string()
    )
    left = set(paths)
    for piece in _mentioned(live, ["source", "path"]):
        for path in piece.filter(pc.is_in(piece["source"], registers))["path"].to_pylist():
            left -= {path, roadless(path)}
    return left


def mentions(
    live: Path, contracts: Mapping[str, Contract], kinds: Mapping[str, Kind], keys: Keys, judged: Judged
) -> pd.DataFrame:
    """The mentions of the system's own, with the columns of a live address but ``kind`` and ``operation``.

    A door has one only below a node that is mentioned, or below such a door. ``since`` is the day since which enough
    departments have named it.
    """
    least = kinds[KIND].proposed_by if KIND in kinds else None
    if least is None:
        return pd.DataFrame(columns=NAMED)
    told = named(live, contracts, kinds).sort_values(["path", "since"])
    if told.empty:
        return told
    told = told.assign(place=told.groupby("path").cumcount() + 1, of=told.groupby("path")["path"].transform("size"))
    told = told[(told["of"] >= least) | told["path"].isin(judged.yes)]
    told = told[told["place"].eq(told["of"].clip(upper=least)) & ~told["path"].isin(judged.no)]
    told = told.assign(record_id=keys.record_ids(SOURCE, KIND, pa.array(told["path"], pa.string())).to_pylist())
    free = unregistered(live, contracts, set(told["path"]))
    told = told[told["path"].isin(free) | told["record_id"].isin(judged.before)]
    texts = _texts(live, {path.rpartition("|")[0] for path in told["path"]})
    rows = [_row(*of, texts) for of in sorted(zip(told["path"], told["since"], told["record_id"], strict=True))]
    return pd.DataFrame([row for row in rows if row], columns=None if any(rows) else NAMED)


def _row(path: str, since: str, record_id: str, texts: dict[str, str]) -> dict[str, object] | None:
    """One mention; what it says is known of what stands below it from then on. None where nobody knows its parent."""
    above, _, step = path.rpartition("|")
    if above not in texts:
        return None
    level, _, text = step.partition(":")
    name, sha = written(level, text), hashlib.sha256(path.encode()).hexdigest()
    texts[path] = texts[above] + name
    return {
        "source": SOURCE, "batch": Batch(SOURCE, since, 0, sha).id, "ordinal": 1, "line": 1, "record_id": record_id,
        "content_hash": sha[:32], "path": path, "parent_path": above, "level": level, "name": name,
        "full_text": texts[path], "village": path.partition("|")[0], "as_of": since, "since": since,
    }  # fmt: skip


def _said(live: Path, kinds: Mapping[str, Kind]) -> Iterator[pa.Table]:
    """``source since path village`` of live records, an address at a time, where both path and village are known."""
    for name, kind in kinds.items():
        file = live / f"{name}.parquet"
        prefixes = [""] if name == KIND else [f"{prop}_" for prop in kind.typed("address")]
        for prefix in prefixes if file.is_file() else ():
            wanted = ["source", "since", f"{prefix}path", f"{prefix}village"]
            if set(wanted) <= set(pq.read_schema(file).names):
                for piece in store.read_pieces(file, _ROWS, wanted):
                    told = piece.select(wanted).rename_columns(["source", "since", "path", "village"])
                    yield told.filter(pc.and_(told["path"].is_valid(), told["village"].is_valid()))


def _counted(rows: pa.Table, department: Mapping[str, str], finest: dict[str, int]) -> pd.DataFrame:
    """Who names what: as :data:`NAMED`, by the number of what a path names down to its building."""
    path, source, since = (rows[name].combine_chunks().dictionary_encode() for name in ("path", "source", "since"))
    building = pc.replace_substring_regex(path.dictionary, _BELOW, "").dictionary_encode()
    number = np.array(
        [finest.setdefault(word, len(finest)) for word in building.dictionary.to_pylist()], dtype=np.int64
    )
    told = pd.DataFrame({
        "finest": number[building.indices.to_numpy()][path.indices.to_numpy()],
        "source": source.indices.to_numpy(), "since": since.indices.to_numpy(),
    })  # fmt: skip
    told = told.groupby(["finest", "source", "since"], as_index=False).size().rename(columns={"size": "records"})
    told["department"] = np.array([department[name] for name in source.dictionary.to_pylist()], dtype=object)[
        told["source"]
    ]
    days = [date.fromisoformat(day).toordinal() for day in since.dictionary.to_pylist()]
    return told.assign(since=np.array(days, dtype="int64")[told["since"]])[["finest", *NAMED[1:]]]


def _mentioned(live: Path, columns: list[str]) -> Iterator[pa.Table]:
    file = live / f"{KIND}.parquet"
    return store.read_pieces(file, _ROWS, columns) if file.is_file() else iter(())


def _texts(live: Path, paths: Collection[str]) -> dict[str, str]:
    """Full texts of those of the paths in a village that departments mention."""
    found: dict[str, str] = {}
    wanted = pa.array(sorted(paths), pa.string())
    for piece in _mentioned(live, ["source", "path", "full_text", "village"]):
        mine = pc.and_(pc.is_in(piece["path"], wanted), piece["village"].is_valid())
        mine = pc.and_(mine, pc.not_equal(piece["source"], SOURCE))
        rows = piece.filter(mine)
        for path, text in zip(rows["path"].to_pylist(), rows["full_text"].to_pylist(), strict=True):
            found[path] = min(text, found.get(path, text))
    return found
