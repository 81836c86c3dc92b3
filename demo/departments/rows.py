"""Rows of a department's file in the making: values and the errors on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from demo.draw import Flags, Floats, Ints, Texts
from demo.errors import code_errors, coordinate_errors, null_word_errors, repeated, text_errors
from demo.extract import Column, Extract, merge_errors
from demo.facilities import METRE
from demo.wording import AddressWriter
from demo.world import State

Mark = tuple[Texts, Ints, Ints]


class Rows:
    """Rows of one file in the making: every value drawn for `rows`, every error noted on the way.

    `who` are positions in a table of the world; a second row of the same one (`duplicate_row`) draws on its own.
    """

    def __init__(self, state: State, source: str, ids: Ints) -> None:
        """Repeat some of the ids where the department's rates say so."""
        self.state = state
        self.source = source
        self.rates = state.rates(source)
        self.dice = state.dice(source)
        self.who = self.rows = ids
        self.again: Flags = np.zeros(len(ids), dtype=bool)
        self.errors: dict[str, Flags] = {}
        if "duplicate_row" in self.rates:
            self.who, self.again, self.rows = repeated(ids, self.rates, self.dice)
            self.note({"duplicate_row": self.again})

    def note(self, *marks: Mapping[str, Flags]) -> None:
        """Remember errors of the rows."""
        self.errors = merge_errors(self.errors, *marks)

    def serial(self, form: str, width: int, label: str = "") -> Texts:
        """Numbers of the department's own, in no order of ours; `width` in bits."""
        dice = self.state.dice(self.source, label) if label else self.dice
        return np.array([form.format(n) for n in dice.scramble(self.rows, width).tolist()], dtype=object)

    def word(self, words: Texts, strange: str) -> Texts:
        """Code words, some of which the contract does not know."""
        found, marks = code_errors(words, strange, self.rates, self.state.dice(self.source, strange), self.rows)
        self.note(marks)
        return found

    def blank(self, values: Texts, turn: int) -> Texts:
        """Empty cells sometimes filled with a word for nothing; `turn` tells columns apart."""
        found, marks = null_word_errors(values, self.rates, self.dice, self.rows, turn)
        self.note(marks)
        return found

    def slips(self, values: Texts, turn: int = 60) -> Texts:
        """Texts with unseen or broken characters by the department's rates; `turn` tells columns apart."""
        found, marks = text_errors(values, self.rates, self.dice, self.rows, turn)
        self.note(marks)
        return found

    def address(self, house: Ints, old: Ints | None = None, writer: AddressWriter | None = None) -> Texts:
        """Addresses in the department's wording: missing, only to the village, the one before, or written its way.

        Args:
            house: true positions.
            old: positions of the homes before, for `stale_address`.
            writer: of houses (the usual one) or of whole buildings.
        """
        rates, dice, rows = self.rates, self.state.dice(self.source, "home"), self.rows
        chance = dice.uniform(rows, 9)
        missing = chance < rates.get("address_missing", 0.0)
        edge = rates.get("address_missing", 0.0) + rates.get("address_village_only", 0.0)
        coarse = ~missing & (chance < edge)
        stale = dice.happens(rows, rates.get("stale_address", 0.0), 10) & ~missing & (old is not None)
        said = house if old is None else np.where(stale, old, house).astype(np.int64)
        use = writer or self.state.world.writer
        text, forms = use.write(said, rates, dice, rows)
        text = np.where(missing, "", np.where(coarse, use.village_only(said), text)).astype(object)
        whole = ~missing & ~coarse
        own = {"address_missing": missing, "address_village_only": coarse, "stale_address": stale}
        self.note({name: flags & whole for name, flags in forms.items()})
        self.note({name: flags for name, flags in own.items() if name in rates})
        return text

    def point(
        self,
        lon: Floats,
        lat: Floats,
        metres: float,
        shift: Callable[[Floats, Floats], tuple[Floats, Floats]] | None = None,
    ) -> tuple[Floats, Floats]:
        """Points as the department surveyed them (off by some metres) in its datum, rounded to six decimals."""
        lon = lon + self.dice.normal(self.rows, 5) * metres * METRE * 1.08
        lat = lat + self.dice.normal(self.rows, 6) * metres * METRE
        first, second = shift(lon, lat) if shift else (lon, lat)
        first, second, marks = coordinate_errors(first, second, self.rates, self.dice, self.rows)
        self.note(marks)
        return np.round(first, 6), np.round(second, 6)

    def extract(
        self, columns: dict[str, Column], marks: dict[str, Mark], cases: dict[str, Flags] | None = None,
        together: Ints | None = None,
    ) -> Extract:  # fmt: skip
        """The finished rows; those of one value of `together` stay side by side."""
        return Extract(self.source, columns, marks, self.errors, cases or {}, together)
