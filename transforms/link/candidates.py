"""Candidates and their levels: who may be whom, and how alike they are, as small integers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from transforms.engine import Engine
from transforms.kinds import Compare, Kind
from transforms.link.codes import Asked, Codes, Flags, Whole, beside, distinct, ranked
from transforms.link.collapse import Collapsed
from transforms.link.compare import Spoken, levels_of
from transforms.link.encode import cells, compared
from transforms.link.kernels import LEVELS
from transforms.link.near import near
from transforms.link.said import Values, column
from transforms.link.scorer import Levels
from transforms.link.words import ENDING, telling
from transforms.live import Live

_HERE = Path(__file__).parent
FREQUENCY = "frequency"  # how many anchors bear the leftover's name
_FREQUENCIES = (1, 5)  # up to one: rare, up to five: some, beyond: many
_NAMES = ("name", "organization_name")
_THERE, _NOT_THERE = (LEVELS["address"].index(word) + 1 for word in ("building", "differ"))


@dataclass(frozen=True)
class Told:
    """What all records say, by comparison label, with address buildings beside addresses.

    Attributes:
        kind: its declaration.
        live: live records of the kind.
        values: label → what the records say.
        buildings: see above.
        silent: records whose values bring nobody together.
        parts: what they say in columns that only blocks read, as far as that was asked.
    """

    kind: Kind
    live: Live
    values: dict[str, Values]
    buildings: Values
    silent: Flags | None = None
    parts: dict[str, Values] = field(default_factory=dict)

    @property
    def labels(self) -> list[str]:
        """The columns of a pattern."""
        named = [c.label for c in self.kind.link.compare]
        return [*named, FREQUENCY] if self._name() else named

    @property
    def words(self) -> dict[str, list[str]]:
        """Level words per column of a pattern."""
        found = {c.label: list(LEVELS[c.using]) for c in self.kind.link.compare}
        return {**found, FREQUENCY: ["rare", "some", "many"]} if self._name() else found

    def _name(self) -> Compare | None:
        return next((c for c in self.kind.link.compare if c.using in _NAMES and c.label == self.kind.link.agree), None)


def tell(
    kind: Kind,
    live: Live,
    homes: dict[str, tuple[Values, Values]],
    collapsed: Collapsed,
    crowd: int,
    known: dict[str, Values],
) -> Told:
    """Collect values; phones and addresses that more than ``crowd`` different names share tell nobody apart.

    Args:
        kind: its declaration.
        live: live records of the kind.
        homes: addresses and buildings (:func:`transforms.link.encode.nodes`) by label, where the kind compares any.
        collapsed: whose number is believed, who is a leftover.
        crowd: see above.
        known: labels of which it makes no difference whose number is believed, and what the records say.
    """
    values, buildings = {}, Values()
    for compare in kind.link.compare:
        if compare.using == "address":
            values[compare.label], buildings = homes[compare.label]
        elif compare.using == "near":
            values[compare.label] = near(live, kind, compare, collapsed)
        elif compare.label in known:
            values[compare.label] = known[compare.label]
        else:
            values[compare.label] = compared(live, kind, compare, None, collapsed.trusted)
    naming = next((c.label for c in kind.link.compare if c.using in _NAMES), None)
    if naming:
        for compare in kind.link.compare:
            if compare.using in ("tokens", "address"):
                values[compare.label] = uncrowded(values[compare.label], values[naming], crowd)
    return Told(kind, live, values, buildings)


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


@dataclass(frozen=True)
class Nodes:
    """Which node each record stands in, and whether it stands in an anchor."""

    node: Codes
    anchor: Flags


def block_keys(told: Told, hidden: Flags, nodes: Nodes) -> Iterator[pa.Table]:
    """Block after block k, node, anchor, none twice: the keys that some leftover has, and whose they are.

    Args:
        told: the values.
        hidden: records whose own number may not bring them together (training hides it).
        nodes: of the records.
    """
    size = max(len(nodes.node), 1)
    for parts in told.kind.link.blocks:
        r, k = _shared([_part(told, part, hidden) for part in parts], ~nodes.anchor)
        whole = distinct((k.astype(np.int64) * size + nodes.node[r]) * 2 + nodes.anchor[r])
        columns = {"k": whole // 2 // size, "node": whole // 2 % size, "anchor": whole % 2}
        yield pa.table({name: values.astype(np.int32) for name, values in columns.items()})


def _shared(parts: list[Values], leftover: Flags) -> tuple[Codes, Codes]:
    """(record, code) of what records say in all the parts at once, where some leftover says the same."""
    r = k = np.zeros(0, dtype=np.int32)
    for place, part in enumerate(parts):
        if place:
            at, other = beside(r, part.r)
            key = k[at].astype(np.int64) * max(len(part.texts), 1) + part.v[other]
            r = r[at]
            said, k = Asked(key[leftover[r]]).among(key)
        else:
            asked = np.zeros(len(part.texts), dtype=bool)
            asked[part.v[leftover[part.r]]] = True
            r, k = part.r, part.v
            said = asked[k]
            k = k[said]
        r = r[said]
    return r, k


def joined(parts: list[Values]) -> tuple[Codes, Codes]:
    """(record, code) of what records say in all the parts at once: every combination of their values."""
    r, k = parts[0].r, parts[0].v
    for part in parts[1:]:
        at, other = beside(r, part.r)
        size = max(len(part.texts), 1)
        bound = (int(k.max(initial=0)) + 1) * size
        r, k = r[at], ranked(k[at].astype(np.int64) * size + part.v[other], bound)[1]
    return r, k


def _part(told: Told, part: str, hidden: Flags) -> Values:
    using = next((c for c in told.kind.link.compare if c.label == part), None)
    if part == "cell":
        return cells(told.live)
    if using is None:
        if part not in told.parts:
            told.parts[part] = _silently(told, part)
        return told.parts[part]
    said = told.values[part] if told.silent is None else told.values[part].only(~told.silent)
    return said.only(~hidden) if using.using == "near" else said


def _silently(told: Told, part: str) -> Values:
    """What only blocks read: a clean column, or the telling words of one (of its normalised form, where it has one)."""
    name = part.removesuffix(ENDING)
    if name == part:
        return column(told.live, part).wordless()
    key = f"{name}_key"
    return telling(column(told.live, key if key in told.live.column_names else name))


@dataclass(frozen=True)
class Candidates:
    """Pairs of nodes (u a leftover; v an anchor where ``anchor``) and their patterns, sorted by (u, v)."""

    u: Whole
    v: Whole
    anchor: Flags
    patterns: Levels


def candidates(
    engine: Engine, told: Told, nodes: Nodes, *, cap: int, hidden: Flags, only: Flags | None = None
) -> Candidates:
    """Block, then compare.

    Args:
        engine: runs block.sql.
        told: the values.
        nodes: of the records.
        cap: most nodes one block key may join.
        hidden: records whose nearness by number is not to be looked at.
        only: leftovers that are asked about, beside anchors alone; None: all, beside each other too.
    """
    size = max(len(nodes.node), 1)
    found = [np.zeros(0, dtype=np.int64)]
    with engine.apart() as apart:
        for keys in block_keys(told, hidden, nodes):
            pairs = apart.run(_HERE / "block.sql", {"key": keys}, cap=cap)
            u, v, anchor = (pairs[name].to_numpy() for name in ("u", "v", "anchor"))
            packed = (u.astype(np.int64) * size + v) * 2 + anchor
            found.append(distinct(packed if only is None else packed[(anchor == 1) & only[u]]))
    whole = distinct(np.concatenate(found))
    of_anchor = whole % 2 == 1
    whole //= 2
    u, v = (whole // size).astype(np.int32), (whole % size).astype(np.int32)
    del whole, found
    return Candidates(u, v, of_anchor, levels(told, (u, v), nodes, hidden))


def levels(told: Told, pair: tuple[Whole, Whole], nodes: Nodes, hidden: Flags) -> Levels:
    """Patterns of the pairs of nodes, in their order.

    Args:
        told: the values.
        pair: the ends of each pair: nodes.
        nodes: of the records.
        hidden: records whose nearness by number is not to be looked at.
    """
    patterns = np.zeros((len(pair[0]), len(told.labels)), dtype=np.int8)
    if not len(patterns):
        return patterns
    asked = np.zeros(len(nodes.node), dtype=bool)
    for end in pair:
        asked[end] = True
    place = np.where(asked, np.cumsum(asked, dtype=np.int32) - 1, -1).astype(np.int32)
    left, right = (place[end] for end in pair)
    place = place[nodes.node]
    for at, compare in enumerate(told.kind.link.compare):
        values = told.values[compare.label]
        spoken = Spoken.of(values.only(~hidden) if compare.using == "near" else values, place)
        patterns[:, at] = levels_of(spoken, left, right, compare.using, len(LEVELS[compare.using]))
        if compare.using == "address":
            building = levels_of(Spoken.of(told.buildings, place), left, right, "equal", _NOT_THERE)
            _refined(patterns[:, at], building)
    if FREQUENCY in told.labels:
        patterns[:, -1] = _frequency(told, nodes, pair[0])
    return patterns


def _refined(address: Levels, building: Levels) -> None:
    """One building is closer than another, where the addresses are not the same."""
    refined = (building > 0) & (address != 1)
    address[refined] = np.where(building[refined] == 1, _THERE, _NOT_THERE)


def _frequency(told: Told, nodes: Nodes, of: Whole) -> Levels:
    """Per node: 1 rare, 2 some, 3 many anchors bear its name (the one statistic of tonight a score depends on)."""
    naming = next(c.label for c in told.kind.link.compare if c.using in _NAMES and c.label == told.kind.link.agree)
    values = told.values[naming]
    asked = np.zeros(len(nodes.node), dtype=bool)
    asked[of] = True
    mine = asked[values.r]
    wanted = np.zeros(len(values.texts), dtype=bool)
    wanted[values.v[mine]] = True
    borne = wanted[values.v] & nodes.anchor[values.r]
    size = max(len(nodes.node), 1)
    bearing = distinct(values.v[borne].astype(np.int64) * size + nodes.node[values.r[borne]]) // size
    bearers = np.bincount(bearing, minlength=len(values.texts))
    count = np.zeros(len(nodes.node), dtype=np.int32)
    np.maximum.at(count, values.r[mine], bearers[values.v[mine]].astype(np.int32))
    rare, some = _FREQUENCIES
    return np.where(count <= rare, 1, np.where(count <= some, 2, 3)).astype(np.int8)[of]
