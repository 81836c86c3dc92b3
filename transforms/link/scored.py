"""Scored kinds: collapse by number, then leftovers against anchors and each other (design.md section 5)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pyarrow as pa

from transforms.contract import Contract
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.link import em, scorer
from transforms.link.candidates import Candidates, Nodes, Told, candidates, levels, tell
from transforms.link.codes import Flags, Whole, distinct_rows
from transforms.link.collapse import Collapsed, collapse, issuing
from transforms.link.encode import Located, compared
from transforms.link.encode import nodes as homes_of
from transforms.link.exam import EXAM, Practice, examine
from transforms.link.posterior import SCALE, capped, weighed
from transforms.link.said import Values
from transforms.link.scorer import NULL, KindModel, Lesson, Levels
from transforms.link.twice import twice
from transforms.live import Live
from transforms.model import PAIR

_MOST_MASKED = 50_000
_PIECE = 2**20  # pairs written at a time: a row group
_MASKED = 4  # one numbered record in four is hidden from its own number to teach the shadow
_TELLING = ("date", "tokens", "address")  # comparisons that tell brothers with one number apart


@dataclass(frozen=True)
class Pairs:
    """Edges between records, parallel columns.

    Attributes:
        u: record number, smaller than ``v``.
        v: record number.
        score: x 10^4.
        how: number, key or scored.
        evidence: in words, as a place in ``words``.
        words: what the evidence of a pair may be.
    """

    u: Whole
    v: Whole
    score: Whole
    how: str
    evidence: Whole
    words: list[str]

    @classmethod
    def sure(cls, u: Whole, v: Whole, how: str) -> Self:
        """Pairs that say the same number or key."""
        return cls(u, v, np.full(len(u), SCALE, dtype=np.int16), how, np.zeros(len(u), dtype=np.int8), [f"{how}=same"])

    def beside(self, other: Pairs) -> Pairs:
        """Both, where they have no pair in common."""
        u, v, score = (
            np.concatenate([getattr(pairs, name) for pairs in (self, other)]) for name in ("u", "v", "score")
        )
        said = np.concatenate([self.evidence, other.evidence + len(self.words)])
        return Pairs(u, v, score, self.how, said, [*self.words, *other.words])


def tables(found: Sequence[Pairs], ids: pa.Array) -> Iterator[pa.Table]:
    """All pairs as model.PAIR with the record ids, sorted, in pieces; at least one."""
    u, v, score = (np.concatenate([getattr(pairs, name) for pairs in found]) for name in ("u", "v", "score"))
    starts = np.cumsum([0, *(len(pairs.words) for pairs in found)])
    said = np.concatenate([pairs.evidence + np.int32(at) for pairs, at in zip(found, starts, strict=False)])
    words = pa.array([word for pairs in found for word in pairs.words], pa.string())
    how = pa.array([pairs.how for pairs in found for _ in pairs.words], pa.string())
    order = np.lexsort((v, u))
    for start in range(0, max(len(order), 1), _PIECE):
        at = order[start : start + _PIECE]
        columns = [
            ids.take(pa.array(u[at])), ids.take(pa.array(v[at])), pa.array(score[at], pa.int32()),
            how.take(pa.array(said[at])), words.take(pa.array(said[at])),
        ]  # fmt: skip
        yield pa.table(columns, schema=PAIR)


@dataclass(frozen=True)
class Linked:
    """What link found for one kind.

    Attributes:
        numbered: stars of believed numbers.
        scored: pairs from the review floor up.
        collapsed: every record's node.
        shadow: tonight's training, or None where labels are too few.
        used: which of the models given scored the pairs; None: tonight's training, or numbers only.
        collapsing: tonight's labels, or what they joined, speak against this many of the models given and the training.
        exam: what the model made of records whose number was hidden (:data:`transforms.link.exam.EXAM`).
    """

    numbered: Pairs
    scored: Pairs
    collapsed: Collapsed
    shadow: KindModel | None
    used: int | None
    collapsing: int
    exam: pa.Table


@dataclass(frozen=True)
class Records:
    """What is linked: the live records of a kind, sorted by record id, and their address candidates (or None)."""

    engine: Engine
    kind: Kind
    live: Live
    located: Located | None


def link(records: Records, contracts: dict[str, Contract], models: Sequence[KindModel]) -> Linked:
    """All edges of a kind: stars of numbers, and scored pairs from the review floor up.

    Args:
        records: what is linked.
        contracts: by source: who issues numbers.
        models: frozen scorers, the one to use first; one that tonight's labels speak against gives way to the next,
            the last is used whatever they say. None at all (a kind no model knows): tonight's training is used.
    """
    engine, kind, live = records.engine, records.kind, records.live
    collapsed, told = _told(records, contracts, models)
    for model in models:
        model.fits(told.words)
    if kind.link.learn == "records":
        return _by_records(engine, told, collapsed, models)
    masked, cap = _masked(live, kind, collapsed, contracts), models[0].cap if models else KindModel.cap
    declared = models[0].declared if models else {}
    practice = _practice(engine, told, collapsed, cap=cap, masked=masked)
    lesson = Lesson(practice.found.patterns, practice.own)
    near = tuple(c.label for c in kind.link.compare if c.using == "near")
    shadow = scorer.train(lesson, told.words, declared, near)
    against = [lesson.collapses(m) for m in models]
    place = against.index(False) if False in against else len(models) - 1
    spoilt = shadow is not None and lesson.collapses(shadow)
    used = models[place] if models else None if spoilt else shadow
    scored, exam = Pairs.sure(collapsed.node[:0], collapsed.node[:0], "scored"), EXAM.empty_table()
    if used is not None:
        nodes = Nodes(collapsed.node, collapsed.anchor)
        found = candidates(engine, told, nodes, cap=cap, hidden=collapsed.lost)
        scored = score(found, told, used, nodes)
        scored = scored.beside(asked(twice(told, collapsed), told))
        exam = examine(practice, collapsed, (told, found), used)
    used_at = place if models else None
    taught, against_all = None if spoilt else shadow, sum(against) + spoilt
    return Linked(_numbered(collapsed), scored, collapsed, taught, used_at, against_all, exam)


def _told(records: Records, contracts: dict[str, Contract], models: Sequence[KindModel]) -> tuple[Collapsed, Told]:
    """Every record's node, and what all say once it is known whose number is believed."""
    kind, live = records.kind, records.live
    nobody = np.zeros(live.num_rows, dtype=bool)
    homes = {c.label: homes_of(live, records.located, c.property) for c in kind.link.compare if c.using == "address"}
    telling = {
        c.label: homes[c.label][0] if c.label in homes else compared(live, kind, c, None, nobody)
        for c in kind.link.compare
        if c.using in _TELLING
    }
    collapsed = collapse(records.engine, live, kind, contracts, telling)
    known = {c.label: telling[c.label] for c in kind.link.compare if c.label in telling and not c.also}
    del telling
    crowd = models[0].crowd if models else KindModel.crowd
    return collapsed, tell(kind, live, homes, collapsed, crowd, known)


