"""Collapse: rows that share a believed number are one before anything is scored (design.md section 5.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contract import Contract
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.link.codes import Codes, Flags, Ints, Whole
from transforms.link.encode import compared, sources
from transforms.link.kernels import LEVELS
from transforms.link.owner import judge
from transforms.link.said import Values, by_record, column
from transforms.live import Live
from transforms.second import unified

_HERE = Path(__file__).parent
RESIDENT = pa.array(["111", "112", "113"])  # GA/T 517 kinds of one number space, of which a person has one number
_AGREES = {
    "name": LEVELS["name"].index("near") + 1,
    "organization_name": LEVELS["organization_name"].index("similar") + 1,
    "spelling": LEVELS["spelling"].index("close") + 1,
}
_GENERATION = 12 * 365  # days: nobody is a parent before


@dataclass(frozen=True)
class Collapsed:
    """Every record's node.

    Attributes:
        node: record number → the smallest record number of its node (itself for a leftover).
        anchor: the record stands in a node with an exclusive number.
        trusted: the record's number is believed.
        number: code of the believed number, -1 without one.
        lost: the record's valid number was taken from it (``ID_CONFLICT``).
    """

    node: Codes
    anchor: Flags
    trusted: Flags
    number: Codes
    lost: Flags


def decisive_column(kind: Kind) -> str:
    """The clean column that holds a kind's decisive value: a document counts by its token."""
    return kind.token_of(kind.link.decisive or "")


def numbers(live: Live, kind: Kind) -> tuple[Codes, Codes]:
    """(record number, code of its valid decisive value)."""
    said = column(live, decisive_column(kind))
    if f"{kind.link.decisive}_valid" in live.column_names:
        said = said.only(pc.fill_null(live.column(f"{kind.link.decisive}_valid"), fill_value=False).to_numpy())
    if kind.link.second is None:
        return said.r, said.v
    number, second = (by_record(values, live.num_rows) for values in (said, column(live, kind.link.second)))
    return said.r, unified(number, sources(live), second)[said.r]


def collapse(
    engine: Engine, live: Live, kind: Kind, contracts: dict[str, Contract], told: Callable[[], dict[str, Values]]
) -> Collapsed:
    """Group the rows by number where names agree.

    Args:
        engine: runs collapse.sql and trust.sql.
        live: live records of the kind, sorted by record id.
        kind: its declaration.
        contracts: by source: who issues the number, whose word ends a dispute.
        told: asked for once they are needed, by comparison label: values that tell people apart, the number's own
            facts left out.
    """
    r, n = numbers(live, kind)
    names, texts = _names(live, kind, r)
    authority = live.sourced(issuing(kind, contracts))[r]
    believed = ~_contradicts(live, kind, r, n)[r]
    several = disputed_numbers(n, names, believed)
    asked = np.flatnonzero(several[n])
    variants = {"n": n[asked], "name": names[asked], "authority": authority[asked], "contradicts": ~believed[asked]}
    disputed = engine.run(_HERE / "collapse.sql", {"numbered": _table(variants)}).to_pandas()
    codes = np.unique(disputed["name"].to_numpy())
    spelt = dict(zip(codes.tolist(), texts.take(pa.array(codes)).to_pylist(), strict=True))
    verdict = judge(disputed, spelt, _former(live, kind, r[asked], n[asked]), _level(kind))
    keeps = _keeps(n, names, verdict, asked)
    believed &= keeps > _generation(live, kind)[r]  # a name that only agrees, a generation apart: father or son
    believed[_elsewhere(engine, told(), {"r": r, "n": n, "name": names, "keeps": keeps}, believed)] = False
    return _nodes(live, kind, r, n, believed)


def disputed_numbers(n: Codes, names: Codes, believed: Flags) -> Flags:
    """Per number: its believed rows bear several names. Those are few, and nobody need count the others.

    Args:
        n: number per row.
        names: name per row.
        believed: the row does not contradict its number.
    """
    size = int(n.max(initial=-1)) + 1
    some = np.full(size, -1, dtype=np.int32)
    some[n[believed]] = names[believed]
    found = np.zeros(size, dtype=bool)
    found[n[believed & (some[n] != names)]] = True
    return found


def _keeps(n: Codes, names: Codes, verdict: pd.DataFrame, asked: Ints) -> Whole:
    """Per row what became of its name under its number (as :func:`judge`); 2 where nobody disputes it."""
    keeps = np.full(len(n), 2, dtype=np.int8)
    of, what = (verdict[c].to_numpy() for c in ("n", "name"))
    judged = of * (int(names.max(initial=0)) + 1) + what  # sorted, as the rows of the verdict are
    key = n[asked].astype(np.int64) * (int(names.max(initial=0)) + 1) + names[asked]
    place = np.minimum(np.searchsorted(judged, key), max(len(judged) - 1, 0))
    if len(judged):
        keeps[asked] = np.where(judged[place] == key, verdict["keeps"].to_numpy()[place], 2)
    return keeps


def _elsewhere(engine: Engine, told: dict[str, Values], rows: dict[str, Whole], believed: Flags) -> Flags:
    """Rows whose number was borrowed: trust.sql, of those whose name slipped under some number and who share it."""
    r, names = rows["r"], rows["name"]
    slipped = np.zeros(int(names.max(initial=0)) + 1, dtype=bool)
    slipped[names[believed & (rows["keeps"] == 1)]] = True
    asked = believed & slipped[names]
    speaks = np.zeros(int(max([r.max(initial=0), *(v.r.max(initial=0) for v in told.values())])) + 1, dtype=bool)
    speaks[r[asked]] = True
    said = [v.only(speaks) for _, v in sorted(told.items())]
    shared = {
        "r": np.concatenate([np.zeros(0, dtype=np.int32), *(v.r for v in said)]),
        "what": np.repeat(np.arange(len(said)), [len(v.r) for v in said]),
        "v": np.concatenate([np.zeros(0, dtype=np.int32), *(v.v for v in said)]),
    }
    tables = {"believed": _table({name: column[asked] for name, column in rows.items()}), "shared": _table(shared)}
    return np.isin(r, engine.run(_HERE / "trust.sql", tables)["r"].to_numpy())


