"""Who and what departments know, when they send, and how whole buildings are named."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from demo.config import broken_files
from demo.departments.rows import Rows
from demo.draw import Flags, Ints, Texts
from demo.extract import Delivery, Extract, Writer, entities
from demo.places import Places
from demo.utilities import accounts
from demo.wording import AddressWriter
from demo.world import State

BUILDING = 2**35  # the address node of a building that holds several houses: position + BUILDING


def first_night(make: Callable[[State], Extract], write: Writer) -> Callable[[State, State], list[Delivery]]:
    """A calendar: a file on the first night, then none (monthly, quarterly and yearly sources)."""
    return lambda state, _first: [Delivery(make(state), state.day, 0, write)] if state.night == 1 else []


def sent_again(
    source: str, make: Callable[[State], Extract], write: Writer
) -> Callable[[State, State], list[Delivery]]:
    """A calendar: a file on the first night; on the second one file with each fault of `files` in `rates.yml`.

    Each of those is followed by the next as its correction, the last by one that is sound; later nights are silent.
    """

    def of_night(state: State, _first: State) -> list[Delivery]:
        faults = [*broken_files().get(source, []), ""] if state.night == 2 else [""] * (state.night == 1)
        return [Delivery(make(state), state.day, turn, write, fault) for turn, fault in enumerate(faults)]

    return of_night


def changes(make: Callable[[State], Extract], write: Writer) -> Callable[[State, State], list[Delivery]]:
    """A calendar: a file on every night on which something changed (deltas)."""

    def of_night(state: State, _first: State) -> list[Delivery]:
        part = make(state)
        return [Delivery(part, state.day, 0, write)] if part.rows else []

    return of_night


def here(state: State) -> Flags:
    """Whether each person lives in the city on the night: born, not dead, not moved away."""
    persons, night = state.persons, state.night
    dead, left = persons["dead_night"].to_numpy(), persons["left_night"].to_numpy()
    gone = ((dead > 0) & (dead <= night)) | ((left > 0) & (left <= night))
    return np.asarray((persons["born_night"].to_numpy() <= night) & ~gone, dtype=bool)


def covered(state: State, source: str, fit: Flags, share: float | None = None) -> Ints:
    """Positions that fit and that the department knows (its habit `coverage`, unless another share is given)."""
    ids = np.flatnonzero(fit).astype(np.int64)
    rate = state.rates(source)["coverage"] if share is None else share
    return ids[state.dice(source).happens(ids, rate)]


def meters(state: State, source: str, utility: str) -> tuple[Rows, pd.DataFrame]:
    """Accounts that a utility sends: rows (`who` are houses) and the account of each."""
    every = accounts(state.world, utility)
    every = every[state.house_exists[every["house"].to_numpy()]].set_index("house")
    ids = every.index.to_numpy().astype(np.int64)
    rows = Rows(state, source, ids[state.dice(source).happens(ids, state.rates(source)["coverage"])])
    return rows, every.loc[rows.who].reset_index(drop=True)


def building_writer(state: State) -> AddressWriter:
    """Writes addresses of whole buildings: positions are buildings, no unit, no room."""
    world = state.world
    count = len(world.places.buildings)
    plain = pd.DataFrame({"building": np.arange(count, dtype=np.int64), "unit": 0, "room": 0, "label": ""})
    return AddressWriter(world.config, world.villages, Places(world.places.buildings, plain)).at(state.night)


def house_of(state: State) -> Ints:
    """The house that is a whole building, -1 where a building holds several."""
    houses = state.world.places.houses
    found = np.full(len(state.world.places.buildings), -1, dtype=np.int64)
    plain = np.flatnonzero((houses["room"].to_numpy() == 0) & (houses["unit"].to_numpy() == 0))
    found[houses["building"].to_numpy()[plain]] = plain
    return found


def building_addresses(state: State, buildings: Ints) -> Texts:
    """Truth names of the address nodes of buildings; a house without a room number is its building's node."""
    whole = house_of(state)[buildings]
    own = entities(state, "address", buildings + BUILDING)
    return np.where(whole >= 0, state.world.addresses[np.maximum(whole, 0)], own).astype(object)
