"""Collapse: rows that share a believed number are one before anything is scored (design.md section 5.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from transforms.contract import Contract
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.link.encode import Ints, Values, column, compared
from transforms.link.kernels import KERNELS, LEVELS, same_given
from transforms.live import Live

_HERE = Path(__file__).parent
RESIDENT = pa.array(
    ["111", "112", "113"]
)  # GA/T 517 kinds of one number space, of which a person has exactly one number
_AGREES = {
    "name": LEVELS["name"].index("near") + 1,
    "organization_name": LEVELS["organization_name"].index("similar") + 1,
    "spelling": LEVELS["spelling"].index("close") + 1,
}
_MOST_CLAIMANTS = 3  # name groups on one number without an authority's word: beyond, the number is nobody's


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

    node: Ints
    anchor: npt.NDArray[np.bool_]
    trusted: npt.NDArray[np.bool_]
    number: Ints
    lost: npt.NDArray[np.bool_]


def decisive_column(kind: Kind) -> str:
    """The clean column that holds a kind's decisive value: a document counts by its token."""
    return kind.token_of(kind.link.decisive or "")


def numbers(live: Live, kind: Kind) -> tuple[Ints, Ints]:
    """(record number, code of its valid decisive value)."""
    said = column(live, decisive_column(kind))
    if f"{kind.link.decisive}_valid" in live.column_names:
        said = said.only(pc.fill_null(live.column(f"{kind.link.decisive}_valid"), fill_value=False).to_numpy())
    return said.r, said.v


def collapse(
    engine: Engine, live: Live, kind: Kind, contracts: dict[str, Contract], told: dict[str, Values]
) -> Collapsed:
    """Group the rows by number where names agree.

    Args:
        engine: runs collapse.sql and trust.sql.
        live: live records of the kind, sorted by record id.
        kind: its declaration.
        contracts: by source: who issues the number, whose word ends a dispute.
        told: by comparison label, values that tell people apart, the number's own facts left out.
    """
    r, n = numbers(live, kind)
    names, texts = _names(live, kind, r)
    numbered = pa.table({
        "r": r, "n": n, "name": names,
        "authority": live.sourced(issuing(kind, contracts))[r].astype(np.int64),
        "contradicts": _contradicts(live, kind, r, n)[r].astype(np.int64),
    })  # fmt: skip
    disputed = engine.run(_HERE / "collapse.sql", {"numbered": numbered})
    verdict = judge(disputed.to_pandas(), texts, _former(live, kind, r, n), _level(kind))
    tables = {"numbered": numbered, "verdict": _arrow(verdict), "shared": _shared(told, r, names, verdict)}
    trusted = engine.run(_HERE / "trust.sql", tables).to_pandas()
    return _nodes(live, kind, trusted, r)


def _shared(told: dict[str, Values], r: Ints, names: Ints, verdict: pd.DataFrame) -> pa.Table:
    """r, what, v: what tells people apart, of the rows whose name slipped under some number (nobody else is asked)."""
    slipped = np.zeros(int(names.max(initial=0)) + 1, dtype=bool)
    slipped[verdict["name"][verdict["keeps"] == 1].to_numpy(dtype=np.int64)] = True
    asked = np.zeros(int(max([r.max(initial=0), *(v.r.max(initial=0) for v in told.values())])) + 1, dtype=bool)
    asked[r[slipped[names]]] = True
    said = [v.only(asked) for _, v in sorted(told.items())]
    columns = {
        "r": np.concatenate([np.zeros(0, dtype=np.int64), *(v.r for v in said)]),
        "what": np.repeat(np.arange(len(said)), [len(v.r) for v in said]),
        "v": np.concatenate([np.zeros(0, dtype=np.int64), *(v.v for v in said)]),
    }
    return pa.table(columns)


def issuing(kind: Kind, contracts: dict[str, Contract]) -> list[str]:
    """Sources that issue the kind's number: their word ends a dispute."""
    return sorted(s for s, c in contracts.items() if kind.link.decisive in c.registers.authority_for)


def _nodes(live: Live, kind: Kind, trusted: pd.DataFrame, numbered: Ints) -> Collapsed:
    node = np.arange(live.num_rows, dtype=np.int64)
    at = trusted["r"].to_numpy(dtype=np.int64)
    node[at] = trusted["node"].to_numpy(dtype=np.int64)
    believed = np.zeros(live.num_rows, dtype=bool)
    believed[at] = True
    number = np.full(live.num_rows, -1, dtype=np.int64)
    number[at] = trusted["n"].to_numpy(dtype=np.int64)
    anchor = believed.copy()
    exclusive = f"{kind.link.decisive}_kind"
    if exclusive in live.column_names:
        named = live.column(exclusive)  # a number of no named kind is a resident number
        anchor &= pc.or_(pc.is_null(named), pc.is_in(named, RESIDENT)).to_numpy()
    lost = np.zeros(live.num_rows, dtype=bool)
    lost[numbered] = True
    return Collapsed(node, anchor, believed, number, lost & ~believed)


