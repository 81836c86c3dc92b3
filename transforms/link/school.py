"""What hidden numbers teach tonight: a shadow model, and whether they speak against the frozen ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from transforms.contract import Contract
from transforms.kinds import Kind
from transforms.link import scorer
from transforms.link.candidates import Candidates, Nodes, candidates
from transforms.link.codes import Flags
from transforms.link.collapse import Collapsed, issuing
from transforms.link.encode import compared
from transforms.link.exam import Posed, Practice, pose
from transforms.link.said import Values
from transforms.link.scorer import KindModel, Lesson, Levels
from transforms.link.told import Told
from transforms.live import Live

_MOST_MASKED = 50_000
_MASKED = 4  # one numbered record in four is hidden from its own number to teach the shadow


@dataclass(frozen=True)
class School:
    """What tonight's hidden numbers taught, and what they say of the models.

    Attributes:
        posed: what is asked of the records whose number was hidden.
        shadow: tonight's training; None where labels are too few.
        against: model by model, that the labels speak against it.
        spoilt: so they do against the training.
    """

    posed: Posed
    shadow: KindModel | None
    against: list[bool]
    spoilt: bool


def teach(
    practice: Practice, collapsed: Collapsed, real: tuple[Told, Candidates], models: Sequence[KindModel]
) -> School:
    """Train on records with a hidden number, and ask what they say of the models.

    Args:
        practice: the records.
        collapsed: every record's node.
        real: what all say, and the candidates of those who really lack a number.
        models: the frozen ones; the first says what is declared.
    """
    told, posed = real[0], pose(practice, collapsed, real)
    lesson = lesson_of(practice.found.patterns, practice.own, posed)
    near = tuple(c.label for c in told.kind.link.compare if c.using == "near")
    shadow = scorer.train(lesson, told.words, models[0].declared if models else {}, near)
    if shadow and models:  # what bounds a scorer is no lesson: it stays as persons declared it
        shadow = replace(shadow, cap=models[0].cap, crowd=models[0].crowd, partners=models[0].partners)
    against = [lesson.collapses(m) for m in models]
    return School(posed, shadow, against, shadow is not None and lesson.collapses(shadow))


def lesson_of(said: Levels, own: Flags, posed: Posed) -> Lesson:
    """Every pair twice: as the records say it, and as the leftovers would for whom they stand, who say less."""
    share = posed.weight * (len(posed.asked) / max(float(posed.weight.sum()), 1.0))
    patterns = np.concatenate([said, posed.patterns])
    matches = np.concatenate([own, posed.own])
    return Lesson(patterns, matches, np.concatenate([np.ones(len(own)), share[posed.at]]))


def masked_of(live: Live, kind: Kind, collapsed: Collapsed, contracts: dict[str, Contract]) -> Flags:
    """Trusted records to hide: one in four; of the issuing authority's, the anchors' backbone, a quarter of that.

    Of a large city fewer: labels of more records than ``_MOST_MASKED`` teach nothing new.
    """
    step = max(_MASKED, -(-int(collapsed.anchor.sum()) // _MOST_MASKED))
    every = np.where(live.sourced(issuing(kind, contracts)), _MASKED * step, step)
    return np.asarray(collapsed.anchor & (np.arange(live.num_rows) % every == 1), dtype=bool)


def practise(told: Told, collapsed: Collapsed, *, cap: int, masked: Flags, threads: int = 1) -> Practice:
    """Hide the masked: they become leftovers, anchors are made of the others, labels are the hidden numbers."""
    rest = collapsed.anchor & ~masked
    record = np.arange(len(masked), dtype=np.int32)
    first = np.full(int(collapsed.number.max(initial=0)) + 1, len(masked), dtype=np.int32)
    at = record[rest][::-1]
    first[collapsed.number[at]] = at  # the smallest is written last
    nodes = Nodes(np.where(rest, first[collapsed.number], record), rest)
    known = rest | masked
    training = replace(_without_own_facts(told, masked), silent=~known)
    found = candidates(training, nodes, cap=cap, hidden=known, only=masked, threads=threads)
    return Practice(training, masked, nodes, found, collapsed.number[found.u] == collapsed.number[found.v])


def _without_own_facts(told: Told, masked: Flags) -> Told:
    """A masked record says only what its row says: the birth date and sex inside its number are hidden with it."""
    values = dict(told.values)
    for compare in told.kind.link.compare:
        if compare.also:
            plain = told.stated.get(compare.label) or compared(
                told.live, told.kind, compare.model_copy(update={"also": ()}), None, np.zeros(len(masked), dtype=bool)
            )
            values[compare.label] = Values.pooled([plain.only(masked), told.values[compare.label].only(~masked)])
    return replace(told, values=values)
