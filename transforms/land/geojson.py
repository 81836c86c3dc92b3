"""GeoJSON: one FeatureCollection; a feature's properties and its geometry, each as written. No GDAL, no guessing."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import BinaryIO

import orjson

from transforms.errors import RefusedError
from transforms.land import json_text, text
from transforms.land.headings import judge, row_of, told_names, told_once
from transforms.land.job import CELL_BYTES, GEOMETRY, Chunk, Found, Gathered, Job, differing, too_large
from transforms.land.json_text import RowFaultError

POINT = (f"{GEOMETRY}.x", f"{GEOMETRY}.y")  # headings of a point's two coordinates, where a contract knows them
_ROWS = 50_000
_PIECE = 4 << 20  # characters that are counted at once: objects of a whole register would need ten times its bytes
_FEATURE = re.compile('"Feature"')
_BETWEEN = re.compile(r"(?<=\})\s*,\s*(?=\{)")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")


def read(job: Job, raw: BinaryIO, found: Found) -> Iterator[Chunk]:
    """Rows of the file: feature by feature, ``line`` is the feature's number.

    Raises:
        RefusedError: ``ENCODING``, ``TRUNCATED``, ``NOT_JSON``, ``WRONG_TYPE``, ``DUPLICATE_KEY``, ``TOO_DEEP`` or
            columns that break the contract.
    """
    document = text.whole(raw, job.encoding or "utf-8")
    _sized(document)
    gathered = Gathered(len(job.landed))
    seen: dict[str, None] = {}
    try:
        for number, start, end in _features(document):
            try:
                row = _feature(job, document, start, end)
                told_once(job, row)
            except RowFaultError as fault:
                gathered.fail(number, str(fault))
            else:
                seen.update(dict.fromkeys(row))
                gathered.add(number, row_of(job, row))
            if len(gathered.lines) >= _ROWS:
                yield gathered.chunk()
                gathered = Gathered(len(job.landed))
    except ValueError as error:
        raise _broken(document, error) from None
    if seen:
        judge(job, told_names(job, seen), found)
    yield gathered.chunk()


def _sized(document: str) -> None:
    """Refuse a feature beyond any size before it is taken apart, which needs twenty times its memory.

    Every feature says "Feature" once at least, so twice the most lies between two of them only if one is too large.

    Raises:
        RefusedError: ``CELL_TOO_LARGE``.
    """
    at = 0
    for number, place in enumerate((*(found.start() for found in _FEATURE.finditer(document)), len(document))):
        if place - at > 2 * CELL_BYTES:
            raise too_large(f"feature {number or 1}", place - at)
        at = place


def _broken(document: str, error: ValueError) -> RefusedError:
    at = getattr(error, "pos", error.args[0] if error.args else 0)
    at = at if isinstance(at, int) else 0
    if at >= len(document.rstrip()) - 1 or not document.rstrip().endswith("}"):
        return RefusedError("TRUNCATED", "the file ends inside its JSON text")
    return RefusedError("NOT_JSON", f"line {document.count(chr(10), 0, at) + 1}: this is no JSON text")


def _features(document: str) -> Iterator[tuple[int, int, int]]:
    """Number, start and end of every feature of the collection; the other members must be JSON."""
    at = json_text.skip(document, 0)
    if document[at : at + 1] != "{":
        raise RefusedError("WRONG_TYPE", "this is no GeoJSON: it does not start with an object")
    at = json_text.skip(document, at + 1)
    told: dict[str, object] = {}
    while document[at : at + 1] != "}":
        key, at = json_text.name(document, at)
        if key in told:
            raise RefusedError("DUPLICATE_KEY", "the collection has a member twice")
        if key == "features":
            told[key] = True
            at = yield from _array(document, at)
        else:
            told[key], at = json_text.value(document, at)
        at = json_text.skip(document, at)
        if document[at : at + 1] != "}":
            at = json_text.skip(document, json_text.comma(document, at))
    if told.get("type") != "FeatureCollection" or "features" not in told:
        raise RefusedError("WRONG_TYPE", "this is no GeoJSON FeatureCollection")
    if document[at + 1 :].strip():
        raise ValueError(at + 1)


def _array(document: str, at: int) -> Generator[tuple[int, int, int], None, int]:
    """As a generator: every element; returned: the place after the array."""
    if document[at : at + 1] != "[":
        raise RefusedError("WRONG_TYPE", "this is no GeoJSON FeatureCollection: its features are no list")
    number = 0
    at = json_text.skip(document, at + 1)
    while document[at : at + 1] != "]":
        _, end = json_text.value(document, at)
        number += 1
        yield number, at, end
        at = json_text.skip(document, end)
        if document[at : at + 1] != "]":
            at = json_text.skip(document, json_text.comma(document, at))
    return at + 1


def _feature(job: Job, document: str, start: int, end: int) -> dict[str, str | None]:
    if document[start] != "{":
        raise RowFaultError("NOT_AN_OBJECT")
    parts = {key: (a, b, value) for key, a, b, value in _once(document, start, end)}
    if parts.get("type", (0, 0, None))[2] != "Feature":
        raise RowFaultError("NOT_A_FEATURE")
    row: dict[str, str | None] = {}
    if "properties" in parts and parts["properties"][2] is not None:
        a, b, _ = parts["properties"]
        if document[a] != "{":
            raise RowFaultError("NOT_AN_OBJECT")
        row = {key: json_text.landed(document, c, d, value) for key, c, d, value in _once(document, a, b)}
    if GEOMETRY in row:
        raise RowFaultError("DUPLICATE_KEY")
    a, b, value = parts.get(GEOMETRY, (0, 0, None))
    row[GEOMETRY] = None if value is None else json_text.whole(document[a:b])
    if not set(POINT).isdisjoint(job.known):
        row |= dict(zip(POINT, _point(value), strict=True))
    return row


def _point(geometry: object) -> tuple[str | None, str | None]:
    """A point's two coordinates as written; null for any other geometry."""
    told = geometry.get("coordinates") if isinstance(geometry, dict) and geometry.get("type") == "Point" else None
    if isinstance(told, list) and len(told) > 1 and all(isinstance(number, str) for number in told):
        return told[0], told[1]
    return None, None


