"""Social security: the working-age insured, migrants among them, an XLSX with a title row."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.departments.gongan_hukou import AGAIN, person_cases
from demo.draw import Dice, Flags, Ints, Texts, pick
from demo.errors import code_errors, name_errors, number_errors, phone_errors
from demo.extract import Column, Extract, entities, merge_errors
from demo.files import workbook
from demo.people import ages
from demo.world import State

SOURCE = "shebao_canbao"
_KINDS = {
    "111": "居民身份证", "550": "港澳台居民居住证", "516": "港澳居民来往内地通行证", "511": "台湾居民来往大陆通行证",
    "553": "外国人永久居留身份证", "414": "护照",
}  # fmt: skip
_DEFAULT_BIRTH = "1900/01/01"


def extract(state: State) -> Extract:
    """The insured on a night; from the second night on with a column the contract does not know."""
    rates, dice = state.rates(SOURCE), state.dice(SOURCE)
    who, again, dead = _insured(state, rates, dice)
    rows = who + again * AGAIN
    frame = state.persons.iloc[who].reset_index(drop=True)
    name, name_marks = name_errors(frame["name"].to_numpy(dtype=object), rates, dice, rows)
    number, number_marks = _numbers(state, frame, rates, dice, rows)
    sex = np.where(frame["male"].to_numpy(), "男", "女").astype(object)
    sex, sex_marks = code_errors(sex, "不详", rates, dice, rows)
    birth, birth_marks = _births(frame, rates, dice, rows)
    phone, phone_marks = phone_errors(
        frame["phone"].to_numpy(dtype=object), frame["old_phone"].to_numpy(dtype=object), rates, dice, rows
    )
    address, address_marks = _addresses(state, frame, rates, dice, rows)
    employer = state.world.organizations["name"].to_numpy(dtype=object)
    columns: dict[str, Column] = {
        "个人编号": np.array([f"{n:012d}" for n in dice.scramble(rows, 40).tolist()], dtype=object),
        "参保人姓名": name,
        "证件类型": frame["document_kind"].map(_KINDS).to_numpy(dtype=object),
        "证件号码": number,
        "性 别": sex,
        "出生年月日": birth,
        "手机": phone,
        "居住地": address,
        "缴费基数": np.array([str(3600 + 200 * n) for n in dice.below(rows, 60, 20).tolist()], dtype=object),
        "单位名称": employer[dice.below(rows, len(employer), 21)],
    }
    if state.night > 1:
        columns["参保险种"] = pick(["职工养老", "城乡居民养老"], dice.below(rows, 2, 22))
    house = frame["house"].to_numpy().astype(np.int64)
    building = state.world.places.houses["building"].to_numpy()[house]
    errors = merge_errors(
        name_marks, number_marks, sex_marks, birth_marks, phone_marks, address_marks,
        {"duplicate_row": again, "dead_still_listed": dead[who]},
    )  # fmt: skip
    marks = {"person": (entities(state, "person", who), house, building)}
    return Extract(SOURCE, columns, marks, errors, person_cases(frame, state))


def _insured(state: State, rates: dict[str, float], dice: Dice) -> tuple[Ints, Flags, Flags]:
    """Who is insured (the working-age, some twice; the dead leave, most of them), who is a second row, who is dead."""
    persons = state.persons
    age = ages(persons)
    ids = np.arange(len(persons), dtype=np.int64)
    dead = (persons["dead_night"].to_numpy() > 0) & (persons["dead_night"].to_numpy() <= state.night)
    left = (persons["left_night"].to_numpy() > 0) & (persons["left_night"].to_numpy() <= state.night)
    fit = (age >= 18) & (age <= 66) & dice.happens(ids, rates["coverage"]) & ~left
    who = ids[fit & (~dead | dice.happens(ids, rates["dead_still_listed"], 1))]
    second = who[dice.happens(who, rates["duplicate_row"], 2)]
    return np.r_[who, second], np.r_[np.zeros(len(who), dtype=bool), np.ones(len(second), dtype=bool)], dead


def _numbers(
    state: State, frame: pd.DataFrame, rates: dict[str, float], dice: Dice, rows: Ints
) -> tuple[Texts, dict[str, Flags]]:
    everyone = state.world.people.persons["number"].to_numpy(dtype=object)
    relative = frame["relative"].to_numpy()
    borrowed = np.where(relative >= 0, everyone[np.maximum(relative, 0)], "").astype(object)
    resident = (frame["document_kind"] == "111").to_numpy()
    missing = dice.happens(rows, rates["id_missing"], 6)
    return number_errors(frame["document"].to_numpy(dtype=object), borrowed, resident, missing, rates, dice, rows)


def _births(frame: pd.DataFrame, rates: dict[str, float], dice: Dice, rows: Ints) -> tuple[Texts, dict[str, Flags]]:
    """1985/03/07, 1985/3/7 or 1985年3月7日; sometimes only the month, sometimes the form's default."""
    chance = dice.uniform(rows, 7)
    default = chance < rates["birth_default"]
    partial = ~default & (chance < rates["birth_default"] + rates["birth_year_month_only"])
    form = dice.weighted(rows, [0.65, 0.2, 0.15], 8)
    texts = []
    for born, kind, short, unset in zip(
        frame["birth_text"], form.tolist(), partial.tolist(), default.tolist(), strict=True
    ):
        year, month, day = born[:4], born[4:6], born[6:]
        full = (f"{year}/{month}/{day}", f"{year}/{int(month)}/{int(day)}", f"{year}年{int(month)}月{int(day)}日")[kind]
        texts.append(_DEFAULT_BIRTH if unset else f"{year}-{month}" if short else full)
    return np.array(texts, dtype=object), {"birth_default": default, "birth_year_month_only": partial}


def _addresses(
    state: State, frame: pd.DataFrame, rates: dict[str, float], dice: Dice, rows: Ints
) -> tuple[Texts, dict[str, Flags]]:
    chance = dice.uniform(rows, 9)
    missing = chance < rates["address_missing"]
    coarse = ~missing & (chance < rates["address_missing"] + rates["address_village_only"])
    stale = dice.happens(rows, rates["stale_address"], 10) & ~missing
    house = np.where(stale, frame["old_house"], frame["house"]).astype(np.int64)
    writer = state.world.writer
    text, forms = writer.write(house, rates, dice, rows)
    text = np.where(missing, "", np.where(coarse, writer.village_only(house), text)).astype(object)
    whole = ~missing & ~coarse
    forms = {name: flags & whole for name, flags in forms.items()}
    return text, merge_errors(
        forms, {"address_missing": missing, "address_village_only": coarse, "stale_address": stale}
    )


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record; damaged numbers are typed as numbers."""
    suffix = f"（更正{correction}）" if correction else ""
    numbers = part.columns["证件号码"]
    typed = np.where(part.errors["id_excel_number"], numbers, "").astype(object)
    title = f"全市参保人员名单（{as_of[:4]}年{int(as_of[4:6])}月）"
    content = workbook("参保人员", title, part.columns, {"证件号码": typed})
    return f"参保人员名单{as_of}{suffix}.xlsx", content, 3
