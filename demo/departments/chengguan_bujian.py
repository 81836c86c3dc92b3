"""Urban management: street furniture, JSON lines, points in GCJ-02."""

from __future__ import annotations

import numpy as np

from demo.config import Rates
from demo.datum import gcj02
from demo.draw import Dice, Flags, Floats, Ints, Texts
from demo.errors import code_errors, coordinate_errors
from demo.extract import Column, Extract, entities, merge_errors
from demo.facilities import METRE
from demo.files import json_lines
from demo.numbers import mistyped
from demo.old_grids import business_grids
from demo.world import State

SOURCE = "chengguan_bujian"
AGAIN = 2**36


def listed(state: State) -> Ints:
    """The facilities this department knows."""
    ids = np.arange(len(state.world.facilities), dtype=np.int64)
    return ids[state.dice(SOURCE).happens(ids, state.rates(SOURCE)["coverage"])]


def extract(state: State, corrected: bool = False) -> Extract:
    """The components on a night; a corrected delivery has its wrong points mended."""
    rates, dice = dict(state.rates(SOURCE)), state.dice(SOURCE)
    if corrected:
        rates["zero_coordinates"] = rates["swapped_coordinates"] = 0.0
    once = listed(state)
    second = once[dice.happens(once, rates["duplicate_row"], 1)]
    who = np.r_[once, second]
    again = np.r_[np.zeros(len(once), dtype=bool), np.ones(len(second), dtype=bool)]
    rows = who + again * AGAIN
    frame = state.world.facilities.iloc[who].reset_index(drop=True)
    lon, lat = surveyed(frame["lon"].to_numpy(), frame["lat"].to_numpy(), dice, rows, 1.0)
    lon, lat, points = coordinate_errors(*gcj02(lon, lat), rates, dice, rows)
    status, strange = code_errors(frame["state"].to_numpy(dtype=object), "待修", rates, dice, rows)
    blank = dice.happens(rows, rates["address_missing"], 3)
    building = frame["building"].to_numpy().astype(np.int64)
    number = frame["code"].to_numpy(dtype=object)
    number = np.where(again, np.array([f"{n[:10]}9{n[11:]}" for n in number], dtype=object), number)
    plate, misread = plates(frame["own_number"].to_numpy(dtype=object), rates, dice, rows)
    columns: dict[str, Column] = {
        "ObjID": number.astype(object),
        "ClassCode": frame["class"].to_numpy(dtype=object),
        "ObjName": frame["class_name"].to_numpy(dtype=object),
        "OwnerDept": frame["owner"].to_numpy(dtype=object),
        "OwnerNo": plate,
        "KeepDept": (frame["county"] + "市政养护所").to_numpy(dtype=object),
        "ObjState": status,
        "ObjPos": np.where(blank, "", positions(state, building, dice, rows)).astype(object),
        "X": np.round(lon, 6),
        "Y": np.round(lat, 6),
        "BGCode": business_grids(state.world, "城管", building),
    }
    errors = merge_errors(points, strange, misread, {"address_missing": blank, "duplicate_row": again})
    none = np.full(len(who), -1, dtype=np.int64)
    return Extract(SOURCE, columns, {"facility": (entities(state, "facility", who), none, building)}, errors)


def surveyed(lon: Floats, lat: Floats, dice: Dice, rows: Ints, metres: float) -> tuple[Floats, Floats]:
    """Points as one survey found them: off by a few metres."""
    return (
        lon + dice.normal(rows, 5) * metres * METRE * 1.08,
        lat + dice.normal(rows, 6) * metres * METRE,
    )


def plates(numbers: Texts, rates: Rates, dice: Dice, rows: Ints) -> tuple[Texts, dict[str, Flags]]:
    """The owner's number as the survey read it off the thing's plate, where it has a legible one."""
    read = dice.happens(rows, rates["plate_read"], 8) & (numbers != "")
    wrong = read & dice.happens(rows, rates["plate_misread"], 9)
    text: Texts = np.where(read, numbers, "").astype(object)
    text[wrong] = mistyped(numbers[wrong], dice, rows[wrong])
    return text, {"plate_misread": wrong}


def positions(state: State, building: Ints, dice: Dice, rows: Ints) -> Texts:
    """Where a facility stands, in words: 建设北路12号对面."""
    places = state.world.places.buildings
    village = state.world.villages["short"].to_numpy(dtype=object)[places["village"].to_numpy()[building]]
    line = (places["road"] + places["hamlet"]).to_numpy(dtype=object)[building]
    door = places["door"].astype(str).to_numpy(dtype=object)[building]
    word = np.array(["门口", "对面", "旁", "附近"], dtype=object)[dice.below(rows, 4, 7)]
    text: Texts = np.where(line == "", village, line).astype(object) + door + "号" + word
    return text


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    suffix = f"-r{correction}" if correction else ""
    return f"components-{as_of}{suffix}.jsonl", json_lines(part.columns), 1
