"""Culture and tourism: hotels, net cafes, halls, libraries and sights; changes only, JSON lines."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.departments.common import changes, covered
from demo.departments.rows import Rows
from demo.draw import Ints, Texts, pick
from demo.errors import name_errors, phone_errors
from demo.extract import Extract, entities
from demo.files import json_lines
from demo.institutions import BASE
from demo.world import State

SOURCE = "wenlv_changsuo"
_TRADES = {"61": "旅馆", "90": "娱乐"}
_HOUSES = {"culture_station": "文化站", "library": "图书馆", "scenic_spot": "景区"}


def extract(state: State) -> Extract:
    """What was licensed, changed or closed on the night (all of it on the first)."""
    every = _premises(state)
    words = _operations(state, every)
    rows = Rows(state, SOURCE, covered(state, SOURCE, words != ""))
    frame = every.iloc[rows.who].reset_index(drop=True)
    person, marks = name_errors(frame["person"].to_numpy(dtype=object), rows.rates, rows.dice, rows.rows)
    old = np.full(len(frame), f"{state.world.config.area_code}-0000000", dtype=object)
    phone, phones = phone_errors(frame["phone"].to_numpy(dtype=object), old, rows.rates, rows.dice, rows.rows)
    rows.note(marks, phones)
    house = frame["house"].to_numpy().astype(np.int64)
    entity = frame["premises"].to_numpy().astype(np.int64)
    columns = {
        "csbh": np.array([f"WL{n:09d}" for n in rows.dice.scramble(entity, 34).tolist()], dtype=object),
        "czlx": words[rows.who],
        "csmc": frame["place"].to_numpy(dtype=object),
        "jydw": frame["name"].to_numpy(dtype=object),
        "xydm": frame["code"].to_numpy(dtype=object),
        "cslb": rows.word(frame["word"].to_numpy(dtype=object), "书店"),
        "csdz": rows.address(house),
        "xkzh": frame["licence"].to_numpy(dtype=object),
        "fzr": person,
        "lxdh": phone,
        "kfs": rows.dice.below(rows.rows, 90, 70).astype(str).astype(object),
        "xjdj": pick(["", "", "三星", "四星", "AAA"], rows.dice.below(rows.rows, 5, 71)),
    }
    building = state.world.places.houses["building"].to_numpy()[house]
    who = {
        "organization": entities(state, "organization", frame["body"].to_numpy().astype(np.int64)),
        "premises": entities(state, "premises", entity),
    }
    return rows.extract(columns, {kind: (names, house, building) for kind, names in who.items()})


def _premises(state: State) -> pd.DataFrame:
    """Hotels and halls of firms, and the public houses: premises, body, name, place, code, house, licence ..."""
    world = state.world
    firms = world.organizations.reset_index(names="body")
    firms["word"] = firms["industry"].str[:2].map(_TRADES)
    kept = firms.loc[
        firms["word"].notna(), ["body", "name", "brand", "code", "owner_name", "phone", "word", "close_night"]
    ]
    trade = world.trade.premises[["premises", "organization", "house"]].merge(
        kept, left_on="organization", right_on="body"
    )
    licences = world.trade.licences.drop_duplicates("premises").set_index("premises")["number"]
    trade["licence"] = trade["premises"].map(licences).fillna("")
    trade["place"] = trade["brand"] + trade["word"]
    public = world.institutions.reset_index(names="premises")
    public = public[public["kind"].isin(list(_HOUSES))].copy()
    public["premises"] += BASE
    public = public.assign(
        body=public["premises"], place=public["name"], licence="", close_night=0, word=public["kind"].map(_HOUSES)
    )
    wanted = [
        "premises",
        "body",
        "name",
        "place",
        "code",
        "owner_name",
        "phone",
        "word",
        "house",
        "licence",
        "close_night",
    ]
    both = pd.concat([trade[wanted], public[wanted]], ignore_index=True)
    return both.drop_duplicates("premises", ignore_index=True).rename(columns={"owner_name": "person"})


def _operations(state: State, every: pd.DataFrame) -> Texts:
    """A, M or C on the night, empty where nothing happened."""
    ids: Ints = every["premises"].to_numpy().astype(np.int64)
    dice, night = state.dice(SOURCE, "change"), state.night
    came = np.where(dice.happens(ids, 0.06), 2 + dice.below(ids, 3, 1), 1)
    closed = every["close_night"].to_numpy()
    changed = dice.happens(ids, 0.05, 10 + night)
    there = (came < night) & ((closed == 0) | (closed > night))
    open_now = np.flatnonzero(there)
    changed[open_now[dice.order(ids[open_now])[:1]]] = True  # on every night at least one inspector corrects something
    return np.where(
        came == night, "A", np.where((closed == night) & (came < night), "C", np.where(there & changed, "M", ""))
    ).astype(object)


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    return f"whly_{as_of}{f'_gz{correction}' if correction else ''}.jsonl", json_lines(part.columns), 1


deliveries = changes(extract, write)
