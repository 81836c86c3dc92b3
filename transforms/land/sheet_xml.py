"""A second, dumb look at a worksheet: its XML as bytes, row tags and where cells stand; it understands no value."""

from __future__ import annotations

import html
import re
import zipfile
from dataclasses import dataclass

from transforms.errors import RefusedError

_ROW = re.compile(rb"<(?:\w+:)?row\b")
_SAYS = re.compile(rb"<(?:\w+:)?[vt](?: [^>]*)?>[^<]")
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_NUMBER = re.compile(rb"\br=[\"'](\d+)[\"']")
_HIDDEN = re.compile(rb"\bhidden=[\"'](?:1|true)[\"']")
_PLACE = re.compile(rb"\br=[\"']([A-Z]+)\d+[\"']")
_WIDE = re.compile(rb"\br=[\"']([A-Z]{2,})\d+[\"']")
_SHEET = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_GAP = 10_000  # rows without a tag that a sheet may skip; beyond it a reader would fill memory with nothing
COLUMNS = 1_000


@dataclass(frozen=True)
class Seen:
    """Rows of a sheet.

    Attributes:
        filled: numbers of rows with at least one cell that says something.
        unusable: row number → columns (from 0) whose cell is an error, or a formula without a value.
        hidden: numbers of filled rows that the sheet does not show.
    """

    filled: frozenset[int]
    unusable: dict[int, frozenset[int]]
    hidden: frozenset[int] = frozenset()


def look(archive: zipfile.ZipFile, sheet: str) -> Seen:
    """Row numbers of a sheet by name.

    Raises:
        RefusedError: ``NO_SHEET``, ``TOO_SPARSE`` or ``DAMAGED``.
    """
    try:
        data = archive.read(_part(archive, sheet))
    except KeyError:
        raise RefusedError("DAMAGED", "the workbook lacks a part that it names") from None
    if any(column(found) >= COLUMNS for found in set(_WIDE.findall(data))):
        raise RefusedError("TOO_SPARSE", f"sheet {sheet}: a cell stands beyond column {COLUMNS}")
    filled, hidden, unusable, number = set(), set(), {}, 0
    tags = _ROW.split(data)[1:]
    for tag in tags:
        given = _NUMBER.search(tag, 0, tag.find(b">") + 1)
        number = int(given[1]) if given else number + 1
        if _SAYS.search(tag):
            filled.add(number)
        if _HIDDEN.search(tag, 0, tag.find(b">") + 1):
            hidden.add(number)
        if (b"<f" in tag or b":f" in tag or b'"e"' in tag or b"'e'" in tag) and (bad := _unusable(tag)):
            unusable[number] = bad
            filled.add(number)
    if max(filled, default=0) > len(tags) + _GAP or number > len(tags) + _GAP:
        raise RefusedError("TOO_SPARSE", f"sheet {sheet}: a row stands far below the others")
    return Seen(frozenset(filled), unusable, frozenset(hidden & filled))


def _unusable(tag: bytes) -> frozenset[int]:
    bad = set()
    for at, found in enumerate(_CELL.finditer(tag)):
        attributes, content = found[1], found[2] or b""
        formula = b"<f" in content or b":f" in content
        error = b't="e"' in attributes or b"t='e'" in attributes
        if error or (formula and not _SAYS.search(content)):
            place = _PLACE.search(attributes)
            bad.add(column(place[1]) if place else at)
    return frozenset(bad)


def column(letters: bytes) -> int:
    """The number, from 0, of a column by its letters."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _part(archive: zipfile.ZipFile, sheet: str) -> str:
    workbook = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    for tag in _SHEET.findall(workbook):
        told = _attributes(tag)
        if told.get("name") == sheet:
            wanted = told.get("id", "")
            break
    else:
        raise RefusedError("NO_SHEET", f"the workbook has no sheet {sheet}")
    for tag in _RELATION.findall(archive.read("xl/_rels/workbook.xml.rels").decode("utf-8", "replace")):
        told = _attributes(tag)
        if told.get("Id") == wanted:
            target = told.get("Target", "")
            return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError(sheet)


def _attributes(tag: str) -> dict[str, str]:
    found = re.findall(r"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", tag)
    return {name.rpartition(":")[2]: html.unescape(double or single) for name, double, single in found}
