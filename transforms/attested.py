"""A value that a person attested: told by a keyed token of record, rule, heading and value, so that control holds none.

Another record, another rule or another value has another token: an attestation stops one rule for exactly what the
person saw. Where the contract has no natural key, the row's content stands for the record.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from transforms import decisions, keys, values
from transforms.contract import Contract
from transforms.database import Databases
from transforms.run import Settings

# Rules that call a value odd although it can be read; what cannot be read no word of a person makes readable.
RULES = ("BIRTH_TOO_OLD", "NUMBER_RANGE", "PLACEHOLDER", "BIRTH_DIFFERS_FROM_NUMBER", "SEX_DIFFERS_FROM_NUMBER")
Attested = frozenset[tuple[str, str, str]]
"""Standing attestations of a source: (rule, heading, token)."""


def standing(stores: Databases, source: str) -> Attested:
    """The attestations that bind tonight.

    Raises:
        DatabaseError: control cannot be read.
    """
    told = decisions.decisions(stores, "attestation", {"source": source})
    return frozenset((str(row["rule"]), str(row["field"]), str(row["token"])) for row in told)


def tokens(settings: Settings, contract: Contract, rows: pa.Table, rule: str, heading: str) -> list[str]:
    """The token of the value under a heading in each landed row, for one rule."""
    record = keys.load(settings).record
    own = [_said(rows, name) for name in contract.key] or [rows["digest"].to_pylist()]
    told = zip(*own, _said(rows, heading), strict=True)
    return [record.identifier("attested", contract.source, rule, heading, *map(str, parts)) for parts in told]


def _said(rows: pa.Table, heading: str) -> list[str]:
    text = values.clean_text(pc.cast(rows[heading], pa.string()).to_pandas())
    return ["" if not isinstance(value, str) else value for value in text]
