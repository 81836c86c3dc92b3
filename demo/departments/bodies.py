"""Rows that are institutions."""

from __future__ import annotations

import re

import numpy as np

from demo.departments.common import covered
from demo.departments.rows import Mark, Rows
from demo.draw import Ints, Texts
from demo.errors import name_errors, phone_errors
from demo.extract import entities
from demo.institutions import BASE
from demo.numbers import mistyped
from demo.world import State


class Bodies(Rows):
    """Rows that are institutions of some kinds, each with the premises it sits in."""

    def __init__(self, state: State, source: str, kinds: list[str]) -> None:
        """Look the institutions up."""
        every = state.world.institutions
        super().__init__(state, source, covered(state, source, every["kind"].isin(kinds).to_numpy()))
        self.frame = every.iloc[self.who].reset_index(drop=True)
        self.house: Ints = self.frame["house"].to_numpy().astype(np.int64)

    def name(self) -> Texts:
        """Names, sometimes without the town or county before them (`name_variant`)."""
        names = self.frame["name"].to_numpy(dtype=object)
        flags = self.dice.happens(self.rows, self.rates.get("name_variant", 0.0), 16)
        short = np.array(
            [re.sub(r"^.{1,4}?[县区市镇]|街道", "", name, count=1) or name for name in names], dtype=object
        )
        self.note({"name_variant": flags & (short != names)} if "name_variant" in self.rates else {})
        return np.where(flags, short, names).astype(object)

    def code(self) -> Texts:
        """Credit codes, sometimes missing or mistyped."""
        codes = self.frame["code"].to_numpy(dtype=object)
        missing = self.dice.happens(self.rows, self.rates.get("id_missing", 0.0), 3)
        typo = ~missing & self.dice.happens(self.rows, self.rates.get("id_typo", 0.0), 4)
        self.note({"id_missing": missing, "id_typo": typo} if "id_typo" in self.rates else {"id_missing": missing})
        return np.where(missing, "", np.where(typo, mistyped(codes, self.dice, self.rows), codes)).astype(object)

    def principal(self) -> Texts:
        """Who heads it."""
        names, marks = name_errors(self.frame["owner_name"].to_numpy(dtype=object), self.rates, self.dice, self.rows)
        self.note(marks)
        return names

    def phone(self) -> Texts:
        """Its telephone."""
        own = self.frame["phone"].to_numpy(dtype=object)
        phones, marks = phone_errors(own, own, self.rates, self.dice, self.rows)
        self.note(marks)
        return phones

    def marks(self) -> dict[str, Mark]:
        """The truth of every row."""
        building = self.state.world.places.houses["building"].to_numpy()[self.house]
        ids = self.who + BASE
        return {kind: (entities(self.state, kind, ids), self.house, building) for kind in ("organization", "premises")}
