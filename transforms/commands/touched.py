"""Which rows a changed rule, lookup, contract or module touches: what two lakes say of the same batches, row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import store
from transforms.manifest import Manifest
from transforms.run import Run, Settings

_KEY = ("ordinal", "record_id")


@dataclass(frozen=True)
class Touched:
    """One batch that was made anew.

    Attributes:
        split: it was split again from its raw bytes. judged: its rows were judged again.
        freed: rows that were in quarantine and are accepted. caught: the reverse.
        otherwise: rows that wait as before, for another rule or field.
        cleaned: kind → rows of its table that came, went or say something else.
    """

    batch: str
    file: str
    rows: int
    split: bool
    judged: bool
    freed: int
    caught: int
    otherwise: int
    cleaned: dict[str, int] = field(default_factory=dict)

    @property
    def differs(self) -> bool:
        """A row came out otherwise than before."""
        return bool(self.freed or self.caught or self.otherwise or any(self.cleaned.values()))


def touched(run: Run, before: Settings, source: str) -> list[Touched]:
    """Batches of a source that a lake made anew since another one was copied from it, in the order of their ids.

    Args:
        run: the night, and the lake as it is now.
        before: the lake as it was.
        source: whose batches.
    """
    found = (_batch(run.settings, before, name) for name in store.landed(run, source))
    return [one for one in found if one is not None]


def _batch(now: Settings, before: Settings, name: str) -> Touched | None:
    new, old = (
        {room: _manifest(lake, room, name) for room in ("land", "check", "standardise")} for lake in (now, before)
    )
    changed = {room for room in new if new[room] != old[room]}
    if not changed:
        return None
    folders = {room: (store.batch_dir(before, room, name), store.batch_dir(now, room, name)) for room in new}
    freed, caught, otherwise = _verdicts(*folders["check"])
    facts = Manifest.read(folders["land"][1])
    told = facts.facts if facts else {}
    return Touched(
        name, str(told.get("file")), int(told.get("rows") or 0), "land" in changed, "check" in changed,
        freed, caught, otherwise, _cleaned(*folders["standardise"]),
    )  # fmt: skip


def _manifest(lake: Settings, room: str, batch: str) -> str | None:
    found = Manifest.read(store.batch_dir(lake, room, batch))
    return found.digest if found else None


def _verdicts(before: Path, now: Path) -> tuple[int, int, int]:
    """Of the rows in both: those that are accepted now, that wait now, and that wait for another reason."""
    paths = [folder / "verdict.parquet" for folder in (before, now)]
    if not all(path.is_file() for path in paths):
        return 0, 0, 0
    old, new = (store.read_table(path).sort_by("ordinal") for path in paths)
    at = pc.index_in(new["ordinal"], value_set=old["ordinal"].combine_chunks())
    was, now_is = old.take(at.filter(pc.is_valid(at))), new.filter(pc.is_valid(at))  # a batch split again has others
    freed = pc.and_(now_is["accepted"], pc.invert(was["accepted"]))
    caught = pc.and_(pc.invert(now_is["accepted"]), was["accepted"])
    reason = _different(was["rule"], now_is["rule"]) | _different(was["field"], now_is["field"])
    both = pc.and_(pc.invert(was["accepted"]), pc.invert(now_is["accepted"])).to_numpy()
    return int(pc.sum(freed).as_py() or 0), int(pc.sum(caught).as_py() or 0), int(np.sum(reason & both))


def _cleaned(before: Path, now: Path) -> dict[str, int]:
    """Kind → rows that differ; the vault's ciphertext and what is kept follow from them."""
    names = sorted({path.stem for folder in (before, now) for path in folder.glob("*.parquet")} - {"kept", "vault"})
    found = {}
    for name in names:
        paths = [folder / f"{name}.parquet" for folder in (before, now)]
        there = [path for path in paths if path.is_file()]
        rows = _rows(*map(store.read_table, there)) if len(there) == len(paths) else store.read_table(there[0]).num_rows
        if rows:
            found[name] = rows
    return found


def _rows(old: pa.Table, new: pa.Table) -> int:
    """Rows that came, went or differ in a column."""
    keys = [_keys(table) for table in (old, new)]
    at = pc.index_in(keys[1], value_set=keys[0])
    gone = old.num_rows - pc.count(at).as_py()
    new, at = new.filter(pc.is_valid(at)), at.filter(pc.is_valid(at))
    came = len(keys[1]) - new.num_rows
    if set(old.column_names) != set(new.column_names):
        return int(gone + came + new.num_rows)
    old = old.take(at)
    differ = np.zeros(new.num_rows, dtype=bool)
    for name in new.column_names:
        if not old[name].equals(new[name]):
            differ |= _different(old[name], new[name])
    return int(gone + came + differ.sum())


def _keys(table: pa.Table) -> pa.Array:
    parts = [table[name].cast(pa.string()) for name in _KEY]
    return pc.binary_join_element_wise(*parts, " ").combine_chunks()


def _different(old: pa.ChunkedArray, new: pa.ChunkedArray) -> np.ndarray:
    """Where two columns differ; null equals null."""
    if old.type != new.type:
        return np.ones(len(new), dtype=bool)
    if pa.types.is_nested(new.type):
        told = zip(old.to_pylist(), new.to_pylist(), strict=True)
        return np.fromiter((a != b for a, b in told), bool, len(new))
    said = pc.fill_null(pc.not_equal(old, new), fill_value=False)
    nulls = pc.xor(pc.is_null(old), pc.is_null(new))
    different: np.ndarray = pc.or_(said, nulls).to_numpy()
    return different


def told(one: Touched) -> str:
    """A batch in words."""
    does = ["split again"] if one.split else []
    does += [f"{one.rows} rows judged again"] if one.judged else []
    does += [f"{one.freed} come out of quarantine"] if one.freed else []
    does += [f"{one.caught} go into quarantine"] if one.caught else []
    does += [f"{one.otherwise} wait for another reason"] if one.otherwise else []
    does += [f"{rows} rows of {kind} differ" for kind, rows in one.cleaned.items()]
    return f"{one.file} ({one.batch[:40]}): " + ("; ".join(does) if does else "made anew")
