"""Market regulation: what changed since the last delivery, UTF-8 CSV with a byte order mark."""

from __future__ import annotations

import numpy as np

from demo.draw import Dice, Flags, Ints, Texts
from demo.errors import code_errors, name_errors, phone_errors
from demo.extract import Column, Extract, entities, merge_errors
from demo.files import delimited
from demo.numbers import mobiles
from demo.wording import to_full_width
from demo.world import State

SOURCE = "shichang_zhuti"
_KINDS = {"company": "企业", "sole_trader": "个体工商户", "cooperative": "农民专业合作社", "branch": "分支机构"}


def listed(state: State) -> Ints:
    """The organizations this department registers."""
    ids = np.arange(len(state.world.organizations), dtype=np.int64)
    return ids[state.dice(SOURCE).happens(ids, state.rates(SOURCE)["coverage"])]


def operations(state: State, ids: Ints) -> Texts:
    """I, U, D or nothing for each organization on a night."""
    frame = state.world.organizations.iloc[ids]
    names = ("from_night", "rename_night", "move_night", "close_night")
    since, renamed, moved, closed = (frame[name].to_numpy() == state.night for name in names)
    return np.select([since, renamed | moved, closed], ["I", "U", "D"], "").astype(object)


def names_now(state: State, ids: Ints) -> tuple[Texts, Flags]:
    """Registered names on a night and whether the organization has been renamed by then."""
    frame = state.world.organizations.iloc[ids]
    renamed = (frame["rename_night"].to_numpy() > 0) & (frame["rename_night"].to_numpy() <= state.night)
    return np.where(renamed, frame["new_name"], frame["name"]).astype(object), renamed


def extract(state: State) -> Extract:
    """The changed organizations of a night (all of them on the first)."""
    rates, dice = state.rates(SOURCE), state.dice(SOURCE)
    ids = listed(state)
    operation = operations(state, ids)
    ids, operation = ids[operation != ""], operation[operation != ""]
    frame = state.world.organizations.iloc[ids].reset_index(drop=True)
    name, renamed = names_now(state, ids)
    person, name_marks = name_errors(frame["owner_name"].to_numpy(dtype=object), rates, dice, ids)
    phone, phone_marks = org_phones(state, frame["phone"].to_numpy(dtype=object), dice, ids, SOURCE)
    words, strange = code_errors(frame["kind"].map(_KINDS).to_numpy(dtype=object), "外资", rates, dice, ids)
    missing = dice.happens(ids, rates["id_missing"], 3)
    wide = dice.happens(ids, rates["full_width"], 4) & ~missing
    code = frame["code"].to_numpy(dtype=object)
    code = np.where(missing, "", np.where(wide, np.array([to_full_width(c) for c in code], dtype=object), code))
    house, site = frame["house"].to_numpy().astype(np.int64), frame["site"].to_numpy().astype(np.int64)
    registered, forms = state.world.writer.write(house, rates, dice, ids)
    actual, actual_forms = org_addresses(state, site, SOURCE, dice, ids)
    blank = dice.happens(ids, rates["address_missing"], 5)
    closed = (frame["close_night"].to_numpy() > 0) & (frame["close_night"].to_numpy() <= state.night)
    columns: dict[str, Column] = {
        "主体标识": np.array([f"{n:012d}" for n in dice.scramble(ids, 38).tolist()], dtype=object),
        "操作标志": operation,
        "统一社会信用代码": code.astype(object),
        "企业名称": name,
        "曾用名称": np.where(renamed, frame["name"], "").astype(object),
        "主体类型": words,
        "行业代码": frame["industry"].to_numpy(dtype=object),
        "登记状态": np.where(closed, "注销", frame["status"]).astype(object),
        "法定代表人": person,
        "住所": np.where(blank, "", registered).astype(object),
        "经营场所": actual,
        "许可证号": np.where(site >= 0, frame["licence"], "").astype(object),
        "成立日期": frame["established"].to_numpy(dtype=object),
        "联系电话": phone,
        "注册资本": frame["capital"].to_numpy(dtype=object),
    }
    building = state.world.places.houses["building"].to_numpy()
    premises = frame["premises"].to_numpy().astype(np.int64)
    errors = merge_errors(
        name_marks, phone_marks, strange, forms, actual_forms,
        {"id_missing": missing, "full_width": wide, "address_missing": blank},
    )  # fmt: skip
    marks = {
        "organization": (entities(state, "organization", ids), house, building[house]),
        "premises": (entities(state, "premises", premises), site, np.where(site >= 0, building[site], -1)),
    }
    return Extract(SOURCE, columns, marks, errors, {"shared_premises": frame["partner"].to_numpy() >= 0})


def org_phones(state: State, phones: Texts, dice: Dice, ids: Ints, source: str) -> tuple[Texts, dict[str, Flags]]:
    """An organization's phone; a stale one is the number it had before."""
    old = mobiles(state.dice("old phone"), ids % 2**26)
    return phone_errors(phones, old, state.rates(source), dice, ids)


def org_addresses(state: State, site: Ints, source: str, dice: Dice, ids: Ints) -> tuple[Texts, dict[str, Flags]]:
    """Addresses of the places of business, empty where there is none, sometimes the one before."""
    rates = state.rates(source)
    has = site >= 0
    stale = has & dice.happens(ids, rates["stale_address"], 8)
    houses = len(state.world.places.houses)
    house = np.where(stale, dice.below(ids, houses, 9), np.maximum(site, 0))
    text, forms = state.world.writer.write(house, rates, state.dice(source, "site"), ids)
    text[~has] = ""
    return text, merge_errors({name: flags & has for name, flags in forms.items()}, {"stale_address": stale})


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the line of the first record."""
    suffix = f"_更正{correction}" if correction else ""
    return f"市场主体增量-{as_of}{suffix}.csv", delimited(part.columns, "utf-8-sig", ",", "\n"), 2
