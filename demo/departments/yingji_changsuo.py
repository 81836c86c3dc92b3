"""Emergency management: works and warehouses under its eye and the shelters, a workbook with headings in two rows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from demo.departments.common import covered, sent_again
from demo.departments.rows import Rows
from demo.draw import pick
from demo.errors import name_errors, phone_errors
from demo.extract import Extract, entities
from demo.files import workbook
from demo.institutions import BASE
from demo.world import State

SOURCE = "yingji_changsuo"
_TRADES = {
    "3032": "工贸企业",
    "1310": "工贸企业",
    "4790": "建筑施工",
    "5141": "农资经营",
    "5810": "仓储物流",
    "8111": "汽修",
}
_BODY = ["监管编号", "单位全称", "社会信用代码"]  # the first group of headings
_SHELTERS = ["primary_school", "middle_school", "scenic_spot"]


def extract(state: State) -> Extract:
    """Works that trade from a place, and the schools and parks that are shelters."""
    every = _places(state)
    rows = Rows(state, SOURCE, covered(state, SOURCE, np.ones(len(every), dtype=bool)))
    frame = every.iloc[rows.who].reset_index(drop=True)
    person, marks = name_errors(frame["owner_name"].to_numpy(dtype=object), rows.rates, rows.dice, rows.rows)
    phone, phones = phone_errors(
        frame["phone"].to_numpy(dtype=object), frame["phone"].to_numpy(dtype=object), rows.rates, rows.dice, rows.rows
    )
    missing = rows.dice.happens(rows.rows, rows.rates["id_missing"], 3)
    rows.note(marks, phones, {"id_missing": missing})
    rows.note({"formula_no_value": ~missing & rows.dice.happens(rows.rows, rows.rates["formula_no_value"], 75)})
    house = frame["house"].to_numpy().astype(np.int64)
    columns = {
        "监管编号": rows.serial("YJ{:08d}", 26),
        "单位全称": frame["name"].to_numpy(dtype=object),
        "社会信用代码": np.where(missing, "", frame["code"]).astype(object),
        "监管类别": rows.word(frame["word"].to_numpy(dtype=object), "烟花爆竹"),
        "生产经营场所": rows.address(house),
        "安全负责人": person,
        "值班电话": phone,
        "风险等级": pick(["红", "橙", "黄", "蓝"], rows.dice.weighted(rows.rows, [2, 8, 30, 60], 70)),
        "可容纳人数": rows.dice.below(rows.rows, 900, 71).astype(str).astype(object),
    }
    if state.night > 1:
        columns["风险等级"] = columns.pop("风险等级")  # the last two have changed places
    building = state.world.places.houses["building"].to_numpy()[house]
    who = {
        kind: entities(state, kind, frame[name].to_numpy().astype(np.int64))
        for kind, name in (("organization", "body"), ("premises", "premises"))
    }
    return rows.extract(columns, {kind: (names, house, building) for kind, names in who.items()})


def _places(state: State) -> pd.DataFrame:
    """body, premises, name, code, owner_name, phone, word, house."""
    world = state.world
    firms = world.organizations.reset_index(names="body")
    firms["word"] = firms["industry"].map(_TRADES)
    firms = firms[firms["word"].notna() & (firms["site"] >= 0) & (firms["from_night"] == 1)]
    firms = firms.assign(house=lambda found: found["site"])
    public = world.institutions.reset_index(names="body")
    public = public[public["kind"].isin(_SHELTERS)].copy()
    public["body"] += BASE
    public = public.assign(premises=public["body"], word="应急避难场所")
    wanted = ["body", "premises", "name", "code", "owner_name", "phone", "word", "house"]
    return pd.concat([firms[wanted], public[wanted]], ignore_index=True)


def write(part: Extract, as_of: str, correction: int) -> tuple[str, bytes, int]:
    """File name, bytes and the sheet row of the first record; some codes are formulas that were never computed."""
    suffix = f"-修订{correction}" if correction else ""
    formula = np.where(part.errors["formula_no_value"], "=VLOOKUP(A1,台账!A:C,3,0)", "").astype(object)
    body = sum(name in _BODY for name in part.columns)
    groups = [("单位基本情况", body), ("监管信息", len(part.columns) - body)]
    content = workbook("场所清单", "", part.columns, {"社会信用代码": formula}, groups=groups)
    return f"安全监管场所{as_of}{suffix}.xlsx", content, 3


deliveries = sent_again(SOURCE, extract, write)
