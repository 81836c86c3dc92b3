"""The exam: records whose number was hidden stand in for those that really lack one (design.md section 5.2).

Rows that lack a number differ from rows that have one: they come from other sources, and say less. So every examined
record is given the statements of a real leftover of its source: what that one does not say is hidden from it too, and
it weighs as many leftovers as it stands for. It is examined twice: beside its own anchor, and as if nobody had it
(a newborn that one register alone knows): how many of the real ones are like that, nobody can see, but how many of
them found a place can (transforms/account/certainty.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from transforms.kinds import Kind
from transforms.link.candidates import Candidates, Nodes, levels
from transforms.link.codes import Flags, Ints, distinct_rows
from transforms.link.collapse import Collapsed
from transforms.link.encode import sources
from transforms.link.scorer import KindModel, Levels
from transforms.link.told import Told

SCALE = 10_000
# record_id; weight x 10^4; own: it found its own anchor, other: another's, beside its own; alone_other: it found one
# though its own was away; hidden: compared properties that it says and was not asked for.
EXAM = pa.schema([
    ("record_id", pa.string()), ("weight", pa.int64()), ("own", pa.bool_()), ("other", pa.bool_()),
    ("alone_other", pa.bool_()), ("hidden", pa.list_(pa.string())),
])  # fmt: skip
_NEAR_NONE, _NEAR_SHARED, _NEAR_ELSE = 0, 1, 2  # no number at all; one a slip away from somebody's; one of nobody
_EXACT, _PINYIN, _CONTAINED, _SURNAME = 1, 2, 3, 5  # levels of a name up to which two share its key, sound, a word, ...


@dataclass(frozen=True)
class Practice:
    """Records with their numbers hidden, beside anchors made of the others.

    Attributes:
        told: what all say, the hidden ones without what their numbers say.
        masked: whose number is hidden.
        nodes: of every record, without the hidden numbers.
        found: candidates of the masked among the anchors.
        own: candidate by candidate, that it is the hidden number's.
    """

    told: Told
    masked: Flags
    nodes: Nodes
    found: Candidates
    own: Flags


@dataclass(frozen=True)
class Posed:
    """What is asked of the records with a hidden number: they say no more than real leftovers of their source do.

    Attributes:
        asked: which records, ascending.
        role: per asked record, the leftover it stands for.
        weight: per asked record, how many leftovers that is.
        at: candidate by candidate, whose it is: a place in ``asked``.
        patterns: candidate by candidate.
        own: candidate by candidate, that it is the hidden number's.
        shown: place of a comparison in a pattern → which records say anything of it.
    """

    asked: Ints
    role: Ints
    weight: npt.NDArray[np.float64]
    at: Ints
    patterns: Levels
    own: Flags
    shown: dict[int, Flags]


def pose(practice: Practice, collapsed: Collapsed, real: tuple[Told, Candidates]) -> Posed:
    """The questions of tonight.

    Args:
        practice: the records, and their candidates.
        collapsed: who really lacks a number.
        real: what all say with their numbers known, and the candidates of those who lack one.
    """
    told, labels = practice.told, practice.told.labels
    near = next((i for i, c in enumerate(told.kind.link.compare) if c.using == "near"), None)
    shown = _shown(practice, real[0])
    state = _near_state(real[0], near, real[1])
    asked = np.flatnonzero(practice.masked & _has_own(practice, collapsed))
    role, weight = _roles(told, collapsed, shown, state, asked)
    asked, role, weight = asked[role >= 0], role[role >= 0], weight[role >= 0]
    found, own = _with_own(practice, collapsed, asked[state[role] == _NEAR_SHARED])
    inside = np.isin(found.u, asked)
    at, own, patterns = np.searchsorted(asked, found.u[inside]), own[inside], found.patterns[inside]
    for place, said in shown.items():
        patterns[(said[asked] & ~said[role])[at], place] = 0
    if near is not None:
        of = state[role][at]
        patterns[:, near] = np.where(of == _NEAR_NONE, 0, np.where((of == _NEAR_SHARED) & own, 1, 2))
    kept = _reachable(patterns, labels, told.kind)
    return Posed(asked, role, weight, at[kept], patterns[kept], own[kept], shown)


def examine(posed: Posed, told: Told, model: KindModel) -> pa.Table:
    """What the model in use makes of records whose number is hidden from it: as :data:`EXAM`, by record."""
    asked = posed.asked
    joined = _joined(posed.at, posed.patterns, posed.own, model, told, len(asked))
    columns = [told.live.ids.take(pa.array(asked)), np.rint(posed.weight * SCALE).astype(np.int64), *joined]
    columns.append(_hidden(told.labels, posed.shown, asked, posed.role))
    return pa.table(
        [c if isinstance(c, pa.Array) else pa.array(c, f.type) for c, f in zip(columns, EXAM, strict=True)], EXAM
    )


def _hidden(labels: list[str], shown: dict[int, Flags], asked: Ints, role: Ints) -> pa.Array:
    """Per asked record what it says and its role does not: few combinations, each written once."""
    bits = np.zeros(len(asked), dtype=np.int64)
    for place, said in shown.items():
        bits |= (said[asked] & ~said[role]).astype(np.int64) << place
    found, at = np.unique(bits, return_inverse=True)
    listed = [[labels[place] for place in shown if one >> place & 1] for one in found.tolist()]
    return pa.array(listed, EXAM.field("hidden").type).take(pa.array(at))


def _shown(practice: Practice, real: Told) -> dict[int, Flags]:
    """Place of a comparison in a pattern → which records say anything of it; of names and numbers it is not asked."""
    found = {}
    for place, compare in enumerate(real.kind.link.compare):
        if compare.label not in (real.kind.link.agree, real.kind.link.decisive):
            said = np.zeros((2, real.live.num_rows), dtype=bool)
            said[0][real.values[compare.label].r] = True
            said[1][practice.told.values[compare.label].r] = True
            found[place] = np.where(practice.masked, said[1], said[0])
    return found


def _near_state(told: Told, near: int | None, real: Candidates) -> Ints:
    """Per record: whether it says a number that is not believed, and whether an anchor has nearly that."""
    state = np.zeros(told.live.num_rows, dtype=np.int64)
    if near is not None:
        state[told.values[told.labels[near]].r] = _NEAR_ELSE
        state[real.u[(real.patterns[:, near] == 1) & real.anchor]] = _NEAR_SHARED
    return state


def _has_own(practice: Practice, collapsed: Collapsed) -> Flags:
    """Records whose number stands in an anchor without them."""
    rest = np.zeros(int(collapsed.number.max(initial=0)) + 1, dtype=bool)
    rest[collapsed.number[practice.nodes.anchor]] = True
    return np.asarray((collapsed.number >= 0) & rest[collapsed.number], dtype=bool)


def _roles(
    told: Told, collapsed: Collapsed, shown: dict[int, Flags], state: Ints, asked: Ints
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Per asked record a real leftover of its source that says no more than it does (-1: none), and how many it is.

    Leftovers of a source are sorted by what they say, the most first, and their shares dealt out to the source's asked
    records. For a leftover of a source of which nobody is asked, or that says what none of them says, nobody stands.
    """
    source = sources(told.live)
    bits = sum((said.astype(np.int64) << i for i, said in enumerate(shown.values())), np.zeros(len(source), np.int64))
    lacking = np.flatnonzero(~collapsed.trusted)
    role, weight = np.full(len(asked), -1, dtype=np.int64), np.zeros(len(asked))
    for code in np.unique(source[lacking]):
        mine = lacking[source[lacking] == code]
        among = np.flatnonzero(source[asked] == code)
        strata, first, counts = np.unique(bits[mine] * 4 + state[mine], return_index=True, return_counts=True)
        order = np.lexsort((strata, np.array([-(s >> 2).bit_count() for s in strata.tolist()])))
        free = np.ones(len(among), dtype=bool)
        for stratum, like, count in zip(strata[order], mine[first[order]], counts[order], strict=True):
            wanted = max(1, int(len(among) * count / len(mine)))
            fits = among[free & (bits[asked[among]] & (stratum >> 2) == stratum >> 2)][:wanted]
            role[fits], weight[fits] = like, count / max(len(fits), 1)
            free &= role[among] < 0
    return role, weight


