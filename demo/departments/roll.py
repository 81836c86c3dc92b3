"""Rows that are persons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from demo.departments.rows import Mark, Rows
from demo.draw import Flags, Ints, Texts
from demo.errors import (
    birth_errors,
    former_name_errors,
    name_errors,
    number_errors,
    phone_errors,
    shared_number_errors,
    shared_phone_errors,
)
from demo.extract import entities
from demo.world import State


class Roll(Rows):
    """Rows that are persons."""

    def __init__(self, state: State, source: str, ids: Ints) -> None:
        """Look the persons up as they are on the night."""
        super().__init__(state, source, ids)
        self.frame = state.persons.iloc[self.who].reset_index(drop=True)
        self.house: Ints = self.frame["house"].to_numpy().astype(np.int64)

    def text(self, name: str) -> Texts:
        """A column of the truth as texts."""
        texts: Texts = self.frame[name].to_numpy(dtype=object)
        return texts

    def name(self) -> Texts:
        """Names with the department's mistakes."""
        names, former = former_name_errors(
            self.text("name"), self.text("former_name"), self.rates, self.dice, self.rows
        )
        names, marks = name_errors(names, self.rates, self.dice, self.rows)
        self.note(former, marks)
        return names

    def number(self) -> Texts:
        """Document numbers; newborns have none yet."""
        everyone = self.state.world.people.persons["number"].to_numpy(dtype=object)
        relative = self.frame["relative"].to_numpy()
        borrowed = np.where(relative >= 0, everyone[np.maximum(relative, 0)], "").astype(object)
        resident = (self.frame["document_kind"] == "111").to_numpy()
        missing = self.without_number()
        numbers, marks = number_errors(
            self.text("document"), borrowed, resident, missing, self.rates, self.dice, self.rows
        )
        numbers, shared = shared_number_errors(numbers, everyone, self.rates, self.dice, self.rows)
        self.note(marks, shared)
        return numbers

    def without_number(self) -> Flags:
        """Rows without a document number: none was shown, or a newborn's is not given yet."""
        resident = (self.frame["document_kind"] == "111").to_numpy()
        missing = self.dice.happens(self.rows, self.rates.get("id_missing", 0.0), 6)
        missing |= resident & (self.frame["number_night"].to_numpy() > self.state.night)
        return missing

    def sex(self, male: str, female: str, strange: str) -> Texts:
        """The sex in the department's own codes."""
        return self.word(np.where(self.frame["male"].to_numpy(), male, female).astype(object), strange)

    def birth(
        self, form: Callable[[str, str, str], str], month_form: str = "{}-{}", default: str = "19000101"
    ) -> Texts:
        """Birth dates in the department's own form; whoever shows no card is often not asked for the day either."""
        births, marks = birth_errors(
            self.text("birth_text"), form, self.rates, self.dice, self.rows, default, month_form
        )
        if "birth_missing" in self.rates:
            unasked = self.without_number() & self.dice.happens(self.rows, self.rates["birth_missing"], 29)
            births[unasked] = ""
            marks = {error: flags & ~unasked for error, flags in marks.items()} | {"birth_missing": unasked}
        self.note(marks)
        return births

    def phone(self) -> Texts:
        """Phones, sometimes a relative's."""
        everyone = self.state.world.people.persons["phone"].to_numpy(dtype=object)
        relative = self.frame["relative"].to_numpy()
        family = np.where(relative >= 0, everyone[np.maximum(relative, 0)], "").astype(object)
        phones, marks = phone_errors(self.text("phone"), self.text("old_phone"), self.rates, self.dice, self.rows)
        phones, shared = shared_phone_errors(phones, family, self.rates, self.dice, self.rows)
        self.note(marks, shared)
        return phones

    def home(self) -> Texts:
        """Where they live, or lived before."""
        return self.address(self.house, self.frame["old_house"].to_numpy().astype(np.int64))

    def village(self) -> Ints:
        """The village of each home."""
        places = self.state.world.places
        at = places.buildings["village"].to_numpy()[places.houses["building"].to_numpy()[self.house]]
        return np.asarray(at, dtype=np.int64)

    def mark(self) -> Mark:
        """The truth of every row: who it is and where that person lives."""
        building = self.state.world.places.houses["building"].to_numpy()
        return entities(self.state, "person", self.who), self.house, building[self.house]

    def cases(self) -> dict[str, Flags]:
        """Hard cases that are no errors: twins, namesakes at one home, people without a resident number yet."""
        frame = self.frame
        same = frame.duplicated(subset=["name", "household"], keep=False) & ~frame["number"].duplicated(keep=False)
        return {
            "twin": frame["twin"].to_numpy(),
            "namesake_at_home": same.to_numpy(),
            "father_and_son": frame["father_and_son"].to_numpy(),
            "newborn": frame["number_night"].to_numpy() > self.state.night,
            "lives_elsewhere": frame["house"].to_numpy() != frame["registered_house"].to_numpy(),
            "migrant": frame["migrant"].to_numpy(),
            "other_document": (frame["document_kind"] != "111").to_numpy(),
        }
