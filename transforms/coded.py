"""Texts as codes: a number a row, and each distinct text once (Arrow dictionaries)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def whole(values: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; one that is in one piece already is not copied, as ``combine_chunks`` does."""
    return values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()


def codes(values: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """The values as codes, which they may be already."""
    one = whole(values) if isinstance(values, pa.ChunkedArray) else values
    return one if isinstance(one, pa.DictionaryArray) else one.dictionary_encode()


def code_of_row(coded: pa.DictionaryArray) -> npt.NDArray[np.int32]:
    """Row by row the place of its value in the dictionary, -1 where it is null; not copied where it lies there so."""
    at = coded.indices
    if not len(at):
        return np.zeros(0, dtype=np.int32)
    here = slice(at.offset, at.offset + len(at))
    said, codes = at.buffers()
    found = np.frombuffer(codes, at.type.to_pandas_dtype())[here].astype(np.int32, copy=at.null_count > 0)
    if at.null_count:
        valid = np.unpackbits(np.frombuffer(said, np.uint8), count=here.stop, bitorder="little")[here]
        found |= valid.view(np.int8) - np.int8(1)  # every bit of -1 is set
    return found


def wide(values: pa.Array | pa.ChunkedArray) -> pa.DictionaryArray:
    """The values as codes of 32 bits, as codes are reckoned with."""
    return _of(codes(values), pa.int32())


def small(coded: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same with codes of no more bytes than they need."""
    many = len(coded.dictionary)
    return _of(coded, next((few for few in (pa.int8(), pa.int16()) if many < 1 << few.bit_width - 1), pa.int32()))


def _of(coded: pa.DictionaryArray, width: pa.DataType) -> pa.DictionaryArray:
    if coded.type.index_type == width:
        return coded
    return pa.DictionaryArray.from_arrays(coded.indices.cast(width), coded.dictionary)


def as_codes(at: npt.NDArray[np.integer], texts: pa.Array) -> pa.DictionaryArray:
    """Some of the texts, each of which is another, by their places; those of which none is meant are left out.

    Args:
        at: per row the place of its text.
        texts: distinct ones; they stay in their order.
    """
    meant = np.zeros(len(texts), dtype=bool)
    meant[at] = True
    place = np.cumsum(meant, dtype=np.int32) - np.int32(1)
    return pa.DictionaryArray.from_arrays(place[at], texts.filter(pa.array(meant)))
