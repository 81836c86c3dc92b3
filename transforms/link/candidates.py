"""Candidates and their levels: who may be whom, and how alike they are, as small integers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import recordlinkage

from transforms.engine import Engine
from transforms.kinds import Compare, Kind
from transforms.link.encode import Ints, Values, cells, column, compared, nodes
from transforms.link.kernels import KERNELS, LEVELS, vectorised

_HERE = Path(__file__).parent
FREQUENCY = "frequency"  # how many anchors bear the leftover's name
_FREQUENCIES = (1, 5)  # up to one: rare, up to five: some, beyond: many
_NAMES = ("name", "organization_name")


@dataclass(frozen=True)
class Told:
    """What all records say, by comparison label, with address buildings beside addresses."""

    kind: Kind
    live: pa.Table
    values: dict[str, Values]
    buildings: Values

    @property
    def labels(self) -> list[str]:
        """The columns of a pattern."""
        named = [c.label for c in self.kind.link.compare]
        return [*named, FREQUENCY] if self._name() else named

    @property
    def words(self) -> dict[str, list[str]]:
        """Level words per column of a pattern."""
        found = {c.label: list(LEVELS[c.using]) for c in self.kind.link.compare}
        return {**found, FREQUENCY: ["rare", "some", "many"]} if self._name() else found

    def _name(self) -> Compare | None:
        return next((c for c in self.kind.link.compare if c.using in _NAMES and c.label == self.kind.link.agree), None)


def tell(kind: Kind, live: pa.Table, located: pa.Table | None, trusted: npt.NDArray[np.bool_], crowd: int) -> Told:
    """Collect values; phones and addresses that more than ``crowd`` different names share tell nobody apart."""
    values = {c.label: compared(live, kind, c, located, trusted) for c in kind.link.compare}
    places = [p for c in kind.link.compare if c.using == "address" for p in c.property]
    buildings = nodes(live, located, places)[1] if places else Values()
    naming = next((c.label for c in kind.link.compare if c.using in _NAMES), None)
    if naming:
        for compare in kind.link.compare:
            if compare.using in ("tokens", "address"):
                values[compare.label] = uncrowded(values[compare.label], values[naming], crowd)
    return Told(kind, live, values, buildings)


def uncrowded(values: Values, names: Values, crowd: int) -> Values:
    """Without the values that more than ``crowd`` distinct names say: found from the data, not from a list."""
    frame = pd.DataFrame({"r": values.r, "v": pd.factorize(values.text)[0]})
    named = pd.DataFrame({"r": names.r, "name": pd.factorize(names.text)[0]}).drop_duplicates("r")
    bearers = frame.merge(named, on="r").groupby("v")["name"].nunique()
    kept = ~frame["v"].isin(bearers.index[bearers > crowd]).to_numpy()
    return Values(values.r[kept], values.text[kept])


def block_keys(told: Told, hidden: npt.NDArray[np.bool_]) -> pa.Table:
    """b, r, k: each record's key codes per block.

    Args:
        told: the values.
        hidden: records whose own number may not bring them together (training hides it).
    """
    frames = [pd.DataFrame({"b": [], "r": [], "k": []}, dtype="int64")]
    for b, parts in enumerate(told.kind.link.blocks):
        columns = [_part(told, part, hidden) for part in parts]
        joined = reduce(lambda x, y: x.merge(y, on="r"), columns)
        code = joined.groupby([c for c in joined.columns if c != "r"], sort=False).ngroup()
        frames.append(pd.DataFrame({"b": b, "r": joined["r"], "k": code.astype("int64")}).drop_duplicates())
    return pa.Table.from_pandas(pd.concat(frames), preserve_index=False)


def _part(told: Told, part: str, hidden: npt.NDArray[np.bool_]) -> pd.DataFrame:
    using = next((c for c in told.kind.link.compare if c.label == part), None)
    if part == "cell":
        values = cells(told.live)
    elif using is not None:
        values = told.values[part].only(~hidden) if using.using == "near" else told.values[part]
    else:
        values = Values(*column(told.live, part))
    return pd.DataFrame({"r": values.r, part: pd.factorize(values.text)[0]})


@dataclass(frozen=True)
class Candidates:
    """Pairs of nodes (u a leftover; v an anchor where ``anchor``) and their patterns, sorted by (u, v)."""

    u: Ints
    v: Ints
    anchor: npt.NDArray[np.bool_]
    patterns: npt.NDArray[np.int64]


def candidates(
    engine: Engine, told: Told, node: Ints, anchor: npt.NDArray[np.bool_], *, cap: int, hidden: npt.NDArray[np.bool_]
) -> Candidates:
    """Block, then compare.

    Args:
        engine: runs block.sql, compare.sql and beside.sql.
        told: the values.
        node: record → node.
        anchor: record stands in an anchor.
        cap: most nodes one block key may join.
        hidden: records whose nearness by number is not to be looked at.
    """
    table = pa.table({"r": np.arange(len(node)), "node": node, "anchor": anchor.astype(np.int64)})
    pairs = engine.run(_HERE / "block.sql", {"node": table, "key": block_keys(told, hidden)}, cap=cap)
    frame = pairs.to_pandas().astype("int64")
    patterns = _levels(engine, told, pairs, table, hidden)
    return Candidates(frame["u"].to_numpy(), frame["v"].to_numpy(), frame["anchor"].to_numpy() == 1, patterns)


def _levels(
    engine: Engine, told: Told, pairs: pa.Table, node: pa.Table, hidden: npt.NDArray[np.bool_]
) -> npt.NDArray[np.int64]:
    """Patterns of the pairs, in their order."""
    labels = told.labels
    patterns = np.zeros((pairs.num_rows, len(labels)), dtype=np.int64)
    index = pd.MultiIndex.from_arrays([pairs.column("u").to_numpy(), pairs.column("v").to_numpy()])
    said, texts = _said(told, hidden)
    graded = [i for i, c in enumerate(told.kind.link.compare) if c.using in KERNELS]
    plain = [i for i in range(len(told.kind.link.compare) + 1) if i not in graded]
    engine.give("plain", pa.table({"what": pa.array(plain, pa.int64())}))
    engine.give("graded", pa.table({"what": pa.array(graded, pa.int64())}))
    equal = engine.run(_HERE / "compare.sql", {"said": said, "node": node, "candidate": pairs}).to_pandas()
    buildings = len(told.kind.link.compare)
    for what, group in equal.groupby("what"):
        at = index.get_indexer(pd.MultiIndex.from_arrays([group["u"], group["v"]]))
        same = group["same"].to_numpy() == 1
        if what == buildings:
            place = next(i for i, c in enumerate(told.kind.link.compare) if c.using == "address")
            current = patterns[at, place]
            patterns[at, place] = np.where(current == 1, 1, np.where(same, 2, 3))
        else:
            _spread(patterns, at, int(str(what)), same, len(LEVELS[told.kind.link.compare[int(str(what))].using]))
    beside = engine.run(_HERE / "beside.sql").to_pandas()
    for what, group in beside.groupby("what"):
        place = int(str(what))
        level = graded_levels(group, told.kind.link.compare[place].using, texts[place])
        at = index.get_indexer(pd.MultiIndex.from_arrays([group["u"], group["v"]]))
        best = np.full(len(patterns), 127, dtype=np.int64)
        np.minimum.at(best, at, level)
        patterns[:, place] = np.where(best == 127, 0, best)
    if FREQUENCY in labels:
        patterns[:, -1] = _frequency(told, node)[pairs.column("u").to_numpy()]
    return patterns


def _spread(patterns: npt.NDArray[np.int64], at: Ints, place: int, same: npt.NDArray[np.bool_], worst: int) -> None:
    patterns[at, place] = np.where(same, 1, worst)


def _said(told: Told, hidden: npt.NDArray[np.bool_]) -> tuple[pa.Table, dict[int, list[str]]]:
    """Codes per record and comparison (the building stands last), and the texts behind the codes."""
    frames, texts = [], {}
    listed = [
        told.values[c.label].only(~hidden) if c.using == "near" else told.values[c.label]
        for c in told.kind.link.compare
    ]
    for what, values in enumerate([*listed, told.buildings]):
        codes, uniques = pd.factorize(values.text)
        texts[what] = [str(t) for t in uniques]
        frames.append(pd.DataFrame({"r": values.r, "what": what, "v": codes}).astype("int64"))
    return pa.Table.from_pandas(pd.concat(frames), preserve_index=False), texts


def graded_levels(pairs: pd.DataFrame, using: str, texts: list[str]) -> Ints:
    """Levels of value pairs by the kernel, each distinct pair once, through ``recordlinkage.Compare``.

    Args:
        pairs: left_value and right_value: codes into ``texts``.
        using: which kernel.
        texts: code → text.
    """
    distinct = pairs[["left_value", "right_value"]].drop_duplicates()
    index = pd.MultiIndex.from_frame(distinct)
    values = pd.DataFrame({"text": texts})
    compare = recordlinkage.Compare()
    compare.compare_vectorized(vectorised(KERNELS[using]), "text", "text", label="level")
    level: pd.Series[int] = compare.compute(index, values, values)["level"]
    at = index.get_indexer(pd.MultiIndex.from_frame(pairs[["left_value", "right_value"]]))
    levels = np.asarray(level, dtype=np.int64)
    return np.asarray(levels[at], dtype=np.int64)


def _frequency(told: Told, node: pa.Table) -> Ints:
    """Per record: 1 rare, 2 some, 3 many anchors bear its name (the one statistic of tonight a score depends on)."""
    naming = next(c.label for c in told.kind.link.compare if c.using in _NAMES and c.label == told.kind.link.agree)
    values = told.values[naming]
    frame = pd.DataFrame({"r": values.r, "name": pd.factorize(values.text)[0]})
    frame["node"] = node.column("node").to_numpy()[frame["r"]]
    frame["anchor"] = node.column("anchor").to_numpy()[frame["r"]]
    bearers = frame[frame["anchor"] == 1].groupby("name")["node"].nunique()
    count = frame["name"].map(bearers).fillna(0).groupby(frame["r"]).max()
    found = np.ones(node.num_rows, dtype=np.int64)
    rare, some = _FREQUENCIES
    found[count.index] = np.where(count <= rare, 1, np.where(count <= some, 2, 3))
    return found
