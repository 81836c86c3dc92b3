"""Water, power and gas: a meter per house and who holds the account."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from demo.draw import Dice, Ints
from demo.world import World

RESIDENT, FORMER, ORGANIZATION = "resident", "former", "organization"
REACH = {"water": 0.82, "power": 1.0, "gas": 0.35}  # shares of houses: chosen; gas in communities only


@cache
def accounts(world: World, utility: str) -> pd.DataFrame:
    """Accounts of one utility: house, holder_kind, holder, name, phone, meter, account.

    `holder` is a person of the house's household (`resident`), somebody who lived there before or lets it
    (`former`, by the rate account_of_former_resident), or the organization that trades there (`organization`).
    Meters and accounts are numbers without order; the first digit tells the utility.
    """
    places, persons = world.places, world.people.persons
    houses = places.houses
    ids = np.arange(len(houses), dtype=np.int64)
    dice = Dice(world.seed, "utility", utility)
    community = world.villages["community"].to_numpy()[
        places.buildings["village"].to_numpy()[houses["building"].to_numpy()]
    ]
    fits = community | (utility != "gas")
    ids = ids[fits & dice.happens(ids, REACH[utility])]
    holder, kind = _holders(world, ids, dice)
    firm = kind == ORGANIZATION
    keep = holder >= 0
    ids, holder, kind, firm = ids[keep], holder[keep], kind[keep], firm[keep]
    person, organization = np.where(firm, 0, holder), np.where(firm, holder, 0)
    firms = world.organizations
    name = np.where(
        firm, firms["name"].to_numpy(dtype=object)[organization], persons["name"].iloc[person].to_numpy(dtype=object)
    )
    phone = np.where(
        firm, firms["phone"].to_numpy(dtype=object)[organization], persons["phone"].iloc[person].to_numpy(dtype=object)
    )
    letter = {"water": "1", "power": "2", "gas": "3"}[utility]
    return pd.DataFrame({
        "house": ids, "holder_kind": kind, "holder": holder, "name": name, "phone": phone,
        "meter": [f"{letter}{n:011d}" for n in Dice(world.seed, "meter", utility).scramble(ids, 36).tolist()],
        "account": [f"{letter}{n:09d}" for n in Dice(world.seed, "account", utility).scramble(ids, 28).tolist()],
    })  # fmt: skip


def _holders(world: World, houses: Ints, dice: Dice) -> tuple[Ints, np.ndarray[tuple[int], np.dtype[np.object_]]]:
    """The holder of each house's account and its kind; -1 where a house has neither residents nor a firm."""
    persons, households = world.people.persons, world.people.households
    count = len(world.places.houses)
    head = np.full(count, -1, dtype=np.int64)
    first = np.flatnonzero(~persons["household"].duplicated().to_numpy())
    head[households["house"].to_numpy()[persons["household"].to_numpy()[first]]] = first
    firm = np.full(count, -1, dtype=np.int64)
    site = world.organizations["site"].to_numpy()
    order = np.flatnonzero(site >= 0)[::-1]
    firm[site[order]] = order
    former = (head[houses] >= 0) & dice.happens(houses, world.rates["account_of_former_resident"], 1)
    stranger = dice.below(houses, len(persons), 2)
    holder = np.where(former, stranger, np.where(head[houses] >= 0, head[houses], firm[houses]))
    words = np.where(former, FORMER, np.where(head[houses] >= 0, RESIDENT, ORGANIZATION)).astype(object)
    return holder.astype(np.int64), words