def _by_records(engine: Engine, told: Told, collapsed: Collapsed, models: Sequence[KindModel]) -> Linked:
    """Scored pairs of a kind whose records alone teach: by the frozen model, else by tonight's training.

    What joins out of all proportion is not used: then the kind is linked by numbers alone.
    """
    most, size = told.kind.link.largest, len(collapsed.node)
    cap = models[0].cap if models else 2 * most
    node = Nodes(collapsed.node, collapsed.anchor)
    found = candidates(engine, told, node, cap=cap, hidden=collapsed.lost)
    blind = levels(told, em.strangers(size), node, collapsed.lost)
    shadow = em.learn(found.patterns, blind, told.words, most)
    tried = [*models[:1], *([shadow] if shadow else [])]
    joins = [weighed(found, told, model, node)[2] >= told.kind.link.accept for model in tried]  # before hubs are capped
    wild = [
        em.disproportionate(found.u[yes], found.v[yes], size, most) or _relatives(told, found.patterns[yes])
        for yes in joins
    ]
    used = Pairs.sure(collapsed.node[:0], collapsed.node[:0], "scored")
    if tried and not wild[0]:
        used = score(found, told, tried[0], node)
    sound = shadow if wild and not wild[-1] else None
    used_at = 0 if models and not wild[0] else None
    return Linked(_numbered(collapsed), used, collapsed, sound, used_at, sum(wild), EXAM.empty_table())


