"""The telling words of names: two of one firm seldom share every letter, but mostly a word that few others bear.

A block on them (``name_words``) finds AKZO NOBEL beside AKZO NOBLE and a name beside its shorter form. Words of an
alphabet stand between blanks; in Chinese, which has none, every two neighbouring characters are one.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from transforms.link.codes import spread
from transforms.link.said import TEXT, Values

ENDING = "_words"  # of a block's part: name_words are the telling words of name
TELLING = 3  # words of a name that count: its rarest, among those that another name bears as well
_RUN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|\w+?(?=[\u3400-\u9fff\U00020000-\U0003ffff]|\b)")
_HANZI = "\u3400"


def words(text: str) -> list[str]:
    """Distinct words, sorted: those of an alphabet in small letters, of Chinese every two neighbours."""
    found: set[str] = set()
    for run in _RUN.findall(text.casefold()):
        pairs = run[0] >= _HANZI and len(run) > 1
        found.update(run[at : at + 2] for at in range(len(run) - 1)) if pairs else found.add(run)
    return sorted(found)


def telling(names: Values) -> Values:
    """(record, word) of the ``TELLING`` rarest words of what each record says; a word of one text brings none together.

    Args:
        names: what the records say, with its texts.
    """
    said = np.unique(names.v)
    split = [words(text) for text in names.texts.take(pa.array(said)).to_pylist()]
    known, word = np.unique(np.array([one for each in split for one in each], dtype=object), return_inverse=True)
    borne = np.bincount(word, minlength=len(known))
    of = np.repeat(np.arange(len(split)), [len(each) for each in split])
    shared = borne[word] > 1
    word, of = word[shared], of[shared]
    order = np.lexsort((word, borne[word], of))  # equally rare: the first of the alphabet
    word, of = word[order], of[order]
    times = np.bincount(of, minlength=len(split))
    first = np.cumsum(times) - times
    kept = np.arange(len(of)) - first[of] < TELLING
    word, times = word[kept], np.minimum(times, TELLING)
    place = np.searchsorted(said, names.v)
    at, chosen = spread((np.cumsum(times) - times)[place], times[place])
    return Values(names.r[at], word[chosen].astype(np.int32), pa.nulls(len(known), TEXT))
