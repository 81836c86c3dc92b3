"""The household register: who is registered here, GB18030 CSV, sex as 1 and 2, dates as YYYYMMDD."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd

from demo.draw import Dice, Flags, Ints, Texts
from demo.errors import code_errors, name_errors, number_errors, phone_errors
from demo.extract import Extract, entities, merge_errors
from demo.files import delimited
from demo.people import CHILD, COLLECTIVE, FATHER, GRANDCHILD, HEAD, MOTHER, SPOUSE, ages
from demo.world import State

SOURCE = "gongan_hukou"
AGAIN = 2**36  # rows of the same person a second time draw as persons of their own


def extract(state: State) -> Extract:
    """The register's rows on a night."""
    rates, dice = state.rates(SOURCE), state.dice(SOURCE)
    persons = state.persons
    registered = ~persons["migrant"].to_numpy() & (persons["born_night"].to_numpy() <= state.night)
    ids = np.flatnonzero(registered).astype(np.int64)
    ids = ids[dice.happens(ids, rates["coverage"])]
    second = ids[dice.happens(ids, rates["duplicate_row"], 1) & (persons["dead_night"].to_numpy()[ids] == 0)]
    again = np.r_[np.zeros(len(ids), dtype=bool), np.ones(len(second), dtype=bool)]
    who = np.r_[ids, second]
    rows = who + again * AGAIN
    frame = persons.iloc[who].reset_index(drop=True)
    name, name_marks = name_errors(frame["name"].to_numpy(dtype=object), rates, dice, rows)
    number, number_marks = _numbers(state, frame, again, rows, dice)
    relation, relation_marks = _relations(frame, rates, dice, rows)
    registered_house = np.where(again, frame["old_house"], frame["registered_house"]).astype(np.int64)
    registered_address, forms = state.world.writer.write(registered_house, rates, dice, rows)
    actual, actual_marks = _actual(state, frame, dice, rows)
    phone, phone_marks = phone_errors(
        frame["phone"].to_numpy(dtype=object), frame["old_phone"].to_numpy(dtype=object), rates, dice, rows
    )
    birth = frame["birth_text"].to_numpy(dtype=object)
    partial = dice.happens(rows, rates["birth_year_month_only"], 5)
    birth = np.where(partial, np.array([text[:6] + "00" for text in birth], dtype=object), birth)
    status, since = _status(state, frame, again, dice, rows)
    households = state.world.people.households
    code = households["code"].to_numpy(dtype=object)[frame["household"].to_numpy()]
    code = np.where(again, np.array([f"9{text[1:]}" for text in code], dtype=object), code)
    columns = {
        "人员编号": np.array([f"{n:013d}" for n in dice.scramble(rows, 42).tolist()], dtype=object),
        "姓名": name,
        "曾用名": frame["former_name"].to_numpy(dtype=object),
        "公民身份号码": number,
        "性别": np.where(frame["male"].to_numpy(), "1", "2").astype(object),
        "民族": frame["ethnic"].to_numpy(dtype=object),
        "出生日期": birth.astype(object),
        "户号": code.astype(object),
        "与户主关系": relation,
        "户籍地址": registered_address,
        "现住址": actual,
        "联系电话": phone,
        "户口状态": status,
        "状态日期": since,
    }
    house = frame["house"].to_numpy().astype(np.int64)
    building = state.world.places.houses["building"].to_numpy()
    family = frame["household"].to_numpy().astype(np.int64) + again * AGAIN
    errors = merge_errors(
        name_marks, number_marks, relation_marks, forms, actual_marks, phone_marks,
        {"birth_year_month_only": partial, "duplicate_row": again},
    )  # fmt: skip
    marks = {
        "person": (entities(state, "person", who), house, building[house]),
        "household": (entities(state, "household", family), registered_house, building[registered_house]),
    }
    return Extract(SOURCE, columns, marks, errors, person_cases(frame, state))


