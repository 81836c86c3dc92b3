"""What changed between two versions of a contract, in words, and what that does to the next night."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from transforms.contract import Column, Contract


class Effect(StrEnum):
    """What the next night does because of a change, the heaviest first."""

    RECORDS = "records"
    RETELL = "retell"
    SPLIT = "split"
    JUDGE = "judge"
    CLEAN = "clean"
    SURVIVE = "survive"
    ARRIVE = "arrive"
    WORDS = "words"


MEANING = {
    Effect.RECORDS: "every record of the kind gets another id: the old ones are withdrawn, the new ones found anew",
    Effect.RETELL: "every row of the kind is told again: a new version of its record",
    Effect.SPLIT: "batches that lie in the lake are split again from their raw bytes",
    Effect.JUDGE: "their rows are judged again: some may go into quarantine, some come out",
    Effect.CLEAN: "their rows are standardised again: clean values change, versions do not",
    Effect.SURVIVE: "other claims may win: golden values change",
    Effect.ARRIVE: "files to come are read by it; what lies in the lake stays as it is",
    Effect.WORDS: "words for people and the register of purposes; no row changes",
}
_ARRIVES = {
    "file_pattern": Effect.ARRIVE, "cadence": Effect.ARRIVE, "same_period": Effect.RETELL, "mode": Effect.RETELL,
    "database": Effect.ARRIVE, "operation": Effect.RETELL, "null_marks": Effect.JUDGE, "crs": Effect.CLEAN,
}  # fmt: skip
_DRIFT = {
    "on_new_column": Effect.SPLIT, "on_missing_column": Effect.SPLIT, "on_new_code": Effect.JUDGE,
    "on_type_change": Effect.JUDGE,
}  # fmt: skip
_COLUMN = {
    "required": Effect.JUDGE, "codes": Effect.JUDGE, "formats": Effect.JUDGE, "document_kind": Effect.JUDGE,
    "purpose": Effect.WORDS,
}  # fmt: skip


@dataclass(frozen=True)
class Change:
    """One difference.

    Attributes:
        where: the place in the contract.
        told: what it was and what it is.
        effect: what follows.
        kinds: the kinds whose rows are concerned, empty where the whole source is.
        heading: the column concerned, if one.
        words: the cells concerned, where only they are (a changed code map); else empty.
    """

    where: str
    told: str
    effect: Effect
    kinds: tuple[str, ...] = ()
    heading: str | None = None
    words: tuple[str, ...] = ()


def differences(old: Contract, new: Contract) -> list[Change]:
    """Every difference, the heaviest effect first; an empty list where the next night does nothing else."""
    found = [*_arrives(old, new), *_keys(old, new), *_columns(old, new), *_order(old, new), *_rest(old, new)]
    weight = {effect: place for place, effect in enumerate(Effect)}
    return sorted(found, key=lambda change: (weight[change.effect], change.where, change.told))


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {_said(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_said, value)) + "]"
    return "nothing" if value is None else str(value)


def _was(before: object, after: object) -> str:
    return f"was {_said(before)}, is {_said(after)}"


def _each(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _arrives(old: Contract, new: Contract) -> Iterator[Change]:
    for name, before, after in _each(old.arrives.model_dump(), new.arrives.model_dump()):
        yield Change(f"arrives.{name}", _was(before, after), _ARRIVES.get(name, Effect.SPLIT))
    for name, effect in _DRIFT.items():
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(name, _was(before, after), effect)


def _keys(old: Contract, new: Contract) -> Iterator[Change]:
    if old.key != new.key:
        yield Change("key", _was(old.key, new.key), Effect.JUDGE)
    if old.source != new.source:
        yield Change("source", _was(old.source, new.source), Effect.RECORDS, tuple(sorted(new.feeds)))
    for kind in sorted({*old.feeds, *new.feeds}):
        before, after = old.feeds.get(kind), new.feeds.get(kind)
        if before is None:
            yield Change(f"feeds.{kind}", "the kind is fed from now on", Effect.RETELL, (kind,))
        elif after is None:
            yield Change(
                f"feeds.{kind}", "the kind is fed no longer: its records are withdrawn", Effect.RECORDS, (kind,)
            )
        elif before.key != after.key:
            yield Change(f"feeds.{kind}.key", _was(before.key, after.key), Effect.RECORDS, (kind,))


def _columns(old: Contract, new: Contract) -> Iterator[Change]:
    before = {column.heading: column for column in old.columns}
    after = {column.heading: column for column in new.columns}
    for heading in sorted({*before, *after}):
        if heading not in before:
            without = "read all the same" if heading in new.may_be_missing else "refused"
            told = f"is loaded from now on, into {_said(after[heading].to)}; a file without it is {without}"
            yield _column(heading, told, Effect.RETELL, after[heading].to)
        elif heading not in after:
            yield _column(heading, "is loaded no longer", Effect.RETELL, before[heading].to)
        else:
            yield from _one_column(before[heading], after[heading])


def _column(heading: str, told: str, effect: Effect, to: tuple[str, ...], words: tuple[str, ...] = ()) -> Change:
    kinds = tuple(sorted({target.partition(".")[0] for target in to}))
    return Change(f"column {heading}", told, effect, kinds, heading, words)


def _one_column(old: Column, new: Column) -> Iterator[Change]:
    if old.to != new.to:
        yield _column(new.heading, f"to: {_was(old.to, new.to)}", Effect.RETELL, (*old.to, *new.to))
    for name, before, after in _each(old.model_dump(exclude={"to"}), new.model_dump(exclude={"to"})):
        words: tuple[str, ...] = ()
        told = f"{name}: {_was(before, after)}"
        if name == "codes" and before and after:
            words = tuple(word for word, _, _ in _each(before, after))
            told = "; ".join(f"code {word}: {_was(was, now)}" for word, was, now in _each(before, after))
        yield _column(new.heading, told, _COLUMN.get(name, Effect.SPLIT), new.to, words)


def _order(old: Contract, new: Contract) -> Iterator[Change]:
    """Headings that moved, or are known and ignored otherwise than before: what land calls its promise."""
    loaded = {c.heading for c in (*old.columns, *new.columns)}
    ignored = [{i.heading for i in contract.ignored} - loaded for contract in (old, new)]
    for heading in sorted(ignored[1] - ignored[0]):
        yield Change(f"ignored {heading}", "is known and left alone from now on", Effect.SPLIT)
    for heading in sorted(ignored[0] - ignored[1]):
        yield Change(f"ignored {heading}", "is known no longer: it counts as a new column", Effect.SPLIT)
    if old.headings != new.headings and set(old.headings) == set(new.headings):
        yield Change("columns", "stand in another order", Effect.SPLIT)


def _rest(old: Contract, new: Contract) -> Iterator[Change]:
    for name, before, after in _each(old.trust, new.trust):
        yield Change(f"trust.{name}", _was(before, after), Effect.SURVIVE)
    for name, before, after in _each(old.registers.model_dump(), new.registers.model_dump()):
        effect = Effect.JUDGE if name == "authority_for" else Effect.SURVIVE
        yield Change(f"registers.{name}", _was(before, after), effect)
    for target, before, after in _each(old.constants, new.constants):
        yield Change(f"constants.{target}", _was(before, after), Effect.CLEAN, (target.partition(".")[0],))
    for name, before, after in _each(old.owner.model_dump(), new.owner.model_dump()):
        yield Change(f"owner.{name}", _was(before, after), Effect.WORDS)
    if old.label != new.label:
        yield Change("label", _was(old.label, new.label), Effect.WORDS)
    reasons = [{i.heading: i.reason for i in contract.ignored} for contract in (old, new)]
    for heading, before, after in _each(*reasons):
        if before and after:
            yield Change(f"ignored {heading}", _was(before, after), Effect.WORDS)
