"""What stands against a union, by the ``never`` words of a kind (README.md lists them), as integer columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from transforms.coded import code_of_row, codes, whole
from transforms.contract import Contract
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.resolve.cluster import Facts, Few, Flags, Ints
from transforms.second import unified
from transforms.threads import together

WORDS = ("decisive_conflict", "birth_and_sex_conflict", "one_live_row_per", "same_source")
RESIDENT = ("111", "112", "113")  # GA/T 517 kinds of one number space; of other documents one may have several
_NONE = -1


@dataclass(frozen=True)
class Said:
    """One statement per place: record and value codes.

    Attributes:
        record: record number.
        values: parallel columns of codes.
    """

    record: Ints
    values: tuple[Few, ...]

    def of(self, record: int) -> Iterator[tuple[int, ...]]:
        """What one record says."""
        start, end = np.searchsorted(self.record, [record, record + 1])
        return zip(*(column[start:end].tolist() for column in self.values), strict=True)


@dataclass(frozen=True)
class Statements:
    """What all records of a kind say that may stand against a union.

    Attributes:
        number: valid exclusive number of each record, -1 without one.
        believed: the record's number counts; a valid one that does not was lost.
        rows: per valid number how many rows say it.
        apart: per record (register, whom its row tells of), register -1 where it does not matter.
        people: (birth day, sex) said, in the row and by its number.
    """

    number: Few
    believed: Flags
    rows: Ints
    apart: tuple[Few, Ints]
    people: tuple[Said, ...]

    def of(self, record: int) -> Facts:
        """What one record says."""
        number, believed = int(self.number[record]), bool(self.believed[record])
        register, whom = (int(column[record]) for column in self.apart)
        return Facts(
            single={number} if number != _NONE and believed else set(),
            apart={(register, whom)} if register != _NONE else set(),
            people={(day, sex) for said in self.people for day, sex in said.of(record)},
            lost={number: 1} if number != _NONE and not believed else {},
        )

    def mixed(self, component: Ints, threads: int = 1) -> Flags:
        """Components in which anything at all may stand against one cluster; the rest can be taken whole.

        Args:
            component: per record, the smallest record of its component.
            threads: how many look at once.

        Returns:
            Per record number, whether the component of that name is mixed.
        """
        count = len(component)
        said = (np.bincount(component, minlength=count) > 1)[component]
        ways = (self._two_numbers, self._one_register, self._two_people)
        numbers, registers, people = together(threads, (partial(way, component, said, count) for way in ways))
        return numbers | registers | people

    def _one_register(self, component: Ints, said: Flags, count: int) -> Flags:
        """A register tells of two in one component."""
        register, whom = self.apart
        parted = np.flatnonzero(said & (register != _NONE))
        size = int(register.max(initial=0)) + 1
        by_register = component[parted] * size + register[parted]
        order = np.argsort(by_register)
        by_register, whom = by_register[order], whom[parted[order]]
        first = np.flatnonzero(np.append(True, by_register[1:] != by_register[:-1])) if len(order) else order
        several = np.minimum.reduceat(whom, first) != np.maximum.reduceat(whom, first) if len(order) else order
        found = np.zeros(count, dtype=bool)
        found[by_register[first[several]] // size] = True
        return found

    def _two_people(self, component: Ints, said: Flags, count: int) -> Flags:
        """Two birth days and two sexes."""
        of = [component[part.record] for part in self.people]
        several = _differ([(group, part.values[0]) for group, part in zip(of, self.people, strict=True)], count)
        several[component[~said]] = False
        asked = [np.flatnonzero(several[group]) for group in of]  # few: their sexes are looked at
        parts = zip(of, self.people, asked, strict=True)
        return several & _differ([(group[at], part.values[1][at]) for group, part, at in parts], count)

    def _two_numbers(self, component: Ints, said: Flags, count: int) -> Flags:
        """Two believed numbers, or a number all of whose rows lost it beside another."""
        numbered = said & (self.number != _NONE)
        kept, lost = np.flatnonzero(numbered & self.believed), np.flatnonzero(numbered & ~self.believed)
        size = int(self.number.max(initial=0)) + 1
        taken, times = np.unique(component[lost] * size + self.number[lost], return_counts=True)
        whole = taken[times == self.rows[taken % size]]
        return _differ([(component[kept], self.number[kept]), (whole // size, whole % size)], count)


def _differ(parts: Sequence[tuple[Ints, Few]], count: int) -> Flags:
    """Per group: it holds two values; ``parts``: groups and their values."""
    some = np.zeros(count, dtype=np.int32)
    for group, value in parts:
        some[group] = value
    found = np.zeros(count, dtype=bool)
    for group, value in parts:
        found[group[some[group] != value]] = True
    return found


def needed(kind: Kind) -> list[str]:
    """The clean columns that facts are made of."""
    name = kind.link.decisive or ""
    embedded = [f"{name}_{part}" for part in ("token", "valid", "kind", "birth", "sex")]
    second = [kind.link.second] if kind.link.second else []
    said = ["birth_date", "birth_date_precision", "sex", "life_status"]
    return ["record_id", "source", name, *embedded, *second, *said]


def statements(live: pa.Table, trusted: pa.Table, kind: Kind, contracts: dict[str, Contract]) -> Statements:
    """What the records say.

    A register with one live row per person that names one number twice has told of one person twice: rows under the
    same believed number are one "whom", all others are one each. So it is of every source, where none may say two rows
    of one thing (``same_source``).

    Args:
        live: live records of the kind, sorted by record id: the columns that :func:`needed` names.
        trusted: link's unit.parquet, in the same order: whose number counts.
        kind: its ``never`` words.
        contracts: register facts by source.

    Raises:
        ConfigError: a ``never`` word that does not exist.
    """
    never = set(kind.link.never)
    if unknown := sorted(never - set(WORDS)):
        raise ConfigError(f"kinds/{kind.kind}.yml: link.never knows {', '.join(WORDS)}, not {', '.join(unknown)}")
    size = live.num_rows
    believed = trusted.column("trusted").to_numpy().astype(bool)
    number = _numbers(live, kind) if "decisive_conflict" in never else np.full(size, _NONE, np.int32)
    apart = _apart(live, kind, contracts, np.where(believed, number, np.int32(_NONE)))
    rows = np.bincount(number[number != _NONE])
    return Statements(number, believed, rows, apart, _people(live, kind, believed))


def _apart(live: pa.Table, kind: Kind, contracts: dict[str, Contract], kept: Few) -> tuple[Few, Ints]:
    """Register per record, -1 where it may say anything, and whom its row tells of."""
    never, size = kind.link.never, live.num_rows
    whom = np.arange(size, dtype=np.int64)
    one_per = {s for s, c in contracts.items() if c.registers.one_live_row_per == kind.kind}
    registers = sorted(one_per) if "one_live_row_per" in never else []
    source = live.column("source")
    inside = _says(source, registers) & ~_ended(live)
    named = (inside | ("same_source" in never)) & (kept != _NONE)
    whom[named] = size + kept[named]
    register = _codes(source) if size else whom
    return (register if "same_source" in never else np.where(inside, register, np.int32(_NONE))), whom


def _ended(live: pa.Table) -> Flags:
    """Earlier registrations of those who moved: a register keeps them beside the one live row it has of a person."""
    if "life_status" not in live.column_names:
        return np.zeros(live.num_rows, dtype=bool)
    return _says(live.column("life_status"), ["moved_out"])


def _codes(values: pa.ChunkedArray) -> npt.NDArray[np.int32]:
    """Value codes, -1 for null; equal codes, equal values, and no meaning in their order."""
    return code_of_row(codes(values))


def _says(values: pa.ChunkedArray, words: Sequence[str]) -> Flags:
    """Row by row: the value is one of these words."""
    said = codes(values)
    found = pc.is_in(said.dictionary, pa.array(words, said.dictionary.type)).to_numpy(zero_copy_only=False)
    return np.asarray(np.append(found, False)[code_of_row(said)], dtype=bool)


def _numbers(live: pa.Table, kind: Kind) -> npt.NDArray[np.int32]:
    """The valid exclusive number of each record: a resident number, a credit code, the register's own number."""
    name = kind.link.decisive or ""
    column = kind.token_of(name)
    if column not in live.column_names or not live.num_rows:
        return np.full(live.num_rows, _NONE, dtype=np.int32)
    usable = _flags(pc.is_valid(live.column(column))) & ~_says(live.column(column), [""])
    if f"{name}_valid" in live.column_names:
        usable &= _flags(live.column(f"{name}_valid"))
    if f"{name}_kind" in live.column_names:
        of_kind = live.column(f"{name}_kind")
        usable &= _flags(pc.is_null(of_kind)) | _says(of_kind, RESIDENT)
    number = np.where(usable, _codes(live.column(column)), np.int32(_NONE))
    if kind.link.second is None or kind.link.second not in live.column_names:
        return number
    return unified(number, _codes(live.column("source")), _codes(live.column(kind.link.second)))


