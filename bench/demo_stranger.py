"""The departments' person rows as somebody reads them who has the contracts and nothing else of gridfacts.

The files are landed by `transforms.land`, so that every format is read and every row has its line; the rest is a few
rules of thumb: no department's habits, no address grammar, no look-alike characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pypinyin import lazy_pinyin

from transforms import contract, keys, land, store
from transforms.run import Run

NIGHT = "2026-10-01"
COMMON = 15  # as many different names on one number or phone are no person's and no family's
FIELDS = ("name", "document", "birth_date", "sex", "phone", "actual_address", "registered_address")
_WEIGHTS = [pow(2, 17 - place, 11) for place in range(17)]  # GB 11643
_BIRTH = re.compile(r"(\d{4})(?:\D?(\d{2})\D?(\d{2})|\D(\d{1,2})\D(\d{1,2}))\D?")


def check_character(first_17: str) -> str:
    """The last character of a resident number (GB 11643, ISO 7064 MOD 11-2)."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def tidy(text: str | None) -> str:
    """Half-width, without spaces and unseen characters."""
    kept = unicodedata.normalize("NFKC", text or "")
    return "".join(char for char in kept if unicodedata.category(char)[0] not in "ZC")


def number(text: str | None) -> str:
    """A document number that can be grouped by; empty where it cannot be one."""
    found = tidy(text).upper().replace("'", "")
    if re.fullmatch(r"\d{15}", found):
        found = f"{found[:6]}19{found[6:]}"
        return found + check_character(found)
    if re.fullmatch(r"\d{17}[\dX]", found):
        return found if found[17] == check_character(found[:17]) else ""
    return found if re.fullmatch(r"[A-Z]{1,3}\d{7,12}|\d{8}", found) else ""


def near_number(text: str | None) -> str:
    """Anything that is mostly a number: what Splink may compare by distance."""
    found = re.sub(r"[^0-9A-Z]", "", tidy(text).upper())
    return found if len(found) >= 8 and sum(char.isdigit() for char in found) > 6 else ""


def birth(text: str | None) -> str:
    """A date as YYYY-MM-DD; empty where day or month are missing."""
    found = _BIRTH.fullmatch(tidy(text))
    if not found:
        return ""
    year, month, day = (int(part) for part in found.groups() if part)
    return f"{year:04d}-{month:02d}-{day:02d}" if 1 <= month <= 12 and 1 <= day <= 31 else ""


def phone(text: str | None) -> str:
    """The first mobile number of a cell."""
    found = re.search(r"1\d{10}", re.sub(r"[^\d;,/]", "", tidy(text)))
    return found.group() if found else ""


def name(text: str | None) -> str:
    """A name without brackets and dots."""
    return re.sub(r"[(（].*$|[·•・‧．.]", "", tidy(text))


CLEAN = {"name": name, "birth_date": birth, "phone": phone, "actual_address": tidy, "registered_address": tidy}


def each(column: pd.Series[str], clean: Callable[[str | None], str]) -> pd.Series[str]:
    """Clean every distinct value once."""
    codes, values = pd.factorize(column, use_na_sentinel=True)
    cleaned = np.array([*(clean(value) for value in values), ""], dtype=object)
    return pd.Series(cleaned[codes], index=column.index)


def landed(run: Run) -> pd.DataFrame:
    """The landed rows of all sources that feed persons: batch, line and the columns of `FIELDS` as they stand."""
    if not (run.settings.home / "keys.yml").is_file():
        keys.create(run.settings.home / "keys.yml")
    promises = {s: c for s, c in contract.load_all(run.settings.expectations).items() if "person" in c.feeds}
    land.run(run, list(promises))
    parts = []
    for source, promise in sorted(promises.items()):
        headings = {
            to.removeprefix("person."): column
            for column in promise.columns
            for to in ([column.to] if isinstance(column.to, str) else column.to)
            if to.removeprefix("person.") in FIELDS
        }
        for batch in store.landed(run, source):
            folder = run.settings.home / "lake" / "land" / source / batch
            rows = pq.read_table(folder / "rows.parquet").to_pandas()
            part = rows[["batch", "line"]].assign(source=source)
            for field in FIELDS:
                column = headings.get(field)
                part[field] = None if column is None else rows[column.heading]
                if column is not None and column.codes:
                    part[field] = rows[column.heading].map(column.codes)
            parts.append(part)
    return pd.concat(parts, ignore_index=True)


def common(column: pd.Series[str], names: pd.Series[str]) -> pd.Series[str]:
    """The column without values that stand beside more than `COMMON` different names."""
    kinds = pd.DataFrame({"value": column, "name": names}).drop_duplicates()["value"].value_counts()
    return column.where(~column.isin(kinds.index[kinds > COMMON]), "")


def read(rows: pd.DataFrame) -> pd.DataFrame:
    """Clean columns, empty texts where nothing is known: unique_id, source, name, pinyin, number, near, birth ..."""
    result = pd.DataFrame({"unique_id": np.arange(len(rows)), "source": rows["source"], "sex": rows["sex"].fillna("")})
    for field, clean in CLEAN.items():
        result[field] = each(rows[field], clean)
    result["number"] = common(each(rows["document"], number), result["name"])
    result["near"] = common(each(rows["document"], near_number), result["name"])
    result["phone"] = common(result["phone"], result["name"])
    result["pinyin"] = each(result["name"], lambda text: " ".join(lazy_pinyin(text or "")))
    result["address"] = result.pop("actual_address").where(lambda c: c != "", result.pop("registered_address"))
    return result.rename(columns={"birth_date": "birth"})