def person_cases(frame: pd.DataFrame, state: State) -> dict[str, Flags]:
    """Hard cases that are no errors: twins, namesakes at one home, people without a resident number yet."""
    same = frame.duplicated(subset=["name", "household"], keep=False) & ~frame["number"].duplicated(keep=False)
    return {
        "twin": frame["twin"].to_numpy(),
        "namesake_at_home": same.to_numpy(),
        "father_and_son": frame["father_and_son"].to_numpy(),
        "newborn": frame["number_night"].to_numpy() > state.night,
        "lives_elsewhere": frame["house"].to_numpy() != frame["registered_house"].to_numpy(),
        "migrant": frame["migrant"].to_numpy(),
        "other_document": (frame["document_kind"] != "111").to_numpy(),
    }


def _numbers(state: State, frame: pd.DataFrame, again: Flags, rows: Ints, dice: Dice) -> tuple[Texts, dict[str, Flags]]:
    """Numbers; the very young and the very old lack one most often."""
    rates = state.rates(SOURCE)
    age = ages(frame)
    special = [rates["id_missing_child"], rates["id_missing_old"]]
    rate = np.select([age < 6, age > 75], special, rates["id_missing_other"])
    missing = (dice.happens(rows, rate, 6) & ~again) | (frame["number_night"].to_numpy() > state.night)
    empty = np.full(len(rows), "", dtype=object)
    everyone = np.ones(len(rows), dtype=bool)
    return number_errors(frame["number"].to_numpy(dtype=object), empty, everyone, missing, rates, dice, rows)


def _relations(frame: pd.DataFrame, rates: dict[str, float], dice: Dice, rows: Ints) -> tuple[Texts, dict[str, Flags]]:
    role, male = frame["role"].to_numpy(), frame["male"].to_numpy()
    joined = frame["marry_night"].to_numpy() > 0
    words = np.select(
        [joined, role == HEAD, role == SPOUSE, (role == CHILD) & male, role == CHILD, role == GRANDCHILD,
         role == FATHER, role == MOTHER, role == COLLECTIVE],
        ["其他", "户主", "配偶", "子", "女", "孙", "父", "母", "集体户"], "其他",
    )  # fmt: skip
    return code_errors(words.astype(object), "孙媳", rates, dice, rows)


def _actual(state: State, frame: pd.DataFrame, dice: Dice, rows: Ints) -> tuple[Texts, dict[str, Flags]]:
    """The real home as the police know it: often blank, sometimes the home before."""
    rates = state.rates(SOURCE)
    blank = dice.happens(rows, rates["actual_address_missing"], 7)
    stale = dice.happens(rows, rates["stale_address"], 8) & ~blank
    house = np.where(stale, frame["old_house"], frame["house"]).astype(np.int64)
    text, forms = state.world.writer.write(house, rates, state.dice(SOURCE, "actual"), rows)
    text[blank] = ""
    return text, merge_errors(
        {name: flags & ~blank for name, flags in forms.items()}, {"address_missing": blank, "stale_address": stale}
    )


def _status(state: State, frame: pd.DataFrame, again: Flags, dice: Dice, rows: Ints) -> tuple[Texts, Texts]:
    """Living, dead or moved out, with the day."""
    dead = (frame["dead_night"].to_numpy() > 0) & (frame["dead_night"].to_numpy() <= state.night)
    left = ((frame["left_night"].to_numpy() > 0) & (frame["left_night"].to_numpy() <= state.night)) | again
    words = np.where(dead, "死亡注销", np.where(left, "迁出", "正常")).astype(object)
    ago = np.where(frame["dead_night"].to_numpy() > 1, 1, 30 + dice.below(rows, 900, 9))
    night = np.where(frame["dead_night"].to_numpy() > 1, frame["dead_night"].to_numpy(), 1)
    first = state.day - timedelta(days=state.night - 1)
    dates = np.datetime64(first) + (night - 1 - ago).astype("timedelta64[D]")
    text = np.char.replace(np.datetime_as_string(dates.astype("datetime64[D]")), "-", "").astype(object)
    return words, np.where(dead | left, text, "").astype(object)


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    suffix = f"_更正{correction}" if correction else ""
    return f"户籍人口_{as_of}{suffix}.csv", delimited(part.columns, "gb18030", ",", "\r\n"), 2
