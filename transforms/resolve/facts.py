"""What stands against a union, per record, by the ``never`` words of a kind (README.md lists them)."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from transforms.contract import Contract
from transforms.errors import ConfigError
from transforms.kinds import Kind
from transforms.resolve.cluster import Facts

WORDS = ("decisive_conflict", "birth_and_sex_conflict", "one_live_row_per", "same_source")
RESIDENT = (None, "111", "112", "113")  # GA/T 517 kinds of one number space; of other documents one may have several


def facts_of(live: pa.Table, trusted: pa.Table, kind: Kind, contracts: dict[str, Contract]) -> dict[int, Facts]:
    """Record number → facts, for records that have any.

    A register with one live row per person that names one number twice has told of one person twice: rows under the
    same believed number are one "whom", all others are one each.

    Args:
        live: live records of the kind, sorted by record id.
        trusted: link's unit.parquet, sorted by record id: whose number counts.
        kind: its ``never`` words.
        contracts: register facts by source.

    Raises:
        ConfigError: a ``never`` word that does not exist.
    """
    never = set(kind.link.never)
    if unknown := sorted(never - set(WORDS)):
        raise ConfigError(f"kinds/{kind.kind}.yml: link.never knows {', '.join(WORDS)}, not {', '.join(unknown)}")
    sources = live.column("source").to_pylist()
    registers = {s for s, c in contracts.items() if c.registers.one_live_row_per == kind.kind}
    numbers = _numbers(live, kind) if "decisive_conflict" in never else [None] * live.num_rows
    believed = trusted.column("trusted").to_pylist()
    people = _people(live, kind, believed) if "birth_and_sex_conflict" in never else [frozenset()] * live.num_rows
    found = {}
    for r, (source, number) in enumerate(zip(sources, numbers, strict=True)):
        in_register = "one_live_row_per" in never and source in registers
        apart = in_register or "same_source" in never
        kept = number is not None and believed[r]
        said = Facts(
            frozenset([number]) if kept and number else frozenset(),
            frozenset([(source, f"number {number}" if kept and in_register else f"row {r}")]) if apart else frozenset(),
            people[r],
            Counter([number] if number and not kept else []),
        )
        if said.single or said.apart or said.people or said.lost:
            found[r] = said
    return found


def _column(live: pa.Table, name: str) -> list[object]:
    return list(live.column(name).to_pylist()) if name in live.column_names else [None] * live.num_rows


def _numbers(live: pa.Table, kind: Kind) -> list[str | None]:
    """The valid exclusive number of each record: a resident number, a credit code, the register's own number."""
    name = kind.link.decisive or ""
    is_document = name in kind.properties and kind.properties[name].type == "document"
    values = _column(live, f"{name}_token" if is_document else name)
    valid = _column(live, f"{name}_valid") if f"{name}_valid" in live.column_names else [True] * len(values)
    kinds = _column(live, f"{name}_kind") if is_document else [None] * len(values)
    return [
        str(value) if value and ok and of_kind in RESIDENT else None
        for value, ok, of_kind in zip(values, valid, kinds, strict=True)
    ]


def _people(live: pa.Table, kind: Kind, believed: list[bool]) -> list[frozenset[tuple[str, str]]]:
    """(birth day, sex) as stated in the row, and as embedded in a believed number."""
    days, precision, sexes = (_column(live, c) for c in ("birth_date", "birth_date_precision", "sex"))
    number = kind.link.decisive
    embedded = zip(_column(live, f"{number}_birth"), _column(live, f"{number}_sex"), believed, strict=True)
    stated = zip(days, precision, sexes, embedded, strict=True)
    return [_said(day if full == "day" else None, sex, number) for day, full, sex, number in stated]


def _said(day: object, sex: object, number: tuple[object, object, bool]) -> frozenset[tuple[str, str]]:
    born, born_sex, believed = number
    said = {(str(day), str(sex))} if day and sex and sex != "unknown" else set()
    if believed and born and born_sex:
        said.add((str(born), str(born_sex)))
    return frozenset(said)