def _with_own(practice: Practice, collapsed: Collapsed, near: Ints) -> tuple[Candidates, Flags]:
    """The candidates, and beside them the own anchors that only a nearly equal number would have found."""
    found = practice.found
    first = np.full(int(collapsed.number.max(initial=0)) + 1, -1, dtype=np.int64)
    at = np.flatnonzero(practice.nodes.anchor)[::-1]
    first[collapsed.number[at]] = practice.nodes.node[at]
    absent = np.setdiff1d(near, found.u[practice.own])
    own = first[collapsed.number[absent]]
    everybody = np.ones(len(practice.masked), dtype=bool)
    patterns = levels(practice.told, (absent, own), practice.nodes, everybody)
    ends = np.concatenate([found.u, absent]), np.concatenate([found.v, own])
    anchor = np.ones(len(ends[0]), dtype=bool)
    whole = Candidates(*ends, anchor, np.concatenate([found.patterns, patterns]))
    return whole, np.concatenate([practice.own, np.ones(len(absent), dtype=bool)])


def _reachable(patterns: Levels, labels: list[str], kind: Kind) -> Flags:
    """Candidates that some block would still have found; a part that nothing compares is taken as shared."""
    found = np.zeros(len(patterns), dtype=bool)
    for parts in kind.link.blocks:
        shared = np.ones(len(patterns), dtype=bool)
        for part in parts:
            label = next((name for name in labels if part == name or part.startswith(f"{name}_")), None)
            if label is not None:
                most = {"pinyin": _PINYIN, "surname": _SURNAME, "words": _CONTAINED}.get(
                    part.removeprefix(f"{label}_"), _EXACT
                )
                level = patterns[:, labels.index(label)]
                shared &= (level > 0) & (level <= most)
        found |= shared
    return found


def _joined(
    at: Ints, patterns: Levels, own: Flags, model: KindModel, told: Told, size: int
) -> tuple[Flags, Flags, Flags]:
    """Per asked record: it joins its own anchor; another beside its own; another with its own away."""
    nothing = np.zeros(size, dtype=bool)
    if not len(at):
        return nothing, nothing.copy(), nothing.copy()
    distinct, of = distinct_rows(patterns)
    chance = np.clip(np.round(model.probability(distinct, told.labels), 6), 1e-6, 1 - 1e-6)
    odds = np.asarray(chance / (1 - chance))[of]

    def best(counts: Flags) -> npt.NDArray[np.float64]:
        """Posterior of the best of the chosen candidates, over all that the same flags leave."""
        top = np.zeros(size)
        np.maximum.at(top, at[counts], odds[counts])
        return top

    whole = 1 + np.bincount(at, weights=odds, minlength=size)
    away = 1 + np.bincount(at, weights=np.where(own, 0.0, odds), minlength=size)
    accept = told.kind.link.accept / SCALE
    mine, theirs = best(own), best(~own)
    return mine / whole >= accept, (theirs / whole >= accept) & (theirs > mine), theirs / away >= accept
