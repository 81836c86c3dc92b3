"""Collapse: rows that share a believed number are one before anything is scored (design.md section 5.1)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from transforms.contract import Contract
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.link.encode import Ints, Values, column, compared
from transforms.link.kernels import LEVELS, name_level, organization_level

_HERE = Path(__file__).parent
RESIDENT = ("111", "112", "113")  # GA/T 517 kinds of one number space, of which a person has exactly one number
_AGREES = {
    "name": LEVELS["name"].index("near") + 1,
    "organization_name": LEVELS["organization_name"].index("similar") + 1,
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
    name = kind.link.decisive or ""
    is_document = name in kind.properties and kind.properties[name].type == "document"
    return f"{name}_token" if is_document else name


def numbers(live: pa.Table, kind: Kind) -> tuple[Ints, Ints]:
    """(record number, code of its valid decisive value)."""
    name = kind.link.decisive or ""
    r, values = column(live, decisive_column(kind))
    if f"{name}_valid" in live.column_names:
        r_valid, said = column(live, f"{name}_valid")
        valid = np.zeros(live.num_rows, dtype=bool)
        valid[r_valid] = said == "true"
        r, values = r[valid[r]], values[valid[r]]
    return r, pd.factorize(values)[0].astype(np.int64)


def collapse(
    engine: Engine, live: pa.Table, kind: Kind, contracts: dict[str, Contract], told: dict[str, Values]
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
        "authority": _authority(live, kind, contracts)[r].astype(np.int64),
        "contradicts": _contradicts(live, kind, r, n)[r].astype(np.int64),
    })  # fmt: skip
    disputed = engine.run(_HERE / "collapse.sql", {"numbered": numbered})
    verdict = judge(disputed.to_pandas(), texts, _former(live, kind, r, n), _level(kind))
    parts = [
        pd.DataFrame({"r": v.r, "what": i, "v": pd.factorize(v.text)[0]})
        for i, (_, v) in enumerate(sorted(told.items()))
    ]
    shared = pd.concat(parts) if parts else pd.DataFrame({"r": [], "what": [], "v": []}, dtype="int64")
    trusted = engine.run(
        _HERE / "trust.sql",
        {
            "numbered": numbered,
            "verdict": _arrow(verdict),
            "shared": pa.Table.from_pandas(shared, preserve_index=False),
        },
    ).to_pandas()
    return _nodes(live, kind, trusted, r)


def _nodes(live: pa.Table, kind: Kind, trusted: pd.DataFrame, numbered: Ints) -> Collapsed:
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
        r, kinds = column(live, exclusive)
        resident = np.ones(live.num_rows, dtype=bool)  # a number of no named kind is a resident number
        resident[r] = np.isin(kinds, np.array(RESIDENT, dtype=object))
        anchor &= resident
    lost = np.zeros(live.num_rows, dtype=bool)
    lost[numbered] = True
    return Collapsed(node, anchor, believed, number, lost & ~believed)


def judge(
    disputed: pd.DataFrame, texts: list[str], former: dict[int, set[str]], level: tuple[str, int]
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
    for n, group in disputed.groupby("n", sort=True):
        said = [(texts[c], int(c), int(k), int(a)) for c, k, a in zip(
            group["name"], group["rows_said"], group["by_authority"], strict=True)]  # fmt: skip
        owner = _owner(said, former.get(int(n), set()), level)
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
    kernel = name_level if using == "name" else organization_level
    return kernel(a, b) <= most or a in former or b in former


def _level(kind: Kind) -> tuple[str, int]:
    using = next((c.using for c in kind.link.compare if c.label == kind.link.agree), "name")
    return using, _AGREES.get(using, 1)


def _names(live: pa.Table, kind: Kind, r: Ints) -> tuple[Ints, list[str]]:
    """Name code per numbered row and the code's text; one code for all where the kind compares no name."""
    texts = np.full(live.num_rows, "", dtype=object)
    for compare in kind.link.compare:
        if compare.label == kind.link.agree:
            own = compare.model_copy(update={"property": compare.property[:1], "also": ()})
            said = compared(live, kind, own, None, np.zeros(live.num_rows, dtype=bool))
            texts[said.r] = said.text
    codes, values = pd.factorize(texts[r], sort=True)
    return codes.astype(np.int64), [str(v) for v in values]


def _former(live: pa.Table, kind: Kind, r: Ints, n: Ints) -> dict[int, set[str]]:
    number = dict(zip(r.tolist(), n.tolist(), strict=True))
    found: dict[int, set[str]] = defaultdict(set)
    for compare in kind.link.compare:
        if compare.label == kind.link.agree and len(compare.property) > 1:
            other = compare.model_copy(update={"property": compare.property[1:], "also": ()})
            said = compared(live, kind, other, None, np.zeros(live.num_rows, dtype=bool))
            for record, text in zip(said.r.tolist(), said.text, strict=True):
                if record in number:
                    found[number[record]].add(str(text))
    return found


def _authority(live: pa.Table, kind: Kind, contracts: dict[str, Contract]) -> npt.NDArray[np.bool_]:
    issuing = [s for s, c in contracts.items() if kind.link.decisive in c.registers.authority_for]
    return np.isin(np.array(live.column("source").to_pylist(), dtype=object), np.array(issuing, dtype=object))


def _contradicts(live: pa.Table, kind: Kind, numbered: Ints, n: Ints) -> npt.NDArray[np.bool_]:
    """Rows whose own birth day and own sex both differ from those in their number: not that number's person.

    Only where another row under the number does not contradict it: a number never loses its last row.
    """
    wrong = Counter[int]()
    number = kind.link.decisive
    for own, embedded in (("birth_date", f"{number}_birth"), ("sex", f"{number}_sex")):
        if own not in live.column_names or embedded not in live.column_names:
            return np.zeros(live.num_rows, dtype=bool)
        (r, said), (r_number, told) = column(live, own), column(live, embedded)
        if own == "birth_date":
            r_day, precision = column(live, "birth_date_precision")
            full = np.zeros(live.num_rows, dtype=bool)
            full[r_day] = precision == "day"
            r, said = r[full[r]], said[full[r]]
        facts = dict(zip(r_number.tolist(), told, strict=True))
        wrong.update(
            i for i, v in zip(r.tolist(), said, strict=True) if v != "unknown" and facts.get(i, v) not in (v, "unknown")
        )
    both = np.zeros(live.num_rows, dtype=bool)
    both[[i for i, times in wrong.items() if times > 1]] = True
    backed = np.isin(n, n[~both[numbered]])
    both[numbered[~backed]] = False
    return both


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)