def _once(document: str, start: int, _end: int) -> list[tuple[str, int, int, object]]:
    found, _ = json_text.members(document, start)
    if len({key for key, *_ in found}) != len(found):
        raise RowFaultError("DUPLICATE_KEY")
    for key, *_ in found:
        json_text.whole(key)
    return found


def count(job: Job, raw: BinaryIO, found: Found) -> None:
    """Count again: another parser's list of features.

    Raises:
        RefusedError: ``ROW_COUNT`` when the counts differ, ``NOT_JSON`` where the stricter parser finds no JSON.
    """
    document, at, features = text.whole(raw, job.encoding or "utf-8"), 0, 0
    while at < len(document):
        some, at = _some(document, at)
        features += some
    if features != found.rows:
        raise differing(found.rows, features, "features")


def _some(document: str, start: int) -> tuple[int, int]:
    """How many features stand from a place to some later one between two of them, and that place.

    Cut between any two objects, closed and opened again: where that is no JSON, they were no two features.
    """
    size = _PIECE
    while cut := _BETWEEN.search(document, start + size):
        told = _parsed(f"{_opened(start)}{document[start : cut.start()]}]}}")
        if told and list(told)[-1] == "features" and isinstance(told["features"], list):
            return len(told["features"]), cut.end()
        size *= 2
    told = _parsed(_opened(start) + document[start:])
    if told is None:
        raise RefusedError("NOT_JSON", "a second reader finds no JSON text")
    return len(told["features"]), len(document)


def _opened(start: int) -> str:
    return '{"features":[' if start else ""


def _parsed(told: str) -> dict[str, list[object]] | None:
    try:
        found: dict[str, list[object]] = orjson.loads(
            _SURROGATE.sub("?", told)
        )  # orjson refuses what is one row's fault
    except orjson.JSONDecodeError:
        return None
    return found
