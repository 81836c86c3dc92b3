"""Scored kinds: collapse by number, then leftovers against anchors and each other (design.md section 5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from transforms.contract import Contract
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.link import scorer
from transforms.link.candidates import Candidates, Told, candidates, tell
from transforms.link.collapse import Collapsed, collapse
from transforms.link.encode import Values, compared
from transforms.link.scorer import NULL, KindModel

SCALE = 10_000
_MASKED = 4  # one numbered record in four is hidden from its own number to teach the shadow
_TELLING = ("date", "tokens", "address")  # comparisons that tell brothers with one number apart


@dataclass(frozen=True)
class Linked:
    """What link found for one kind.

    Attributes:
        pairs: u, v (record numbers, u < v), score, how, evidence; sorted by u and v.
        collapsed: every record's node.
        shadow: tonight's training, or None where labels are too few.
    """

    pairs: pd.DataFrame
    collapsed: Collapsed
    shadow: KindModel | None


@dataclass(frozen=True)
class Records:
    """What is linked: the live records of a kind, sorted by record id, and their address candidates (or None)."""

    engine: Engine
    kind: Kind
    live: pa.Table
    located: pa.Table | None


def link(records: Records, contracts: dict[str, Contract], model: KindModel | None) -> Linked:
    """All edges of a kind: stars of numbers, and scored pairs from the review floor up.

    Args:
        records: what is linked.
        contracts: by source: who issues numbers.
        model: the frozen scorer; None (a kind no model knows): tonight's training is used and said so.
    """
    engine, kind, live = records.engine, records.kind, records.live
    nobody = np.zeros(live.num_rows, dtype=bool)
    telling = {
        c.label: compared(live, kind, c, records.located, nobody) for c in kind.link.compare if c.using in _TELLING
    }
    collapsed = collapse(engine, live, kind, contracts, telling)
    cap, crowd = (model.cap, model.crowd) if model else (KindModel.cap, KindModel.crowd)
    told = tell(kind, live, records.located, collapsed.trusted, crowd)
    masked = _masked(live, kind, collapsed, contracts)
    declared = model.declared if model else {}
    shadow = _shadow(engine, told, collapsed, cap=cap, masked=masked, declared=declared)
    frames = [_numbered(collapsed)]
    used = model or shadow
    if used is not None:
        found = candidates(engine, told, collapsed.node, collapsed.anchor, cap=cap, hidden=collapsed.lost)
        frames.append(score(found, told, used, kind.link.review))
    pairs = pd.concat(frames).sort_values(["u", "v"], kind="stable").reset_index(drop=True)
    return Linked(pairs, collapsed, shadow)


def _numbered(collapsed: Collapsed) -> pd.DataFrame:
    record = np.arange(len(collapsed.node))
    member = collapsed.node < record
    return pd.DataFrame({
        "u": collapsed.node[member], "v": record[member], "score": SCALE, "how": "number", "evidence": "number=same",
    })  # fmt: skip


def _masked(live: pa.Table, kind: Kind, collapsed: Collapsed, contracts: dict[str, Contract]) -> npt.NDArray[np.bool_]:
    """Trusted records to hide: one in four, never the issuing authority's, whose rows are the anchors' backbone."""
    issuing = [s for s, c in contracts.items() if kind.link.decisive in c.registers.authority_for]
    backbone = np.isin(np.array(live.column("source").to_pylist(), dtype=object), np.array(issuing, dtype=object))
    return np.asarray(collapsed.anchor & ~backbone & (np.arange(live.num_rows) % _MASKED == 1), dtype=bool)


def _shadow(
    engine: Engine,
    told: Told,
    collapsed: Collapsed,
    *,
    cap: int,
    masked: npt.NDArray[np.bool_],
    declared: dict[str, float],
) -> KindModel | None:
    """Train on the masked: they become leftovers, anchors are made of the others, labels are the hidden numbers."""
    rest = collapsed.anchor & ~masked
    record = np.arange(len(masked))
    first = pd.Series(record[rest]).groupby(collapsed.number[rest]).min()
    node = record.copy()
    node[rest] = first.reindex(collapsed.number[rest]).to_numpy()
    known = rest | masked
    slim = _without_own_facts(told, masked).values
    training = Told(told.kind, told.live, {k: v.only(known) for k, v in slim.items()}, told.buildings.only(known))
    found = candidates(engine, training, node, rest, cap=cap, hidden=known)
    pairs = found.anchor & masked[found.u]
    matches = collapsed.number[found.u[pairs]] == collapsed.number[found.v[pairs]]
    near = tuple(c.label for c in told.kind.link.compare if c.using == "near")
    return scorer.train(found.patterns[pairs], matches, told.words, declared, near)


def _without_own_facts(told: Told, masked: npt.NDArray[np.bool_]) -> Told:
    """A masked record says only what its row says: the birth date and sex inside its number are hidden with it."""
    values = dict(told.values)
    for compare in told.kind.link.compare:
        if compare.also:
            plain = compared(
                told.live, told.kind, compare.model_copy(update={"also": ()}), None, np.zeros(len(masked), dtype=bool)
            )
            own, rest = plain.only(masked), told.values[compare.label].only(~masked)
            values[compare.label] = Values.pooled([(own.r, own.text), (rest.r, rest.text)])
    return Told(told.kind, told.live, values, told.buildings)


def score(found: Candidates, told: Told, model: KindModel, review: int) -> pd.DataFrame:
    """Probabilities of the candidates from the review floor up, as pairs of record numbers.

    A leftover's candidates among the anchors share its one place: the posterior of each is its odds over the odds of
    all of them and of nobody, so that two equal namesakes win neither.
    """
    if not len(found.u):
        return pd.DataFrame({"u": [], "v": [], "score": [], "how": [], "evidence": []}).astype(
            {"u": int, "v": int, "score": int}
        )
    patterns, at = np.unique(found.patterns, axis=0, return_inverse=True)
    chance = np.clip(np.round(model.probability(patterns, told.labels), 6), 1e-6, 1 - 1e-6)
    odds = (chance / (1 - chance))[at.ravel()]
    total = 1 + np.bincount(found.u, weights=np.where(found.anchor, odds, 0.0), minlength=int(found.u.max()) + 1)
    posterior = np.where(found.anchor, odds / total[found.u], odds / (1 + odds))
    points = np.rint(posterior * SCALE).astype(np.int64)
    kept = points >= review
    words = np.array([evidence(p, told.labels, told.words) for p in patterns], dtype=object)[at.ravel()]
    roles = np.where(found.anchor, "to=anchor ", "to=leftover ").astype(object)
    return pd.DataFrame({
        "u": np.minimum(found.u, found.v)[kept], "v": np.maximum(found.u, found.v)[kept], "score": points[kept],
        "how": "scored", "evidence": (roles + words)[kept],
    })  # fmt: skip


def evidence(pattern: npt.NDArray[np.int64], labels: list[str], words: dict[str, list[str]]) -> str:
    """The comparison vector in words: ``name=exact birth_date=null``."""
    said = (
        f"{label}={words[label][level - 1] if level else NULL}" for label, level in zip(labels, pattern, strict=True)
    )
    return " ".join(said)
