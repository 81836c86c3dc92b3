"""What became of one file, and what its name says: the period it is of and whether it corrects an earlier one."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from expectations.contract_asks import file_names
from transforms.contract import Contract
from transforms.errors import HeldError, RefusedError
from transforms.model import DeliveryState

_MARKS = frozenset("*+?[]{}|^$\\")  # of a pattern that is not plain
_DAY = re.compile(r"([0-9]{4})\D?([0-9]{2})\D?([0-9]{2})")


@dataclass(frozen=True)
class Delivery:
    """One line of ``deliveries.json``; ``code`` and ``message`` name file, row and field, never a value."""

    file: str
    sha256: str | None
    bytes: int | None
    as_of: str | None
    correction: int | None
    batch: str | None
    state: DeliveryState
    code: str | None
    message: str
    rows: int | None

    def to_dict(self) -> dict[str, str | int | None]:
        """As it is written."""
        return asdict(self)


@dataclass(frozen=True)
class Period:
    """What a file's name tells."""

    as_of: str
    correction: int


def _example(contract: Contract, night: str) -> str:
    """What a name looks like that the contract takes, where its pattern is a plain one."""
    name = next(file_names(contract, night.replace("-", "")), None)
    return f": the contract takes a name like {name}" if name and not _MARKS & set(name) else ""


def period(name: str, contract: Contract, others: Mapping[str, Contract], night: str) -> Period:
    """Read ``as_of`` and ``correction`` out of a file's name by the contract's pattern.

    Raises:
        HeldError: ``NO_AS_OF`` where the name tells none, ``FUTURE_AS_OF`` where it lies after the night.
        RefusedError: ``OTHER_SOURCE``, the name is that of another contract's files.
    """
    found = re.fullmatch(contract.arrives.file_pattern, name)
    if not found:
        for source in sorted(others):
            if source != contract.source and re.fullmatch(others[source].arrives.file_pattern, name):
                told = f"this is the name of a file of {source}, not of {contract.source}: lay it into {source}/"
                raise RefusedError("OTHER_SOURCE", told)
        raise HeldError("NO_AS_OF", f"file name tells no as_of{_example(contract, night)}")
    try:
        year, month, part = _DAY.fullmatch(found["as_of"]).groups()  # type: ignore[union-attr]
        day = dt.date(int(year), int(month), int(part))
    except (AttributeError, ValueError):
        raise HeldError("NO_AS_OF", f"file name tells no such day as an as_of{_example(contract, night)}") from None
    if day.isoformat() > night:
        raise HeldError("FUTURE_AS_OF", f"file name tells an as_of after the night {night}")
    correction = found.groupdict().get("correction")
    return Period(day.isoformat(), int(correction) if correction and correction.isdecimal() else 0)