def _relatives(told: Told, joined: Levels) -> bool:
    """What joins differs in what the kind says one entity agrees in (``agree``); without it nothing is asked."""
    agree = told.kind.link.agree
    if agree not in told.labels:
        return False
    return em.estranged(joined[:, told.labels.index(agree)], len(told.words[agree]))


def _numbered(collapsed: Collapsed) -> Pairs:
    record = np.arange(len(collapsed.node), dtype=np.int32)
    member = collapsed.node < record
    return Pairs.sure(collapsed.node[member], record[member], "number")


def _masked(live: Live, kind: Kind, collapsed: Collapsed, contracts: dict[str, Contract]) -> Flags:
    """Trusted records to hide: one in four; of the issuing authority's, the anchors' backbone, a quarter of that.

    Of a large city fewer: labels of more records than ``_MOST_MASKED`` teach nothing new.
    """
    step = max(_MASKED, -(-int(collapsed.anchor.sum()) // _MOST_MASKED))
    every = np.where(live.sourced(issuing(kind, contracts)), _MASKED * step, step)
    return np.asarray(collapsed.anchor & (np.arange(live.num_rows) % every == 1), dtype=bool)


def _practice(engine: Engine, told: Told, collapsed: Collapsed, *, cap: int, masked: Flags) -> Practice:
    """Hide the masked: they become leftovers, anchors are made of the others, labels are the hidden numbers."""
    rest = collapsed.anchor & ~masked
    record = np.arange(len(masked), dtype=np.int32)
    first = np.full(int(collapsed.number.max(initial=0)) + 1, len(masked), dtype=np.int32)
    at = record[rest][::-1]
    first[collapsed.number[at]] = at  # the smallest is written last
    nodes = Nodes(np.where(rest, first[collapsed.number], record), rest)
    known = rest | masked
    training = replace(_without_own_facts(told, masked), silent=~known)
    found = candidates(engine, training, nodes, cap=cap, hidden=known, only=masked)
    return Practice(training, masked, nodes, found, collapsed.number[found.u] == collapsed.number[found.v])


def _without_own_facts(told: Told, masked: Flags) -> Told:
    """A masked record says only what its row says: the birth date and sex inside its number are hidden with it."""
    values = dict(told.values)
    for compare in told.kind.link.compare:
        if compare.also:
            plain = compared(
                told.live, told.kind, compare.model_copy(update={"also": ()}), None, np.zeros(len(masked), dtype=bool)
            )
            values[compare.label] = Values.pooled([plain.only(masked), told.values[compare.label].only(~masked)])
    return replace(told, values=values)


def score(found: Candidates, told: Told, model: KindModel, nodes: Nodes) -> Pairs:
    """Probabilities of the candidates from the review floor up, as pairs of record numbers, sorted.

    A leftover's candidates among the anchors share its one place: the posterior of each is its odds over the odds of
    all of them and of nobody, so that two equal namesakes win neither.
    """
    if not len(found.u):
        return Pairs.sure(found.u, found.v, "scored")
    patterns, at, points = weighed(found, told, model, nodes)
    points = capped(points, found, told.kind.link.accept, model.partners)
    words = [evidence(p, told.labels, told.words) for p in patterns]
    listed = [f"to={role} {text}" for role in ("leftover", "anchor") for text in words]
    u, v = np.minimum(found.u, found.v), np.maximum(found.u, found.v)
    kept = np.flatnonzero(points >= told.kind.link.review)
    kept = kept[np.lexsort((v[kept], u[kept]))]
    said = (at + found.anchor * len(words))[kept]
    return Pairs(u[kept], v[kept], points[kept], "scored", said, listed)


def asked(found: Candidates, told: Told) -> Pairs:
    """Pairs that only a person may join, with the score of a question: just below ``link.accept``."""
    patterns, at = distinct_rows(found.patterns)
    words = [f"to=number {evidence(p, told.labels, told.words)}" for p in patterns]
    return Pairs(found.u, found.v, np.full(len(found.u), told.kind.link.accept - 1), "scored", at, words)


def evidence(pattern: Levels, labels: list[str], words: dict[str, list[str]]) -> str:
    """The comparison vector in words: ``name=exact birth_date=null``."""
    return " ".join(
        f"{label}={words[label][level - 1] if level else NULL}" for label, level in zip(labels, pattern, strict=True)
    )
