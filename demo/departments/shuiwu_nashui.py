"""Tax: taxpayers under their own type words, sole traders sometimes under the owner's number, TSV."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.config import all_rates
from demo.departments.shichang_zhuti import names_now, org_addresses, org_phones
from demo.draw import Dice, Flags, Ints, Texts
from demo.errors import code_errors, damaged_lines, first_row_longer, line_errors, name_errors
from demo.extract import Column, Extract, entities, merge_errors
from demo.files import delimited
from demo.numbers import mistyped
from demo.world import State

SOURCE = "shuiwu_nashui"
AGAIN = 2**34
_KINDS = {"company": "单位纳税人", "sole_trader": "个体经营", "cooperative": "合作社", "branch": "分支机构"}
_STATES = {"存续": "正常", "在业": "正常", "注销": "注销", "吊销": "非正常"}


def extract(state: State, before: bool = False) -> Extract:
    """The taxpayers on a night; `before`: the register of a month earlier, with fewer of them."""
    rates, dice = state.rates(SOURCE), state.dice(SOURCE)
    organizations = state.world.organizations
    every = np.arange(len(organizations), dtype=np.int64)
    here = dice.happens(every, rates["coverage"]) & (organizations["from_night"].to_numpy() <= state.night)
    if before:
        here &= ~dice.happens(every, 0.03, 20)
    once = every[here]
    second = once[dice.happens(once, rates["duplicate_row"], 1)]
    who = np.r_[once, second]
    again = np.r_[np.zeros(len(once), dtype=bool), np.ones(len(second), dtype=bool)]
    ids = who + again * AGAIN
    frame = organizations.iloc[who].reset_index(drop=True)
    code, code_marks = _codes(frame, rates, dice, ids)
    registered, _ = names_now(state, who)
    name, varied = _name_variants(registered, frame, rates, dice, ids)
    person, name_marks = name_errors(frame["owner_name"].to_numpy(dtype=object), rates, dice, ids)
    phone, phone_marks = org_phones(state, frame["phone"].to_numpy(dtype=object), dice, ids, SOURCE)
    words, strange = code_errors(frame["kind"].map(_KINDS).to_numpy(dtype=object), "临时纳税人", rates, dice, ids)
    place = np.where(frame["site"] >= 0, frame["site"], frame["house"]).astype(np.int64)
    address, forms = org_addresses(state, place, SOURCE, dice, ids)
    blank = dice.happens(ids, rates["address_missing"], 5)
    tax = dice.below(ids, 90_000, 12)
    columns: dict[str, Column] = {
        "登记序号": np.array([f"{n:014d}" for n in dice.scramble(ids, 44).tolist()], dtype=object),
        "纳税人识别号": code,
        "纳税人名称": name,
        "课征主体登记类型": words,
        "生产经营地址": np.where(blank, "", address).astype(object),
        "行业": frame["industry"].to_numpy(dtype=object),
        "纳税人状态": frame["status"].map(_STATES).to_numpy(dtype=object),
        "法人代表姓名": person,
        "办税电话": phone,
        "应纳税额": np.array([f"{n}.00" for n in tax.tolist()], dtype=object),
    }
    building = state.world.places.houses["building"].to_numpy()[place]
    errors = merge_errors(
        code_marks, varied, name_marks, phone_marks, strange, {k: v & ~blank for k, v in forms.items()},
        {"address_missing": blank, "duplicate_row": again}, line_errors(rates, dice, ids),
    )  # fmt: skip
    return Extract(SOURCE, columns, {"organization": (entities(state, "organization", who), place, building)}, errors)


def _codes(frame: pd.DataFrame, rates: dict[str, float], dice: Dice, ids: Ints) -> tuple[Texts, dict[str, Flags]]:
    chance = dice.uniform(ids, 3)
    missing = chance < rates["id_missing"]
    typo = ~missing & (chance < rates["id_missing"] + rates["id_typo"])
    trader = (frame["kind"] == "sole_trader").to_numpy()
    citizen = trader & ~missing & ~typo & dice.happens(ids, rates["citizen_number_as_code"], 4)
    code = frame["code"].to_numpy(dtype=object)
    code = np.where(citizen, frame["owner_number"], np.where(typo, mistyped(code, dice, ids), code)).astype(object)
    code[missing] = ""
    return code, {"id_missing": missing, "id_typo": typo, "citizen_number_as_code": citizen}


def _name_variants(
    names: Texts, frame: pd.DataFrame, rates: dict[str, float], dice: Dice, ids: Ints
) -> tuple[Texts, dict[str, Flags]]:
    """Names as clerks shorten them: another form word, the city in brackets, no region."""
    flags = dice.happens(ids, rates["name_variant"], 6)
    form = dice.below(ids, 3, 7).tolist()
    result = names.copy()
    for row in np.flatnonzero(flags).tolist():
        name = names[row]
        if form[row] == 0:
            name = name.replace("有限公司", "有限责任公司").replace("（个体工商户）", "")
        elif form[row] == 1 and "市" in name:
            city, rest = name.split("市", 1)
            name = rest.replace("有限公司", f"（{city}）有限公司") if "有限公司" in rest else f"{rest}（{city}）"
        elif "市" in name:
            name = name.split("市", 1)[1]
        result[row] = name
    return result, {"name_variant": flags & (result != names)}


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    suffix = f"_C{correction}" if correction else ""
    first_row_longer(part.errors, all_rates()[SOURCE], part.rows)
    table = delimited(part.columns, "utf-8", "\t", "\n")
    return f"NSR_{as_of}{suffix}.tsv", damaged_lines(table, part.errors, "utf-8", "\t", "\n"), 2