def judge(
    disputed: pd.DataFrame, texts: Sequence[str], former: dict[int, set[str]], level: tuple[str, int]
) -> pd.DataFrame:
    """Which names keep a number that stands beside several.

    Args:
        disputed: n, name (code into ``texts``), rows_said, by_authority; sorted by n and name.
        texts: name code → ``key US pinyin`` (or key).
        former: number code → former names said in its rows.
        level: kernel of names and the last level that agrees.

    Returns:
        n, name, keeps: 2 the owner's own name, 1 agrees with it, 0 loses the number.
    """
    rows = []
    columns = zip(*(disputed[c].tolist() for c in ("n", "name", "rows_said", "by_authority")), strict=True)
    for n, group in groupby(columns, key=itemgetter(0)):
        said = [(texts[c], c, k, a) for _, c, k, a in group]
        owner = _owner(said, former.get(n, set()), level)
        main = max(owner, key=lambda s: (s[3], s[2], s[0]), default=None)
        kept = {s[1] for s in owner}
        rows += [(n, s[1], (2 if main and s[1] == main[1] else 1) if s[1] in kept else 0) for s in said]
    return pd.DataFrame(rows, columns=["n", "name", "keeps"], dtype="int64")


_Said = tuple[str, int, int, int]  # text, code, rows, by the authority


def _owner(said: list[_Said], former: set[str], level: tuple[str, int]) -> list[_Said]:
    """The name group that keeps the number: the authority's, else the one most rows speak for, else nobody's."""
    groups: list[list[_Said]] = []
    for one in sorted(said, key=lambda s: (-s[3], -s[2], s[0])):
        home = next((g for g in groups if any(_agrees(one[0], o[0], former, level) for o in g)), None)
        if home is None:
            groups.append([one])
        else:
            home.append(one)
    if any(s[3] for s in groups[0]):
        return groups[0]
    if len(groups) > _MOST_CLAIMANTS:
        return []
    weights = sorted((sum(s[2] for s in g) for g in groups), reverse=True)
    if len(weights) > 1 and weights[0] == weights[1]:
        return []
    return max(groups, key=lambda g: sum(s[2] for s in g))


def _agrees(a: str, b: str, former: set[str], level: tuple[str, int]) -> bool:
    using, most = level
    return KERNELS[using](a, b) <= most or a in former or b in former or (using == "name" and same_given(a, b))


def _level(kind: Kind) -> tuple[str, int]:
    using = next((c.using for c in kind.link.compare if c.label == kind.link.agree), "name")
    return using, _AGREES.get(using, 1)


def _names(live: Live, kind: Kind, r: Ints) -> tuple[Ints, Sequence[str]]:
    """Name code per numbered row and the code's text; one code for all where the kind compares no name."""
    for compare in kind.link.compare:
        if compare.label == kind.link.agree:
            own = compare.model_copy(update={"property": compare.property[:1], "also": ()})
            said = compared(live, kind, own, None, np.zeros(live.num_rows, dtype=bool))
            codes = np.full(live.num_rows, len(said.texts), dtype=np.int64)
            codes[said.r] = said.v
            return codes[r], [*said.texts.to_pylist(), ""]
    return np.zeros(len(r), dtype=np.int64), [""]


def _former(live: Live, kind: Kind, r: Ints, n: Ints) -> dict[int, set[str]]:
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


def _contradicts(live: Live, kind: Kind, numbered: Ints, n: Ints) -> npt.NDArray[np.bool_]:
    """Rows whose own birth day and own sex both differ from those in their number: not that number's person.

    Only where another row under the number does not contradict it: a number never loses its last row.
    """
    number = kind.link.decisive
    pairs = (("birth_date", f"{number}_birth"), ("sex", f"{number}_sex"))
    if any(name not in live.column_names for pair in pairs for name in pair):
        return np.zeros(live.num_rows, dtype=bool)
    both = pc.equal(live.column("birth_date_precision"), "day")
    for own, embedded in pairs:
        said, told = (pc.cast(live.column(name), pa.string()) for name in (own, embedded))
        stated = pc.and_(pc.not_equal(said, "unknown"), pc.not_equal(told, "unknown"))
        both = pc.and_(both, pc.and_(stated, pc.not_equal(said, told)))
    wrong = np.array(pc.fill_null(both, fill_value=False).to_numpy(), dtype=bool)
    backed = np.zeros(int(n.max(initial=0)) + 1, dtype=bool)
    backed[n[~wrong[numbered]]] = True
    wrong[numbered[~backed[n]]] = False
    return wrong


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)