def issuing(kind: Kind, contracts: dict[str, Contract]) -> list[str]:
    """Sources that issue the kind's number: their word ends a dispute."""
    return sorted(s for s, c in contracts.items() if kind.link.decisive in c.registers.authority_for)


def _nodes(live: Live, kind: Kind, r: Codes, n: Codes, believed: Flags) -> Collapsed:
    node = np.arange(live.num_rows, dtype=np.int32)
    at, of = r[believed], n[believed]
    first = np.zeros(int(n.max(initial=-1)) + 1, dtype=np.int32)
    first[of[::-1]] = at[::-1]  # rows come in the order of their numbers: the smallest is written last
    node[at] = first[of]
    number = np.full(live.num_rows, -1, dtype=np.int32)
    number[at] = of
    trusted = number >= 0
    anchor = trusted.copy()
    exclusive = f"{kind.link.decisive}_kind"
    if exclusive in live.column_names:
        named = live.column(exclusive)  # a number of no named kind is a resident number
        anchor &= pc.or_(pc.is_null(named), pc.is_in(named, RESIDENT)).to_numpy()
    lost = np.zeros(live.num_rows, dtype=bool)
    lost[r] = True
    return Collapsed(node, anchor, trusted, number, lost & ~trusted)


def _level(kind: Kind) -> tuple[str, int]:
    using = next((c.using for c in kind.link.compare if c.label == kind.link.agree), "name")
    return using, _AGREES.get(using, 1)


def _names(live: Live, kind: Kind, r: Codes) -> tuple[Codes, pa.Array]:
    """Name code per numbered row and the code's text; one code for all where the kind compares no name."""
    nameless = pa.array([""], pa.string())
    for compare in kind.link.compare:
        if compare.label == kind.link.agree:
            own = compare.model_copy(update={"property": compare.property[:1], "also": ()})
            said = compared(live, kind, own, None, np.zeros(live.num_rows, dtype=bool))
            codes = by_record(said, live.num_rows)
            return np.where(codes < 0, len(said.texts), codes)[r].astype(np.int32), pa.concat_arrays(
                [said.texts, nameless]
            )
    return np.zeros(len(r), dtype=np.int32), nameless


def _former(live: Live, kind: Kind, r: Codes, n: Codes) -> dict[int, set[str]]:
    number = np.full(live.num_rows, -1, dtype=np.int64)
    number[r] = n
    found: dict[int, set[str]] = defaultdict(set)
    for compare in kind.link.compare:
        if compare.label == kind.link.agree and len(compare.property) > 1:
            other = compare.model_copy(update={"property": compare.property[1:], "also": ()})
            said = compared(live, kind, other, None, np.zeros(live.num_rows, dtype=bool)).only(number >= 0)
            texts = said.texts.take(pa.array(said.v)).to_pylist()
            for of, text in zip(number[said.r].tolist(), texts, strict=True):
                found[of].add(text)
    return found


def _contradicts(live: Live, kind: Kind, numbered: Codes, n: Codes) -> Flags:
    """Rows whose own birth day and own sex both differ from those in their number: not that number's person.

    Only where another row under the number does not contradict it: a number never loses its last row.
    """
    number = kind.link.decisive
    pairs = (("birth_date", f"{number}_birth"), ("sex", f"{number}_sex"))
    if any(name not in live.column_names for pair in pairs for name in pair):
        return np.zeros(live.num_rows, dtype=bool)
    both = pc.equal(live.column("birth_date_precision"), "day")
    for own, embedded in pairs:
        both = pc.and_(both, _differ(live.column(own), live.column(embedded)))
    wrong = np.array(pc.fill_null(both, fill_value=False).to_numpy(), dtype=bool)
    backed = np.zeros(int(n.max(initial=0)) + 1, dtype=bool)
    backed[n[~wrong[numbered]]] = True
    wrong[numbered[~backed[n]]] = False
    return wrong


def _generation(live: Live, kind: Kind) -> Flags:
    """Rows born a generation before or after the person of their number: a parent's, a child's."""
    names = ("birth_date", f"{kind.link.decisive}_birth")
    if any(name not in live.column_names for name in names):
        return np.zeros(live.num_rows, dtype=bool)
    own, embedded = (pc.cast(pc.cast(live.column(name), pa.date32()), pa.int32()) for name in names)
    far = pc.greater(pc.abs(pc.subtract(own, embedded)), _GENERATION)
    return np.asarray(pc.fill_null(far, fill_value=False).to_numpy(), dtype=bool)


def _differ(said: pa.ChunkedArray, told: pa.ChunkedArray) -> pa.ChunkedArray:
    """Both are stated, and not alike."""
    if pa.types.is_string(said.type) or said.type != told.type:
        said, told = (pc.cast(column, pa.string()) for column in (said, told))
        stated = pc.and_(pc.not_equal(said, "unknown"), pc.not_equal(told, "unknown"))
        return pc.and_(stated, pc.not_equal(said, told))
    return pc.not_equal(said, told)


def _table(columns: dict[str, Whole]) -> pa.Table:
    """Flags count as 0 and 1."""
    return pa.table({name: c.astype(np.int8) if c.dtype == bool else c for name, c in columns.items()})
