"""A sender's words made fit to show: printable, on one line, not too long."""

from __future__ import annotations

from hashlib import sha256
from itertools import groupby

import pandas as pd

from transforms import values

_NAME = 200
_TAIL = 16  # figures of the hash of a text that is cut: no two names look the same


def shown(text: str, longest: int = _NAME) -> str:
    """The text with everything unprintable escaped; undecodable bytes of a file name show as escapes too.

    No two texts are shown alike: what is cut ends in figures of its hash.
    """
    safe = "".join(c if _plain(c) else _escaped(c) for c in text)
    if len(safe) <= longest:
        return safe
    return f"{safe[: longest - _TAIL - 1]}…{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_TAIL]}"


def masked(text: str, longest: int = _NAME) -> str:
    """The same without the numbers of persons that stand in it, and without the hash, which would tell them.

    They are looked for before anything is escaped or cut, for beside an escape or cut short they look like none.
    """
    runs = [(plain, "".join(found)) for plain, found in groupby(text, _plain)]
    clean = values.mask_numbers(pd.Series([run if plain else "" for plain, run in runs], dtype=object))
    told = "".join(one if plain else _escaped(run) for one, (plain, run) in zip(clean, runs, strict=True))
    return told if len(told) <= longest else f"{told[: longest - 1]}…"


def _plain(character: str) -> bool:
    return character.isprintable() and character != "\\"


def _escaped(text: str) -> str:
    return text.encode("unicode_escape", "surrogatepass").decode()
