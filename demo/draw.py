"""Random draws that depend on what is drawn for, never on when or in which order.

Every draw is a pure function of (seed, labels, id): a row that did not change between two nights is
written with the same habits and the same errors again, and a larger city repeats nothing by accident.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
Words = npt.NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_BASE32 = np.frombuffer(b"0123456789ABCDEFGHJKMNPQRSTVWXYZ", dtype=np.uint8)


def _mix(values: Words) -> Words:
    """SplitMix64 finaliser (Steele, Lea, Flood 2014): 64 bits in, 64 well-mixed bits out."""
    mixed: Words = values.copy()
    mixed ^= mixed >> np.uint64(30)
    mixed *= _MIX_1
    mixed ^= mixed >> np.uint64(27)
    mixed *= _MIX_2
    mixed ^= mixed >> np.uint64(31)
    return mixed


class Dice:
    """A source of draws for one purpose, named by its labels."""

    def __init__(self, seed: int, *labels: str) -> None:
        """Derive the salt of these draws from the city's seed and the purpose's labels."""
        text = "|".join([str(seed), *labels])
        self._salt = np.uint64(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))

    def bits(self, ids: Ints, turn: int = 0) -> Words:
        """64 bits for each id; `turn` separates several draws for the same purpose."""
        offset = np.uint64((int(self._salt) + turn * int(_MIX_2)) % 2**64)
        return _mix(_mix(ids.astype(np.uint64) * _GOLDEN + offset))

    def uniform(self, ids: Ints, turn: int = 0) -> Floats:
        """A number in [0, 1) for each id."""
        return (self.bits(ids, turn) >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, ids: Ints, limit: int | Ints, turn: int = 0) -> Ints:
        """An integer in [0, limit) for each id."""
        return np.floor(self.uniform(ids, turn) * limit).astype(np.int64)

    def normal(self, ids: Ints, turn: int = 0) -> Floats:
        """A standard normal number for each id (Box-Muller)."""
        first = np.maximum(self.uniform(ids, 2 * turn + 1000), 1e-12)
        result: Floats = np.sqrt(-2 * np.log(first)) * np.cos(2 * np.pi * self.uniform(ids, 2 * turn + 1001))
        return result

    def weighted(self, ids: Ints, weights: Sequence[float] | Floats, turn: int = 0) -> Ints:
        """The index of a choice for each id, drawn with the given weights."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        return np.searchsorted(edges / edges[-1], self.uniform(ids, turn), side="right").astype(np.int64)

    def happens(self, ids: Ints, rate: float | Floats, turn: int = 0) -> Flags:
        """Whether the event of this purpose happens to each id."""
        flags: Flags = self.uniform(ids, turn) < rate
        return flags

    def order(self, ids: Ints) -> Ints:
        """Positions that put the ids into a random order, the same for the same ids."""
        return np.lexsort((ids, self.bits(ids))).astype(np.int64)

    def scramble(self, ids: Ints, width: int = 40) -> Ints:
        """A one-to-one random renaming of ids below 2**width (a four-round Feistel network).

        Raises:
            ValueError: an id is too large.
        """
        if len(ids) and int(ids.max()) >> width:
            raise ValueError(f"an id needs more than {width} bits")
        half = np.uint64(width // 2)
        mask = np.uint64((1 << (width // 2)) - 1)
        left, right = ids.astype(np.uint64) >> half, ids.astype(np.uint64) & mask
        for turn in range(4):
            word = _mix(right * _GOLDEN + np.uint64((int(self._salt) + turn + 77) % 2**64))
            left, right = right, left ^ (word & mask)
        return ((left << half) | right).astype(np.int64)


def opaque_array(seed: int, kind: str, ids: Ints) -> pa.Array:
    """Entity names of the truth, such as `person-5HK2J0QD`: unrelated to any order or key of the files."""
    codes = Dice(seed, "entity", kind).scramble(ids)
    lead = np.frombuffer(f"{kind}-".encode("ascii"), dtype=np.uint8)
    letters = np.empty((len(ids), len(lead) + 8), dtype=np.uint8)
    letters[:, : len(lead)] = lead
    for place in range(8):
        letters[:, len(lead) + place] = _BASE32[(codes >> (5 * (7 - place))) & 31]
    ends = np.arange(len(ids) + 1, dtype=np.int32) * np.int32(letters.shape[1])
    return pa.Array.from_buffers(pa.string(), len(ids), [None, pa.py_buffer(ends), pa.py_buffer(letters)])


def opaque(seed: int, kind: str, ids: Ints) -> Texts:
    """`opaque_array` as ordinary texts."""
    names: Texts = opaque_array(seed, kind, ids).to_numpy(zero_copy_only=False)
    return names


def pick(values: Sequence[str] | Texts, index: Ints) -> Texts:
    """The texts at the given positions."""
    return np.asarray(values, dtype=object)[index]
