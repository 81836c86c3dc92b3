"""Scored kinds: collapse by number, then leftovers against anchors and each other (design.md section 5)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa

from transforms.contract import Contract
from transforms.engine import Engine
from transforms.kinds import Kind
from transforms.link import em
from transforms.link.candidates import Candidates, Nodes, candidates, levels
from transforms.link.codes import distinct_rows
from transforms.link.collapse import Collapsed, collapse
from transforms.link.encode import compared
from transforms.link.encode import nodes as homes_of
from transforms.link.exam import EXAM, examine
from transforms.link.pairs import Pairs
from transforms.link.posterior import capped, weighed
from transforms.link.said import Values, keep
from transforms.link.school import masked_of, practise, teach
from transforms.link.scorer import NULL, KindModel, Levels
from transforms.link.told import Told, blocked_by, tell
from transforms.link.twice import twice
from transforms.live import Live
from transforms.located import Best
from transforms.memory import give_back
from transforms.threads import beside

_TELLING = ("date", "tokens", "address")  # comparisons that tell brothers with one number apart


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
    located: Best | None


def _nothing(_collapsed: Collapsed) -> None:
    """Nobody waits for the nodes."""


def link(
    records: Records,
    contracts: dict[str, Contract],
    models: Sequence[KindModel],
    meanwhile: Callable[[Collapsed], None] = _nothing,
) -> Linked:
    """All edges of a kind: stars of numbers, and scored pairs from the review floor up.

    Args:
        records: what is linked.
        contracts: by source: who issues numbers.
        models: frozen scorers, the one to use first; one that tonight's labels speak against gives way to the next,
            the last is used whatever they say. None at all (a kind no model knows): tonight's training is used.
        meanwhile: what is done with every record's node as soon as it is known, beside the rest.
    """
    collapsed, told = _told(records, contracts, models)
    give_back()
    for model in models:
        model.fits(told.words)
    with beside(records.engine.threads, partial(meanwhile, collapsed)) as done:
        by = _by_records if records.kind.link.learn == "records" else _by_numbers
        linked = by(records.engine, told, collapsed, models, contracts)
        done()
    return linked


def _by_numbers(
    engine: Engine,
    told: Told,
    collapsed: Collapsed,
    models: Sequence[KindModel],
    contracts: dict[str, Contract],
) -> Linked:
    """Scored pairs of a kind whose hidden numbers teach: who might be whom of those is found beside the real ones."""
    masked, cap = masked_of(told.live, told.kind, collapsed, contracts), models[0].cap if models else KindModel.cap
    nodes = Nodes(collapsed.node, collapsed.anchor)
    with beside(
        engine.threads, partial(practise, told, collapsed, cap=cap, masked=masked, threads=engine.threads)
    ) as practised:
        found = candidates(told, nodes, cap=cap, hidden=collapsed.lost, threads=engine.threads)
        practice = practised()
    school = teach(practice, collapsed, (told, found), models)
    del practice
    against = school.against
    place = against.index(False) if False in against else len(models) - 1
    shadow = None if school.spoilt else school.shadow
    used = models[place] if models else shadow
    scored, exam = Pairs.sure(collapsed.node[:0], collapsed.node[:0], "scored"), EXAM.empty_table()
    if used is not None:
        give_back()
        meanwhile = (partial(examine, school.posed, told, used), partial(twice, told, collapsed))
        with ExitStack() as stack:
            examined, doubled = (stack.enter_context(beside(engine.threads, task)) for task in meanwhile)
            scored = score(found, told, used, nodes).beside(asked(doubled(), told))
            exam = examined()
    used_at = place if models else None
    return Linked(_numbered(collapsed), scored, collapsed, shadow, used_at, sum(against) + school.spoilt, exam)


def _told(records: Records, contracts: dict[str, Contract], models: Sequence[KindModel]) -> tuple[Collapsed, Told]:
    """Every record's node, and what all say once it is known whose number is believed."""
    kind, live = records.kind, records.live
    nobody = np.zeros(live.num_rows, dtype=bool)
    threads, telling = records.engine.threads, [c for c in kind.link.compare if c.using in _TELLING]

    def living() -> dict[str, tuple[Values, Values]]:
        places = [c for c in telling if c.using == "address"]
        return {c.label: homes_of(live, records.located, c.property, threads) for c in places}

    with beside(threads, living) as homes:
        keep(live, [*blocked_by(kind), *(name for c in telling if c.using == "date" for name in c.property)])
        plain = {c.label: compared(live, kind, c, None, nobody) for c in telling if c.using != "address"}

        def apart() -> dict[str, Values]:
            return plain | {label: found[0] for label, found in homes().items()}

        collapsed = collapse(records.engine, live, kind, contracts, apart)
        give_back()
        known, stated = (
            {c.label: plain[c.label] for c in telling if c.label in plain and bool(c.also) == embedded}
            for embedded in (False, True)
        )
        crowd = models[0].crowd if models else KindModel.crowd
        told = tell(kind, live, homes(), collapsed, crowd, known, threads)
        return collapsed, replace(told, stated=stated)


def _by_records(
    engine: Engine,
    told: Told,
    collapsed: Collapsed,
    models: Sequence[KindModel],
    _contracts: dict[str, Contract],
) -> Linked:
    """Scored pairs of a kind whose records alone teach: by the frozen model, else by tonight's training.

    What joins out of all proportion is not used: then the kind is linked by numbers alone.
    """
    most, size = told.kind.link.largest, len(collapsed.node)
    cap = models[0].cap if models else 2 * most
    node = Nodes(collapsed.node, collapsed.anchor)
    found = candidates(told, node, cap=cap, hidden=collapsed.lost, threads=engine.threads)
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
