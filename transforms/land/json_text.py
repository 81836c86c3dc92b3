"""JSON kept as written: members of an object with the text of each value, found without building more than needed."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # stable since Python 3.0, not in its stubs

from transforms.errors import RefusedError

_SKIP = re.compile(r"[ \t\n\r]*").match
_DECODE = json.JSONDecoder(parse_float=str, parse_int=str).scan_once  # type: ignore[attr-defined]  # as raw_decode does


class RowFaultError(Exception):
    """One row cannot be read; its argument is the fault's code."""


def skip(text: str, at: int) -> int:
    """The place of the next character that is no blank."""
    return _SKIP(text, at).end()  # type: ignore[union-attr]  # the pattern matches everywhere


def value(text: str, at: int) -> tuple[object, int]:
    """A value (numbers as their text) and the place after it.

    Raises:
        ValueError: not JSON. RefusedError: ``TOO_DEEP``.
    """
    try:
        found, end = _DECODE(text, at)
    except StopIteration as stop:
        raise ValueError(stop.value) from None
    except RecursionError:
        raise RefusedError("TOO_DEEP", f"character {at + 1}: values are nested too deeply") from None
    if text[at] in "NI" or text.startswith("-I", at):  # NaN and Infinity are Python's, not JSON's
        raise ValueError(at)
    return found, end


def landed(text: str, start: int, end: int, found: object) -> str | None:
    """A value as land keeps it: a string's characters, null as null, all else as written."""
    if isinstance(found, str) and text[start] == '"':
        return whole(found)
    return None if found is None else text[start:end]


def whole(found: str) -> str:
    """A string that can be written in UTF-8.

    Raises:
        RowFaultError: ``LONE_SURROGATE``.
    """
    try:
        found.encode()
    except UnicodeEncodeError:
        raise RowFaultError("LONE_SURROGATE") from None
    return found


def members(text: str, at: int) -> tuple[list[tuple[str, int, int, object]], int]:
    """The members of the object at a place, as (key, start, end, value), and the place after it.

    Raises:
        ValueError: not an object in JSON.
    """
    found: list[tuple[str, int, int, object]] = []
    if text[at : at + 1] != "{":
        raise ValueError(at)
    at = skip(text, at + 1)
    if text[at : at + 1] == "}":
        return found, at + 1
    while True:
        key, start = name(text, at)
        told, end = value(text, start)
        found.append((key, start, end, told))
        at = skip(text, end)
        if text[at : at + 1] == "}":
            return found, at + 1
        at = skip(text, comma(text, at))


def name(text: str, at: int) -> tuple[str, int]:
    """The name of a member and the place where its value starts.

    Raises:
        ValueError: no name there.
    """
    if text[at : at + 1] != '"':
        raise ValueError(at)
    key, at = scanstring(text, at + 1, True)
    at = skip(text, at)
    if text[at : at + 1] != ":":
        raise ValueError(at)
    return key, skip(text, at + 1)


def comma(text: str, at: int) -> int:
    """The place after a comma.

    Raises:
        ValueError: no comma there.
    """
    if text[at : at + 1] != ",":
        raise ValueError(at)
    return at + 1
