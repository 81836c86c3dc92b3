"""Address texts → clean columns: divisions, elements, level and canonical path, once per distinct text."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache

import pandas as pd

from transforms import values
from transforms.divisions import ANYWHERE
from transforms.run import Run
from transforms.standardise.address import elements, gazetteer, normalise
from transforms.standardise.address.gazetteer import LEVELS, Gazetteer

OUTSIDE = "outside"  # the level of an address that names a province or city of elsewhere
_ANCHORS = ("group", "road", "estate")  # where a path may begin that stands in no village: 12号 alone is no place
ELEMENTS, DIVISIONS = elements.ELEMENTS, LEVELS
COLUMNS = ("path", "level", *DIVISIONS, "among", *elements.FIELDS)
_REMEMBERED = 60_000  # texts, some 100 MB: departments of one town write the same addresses
_Row = tuple[str | None, ...]
_names_of = lru_cache(maxsize=20_000)(lambda village, known: known.short_names(village))
_told: Callable[[elements.Elements], _Row] = operator.attrgetter(*elements.FIELDS)
_NOTHING: _Row = (None,) * len(COLUMNS)


def read_addresses(run: Run, series: pd.Series) -> pd.DataFrame:
    """The columns of :meth:`Reader.parse` for texts that come with a question, not with a batch."""
    return Reader(gazetteer.load(run.settings.expectations, run.night)).parse(values.clean_text(series))


class Reader:
    """Reads addresses of one batch; a text that several columns or kinds hold is parsed once."""

    def __init__(self, known: Gazetteer) -> None:
        """Start with nothing read."""
        self._gazetteer = known
        self._read: dict[str, _Row] = {}

    def remember(self, texts: Sequence[str | None], rows: Sequence[_Row]) -> None:
        """Take texts as read before, by this code and this gazetteer: of each its :data:`COLUMNS`."""
        self._read.update((text, row) for text, row in zip(texts, rows, strict=True) if text is not None)

    def parse(self, series: pd.Series) -> pd.DataFrame:
        """Read a column of addresses.

        Args:
            series: texts after :func:`transforms.values.clean_text`, or None; any index.

        Returns:
            One row per value, same index, columns :data:`COLUMNS`, text or None. ``among`` holds the division codes
            that an ambiguous text leaves open, joined by ``|``.
        """
        distinct, codes = values.per_distinct(series)
        rows = [self._row(text) if isinstance(text, str) else _NOTHING for text in distinct]
        frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
        return frame.take(codes.to_numpy()).set_axis(series.index)

    def _row(self, text: str) -> _Row:
        if text not in self._read:
            self._read[text] = _row(text, self._gazetteer)
        return self._read[text]


@lru_cache(maxsize=_REMEMBERED)
def _row(text: str, known: Gazetteer) -> _Row:
    text = normalise.normalise(text)
    if not text:
        return _NOTHING
    found = known.walk(text)
    if found.outside:
        return (None, OUTSIDE, found.province or known.chain(found.codes).get("province"), *_NOTHING[3:])
    return _placed(text[found.end :], found.codes, known)


@lru_cache(maxsize=_REMEMBERED)
def _placed(rest: str, codes: tuple[str, ...], known: Gazetteer) -> _Row:
    """What stands behind the divisions, in them: one text for all the ways in which departments write divisions."""
    chain = known.chain(codes)
    unknown, rest = known.unknown_town(rest, chain)
    said = elements.Elements(*_said(rest))
    said.residual = ",".join(part for part in (unknown, said.residual) if part) or None
    if said.estate and "village" not in chain:
        codes, end = known.villages_of(said.estate, codes)
        chain, said.estate = known.chain(codes), said.estate[end:]
    village = chain.get("village")
    if village and said.estate:
        said.estate = _without_village(said.estate, _names_of(village, known))
    steps = said.path()
    anchored = bool(village) or (not unknown and steps[:1] and steps[0].partition(":")[0] in _ANCHORS)
    path = "|".join(["+".join(sorted(codes)) or ANYWHERE, *steps]) if steps and anchored else None
    level = said.finest() or next((name for name in reversed(LEVELS) if name in chain), None)
    among = "|".join(codes) if len(codes) > 1 else None
    return (path, level, *map(chain.get, LEVELS), among, *_told(said))


@lru_cache(maxsize=_REMEMBERED)
def _said(rest: str) -> _Row:
    return _told(elements.parse(rest))


def _without_village(estate: str, names: tuple[str, ...]) -> str:
    """育华社区小学 in 育华社区 is 小学: some departments repeat the village, some do not."""
    for name in names:
        if estate.startswith(name) and len(estate) - len(name) >= gazetteer.LEAST:
            return estate[len(name) :]
    return estate
