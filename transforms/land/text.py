"""A declared encoding, read strictly, block by block, as UTF-8. Nothing is guessed and nothing replaced."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

from transforms.errors import RefusedError

_BLOCK = 16 << 20
_MARK = "\ufeff"


def blocks(raw: BinaryIO, encoding: str, size: int = _BLOCK) -> Iterator[str]:
    """The file's text in order, without a leading byte order mark.

    Raises:
        RefusedError: ``ENCODING`` with the byte offset and line of the first byte that is not in the declared encoding.
    """
    decoder = codecs.getincrementaldecoder("utf-8" if encoding == "utf-8-sig" else encoding)("strict")
    offset, line, first = 0, 1, True
    while True:
        data = raw.read(size)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(data, final=not data)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            at = offset - pending + error.start + 1
            raise RefusedError("ENCODING", f"line {line}: byte {at} is not {encoding}, as declared") from None
        offset += len(data)
        line += text.count("\n")
        if first and text:
            text, first = text.removeprefix(_MARK), False
        if text:
            yield text
        if not data:
            return


def whole(raw: BinaryIO, encoding: str) -> str:
    """All of the file's text.

    Raises:
        RefusedError: ``ENCODING``, as :func:`blocks`.
    """
    return "".join(blocks(raw, encoding))
