"""What is wrong with a file as a whole, so that a department has to send it again.

A fault is a change of the extract before it is written, or of the bytes after. None of them can be mended by a reader:
the file is refused, or waits for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from demo.damage.tables import renamed
from demo.extract import Extract


def _without_column(part: Extract) -> Extract:
    """Without its second column."""
    second = list(part.columns)[1]
    part.columns = {name: values for name, values in part.columns.items() if name != second}
    return part


def _renamed_column(part: Extract) -> Extract:
    """With 名称 for its second heading."""
    part.columns = renamed(part.columns, {list(part.columns)[1]: "名称"})
    return part


def _empty_column(part: Extract) -> Extract:
    """With nothing in its second column, which holds the name."""
    part.columns[list(part.columns)[1]] = np.full(part.rows, "", dtype=object)
    return part


def _same_heading_twice(content: bytes) -> bytes:
    """The last heading says what the first one says."""
    head, rest = re.split(rb"(?<=\n)", content, maxsplit=1)
    names = head.rstrip(b"\r\n").split(b",")
    return b",".join([*names[:-1], names[0]]) + head[len(head.rstrip(b"\r\n")) :] + rest


def _foreign_bytes(content: bytes) -> bytes:
    """Two bytes of no encoding in a cell in the middle."""
    middle = content.index(b"\n", len(content) // 2) - 2
    return content[:middle] + b"\xff\xfe" + content[middle:]


def _quote_left_open(content: bytes) -> bytes:
    """A quote opens in the middle, and the line behind it is cut short: nobody can say where rows begin again."""
    lines = content.split(b"\n")
    middle = len(lines) // 2
    head, last = lines[middle].rsplit(b",", 1)
    lines[middle] = head + b',"' + last
    lines[middle + 1] = lines[middle + 1].split(b",", 1)[0]
    return b"\n".join(lines)


_EXTRACTS: dict[str, Callable[[Extract], Extract]] = {
    "column_missing": _without_column,
    "column_renamed": _renamed_column,
    "column_empty": _empty_column,
}
_BYTES: dict[str, Callable[[bytes], bytes]] = {
    "wrong_encoding": lambda content: content.decode("utf-8-sig").encode("gb18030"),
    "heading_twice": _same_heading_twice,
    "foreign_bytes": _foreign_bytes,
    "quote_left_open": _quote_left_open,
}
FAULTS = sorted([*_EXTRACTS, *_BYTES])


def before_writing(fault: str, part: Extract) -> Extract:
    """The extract with the fault, where it is one of columns; the extract given is changed.

    Raises:
        ValueError: there is no such fault.
    """
    if fault not in FAULTS:
        raise ValueError(f"no fault named {fault!r}; known: {', '.join(FAULTS)}")
    return _EXTRACTS[fault](part) if fault in _EXTRACTS else part


def after_writing(fault: str, content: bytes) -> bytes:
    """The file's bytes with the fault, where it is one of bytes."""
    return _BYTES[fault](content) if fault in _BYTES else content