def _flags(values: pa.ChunkedArray) -> Flags:
    return np.asarray(pc.fill_null(values, False).to_numpy(), dtype=bool)


def _people(live: pa.Table, kind: Kind, believed: Flags) -> tuple[Said, ...]:
    """(birth day, sex) as stated in the row, and as embedded in a believed number; of kinds that ask for it."""
    if "birth_and_sex_conflict" not in kind.link.never:
        return ()
    number, full = kind.link.decisive, np.zeros(live.num_rows, dtype=bool)
    if "birth_date_precision" in live.column_names:
        full = _says(live.column("birth_date_precision"), ["day"])
    parts = [_pairs(live, "birth_date", "sex", full), _pairs(live, f"{number}_birth", f"{number}_sex", believed)]
    sexes = pa.chunked_array([part[2] for part in parts]).unify_dictionaries().chunks
    return tuple(Said(record, (day, code_of_row(s))) for (record, day, _), s in zip(parts, sexes, strict=True))


def _pairs(live: pa.Table, day: str, sex: str, counts: Flags) -> tuple[Ints, Few, pa.DictionaryArray]:
    """(record, day number, sex) of records that say both and count."""
    if day not in live.column_names or sex not in live.column_names:
        none = np.zeros(0, dtype=np.int64)
        return none, none, pa.array([], pa.string()).dictionary_encode()
    said = _flags(pc.is_valid(live.column(day))) & _flags(pc.is_valid(live.column(sex)))
    record = np.flatnonzero(said & ~_says(live.column(sex), ["unknown"]) & counts)
    taken = pa.array(record)
    days, sexes = whole(live.column(day)).take(taken), codes(live.column(sex)).take(taken)
    return record, days.cast(pa.int32()).to_numpy(), sexes
