"""Numbers that can be read several ways (21号-1201室, 12-3-501): the library decides, if it knows one of them.

The grammar refuses them: 21号-1201 is room 1201 at door 21, or room 201 at door 21-1. Every reading is looked up; when
the library holds a node of exactly one of them, that is the address, else it stays refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd

from transforms.locate.match import Matcher

_LESS = 300  # of 10 000: what the doubt costs beside a text that needs no library to be read
_ROOM_WORD = r"(?:室|房|铺|户|号)?"
_PAIR = re.compile(rf"(?P<a>\d{{1,4}})(?P<plate>号?)-(?P<b>\d{{3,6}}){_ROOM_WORD}")
_TRIPLE = re.compile(rf"(?P<a>\d{{1,4}})(?P<plate>号?)-(?P<b>\d{{1,2}})-(?P<c>\d{{3,4}}){_ROOM_WORD}")
_ROOM_DIGITS = (3, 4)
_READ = ("door", "building", "unit", "room")


def readings(residual: str) -> Iterator[dict[str, str]]:
    """Element texts that a residual of numbers may mean; none for other residuals."""
    if pair := _PAIR.fullmatch(residual):
        a, b = pair["a"], pair["b"]
        for digits in range(3):
            if len(b) - digits in _ROOM_DIGITS:
                yield {"door": f"{a}-{b[:digits]}" if digits else a, "room": b[digits:]}
        if not pair["plate"] and len(b) in _ROOM_DIGITS:
            yield {"building": a, "room": b}
    elif triple := _TRIPLE.fullmatch(residual):
        a, b, c = triple["a"], triple["b"], triple["c"]
        yield {"door": a, "building": b, "room": c}
        yield {"door": a, "unit": b, "room": c}
        yield {"door": f"{a}-{b}", "room": c}
        if not triple["plate"]:
            yield {"building": a, "unit": b, "room": c}


def decide(texts: pd.DataFrame, matcher: Matcher) -> pd.DataFrame:
    """Texts whose residual the library reads in one way only.

    Args:
        texts: distinct parsed addresses with ``residual``, index 0..n-1.
        matcher: of the library.

    Returns:
        ``text node score``: a position in the library each.
    """
    numbered = texts[texts["residual"].str.contains(r"\d-\d|号-\d", na=False) & texts[list(_READ)].isna().all(axis=1)]
    rows = [(at, said) for at, residual in numbered["residual"].items() for said in readings(residual)]
    open_texts = numbered.loc[[at for at, _ in rows]].reset_index(drop=True)
    said = pd.DataFrame([said for _, said in rows], columns=list(_READ), index=open_texts.index, dtype=object)
    found = matcher.whole(open_texts.assign(**{level: said[level] for level in _READ}))
    found["text"] = np.array([at for at, _ in rows], dtype=np.int64)[found["text"]]
    found = found.sort_values(["text", "node", "score"], ascending=[True, True, False])
    found = found.drop_duplicates(["text", "node"])  # two readings of one node are no doubt
    single = found[~found["text"].duplicated(keep=False)]
    return single.assign(score=single["score"] - _LESS).reset_index(drop=True)
