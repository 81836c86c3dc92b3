"""What all records say, by comparison label: collected once, and asked by blocks and comparisons."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np

from transforms.kinds import Compare, Kind
from transforms.link.codes import Flags, distinct
from transforms.link.collapse import Collapsed
from transforms.link.encode import compared
from transforms.link.kernels import LEVELS
from transforms.link.near import near
from transforms.link.said import Values, column
from transforms.link.words import ENDING, telling
from transforms.live import Live
from transforms.threads import beside, together

FREQUENCY = "frequency"  # how many anchors bear the leftover's name
NAMES = ("name", "organization_name")


@dataclass(frozen=True)
class Told:
    """What all records say, by comparison label, with address buildings beside addresses.

    Attributes:
        kind: its declaration.
        live: live records of the kind.
        values: label → what the records say.
        buildings: see above.
        silent: records whose values bring nobody together.
        parts: what they say in columns that only blocks read.
        stated: what rows say by themselves, of labels of which believed numbers say something too; not of all of them.
    """

    kind: Kind
    live: Live
    values: dict[str, Values]
    buildings: Values
    silent: Flags | None = None
    parts: dict[str, Values] = field(default_factory=dict)
    stated: dict[str, Values] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The columns of a pattern."""
        named = [c.label for c in self.kind.link.compare]
        return [*named, FREQUENCY] if self._name() else named

    @property
    def words(self) -> dict[str, list[str]]:
        """Level words per column of a pattern."""
        return words_of(self.kind)

    def _name(self) -> Compare | None:
        return name_of(self.kind)


def words_of(kind: Kind) -> dict[str, list[str]]:
    """Level words per column of a pattern, as the kind is declared now."""
    found = {c.label: list(LEVELS[c.using]) for c in kind.link.compare}
    return {**found, FREQUENCY: ["rare", "some", "many", "common"]} if name_of(kind) else found


def name_of(kind: Kind) -> Compare | None:
    """The comparison of the name that entities agree in, of which it counts how many bear it."""
    return next((c for c in kind.link.compare if c.using in NAMES and c.label == kind.link.agree), None)


def tell(
    kind: Kind,
    live: Live,
    homes: dict[str, tuple[Values, Values]],
    collapsed: Collapsed,
    crowd: int,
    known: dict[str, Values],
    threads: int = 1,
) -> Told:
    """Collect values; phones and addresses that more than ``crowd`` different names share tell nobody apart.

    Args:
        kind: its declaration.
        live: live records of the kind.
        homes: addresses and buildings (:func:`transforms.link.encode.nodes`) by label, where the kind compares any.
        collapsed: whose number is believed, who is a leftover.
        crowd: see above.
        known: labels of which it makes no difference whose number is believed, and what the records say.
        threads: how many work at once.
    """

    def said(compare: Compare) -> Values:
        if compare.using == "address":
            return homes[compare.label][0]
        return known.get(compare.label) or compared(live, kind, compare, None, collapsed.trusted)

    plain = [compare for compare in kind.link.compare if compare.using != "near"]
    labels, read = [compare.label for compare in plain], blocked_by(kind)
    found = together(threads, [*(partial(said, c) for c in plain), *(partial(silently, live, part) for part in read)])
    live.kept.clear()
    values, parts = dict(zip(labels, found, strict=False)), dict(zip(read, found[len(labels) :], strict=True))
    buildings = next((homes[label][1] for label in labels if label in homes), Values())
    naming = next((c.label for c in kind.link.compare if c.using in NAMES), None)
    busy = [c.label for c in plain if naming and c.using in ("tokens", "address")]

    def told_apart() -> dict[str, Values]:
        return {label: uncrowded(values[label], values[naming], crowd) for label in busy} if naming else {}

    with beside(threads, told_apart) as found_apart:
        slips = {c.label: near(live, kind, c, collapsed, threads) for c in kind.link.compare if c.using == "near"}
        values |= found_apart() | slips
    return Told(kind, live, values, buildings, parts=parts)


def blocked_by(kind: Kind) -> list[str]:
    """The parts of the kind's blocks that nothing compares: clean columns, and the telling words of one."""
    elsewhere = {compare.label for compare in kind.link.compare} | {"cell"}
    parts = dict.fromkeys(part for parts in kind.link.blocks for part in parts)
    return [part for part in parts if part not in elsewhere]


def uncrowded(values: Values, names: Values, crowd: int) -> Values:
    """Without the values that more than ``crowd`` distinct names say: found from the data, not from a list."""
    often = np.bincount(values.v, minlength=len(values.texts)) > crowd  # fewer records cannot say more names
    busy = values.where(often[values.v])
    name = np.full(int(max(names.r.max(initial=0), busy.r.max(initial=0))) + 1, -1, dtype=np.int32)
    name[names.r[::-1]] = names.v[::-1]  # a record's first name speaks
    named = name[busy.r] >= 0
    size = max(len(names.texts), 1)
    pairs = distinct(busy.v[named].astype(np.int64) * size + name[busy.r[named]]) // size
    crowded = np.bincount(pairs, minlength=len(values.texts)) > crowd
    return values.where(~crowded[values.v]) if crowded.any() else values


def silently(live: Live, part: str) -> Values:
    """What only blocks read: a clean column, or the telling words of one (of its normalised form, where it has one)."""
    name = part.removesuffix(ENDING)
    if name == part:
        return column(live, part).wordless()
    key = f"{name}_key"
    return telling(column(live, key if key in live.column_names else name))
