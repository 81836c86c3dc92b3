"""What was found in a row is found in it again: rows that the delivery before held word for word are asked little.

A rule reads one row, lookups, and the contract with the words of its day; it never looks at another row. Some also look
at the day of the delivery (``as_of`` in their options), and a later day changes what they say in two ways only: a date
of birth may have become too old, and what was after the day before may be so no more. So of a row in which nothing was
found only its date of birth is asked, and of bytes that came before only rows in which the day had a part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.rules import FAULT, Rule
from transforms import manifest, store
from transforms.check.verdict import Asked, Found
from transforms.run import Run

Mask = npt.NDArray[np.bool_]
Words = npt.NDArray[np.uint64]  # a sha256 in four
_SAME = ("configuration", "rules", "codes", "denied")  # of the inputs, what a row's verdict depends on
_HEX, _WORDS = 64, 4
ATTESTED = "attested.parquet"  # findings that a person answered, where there are any (model.FINDING)
FOUND = ["ordinal", "field", "rule", "effect"]


def of_day(rule: Rule) -> bool:
    """Whether the day of the delivery has a part in the rule."""
    return "as_of" in rule.options


def ages(rule: Rule) -> bool:
    """Whether the rule may find something as days go by where it found nothing before: a birth that is too old."""
    return rule.check == "birth"


def delivery_before(run: Run, batch: str, inputs: Mapping[str, str]) -> Before | None:
    """The last delivery of the source before this one that this code judged under the same rules."""
    found = manifest.delivery_before(run, batch, ("land", "check"), {name: inputs[name] for name in _SAME})
    if found is None:
        return None
    one, landed = found
    here = manifest.Manifest.read(store.batch_dir(run.settings, "land", batch))
    whole = here is not None and _split_alike(landed, here)
    land, folder = (store.batch_dir(run.settings, room, one.id) for room in ("land", "check"))
    return Before(land, folder, whole=whole)


def _split_alike(one: manifest.Manifest, other: manifest.Manifest) -> bool:
    """Made from the same bytes (land names their hash among its inputs) by the same code."""
    return (one.inputs, one.code, one.facts["rows"]) == (other.inputs, other.code, other.facts["rows"])


@dataclass(frozen=True)
class Before:
    """An earlier delivery of a source with what was found in it; ``whole``: its rows are tonight's, one by one."""

    land: Path
    check: Path
    whole: bool

    def asked(self, piece: pa.Table, rules: Sequence[Rule]) -> tuple[list[Asked], list[Found]]:
        """What the rows of a piece (by ordinal) must be asked, and what is known of them."""
        if not self.whole or not piece.num_rows:
            sound = self._sound(piece)
            return [Asked(np.flatnonzero(~sound)), Asked(np.flatnonzero(sound), ages)], []
        ordinals = piece["ordinal"].to_numpy()
        start, end = np.searchsorted(self.finding["ordinal"].to_numpy(), [ordinals[0], ordinals[-1] + 1])
        mine = self.finding.slice(start, end - start)
        dated = {(rule.id, rule.heading) for rule in rules if of_day(rule)}
        pairs = list(zip(mine["rule"].to_pylist(), mine["field"].to_pylist(), strict=True))
        rows = np.searchsorted(ordinals, mine["ordinal"].to_numpy())
        doubtful = np.zeros(piece.num_rows, dtype=bool)
        doubtful[rows[np.array([pair in dated for pair in pairs], dtype=bool)]] = True
        parts = [Asked(np.flatnonzero(doubtful), of_day), Asked(np.flatnonzero(~doubtful), ages)]
        return parts, list(_found(pairs, mine["effect"].to_pylist(), rows, dated))

    @cached_property
    def finding(self) -> pa.Table:
        """What the rules found in it, attested or not, by ordinal (:data:`FOUND`)."""
        paths = [self.check / "finding.parquet", self.check / ATTESTED]
        told = pa.concat_tables([store.read_table(path, FOUND) for path in paths if path.exists()])
        return told.take(pa.array(np.argsort(told["ordinal"].to_numpy(), kind="stable"))).combine_chunks()

    def _sound(self, piece: pa.Table) -> Mask:
        """Rows that stood in that delivery, and nothing was found in them."""
        told = _words(piece["digest"])
        plain = pc.and_(piece["fault"].is_null(), piece["numeric"].is_null()).to_numpy()
        if not len(self._digests) or not len(told):
            return np.zeros(piece.num_rows, dtype=bool)
        at = np.searchsorted(self._digests[:, 0], told[:, 0])
        at[at == len(self._digests)] = 0
        return np.asarray((self._digests[at] == told).all(axis=1) & plain, dtype=np.bool_)

    @cached_property
    def _digests(self) -> Words:
        """Of its rows without a finding, sorted: a register's take a hundred megabytes, not its rows."""
        ordinals, found = pc.unique(self.finding["ordinal"]), []
        for piece in store.read_pieces(self.land / "rows.parquet", store.PIECE, ["ordinal", "digest"]):
            sound = pc.invert(pc.is_in(piece["ordinal"], value_set=ordinals))
            found.append(_words(piece["digest"].filter(sound)))
        every = np.concatenate(found) if found else np.zeros((0, _WORDS), np.uint64)
        return every[np.argsort(every[:, 0], kind="stable")]


def _found(
    pairs: list[tuple[str, str | None]],
    effects: list[str],
    rows: npt.NDArray[np.int64],
    dated: set[tuple[str, str | None]],
) -> Iterator[Found]:
    """Findings that no day has a part in, as they were; a line that could not be split says so itself."""
    told: dict[tuple[str, str | None, str], list[int]] = {}
    for (rule, field), effect, row in zip(pairs, effects, rows.tolist(), strict=True):
        if (rule, field) not in dated and not rule.startswith(f"{FAULT}_"):
            told.setdefault((rule, field, effect), []).append(row)
    for (rule, field, effect), at in sorted(told.items(), key=lambda item: str(item[0])):
        yield Found(rule, field, effect, np.array(at, dtype=np.int64))


def _words(digests: pa.ChunkedArray) -> Words:
    """Hexadecimal digests as four numbers each."""
    text = digests.combine_chunks().cast(pa.binary())
    if len(text) == 0:
        return np.zeros((0, _WORDS), np.uint64)
    data = np.frombuffer(b"".join(text.to_pylist()), np.uint8).reshape(-1, _HEX)
    nibbles = (data & 15) + 9 * (data >> 6)
    return ((nibbles[:, ::2] << 4) | nibbles[:, 1::2]).view(np.uint64)
